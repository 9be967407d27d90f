"""What a sum takes whose scalars are split by the curve's endomorphism, beside copies of points.

(R. Gallant, R. Lambert, S. Vanstone, "Faster point multiplication on elliptic curves with efficient
endomorphisms", CRYPTO 2001.) On y^2 = x^3 + b with p = 1 modulo 3, ``(x, y) -> (beta x, y)`` with
beta a cube root of 1 multiplies every point of the group by lambda, ``lambda^2 + lambda + 1 = 0``
modulo r; so ``k P = k1 P + k2 (beta x, y)`` with k1 and k2 of half k's length. A sum of n points is
one of 2 n with half as many digits each. So is one of n points with a copy of each, 2^stride times
it, which the accelerator takes already: as many digits, as many points from memory. What is left is
that images need not be stored: `on_chip` is what would be saved if the chip made them of the points
that come in, at no cost.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from proofmill.hdl.cost import machine
from proofmill.hdl.curve import Curve, Group
from proofmill.hdl.field import square_root
from proofmill.hdl.msm import MsmShape
from proofmill.hdl.plans import (
    Machine,
    best_plan,
    expected_cycles,
    strides,
    uniform,
)
from proofmill.hdl.presets import of_curve
from proofmill.hdl.windows import WindowPlan, copies_of
from proofmill.host.bench.control import simulated_cycles
from proofmill.host.ground.json_text import JsonObject

POWERS = (10, 12, 16, 20)


@dataclass(frozen=True)
class Endomorphism:
    """That of a curve's group G1."""

    curve: Curve

    @cached_property
    def eigenvalue(self) -> int:
        """lambda; ValueError where there is none."""
        order = self.curve.scalar.modulus
        return (square_root(-3, order) - 1) * pow(2, -1, order) % order

    @cached_property
    def basis(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Two short vectors (a, b) with ``a + b lambda = 0`` modulo r, by Euclid's algorithm."""
        rest, factor = (self.curve.scalar.modulus, self.eigenvalue), (0, 1)
        while rest[1] * rest[1] > self.curve.scalar.modulus:
            quotient = rest[0] // rest[1]
            rest = rest[1], rest[0] - quotient * rest[1]
            factor = factor[1], factor[0] - quotient * factor[1]
        first = rest[1], -factor[1]
        quotient = rest[0] // rest[1]
        others = ((rest[0], -factor[0]),
                  (rest[0] - quotient * rest[1], quotient * factor[1] - factor[0]))
        return first, min(others, key=lambda each: max(map(abs, each)))

    def split(self, scalar: int) -> tuple[int, int]:
        """(k1, k2) with ``k1 + k2 lambda = scalar`` modulo r, both short; see `bits`."""
        (a, b), (c, d) = self.basis
        determinant = a * d - b * c
        one, other = _nearest(scalar * d, determinant), _nearest(-scalar * b, determinant)
        return scalar - one * a - other * c, -one * b - other * d

    @cached_property
    def bits(self) -> int:
        """Of the longest half, without its sign, which the point takes over: at most half of the
        sums of the basis' entries."""
        (a, b), (c, d) = self.basis
        return ((max(abs(a) + abs(c), abs(b) + abs(d)) + 1) // 2).bit_length()


def _nearest(dividend: int, divisor: int) -> int:
    return (2 * dividend + divisor) // (2 * divisor)


def figures(curve: Curve, power: int) -> JsonObject:
    """Expected cycles of 2 ** `power` points of G1 with uniform scalars, on the accelerator of the
    standard kind: without copies, with one copy of each, with images stored as further points, and
    with images made on the chip."""
    points, own, halved = 1 << power, *machines(curve)
    reach, halves = uniform(own.order, points), uniform(halved.order, 2 * points)
    found = {
        "plain": expected_cycles(own, best_plan(own, reach), reach),
        "copies": expected_cycles(own, with_copies(own, points), reach),
        "images": expected_cycles(halved, best_plan(halved, halves), halves),
    }
    # A point that comes in is loaded once for both.
    at_once = replace(halved, memory_cycles=halved.memory_cycles / 2)
    found["on_chip"] = expected_cycles(at_once, best_plan(at_once, halves), halves)
    best = min(found["plain"], found["copies"])
    return {"curve": curve.name, "power": power,
            **{name: round(cycles) for name, cycles in found.items()},
            "images_save": 1 - found["images"] / best, "on_chip_saves": 1 - found["on_chip"] / best}


def machines(curve: Curve) -> tuple[Machine, Machine]:
    """What cycles depend on, with scalars as they are and with halves."""
    own = machine(shape_of(curve), Group.G1)
    return own, replace(own, order=1 << Endomorphism(curve).bits)


def shape_of(curve: Curve) -> MsmShape:
    """The accelerator of the standard kind on a curve, in G1."""
    found: MsmShape = of_curve(curve, groups=(Group.G1,))
    return found


def with_copies(own: Machine, points: int) -> WindowPlan:
    """The best plan with a copy of every point beside it."""
    both = [stride for stride in strides(own, 2) if copies_of(own.scalar_bits + 1, stride) == 2]
    return best_plan(own, uniform(own.order, points), both)


def simulated(curve: Curve, power: int, building: Callable[[str, int, int], None],
              tell: Callable[[int, int], None]) -> JsonObject:
    """Exact cycles of the same random scalars, from the accelerator's control: as they are, with a
    copy of each point, and split, with images as further points."""
    points, own, halved = 1 << power, *machines(curve)
    reach, endomorphism = uniform(own.order, points), Endomorphism(curve)

    def cycles(plan: WindowPlan, split: bool = False) -> int:
        return simulated_cycles(
            shape_of(curve), plan, points, building, tell,
            (lambda scalar: [abs(half) for half in endomorphism.split(scalar)]) if split else None)

    return {"curve": curve.name, "power": power,
            "plain": cycles(best_plan(own, reach)), "copies": cycles(with_copies(own, points)),
            "images": cycles(best_plan(halved, uniform(halved.order, 2 * points)), split=True)}


def table(rows: list[JsonObject]) -> str:
    """As Markdown."""
    lines = [("| points of G1 | cycles as they are | with a copy of each | with images stored | "
             "beside the better | with images made on the chip | beside the better |"),
             "|---|---:|---:|---:|---:|---:|---:|"]
    lines += [f"| 2^{row['power']}, {row['curve']} | {row['plain']:,} | {row['copies']:,} | "
              f"{row['images']:,} | {-row['images_save']:+.1%} | {row['on_chip']:,} | "
              f"{-row['on_chip_saves']:+.1%} |" for row in rows]
    return "\n".join(lines)
