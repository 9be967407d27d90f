"""That a block comes after the checkpoint of an epoch before it: a branch of SHA-256.

A beacon block's root holds that of the state after it, and the state the roots of the last blocks
(`block_roots`). So a branch from there to a checkpoint's root shows that another checkpoint is on
the same branch of the chain, and costs ``32 * DEPTH`` bytes.
"""

from collections.abc import Sequence

from proofmill.host.network.certificates.hash_tree import root_above
from proofmill.host.network.consensus.spec import spec
from proofmill.host.prover.circuits.finality.vote import Checkpoint

_STATE_ROOT = int(spec.get_generalized_index(spec.BeaconBlock, "state_root"))
_STATE_DEPTH = _STATE_ROOT.bit_length() - 1

ROOTS = int(spec.SLOTS_PER_HISTORICAL_ROOT)
"""Of blocks, in a state."""


def place_of(epoch: int) -> int:
    """Which of the block roots is that of an epoch's first slot."""
    return int(spec.compute_start_slot_at_epoch(spec.Epoch(epoch))) % ROOTS


def _place(epoch: int) -> int:
    """The generalized index of that root in a state."""
    return int(spec.get_generalized_index(spec.BeaconState, "block_roots", place_of(epoch)))


DEPTH = _STATE_DEPTH + _place(0).bit_length() - 1
"""Nodes of a branch."""

FIRST_ROOT = (_STATE_ROOT << DEPTH - _STATE_DEPTH) + _place(0) - (1 << DEPTH - _STATE_DEPTH)
"""The generalized index, in a block, of `block_roots[0]` of the state after it."""


def branch_between(block: spec.BeaconBlock, state: spec.BeaconState, epoch: int
                   ) -> tuple[bytes, ...]:
    """The branch from the checkpoint of `epoch` to `block`, of a later slot than its first; `state`
    is the one after the block."""
    return tuple(bytes(node) for source, place in ((state, _place(epoch)), (block, _STATE_ROOT))
                 for node in spec.compute_merkle_proof(source, place))


def is_between(checkpoint: Checkpoint, later: bytes, branch: Sequence[bytes]) -> bool:
    """Whether the block with the root `later` comes after the checkpoint's block, or is it."""
    if checkpoint.root == later:
        return True
    if len(branch) != DEPTH:
        return False
    inner = DEPTH - _STATE_DEPTH
    state_root = root_above(checkpoint.root, _place(checkpoint.epoch), branch[:inner])
    return root_above(state_root, _STATE_ROOT, branch[inner:]) == later
