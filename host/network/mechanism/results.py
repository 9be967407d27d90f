"""Jobs for results of models: their collateral, and who has what when one comes to its end.

A seller locks a job as one for a proof (`host.network.mechanism.market`) and gives the result, with
its proof or without. The buyer of a result without one can ask for the proof, at a price that the
job names. What is paid goes as every fee does; what is lost is burned whole:

    kept     the seller has what was paid less 5 %, a subsidy, and its collateral
    broken   the buyer has back what it paid in, and the collateral is burned

so nobody earns by another's failure. A wrong result has no proof. Its seller saves the cost of
computing, at most the price, and is asked for the proof with probability p: it loses by it if

    (1 - p) * price <= p * collateral,    collateral = multiple * price

which `least_multiple` rounds up.
"""

from dataclasses import dataclass

from proofmill.host.ground.units import BPS
from proofmill.host.network.mechanism.market import fee
from proofmill.host.network.mechanism.parameters import Parameters


def least_multiple(parameters: Parameters, asked_bps: int) -> int:
    """The collateral over the price with which a wrong result never pays.

    `asked_bps`: of how many results in 10,000 the buyer asks for the proof, 1 or more; ValueError
    for others. ``ceil((1 - p) / p)``, at least m.
    """
    if not 1 <= asked_bps <= BPS:
        raise ValueError(f"a buyer asks for the proofs of 1 to {BPS:,} results in {BPS:,}, not of "
                         f"{asked_bps}")
    return max(parameters.penalty_multiple, -(-(BPS - asked_bps) // asked_bps))


def collateral(parameters: Parameters, price: int, multiple: int, least: int) -> int:
    """What a lock puts down: ``multiple * price``, at least `least`; ValueError below m."""
    if multiple < parameters.penalty_multiple:
        raise ValueError(f"a collateral is {parameters.penalty_multiple} times the price or more, "
                         f"not {multiple}")
    return max(multiple * price, least)


@dataclass(frozen=True)
class End:
    """Of all that buyer and seller put down for a result: what each has, and what is burned.

    `subsidy`: in what the seller has; it comes from elsewhere.
    """

    seller: int
    buyer: int
    burned: int
    subsidy: int = 0


def kept(parameters: Parameters, price: int, locked: int, proof_price: int = 0,
         work_subsidy: int = 0) -> End:
    """Of a result that was paid: at `price`, and `proof_price` for a proof that was asked for."""
    paid = price + proof_price
    divided = fee(parameters, paid, work_subsidy)
    return End(divided.prover + divided.subsidy + locked, 0, divided.burned, divided.subsidy)


def broken(parameters: Parameters, price: int, locked: int, proof_price: int = 0) -> End:
    """Of a result whose proof was asked for and did not come; or, with a price of 0, of a lock
    without a result."""
    defences = parameters.defences
    if price and not defences.asked_proofs:
        return kept(parameters, price, locked, proof_price)
    if not defences.result_collateral:
        return End(locked, price + proof_price, 0)
    return End(0, price + proof_price, locked)
