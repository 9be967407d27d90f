"""The mechanism's part at a final block as plain records, from which a node goes on."""

from dataclasses import dataclass

from proofmill.host.network.mechanism.kept import KeptLedger
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.mechanism.records import SlotRecord
from proofmill.host.network.node.layer2 import BlockFacts, BranchReplay


@dataclass(frozen=True)
class KeptReplay:
    """`BranchReplay`. `slots`: of its records, in their order; `closed`: those that its ledger has
    no more."""

    ledger: KeptLedger
    slots: tuple[int, ...]
    closed: dict[int, SlotRecord]
    paid: frozenset[int]
    first_mixes: dict[int, bytes]
    drawing: dict[int, bytes]
    before: BlockFacts | None

    @classmethod
    def of(cls, run: BranchReplay) -> "KeptReplay":
        """Of that run; it may not change before this is written down."""
        first, drawing = run.mixes
        return cls(KeptLedger.of(run.ledger), tuple(run.records),
                   {slot: record for slot, record in run.records.items()
                    if slot not in run.ledger.open},
                   frozenset(run.paid), dict(first), dict(drawing), run.before)

    def replay(self, parameters: Parameters, minimum_bond: int, genesis_mix: bytes
               ) -> BranchReplay:
        """What goes on from here; the rest as of `BranchReplay`. ValueError where a record is
        missing."""
        made = BranchReplay(parameters, minimum_bond, {}, genesis_mix)
        made.ledger = self.ledger.ledger(parameters, minimum_bond)
        records = {**self.closed, **made.ledger.open}
        if missing := set(self.slots) - records.keys():
            raise ValueError(f"the records of slots {sorted(missing)} are missing")
        made.records = {slot: records[slot] for slot in self.slots}
        made.paid = set(self.paid)
        made.go_on_after(self.before, self.first_mixes, self.drawing)
        return made


@dataclass(frozen=True)
class KeptBranches:
    """`Branches` at the final block `base`. `minted_wei`: for all that finality has closed."""

    base: bytes
    run: KeptReplay
    minted_wei: int
