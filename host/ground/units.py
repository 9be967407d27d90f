"""Units of amounts, for the type checker: a number of one is no number of another."""

from typing import NewType

Wei = NewType("Wei", int)
"""10^-18 ether: the virtual machine's unit, and the contracts'."""
Gwei = NewType("Gwei", int)
"""10^-9 ether: layer 1's unit."""
Bps = NewType("Bps", int)
"""Basis points, 1/10,000."""

GWEI, ETHER = Wei(10**9), Wei(10**18)
BPS = Bps(10_000)
"""All of something."""


def to_wei(amount: Gwei) -> Wei:
    """Layer 1's amount in the contracts' unit."""
    return Wei(amount * GWEI)


def to_gwei(amount: Wei) -> Gwei:
    """The contracts' amount in layer 1's unit, rounded down."""
    return Gwei(amount // GWEI)
