"""What accelerators leave to this machine on a curve that it has no library for, in plain integers.

Points have x and y, in G2 the real part of each first, times `Curve.file_radix` modulo p, in
little-endian 64-bit limbs, `Curve.words` for each part, all zero for infinity: shape (n,
`Curve.point_words`). G2 is of a curve whose twist is added on as it is, see `hdl.curve.Curve.unit`.
"""

from collections.abc import Iterator
from random import SystemRandom

import numpy as np

from proofmill.hdl.curve import BLS12_377, Curve, Group
from proofmill.hdl.windows import WindowPlan
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.limbs import Limbs, from_limbs
from proofmill.host.prover.devices.accelerator import Sum
from proofmill.host.prover.devices.arithmetic import Arithmetic
from proofmill.sim.commands import stored_words
from proofmill.sim.curve import Affine, Coordinate, equation, plus, times
from proofmill.sim.msm import combine, last_level, sum_of_groups

ROUNDS = 64
"""Sums of random points by which many are tested at once: one outside the group is missed with a
chance of ``2 ** -ROUNDS`` at the most."""


def parts_of(curve: Curve, points: Limbs) -> list[int]:
    """The parts of all coordinates, as they lie there."""
    data, size = np.ascontiguousarray(points, "<u8").tobytes(), 8 * curve.words
    return [int.from_bytes(data[start:start + size], "little")
            for start in range(0, len(data), size)]


def coordinates(curve: Curve, group: Group, points: Limbs
                ) -> Iterator[tuple[Coordinate, Coordinate]]:
    """x and y of every point, as they lie there."""
    parts, degree = parts_of(curve, points), group.degree
    for start in range(0, len(parts), 2 * degree):
        point = tuple(parts[start:start + 2 * degree])
        yield point[:degree], point[degree:]


def limbs_of(curve: Curve, group: Group, parts: list[int]) -> Limbs:
    """Parts of coordinates as they lie there as an array of points."""
    data = b"".join(part.to_bytes(8 * curve.words, "little") for part in parts)
    return np.frombuffer(data, "<u8").reshape(-1, curve.point_words(group))


def encoded(curve: Curve, group: Group, points: list[Affine]) -> Limbs:
    """Points of `sim.curve` as an array."""
    return np.array(stored_words(curve, group, points), np.uint64).reshape(
        -1, curve.point_words(group))


def decoded(curve: Curve, group: Group, points: Limbs) -> list[Affine]:
    """An array of points, coordinates below p, as points of `sim.curve`."""
    modulus = curve.base.modulus
    inverse = pow(curve.file_radix, -1, modulus)

    def plain(coordinate: Coordinate) -> Coordinate:
        return tuple(part * inverse % modulus for part in coordinate)

    return [(plain(x), plain(y)) if any(x + y) else None
            for x, y in coordinates(curve, group, points)]


def first_wrong(curve: Curve, group: Group, points: Limbs) -> int | None:
    """The index of the first that is no point of the curve with coordinates below p, if any."""
    modulus, radix = curve.base.modulus, curve.file_radix
    b = tuple(part * radix ** 3 % modulus for part in curve.b[group])
    for index, (x, y) in enumerate(coordinates(curve, group, points)):
        if max(x + y) >= modulus:
            return index
        cube = times(times(x, x, modulus), x, modulus)
        square = tuple(part * radix % modulus for part in times(y, y, modulus))
        if any(x + y) and plus(cube, b, modulus) != square:  # (x R)^3 + b R^3 = (y R)^2 R
            return index
    return None


def check_on_curve(curve: Curve, group: Group, points: Limbs) -> None:
    """Raise for what is no array of points, or not on the curve."""
    if group not in curve.b or points.ndim != 2 or points.shape[1] != curve.point_words(group):
        shapes = " or ".join(f"{each.value} and have shape (n, {curve.point_words(each)})"
                             for each in curve.b)
        raise ValueError(f"points of {curve.name.upper()} are of {shapes}, not {group.value}, "
                         f"{points.shape}")
    if (index := first_wrong(curve, group, points)) is not None:
        raise ProofmillError(
            f"point {index:,} of {len(points):,} is not on the curve of {group.value}; give "
            f"coordinates times 2^{64 * curve.words} modulo p, and zeros for infinity")


def rescaled(curve: Curve, group: Group, points: Limbs, scale: int) -> Limbs:
    """Points with their coordinates times ``2 ** scale`` instead of `Curve.file_radix`."""
    if 1 << scale == curve.file_radix:
        return points
    modulus = curve.base.modulus
    factor = pow(2, scale, modulus) * pow(curve.file_radix, -1, modulus)
    return limbs_of(curve, group, [part * factor % modulus for part in parts_of(curve, points)])


def first_outside(curve: Curve, group: Group, points: Limbs) -> int | None:
    """The index of the first that is not of the group of order r, if any.

    Such points may differ by one of order two, of which the accelerator's formula does not hold.
    Many are tested by sums of random ones, see `ROUNDS`: each is outside with a chance of a half.
    """
    law, order, rng = equation(curve, group), curve.scalar.modulus, SystemRandom()
    affine = decoded(curve, group, points)
    if len(affine) > ROUNDS:
        sums: list[Affine] = [None] * ROUNDS
        for point in affine:
            chosen = rng.getrandbits(ROUNDS)
            for n in range(ROUNDS):
                if chosen >> n & 1:
                    sums[n] = law.add(sums[n], point)
        if all(law.multiply(order, total) is None for total in sums):
            return None
    return next((index for index, point in enumerate(affine)
                 if law.multiply(order, point) is not None), None)


class Plain:
    """Arithmetic of a curve's groups in plain integers: some hundredths of a second a point."""

    def __init__(self, curve: Curve) -> None:
        self.curve = curve

    def check_points(self, group: Group, points: Limbs) -> None:
        """See `Arithmetic`; of points on the curve, those outside the group are refused too."""
        check_on_curve(self.curve, group, points)
        if (index := first_outside(self.curve, group, points)) is not None:
            raise ProofmillError(
                f"point {index:,} of {len(points):,} is on the curve but not in "
                f"{group.value}, the group of order r; multiply it by the cofactor, or leave it "
                "out")

    def to_device(self, group: Group, points: Limbs, scale: int, affine: bool) -> Limbs:
        """See `Arithmetic`."""
        return rescaled(self.curve, group, points, scale)

    def copies(self, group: Group, points: Limbs, stride: int, copies: int, base: int
               ) -> Limbs:
        """See `Arithmetic`."""
        if copies == 1:
            return points
        law, found = equation(self.curve, group), list[Affine]()
        for point in decoded(self.curve, group, points):
            own = [point]
            for _ in range(copies - 1):
                own.append(law.multiply(base or 1 << stride, own[-1]))
            found += reversed(own) if base else own
        return encoded(self.curve, group, found)

    def finish(self, group: Group, answer: Sum) -> Limbs:
        """By the group law as it is taught: some hundred operations."""
        return encoded(self.curve, group, [
            sum_of_groups(self.curve, group, answer.points)]).reshape(-1)

    def is_point(self, group: Group, point: Limbs) -> bool:
        """See `Arithmetic`."""
        return first_wrong(self.curve, group, point.reshape(1, -1)) is None

    def sum(self, group: Group, points: Limbs, scalars: Limbs) -> Limbs:
        """By buckets, as the accelerator does."""
        plan = WindowPlan(self.curve.scalar.bits, 8)
        law = equation(self.curve, group)
        groups = last_level(law, plan, from_limbs(scalars), decoded(self.curve, group, points))
        return encoded(self.curve, group, [combine(law, plan, groups)]).reshape(-1)


def arithmetic_on(curve: Curve) -> Arithmetic:
    """Arithmetic in plain integers, for devices on `curve`."""
    own = Plain(curve)
    return Arithmetic(curve, own.check_points, own.to_device, own.copies, own.finish,
                      own.is_point, own.sum)


ON_BLS12_377 = arithmetic_on(BLS12_377)
