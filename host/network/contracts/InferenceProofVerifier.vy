# pragma version ^0.4.0
# @license Apache-2.0
"""
@title Results of models behind ERC-8274's IProofVerifier (draft)
@notice It asks an `InferenceVerifier`, which has the model by its number in the registry of
        ERC-7992. It keeps nothing of who asks:

        `inputHash`   the Poseidon commitment to the input
        `outputHash`  keccak256 of the output, one int256 a word
        `metadata`    two words: the model's number, and the prover's address, which has to be the
                      proof's tag, so that a proof that is seen is of no use to another
        `proof`       words: how many outputs, the outputs, then what InferenceVerifier takes
"""

ERC165: constant(bytes4) = 0x01ffc9a7
PROOF_VERIFIER: constant(bytes4) = 0x86761e49
SYSTEM: constant(String[16]) = "zk/groth16-bn254"
MOST_OUTPUTS: constant(uint256) = 62
STARVED: constant(uint256) = 40_000   # gas: a 32nd of more than any answer takes

verifier: public(immutable(address))

@deploy
def __init__(results: address):
    assert results.is_contract, "there is no contract at this address"
    verifier = results

@external
@view
def supportsInterface(interfaceId: bytes4) -> bool:
    """
    @notice ERC-165: itself, and IProofVerifier.
    """
    return interfaceId in [ERC165, PROOF_VERIFIER]

@external
@view
def proofSystem() -> String[16]:
    return SYSTEM

@external
@view
def proofProfile() -> bytes32:
    """
    @return keccak256 of the system's name and the address of the contract that is asked.
    """
    return keccak256(concat(convert(SYSTEM, Bytes[16]), convert(verifier, bytes20)))

@external
@view
def verify(inputHash: bytes32, outputHash: bytes32, metadata: Bytes[64], proof: Bytes[6880]) -> bool:
    """
    @return Whether the proof is one. Reverts where there was too little gas to tell: whoever calls
            could have a right result refused otherwise.
    """
    if len(metadata) != 64 or len(proof) < 64:
        return False
    outputs: uint256 = extract32(proof, 0, output_type=uint256)
    if outputs > MOST_OUTPUTS or len(proof) <= 32 * (1 + outputs):
        return False
    prover: uint256 = extract32(metadata, 32, output_type=uint256)
    if prover > convert(max_value(uint160), uint256):
        return False
    output: Bytes[6880] = slice(proof, 32, 32 * outputs)
    if keccak256(output) != outputHash:
        return False
    start: uint256 = 32 * (1 + outputs)
    evidence: Bytes[6880] = slice(proof, start, len(proof) - start)
    valid: bool = raw_call(
        verifier,
        abi_encode(extract32(metadata, 0, output_type=uint256), inputHash, output, evidence,
                   convert(convert(prover, uint160), address),
                   method_id=method_id("checkInference(uint256,bytes32,bytes,bytes,address)")),
        is_static_call=True, revert_on_failure=False)
    # A call that ran out of gas took 63 of 64 parts of it, or a call within it did.
    assert valid or msg.gas > STARVED, "too little gas to tell"
    return valid
