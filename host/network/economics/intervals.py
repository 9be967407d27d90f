"""Means over seeds, each with its 95 % interval by Student's t."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Interval:
    """A mean, and half of the interval around it."""

    mean: float
    half_width: float

    @property
    def lower(self) -> float:
        """The interval's lower end."""
        return self.mean - self.half_width

    @property
    def upper(self) -> float:
        """The interval's upper end."""
        return self.mean + self.half_width


def interval(values: Sequence[float]) -> Interval:
    """The mean of independent values and where the true one lies: mean ± t s / sqrt(n), with t the
    97.5 % quantile of Student's distribution with n - 1 degrees of freedom. ValueError for fewer
    than two."""
    if len(values) < 2:
        raise ValueError(f"an interval takes two values or more, not {len(values)}")
    half = student_97_5(len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))
    return Interval(statistics.fmean(values), half)


@cache
def student_97_5(degrees: int) -> float:
    """The 97.5 % quantile of Student's t with `degrees` of freedom, to 9 digits: halving on the
    distribution function."""
    if degrees < 1:
        raise ValueError(f"degrees of freedom are 1 or more, not {degrees}")
    low, high = 1.95, 13.0
    while high - low > 1e-10:
        middle = (low + high) / 2
        low, high = (middle, high) if _central(middle, degrees) < 0.95 else (low, middle)
    return (low + high) / 2


def _central(t: float, degrees: int) -> float:
    """The chance of a value between -t and t: the finite sums for whole degrees of freedom
    (Abramowitz, Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4)."""
    angle = math.atan(t / math.sqrt(degrees))
    sine, cosine = math.sin(angle), math.cos(angle)
    if degrees % 2:
        term, total = cosine, 0.0
        for k in range(1, degrees - 1, 2):
            total += term
            term *= cosine * cosine * (k + 1) / (k + 2)
        return 2 / math.pi * (angle + sine * total)
    term, total = 1.0, 0.0
    for k in range(0, degrees, 2):
        total += term
        term *= cosine * cosine * (k + 1) / (k + 2)
    return sine * total
