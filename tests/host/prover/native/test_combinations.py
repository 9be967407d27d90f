"""Many short sums at once, against the points' logarithms and py_ecc."""

import random

import numpy as np
import pytest

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve import combinations, points
from proofmill.host.prover.curve.arithmetic import multiply_generator
from proofmill.host.prover.curve.combinations import combine
from proofmill.host.prover.curve.limbs import BASE_MODULUS, SCALAR_MODULUS, from_limbs, to_limbs
from tests.host.prover.curve import reference
from tests.host.prover.native.classes import VECTORS, checked, plain

EACH = pytest.mark.parametrize("vector", VECTORS)
GROUPS = pytest.mark.parametrize("group", list(Group))

EDGES = [0, 1, 2, 3, 15, 16, 17, 31, 32, SCALAR_MODULUS - 1, SCALAR_MODULUS - 2, SCALAR_MODULUS,
         SCALAR_MODULUS + 1, SCALAR_MODULUS // 2, SCALAR_MODULUS // 2 + 1, (1 << 256) - 1, 1 << 253,
         (1 << 253) - 1, 1 << 200, (1 << 128) - 1]


def rows_of(draw: random.Random, lengths: list[int], bases: int) -> list[list[tuple[int, int]]]:
    """Rows of (place, scalar): short, long, opposite and equal ones."""
    def scalar() -> int:
        return draw.choice([1, SCALAR_MODULUS - 1, draw.choice(EDGES), 1 << draw.randrange(250),
                            draw.randrange(1 << 20), draw.randrange(SCALAR_MODULUS)])
    return [[(draw.randrange(bases), scalar()) for _ in range(length)] for length in lengths]


def logarithms(draw: random.Random, count: int) -> list[int]:
    """Of points, infinity, equal and opposite ones among them."""
    logs = [draw.randrange(SCALAR_MODULUS) for _ in range(count)]
    logs[1], logs[3], logs[5] = 0, logs[2], SCALAR_MODULUS - logs[4]
    return logs


def arrays(rows: list[list[tuple[int, int]]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    terms = [term for row in rows for term in row]
    return (np.array([place for place, _ in terms], dtype=np.uint32),
            to_limbs(scalar for _, scalar in terms),
            np.cumsum([0, *(len(row) for row in rows)]).astype(np.uint64))


def check(code, group: Group, logs: list[int], rows: list[list[tuple[int, int]]]) -> None:
    bases = multiply_generator(group, to_limbs(logs))
    found = combine(group, bases, *arrays(rows), code=code)
    want = multiply_generator(group, to_limbs(
        sum(scalar * logs[place] for place, scalar in row) % SCALAR_MODULUS for row in rows))
    assert np.array_equal(found, want)


@EACH
@GROUPS
def test_by_logarithms(vector: str, group: Group) -> None:
    draw = random.Random(1)
    lengths = [0, 1, 1, 2, 3, 4, 5, 9, 17, *(draw.randrange(6) for _ in range(60))]
    check(checked(vector), group, logarithms(draw, 20), rows_of(draw, lengths, 20))
    check(checked(vector), group, logarithms(draw, 20), [])
    check(checked(vector), group, logarithms(draw, 20), [[]])


@EACH
def test_every_edge_alone_and_together(vector: str) -> None:
    logs = logarithms(random.Random(2), 8)
    rows = [[(2, scalar)] for scalar in EDGES] + [[(2, left), (3, right), (4, left), (5, left)]
                                                 for left in EDGES for right in EDGES[:8]]
    check(checked(vector), Group.G1, logs, rows)


@EACH
def test_rows_longer_than_a_block_and_more_of_them(vector: str) -> None:
    draw = random.Random(3)
    logs = logarithms(draw, 50)
    long = [[(draw.randrange(50), draw.choice([1, SCALAR_MODULUS - 1, 7])) for _ in range(900)],
            [(draw.randrange(50), draw.randrange(SCALAR_MODULUS)) for _ in range(600)]]
    check(plain(vector), Group.G1, logs, [*long, *rows_of(draw, [2] * 3000, 50), [(0, 1)] * 513])


def test_by_py_ecc() -> None:
    bases = reference.random_points(Group.G2, 4, 1)
    scalars = reference.random_scalars(4, 2)
    encoded = points.encode(Group.G2, [reference.plain(Group.G2, base) for base in bases])
    rows = [[(0, scalars[0]), (1, scalars[1])], [(2, scalars[2]), (3, scalars[3])]]
    found = combine(Group.G2, encoded, *arrays(rows))
    want = [reference.plain(Group.G2, reference.weighted_sum(bases[i:i + 2], scalars[i:i + 2]))
            for i in (0, 2)]
    assert points.decode(Group.G2, found) == want


def test_what_does_not_fit_is_refused() -> None:
    bases = multiply_generator(Group.G1, to_limbs([1, 2, 3]))
    rows = [[(0, 1), (2, 5)]]
    with pytest.raises(ValueError, match="do not fit"):
        combine(Group.G1, bases[:2], *arrays(rows))
    bases[2].reshape(-1, 4)[1] = to_limbs([BASE_MODULUS])[0]
    with pytest.raises(ProofmillError, match="index 2: not below the field's prime"):
        combine(Group.G1, bases, *arrays(rows))
    combine(Group.G1, bases, *arrays([[(0, 1)]]))  # what is not used is not looked at


def test_uncompressed_points() -> None:
    """Big-endian plain numbers; in G2 the imaginary part first."""
    for group in Group:
        bases = multiply_generator(group, to_limbs([0, 1, 77]))
        text = combinations.uncompressed(group, bases)
        numbers = [int.from_bytes(text[i:i + 32], "big") for i in range(0, len(text), 32)]
        want: list[int] = []
        for point in points.decode(group, bases):
            for coordinate in point or (((0,) * group.degree,) * 2):
                parts = coordinate if isinstance(coordinate, tuple) else (coordinate,)
                want += reversed(parts)
        assert numbers == want
    assert from_limbs(to_limbs([5])) == [5]


def test_every_point_by_one_number() -> None:
    bases = multiply_generator(Group.G1, to_limbs(range(300)))
    found = combinations.multiply_all(Group.G1, bases, 12345 << 200)
    assert np.array_equal(found, multiply_generator(
        Group.G1, to_limbs((12345 << 200) * i % SCALAR_MODULUS for i in range(300))))
