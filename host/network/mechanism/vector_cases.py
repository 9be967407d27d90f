"""What the values to hold another implementation to are made of."""

from random import Random
from typing import TypeAlias

from proofmill.host.network.mechanism.lottery import Ticket

Value: TypeAlias = "int | str | bool | None | list[Value] | dict[str, Value]"
Case: TypeAlias = dict[str, Value]

CASES = 12
"""Of most topics."""


def word(rng: Random) -> bytes:
    return rng.randbytes(32)


def told(tickets: list[Ticket]) -> Value:
    return [[ticket.prover, ticket.weight] for ticket in tickets]
