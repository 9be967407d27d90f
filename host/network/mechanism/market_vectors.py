"""Values of the market's rules to hold another implementation to; see `mechanism.vectors`."""

from collections.abc import Callable
from random import Random

from proofmill.host.ground.units import BPS
from proofmill.host.network.mechanism import auction, market, results, verifiers
from proofmill.host.network.mechanism.lottery import Ticket
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.mechanism.vector_cases import CASES, Case, told, word


def _prices(parameters: Parameters, rng: Random) -> list[Case]:
    cases: list[Case] = []
    for _ in range(CASES):
        lowest = rng.randrange(10**9)
        offer = market.Offer(lowest, lowest + rng.randrange(10**9), rng.randrange(100),
                             rng.randrange(20))
        slot = offer.start + rng.randrange(25)
        price = market.price(offer, slot)
        cases.append({"lowest": offer.lowest, "highest": offer.highest, "start": offer.start,
                      "ramp": offer.ramp, "slot": slot, "price": price,
                      "collateral": market.collateral(parameters, price),
                      "bid_deposit": auction.deposit(parameters, offer)})
    return cases


def _fees(parameters: Parameters, rng: Random) -> list[Case]:
    cases: list[Case] = []
    for _ in range(CASES):
        paid, asked = rng.randrange(10**10), rng.randrange(10**9)
        fee = market.fee(parameters, paid, asked)
        cases.append({"paid": paid, "work_subsidy": asked, "prover": fee.prover,
                      "burned": fee.burned, "subsidy": fee.subsidy})
    return cases


def _commitments(parameters: Parameters, rng: Random) -> list[Case]:
    cases: list[Case] = []
    for _ in range(4):
        job, prover, salt = word(rng), rng.randrange(1 << 160), word(rng)
        proof = rng.randbytes(256)
        cases.append({"job": job.hex(), "prover": prover, "proof": proof.hex(), "salt": salt.hex(),
                      "commitment": market.commitment(job, prover, proof, salt).hex()})
    return cases


def _proof_systems(parameters: Parameters, rng: Random) -> list[Case]:
    """Their identifiers, and a commitment to a proof of each."""
    cases: list[Case] = []
    for name, numbers in verifiers.PROOF_NUMBERS.items():
        job, prover, salt = word(rng), rng.randrange(1 << 160), word(rng)
        proof = rng.randbytes(32 * numbers)
        cases.append({
            "name": name, "identifier": verifiers.IDENTIFIERS[name].hex(), "numbers": numbers,
            "job": job.hex(), "prover": prover, "proof": proof.hex(), "salt": salt.hex(),
            "commitment": market.commitment(job, prover, proof, salt).hex()})
    return cases


def _ties(parameters: Parameters, rng: Random) -> list[Case]:
    cases: list[Case] = []
    for _ in range(CASES):
        mix, job = word(rng), word(rng)
        tickets = [Ticket(prover, rng.randint(1, 10**18)) for prover in range(rng.randint(1, 9))]
        seed = market.tie_seed(mix, job)
        cases.append({"mix": mix.hex(), "job": job.hex(), "deposits": told(tickets),
                      "seed": seed.hex(), "winner": market.draw_tied(seed, tickets)})
    return cases


def _failed_locks(parameters: Parameters, rng: Random) -> list[Case]:
    cases: list[Case] = []
    for _ in range(CASES):
        offer = market.Offer(0, rng.randrange(10**9), 0, 1)
        paid, asked = rng.randint(0, offer.highest), rng.choice((0, 10**9))
        locked, lasts, ended = rng.randrange(10**9), rng.randint(1, 20), rng.randrange(25)
        cost = rng.choice((locked, market.decline_cost(parameters, locked)))
        burned, back = market.unsolved(parameters, offer, cost)
        cases.append({
            "highest": offer.highest, "paid": paid, "work_subsidy": asked, "collateral": locked,
            "declining": market.decline_cost(parameters, locked), "cost": cost,
            "bounty": market.bounty(parameters, cost, market.fee(parameters, paid, asked)),
            "unsolved_burned": burned, "unsolved_back": back, "time": lasts, "ended_after": ended,
            "stands_still": market.stands_still(0, lasts, ended)})
    return cases


def _bids(parameters: Parameters, rng: Random) -> list[Case]:
    cases: list[Case] = []
    for _ in range(4):
        job, prover, salt = word(rng), rng.randrange(1 << 160), word(rng)
        price = rng.randrange(10**18)
        cases.append({"job": job.hex(), "prover": prover, "price": price, "salt": salt.hex(),
                      "bid": auction.sealed_bid(job, prover, price, salt).hex()})
    return cases


def _awards(parameters: Parameters, rng: Random) -> list[Case]:
    cases: list[Case] = []
    offer = market.Offer(10, 100, 0, 5)
    last = parameters.bid_blocks + parameters.reveal_blocks
    for _ in range(CASES):
        seed = word(rng)
        bids = [auction.Bid(prover, rng.randint(20, 110), rng.randrange(parameters.bid_blocks + 1),
                            rng.choice((None, rng.randint(parameters.bid_blocks, last))),
                            rng.random() < 0.9)
                for prover in range(1, rng.randint(2, 6))]
        given = auction.award(parameters, offer, bids, seed)
        cases.append({
            "lowest": offer.lowest, "highest": offer.highest, "seed": seed.hex(),
            "bids": [{"prover": bid.prover, "price": bid.price, "bid_block": bid.bid_block,
                      "reveal_block": bid.reveal_block, "matches": bid.matches} for bid in bids],
            "winner": given.winner, "paid": given.paid, "collateral": given.collateral,
            "forfeited": [[prover, lost] for prover, lost in sorted(given.forfeited.items())]})
    return cases


def _results(parameters: Parameters, rng: Random) -> list[Case]:
    """Jobs for results of models: with `kept` the result was paid, `proven` with a proof that was
    asked for; with `refuted` that proof did not come, with `missed` the result."""
    def ended(end: results.End) -> Case:
        return {"seller": end.seller, "buyer": end.buyer, "burned": end.burned,
                "subsidy": end.subsidy}

    cases: list[Case] = []
    for number in range(CASES):
        asked = (1, BPS)[number] if number < 2 else rng.randint(1, BPS)
        multiple = results.least_multiple(parameters, asked)
        price, least, proof_price = (rng.randrange(10**9) for _ in range(3))
        subsidy = rng.choice((0, 1_000, 10**9))
        locked = results.collateral(parameters, price, multiple, least)
        cases.append({
            "asked_bps": asked, "least_multiple": multiple, "price": price, "deposit": least,
            "collateral": locked, "proof_price": proof_price, "work_subsidy": subsidy,
            "kept": ended(results.kept(parameters, price, locked, 0, subsidy)),
            "proven": ended(results.kept(parameters, price, locked, proof_price, subsidy)),
            "refuted": ended(results.broken(parameters, price, locked, proof_price)),
            "missed": ended(results.broken(parameters, 0, locked))})
    return cases


MARKET_TOPICS: dict[str, Callable[[Parameters, Random], list[Case]]] = {
    "price": _prices, "fee": _fees, "commitment": _commitments, "proof_system": _proof_systems,
    "tie": _ties, "failed_locks": _failed_locks, "sealed_bid": _bids, "award": _awards,
    "result": _results,
}
"""By the name of the topic."""
