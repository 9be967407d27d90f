"""A small network to attack: honest provers and proposers on one ledger, and an agent among them.

All chance is fixed by the seed before the first slot, so an attack and honest play meet the same
luck, and their difference is what the attack earns. All provers have the same speed: a proof is
there one slot after its stage opens, if the setting does not say otherwise.
"""

import copy
import random
from collections import defaultdict
from dataclasses import dataclass, field, replace

from proofmill.host.network.mechanism import bonds, rewards
from proofmill.host.network.mechanism.division import Turn, divided_slots
from proofmill.host.network.mechanism.hashing import keccak_words
from proofmill.host.network.mechanism.invariants import check_slot
from proofmill.host.network.mechanism.ledger import RewardLedger
from proofmill.host.network.mechanism.lottery import mix_epoch
from proofmill.host.network.mechanism.parameters import Defences, Parameters
from proofmill.host.network.mechanism.records import SlotRecord, Submission

BASE_GWEI = 11_448_000
"""B of 64 validators with 32 ETH each, 8 slots an epoch."""
STAKE_GWEI = 1_000_000_000
BLOCK_REWARD_GWEI = BASE_GWEI * 8 // 64
"""What the proposer of a block has from layer 1, PROPOSER_WEIGHT of B."""
PROOF_COST_GWEI = 14_000
"""Energy of one proof: 200 W for 5 s at 0.05 ETH a kWh."""
TRANSACTION_COST_GWEI = 2_000
"""What any transaction of an attacker costs."""
BLOCK_CHECKS = 16
"""Proofs that a block has room to verify."""
VALIDATORS = 64
"""Each votes once an epoch; they belong to provers as the stake does."""
VOTE_GWEI = BASE_GWEI * 8 // VALIDATORS * 14 // 64
"""What layer 1 pays a validator for naming the right head: TIMELY_HEAD_WEIGHT of its base."""
WITNESSES = 512
"""Of a slot, where they count: PTC_SIZE of Gloas, layer 1's payload timeliness committee."""
ABSENT_WITNESSES = 0.05
"""Of honest ones, those that say nothing."""
CUT_FROM = 4
STRANGER = -1
"""A proposer that is not the attacker's."""


@dataclass(frozen=True)
class Setting:
    """The network of an attack. `share`: the attacker's part of stake and of proposers.

    `failure_rate`: of honest proofs; `slots`: how long it is played; `proof_slots`: how long after
    its stage opens a proof is there.
    """

    share: float = 0.2
    identities: int = 1
    honest: int = 8
    failure_rate: float = 0.02
    slots: int = 160
    rho_start: int | None = None
    reliability_bps: int = 10_000
    proof_slots: int = 1
    witnesses: int = WITNESSES
    cut: range = range(0)
    """Slots in which honest provers from number `CUT_FROM` on are in another part of the network,
    with their validators: nothing of theirs comes into this one."""


@dataclass
class Entry:
    """A proof on its way into a block; a lower `rank` comes first.

    `listed`: a block before could have had it, so the inclusion lists for this one name it. For the
    first block that could, it may have come after the lists were made.
    """

    rank: int
    proven_slot: int
    submission: Submission
    listed: bool = False


class Agent:
    """An attacker that behaves; attacks override what they do differently.

    `paid_out` is what has left the network for good, `costs` what was spent. Both in gwei.
    """

    def __init__(self) -> None:
        self.net: Arena
        self.costs = 0
        self.paid_out = 0

    empty_costs = BLOCK_REWARD_GWEI
    """What a slot of its own without a block costs it; nothing where it keeps the payload alone
    back, since layer 1 pays for the beacon block."""
    votes_count = False
    """Whether votes have to be looked at, since it may keep some back."""

    def votes(self, slot: int) -> bool:
        """Whether its validators whose turn a slot is vote for this branch."""
        return True

    def before_slot(self, slot: int) -> None:
        """Before the slot's draw, whose mix is public."""

    def choose_root(self, slot: int, root: bytes) -> bytes:
        """The payload's root, when the attacker proposes the slot."""
        return root

    def proposes(self, slot: int) -> bool:
        """Whether it makes a block in a slot of its own."""
        return True

    def slots_late(self, record: SlotRecord, identity: int) -> int:
        """How much later than others' a proof of its own is there."""
        return 0

    def worth(self, record: SlotRecord) -> int:
        """About what it brings to be drawn as the slot's primary, gwei: by this the luck of the
        draws is left out of a gain. Its mean is the same for any amount that no draw decides."""
        return rewards.most(self.net.parameters, record.budget)

    def delivers(self, record: SlotRecord, identity: int, stage: int) -> bool:
        """Whether an own identity that is to prove does."""
        return True

    def witnesses(self, slot: int) -> list[tuple[int, int]]:
        """Proofs that its witnesses of a slot say they have, and do not: (proven slot, prover)."""
        return []

    def confirms(self, entry: Entry) -> bool:
        """Whether its witnesses say that they have a proof that is there."""
        return True

    def mempool(self, slot: int, entries: list[Entry]) -> list[Entry]:
        """What the attacker adds, seeing all honest proofs that are on their way into this slot."""
        return []

    def block(self, slot: int, entries: list[Entry]) -> list[Entry]:
        """What it includes when it proposes; the rest waits for the next block."""
        return entries

    def after_slot(self, slot: int) -> None:
        """After the slot's block."""

    branches = False
    """Whether it ever undoes a block."""

    def undoes(self, slot: int) -> bool:
        """Whether it has the block of this slot undone, whatever it took out before."""
        return False


@dataclass
class Arena:
    """The network; `play` returns what the agent earned, in gwei."""

    setting: Setting
    defences: Defences
    seed: int
    agent: Agent
    parameters: Parameters = field(init=False)
    ledger: RewardLedger = field(init=False)

    def __post_init__(self) -> None:
        start = self.setting.rho_start
        self.parameters = Parameters(defences=self.defences)
        if start is not None:
            self.parameters = replace(self.parameters, rho_start=start)
        largest = rewards.largest_budget(self.parameters, BASE_GWEI)
        self.ledger = RewardLedger(self.parameters, bonds.minimum_bond(Parameters(), largest))
        honest = STAKE_GWEI * self.setting.honest
        attacker = int(honest * self.setting.share / (1 - self.setting.share))
        self.own = tuple(range(100, 100 + self.setting.identities))
        for identity in range(self.setting.honest):
            self.ledger.join(identity, STAKE_GWEI, reliability_bps=10_000)
        for identity in self.own:
            self.ledger.join(identity, attacker // len(self.own),
                             reliability_bps=self.setting.reliability_bps)
        self._bonds = {i: self.ledger.provers[i].bond for i in self.own}
        self._queue: dict[int, list[Entry]] = defaultdict(list)
        self.luck = 0.0
        """Gwei that the draws of primaries have brought over their expectation, which is 0: what
        may be subtracted from a gain to measure its mean with less noise."""
        self._busy: set[tuple[int, int]] = set()
        self.proposers = [
            self.own[0] if self._luck("propose", slot).random() < self.setting.share else STRANGER
            for slot in range(self.setting.slots + 64)]
        own = int(VALIDATORS * self.setting.share)
        others = range(VALIDATORS - own)
        self._voter = [self.own[0]] * own + [
            number * self.setting.honest // len(others) for number in others]
        self._turns: dict[int, Turn] = {}
        self._seen: list[tuple[int, int, int]] = []
        """What witnesses have seen and no block has told: (slot, proven slot, prover)."""
        self.agent.net = self

    def play(self) -> int:
        """Play all slots and until everything is final; the agent's gain in gwei."""
        slots = self.setting.slots
        tail = 3 * self.parameters.slots_per_epoch + self.parameters.window_blocks
        for slot in range(slots + tail):
            self._step(slot, has_payload=slot < slots)
        self.ledger.finalise(slots + tail)
        return self.gain()

    def gain(self) -> int:
        """What the agent has, over what it started with."""
        ledger = self.ledger
        earned = sum(ledger.earned[i] for i in self.own) + ledger.included[self.own[0]]
        bonds_lost = sum(self._bonds[i] - ledger.provers[i].bond for i in self.own
                         if i in ledger.provers)
        return earned + self.agent.paid_out - bonds_lost - self.agent.costs

    def fined(self) -> int:
        """What honest provers have paid out of their bonds, in gwei."""
        return sum(STAKE_GWEI - self.ledger.provers[identity].bond
                   for identity in range(self.setting.honest))

    def mix(self, epoch: int) -> bytes:
        """The final mix of an epoch; -1 for genesis."""
        return keccak_words(self.seed, epoch + 1, 7)

    def mix_for(self, slot: int) -> bytes:
        """The mix that draws the provers of a slot."""
        epoch = mix_epoch(slot // self.parameters.slots_per_epoch)
        return self.mix(-1 if epoch is None else epoch)

    def proof(self, record: SlotRecord, identity: int) -> Submission:
        """A real proof made by `identity`."""
        return Submission(record.key, identity, b"%d/%d" % (record.slot, identity), identity)

    def _luck(self, what: str, *numbers: int) -> random.Random:
        return random.Random(f"{self.seed}/{what}/{numbers}")

    def _step(self, slot: int, has_payload: bool) -> None:
        ledger = self.ledger
        proposer = self.proposers[slot]
        self._vote(slot)
        if self.defences.witnesses:
            self._witness(slot, self._queue.get(slot, []))
        skipped = proposer != STRANGER and not self.agent.proposes(slot)
        if skipped or self._is_dropped(slot) or proposer == STRANGER and self._is_cut(
                self._luck("proposer", slot).randrange(self.setting.honest), slot):
            self.agent.costs += self.agent.empty_costs * skipped
            self._wait(slot, self._queue.pop(slot, []))
            self._close(slot, block=False)
            self._open_stages(slot)
            return
        self._tell(proposer)
        if has_payload:
            self.agent.before_slot(slot)
            root = keccak_words(self.seed, slot, 8)
            if proposer != STRANGER:
                root = self.agent.choose_root(slot, root)
            record = ledger.open_slot(slot, root, self.mix_for(slot), BASE_GWEI)
            primary = record.assignment.primary
            self._weigh(record)
            self._prove(record, sorted(ledger.bonded()) if primary is None else [primary], slot, 1)
        entries = sorted(self._queue.pop(slot, []), key=lambda e: e.rank)
        before = None
        if self.agent.branches and any(e.submission.prover in self.own for e in entries):
            before = copy.deepcopy(self.ledger)
        entries = sorted([*self.agent.mempool(slot, entries), *entries], key=lambda e: e.rank)
        chosen = entries if proposer == STRANGER else self.agent.block(slot, entries)
        waiting = [entry for entry in entries if entry not in chosen]
        checks = 0
        for entry in chosen:
            if checks == BLOCK_CHECKS:
                waiting.append(entry)
                continue
            answer = ledger.include(slot, proposer, entry.proven_slot, entry.submission)
            checks += answer in ("", "the proof does not verify")
        self._close(slot)
        self.agent.after_slot(slot)
        if before is not None and self.agent.undoes(slot):
            self.ledger, waiting = before, entries
            self._close(slot)
            self.agent.after_slot(slot)
        self._wait(slot, [e for e in waiting if not self._won(e.proven_slot)])
        self._open_stages(slot)
        if replace(self.defences, witnesses=False) == Defences():
            check_slot(self.ledger)

    def _is_dropped(self, slot: int) -> bool:
        """Whether the agent's payload leaves out a listed proof, so that nobody builds on it.

        Layer 1 pays for the beacon block all the same: the specification drops the payload alone.
        """
        if self.proposers[slot] == STRANGER or not self.defences.inclusion_lists:
            return False
        entries = sorted(self._queue.get(slot, []), key=lambda e: e.rank)
        included = self.agent.block(slot, entries)
        return any(entry.listed and entry not in included for entry in entries)

    def _witness(self, slot: int, entries: list[Entry]) -> None:
        """What more than half of the slot's witnesses say that they have."""
        claims = self.agent.witnesses(slot)
        if not entries and not claims:
            return
        luck, count = self._luck("witnesses", slot), self.setting.witnesses
        own = sum(luck.random() < self.setting.share for _ in range(count))
        there = sum(luck.random() >= ABSENT_WITNESSES for _ in range(count - own))
        said = {(entry.proven_slot, entry.submission.prover):
                there + own * self.agent.confirms(entry) for entry in entries}
        for proof in claims:
            said.setdefault(proof, own)
        self._seen += [(slot, *proof) for proof, voices in said.items() if 2 * voices > count]

    def _tell(self, proposer: int) -> None:
        """The block says what witnesses had; the attacker's says it of its own proofs alone."""
        later = []
        for slot, proven_slot, prover in self._seen:
            if proposer == STRANGER or prover in self.own:
                self.ledger.witness(slot, proven_slot, prover)
            else:
                later.append((slot, proven_slot, prover))
        self._seen = later

    def _wait(self, slot: int, entries: list[Entry]) -> None:
        """What the block of `slot` has not, for the next one."""
        self._queue[slot + 1] += [replace(entry, listed=True) for entry in entries]

    def _is_cut(self, identity: int, slot: int) -> bool:
        """Whether an honest prover is in another part of the network."""
        return slot in self.setting.cut and CUT_FROM <= identity < self.setting.honest

    def _vote(self, slot: int) -> None:
        """Layer 1's votes of a slot, where somebody might not vote for this branch."""
        if not (self.setting.cut or self.agent.votes_count):
            return
        per_epoch = self.parameters.slots_per_epoch
        each = VALIDATORS // per_epoch
        order = self._luck("shuffle", slot // per_epoch).sample(range(VALIDATORS), VALIDATORS)
        members = order[slot % per_epoch * each:(slot % per_epoch + 1) * each]
        own = [one for one in members if self._voter[one] in self.own]
        back = [] if self.agent.votes(slot) else own
        self.agent.costs += len(back) * VOTE_GWEI
        self._turns[slot] = Turn(members, [
            one for one in members
            if one not in back and not self._is_cut(self._voter[one], slot)])
        # What the block of `slot` can say: of the slots before it, by the votes in blocks.
        self.ledger.divided = divided_slots(
            {one: turn for one, turn in self._turns.items() if one < slot},
            dict.fromkeys(range(VALIDATORS), 1), per_epoch)

    def _close(self, slot: int, block: bool = True) -> None:
        self.ledger.close_slot(slot, self.mix(1_000_000 + slot), block)
        self.ledger.finalise(slot - 2 * self.parameters.slots_per_epoch)

    def _weigh(self, record: SlotRecord) -> None:
        """Add to `luck` what the primary's draw brought over what the weights made likely."""
        primary, within = record.assignment.primary, record.candidates
        if primary is not None:
            won = (primary in self.own) - sum(map(within.weight_of, self.own)) / within.total
            self.luck += won * self.agent.worth(record)

    def _won(self, proven_slot: int) -> bool:
        record = self.ledger.open.get(proven_slot)
        return record is None or bool(record.wins)

    def _open_stages(self, slot: int) -> None:
        parameters = self.parameters
        for record in list(self.ledger.open.values()):
            drawn = record.assignment
            if record.wins or drawn.primary is None:
                continue
            delay = self.ledger.delay(record, slot + 1) - 1
            if delay == parameters.primary_blocks:
                self._prove(record, drawn.committee, slot, 2)
            elif delay == parameters.committee_blocks:
                self._prove(record, sorted(self.ledger.bonded()), slot, 3)

    def _prove(self, record: SlotRecord, identities: object, slot: int, stage: int) -> None:
        """Each of these proves the record's slot; an honest prover fails now and then."""
        assert isinstance(identities, list | tuple)
        for identity in identities:
            if (record.slot, identity) in self._busy:
                continue
            luck = self._luck("prove", record.slot, identity)
            if identity in self.own:
                if not self.agent.delivers(record, identity, stage):
                    continue
                self.agent.costs += PROOF_COST_GWEI
            self._busy.add((record.slot, identity))
            fails = luck.random() < self.setting.failure_rate
            late = self.agent.slots_late(record, identity) if identity in self.own else 0
            landing = slot + self.setting.proof_slots + late
            if self._is_cut(identity, landing):
                landing = self.setting.cut.stop
            if not fails:
                self._queue[landing].append(
                    Entry(luck.randrange(1, 1 << 30), record.slot, self.proof(record, identity)))
