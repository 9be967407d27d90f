"""What a unit's user has to keep to, watched where that costs nothing: in simulations and proofs.

A netlist is to have none of it. A board's is made for a platform; where there is none, `SYNTHESIS`
is said instead. In emitted Verilog it stands between ``ifndef SYNTHESIS``.
"""

SYNTHESIS = "synthesis"
"""A platform of no board, for what becomes a netlist."""


def watched(platform) -> bool:
    """Whether what is elaborated for `platform` is simulated or proven."""
    return platform is None or platform == "formal"
