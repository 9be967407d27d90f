"""Proofs of PLONK and FFLONK with something changed, as numbers: points first, then values."""

from collections.abc import Sequence
from random import Random

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve.arithmetic import multiply_generator
from proofmill.host.prover.curve.limbs import BASE_MODULUS, SCALAR_MODULUS, to_limbs
from proofmill.host.prover.curve.points import decode
from proofmill.host.prover.groth16.plain_points import on_curve


def mutated(draw: Random, proof: Sequence[int], signals: Sequence[int], points: int
            ) -> tuple[list[int], list[int]]:
    """The proof or a signal with one or two numbers or points changed, now and then none."""
    numbers, public = list(proof), list(signals)
    for _ in range(draw.choice((0, 1, 1, 1, 2))):
        kind = draw.randrange(5)
        if kind == 0:
            place = draw.randrange(len(numbers))
            numbers[place] = max(0, draw.choice((
                0, numbers[place] + 1, numbers[place] - 1, draw.randrange(SCALAR_MODULUS),
                numbers[place] ^ 1 << draw.randrange(254))))
        elif kind == 1:
            place, other = (2 * draw.randrange(points) for _ in range(2))
            numbers[place:place + 2], numbers[other:other + 2] = (
                numbers[other:other + 2], numbers[place:place + 2])
        elif kind == 2:
            place = 2 * draw.randrange(points)
            point = decode(Group.G1, multiply_generator(
                Group.G1, to_limbs([draw.randrange(SCALAR_MODULUS)])))[0]
            numbers[place:place + 2] = [part for part in point or () if isinstance(part, int)]
        elif kind == 3:
            place = 2 * draw.randrange(points)
            numbers[place + 1] = -numbers[place + 1] % BASE_MODULUS
        else:
            place = draw.randrange(len(public))
            public[place] = draw.choice((0, public[place] + 1, draw.randrange(SCALAR_MODULUS)))
    return numbers, public


def points_of(numbers: Sequence[int], public: Sequence[int], count: int
              ) -> list[tuple[int, int]] | None:
    """The proof's points; None where one is off the curve or a number is too great."""
    points = [(numbers[place], numbers[place + 1]) for place in range(0, 2 * count, 2)]
    right = (all(0 <= part < BASE_MODULUS for point in points for part in point)
             and all(on_curve(Group.G1, point) for point in points)
             and all(0 <= value < SCALAR_MODULUS for value in (*numbers[2 * count:], *public)))
    return points if right else None
