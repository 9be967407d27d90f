"""Attacks on the market for results of models: wrong ones, withheld proofs, squatted jobs.

Prices are those of the other jobs. The buyer asks for the proof of one result in `ASKED_ONE_IN`,
and so has the collateral be as many times the price.
"""

import random

from proofmill.host.ground.units import BPS
from proofmill.host.network.array.book import Book, Offer
from proofmill.host.network.array.jobs import Job, Kind
from proofmill.host.network.economics.attacks.arena import PROOF_COST_GWEI, TRANSACTION_COST_GWEI
from proofmill.host.network.economics.attacks.harm import Harm, Outcome
from proofmill.host.network.economics.attacks.jobs import LEAST_GWEI
from proofmill.host.network.economics.attacks.market import (
    JOBS,
    LOWEST_GWEI,
    SUBSIDY_GWEI,
)
from proofmill.host.network.economics.attacks.measure import Attack
from proofmill.host.network.economics.operators import (
    CLOCK_HZ,
    TILE,
    Demand,
    Queue,
    duties,
)
from proofmill.host.network.mechanism import market, results
from proofmill.host.network.mechanism.parameters import Defences, Parameters

ASKED_ONE_IN = 8
"""The buyer asks for the proof of one result in so many."""
RESULT_COST_GWEI = 40_000
"""What it costs to compute a result: a large model's, two thirds of the price."""
PROOF_PRICE_GWEI = 20_000
LOCK_BLOCKS, OPEN_BLOCKS = 16, 64
ASKED_AT_ONCE = 8


def _locked(parameters: Parameters, price: int) -> int:
    multiple = results.least_multiple(parameters, BPS // ASKED_ONE_IN)
    return results.collateral(parameters, price, multiple, LEAST_GWEI)


def _wrong(defences: Defences, seed: int) -> float:
    """Give integers that cost nothing to find, and let a job end where the proof is asked for."""
    parameters, luck, gain = Parameters(defences=defences), random.Random(seed), 0
    locked = _locked(parameters, LOWEST_GWEI)
    for _ in range(JOBS):
        if luck.randrange(ASKED_ONE_IN):
            gain += RESULT_COST_GWEI    # paid as a right one, and not computed
            continue
        end = results.broken(parameters, LOWEST_GWEI, locked, PROOF_PRICE_GWEI)
        honest = results.kept(parameters, LOWEST_GWEI, locked, PROOF_PRICE_GWEI)
        gain += end.seller - honest.seller + RESULT_COST_GWEI + PROOF_COST_GWEI
    return gain / JOBS


def _wash(defences: Defences, seed: int) -> float:
    """Order results from oneself for the subsidy, and compute none."""
    parameters, luck, gain = Parameters(defences=defences), random.Random(seed), 0
    for _ in range(JOBS):
        paid = luck.randrange(1, 10 * LOWEST_GWEI)
        end = results.kept(parameters, paid, 0, 0, SUBSIDY_GWEI)
        gain += end.seller - paid - 4 * TRANSACTION_COST_GWEI
    return gain / JOBS


def _withheld(defences: Defences, seed: int) -> Outcome:
    """Give a result, and no proof when it is asked for."""
    parameters = Parameters(defences=defences)
    locked = _locked(parameters, LOWEST_GWEI)
    end = results.broken(parameters, LOWEST_GWEI, locked, PROOF_PRICE_GWEI)
    honest = results.kept(parameters, LOWEST_GWEI, locked, PROOF_PRICE_GWEI)
    gain = end.seller - honest.seller + PROOF_COST_GWEI
    # The buyer has paid for a proof; two transactions are what it loses in any case.
    return Outcome(gain, LOWEST_GWEI + PROOF_PRICE_GWEI - end.buyer + 2 * TRANSACTION_COST_GWEI)


def _squat(defences: Defences, seed: int) -> Outcome:
    """Lock a job from a fresh account whenever it is open, and give nothing. The victim, a
    seller, would have had it; it brings the result with its proof once there are no more locks."""
    parameters, gain, block, failed = Parameters(defences=defences), 0, 0, 0
    last = OPEN_BLOCKS
    while block + LOCK_BLOCKS <= last and market.may_be_locked(parameters, failed):
        locked = _locked(parameters, LOWEST_GWEI)
        gain += results.broken(parameters, 0, locked).seller - locked - TRANSACTION_COST_GWEI
        block, failed = block + LOCK_BLOCKS + 1, failed + 1
        if defences.jobs_pass_on:    # its clock stood still
            last += LOCK_BLOCKS + 1
    worth = market.fee(parameters, LOWEST_GWEI).prover - RESULT_COST_GWEI
    return Outcome(gain, PROOF_COST_GWEI if defences.jobs_pass_on else worth)


def _ask_for_all(defences: Defences, seed: int) -> Outcome:
    """Ask for the proof of every result; the victim: a seller that proves them all."""
    parameters = Parameters(defences=defences)
    price = PROOF_PRICE_GWEI if defences.asking_pays else 0
    more = (results.kept(parameters, LOWEST_GWEI, 0, price).seller
            - results.kept(parameters, LOWEST_GWEI, 0).seller)
    return Outcome(-price - TRANSACTION_COST_GWEI, PROOF_COST_GWEI - more)


def _changed(defences: Defences, seed: int) -> Outcome:
    """Buy a result of one's own model, and give the model another key when it is asked for."""
    parameters = Parameters(defences=defences)
    locked = _locked(parameters, LOWEST_GWEI)
    honest = results.kept(parameters, LOWEST_GWEI, locked, PROOF_PRICE_GWEI)
    if defences.pinned_model:    # the seller proves what was asked for
        return Outcome(-LOWEST_GWEI - PROOF_PRICE_GWEI - 2 * TRANSACTION_COST_GWEI, 0)
    end = results.broken(parameters, LOWEST_GWEI, locked, PROOF_PRICE_GWEI)
    return Outcome(end.buyer - LOWEST_GWEI - PROOF_PRICE_GWEI - 3 * TRANSACTION_COST_GWEI,
                   honest.seller - end.seller)


def _ask_at_once(defences: Defences, seed: int) -> Outcome:
    """Buy results, and ask for all their proofs just before the seller has to prove a block."""
    demand, parameters = Demand(), Parameters()
    block, = duties(Demand(share=1.0, slot_seconds=1_500.0), 1, seed)
    book = (Book if defences.block_proofs_first else Queue)(CLOCK_HZ, demand.capital, demand.cost)
    book.duty(block)
    moment = block.release - TILE // 2
    work = int(demand.proof_seconds * CLOCK_HZ)
    for number in range(ASKED_AT_ONCE):
        job = Job(f"result {number}", Kind.RESULT, 0, TILE, block.release, TILE, LOWEST_GWEI)
        book.offer([Offer(job, Job(f"proof {number}", Kind.RESULT, 0, work,
                                   int(demand.proof_due_seconds * CLOCK_HZ), TILE,
                                   results.kept(parameters, PROOF_PRICE_GWEI, 0).seller,
                                   last_release=block.release))], 0)
        book.ran(job, TILE, TILE)
        book.ask(f"proof {number}", moment)
    now = moment
    while (job_now := book.next(now)) is not None:
        cycles = book.left(job_now.name)
        if now < block.release:
            cycles = min(job_now.tile, cycles)
        now += cycles
        book.ran(job_now, cycles, now)
    loss = block.pays - book.earned[Kind.BLOCK].gwei
    return Outcome(-ASKED_AT_ONCE * (PROOF_PRICE_GWEI + TRANSACTION_COST_GWEI), loss)


ATTACKS = (
    Attack("wrong result", "give a result that nobody computed, and hope not to be asked for its "
                           "proof",
           "a result without a proof when it is asked for costs a collateral of the price times "
           "the results for each that is asked about",
           f"the proof of one result in {ASKED_ONE_IN} is asked for; computing one costs "
           f"{RESULT_COST_GWEI:,}, of a price of {LOWEST_GWEI:,}",
           ("result_collateral",), _wrong),
    Attack("wash results", "order results from oneself for the subsidy, and compute none",
           "a subsidy is at most 0.8 of the fee that the job burned",
           f"prices at random up to {10 * LOWEST_GWEI:,}", ("subsidy_below_burn",), _wash),
)

HARMS = (
    Harm("withheld proof", "give a result, and no proof of it when it is asked for",
         "the buyer has all back, and the collateral is burned",
         "a right result; the victim: its buyer", ("asked_proofs",), _withheld),
    Harm("squatted results", "lock a job for a result in every block from a fresh account and give "
                             "nothing",
         "a lock without a result costs its collateral; after 2 of them whoever brings a proof has "
         "the job, whose clock stood still",
         f"{LOCK_BLOCKS} blocks a lock, {OPEN_BLOCKS} a job, always first in the block; the "
         "victim: a seller",
         ("result_collateral", "jobs_pass_on"), _squat),
    Harm("asked about all", "ask for the proof of every result, so that its seller has the work",
         "who asks pays for the proof what the job says, which its seller has taken on",
         "the victim: a seller", ("asking_pays",), _ask_for_all),
    Harm("asked at once", "ask for the proofs of many results just before their seller has to "
                          "prove a block",
         "a block proof takes the place of all else at a tile's end, and proofs that can be asked "
         "for are counted when offers are taken",
         f"{ASKED_AT_ONCE} proofs of {Demand().proof_seconds:g} s; the victim: the seller, by its "
         "block", ("block_proofs_first",), _ask_at_once),
    Harm("changed model", "buy a result of one's own model, and change the model before its proof",
         "a job is of the model's key as it was when the job was posted",
         "the victim: a seller that has compared the key", ("pinned_model",), _changed),
)
