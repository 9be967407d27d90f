"""How long a device usually takes, by what was measured, one outlier or a few left out."""

from collections.abc import Sequence
from statistics import median_low

RECENT = 9
"""Measurements whose median says how fast the device is now: four of them may be outliers."""

OUTLIER = 3
"""A measurement above so many medians says nothing about the next."""


def usual_longest(measured: Sequence[float]) -> float:
    """The longest of `measured`, oldest first and at least one, that is no outlier."""
    limit = OUTLIER * median_low(measured[-RECENT:])
    # Never without any: the median itself is below the limit.
    return max(each for each in measured if each <= limit)
