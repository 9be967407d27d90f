"""Attacks on the job market: outrun, squat, trade with oneself. One job a block, five provers."""

import random
from dataclasses import dataclass

from proofmill.host.network.economics.attacks.arena import PROOF_COST_GWEI, TRANSACTION_COST_GWEI
from proofmill.host.network.economics.attacks.measure import Attack
from proofmill.host.network.mechanism import market
from proofmill.host.network.mechanism.hashing import keccak_words
from proofmill.host.network.mechanism.market import Commitment, Offer
from proofmill.host.network.mechanism.parameters import Defences, Parameters

JOBS = 160
OWN, HONEST = 0, (1, 2, 3, 4)
LOWEST_GWEI, HIGHEST_GWEI, RAMP_BLOCKS = 60_000, 240_000, 4
DEPOSIT_GWEI = 60_000
"""A commitment's deposit: the lowest price."""
SUBSIDY_GWEI = 50_000
"""What a subsidy by work would be, for a job that nobody needs."""


@dataclass
class Game:
    """One job after the other; `gain` is the attacker's, in gwei."""

    parameters: Parameters
    seed: int
    gain: int = 0

    def job(self, number: int) -> tuple[Offer, random.Random]:
        """The job of a block and its luck."""
        return (Offer(LOWEST_GWEI, HIGHEST_GWEI, number, RAMP_BLOCKS),
                random.Random(f"{self.seed}/{number}"))

    def award(self, number: int, made: list[Commitment], price: int) -> None:
        """Pay the job, and burn deposits."""
        winners = market.earliest(self.parameters, made)
        if winners:
            seed = keccak_words(self.seed, number)
            if market.draw_tied(seed, winners) == OWN:
                self.gain += market.fee(self.parameters, price).prover
        forfeited = sum(c.prover == OWN and market.forfeits(self.parameters, c) for c in made)
        self.gain -= forfeited * DEPOSIT_GWEI


def _front_run(defences: Defences, seed: int) -> float:
    """Take the proof out of an honest reveal and get it into the block first; no device."""
    game = Game(Parameters(defences=defences), seed)
    for number in range(JOBS):
        offer, luck = game.job(number)
        maker = luck.choice(HONEST)
        game.gain -= 2 * TRANSACTION_COST_GWEI
        price = market.price(offer, number + 1)
        if not defences.own_proof_only:
            game.gain += market.fee(game.parameters, price).prover  # first with a bare proof
            continue
        # The proof is public in the next block: a commitment to it is of that one at the earliest.
        game.award(number, [Commitment(maker, number, number + 1, True),
                            Commitment(OWN, number + 1, number + 2, True)], price)
    return game.gain / JOBS


def _squat(defences: Defences, seed: int) -> float:
    """Commit to every job at once, prove one in four, at the last moment and the best price; over
    committing to the one in four that one can prove."""
    gains = []
    for squats in (True, False):
        game = Game(Parameters(defences=defences), seed)
        for number in range(JOBS):
            offer, luck = game.job(number)
            can = luck.random() < 0.25
            last = number + game.parameters.reveal_blocks
            if squats and not defences.open_commitments:
                # The job is reserved; whoever holds it names the time, or lets it lapse.
                game.gain -= TRANSACTION_COST_GWEI
                if can:
                    price = market.price(offer, last)
                    game.gain += market.fee(game.parameters, price).prover - PROOF_COST_GWEI
                elif defences.commit_deposit:
                    game.gain -= DEPOSIT_GWEI
                continue
            made = [Commitment(prover, number, number + 1, True)
                    for prover in HONEST if luck.random() < 0.25]
            if can or squats:
                game.gain -= TRANSACTION_COST_GWEI + can * PROOF_COST_GWEI
                made.append(Commitment(OWN, number, (last if squats else number + 1)
                                       if can else None, can))
            game.award(number, made, market.price(offer, number))
        gains.append(game.gain)
    return (gains[0] - gains[1]) / JOBS


def _wash(defences: Defences, seed: int) -> float:
    """Order jobs from oneself, at any price, for the subsidy."""
    parameters = Parameters(defences=defences)
    luck, gain = random.Random(seed), 0
    for _ in range(JOBS):
        paid = luck.randrange(10 * LOWEST_GWEI)
        divided = market.fee(parameters, paid, SUBSIDY_GWEI)
        gain += divided.prover + divided.subsidy - paid - PROOF_COST_GWEI - TRANSACTION_COST_GWEI
    return gain / JOBS


ATTACKS = (
    Attack(
        "front-run", "take the proof out of a pending reveal and be paid for it",
        "a reveal counts only with a commitment of an earlier block",
        "no device, always first in the block, 1 job a block",
        ("own_proof_only",), _front_run),
    Attack(
        "commit squatting", "commit to every job, prove late and only those one can",
        "a commitment blocks nobody, and unrevealed it loses its deposit",
        "5 provers, each able to prove 1 job in 4; deposit: the lowest price",
        ("open_commitments", "commit_deposit"), _squat),
    Attack(
        "wash trading", "order proofs from oneself for the subsidy",
        "a subsidy is at most 0.8 of the fee that the job burned",
        "prices at random, 1 job a block",
        ("subsidy_below_burn",), _wash),
)
