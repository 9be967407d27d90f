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
_FIRST_IN_STATE = int(spec.get_generalized_index(spec.BeaconState, "block_roots", 0))

FIRST_ROOT = (_STATE_ROOT - 1 << _FIRST_IN_STATE.bit_length() - 1) + _FIRST_IN_STATE
"""The generalized index, in a block, of `block_roots[0]` of the state after it: one joined to the
other, as the specification's `concat_generalized_indices` does. Those of the others follow it."""

DEPTH = FIRST_ROOT.bit_length() - 1
"""Nodes of a branch."""

ROOTS = int(spec.SLOTS_PER_HISTORICAL_ROOT)
"""Of blocks, in a state."""


def place_of(epoch: int) -> int:
    """Which of the block roots is that of an epoch's first slot."""
    return int(spec.compute_start_slot_at_epoch(spec.Epoch(epoch))) % ROOTS


def branch_between(block: spec.BeaconBlock, state: spec.BeaconState, epoch: int
                   ) -> tuple[bytes, ...]:
    """The branch from the checkpoint of `epoch` to `block`, of a later slot than its first; `state`
    is the one after the block."""
    return tuple(bytes(node) for source, place in (
        (state, _FIRST_IN_STATE + place_of(epoch)), (block, _STATE_ROOT))
        for node in spec.compute_merkle_proof(source, place))


def is_between(checkpoint: Checkpoint, later: bytes, branch: Sequence[bytes]) -> bool:
    """Whether the block with the root `later` comes after the checkpoint's block, or is it."""
    return checkpoint.root == later or (len(branch) == DEPTH and root_above(
        checkpoint.root, FIRST_ROOT + place_of(checkpoint.epoch), branch) == later)
