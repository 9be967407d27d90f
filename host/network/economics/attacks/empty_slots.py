"""Attacks by proposers who leave their slots empty, so that no block has room for a proof."""

from functools import partial
from math import comb

from proofmill.host.ground.units import BPS
from proofmill.host.network.economics.attacks.arena import (
    BASE_GWEI,
    WITNESSES,
    Agent,
    Arena,
    Entry,
    Setting,
)
from proofmill.host.network.economics.attacks.harm import Harm, Outcome
from proofmill.host.network.economics.attacks.measure import Attack
from proofmill.host.network.economics.attacks.theft import against
from proofmill.host.network.mechanism import penalties, rewards
from proofmill.host.network.mechanism.parameters import BILLION, Defences, Parameters
from proofmill.host.network.mechanism.records import SlotRecord

LATE_PERCENT = 10
"""Of its proofs, those that come `LATE_SLOTS` after they should."""
LATE_SLOTS = 2
SHARE = 1 / 3
"""Of stake and proposers, the late prover's."""


class Emptier(Agent):
    """Makes no block where another primary's proof, which takes more than a slot, comes in time
    for that block alone. Its witnesses have seen none."""

    def confirms(self, entry: Entry) -> bool:
        return entry.submission.prover in self.net.own

    def proposes(self, slot: int) -> bool:
        net = self.net
        record = net.ledger.open.get(slot - net.setting.proof_slots)
        return record is None or record.assignment.primary in net.own


class Late(Agent):
    """Some of its proofs come a slot after stage 1."""

    @staticmethod
    def is_late(record: SlotRecord) -> bool:
        """Whether its proof of the slot would be; independent of who is drawn."""
        return int.from_bytes(record.seed[:4], "big") % 100 < LATE_PERCENT

    def slots_late(self, record: SlotRecord, identity: int) -> int:
        drawn = identity == record.assignment.primary
        return LATE_SLOTS if drawn and self.is_late(record) else 0

    def worth(self, record: SlotRecord) -> int:
        reward = super().worth(record)
        # The fine, and about one and a half rewards of draws until the reliability is back.
        fine = penalties.primary_penalty(self.net.parameters, record.budget)
        return reward - (fine + 3 * reward // 2) * self.is_late(record)


class LateEmptier(Late):
    """Leaves its own slot empty where a proof of its own would be late otherwise, and one block
    less is enough to make it in time. Its witnesses say that they have the proof."""

    def witnesses(self, slot: int) -> list[tuple[int, int]]:
        return [(record.slot, primary) for record in self.net.ledger.open.values()
                if (primary := record.assignment.primary) in self.net.own and primary is not None
                and 0 <= slot - record.slot <= LATE_SLOTS and self.slots_late(record, primary)]

    def proposes(self, slot: int) -> bool:
        for record in self.net.ledger.open.values():
            primary = record.assignment.primary
            if (primary in self.net.own and 1 <= slot - record.slot <= LATE_SLOTS
                    and self.slots_late(record, primary)
                    and self.net.ledger.delay(record, slot) == slot - record.slot):
                return False
        return True


class PayloadKeeper(LateEmptier):
    """Makes the beacon block of that slot, and keeps its payload back."""

    empty_costs = 0


class Claimer(Late):
    """Leaves nothing empty; its witnesses alone say that they have its late proofs."""

    witnesses = LateEmptier.witnesses


class PayloadEmptier(Emptier):
    """Makes the beacon block, and keeps its payload back."""

    empty_costs = 0


def emptied(kind: type[Emptier], defences: Defences, seed: int, share: float = 0.1) -> Outcome:
    """The attacker's loss, and what honest provers are fined, over what both would have."""
    setting = Setting(share=share, failure_rate=0, proof_slots=2)
    nets = [Arena(setting, defences, seed, one()) for one in (kind, Agent)]
    gains = [net.play() - net.luck for net in nets]
    fined = [net.fined() for net in nets]
    return Outcome((gains[0] - gains[1]) / setting.slots, (fined[0] - fined[1]) / setting.slots)


def late_emptier(rho: int, defences: Defences, seed: int,
                 kind: type[LateEmptier] = LateEmptier, slots: int = 320) -> float:
    """What a late prover earns by leaving its own slots empty, from `rho` billionths on."""
    return against(Setting(share=SHARE, failure_rate=0, slots=slots, rho_start=rho), kind, Late,
                   defences, seed)


def majority(share: float, witnesses: int) -> float:
    """The probability that more than half of a slot's witnesses are of a share of the stake."""
    first = witnesses // 2 + 1
    return sum(comb(witnesses, own) * share**own * (1 - share) ** (witnesses - own)
               for own in range(first, witnesses + 1))


def claimed_at_most(share: float, rho: int, witnesses: int) -> float:
    """The most that such a prover saves, gwei a slot, where witnesses count: as `saved_at_most`,
    for what late proofs a majority of its own says it has, in one of the slots in which they would
    have been in time.

    Slots without a block save nothing: none is in the delay, which is to the first slot with such a
    majority, or to the block. So, of the proven slot and the W1 after it,

        (saved at most by any slot) / (1 - (1 - share)^LATE_SLOTS) · min(1, (W1 + 1) · majority)
    """
    if not share:
        return 0.0
    slots = Parameters().stage1_blocks + 1
    own = 1 - (1 - share) ** LATE_SLOTS
    return saved_at_most(share, rho, 0) / own * min(1.0, slots * majority(share, witnesses))


def saved_at_most(share: float, rho: int, cost: int) -> float:
    """The most that leaving own slots empty saves a prover of whose proofs `LATE_PERCENT` of 100
    come `LATE_SLOTS` late, gwei a slot; `share` of stake and proposers, `rho` in billionths.

    An own slot can save a late proof if it is one of the `LATE_SLOTS` before it. What a miss costs
    is the fine, the reward, and the draws lost until reliability is back, q being at most 1:

        share · late · (1 - (1 - share)^LATE_SLOTS) · max(0, P · (m + 1 + (1 - share) · S) - cost)
        S = sum over n >= 0 of g(n) / (1 - g(n)),   g(n) = (1 - 0.6) · 0.9^n

    with the n-th duty kept after it. `cost`: what a slot without a block costs, gwei.
    """
    parameters = Parameters()
    reward = rewards.most(parameters, rewards.budget(BASE_GWEI, rho))
    gap, draws = 1 - parameters.reliability_miss_bps / BPS, 0.0
    while gap > 1e-9:
        draws += gap / (1 - gap)
        gap *= 1 - 1 / parameters.reliability_gain_divisor
    saved = reward * (parameters.penalty_multiple + 1 + (1 - share) * draws)
    own = 1 - (1 - share) ** LATE_SLOTS
    return share * LATE_PERCENT / 100 * own * max(0.0, saved - cost)


HARMS = (
    Harm("empty slots", "leave one's slots empty, so that no block has room for a primary's proof",
         "delays end when layer 1's witnesses had the proof; without them windows count blocks, "
         "where a proof can be, and not slots",
         "10 % of stake and proposers, proofs take 2 slots; the victims: primaries, by their fines",
         ("witnesses", "blocks_count"), partial(emptied, Emptier)),
    Harm("payloads withheld", "make the block, and keep its payload back, for the same",
         "the same; without witnesses a block without its payload is none that windows count",
         "10 % of stake and proposers, proofs take 2 slots; the victims: primaries, by their fines",
         ("witnesses", "blocks_count"), partial(emptied, PayloadEmptier)),
)

ATTACKS = (
    Attack(
        "own empty slot", "leave one's own slot empty when one's own proof would be late otherwise",
        "delays count slots, to when layer 1's witnesses had the proof",
        "a third of stake and proposers, one proof in ten comes a slot after stage 1, rho 0.25",
        ("witnesses",), lambda defences, seed: late_emptier(250_000_000, defences, seed),
        best=partial(claimed_at_most, SHARE, 250_000_000, WITNESSES)),
    *(Attack(
        f"payload kept back, rho {rho / BILLION}", "make the block of that slot, and keep its "
        "payload back",
        "delays count slots, to when layer 1's witnesses had the proof",
        "a third of stake and proposers, one proof in ten comes a slot after stage 1",
        ("witnesses",), partial(late_emptier, rho, kind=PayloadKeeper, slots=slots),
        best=partial(claimed_at_most, SHARE, rho, WITNESSES))
      for rho, slots in ((250_000_000, 640), (20_000_000, 960))),
)
