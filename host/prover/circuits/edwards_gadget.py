"""Points of Baby Jubjub as wires: the complete law, and multiples of fixed and of given points.

The ladders run on the Montgomery form ``v^2 = u^3 + A u^2 + u`` of the same curve (Bernstein and
others, "Twisted Edwards curves", section 3)::

    u = (1 + y) / (1 - y),  v = u / x        x = u / v,  y = (u - 1) / (u + 1)        A = 168698

where adding takes 3 constraints, not 6, but has exceptions: points with the same u. What a wire of
a quotient must be is nothing a constraint says where its divisor is zero, so each use here shows
that no witness meets one.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

from proofmill.host.prover.circuits import baby_jubjub
from proofmill.host.prover.circuits.baby_jubjub import EDWARDS_A, EDWARDS_D, ORDER, Point
from proofmill.host.prover.circuits.constraints import (
    MODULUS,
    ONE,
    ConstraintSystem,
    LinearCombination,
    as_combination,
    weighted_sum,
)

MONTGOMERY_A = 168_698
"""``2 (a + d) / (a - d)``; v's coefficient ``4 / (a - d)`` is 1."""

LADDER_BITS = 254
_WINDOW_BITS = 3


class EdwardsWires(NamedTuple):
    """``(x, y)``, each a combination of wires."""

    x: LinearCombination
    y: LinearCombination


class MontgomeryWires(NamedTuple):
    """``(u, v)``, each a combination of wires."""

    u: LinearCombination
    v: LinearCombination


def constant(point: Point) -> EdwardsWires:
    """A fixed point: no wire."""
    return EdwardsWires(as_combination(point.x), as_combination(point.y))


def assert_on_curve(system: ConstraintSystem, point: EdwardsWires, label: str) -> None:
    """``a x^2 + y^2 = 1 + d x^2 y^2``: 3 constraints."""
    x2 = system.multiply(point.x, point.x, f"{label}: x^2")
    y2 = system.multiply(point.y, point.y, f"{label}: y^2")
    system.assert_product(x2 * EDWARDS_D, y2, x2 * EDWARDS_A + y2 - 1, f"{label}: on the curve")


def edwards_add(system: ConstraintSystem, p: EdwardsWires, q: EdwardsWires, label: str,
                total: EdwardsWires | None = None) -> EdwardsWires:
    """``P + Q`` for points of the curve, without exception: 6 constraints, or 3 where one is fixed.
    With `total`, constrain that to be the sum.

        x (1 + d t) = x1 y2 + y1 x2        t = x1 y2 y1 x2
        y (1 - d t) = y1 y2 - a x1 x2 = (y1 - a x1) (x2 + y2) - y1 x2 + a x1 y2
    """
    cross = system.multiply(p.x, q.y, f"{label}: x1 y2")
    other = system.multiply(p.y, q.x, f"{label}: y1 x2")
    mixed = system.multiply(p.y - p.x * EDWARDS_A, q.x + q.y, f"{label}: (y1 - a x1) (x2 + y2)")
    product = system.multiply(cross, other, f"{label}: x1 x2 y1 y2") * EDWARDS_D
    return EdwardsWires(
        _quotient(system, cross + other, product + 1, f"{label}: x", total and total.x),
        _quotient(system, mixed - other + cross * EDWARDS_A, 1 - product, f"{label}: y",
                  total and total.y))


def edwards_double(system: ConstraintSystem, p: EdwardsWires, label: str) -> EdwardsWires:
    """``2 P`` for a point of the curve, without exception: 5 constraints.

        x (a x1^2 + y1^2) = 2 x1 y1,    y (2 - a x1^2 - y1^2) = y1^2 - a x1^2
    """
    x2 = system.multiply(p.x, p.x, f"{label}: x^2") * EDWARDS_A
    y2 = system.multiply(p.y, p.y, f"{label}: y^2")
    cross = system.multiply(p.x, p.y, f"{label}: x y")
    return EdwardsWires(_quotient(system, cross * 2, x2 + y2, f"{label}: x"),
                        _quotient(system, y2 - x2, 2 - x2 - y2, f"{label}: y"))


def assert_not_zero(system: ConstraintSystem, value: LinearCombination, label: str) -> None:
    """`value` has an inverse: 1 constraint."""
    inverse = system.internal(f"{label}: inverse")
    system.hint(lambda values: (pow(values[0], -1, MODULUS) if values[0] else 0,), (value,),
                (inverse,))
    system.assert_product(value, inverse, ONE, f"{label}: not zero")


def multiple(system: ConstraintSystem, point: EdwardsWires, bits: Sequence[LinearCombination],
             label: str) -> EdwardsWires:
    """``(2 n + 1) P`` for ``n = 2^253 + sum(bits[i] 2^i)``, 254 bits: 1,562 constraints.

    `point`: on the curve, a multiple of 4 with x not zero, so of order l or 2 l. `bits`: 0 or 1.

    From the top, k = 2 and then ``k' = 2 k + s``, s = 1 or -1 as the bit is 1 or 0: after all bits
    k is 2 n + 1. A step adds s P to Q = k P and Q again, without the v between (Eisentraeger,
    Lauter and Montgomery, "Fast elliptic curve arithmetic and improved Weil pairing evaluation",
    2003):

        l1 (uQ - uP) = vQ - s vP,  l1^2 = uR + A + uQ + uP
        (l1 + l2) (uQ - uR) = 2 vQ,  l2^2 = u + A + uR + uQ,  v = l2 (uQ - u) - vQ

    It has an exception where k is 0, 1 or -1, or 2 k + s is 0, modulo l. After i steps k lies in
    2^i + 1 .. 3 2^i - 1, so 3 <= k and 2 k + 1 < l as long as 3 2^(i+1) < l, and k = 2 at first:
    none in the first 249 steps. The last five are done by the complete law.
    """
    if len(bits) != LADDER_BITS:
        raise ValueError(f"{label}: the ladder takes {LADDER_BITS} bits, not {len(bits)}")
    base = _to_montgomery(system, point, label)
    total = _montgomery_double(system, base, f"{label}: 2 P")
    complete = next(step for step in range(LADDER_BITS) if 3 << step + 1 >= ORDER)
    for step, bit in enumerate(reversed(bits)):
        sign, name = bit * 2 - 1, f"{label}: step {step}"
        if step < complete:
            total = _ladder_step(system, total, base, sign, name)
            continue
        if step == complete:
            edwards = _to_edwards(system, total, label)
        signed = EdwardsWires(system.multiply(point.x, sign, f"{name}: s x"), point.y)
        edwards = edwards_add(
            system, edwards_double(system, edwards, f"{name}, twice"), signed, name)
    return edwards


def multiple_of_base(system: ConstraintSystem, bits: Sequence[LinearCombination],
                     label: str) -> EdwardsWires:
    """``n B`` for ``n = sum(bits[i] 2^i)`` below l, 251 bits of 0 or 1: 587 constraints.

    Windows of three bits w_i, from the top: ``(w_i + 1) 8^i B`` is added, ``(w_83 + 2) 8^83 B``
    first; what that is too much is taken off with the last window, whose table has it. An addition
    in Montgomery form has an exception where the two are equal or opposite. The sum so far is a
    multiple of 8^i, m 8^i with m 8^i >= 2 * 8^83, above every point yet to come, and below
    n + 8^83 (2 + 1/7) < 2 l; so equal or opposite to ``p = (w + 1) 8^(i-1)`` is only l - p or
    l + p, odd where i - 1 >= 1, while the sum is even. The last addition, i - 1 = 0, is complete.
    """
    if len(bits) != ORDER.bit_length():
        raise ValueError(f"{label}: the base takes {ORDER.bit_length()} bits, not {len(bits)}")
    windows = [bits[start:start + _WINDOW_BITS] for start in range(0, len(bits), _WINDOW_BITS)]
    last = len(windows) - 1
    total = MontgomeryWires(*_look_up(
        system, [_montgomery(point) for point in _window(last)], windows[last],
        f"{label}: window {last}"))
    for number in range(last - 1, 0, -1):
        name = f"{label}: window {number}"
        entry = MontgomeryWires(*_look_up(
            system, [_montgomery(point) for point in _window(number)], windows[number], name))
        total = _montgomery_add(system, total, entry, name)
    correction = EdwardsWires(*_look_up(
        system, list(_window(0)), windows[0], f"{label}: window 0"))
    return edwards_add(system, _to_edwards(system, total, label), correction, label)


@cache
def _window(number: int) -> tuple[Point, ...]:
    """The points among which the bits of a window choose."""
    last = (ORDER.bit_length() - 1) // _WINDOW_BITS
    too_much = sum(1 << _WINDOW_BITS * each for each in range(last + 1)) + (1 << 3 * last)
    unit = 1 << _WINDOW_BITS * number
    if number == last:
        count, offset = 1 << ORDER.bit_length() - _WINDOW_BITS * last, 2
    else:
        count, offset = 1 << _WINDOW_BITS, 1
    taken = too_much if number == 0 else 0
    return tuple(baby_jubjub.multiply(baby_jubjub.BASE, ((digit + offset) * unit - taken) % ORDER)
                 for digit in range(count))


def _montgomery(point: Point) -> tuple[int, int]:
    u = (1 + point.y) * pow(1 - point.y, -1, MODULUS) % MODULUS
    return u, u * pow(point.x, -1, MODULUS) % MODULUS


def _look_up(system: ConstraintSystem, table: Sequence[tuple[int, int]],
             bits: Sequence[LinearCombination], label: str) -> list[LinearCombination]:
    """``table[bits]``, both coordinates: a constraint for each product of two bits or more."""
    products = [ONE]
    for number, bit in enumerate(bits):
        products += [bit if place == 0 else system.multiply(
            product, bit, f"{label}: bits {place | 1 << number:03b}")
            for place, product in enumerate(products)]
    chosen = []
    for side in (0, 1):
        factors = [entry[side] for entry in table]
        for number in range(len(bits)):    # from values at 0 and 1 to coefficients of products
            for place in range(len(factors)):
                if place >> number & 1:
                    factors[place] -= factors[place ^ 1 << number]
        chosen.append(system.shortened(
            weighted_sum(factors, products), f"{label}: {'yx'[not side]}"))
    return chosen


def _quotient(system: ConstraintSystem, dividend: LinearCombination, divisor: LinearCombination,
              label: str, result: LinearCombination | None = None) -> LinearCombination:
    """``dividend / divisor``: 1 constraint. The caller shows that `divisor` is never zero."""
    if result is None:
        result = system.internal(label)
        system.hint(_divide, (dividend, divisor), (result,))
    system.assert_product(divisor, result, dividend, label)
    return result


def _divide(values: list[int]) -> tuple[int]:
    return (values[0] * pow(values[1], -1, MODULUS) % MODULUS if values[1] else 0,)


def _square_less(system: ConstraintSystem, root: LinearCombination, taken: LinearCombination,
                 label: str) -> LinearCombination:
    """``root^2 - taken``: 1 constraint."""
    result = system.internal(label)
    compute: Callable[[list[int]], tuple[int]] = lambda values: (  # noqa: E731
        (values[0] * values[0] - values[1]) % MODULUS,)
    system.hint(compute, (root, taken), (result,))
    system.assert_product(root, root, result + taken, label)
    return result


def _to_montgomery(system: ConstraintSystem, point: EdwardsWires, label: str) -> MontgomeryWires:
    """2 constraints. `point` is not zero, so y is not 1; nor of order 2, so x is not 0."""
    u = _quotient(system, point.y + 1, 1 - point.y, f"{label}: u")
    return MontgomeryWires(u, _quotient(system, u, point.x, f"{label}: v"))


def _to_edwards(system: ConstraintSystem, point: MontgomeryWires, label: str) -> EdwardsWires:
    """2 constraints. v is zero for the point of order 2 alone; u = -1 would need the square root of
    A - 2 = d, which has none."""
    return EdwardsWires(
        _quotient(system, point.u, point.v, f"{label}: x"),
        _quotient(system, point.u - 1, point.u + 1, f"{label}: y"))


def _montgomery_double(system: ConstraintSystem, p: MontgomeryWires, label: str) -> MontgomeryWires:
    """``2 P`` for P not of order 2: 4 constraints."""
    square = system.multiply(p.u, p.u, f"{label}: u^2")
    slope = _quotient(system, square * 3 + p.u * (2 * MONTGOMERY_A) + 1, p.v * 2,
                      f"{label}: slope")
    u = _square_less(system, slope, p.u * 2 + MONTGOMERY_A, f"{label}: u")
    return _with_v(system, u, system.multiply(slope, p.u - u, f"{label}: v + v1") - p.v, label)


def _montgomery_add(system: ConstraintSystem, p: MontgomeryWires, q: MontgomeryWires,
                    label: str) -> MontgomeryWires:
    """``P + Q`` for points with different u: 3 constraints."""
    slope = _quotient(system, p.v - q.v, p.u - q.u, f"{label}: slope")
    u = _square_less(system, slope, p.u + q.u + MONTGOMERY_A, f"{label}: u")
    return _with_v(system, u, system.multiply(slope, p.u - u, f"{label}: v + v1") - p.v, label)


def _ladder_step(system: ConstraintSystem, q: MontgomeryWires, p: MontgomeryWires,
                 sign: LinearCombination, label: str) -> MontgomeryWires:
    """``2 Q + s P``: 6 constraints; see `multiple`."""
    signed = system.multiply(p.v, sign, f"{label}: s v")
    first = _quotient(system, q.v - signed, q.u - p.u, f"{label}: first slope")
    between = _square_less(system, first, q.u + p.u + MONTGOMERY_A, f"{label}: u between")
    second = _quotient(system, q.v * 2, q.u - between, f"{label}: both slopes") - first
    u = _square_less(system, second, between + q.u + MONTGOMERY_A, f"{label}: u")
    return _with_v(system, u, system.multiply(second, q.u - u, f"{label}: v + vQ") - q.v, label)


def _with_v(system: ConstraintSystem, u: LinearCombination, v: LinearCombination, label: str
            ) -> MontgomeryWires:
    """The point; v has the v of all points before in it."""
    return MontgomeryWires(u, system.shortened(v, f"{label}: v"))
