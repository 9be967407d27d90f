# pragma version ^0.4.0
# @license Apache-2.0
"""
@title The finality of a beacon chain, from certificates (proofmill.host.network.certificates)
@notice Holds which checkpoints are justified, each with the registry by which the votes from it count, and which is the
        last final one. It begins with a checkpoint and its registry, which whoever creates it vouches for. A certificate
        from a justified checkpoint justifies another, with the registry that its voters signed; one to the very next
        epoch makes its source final, and so does one to the epoch after that, where the epoch between is justified by a
        checkpoint that the target comes after (`finalize`). Where an epoch has no certificate, a later one goes on
        from there, counted by a registry that is known (`submit_from`). Anybody may hand one in; there is nobody here who may
        change anything.

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
DEEPEST: constant(uint256) = 64

VERIFIER: public(immutable(address))
FIRST_ROOT: public(immutable(uint256))   # generalized index of block_roots[0] of the state after a block, in the block
ROOTS: public(immutable(uint256))        # how many there are: SLOTS_PER_HISTORICAL_ROOT
head: public(Checkpoint)           # the justified one of the latest epoch
finalized: public(Checkpoint)
root_of: public(HashMap[uint256, bytes32])       # by epoch, of justified checkpoints
registry_of: public(HashMap[uint256, uint256])   # by epoch; 0 where none is justified, or its registry is not known
source_of: public(HashMap[uint256, uint256])     # by epoch: of the first certificate for it
tag_of: public(HashMap[uint256, uint256])        # by epoch: of who proved the first certificate for it

@deploy
def __init__(verifier: address, epoch: uint256, root: bytes32, registry: uint256, first_root: uint256, roots: uint256):
    """
    @param verifier Of certificates of an epoch: the contract for the circuit's verification key
    @param registry The commitment to the registry of the checkpoint's state
    @param first_root The generalized index, in a beacon block, of block_roots[0] of the state after it
    @param roots How many block_roots a state has, a power of two
    """
    assert verifier.is_contract, "there is no contract at this address"
    assert epoch <= LAST and registry != 0, "no checkpoint, or no registry"
    assert roots > 0 and roots & (roots - 1) == 0 and first_root & (roots - 1) == 0 and first_root < 2**DEEPEST, (
        "no place of block roots")
    VERIFIER = verifier
    FIRST_ROOT = first_root
    ROOTS = roots
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
    assert self.registry_of[source] != 0, "the source is not justified, or its registry unknown"
    self._take(source, source, self.root_of[source], target, root, registry, weight, tag, proof)

@external
def submit_from(counted: uint256, source: uint256, source_root: bytes32, target: uint256, root: bytes32,
                registry: uint256, weight: uint256, tag: uint256, proof: uint256[8]):
    """
    @notice Take a certificate from a source that no certificate is for: its votes count by the registry of the
            justified checkpoint of epoch `counted`, and it justifies its source as well.
    """
    assert self.registry_of[source] == 0, "the source's own registry is known: submit"
    assert self.registry_of[counted] != 0, "no registry is known of the epoch to count by"
    assert counted >= self.finalized.epoch, "the registry is from before the final checkpoint"
    assert counted < target, "by a registry count votes for later epochs"
    assert source_root != empty(bytes32), "no source"
    assert self.root_of[source] in [empty(bytes32), source_root], "contradicts another certificate"
    self._take(counted, source, source_root, target, root, registry, weight, tag, proof)
    self.root_of[source] = source_root

@external
def finalize(target: uint256, place: uint256, branch: DynArray[bytes32, 64]):
    """
    @notice Make the source of `target`'s certificate final, two epochs before it: the checkpoint of the epoch between is
            justified, and the target comes after it.
    @param place Which of the block_roots, in the state after the target's block, is that checkpoint's
    @param branch From there to the target's root, leaf first; empty where both are the same block
    """
    source: uint256 = self.source_of[target]
    assert self.registry_of[target] != 0 and target == source + 2, "there are not two epochs to the target"
    assert self._is_justified(source + 1), "the epoch between is not justified"
    assert self._is_justified(source) and source >= self.finalized.epoch, "the source is before the final checkpoint"
    node: bytes32 = self.root_of[source + 1]
    if node != self.root_of[target]:
        assert place < ROOTS, "a state has no such block root"
        index: uint256 = FIRST_ROOT + place
        for sibling: bytes32 in branch:
            if index & 1 == 1:
                node = sha256(concat(sibling, node))
            else:
                node = sha256(concat(node, sibling))
            index >>= 1
        assert index == 1 and node == self.root_of[target], "the branch does not lead to the target"
    self._finalize(source, self.root_of[source])

@internal
def _take(counted: uint256, source: uint256, source_root: bytes32, target: uint256, root: bytes32, registry: uint256,
          weight: uint256, tag: uint256, proof: uint256[8]):
    assert source >= self.finalized.epoch, "the source is before the final checkpoint"
    assert source < target and target <= LAST, "no vote leads there"
    assert registry != 0, "no registry"
    known: uint256 = self.registry_of[target]
    assert known in [0, registry] and self.root_of[target] in [empty(bytes32), root], "contradicts another certificate"
    from_root: uint256 = convert(source_root, uint256)
    to_root: uint256 = convert(root, uint256)
    assert staticcall Verifier(VERIFIER).verify(proof, [
        self.registry_of[counted], registry, source, from_root >> 128, from_root & LOW,
        target, to_root >> 128, to_root & LOW, weight, tag]), "the proof does not verify"
    if known == 0:
        self.root_of[target] = root
        self.registry_of[target] = registry
        self.source_of[target] = source
        self.tag_of[target] = tag
        if target > self.head.epoch:
            self.head = Checkpoint(epoch=target, root=root)
        log Justified(epoch=target, root=root, registry=registry, source=source, weight=weight,
                      tag=tag)
    if target == source + 1:
        self._finalize(source, source_root)

@internal
@view
def _is_justified(epoch: uint256) -> bool:
    return self.registry_of[epoch] != 0 or self.root_of[epoch] != empty(bytes32)

@internal
def _finalize(source: uint256, root: bytes32):
    if source > self.finalized.epoch:
        self.finalized = Checkpoint(epoch=source, root=root)
        log Finalized(epoch=source, root=root)
