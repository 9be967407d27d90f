"""Keys of a scenario for provers that answer to money: what machines, energy and capital cost.

A machine of `market` is leased, or bought and sold at what it is still worth: each costs a slot

    machine_gwei * (capital_rate + 1 / machine_years) / slots a year

and what is bonded costs `capital_rate` a year, or what it would earn on the first layer.
"""

from typing import Annotated

from msgspec import Meta, Struct

StatedGwei = Annotated[int, Meta(ge=0, le=10**18)]
"""An amount in a file: what a user can state."""
SomeGwei = Annotated[int, Meta(ge=1, le=10**18)]
Share = Annotated[float, Meta(ge=0, le=1)]

SECONDS_A_YEAR = 31_557_600
"""Of 365.25 days."""
MOST_MACHINES = 1_000_000


class Market(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What decides how a prover with the strategy `market` acts (`strategies.Market`).

    `machine_gwei`, `machine_years`: price and life of a machine; `capital_rate`: what money costs a
    year; `scale`: how much less a machine costs, price and energy, with each doubling of their
    number; `parallel`: the part of a proof that further machines share (Amdahl); `most_machines`:
    that it can have; `wealth_gwei`: what it can bond, no limit if left out; `reinvest`: the part of
    its profit that is added to it; `first_layer`: what is not bonded is staked on layer 1;
    `learning`: how far a period moves its belief of the pay; `step`: the part of the way to what
    would pay best that it goes in one review; `at_start`: whether it is there before the first.
    """

    machine_gwei: StatedGwei = 500_000_000
    machine_years: Annotated[float, Meta(ge=0.01, le=100)] = 4.0
    capital_rate: Annotated[float, Meta(ge=0, le=100)] = 0.05
    scale: Annotated[float, Meta(ge=0, le=0.5)] = 0.0
    parallel: Share = 0.95
    most_machines: Annotated[int, Meta(ge=1, le=MOST_MACHINES)] = MOST_MACHINES
    wealth_gwei: SomeGwei | None = None
    reinvest: Share = 0.0
    first_layer: bool = False
    learning: Annotated[float, Meta(gt=0, le=1)] = 0.5
    step: Annotated[float, Meta(gt=0, le=1)] = 0.5
    at_start: bool = True


class Economy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When provers look at their books, and who else stakes.

    `review_slots`: slots of a period, after which those whose strategy asks for it review what they
    do; `review_days`: the time that a period stands for, of which its slots are a sample, 0 for the
    time that they take; `passive_stake_gwei`: on layer 1, of those that never move it;
    `outside_gwei_per_hour`: what an hour of a machine earns elsewhere, with jobs of AI, say, before
    its energy; `outside_preempted`: whether a machine works there until it is to prove, or has to
    be reserved for either.
    """

    review_slots: Annotated[int, Meta(ge=1, le=1_000_000)] = 256
    review_days: Annotated[float, Meta(ge=0, le=3_660)] = 0.0
    passive_stake_gwei: StatedGwei = 0
    outside_gwei_per_hour: StatedGwei = 0
    outside_preempted: bool = True
