"""The mechanism run slot by slot on one branch: what the contracts do, as plain objects.

The order within a slot that has a block: `open_slot` (its payload, its draw), `include` once for
each proof in the block, `close_slot` (winners, missed windows, settled epochs), and `finalise` when
finality moves. In a slot without a block nothing happens. A reorganisation is a copy of the ledger
made before the fork (`RewardLedger.fork`).
"""

import logging
from collections import defaultdict, deque
from collections.abc import Collection, Sequence
from copy import copy
from dataclasses import replace
from functools import cache, partial

from proofmill.host.ground.units import BPS
from proofmill.host.network.mechanism import bonds, controller, penalties, reliability, rewards
from proofmill.host.network.mechanism.hashing import keccak_words
from proofmill.host.network.mechanism.lottery import (
    Ticket,
    Tickets,
    assign,
    batch_seed,
    pick_from_batch,
    slot_seed,
    weight_epoch,
    weights,
)
from proofmill.host.network.mechanism.parameters import MOST_PENALTIES, Parameters
from proofmill.host.network.mechanism.records import (
    BondedProver,
    Penalty,
    SlotRecord,
    Standing,
    Submission,
    Totals,
    Win,
)
from proofmill.host.network.mechanism.stages import first_delay, may_prove, stage_of

log = logging.getLogger(__name__)

FROZEN_EPOCHS = 4
"""How far back weights are looked for where epochs had no block."""


class RewardLedger:
    """Bonds, draws, wins and penalties of one branch.

    A rule of one's own derives from it and overrides `weights_of`, `budget_of`, `shares_of` or
    `next_rho`; the invariants are checked on it as well.
    """

    def __init__(self, parameters: Parameters, minimum_bond: int) -> None:
        """`minimum_bond`: gwei; see `bonds.minimum_bond`."""
        self.parameters = parameters
        self.minimum_bond = minimum_bond
        self.provers: dict[int, BondedProver] = {}
        self.standing = Standing(minimum_bond)
        """Who is short of a bond, and who is leaving."""
        self.rho = parameters.rho_start
        self.totals = Totals()
        self.open: dict[int, SlotRecord] = {}
        """Slots whose windows have not all passed, and those of unsettled epochs."""
        self.blocks = 0
        """Blocks whose slots are closed."""
        self.earned: dict[int, int] = defaultdict(int)
        """Matured prover rewards and bounties, by prover."""
        self.included: dict[int, int] = defaultdict(int)
        """Matured includer rewards, by proposer."""
        self.pending: deque[Win] = deque()
        self.escrow: list[Penalty] = []
        self.settled: list[tuple[Penalty, penalties.Settlement, int | None]] = []
        """Every penalty that has been settled, how, and who got the bounty."""
        self.settled_epochs = 0
        self.finalised_slot = -1
        self.divided: frozenset[int] = frozenset()
        """Slots in which, as the votes on this branch say, the network was divided: from layer 1,
        before each `close_slot`. What counts is what is known when an epoch is settled."""
        self._missed: dict[int, int] = defaultdict(int)
        """Primaries that missed, by epoch that is not settled."""
        self._may_settle = 0
        """How many penalties the block that closes slots may settle still."""
        self._frozen: dict[int, Tickets] = {}
        self._paid: set[bytes] = set()
        self._closed_slot = -1

    def fork(self) -> "RewardLedger":
        """A copy with nothing in common that either could change; costs what is open."""
        other = copy(self)
        other.standing = Standing(self.minimum_bond)
        other.provers = {identity: prover.copied(other.standing)
                         for identity, prover in self.provers.items()}
        other.totals = replace(self.totals)
        other.open = {slot: record.fork() for slot, record in self.open.items()}
        other.earned, other.included = self.earned.copy(), self.included.copy()
        other.pending, other.escrow = self.pending.copy(), self.escrow.copy()
        other.settled = self.settled.copy()
        other._missed = self._missed.copy()
        other._frozen, other._paid = self._frozen.copy(), self._paid.copy()
        return other

    def join(self, identity: int, bond: int, delegated: int = 0, *, calibrated: bool = True,
             reliability_bps: int | None = None) -> BondedProver:
        """A prover bonds. Without calibration proofs it has no weight.

        `reliability_bps` overrides the first value, for a prover that is not new. ValueError for a
        bond below the minimum, or an identity that is taken.
        """
        if bond < self.minimum_bond:
            raise ValueError(f"a bond is {self.minimum_bond} gwei or more, not {bond}")
        if identity in self.provers:
            raise ValueError(f"prover {identity} has joined already")
        proofs = self.parameters.calibration_proofs if calibrated else 0
        q = reliability.first(self.parameters, proofs)
        prover = BondedProver(identity, bond, delegated, proofs,
                              q if reliability_bps is None else reliability_bps, self.standing)
        self.provers[identity] = prover
        return prover

    def deposit(self, identity: int, amount: int) -> None:
        """Add to a bond. ValueError for a prover that is unknown or leaving."""
        prover = self.provers.get(identity)
        if prover is None or prover.leaving_since is not None:
            raise ValueError(f"prover {identity} has left, or has never joined")
        prover.bond += amount

    def leave(self, identity: int, slot: int) -> None:
        """A prover asks for its bond: it keeps its duties, and what they can cost, and gets no
        weight any more. ValueError as `deposit`."""
        self.deposit(identity, 0)
        self.provers[identity].leaving_since = slot // self.parameters.slots_per_epoch

    def withdraw(self, identity: int, slot: int) -> int:
        """Pay out the bond of a prover that has left; how much. ValueError before its time."""
        prover = self.provers[identity]
        epoch = slot // self.parameters.slots_per_epoch
        if prover.leaving_since is None or epoch < bonds.withdrawable_epoch(
                self.parameters, prover.leaving_since):
            raise ValueError(f"prover {identity} has not left, or has to wait")
        if prover.duties or not prover.bond:
            raise ValueError(f"prover {identity} has open duties, or nothing to withdraw")
        amount, prover.bond = prover.bond, 0
        return amount

    def bonded(self) -> set[int]:
        """Provers whose bond is whole and who are not leaving."""
        return set(self.provers) - self.standing.out()

    def weights_of(self, provers: Sequence[BondedProver]) -> list[int]:
        """The rule of weights: whole numbers of 0 or more, by which they are drawn."""
        if not self.parameters.defences.weight_by_bond:
            return [1] * len(provers)
        return weights([one.stake for one in provers], [one.reliability for one in provers])

    def budget_of(self, base: int, load: int) -> int:
        """The rule of budgets: R of a slot in gwei; `base`: B, `load`: G in basis points."""
        return rewards.budget(base, self.rho, load)

    def shares_of(self, record: SlotRecord, delay: int) -> tuple[int, int]:
        """The rule of pay: gwei for the prover and for the includer of a proof that is in a block
        `delay` blocks after the proven one; together at most the slot's budget."""
        return rewards.split(self.parameters, record.budget, delay)

    def next_rho(self, coverage_bps: int) -> int:
        """The rule of the controller: rho of the next epoch, in billionths."""
        return controller.next_rho(self.parameters, self.rho, coverage_bps)

    def tickets(self) -> Tickets:
        """Everybody's ticket as it stands now."""
        out = self.standing.out()
        everybody = [self.provers[identity] for identity in sorted(self.provers)]
        provers = [one for one in everybody if one.reliability and one.identity not in out]
        found = self.weights_of(provers)
        if len(found) != len(provers) or min(found, default=0) < 0:
            raise ValueError(f"weights_of gives {len(found)} weights of {min(found, default=0)} "
                             f"or more to {len(provers)} provers; each has one of 0 or more")
        return Tickets([one.identity for one in provers], found)

    def tickets_for(self, slot: int) -> Tickets:
        """The tickets that the draw of `slot` uses, before anybody is passed over."""
        if not self.parameters.defences.frozen_weights:
            return self.tickets()
        epoch = weight_epoch(slot // self.parameters.slots_per_epoch)
        known = [frozen for frozen in self._frozen if frozen <= epoch]
        return self._frozen[max(known)] if known else Tickets([], [])

    def freeze(self, epoch: int) -> None:
        """Freeze the weights at the first block of an epoch; they count two epochs later."""
        self._frozen[epoch] = self.tickets()
        # A draw of this epoch looks for the latest weights among those of epoch - 2 and three more.
        oldest = weight_epoch(epoch) - FROZEN_EPOCHS
        self._frozen = {e: t for e, t in self._frozen.items() if e > oldest}

    def begin_epoch(self, slot: int) -> None:
        """Freeze the weights if `slot` is the first of its epoch with a block."""
        epoch = slot // self.parameters.slots_per_epoch
        if epoch not in self._frozen:
            self.freeze(epoch)

    def delay(self, record: SlotRecord, slot: int) -> int:
        """The delay of a proof in the block of `slot`, whose slot is the first not closed."""
        flags = self.parameters.defences
        if flags.blocks_count and not flags.witnesses:
            return self.blocks - record.block
        return slot - record.slot

    def delay_of(self, record: SlotRecord, slot: int, prover: int) -> int:
        """The delay of a prover's proof that is in the block of `slot`: to the slot, from that on
        in which it may prove, in which layer 1's witnesses had it, where that is earlier and they
        count."""
        seen, delay = record.witnessed.get(prover), self.delay(record, slot)
        if not self.parameters.defences.witnesses or seen is None:
            return delay
        first = first_delay(self.parameters, record.assignment, prover)
        return min(delay, max(seen - record.slot, first))

    def witness(self, slot: int, proven_slot: int, prover: int) -> None:
        """More than half of the witnesses of `slot` had the prover's proof of `proven_slot`. From
        layer 1, before what is included in the block that tells it; again, it changes nothing."""
        record = self.open.get(proven_slot)
        if record is not None and prover in self.provers and slot >= proven_slot:
            record.witnessed[prover] = min(slot, record.witnessed.get(prover, slot))

    def open_slot(self, slot: int, root: bytes, mix: bytes, base: int, load: int = BPS,
                  proposer: int | None = None) -> SlotRecord:
        """A payload appears: draw who is to prove it.

        `root`: the payload's, 32 bytes; `mix`: the one `lottery.mix_epoch` names; `base`: B in
        gwei; `load`: G in basis points; `proposer`: the slot's, if it is a prover.
        """
        parameters, flags = self.parameters, self.parameters.defences
        self.begin_epoch(slot)
        budget = self.budget_of(base, load)
        seed = slot_seed(mix if flags.old_mix else keccak_words(mix, root), slot)
        tickets = self.tickets_for(slot)
        penalty = penalties.primary_penalty(parameters, budget)
        passed = self._passed_over(tickets, penalty)
        drawn = assign(seed, tickets if flags.stages else (), parameters.committee_size, proposer,
                       passed)
        record = SlotRecord(slot, self.blocks, (root, 0), budget, proposer, seed, tickets, drawn,
                            passed)
        if drawn.primary is not None:
            self.provers[drawn.primary].duties[slot] = penalty
        for member in drawn.committee:
            self.provers[member].duties[slot] = penalties.committee_penalty(parameters, budget)
        self.open[slot] = record
        self.totals.budgets += budget
        return record

    def include(self, slot: int, includer: int, proven_slot: int, submission: Submission) -> str:
        """A proof is in the block of `slot`; why it does not count, or "" if it does.

        An invalid one costs its signer a slice of the bond, whose bounty is the includer's.
        """
        if slot <= self._closed_slot:
            return "the slot is over"
        record = self.open.get(proven_slot)
        if record is None or record.key != submission.key:
            return "the payload is unknown, or its window has passed"
        prover = self.provers.get(submission.prover)
        delay, flags = self.delay_of(record, slot, submission.prover), self.parameters.defences
        if delay < 1 or prover is None:
            return "the proof is early, or its signer is not bonded"
        if not may_prove(self.parameters, record.assignment, prover.identity, delay,
                         self.standing):
            return "its signer is not eligible in this stage"
        if prover.identity in record.barred:
            return "its signer is barred from this payload"
        if flags.statement_key:
            if record.wins or prover.identity in record.kept:
                return "the slot is proven already"
        elif submission.proof in self._paid or any(
                s.proof == submission.proof for s, _ in record.batch):
            return "the same bytes are paid already"
        slice_gwei = penalties.invalid_penalty(self.parameters, record.budget)
        if not bonds.covers(self.parameters, prover.bond, (prover.liabilities,), slice_gwei):
            return "its signer's bond would not cover an invalid proof"
        if not submission.verifies(flags.bound_proofs):
            charged = flags.every_penalty or sum(
                p.slot == proven_slot for p in self.escrow) < MOST_PENALTIES
            if flags.invalid_penalty and charged:
                record.barred.add(prover.identity)
                self._take(Penalty(prover.identity, proven_slot, slice_gwei, "invalid", includer))
            return "the proof does not verify"
        record.batch.append((submission, includer))
        record.kept[prover.identity] = delay
        prover.delivered = True
        return ""

    def close_slot(self, slot: int, next_mix: bytes, block: bool = True) -> None:
        """End of a slot: pick its winners, judge windows that end with it, settle what is due, and
        of that `settlements_per_block` penalties at most.

        `next_mix`: `prevrandao` of the next block, which no proposer so far could know. `block`:
        whether the slot had one; without, no window moves. Calling it again for the same slot
        changes nothing.
        """
        flags = self.parameters.defences
        if slot <= self._closed_slot or not block and (flags.blocks_count or flags.witnesses):
            return
        self._closed_slot = slot
        self._may_settle = self.parameters.settlements_per_block
        stages = ((self.parameters.primary_blocks, self._judge_primary),
                  (self.parameters.committee_blocks, self._judge_committee))
        for record in list(self.open.values()):
            self._decide(record, slot, next_mix)
            delay = self.delay(record, slot)
            for stage, (last, judge) in enumerate(stages):
                # What witnesses had in a stage's last slot the next block tells.
                if record.stages_judged == stage and delay >= last + flags.witnesses:
                    record.stages_judged, record.judged = stage + 1, slot
                    judge(record)
        if self._is_over(self.settled_epochs, slot):
            self._settle_epoch(self.settled_epochs)
        self.blocks += block
        if not flags.finality:
            self._mature(slot)

    def finalise(self, slot: int) -> None:
        """Everything up to `slot` is final: rewards proven and included by then mature."""
        self.finalised_slot = max(self.finalised_slot, slot)
        self._mature(self.finalised_slot)

    def _passed_over(self, tickets: Tickets, penalty: int) -> tuple[int, ...]:
        """Who has a ticket and a bond that does not cover one more duty of `penalty`, ascending.

        Where the minimum bond covers a first duty, only who is below it or has duties is asked.
        """
        asked: Collection[int] = tickets.provers
        if bonds.covers(self.parameters, self.minimum_bond, (), penalty):
            asked = self.standing.short.union(
                *(record.assignment.drawn for record in self.open.values()))
        passed = (prover for prover in map(self.provers.__getitem__, asked)
                  if not bonds.covers(self.parameters, prover.bond, (prover.liabilities,), penalty))
        return tuple(sorted(p.identity for p in passed if tickets.holds(p.identity)))

    def _is_over(self, epoch: int, slot: int) -> bool:
        """Whether with `slot` the windows of all slots of an epoch have passed. With witnesses so
        many blocks and one have: one that leaves out what they had is not the last word."""
        end, window = (epoch + 1) * self.parameters.slots_per_epoch, self.parameters.window_blocks
        told = self.parameters.defences.witnesses
        return slot >= end and all(
            (self.blocks - record.block if told else self.delay(record, slot)) >= window + told
            for record in self.open.values() if record.slot < end)

    def _decide(self, record: SlotRecord, slot: int, next_mix: bytes) -> None:
        """Pay one of the proofs included in this slot."""
        if not record.batch:
            return
        flags = self.parameters.defences
        batch, record.batch = record.batch, []
        chosen = batch[:1] if flags.statement_key else batch
        if flags.statement_key and flags.slot_batch and len(batch) > 1:
            seed = batch_seed(next_mix, *record.key)
            winner = pick_from_batch(
                seed, [Ticket(s.prover, record.tickets.weight_of(s.prover)) for s, _ in batch],
                record.assignment.primary if flags.primary_first else None)
            chosen = [pair for pair in batch if pair[0].prover == winner]
        for submission, includer in chosen:
            delay = self.delay_of(record, slot, submission.prover)
            shares = self.shares_of(record, delay)
            win = Win(submission, record.slot, slot, includer,
                      stage_of(self.parameters, delay), delay, *shares, contenders=len(batch))
            record.wins.append(win)
            if not flags.statement_key:
                self._paid.add(submission.proof)
            self.totals.credited += sum(shares)
            self.pending.append(win)

    def _judge_primary(self, record: SlotRecord) -> None:
        primary = record.assignment.primary
        if primary is None:
            return
        if self._in_time(record, primary, self.parameters.primary_blocks):
            self._keep(primary, record.slot)
            for member in record.assignment.committee:
                self.provers[member].duties.pop(record.slot, None)
        else:
            self._miss(primary, record.slot, "primary")

    def _judge_committee(self, record: SlotRecord) -> None:
        for member in record.assignment.committee:
            if record.slot not in self.provers[member].duties:
                continue
            last = self.parameters.committee_blocks
            if self._in_time(record, member, last):
                self._keep(member, record.slot)
            elif record.win is not None and record.win.delay <= last:
                self.provers[member].duties.pop(record.slot)
            else:
                self._miss(member, record.slot, "committee")

    @staticmethod
    def _in_time(record: SlotRecord, prover: int, last: int) -> bool:
        return prover in record.kept and record.kept[prover] <= last

    def _keep(self, identity: int, slot: int) -> None:
        prover = self.provers[identity]
        prover.duties.pop(slot, None)
        if self.parameters.defences.reliability:
            prover.reliability = reliability.kept(self.parameters, prover.reliability)

    def _miss(self, identity: int, slot: int, reason: str) -> None:
        prover = self.provers[identity]
        amount, before = prover.duties.pop(slot), prover.reliability
        if self.parameters.defences.reliability:
            prover.reliability = reliability.missed(self.parameters, before)
        if reason == "primary":
            self._missed[slot // self.parameters.slots_per_epoch] += 1
            if not self.parameters.defences.bounty_from_bond:
                amount = 0
        self._take(Penalty(identity, slot, amount, reason, lost=before - prover.reliability))

    def _take(self, penalty: Penalty) -> None:
        self.provers[penalty.prover].bond -= penalty.amount
        self.totals.taken += penalty.amount
        self.escrow.append(penalty)

    def _settle_epoch(self, epoch: int) -> None:
        """Settle an epoch all of whose windows have passed: penalties, as many as this block may,
        and with the last of them rho and idle provers."""
        parameters, per_epoch = self.parameters, self.parameters.slots_per_epoch
        slots = [self.open[s] for s in range(epoch * per_epoch, (epoch + 1) * per_epoch)
                 if s in self.open]
        due = sorted((p for p in self.escrow if p.slot // per_epoch == epoch),
                     key=lambda p: p.slot)
        later = due[self._may_settle:]
        due = due[:len(due) - len(later)]
        self.escrow = [p for p in self.escrow if p.slot // per_epoch != epoch] + later
        misses = self._missed[epoch]
        primaries = sum(r.assignment.primary is not None for r in slots)
        outage = penalties.is_outage(parameters, misses, primaries)
        for penalty in due:
            self._settle(penalty, outage and penalty.reason != "invalid")
        self._may_settle -= len(due)
        if later:
            return
        duty = "committee" if parameters.defences.rescues_count else "primary"
        last = (parameters.committee_blocks if parameters.defences.rescues_count
                else parameters.primary_blocks)
        in_time = [r.win is not None and r.win.delay <= last for r in slots]
        counted = sum(proven or not (self._was_divided(r) or self.was_witnessed(r, duty))
                      for r, proven in zip(slots, in_time, strict=True))
        self.rho = self.next_rho(controller.coverage_bps(sum(in_time), counted))
        idle = cache(partial(reliability.idle, parameters))  # few values, many provers
        leaving = self.standing.leaving
        for prover in self.provers.values():
            if prover.delivered:
                prover.delivered = False
            elif prover.identity not in leaving:
                prover.reliability = idle(prover.reliability)
        for record in slots:
            del self.open[record.slot]
        self._missed.pop(epoch, None)
        self.settled_epochs = epoch + 1
        log.debug("epoch %d is settled: %d penalties, %d of %d primaries missed, rho %d", epoch,
                  len(due), misses, primaries, self.rho)

    def _was_divided(self, record: SlotRecord) -> bool:
        """Whether the network was, in a slot from the proven one to the one that ended its duties,
        so that those in the other part could not reach who proposed here."""
        if not self.parameters.defences.divided_excused or record.judged is None:
            return False
        return any(record.slot <= slot <= record.judged for slot in self.divided)

    def was_witnessed(self, record: SlotRecord, duty: str) -> bool:
        """Whether layer 1's witnesses had a proof that keeps a duty in its time, whatever blocks
        made of it: the primary's in stage 1, or for the committee one of any of those drawn."""
        if not self.parameters.defences.witnesses:
            return False
        drawn, primary = record.assignment, duty == "primary"
        last = self.parameters.primary_blocks if primary else self.parameters.committee_blocks
        return any(record.witnessed[one] - record.slot <= last for one in record.witnessed
                   if one == drawn.primary or not primary and one in drawn.committee)

    def _settle(self, penalty: Penalty, outage: bool) -> None:
        record = self.open[penalty.slot]
        win = record.win
        excused = self._is_excused(penalty, record)
        rescuer = penalty.reporter
        if penalty.reason != "invalid" and win is not None:
            rescuer = win.submission.prover
        earned = rescuer is not None and rescuer != penalty.prover
        amounts = penalties.settle(self.parameters, penalty.amount, outage, earned, excused)
        self.settled.append((penalty, amounts, rescuer if earned and not excused else None))
        self.totals.burned += amounts.burned
        self.totals.bounties += amounts.bounty
        self.totals.kept += amounts.kept
        prover = self.provers[penalty.prover]
        prover.bond += amounts.kept
        if excused:
            prover.reliability = reliability.forgiven(prover.reliability, penalty.lost)
        elif earned and rescuer is not None:
            if penalty.reason == "invalid":
                self.included[rescuer] += amounts.bounty
            else:
                self.earned[rescuer] += amounts.bounty
                self._mint_bounty(penalty, rescuer)

    def _is_excused(self, penalty: Penalty, record: SlotRecord) -> bool:
        """Whether a penalty costs nothing: of a miss that nobody could help."""
        return penalty.reason != "invalid" and (
            self._was_divided(record) or self.was_witnessed(record, penalty.reason))

    def _mint_bounty(self, penalty: Penalty, rescuer: int) -> None:
        """With the defence off, a rescue is rewarded although nobody pays for it."""
        if penalty.reason == "primary" and not self.parameters.defences.bounty_from_bond:
            minted = self.parameters.penalty_multiple * rewards.most(
                self.parameters, self.open[penalty.slot].budget) // 2
            self.earned[rescuer] += minted
            self.totals.minted_bounties += minted

    def _mature(self, slot: int) -> None:
        while self.pending and self.pending[0].included_slot <= slot:
            win = self.pending.popleft()
            self.earned[win.submission.prover] += win.prover_gwei
            self.included[win.includer] += win.includer_gwei
            self.totals.matured += win.prover_gwei + win.includer_gwei
