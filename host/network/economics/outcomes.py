"""What became of a slot, and of a prover."""

from dataclasses import dataclass

from proofmill.host.network.economics.scenario import ProverKind


@dataclass
class SlotOutcome:
    """A slot with a block. `delay` (in blocks) and `seconds` (until every proposer has the proof)
    None: never proven. `work`: proving time spent, each machine's in units of its own median;
    `pay_gwei`: what its winner is paid."""

    slot: int
    stage: int
    delay: int | None
    seconds: float | None
    winner: int | None
    work: float
    joules: float
    pay_gwei: int = 0


@dataclass(frozen=True)
class Tally:
    """A prover's run: gwei, joules and counts. `quit_slot`: when it left, None if it is there;
    `bond_gwei`, `machines`: at the end, 0 if it has left; `machines_gwei`: what these have cost,
    of one whose strategy looks at its books."""

    kind: ProverKind
    gwei: int
    joules: float
    wins: int
    penalties_gwei: int
    quit_slot: int | None
    machines: int
    bond_gwei: int
    machines_gwei: float
