"""Attacks on the draw: speed, many identities, and grinding for a better ticket."""

from functools import partial

from proofmill.host.network.economics.attacks.arena import (
    BASE_GWEI,
    PROOF_COST_GWEI,
    TRANSACTION_COST_GWEI,
    Agent,
    Arena,
    Entry,
    Setting,
)
from proofmill.host.network.economics.attacks.measure import Attack
from proofmill.host.network.economics.attacks.optimal import delayed
from proofmill.host.network.economics.attacks.theft import against
from proofmill.host.network.economics.costs import energy_gwei
from proofmill.host.network.economics.draws import Luck
from proofmill.host.network.economics.scenario import Network, ProverKind, Scenario
from proofmill.host.network.economics.world import World
from proofmill.host.network.mechanism.hashing import keccak_words
from proofmill.host.network.mechanism.lottery import Ticket, Tickets, assign, slot_seed
from proofmill.host.network.mechanism.parameters import BILLION, Defences, Parameters

TRIES = 16
WHALE_SLOTS = 160
SKIP_EPOCHS = 160


def _whale(defences: Defences, seed: int) -> float:
    """Ten times the speed at fifteen times the power, over being like everybody else."""
    usual = ProverKind(name="usual", count=9, seconds=4.5)
    profits = []
    for own in (ProverKind(name="own", seconds=0.45, watts=3_000.0),
                ProverKind(name="own", seconds=4.5)):
        scenario = Scenario("", Network(slots=WHALE_SLOTS), (own, usual))
        world = World(scenario, Parameters(defences=defences), Luck(scenario, WHALE_SLOTS, seed))
        for slot in range(WHALE_SLOTS):
            world.step(slot)
        world.finish(WHALE_SLOTS)
        tally = world.tallies[0]
        profits.append(tally.gwei - energy_gwei(scenario.network, tally.joules))
    return (profits[0] - profits[1]) / WHALE_SLOTS


def _sybil(defences: Defences, seed: int) -> float:
    """One prover's stake in eight new identities, over leaving it in one.

    Each new one makes its calibration proofs, and begins with the reliability of a beginner.
    """
    setting = Setting(share=0.2)
    whole = Arena(setting, defences, seed, Agent())
    beginner = Parameters().reliability_start_bps if defences.calibration else 10_000
    split = Arena(
        Setting(share=0.2, identities=8, reliability_bps=beginner), defences, seed, Agent())
    if defences.calibration:
        split.agent.costs += 8 * split.parameters.calibration_proofs * PROOF_COST_GWEI
    gains = [net.play() - net.luck for net in (split, whole)]
    return (gains[0] - gains[1]) / setting.slots


class BondGrinder(Agent):
    """Takes a few gwei out of its bond, which makes another draw of the slot, until it is drawn;
    puts them back after. It knows the mix, and leaves the slots alone that freeze weights."""

    def __init__(self) -> None:
        super().__init__()
        self._taken = 0

    def before_slot(self, slot: int) -> None:
        ledger, own = self.net.ledger, self.net.own[0]
        if slot % self.net.parameters.slots_per_epoch == 0:
            return
        seed, prover = slot_seed(self.net.mix_for(slot), slot), ledger.provers[own]
        self.costs += TRANSACTION_COST_GWEI
        for taken in range(TRIES):
            prover.bond -= 1
            self._taken = taken + 1
            if assign(seed, ledger.tickets(), 0).primary == own:
                return

    def after_slot(self, slot: int) -> None:
        self.net.ledger.provers[self.net.own[0]].bond += self._taken
        self._taken = 0


class PayloadGrinder(Agent):
    """As proposer it tries payloads until the draw of its slot is its own."""

    def choose_root(self, slot: int, root: bytes) -> bytes:
        ledger, own, mix = self.net.ledger, self.net.own[0], self.net.mix_for(slot)
        old = self.net.parameters.defences.old_mix
        for attempt in range(TRIES):
            tried = keccak_words(root, attempt)
            seed = slot_seed(mix if old else keccak_words(mix, tried), slot)
            if assign(seed, ledger.tickets_for(slot), 0).primary == own:
                return tried
        return root


def _skip(share: float, slots_per_epoch: int, rho: int, defences: Defences, seed: int) -> float:
    """The proposer of the last slot of an epoch leaves its block out if the mix is better so.

    It knows both mixes, and draws of the epoch that they seed; where the mix goes through a delay
    function first, it can but guess what comes out. A block not made costs its layer-1 reward, 8/64
    of the base, and what including a proof would have paid. Counted in primaries only, proofs free.
    """
    budget = BASE_GWEI * rho // BILLION
    reward, included = budget * 56 // 64, budget * 8 // 64
    weight = 10**6
    own = round(8 * weight * share / (1 - share))
    tickets = Tickets.of([*(Ticket(i, weight) for i in range(8)), Ticket(100, own)])
    cost = BASE_GWEI * 8 // 64 + included
    gain = 0
    for epoch in range(SKIP_EPOCHS):
        if int.from_bytes(keccak_words(seed, epoch, 3)[:8], "big") >= share * 2**64:
            continue  # somebody else has the last slot
        slots = range(slots_per_epoch * epoch, slots_per_epoch * (epoch + 1))
        drawn = [
            sum(assign(slot_seed(keccak_words(seed, epoch, choice), s), tickets, 0).primary == 100
                for s in slots) for choice in range(4 if defences.delayed_mix else 2)]
        made, skipped, *guessed = drawn
        better = (skipped - made) * reward - cost
        expected = (guessed[1] - guessed[0]) * reward - cost if guessed else better
        if expected > 0:
            gain += better
    return gain / (SKIP_EPOCHS * slots_per_epoch)


def _always_first(defences: Defences, seed: int) -> float:
    """Being first in every block without being faster, over a usual place in it."""

    class First(Agent):
        def mempool(self, slot: int, entries: list[Entry]) -> list[Entry]:
            for entry in entries:
                if entry.submission.prover in self.net.own:
                    entry.rank = 0
            return []

    return against(Setting(share=0.1, failure_rate=0.1), First, Agent, defences, seed)


ATTACKS = (
    Attack(
        "hardware whale", "be ten times as fast and win every race",
        "only who is drawn proves; speed beyond the window earns nothing",
        "10 equal stakes, 0.45 s against 4.5 s, 15 times the power",
        ("stages", "slot_batch"), _whale),
    Attack(
        "latency race", "be the first in every block",
        "proofs of one slot are equal, a lottery with the next block's mix picks",
        "10 % of the stake, proofs fail in 10 % of slots",
        ("stages", "slot_batch"), _always_first),
    Attack(
        "Sybil split", "split a stake over many identities",
        "weight is linear in the bond; each identity is calibrated and begins unreliable",
        "20 % of the stake in 8 identities instead of 1",
        ("weight_by_bond", "calibration"), _sybil),
    Attack(
        "bond grinding", "change the bond when the mix is known, until the draw is right",
        "weights are those from before the mix was known",
        "20 % of the stake, 16 tries a slot",
        ("frozen_weights",),
        lambda defences, seed: against(
            Setting(share=0.2), BondGrinder, Agent, defences, seed, steady=False)),
    Attack(
        "payload grinding", "as proposer, try payloads until the draw is right",
        "the seed is an old mix alone, the payload is not in it",
        "20 % of stake and proposers, 16 tries a slot",
        ("old_mix",),
        lambda defences, seed: against(
            Setting(share=0.2), PayloadGrinder, Agent, defences, seed, steady=False)),
    *(Attack(
        f"RANDAO skip, rho {rho / BILLION}, {slots} slots, {round(share * 100)} %",
        "leave out the last block of an epoch when the mix is better without it",
        "layer 1: the mix goes through a delay function, so that nobody knows what is better",
        f"{round(share * 100)} % of stake and proposers, {slots} slots an epoch",
        ("delayed_mix",), partial(_skip, share, slots, rho),
        best=partial(delayed, share, slots, rho, slots * 3 // 4))
      for rho, slots, share in (
          (250_000_000, 8, 0.1), (250_000_000, 8, 1 / 3), (250_000_000, 32, 1 / 3),
          (50_000_000, 32, 1 / 3))),
)
