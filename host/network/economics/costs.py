"""What machines and their energy cost, and how much faster many of them are."""

import math

from proofmill.host.network.economics.economy import SECONDS_A_YEAR
from proofmill.host.network.economics.scenario import Network, ProverKind, Scenario

KWH = 3_600_000
"""Joules."""


def energy_gwei(network: Network, joules: float) -> float:
    """What energy costs."""
    return joules / KWH * network.energy_gwei_per_kwh


def speed_up(kind: ProverKind, machines: int) -> float:
    """How many times as fast so many machines make a proof as one: Amdahl's law."""
    parallel = kind.market.parallel
    return 1 / (1 - parallel + parallel / max(1, machines))


def discount(kind: ProverKind, machines: int) -> float:
    """What each of so many machines costs, in price and energy, of what a single one does:
    ``(1 - scale)^log2(m)``."""
    return float((1 - kind.market.scale)**math.log2(max(1, machines)))


def machine_gwei(kind: ProverKind, network: Network, machines: int) -> float:
    """What so many machines cost a slot, without energy."""
    market = kind.market
    yearly = market.machine_gwei * (market.capital_rate + 1 / market.machine_years)
    return machines * discount(kind, machines) * yearly * network.slot_seconds / SECONDS_A_YEAR


def tied_up_gwei(kind: ProverKind, machines: int) -> float:
    """What so many machines cost when they are bought."""
    return machines * discount(kind, machines) * kind.market.machine_gwei if machines else 0.0


def outside_gwei(scenario: Scenario, kind: ProverKind) -> float:
    """What a second of a machine earns elsewhere, its energy paid; nothing where that is no more
    than the energy."""
    price = scenario.economy.outside_gwei_per_hour / 3_600
    return max(0.0, price - energy_gwei(scenario.network, kind.watts))
