"""Provers at work on one ledger: who starts when, which proof lands where, what it costs."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from proofmill.host.ground.units import BPS
from proofmill.host.network.economics.draws import MICROS, Luck
from proofmill.host.network.economics.outcomes import SlotOutcome
from proofmill.host.network.economics.population import Classes, Population
from proofmill.host.network.economics.prospects import Prospect
from proofmill.host.network.economics.scenario import Scenario
from proofmill.host.network.economics.slot_work import SlotWork
from proofmill.host.network.economics.strategies import Duty
from proofmill.host.network.mechanism import bonds, penalties, rewards
from proofmill.host.network.mechanism.invariants import check_slot
from proofmill.host.network.mechanism.ledger import RewardLedger
from proofmill.host.network.mechanism.lottery import mix_epoch
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.mechanism.records import BondedProver, SlotRecord, Submission
from proofmill.host.network.mechanism.stages import Stage, stage_of


class World(Population):
    """Provers of a scenario on one ledger, slot by slot.

    Before the first slot everyone has been reliable: q is 1. A slot costs time in proportion to
    those who work on it, and an epoch in proportion to the provers.

    A prover's identity on the ledger is its place; who comes back after it has left has a new one,
    a multiple of their number further. Of those whose strategy looks at their books, the own bond
    is twice the least, for fines, and made whole again at every review; the rest they delegate to
    themselves, so that they can take it out again.
    """

    def __init__(self, scenario: Scenario, parameters: Parameters, luck: Luck,
                 classes: Classes | None = None,
                 ledger: type[RewardLedger] = RewardLedger) -> None:
        """`ledger`: the mechanism's, or a rule of a user's own."""
        self.parameters = parameters
        self.mechanism = "staged" if parameters.defences.stages else "race"
        largest = rewards.largest_budget(parameters, scenario.network.base_gwei)
        self.ledger = ledger(parameters, bonds.minimum_bond(parameters, largest))
        self._identity = list(range(scenario.count))
        self._owned = [False] * scenario.count
        self._paid_in, self._former_gwei = [0] * scenario.count, [0] * scenario.count
        super().__init__(scenario, luck, classes)
        self.rho: list[int] = []
        self._weight, self._usual = 0, float(BPS)
        """Of all that are there, in a review: their weights' sum, and their mean reliability."""
        self.refused = 0
        self._travel = round(scenario.network.network_seconds * MICROS)
        self._work: dict[int, SlotWork] = {}
        self._parent = 0
        """The slot of the latest block."""

    minted_gwei = property(lambda self: self.ledger.totals.matured)
    burned_gwei = property(lambda self: self.ledger.totals.burned)
    rho_last = property(lambda self: self.ledger.rho / 10**9)

    def _settle_in(self) -> None:
        for place, kind in enumerate(self.kinds):
            if self.present[place]:
                stake = max(kind.stake_gwei, self.ledger.minimum_bond)
                self._join(place, stake, kind.delegated_gwei, reliability=BPS)

    def _join(self, place: int, stake: int, delegated: int = 0, reliability: int | None = None
              ) -> None:
        own = min(stake, self._own_bond) if place in self._capital else stake
        self.ledger.join(self._identity[place], own, delegated + stake - own,
                         reliability_bps=reliability)
        self._owned[place] = True
        self._paid_in[place] += own

    @property
    def _own_bond(self) -> int:
        """Of those that delegate the rest to themselves."""
        return 2 * self.ledger.minimum_bond

    def step(self, slot: int) -> None:
        """Run one slot; checks invariants 2 to 6."""
        ledger, per_epoch = self.ledger, self.parameters.slots_per_epoch
        block = slot < self.luck.slots and not self.luck.empty[slot]
        if self.parameters.defences.witnesses:
            self._witness(slot)
        if block:
            epoch = mix_epoch(slot // per_epoch)
            record = ledger.open_slot(
                slot, self.luck.root(slot), self.luck.mix(-1 if epoch is None else epoch),
                self.stakes.base_gwei)
            self._work[slot] = SlotWork(record)
            staged = record.assignment.primary is not None
            self._start(record, Stage.PRIMARY if staged else Stage.OPEN, slot)
        if slot >= self.luck.slots or block:
            if self.luck.partitions:
                ledger.divided = self.luck.partitions.divided(slot, self._parent)
                self._parent = slot
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
        self.review(slot)

    def finish(self, slots: int) -> None:
        """Run on until every window has passed and everything is final."""
        per_epoch = self.parameters.slots_per_epoch
        last = slots + 2 * self.parameters.window_blocks + 2 * per_epoch
        for slot in range(slots, last):
            self.step(slot)
        self.ledger.finalise(last)

    def _witness(self, slot: int) -> None:
        """Layer 1's witnesses say what they have when three quarters of a slot are over."""
        for work in self._work.values():
            proven = work.record.slot
            by = (slot - proven) * self.slot_micros + 3 * self.slot_micros // 4
            for place in work.seen(by):
                self.ledger.witness(slot, proven, self._identity[place])

    def _start(self, record: SlotRecord, stage: Stage, slot: int) -> None:
        """Those who become eligible with this stage start to prove, in `slot`."""
        drawn, work, count = record.assignment, self._work[record.slot], len(self.kinds)
        start = (slot - record.slot) * self.slot_micros
        if stage is Stage.PRIMARY:
            provers = np.array([(drawn.primary or 0) % count], dtype=np.int64)
        elif stage is Stage.COMMITTEE:
            provers = np.array([one % count for one in drawn.committee], dtype=np.int64)
        else:
            free = self.present.copy()
            free[[one % count for one in self.ledger.standing.short
                  if self._identity[one % count] == one]] = False
            free[list(work.busy())] = False
            provers = np.flatnonzero(free)
        if self.choosy:
            provers = self._willing(provers, record.slot, stage, start)
        micros, arrives = self.luck.row(record.slot)
        micros, arrives = self.sped_up(provers, micros[provers]), arrives[provers]
        if self._reviewing and drawn.primary is None:
            self._note_first(provers[arrives], start + micros[arrives])
        away, later = self.luck.partitions.cut_off(provers, slot)
        for chosen, when in ((~away, start), (away, (later - record.slot) * self.slot_micros)):
            if chosen.any():
                work.start(provers[chosen], when, (micros[chosen], arrives[chosen]),
                           partial(self.luck.partitions.arrivals, record.slot, self.slot_micros,
                                   self._travel), self.slot_micros)

    def _willing(self, provers: NDArray[np.int64], slot: int, stage: Stage, start: int
                 ) -> NDArray[np.int64]:
        """Those that begin, by their strategies."""
        return np.array([
            one for one in provers.tolist() if one not in self.choosy
            or self.strategies[one].proves(
                Duty(self.mechanism, slot, one, stage, start / MICROS))], dtype=np.int64)

    def _note_first(self, provers: NDArray[np.int64], ends: NDArray[np.int64]) -> None:
        order = np.argsort(ends, kind="stable")[:2]
        found = [int(ends[place]) for place in order] + [-1, -1]
        self.first.append((int(provers[order[0]]) if len(order) else -1, found[0], found[1]))

    def _include(self, work: SlotWork, slot: int, proposer: int) -> None:
        """The proofs of a slot that `proposer` puts into the block of `slot`.

        Where proofs of one slot are equal it includes all that it has, in a race the first one.
        """
        record, delay = work.record, slot - work.record.slot
        flags = self.parameters.defences
        most = None if flags.slot_batch or not flags.statement_key else 1
        while landed := work.landed(delay, most):
            for place in landed:
                prover = self._identity[place]
                proof = b"%d/%d" % (record.slot, prover)
                reason = self.ledger.include(
                    slot, proposer, record.slot, Submission(record.key, prover, proof, prover))
                self.refused += bool(reason)
            if record.batch:
                break

    def _follow(self, record: SlotRecord, slot: int) -> None:
        """After a block: open the next stage of an unproven slot, or account for a decided one."""
        staged = record.assignment.primary is not None
        delay, work = self.ledger.delay(record, slot + 1) - 1, self._work[record.slot]
        if record.wins or delay >= self.parameters.window_blocks:
            self._close(record)
        elif staged and delay >= self.parameters.committee_blocks and work.opened < Stage.OPEN:
            work.opened = Stage.OPEN
            self._start(record, Stage.OPEN, slot)
        elif staged and delay >= self.parameters.primary_blocks and work.opened < Stage.COMMITTEE:
            work.opened = Stage.COMMITTEE
            self._start(record, Stage.COMMITTEE, slot)

    def _close(self, record: SlotRecord) -> None:
        """Work stops when the winning proof is seen; count what was spent."""
        win, work = record.win, self._work.pop(record.slot)
        stop = seen = winner = delay = None
        if win is not None:
            winner, delay = win.submission.prover % len(self.kinds), win.delay
            seen = work.sent_of(winner)
            # In a race everyone sees the first proof at once; under stages, in its block.
            staged = record.assignment.primary is not None
            included = (win.included_slot - record.slot) * self.slot_micros
            stop = included + self._travel if staged else seen
            self._wins[winner] += 1
        spent = joules = 0.0
        for provers, micros in work.spent(stop):
            more, drawn = self.count_work(provers, micros)
            spent, joules = spent + more, joules + drawn
        stage = 0 if delay is None else int(stage_of(self.parameters, delay))
        self.outcomes.append(SlotOutcome(
            record.slot, stage, delay, None if seen is None else seen / MICROS, winner, spent,
            joules, win.prover_gwei if win is not None else 0))

    # What the ledger says of a place

    def _identities(self, place: int) -> Sequence[int]:
        return range(place, self._identity[place] + 1, len(self.kinds))

    def _earned(self, place: int) -> int:
        return sum(self.ledger.earned.get(one, 0) for one in self._identities(place))

    def _bonded(self, place: int) -> BondedProver:
        """As the ledger knows it now."""
        return self.ledger.provers[self._identity[place]]

    def _penalties(self, place: int) -> int:
        """Paid in, less what is there still or was paid out."""
        there = self._bonded(place).bond if self._owned[place] else 0
        return self._paid_in[place] - self._former_gwei[place] - there

    def _bond(self, place: int) -> int:
        return self._bonded(place).stake if self._owned[place] else 0

    def _posted(self) -> float:
        return rewards.most(self.parameters, rewards.budget(self.stakes.base_gwei, self.ledger.rho))

    # What a prover changes

    def _begin_reviews(self) -> None:
        for place in self._reviewing:
            if self.present[place]:
                prover = self._bonded(place)
                missing = min(self._own_bond - prover.bond, prover.delegated)
                if missing > 0:
                    self._deposit(place, missing)
                    prover.delegated -= missing
        there = list(map(self._bonded, np.flatnonzero(self.present).tolist()))
        self._weight = sum(one.stake * one.reliability for one in there)
        self._usual = sum(one.reliability for one in there) / len(there) if there else BPS

    def _own_weight(self, place: int) -> int:
        prover = self._bonded(place)
        return prover.stake * prover.reliability

    def _prospect(self, place: int, known: Prospect) -> Prospect:
        there, flags = known.at_work, self.parameters.defences
        budget = rewards.budget(self.stakes.base_gwei, self.ledger.rho)
        return replace(
            known, others=(self._weight - (self._own_weight(place) if there else 0)) / BPS,
            least_bond_gwei=self.ledger.minimum_bond,
            reliability=(self._bonded(place).reliability if there else self._usual) / BPS,
            gain=flags.reliability / self.parameters.reliability_gain_divisor,
            loss=flags.reliability * (1 - self.parameters.reliability_miss_bps / BPS),
            fine_gwei=penalties.primary_penalty(self.parameters, budget),
            window_seconds=(self.parameters.primary_blocks * self.slot_micros
                            - self._travel) / MICROS,
            first=[(second if one == place else first) / MICROS
                   if (second if one == place else first) >= 0 else np.inf
                   for one, first, second in self.first])

    def _enter(self, place: int, bond: int, slot: int) -> bool:
        """With a new identity, once nothing is left of the one before."""
        identity = self._identity[place]
        if self._owned[place]:
            former = self._bonded(place)
            former.delegated = 0
            if former.bond:
                try:
                    self._former_gwei[place] += self.ledger.withdraw(identity, slot)
                except ValueError:
                    return False
            identity += len(self.kinds)
        self._identity[place] = identity
        self._join(place, max(bond, self.ledger.minimum_bond))
        self._weight += self._own_weight(place)
        return True

    def _deposit(self, place: int, amount: int) -> None:
        self.ledger.deposit(self._identity[place], amount)
        self._paid_in[place] += amount

    def _leave(self, place: int, slot: int) -> None:
        self._weight -= self._own_weight(place)
        self.ledger.leave(self._identity[place], slot)

    def _rebond(self, place: int, bond: int) -> None:
        """The own bond stays what it is, at least; the rest it delegates to itself."""
        self._weight -= self._own_weight(place)
        prover = self._bonded(place)
        missing = min(max(bond, self.ledger.minimum_bond), self._own_bond) - prover.bond
        if missing > 0:
            self._deposit(place, missing)
        prover.delegated = max(0, bond - prover.bond)
        self._weight += self._own_weight(place)
