# pragma version ^0.4.0
# @license Apache-2.0
"""
@title Who may claim a result of one model: ERC-8274's IAgentVerifier (draft)
@notice An agent is an account, its `agentId` the address as a word. It proves with its address as
        the tag, so nobody else can claim its results. A task is settled once for each contract that
        asks: no other can use up its tasks.
"""

interface ProofVerifier:
    def verify(inputHash: bytes32, outputHash: bytes32, metadata: Bytes[64], proof: Bytes[6880]
               ) -> bool: nonpayable
    def proofProfile() -> bytes32: view

event VerificationCompleted:
    taskId: indexed(bytes32)
    agentId: indexed(bytes32)
    verificationDigest: indexed(bytes32)
    valid: bool
    inputHash: bytes32
    outputHash: bytes32
    agentProofProfile: bytes32

ERC165: constant(bytes4) = 0x01ffc9a7
AGENT_VERIFIER: constant(bytes4) = 0xf2fd7e98

proofVerifier: public(immutable(address))
modelId: public(immutable(uint256))
authorized: public(HashMap[bytes32, bool])
settled: public(HashMap[address, HashMap[bytes32, bool]])

@deploy
def __init__(proofs: address, model: uint256, agents: DynArray[address, 64]):
    assert proofs.is_contract, "there is no contract at this address"
    proofVerifier = proofs
    modelId = model
    for agent: address in agents:
        self.authorized[convert(agent, bytes32)] = True

@external
@view
def supportsInterface(interfaceId: bytes4) -> bool:
    """
    @notice ERC-165: itself, and IAgentVerifier.
    """
    return interfaceId in [ERC165, AGENT_VERIFIER]

@external
def verify(taskId: bytes32, agentId: bytes32, inputHash: bytes32, outputHash: bytes32,
           proof: Bytes[6880]) -> (bool, bytes32):
    """
    @return Whether the agent may claim it and has proven it, and the digest of all that.
    """
    valid: bool = False
    if self.authorized[agentId] and not self.settled[msg.sender][taskId]:
        valid = extcall ProofVerifier(proofVerifier).verify(
            inputHash, outputHash, abi_encode(modelId, agentId), proof)
        self.settled[msg.sender][taskId] = valid
    profile: bytes32 = staticcall ProofVerifier(proofVerifier).proofProfile()
    digest: bytes32 = keccak256(
        abi_encode(taskId, agentId, inputHash, outputHash, valid, profile))
    log VerificationCompleted(taskId=taskId, agentId=agentId, verificationDigest=digest,
                              valid=valid, inputHash=inputHash, outputHash=outputHash,
                              agentProofProfile=profile)
    return valid, digest
