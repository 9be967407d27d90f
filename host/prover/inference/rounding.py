"""How a sum becomes an integer of eight bits, as shifts of integers that a circuit can say.

onnxruntime rounds in single precision (`host.prover.inference.quantisation`). A `Rule` says the
same with integers alone, for every sum that can occur: that it is the same is tried for each of
them, not argued.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from proofmill.host.prover.inference.quantisation import Integers, Quantisation

WIDTH = 8
"""Bits of a quantised integer."""

SHIFTS = range(8, 41)
"""Of the remainders that are tried for a scale that is no power of two."""

COST = 3
"""Constraints of an exception, in constraints of a bit."""

MOST_EXCEPTIONS = 16

REACH = (1 << WIDTH) + 2
"""Steps from 0 at which every integer is clipped, whatever its zero point."""

MOST_SUMS = 1 << 24
"""That are tried: of scales from 1/32,000 on."""

LARGEST_EXPONENT = 20
"""Of a scale; larger ones clip every sum but 0, and the numbers here have 64 bits."""

Reference = Callable[[Integers], Integers]
"""What onnxruntime makes of sums."""


@dataclass(frozen=True)
class Rule:
    """``clip(floor((sum * multiplier + addend) / 2^shift), 0, 2^width - 1) + least``.

    Without `ties` this is rounding, the half being in the addend. With `ties` halves go to where
    ``place + parity`` is even, `place` being what is clipped. `exceptions`: single sums, and what
    is added to their place.
    """

    multiplier: int
    shift: int
    addend: int
    least: int
    ties: bool = False
    parity: int = 0
    exceptions: tuple[tuple[int, int], ...] = ()
    width: int = WIDTH

    def apply(self, sums: Integers) -> Integers:
        """The quantised integers of sums, by this rule."""
        total = sums * self.multiplier + self.addend
        place = total >> self.shift
        if self.ties:
            tie = (total & ((1 << self.shift) - 1)) == 0
            place = place - (tie & ((place + self.parity) % 2 == 1))
        for number, more in self.exceptions:
            place = place + more * (sums == number)
        found: Integers = np.clip(place, 0, (1 << self.width) - 1) + self.least
        return found


def rule_of(scale: np.float32, target: Quantisation, bounds: tuple[int, int],
            reference: Reference, zero_counts: bool = False) -> Rule | None:
    """The rule that gives what `reference` gives for every sum within `bounds`; None without one.

    `scale`: of a sum, over the target's. `zero_counts`: whether ties go to an even integer, rather
    than to an even distance from the zero point.

    For a power of two a shift says all. For any other scale the multiplier is the scale times
    ``2^shift``, rounded, and sums that single precision rounds to a half, which they are not, are
    exceptions; of all shifts that is taken which costs a circuit least.
    """
    # Beyond these sums both are clipped, and both grow with the sum.
    low, high = max(bounds[0], int(-REACH / scale)), min(bounds[1], int(REACH / scale))
    mantissa, exponent = np.frexp(np.float64(scale))
    if high - low > MOST_SUMS or exponent > LARGEST_EXPONENT:
        return None
    sums = np.arange(low, high + 1, dtype=np.int64)
    wanted, offset = reference(sums), target.zero_point - target.least
    if mantissa == 0.5:
        shift = max(0, 1 - int(exponent))
        if shift > SHIFTS[-1]:
            return None
        rules = [Rule(1 << max(0, int(exponent) - 1), shift, (1 << shift >> 1) + (offset << shift),
                      target.least, shift > 0, (target.least if zero_counts else offset) % 2)]
    else:
        plain = [Rule(round(float(scale) * (1 << shift)), shift,
                      (1 << shift - 1) + (offset << shift), target.least) for shift in SHIFTS]
        rules = [found for rule in plain if (found := _excepting(rule, sums, wanted)) is not None]
        rules.sort(key=_cost)
    return next((rule for rule in rules if np.array_equal(rule.apply(sums), wanted)), None)


def rule_of_pair(scales: tuple[np.float32, np.float32], target: Quantisation,
                 counts: tuple[Integers, Integers], wanted: Integers
                 ) -> tuple[tuple[int, int], Rule] | None:
    """``(m_a, m_b)`` and the rule that gives what is `wanted` for every ``m_a a + m_b b``.

    `scales`: of a and b, over the target's. `counts`: every a and every b, their zero points taken
    off. `wanted`: for each a, in rows, and each b; ties go to an even integer there. None where no
    shift of integers does.

    For two powers of two that is exact. Other scales are rounded as those of one sum are.
    """
    first, second = counts[0][:, None], counts[1][None, :]
    parts = [np.frexp(np.float64(scale)) for scale in scales]
    offset = target.zero_point - target.least
    candidates = []
    if all(mantissa == 0.5 for mantissa, _ in parts):
        least = min(int(exponent) for _, exponent in parts)
        shift = max(0, 1 - least)
        if max(int(exponent) for _, exponent in parts) - least <= SHIFTS[-1] >= shift:
            candidates = [([1 << int(exponent) - least for _, exponent in parts],
                           Rule(1 << max(0, least - 1), shift, (1 << shift >> 1)
                                + (offset << shift), target.least, shift > 0, target.least % 2))]
    else:
        candidates = [([round(float(scale) * (1 << shift)) for scale in scales],
                       Rule(1, shift, (1 << shift - 1) + (offset << shift), target.least))
                      for shift in SHIFTS]
    found = []
    for (left, right), plain in candidates:
        sums = left * first + right * second
        rule = plain if plain.ties else _excepting(plain, sums, wanted)
        if rule is not None and np.array_equal(rule.apply(sums), wanted):
            found.append(((left, right), rule))
    return min(found, key=lambda each: _cost(each[1]), default=None)


def _cost(rule: Rule) -> int:
    return rule.shift + COST * len(rule.exceptions)


def _excepting(rule: Rule, sums: Integers, wanted: Integers) -> Rule | None:
    """`rule` with its exceptions; None where these are too many, or no steps of one."""
    more = wanted - rule.apply(sums)
    wrong = np.flatnonzero(more)
    found = np.unique(np.stack([sums.flat[wrong], more.flat[wrong]]), axis=1).T
    if len(found) > MOST_EXCEPTIONS or np.abs(more).max(initial=0) > 1:
        return None
    return replace(rule, exceptions=tuple((int(number), int(step)) for number, step in found))
