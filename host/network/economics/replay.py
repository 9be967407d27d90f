"""A chain's draws and duties replayed from public data: mixes, proposers, bonds, misses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from proofmill.host.network.economics.registry import Registered
from proofmill.host.network.mechanism.ledger import RewardLedger
from proofmill.host.network.mechanism.lottery import draw_number, mix_epoch
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.mechanism.records import SlotRecord, Submission


@dataclass(frozen=True)
class PublicBlock:
    """What a block tells everybody. `mix_after`: the RANDAO mix once the block is applied.

    `proposer`: a validator's index; `base_gwei`: B; `finalised_slot`: at that time.
    """

    slot: int
    root: bytes
    proposer: int
    mix_after: bytes
    base_gwei: int
    finalised_slot: int


@dataclass(frozen=True)
class Draw:
    """One draw of a slot: its number modulo the total weight still in, and who holds it."""

    number: int
    total: int
    prover: int


@dataclass
class Replay:
    """The ledger of a chain from its blocks, in order.

    A prover delivers in the slot after its stage opens, unless the registry says that it missed.
    """

    unit = 1
    """What a gwei is in the ledger's amounts."""
    notes: ClassVar[Mapping[int, Mapping[int, str]]] = {}
    """None are kept of a chain that is run here."""

    parameters: Parameters
    registry: Sequence[Registered]
    genesis_mix: bytes
    minimum_bond: int
    delayed = False
    ledger: RewardLedger = field(init=False)
    records: dict[int, SlotRecord] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ledger = RewardLedger(self.parameters, self.minimum_bond)
        for prover in self.registry:
            self.ledger.join(prover.identity, prover.bond_gwei, prover.delegated_gwei,
                             reliability_bps=prover.reliability_bps)
        self._misses = {prover.identity: prover.misses for prover in self.registry}
        self._final_mixes: dict[int, bytes] = {}

    def mix_for(self, slot: int) -> bytes:
        """The mix that draws a slot."""
        epoch = mix_epoch(slot // self.parameters.slots_per_epoch)
        return self.genesis_mix if epoch is None else self._final_mixes[epoch]

    def add(self, block: PublicBlock) -> None:
        """Take in the next block."""
        ledger, slot = self.ledger, block.slot
        proposer = block.proposer if block.proposer in ledger.provers else None
        record = ledger.open_slot(slot, block.root, self.mix_for(slot), block.base_gwei,
                                  proposer=proposer)
        self.records[slot] = record
        for proven in list(ledger.open.values()):
            for identity in self._due(proven, ledger.delay(proven, slot)):
                if proven.slot not in self._misses[identity]:
                    ledger.include(slot, block.proposer, proven.slot, Submission(
                        proven.key, identity, b"%d/%d" % (proven.slot, identity), identity))
        ledger.close_slot(slot, block.mix_after)
        ledger.finalise(block.finalised_slot)
        self._final_mixes[slot // self.parameters.slots_per_epoch] = block.mix_after

    def draws(self, slot: int) -> list[Draw]:
        """The numbers behind a slot's assignment, primary first."""
        return draws_of(self.records[slot])

    def decided(self, slot: int) -> bool:
        """Whether nothing about proving the slot can change any more."""
        record = self.records.get(slot)
        if record is None or slot in self.ledger.open:
            return False
        return record.win is None or self.ledger.finalised_slot >= record.win.included_slot

    def _due(self, record: SlotRecord, delay: int) -> Sequence[int]:
        """Who sends a proof so many blocks after the record's."""
        drawn, parameters = record.assignment, self.parameters
        if record.wins or delay < 1:
            return ()
        if drawn.primary is None:
            return sorted(self.ledger.bonded()) if delay == 1 else ()
        if delay == 1:
            return (drawn.primary,)
        if delay == parameters.primary_blocks + 1:
            return drawn.committee
        if delay == parameters.committee_blocks + 1:
            return sorted(self.ledger.bonded().difference(drawn.drawn))
        return ()


def draws_of(record: SlotRecord) -> list[Draw]:
    """The draws of a slot, primary first, from those that were not passed over."""
    found: list[Draw] = []
    out = set(record.passed_over)
    for draw, prover in enumerate(record.assignment.drawn):
        total = record.tickets.total_without(out)
        found.append(Draw(draw_number(record.seed, draw, total), total, prover))
        out.add(prover)
        if draw == 0 and record.proposer is not None:
            out.add(record.proposer)
    return found
