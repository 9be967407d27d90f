"""Attacks on who solves jobs or orders them: what they bring, what they cost the victim.

The victim is an honest solver who has a proof for every job, or, where it is said, the requester.
"""

import random

from proofmill.host.network.economics.attacks.arena import (
    BASE_GWEI,
    BLOCK_CHECKS,
    PROOF_COST_GWEI,
    STAKE_GWEI,
    TRANSACTION_COST_GWEI,
)
from proofmill.host.network.economics.attacks.harm import Harm, Outcome
from proofmill.host.network.economics.attacks.market import (
    HIGHEST_GWEI,
    JOBS,
    LOWEST_GWEI,
    RAMP_BLOCKS,
)
from proofmill.host.network.economics.attacks.measure import Attack
from proofmill.host.network.mechanism import auction, market, rewards
from proofmill.host.network.mechanism.hashing import keccak_words
from proofmill.host.network.mechanism.ledger import RewardLedger
from proofmill.host.network.mechanism.market import Commitment, Offer
from proofmill.host.network.mechanism.parameters import MOST_PENALTIES, Defences, Parameters
from proofmill.host.network.mechanism.records import Submission

OFFER = Offer(LOWEST_GWEI, HIGHEST_GWEI, 0, RAMP_BLOCKS)
ATTACKER, VICTIM = 0, 1
LOCK_BLOCKS, OPEN_BLOCKS = 32, 64
"""How long a lock lasts, and how long a job is open."""
LEAST_GWEI = 6_000
"""The least deposit: a tenth of the lowest price."""


def _worth(parameters: Parameters, price: int) -> int:
    """What a job brings its solver."""
    return market.fee(parameters, price).prover - PROOF_COST_GWEI


def _crowd(defences: Defences, seed: int, identities: int) -> Outcome:
    """Commit from so many identities in the honest commitment's block, with the least deposit each;
    the victim's is as much as all of theirs. All reveal, the attacker's first."""
    parameters, gain, loss = Parameters(defences=defences), 0.0, 0.0
    for number in range(JOBS):
        luck = random.Random(f"{seed}/{number}")
        stake = identities * LEAST_GWEI
        made = [Commitment(ATTACKER, 0, 1, True, LEAST_GWEI) for _ in range(identities)]
        made.append(Commitment(VICTIM, 0, 1, True, stake))
        winner = market.draw_tied(keccak_words(luck.getrandbits(256), number),
                                  market.earliest(parameters, made))
        worth = market.fee(parameters, LOWEST_GWEI).prover
        # With one commitment, of the same stake, each would have won every other job.
        gain += (winner == ATTACKER) * worth - worth / 2 - (identities - 1) * TRANSACTION_COST_GWEI
        loss += worth / 2 - (winner == VICTIM) * worth
        if not defences.every_tie and identities >= market.MOST_TIES:
            loss += LEAST_GWEI    # its reveal is refused
    return Outcome(gain / JOBS, loss / JOBS)


def _crowd_odds(defences: Defences, seed: int) -> Outcome:
    return _crowd(defences, seed, 8)


def _crowd_fill(defences: Defences, seed: int) -> Outcome:
    return _crowd(defences, seed, market.MOST_TIES)


def _silenced(defences: Defences, seed: int) -> Outcome:
    """Keep the next K proposers off the network when a commitment is in a block, so that its time
    to be revealed passes without a block, and be the next to commit and reveal."""
    parameters = Parameters(defences=defences)
    passed = 0 if defences.blocks_count else parameters.reveal_blocks
    made = [Commitment(VICTIM, 0, passed + 1, True, LEAST_GWEI),
            Commitment(ATTACKER, passed + 1, passed + 2, True, LEAST_GWEI)]
    winner = market.draw_tied(keccak_words(seed), market.earliest(parameters, made))
    worth = market.fee(parameters, OFFER.lowest).prover
    gain = (winner == ATTACKER) * worth - PROOF_COST_GWEI - 2 * TRANSACTION_COST_GWEI
    lost = (winner != VICTIM) * worth + market.forfeits(parameters, made[0]) * LEAST_GWEI
    return Outcome(gain, lost)


def _copy_digest(defences: Defences, seed: int) -> Outcome:
    """Send the digest of a pending commitment first, from one's own account."""
    parameters = Parameters(defences=defences)
    gain = -TRANSACTION_COST_GWEI - LEAST_GWEI    # it can never be revealed
    loss = 0 if defences.owner_keyed else market.fee(parameters, LOWEST_GWEI).prover
    return Outcome(gain, loss)


def _lock_and_decline(defences: Defences, seed: int) -> Outcome:
    """Lock a job from a fresh account whenever it is open, give it back as late as is free, and
    lock it again before anybody else."""
    parameters, gain, slot, stood, failed = Parameters(defences=defences), 0, 0, 0, 0
    costs = 0
    last = OPEN_BLOCKS
    while slot + LOCK_BLOCKS <= last and market.may_be_locked(parameters, failed):
        locked = market.collateral(parameters, market.price(OFFER, slot, stood), LEAST_GWEI)
        costs += market.decline_cost(parameters, locked)
        held = LOCK_BLOCKS // parameters.decline_divisor
        gain -= 2 * TRANSACTION_COST_GWEI
        if defences.jobs_pass_on:
            stood += held
            last += held
        slot, failed = slot + held, failed + 1
    if market.may_be_locked(parameters, failed):
        # The job ran out; without it the victim had solved it at once.
        return Outcome(gain - costs, _worth(parameters, OFFER.lowest))
    price = market.price(OFFER, slot, stood)
    shared = market.bounty(parameters, costs, market.fee(parameters, price))
    loss = _worth(parameters, OFFER.lowest) - _worth(parameters, price) - shared
    return Outcome(gain - costs, loss)


def _late_award(defences: Defences, seed: int) -> Outcome:
    """Win a bid alone, and have the lock begin when the proof is there: long after the deadline,
    when it is worth nothing to the requester. Nobody else asks for the award."""
    parameters = Parameters(defences=defences)
    paid = OFFER.highest
    when = OPEN_BLOCKS + 1
    if auction.may_award(parameters, when):
        return Outcome(_worth(parameters, paid) - 2 * TRANSACTION_COST_GWEI, paid)
    return Outcome(-2 * TRANSACTION_COST_GWEI, 0)


def _trap(defences: Defences, seed: int) -> Outcome:
    """Post a job under a verifier that takes the accomplice's proofs alone, let a solver lock it,
    and deliver when the lock is over. Over not having posted it."""
    parameters = Parameters(defences=defences)
    if defences.checked_jobs:    # the code is not what the key compiles to
        return Outcome(-TRANSACTION_COST_GWEI, 0)
    locked = market.collateral(parameters, OFFER.lowest, LEAST_GWEI)
    return Outcome(_blind_trap(defences, seed), locked)


def _blind_trap(defences: Defences, seed: int) -> float:
    """The same on a solver that checks nothing."""
    parameters = Parameters(defences=defences)
    divided = market.fee(parameters, OFFER.lowest)
    locked = market.collateral(parameters, OFFER.lowest, LEAST_GWEI)
    bounty = market.bounty(parameters, locked, divided)
    return bounty - divided.burned - 4 * TRANSACTION_COST_GWEI


def _unsolvable(defences: Defences, seed: int) -> Outcome:
    """Post a statement without a solution; a solver locks it, and nobody can prove it."""
    parameters = Parameters(defences=defences)
    locked = market.collateral(parameters, OFFER.lowest, LEAST_GWEI)
    burned, back = market.unsolved(parameters, OFFER, locked)
    paid = 0 if back == 0 else burned    # by the requester, else out of the collateral
    return Outcome(-TRANSACTION_COST_GWEI - paid, locked - back)


ATTACKS = (
    Attack("bounty of a trap", "let a solver lock blindly what only the accomplice can prove",
           "the bounty for a failed lock is at most the fee burned less the subsidy",
           "requester and accomplice together; the solver's collateral is lost, to nobody",
           ("bounty_below_fee",), _blind_trap),
)
def _past_the_list(defences: Defences, seed: int) -> Outcome:
    """Sign 15 invalid proofs in each block of a slot's open stage, behind 32 that are charged, so
    that a block has room for one other proof; the honest rescuer comes when the window closes."""
    parameters = Parameters(defences=defences)
    budget = rewards.budget(BASE_GWEI, parameters.rho_start)
    ledger = RewardLedger(parameters, 1)
    opens = parameters.committee_blocks + 1
    blocks = parameters.window_blocks - opens
    mine = range(100, 100 + blocks * (BLOCK_CHECKS - 1))
    for prover in (*range(MOST_PENALTIES), *mine):
        ledger.join(prover, STAKE_GWEI)
    record = ledger.open_slot(0, bytes(32), bytes(32), BASE_GWEI)
    ledger.blocks += opens    # of stages 1 and 2, in which nobody had anything to hand in
    for prover in range(MOST_PENALTIES):
        ledger.include(opens, 0, 0, Submission(record.key, prover, b"bad", prover, sound=False))
    before = sum(ledger.provers[prover].bond for prover in mine)
    for number, prover in enumerate(mine):
        ledger.blocks = opens + number // (BLOCK_CHECKS - 1)
        ledger.include(ledger.blocks, 0, 0,
                       Submission(record.key, prover, b"bad", prover, sound=False))
    gain = sum(ledger.provers[prover].bond for prover in mine) - before
    late = rewards.split(parameters, budget, opens)[0] - rewards.split(
        parameters, budget, parameters.window_blocks)[0]
    return Outcome(gain - len(mine) * TRANSACTION_COST_GWEI, late)


HARMS = (
    Harm("past the list", "sign invalid proofs where so many are charged already that no more are",
         "every penalty is kept and charged; a block settles some, the next goes on",
         "15 in each of 3 blocks, behind 32; the victim: who rescues the slot",
         ("every_penalty",), _past_the_list),
    Harm("identities for odds", "commit many times in a block to win the draw",
         "commitments of one block are drawn by deposit",
         "8 commitments against one of the same deposit as all of them; over one such commitment",
         ("draw_by_deposit",), _crowd_odds),
    Harm("full block", "fill the block of an honest commitment, so that its reveal is refused",
         "every reveal of the earliest block takes part, by deposit",
         "16 commitments, revealed first", ("every_tie", "draw_by_deposit"), _crowd_fill),
    Harm("silenced proposers",
         "keep K proposers off, so that a commitment is not revealed in time",
         "the market's times count blocks: without one no time passes",
         "4 proposers in a row; what that costs is not counted", ("blocks_count",), _silenced),
    Harm("taken digest", "send the digest of a pending commitment first",
         "a commitment is keyed by its owner", "always first in the block", ("owner_keyed",),
         _copy_digest),
    Harm("lock and decline", "lock a job in every block from a fresh account and give it back",
         "declining costs a tenth of the collateral, and after 2 failed locks there are none; the "
         "job's clock stands still meanwhile",
         "32 blocks a lock, 64 a job, always first in the block",
         ("lock_costs", "jobs_pass_on"), _lock_and_decline),
    Harm("late award", "have a bid awarded when the proof is there, after the deadline",
         "an award is asked for within K blocks of the reveals", "alone; the victim: the requester",
         ("award_ends",), _late_award),
    Harm("trap", "let a solver lock what only the accomplice can prove",
         "a job says where its inputs are, and a solver compares the verifier's code with its own",
         "requester and accomplice together", ("checked_jobs",), _trap),
    Harm("no solution", "let a solver lock a statement that nobody can prove",
         "collateral is divided once a proof shows that there is one; else the requester pays",
         "requester against one solver", ("unsolved_refunded",), _unsolvable),
)
