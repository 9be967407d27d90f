# pragma version ^0.4.0
# @license Apache-2.0
"""
@title The finality of a beacon chain, from certificates (proofmill.host.network.certificates)
@notice Holds which checkpoints are justified, each with the registry by which the votes from it count, and which is the
        last final one. It begins with a checkpoint and its registry, which whoever creates it vouches for. A certificate
        from a justified checkpoint justifies another, with the registry that its voters signed; one to the very next
        epoch makes its source final. Anybody may hand one in; there is nobody here who may change anything.

        What is proven: companion keys (Baby Jubjub) of two thirds of the stake in the registry signed. Not shown are
        their validators' BLS signatures, and a quantum computer forges both.
"""

interface Verifier:
    def verify(proof: uint256[8], signals: uint256[10]) -> bool: view

event Justified:
    epoch: indexed(uint256)
    root: bytes32
    registry: uint256
    source: uint256
    weight: uint256
    tag: uint256   # of who proved it
event Finalized:
    epoch: indexed(uint256)
    root: bytes32

struct Checkpoint:
    epoch: uint256
    root: bytes32

LOW: constant(uint256) = 2**128 - 1
LAST: constant(uint256) = 2**64 - 1

VERIFIER: public(immutable(address))
head: public(Checkpoint)           # the justified one of the latest epoch
finalized: public(Checkpoint)
root_of: public(HashMap[uint256, bytes32])       # by epoch, of justified checkpoints
registry_of: public(HashMap[uint256, uint256])   # by epoch; 0 where none is justified
tag_of: public(HashMap[uint256, uint256])        # by epoch: of who proved the first certificate for it

@deploy
def __init__(verifier: address, epoch: uint256, root: bytes32, registry: uint256):
    """
    @param verifier Of certificates of an epoch: the contract for the circuit's verification key
    @param registry The commitment to the registry of the checkpoint's state
    """
    assert verifier.is_contract, "there is no contract at this address"
    assert epoch <= LAST and registry != 0, "no checkpoint, or no registry"
    VERIFIER = verifier
    self.head = Checkpoint(epoch=epoch, root=root)
    self.finalized = self.head
    self.root_of[epoch] = root
    self.registry_of[epoch] = registry

@external
def submit(source: uint256, target: uint256, root: bytes32, registry: uint256, weight: uint256,
           tag: uint256, proof: uint256[8]):
    """
    @notice Take a certificate from the justified checkpoint of epoch `source` to `root` at `target`.
    @param registry The next one, of the target's state
    @param proof A.x, A.y, B.x imaginary, B.x real, B.y imaginary, B.y real, C.x, C.y
    """
    assert self.registry_of[source] != 0, "the source is not justified"
    assert source >= self.finalized.epoch, "the source is before the final checkpoint"
    assert source < target and target <= LAST, "no vote leads there"
    assert registry != 0, "no registry"
    known: uint256 = self.registry_of[target]
    if known != 0:
        assert known == registry and self.root_of[target] == root, "contradicts another certificate"
    from_root: uint256 = convert(self.root_of[source], uint256)
    to_root: uint256 = convert(root, uint256)
    assert staticcall Verifier(VERIFIER).verify(proof, [
        self.registry_of[source], registry, source, from_root >> 128, from_root & LOW,
        target, to_root >> 128, to_root & LOW, weight, tag]), "the proof does not verify"
    if known == 0:
        self.root_of[target] = root
        self.registry_of[target] = registry
        self.tag_of[target] = tag
        if target > self.head.epoch:
            self.head = Checkpoint(epoch=target, root=root)
        log Justified(epoch=target, root=root, registry=registry, source=source, weight=weight,
                      tag=tag)
    if target == source + 1 and source > self.finalized.epoch:
        self.finalized = Checkpoint(epoch=source, root=self.root_of[source])
        log Finalized(epoch=source, root=self.root_of[source])
