"""Provers at work on one mechanism: who starts when, which proof lands where, what it costs."""

from dataclasses import dataclass

import numpy as np

from proofmill.host.network.economics.draws import MICROS, Luck
from proofmill.host.network.economics.scenario import ProverKind, Scenario
from proofmill.host.network.economics.slot_work import SlotWork
from proofmill.host.network.mechanism import bonds, rewards
from proofmill.host.network.mechanism.invariants import check_slot
from proofmill.host.network.mechanism.ledger import RewardLedger
from proofmill.host.network.mechanism.lottery import mix_epoch
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.mechanism.records import SlotRecord, Submission
from proofmill.host.network.mechanism.stages import Stage, stage_of

KWH = 3_600_000
"""Joules."""
THRIFTY_SLOTS = 256
"""Slots after which a thrifty prover looks back on as many."""


@dataclass
class SlotOutcome:
    """A slot with a block. `delay` (in blocks) and `seconds` (until every proposer has the proof)
    None: never proven. `work`: proving time spent, each prover's in units of its own median."""

    slot: int
    stage: int
    delay: int | None
    seconds: float | None
    winner: int | None
    work: float
    joules: float


@dataclass(frozen=True)
class Tally:
    """A prover's run: gwei, joules and counts."""

    kind: ProverKind
    gwei: int
    joules: float
    wins: int
    penalties_gwei: int
    quit_slot: int | None


class World:
    """Provers of a scenario on one ledger, slot by slot.

    Before the first slot everyone has been reliable: q is 1. A slot costs time in proportion to
    those who work on it, and an epoch in proportion to the provers.
    """

    def __init__(self, scenario: Scenario, parameters: Parameters, luck: Luck) -> None:
        self.scenario, self.luck, self.parameters = scenario, luck, parameters
        largest = rewards.largest_budget(parameters, scenario.network.base_gwei)
        self.ledger = RewardLedger(parameters, bonds.minimum_bond(parameters, largest))
        self._kinds = scenario.each()
        for identity, kind in enumerate(self._kinds):
            self.ledger.join(identity, max(kind.stake_gwei, self.ledger.minimum_bond),
                             kind.delegated_gwei, reliability_bps=10_000)
        self._bonds = [prover.bond for prover in self.ledger.provers.values()]
        self.outcomes: list[SlotOutcome] = []
        self.rho: list[int] = []
        self.refused = 0
        self._slot_micros = round(scenario.network.slot_seconds * MICROS)
        self._travel = round(scenario.network.network_seconds * MICROS)
        self._everybody = np.arange(len(self._kinds))
        self._kind_of = np.repeat(np.arange(len(scenario.provers)),
                                  [kind.count for kind in scenario.provers])
        self._worked = np.zeros(len(self._kinds), dtype=np.int64)
        self._wins = [0] * len(self._kinds)
        self._quit: dict[int, int] = {}
        self._thrifty = [identity for identity, kind in enumerate(self._kinds)
                         if kind.strategy == "thrifty"]
        self._looked_back: dict[int, tuple[int, float]] = {}
        self._work: dict[int, SlotWork] = {}

    @property
    def tallies(self) -> list[Tally]:
        """Everybody's run so far, by identity."""
        return [self.tally(identity) for identity in range(len(self._kinds))]

    def tally(self, identity: int) -> Tally:
        """One prover's run so far."""
        penalties = self._bonds[identity] - self.ledger.provers[identity].bond
        kind = self._kinds[identity]
        return Tally(
            kind, self.ledger.earned.get(identity, 0) - penalties,
            float(self._worked[identity]) / MICROS * kind.watts, self._wins[identity], penalties,
            self._quit.get(identity))

    def step(self, slot: int) -> None:
        """Run one slot; checks invariants 2 to 6."""
        ledger, per_epoch = self.ledger, self.parameters.slots_per_epoch
        block = slot < self.luck.slots and not self.luck.empty[slot]
        if block:
            epoch = mix_epoch(slot // per_epoch)
            record = ledger.open_slot(
                slot, self.luck.root(slot), self.luck.mix(-1 if epoch is None else epoch),
                self.scenario.network.base_gwei)
            self._work[slot] = SlotWork(record)
            staged = record.assignment.primary is not None
            self._start(record, Stage.PRIMARY if staged else Stage.OPEN, slot)
        if slot >= self.luck.slots or block:
            proposer = int(self.luck.proposer[slot % self.luck.slots])
            for work in self._work.values():
                if work.record.slot < slot:
                    self._include(work, slot, proposer)
            ledger.close_slot(slot, self.luck.block_mix(slot + 1))
            # Not those that the ledger has open: of an epoch's last slot it has none any more.
            for work in list(self._work.values()):
                self._follow(work.record, slot)
        ledger.finalise(slot - self.parameters.finality_epochs * per_epoch)
        check_slot(ledger)
        self.rho.append(ledger.rho)
        self._look_back(slot)

    def finish(self, slots: int) -> None:
        """Run on until every window has passed and everything is final."""
        per_epoch = self.parameters.slots_per_epoch
        last = slots + 2 * self.parameters.window_blocks + 2 * per_epoch
        for slot in range(slots, last):
            self.step(slot)
        self.ledger.finalise(last)

    def _start(self, record: SlotRecord, stage: Stage, slot: int) -> None:
        """Those who become eligible with this stage start to prove, in `slot`."""
        drawn, work = record.assignment, self._work[record.slot]
        row, start = self.luck.row(record.slot), (slot - record.slot) * self._slot_micros
        if stage is Stage.PRIMARY:
            withholds = self._kinds[drawn.primary or 0].strategy == "withholding"
            provers = np.array([] if withholds else [drawn.primary], dtype=np.int64)
        elif stage is Stage.COMMITTEE:
            provers = np.array(drawn.committee, dtype=np.int64)
        else:
            out = list(self.ledger.standing.out() | work.busy())
            provers = self._everybody
            if out:
                free = np.ones(len(provers), dtype=bool)
                free[out] = False
                provers = provers[free]
        work.start(provers, start, row, self._travel, self._slot_micros)

    def _include(self, work: SlotWork, slot: int, proposer: int) -> None:
        """The proofs of a slot that `proposer` puts into the block of `slot`.

        Where proofs of one slot are equal it includes all that it has, in a race the first one.
        """
        record, delay = work.record, slot - work.record.slot
        flags = self.parameters.defences
        most = None if flags.slot_batch or not flags.statement_key else 1
        while landed := work.landed(delay, most):
            for prover in landed:
                proof = b"%d/%d" % (record.slot, prover)
                reason = self.ledger.include(
                    slot, proposer, record.slot, Submission(record.key, prover, proof, prover))
                self.refused += bool(reason)
            if record.batch:
                break

    def _follow(self, record: SlotRecord, slot: int) -> None:
        """After a block: open the next stage of an unproven slot, or account for a decided one."""
        staged = record.assignment.primary is not None
        delay = self.ledger.delay(record, slot + 1) - 1
        if record.wins or delay == self.parameters.window_blocks:
            self._close(record)
        elif staged and delay == self.parameters.primary_blocks:
            self._start(record, Stage.COMMITTEE, slot)
        elif staged and delay == self.parameters.committee_blocks:
            self._start(record, Stage.OPEN, slot)

    def _close(self, record: SlotRecord) -> None:
        """Work stops when the winning proof is seen; count what was spent."""
        win, work = record.win, self._work.pop(record.slot)
        stop = seen = winner = delay = None
        if win is not None:
            winner, delay = win.submission.prover, win.delay
            seen = work.end_of(winner) + self._travel
            # In a race everyone sees the first proof at once; under stages, in its block.
            staged = record.assignment.primary is not None
            included = (win.included_slot - record.slot) * self._slot_micros
            stop = included + self._travel if staged else seen
            self._wins[winner] += 1
        spent = joules = 0.0
        for provers, micros in work.spent(stop):
            self._worked[provers] += micros
            # Sums of whole microseconds: the same in any order, and on every machine.
            of_kinds = np.bincount(self._kind_of[provers], micros, len(self.scenario.provers))
            for kind, time in zip(self.scenario.provers, of_kinds.tolist(), strict=True):
                spent += time / MICROS / kind.seconds
                joules += time / MICROS * kind.watts
        stage = 0 if delay is None else int(stage_of(self.parameters, delay))
        self.outcomes.append(SlotOutcome(
            record.slot, stage, delay, None if seen is None else seen / MICROS, winner, spent,
            joules))

    def _look_back(self, slot: int) -> None:
        """Thrifty provers may stop: every 256 slots they compare the last 255 with their cost."""
        if slot % THRIFTY_SLOTS == 0:
            price = self.scenario.network.energy_gwei_per_kwh
            for identity, (gwei, joules) in self._looked_back.items():
                tally = self.tally(identity)
                if identity not in self._quit and (
                        tally.gwei - gwei < (tally.joules - joules) / KWH * price):
                    self._quit[identity] = slot
                    self.ledger.leave(identity, slot)
        elif slot % THRIFTY_SLOTS == 1:
            now = map(self.tally, self._thrifty)
            self._looked_back = {identity: (tally.gwei, tally.joules)
                                 for identity, tally in zip(self._thrifty, now, strict=True)}
