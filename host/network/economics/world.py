"""Provers at work on one mechanism: who starts when, which proof lands where, what it costs."""

import math
from collections import defaultdict, deque
from dataclasses import dataclass, field

from proofmill.host.network.economics.draws import Luck
from proofmill.host.network.economics.scenario import ProverKind, Scenario
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
class ProvingWork:
    """One prover's attempt at one slot; times in seconds after the slot's start."""

    prover: int
    start: float
    end: float
    delivers: bool


@dataclass
class SlotOutcome:
    """A slot with a block. `delay` and `seconds` (until every proposer has the proof) None: never
    proven. `work`: proving time spent, each prover's in units of its own median."""

    slot: int
    stage: int
    delay: int | None
    seconds: float | None
    winner: int | None
    work: float
    joules: float


@dataclass
class Tally:
    """A prover's run: gwei, joules and counts."""

    kind: ProverKind
    gwei: int = 0
    joules: float = 0.0
    wins: int = 0
    primary: int = 0
    misses: int = 0
    penalties_gwei: int = 0
    quit_slot: int | None = None
    history: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=THRIFTY_SLOTS))


class World:
    """Provers of a scenario on one ledger, slot by slot.

    Before the first slot everyone has been reliable: q is 1.
    """

    def __init__(self, scenario: Scenario, parameters: Parameters, luck: Luck) -> None:
        self.scenario, self.luck, self.parameters = scenario, luck, parameters
        largest = rewards.budget(
            scenario.network.base_gwei, parameters.rho_max, parameters.load_max_bps)
        self.ledger = RewardLedger(parameters, bonds.minimum_bond(parameters, largest))
        self.tallies = [Tally(kind) for kind in scenario.each()]
        for identity, tally in enumerate(self.tallies):
            self.ledger.join(identity, max(tally.kind.stake_gwei, self.ledger.minimum_bond),
                             tally.kind.delegated_gwei, reliability_bps=10_000)
        self._bonds = [prover.bond for prover in self.ledger.provers.values()]
        self.outcomes: list[SlotOutcome] = []
        self.rho: list[int] = []
        self.refused = 0
        self._work: dict[int, list[ProvingWork]] = defaultdict(list)
        self._landing: dict[int, list[tuple[float, int, Submission]]] = defaultdict(list)

    def step(self, slot: int) -> None:
        """Run one slot; checks invariants 2 to 6."""
        ledger, per_epoch = self.ledger, self.parameters.slots_per_epoch
        block = slot < len(self.luck.empty) and not self.luck.empty[slot]
        if block:
            epoch = mix_epoch(slot // per_epoch)
            record = ledger.open_slot(
                slot, self.luck.root(slot), self.luck.mix(-1 if epoch is None else epoch),
                self.scenario.network.base_gwei)
            self._start(record, Stage.OPEN if record.assignment.primary is None else Stage.PRIMARY)
        landing = sorted(self._landing.pop(slot, []), key=lambda entry: entry[0])
        if slot >= len(self.luck.empty) or block:
            proposer = int(self.luck.proposer[slot % len(self.luck.proposer)])
            for _, proven_slot, submission in landing:
                reason = ledger.include(slot, proposer, proven_slot, submission)
                self.refused += bool(reason) and not self._is_won(proven_slot)
        else:
            self._landing[slot + 1].extend(landing)
        ledger.close_slot(slot, self.luck.block_mix(slot + 1))
        for record in list(ledger.open.values()):
            self._follow(record, slot)
        ledger.finalise(slot - self.parameters.finality_epochs * per_epoch)
        check_slot(ledger)
        self.rho.append(ledger.rho)
        self._account(slot)

    def finish(self, slots: int) -> None:
        """Run on until every window has passed and everything is final."""
        per_epoch = self.parameters.slots_per_epoch
        last = slots + 2 * self.parameters.window_slots + 2 * per_epoch
        for slot in range(slots, last):
            self.step(slot)
        self.ledger.finalise(last)
        self._account(last)

    def _is_won(self, proven_slot: int) -> bool:
        record = self.ledger.open.get(proven_slot)
        return record is None or bool(record.wins)

    def _start(self, record: SlotRecord, stage: Stage) -> None:
        """Those who become eligible with this stage start to prove."""
        length = self.scenario.network.slot_seconds
        drawn = record.assignment
        if stage is Stage.PRIMARY:
            assert drawn.primary is not None
            self._attempt(record, drawn.primary, 0.0, primary=True)
            self.tallies[drawn.primary].primary += 1
        elif stage is Stage.COMMITTEE:
            for member in drawn.committee:
                self._attempt(record, member, self.parameters.primary_slots * length)
        else:
            start = 0.0 if drawn.primary is None else self.parameters.committee_slots * length
            busy = {work.prover for work in self._work[record.slot]}
            for identity in sorted(self.ledger.bonded() - busy):
                self._attempt(record, identity, start)

    def _attempt(self, record: SlotRecord, prover: int, start: float,
                 primary: bool = False) -> None:
        tally, slot = self.tallies[prover], record.slot
        # Who leaves still does what it is drawn for, until the frozen weights run out.
        drawn = {record.assignment.primary, *record.assignment.committee}
        if tally.quit_slot is not None and prover not in drawn:
            return
        if primary and tally.kind.strategy == "withholding":
            return
        network = self.scenario.network
        end = start + float(self.luck.seconds[slot, prover])
        delivers = not bool(self.luck.fails[slot, prover])
        self._work[slot].append(ProvingWork(prover, start, end, delivers))
        if delivers:
            seen = end + network.network_seconds
            delay = max(1, math.ceil(seen / network.slot_seconds))
            # A member's proof that is early still has to wait for its stage to open.
            delay = max(delay, math.floor(start / network.slot_seconds) + 1)
            proof = b"%d/%d" % (slot, prover)
            self._landing[slot + delay].append(
                (seen, slot, Submission(record.key, prover, proof, prover)))

    def _follow(self, record: SlotRecord, slot: int) -> None:
        """After a slot: open the next stage of an unproven one, or account for a decided one."""
        if record.slot not in self._work and record.assignment.primary is None:
            return
        delay = slot - record.slot
        win = record.win
        staged = record.assignment.primary is not None
        if win is not None and win.included_slot == slot:
            self._close(record)
        elif win is None and delay == self.parameters.window_slots:
            self._close(record)
        elif win is None and staged and delay == self.parameters.primary_slots:
            self._start(record, Stage.COMMITTEE)
        elif win is None and staged and delay == self.parameters.committee_slots:
            self._start(record, Stage.OPEN)

    def _close(self, record: SlotRecord) -> None:
        """Work stops when the winning proof is seen; count what was spent."""
        network, win = self.scenario.network, record.win
        all_work = self._work.pop(record.slot, [])
        stop, seconds, winner, delay = math.inf, None, None, None
        if win is not None:
            winner, delay = win.submission.prover, win.delay
            seconds = next(w.end for w in all_work if w.prover == winner) + network.network_seconds
            # In a race everyone sees the first proof at once; under stages, in its block.
            staged = record.assignment.primary is not None
            stop = delay * network.slot_seconds + network.network_seconds if staged else seconds
            self.tallies[winner].wins += 1
        spent = joules = 0.0
        for work in all_work:
            time = max(0.0, min(work.end, stop) - work.start)
            kind = self.tallies[work.prover].kind
            spent += time / kind.seconds
            joules += time * kind.watts
            self.tallies[work.prover].joules += time * kind.watts
        stage = 0 if delay is None else int(stage_of(self.parameters, delay))
        self.outcomes.append(SlotOutcome(record.slot, stage, delay, seconds, winner, spent, joules))

    def _account(self, slot: int) -> None:
        """Bring the tallies up to the ledger; thrifty provers may stop."""
        price = self.scenario.network.energy_gwei_per_kwh
        for identity, tally in enumerate(self.tallies):
            prover = self.ledger.provers[identity]
            tally.penalties_gwei = self._bonds[identity] - prover.bond
            tally.gwei = self.ledger.earned[identity] - tally.penalties_gwei
            if tally.kind.strategy != "thrifty" or tally.quit_slot is not None:
                continue
            tally.history.append((tally.gwei, tally.joules))
            if slot % THRIFTY_SLOTS == 0 and len(tally.history) == THRIFTY_SLOTS:
                then_gwei, then_joules = tally.history[0]
                cost = (tally.joules - then_joules) / KWH * price
                if tally.gwei - then_gwei < cost:
                    tally.quit_slot = slot
                    prover.leaving_since = slot // self.parameters.slots_per_epoch
