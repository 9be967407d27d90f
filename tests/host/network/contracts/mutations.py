"""Proofs of PLONK and FFLONK with something changed, as numbers: points first, then values."""

from collections.abc import Iterator, Sequence
from itertools import combinations
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


def changed(proof: Sequence[int], signals: Sequence[int], points: int, count: int
            ) -> list[tuple[str, list[int], list[int]]]:
    """`count` wrong proofs, no two alike, each with what was done to it: every number and signal
    in each of the ways below, points and numbers exchanged, and bits flipped for the rest."""
    every, draw = [*proof, *signals], Random(count)
    found = {tuple(every): "nothing"}
    changes = _changes(every, points, len(proof), draw)
    while len(found) <= count:
        what, numbers = next(changes)
        found.setdefault(tuple(numbers), what)
    return [(what, list(numbers[:len(proof)]), list(numbers[len(proof):]))
            for numbers, what in list(found.items())[1:]]


def _changes(every: list[int], points: int, proof: int, draw: Random
             ) -> Iterator[tuple[str, list[int]]]:
    """Endless: what is done, and all numbers."""
    def put(place: int, *numbers: int) -> list[int]:
        return [*every[:place], *numbers, *every[place + len(numbers):]]

    for place, number in enumerate(every):
        modulus = BASE_MODULUS if place < 2 * points else SCALAR_MODULUS
        for what, other in (
                ("plus 1", number + 1), ("minus 1", number - 1), ("zero", 0),
                ("negative", -number % modulus), ("plus p", number + BASE_MODULUS),
                ("plus r", number + SCALAR_MODULUS), ("the greatest", (1 << 256) - 1)):
            if 0 <= other:
                yield f"number {place}: {what}", put(place, other)
    for place in range(0, 2 * points, 2):
        x, y = every[place:place + 2]
        yield f"point {place}: infinity", put(place, 0, 0)
        yield f"point {place}: x for y", put(place, y, x)
        yield f"point {place}: plus p", put(place, x + BASE_MODULUS, y + BASE_MODULUS)
        for scalar in (1, draw.randrange(SCALAR_MODULUS)):
            point = decode(Group.G1, multiply_generator(Group.G1, to_limbs([scalar])))[0]
            assert point is not None
            yield f"point {place}: another", put(place, int(point[0]), int(point[1]))
    for first, second in combinations(range(0, 2 * points, 2), 2):
        numbers = put(first, *every[second:second + 2])
        numbers[second:second + 2] = every[first:first + 2]
        yield f"points {first} and {second} exchanged", numbers
    for few in (range(2 * points, proof), range(proof, len(every))):
        for first, second in combinations(few, 2):
            numbers = put(first, every[second])
            numbers[second] = every[first]
            yield f"numbers {first} and {second} exchanged", numbers
    while True:
        for place, number in enumerate(every):
            bit = draw.randrange(256)
            yield f"number {place}: bit {bit}", put(place, number ^ 1 << bit)


def points_of(numbers: Sequence[int], public: Sequence[int], count: int
              ) -> list[tuple[int, int]] | None:
    """The proof's points; None where one is off the curve or a number is too great."""
    points = [(numbers[place], numbers[place + 1]) for place in range(0, 2 * count, 2)]
    right = (all(0 <= part < BASE_MODULUS for point in points for part in point)
             and all(on_curve(Group.G1, point) for point in points)
             and all(0 <= value < SCALAR_MODULUS for value in (*numbers[2 * count:], *public)))
    return points if right else None
