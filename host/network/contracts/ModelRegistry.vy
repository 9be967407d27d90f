# pragma version ^0.4.0
# @license Apache-2.0
"""
@title Registry of models whose results are proven, by ERC-7992 (draft)
@notice Who registers a model alone changes it. Identifiers count from 1. A model keeps its identifier
        when it is updated, so whoever relies on one compares the commitment too; a deprecated one
        stays so.
"""

struct ModelCommitment:
    modelHash: bytes32      # of weights and architecture
    circuitHash: bytes32    # of the constraint system
    vkHash: bytes32         # of the verification key's points, see `host.network.contracts.verifier.key_hash`
    proofSystemId: bytes4   # of the Keccak-256 of the proof system's name
    uri: String[256]        # where more is said

event ModelRegistered:
    modelId: indexed(uint256)
    owner: indexed(address)
    commitment: ModelCommitment
event ModelUpdated:
    modelId: indexed(uint256)
    oldCommitment: ModelCommitment
    newCommitment: ModelCommitment
event ModelDeprecated:
    modelId: indexed(uint256)

count: public(uint256)
_commitments: HashMap[uint256, ModelCommitment]
_owners: HashMap[uint256, address]
_deprecated: HashMap[uint256, bool]

ERC165: constant(bytes4) = 0x01ffc9a7
REGISTRY: constant(bytes4) = 0xd28519b1

@external
@view
def supportsInterface(interfaceId: bytes4) -> bool:
    """
    @notice ERC-165: itself, and the registry's interface of ERC-7992.
    """
    return interfaceId == ERC165 or interfaceId == REGISTRY

@external
def registerModel(commitment: ModelCommitment) -> uint256:
    """
    @notice Register a model of the sender's; its identifier.
    """
    self.count += 1
    self._commitments[self.count] = commitment
    self._owners[self.count] = msg.sender
    log ModelRegistered(modelId=self.count, owner=msg.sender, commitment=commitment)
    return self.count

@external
def updateModel(modelId: uint256, newCommitment: ModelCommitment):
    """
    @notice Replace what a model is; only for its owner, and not once it is deprecated.
    """
    self._only_owner(modelId)
    old: ModelCommitment = self._commitments[modelId]
    self._commitments[modelId] = newCommitment
    log ModelUpdated(modelId=modelId, oldCommitment=old, newCommitment=newCommitment)

@external
def deprecateModel(modelId: uint256):
    """
    @notice Let no result of a model be verified any more; only for its owner, and for good.
    """
    self._only_owner(modelId)
    self._deprecated[modelId] = True
    log ModelDeprecated(modelId=modelId)

@external
@view
def getModel(modelId: uint256) -> (ModelCommitment, bool, address):
    """
    @return The commitment, whether the model is deprecated, and its owner.
    """
    self._known(modelId)
    return self._commitments[modelId], self._deprecated[modelId], self._owners[modelId]

@internal
@view
def _known(model: uint256):
    if self._owners[model] == empty(address):
        raw_revert(abi_encode(model, method_id=method_id("ModelNotFound(uint256)")))

@internal
@view
def _only_owner(model: uint256):
    self._known(model)
    if self._owners[model] != msg.sender:
        raw_revert(abi_encode(model, msg.sender,
                              method_id=method_id("NotModelOwner(uint256,address)")))
    if self._deprecated[model]:
        raw_revert(abi_encode(model, method_id=method_id("ModelDeprecated(uint256)")))
