"""What two nodes say to each other when one has missed something, as SSZ."""

from proofmill.host.network.consensus.data_columns import BlockColumns
from proofmill.host.network.consensus.spec import spec

MOST_BLOCKS = 16
"""Slots that one request may span."""


class Status(spec.Container):  # type: ignore[misc]  # the specification is untyped
    """Where a node stands: its head, and whether it has the head's payload.

    Who says so has to be able to deliver it, back to the finalised block of whoever asks.
    """

    head_root: spec.Root
    head_slot: spec.Slot
    full: spec.Boolean


class RangeRequest(spec.Container):  # type: ignore[misc]  # the specification is untyped
    """For the blocks of the branch that ends in `head_root`, slots `start_slot` to `start_slot +
    count - 1`. `identifier`: comes back in the answer."""

    identifier: spec.Uint64
    head_root: spec.Root
    start_slot: spec.Slot
    count: spec.Uint64


class StoredBlock(spec.Container):  # type: ignore[misc]  # the specification is untyped
    """A block, its payload if it was revealed, and the columns of its blobs if it has any."""

    block: spec.SignedBeaconBlock
    columns: spec.List[BlockColumns, 1]
    envelopes: spec.List[spec.SignedExecutionPayloadEnvelope, 1]


class BlockRange(spec.Container):  # type: ignore[misc]  # the specification is untyped
    """The answer: blocks in ascending order. All slots before `next_slot` are dealt with; it is the
    end of what was asked for, or earlier where the answer would become too long."""

    identifier: spec.Uint64
    next_slot: spec.Slot
    blocks: spec.List[StoredBlock, MOST_BLOCKS]
