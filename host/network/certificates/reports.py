"""What the blocks of a beacon chain say, reported by anybody and proven by headers: the reference
of ProvenReports.vy, and what is shown to it.

A report of a slot says that there is a block, and what that says of the block before: its payload
and what the payload's proof has to state. It is provisional until headers lead from a final block
back to that slot. Then it holds, if they say the same, or is void: because there is no such block,
or another.

    block's root   hash tree root of BeaconBlockHeader(slot, proposer, parent's root, state, body)
    body's root    a branch of SHA-256 leads to it from the hash of the payload before, in the bid
    payload        its header's RLP, of which the hash is the Keccak-256, has the parent's hash,
                   whom fees go to, the ledger's root after it and the batch's commitment

Nothing is read from a beacon state, and nothing else is trusted but the first block.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field

import rlp  # type: ignore[import-untyped]
from eth_hash.auto import keccak

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.certificates.hash_tree import HashTree, root_above
from proofmill.host.network.certificates.headers import EXTRA, HASH_BYTES, PARENT
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.mechanism.provisional import Reported
from proofmill.host.prover.circuits.finality.registry import AHEAD

BID = int(spec.get_generalized_index(
    spec.BeaconBlockBody, "signed_execution_payload_bid", "message", "parent_block_hash"))
"""The generalized index, in a block's body, of the hash of the payload before it."""
MOST_BLOCKS, MOST_HEADERS = 64, 256
"""That one call proves, and links."""
MOST_PAYLOAD_HEADER = 1024
"""Bytes."""
_FEES, _STATE = 2, 3
_ADDRESS_BYTES = 20


@dataclass(frozen=True)
class Said:
    """What a report says of the block before: its slot, the hash of its payload, what the payload's
    proof has to state, and whom its fees go to."""

    slot: int
    payload: bytes
    old_root: int
    new_root: int
    commitment: int
    proposer: bytes

    @property
    def payload_root(self) -> bytes:
        """What the other contracts call the payload."""
        return payload_name(self.slot, self.payload)

    @property
    def fields(self) -> tuple[object, ...]:
        """In the contract's order."""
        return (self.slot, self.payload, self.old_root, self.new_root, self.commitment,
                self.proposer)


def payload_name(slot: int, payload: bytes) -> bytes:
    """What contracts that are told of a payload by reports call it: H of its slot and its hash."""
    return bytes(keccak(slot.to_bytes(32, "big") + payload))


NOTHING = Said(0, bytes(HASH_BYTES), 0, 0, 0, bytes(_ADDRESS_BYTES))
"""Where the block before has no payload that is part of the branch."""


@dataclass(frozen=True)
class BlockHeader:
    """Of a beacon block, without its parent's root."""

    slot: int
    proposer: int
    state_root: bytes
    body_root: bytes

    @classmethod
    def of(cls, block: spec.BeaconBlock) -> "BlockHeader":
        """The block's."""
        return cls(int(block.slot), int(block.proposer_index), bytes(block.state_root),
                   bytes(spec.hash_tree_root(block.body)))

    def root(self, parent: bytes) -> bytes:
        """The block's, with the root of its parent. `ProofmillError` for a number of more than 64
        bits."""
        return HashTree([_little(self.slot), _little(self.proposer), parent, self.state_root,
                         self.body_root]).root

    @property
    def fields(self) -> tuple[object, ...]:
        """In the contract's order."""
        return self.slot, self.proposer, self.state_root, self.body_root


@dataclass(frozen=True)
class ShownBlock:
    """A block as it is shown. `payload`: the RLP of the header of its parent's payload, empty where
    that has none; `branch`: from its hash, or the last payload's, to the root of the body."""

    header: BlockHeader
    payload: bytes
    branch: tuple[bytes, ...]

    @classmethod
    def of(cls, block: spec.BeaconBlock, payload: bytes) -> "ShownBlock":
        """Of a block, with that header of its parent's payload, or none."""
        return cls(BlockHeader.of(block), payload,
                   tuple(bytes(node) for node in spec.compute_merkle_proof(block.body, BID)))

    @property
    def fields(self) -> tuple[object, ...]:
        """In the contract's order."""
        return self.header.fields, self.payload, list(self.branch)


@dataclass(frozen=True)
class Anchor:
    """The block from which headers are followed: root and slot; the hash of the last payload up to
    there, and the ledger's root after it."""

    root: bytes
    slot: int
    payload: bytes
    ledger: int


@dataclass
class Reports:
    """What is reported and what of it is proven, as the contract has it."""

    proven: Anchor
    reported: dict[int, Said] = field(default_factory=dict)
    """By slot; in the order in which they came."""
    blocks: dict[int, Said] = field(default_factory=dict)
    """By slot of a proven block: what a report of it has to say."""
    linked: set[bytes] = field(default_factory=set)
    """Roots of blocks before a final one."""
    stated_slot: int = 0
    """The last whose payload a report has spoken of."""

    def report(self, slot: int, said: Said) -> Said:
        """Somebody reports the block of `slot`; what the other contracts are told of the block
        before: nothing, if they were told of that, or of a later one. `ProofmillError` where the
        slot has been reported, or a later one, or where the block before would not be before."""
        if slot <= max(self.reported, default=0) or said.slot >= slot:
            raise ProofmillError(f"slot {slot} has reported already, or not after its parent")
        self.reported[slot] = said
        if said.slot <= self.stated_slot:
            return NOTHING
        self.stated_slot = said.slot
        return said

    def prove(self, blocks: Sequence[ShownBlock], final_root: bytes) -> None:
        """Headers from the last proven block up to one that is final. `ProofmillError` where they
        lead nowhere, and then nothing changes."""
        at, found = self.proven, dict[int, Said]()
        if len(blocks) > MOST_BLOCKS:
            raise ProofmillError(f"{len(blocks)} blocks are shown at once; {MOST_BLOCKS} may be")
        for block in blocks:
            slot, said, after = block.header.slot, NOTHING, at
            if slot <= at.slot:
                raise ProofmillError(f"slot {slot} does not come after {at.slot}")
            if block.payload:
                said = _said(block.payload, at)
                after = Anchor(at.root, at.slot, said.payload, said.new_root)
            if (len(block.branch) != BID.bit_length() - 1
                    or root_above(after.payload, BID, block.branch) != block.header.body_root):
                raise ProofmillError(f"the bid of slot {slot} names another payload")
            at = Anchor(block.header.root(at.root), slot, after.payload, after.ledger)
            found[slot] = said
        if at.root != final_root and at.root not in self.linked:
            raise ProofmillError(f"the block of slot {at.slot} is not known to be final")
        self.proven = at
        self.blocks.update(found)

    def link(self, root: bytes, headers: Sequence[tuple[bytes, BlockHeader]], final_root: bytes
             ) -> None:
        """Headers, each with its parent's root before it, the latest first, from the final block
        `root` back. `ProofmillError` where they do not lead on from each other."""
        if root != final_root and root not in self.linked or len(headers) > MOST_HEADERS:
            raise ProofmillError(f"block 0x{root.hex()} is not known to be final, or there are "
                                 f"more than {MOST_HEADERS} headers")
        wanted = root
        for parent, header in headers:
            if header.root(parent) != wanted:
                raise ProofmillError(f"the header of slot {header.slot} is not the parent's of the "
                                     "one after it")
            wanted = parent
        self.linked |= {root, wanted}

    def holds(self, slot: int) -> bool:
        """Whether headers say what was reported of this slot; to be asked when they are known."""
        return self.reported[slot] == self.blocks.get(slot)

    def standing(self, first: int, last: int) -> Reported:
        """Of the reports after `first`, up to that of `last`."""
        if last > self.proven.slot:
            return Reported.UNKNOWN
        return Reported.HOLDS if all(
            self.holds(slot) for slot in self.reported if first < slot <= last) else Reported.VOID

    def was_excused(self, first: int, last: int, justified: Container[int], slots_per_epoch: int
                    ) -> bool:
        """Whether a duty of `first` that ended with `last` costs nothing. `justified`: the epochs
        that certificates have justified."""
        return self.standing(first, last) is Reported.VOID or any(
            epoch not in justified
            for epoch in range(first // slots_per_epoch, last // slots_per_epoch + 1))


def base_of(totals: Sequence[int], registry_epoch: int, slot: int) -> int:
    """B of a slot in wei, by the totals, in gwei, of a registry of that epoch: for the slot's epoch
    as it foresees it, or for the last that it does."""
    ahead = min(max(slot // int(spec.SLOTS_PER_EPOCH) - registry_epoch, 1), AHEAD)
    total = totals[ahead - 1]
    increment = int(spec.EFFECTIVE_BALANCE_INCREMENT)
    gwei = (increment * int(spec.BASE_REWARD_FACTOR) // int(spec.integer_squareroot(total))
            * (total // increment) // int(spec.SLOTS_PER_EPOCH))
    return gwei * 10**9


def path(blocks: Mapping[bytes, tuple[bytes, ShownBlock]], proven: bytes, final: bytes
         ) -> list[ShownBlock]:
    """The blocks after `proven`, up to `final`. `blocks`: by root, each with its parent's root.
    Empty where what is known does not lead from one to the other."""
    found, root = [], final
    while root != proven:
        if root not in blocks:
            return []
        root, shown = blocks[root]
        found.append(shown)
    return found[::-1]


def linked(blocks: Sequence[ShownBlock], before: bytes) -> list[tuple[bytes, BlockHeader]]:
    """The headers of blocks that follow each other, each with the root of its parent, that of the
    first being `before`."""
    found = []
    for block in blocks:
        found.append((before, block.header))
        before = block.header.root(before)
    return found


def _said(payload: bytes, at: Anchor) -> Said:
    """What the header of a payload says, the last block and payload being those of `at`."""
    try:
        if len(payload) > MOST_PAYLOAD_HEADER:
            raise ValueError("it is too long")
        fields = rlp.decode(payload)
        parent, fees, state, extra = (bytes(fields[place])
                                      for place in (PARENT, _FEES, _STATE, EXTRA))
        if len(parent) != HASH_BYTES or len(fees) != _ADDRESS_BYTES or len(state) != len(
                extra) or len(extra) != HASH_BYTES:
            raise ValueError("a field has another length")
    except (rlp.DecodingError, ValueError, TypeError, IndexError) as error:
        raise ProofmillError(f"this is no header of a payload: {error}") from error
    if parent != at.payload:
        raise ProofmillError(f"the payload of slot {at.slot} does not go on from the one before")
    return Said(at.slot, keccak(payload), at.ledger, int.from_bytes(state, "big"),
                int.from_bytes(extra, "big"), fees)


def _little(number: int) -> bytes:
    if not 0 <= number < 1 << 64:
        raise ProofmillError(f"{number} has more than 64 bits")
    return number.to_bytes(8, "little") + bytes(24)
