"""Sums and multiples against py_ecc, mcl and the points' logarithms."""

import ctypes
import random
import time
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import pytest

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve import points
from proofmill.host.prover.curve.arithmetic import multiply, multiply_generator
from proofmill.host.prover.curve.limbs import BASE_MODULUS, SCALAR_MODULUS, Limbs, to_limbs
from proofmill.host.prover.native.library import G1, G2, Library
from proofmill.host.prover.native.sums import (
    convert_in_place,
    multiples,
    sum_in_place,
    weighted_sum,
)
from tests.host.prover.curve import reference
from tests.host.prover.native.classes import VECTORS, checked, plain

EACH = pytest.mark.parametrize("vector", VECTORS)
GROUPS = pytest.mark.parametrize(("group", "number"), [(Group.G1, G1), (Group.G2, G2)])

KINDS: dict[str, Callable[[random.Random, int], list[int]]] = {
    "random": lambda draw, n: [draw.randrange(SCALAR_MODULUS) for _ in range(n)],
    "edges": lambda draw, n: draw.choices(
        [0, 1, 2, SCALAR_MODULUS - 1, SCALAR_MODULUS, SCALAR_MODULUS + 1, (1 << 256) - 1,
         1 << 253, (1 << 253) - 1, 0x7c, 0xffff, 1 << 16], k=n),
    "equal": lambda draw, n: [draw.randrange(SCALAR_MODULUS)] * n,
    "witness": lambda draw, n: [draw.choice([0, 1, draw.randrange(1 << 16),
                                             draw.randrange(SCALAR_MODULUS)]) for _ in range(n)],
}


def total(code: Library, number: int, bases: Limbs, scalars: Sequence[int],
          threads: int = 2) -> bytes:
    return weighted_sum(number, bases.tobytes(), to_limbs(scalars).tobytes(), threads, code=code)


def logarithms(draw: random.Random, count: int) -> list[int]:
    """Of random points, and of points that are equal, opposite and infinite."""
    found = [draw.randrange(SCALAR_MODULUS) for _ in range(count)]
    if count > 8:
        found[1], found[2] = 0, 0
        found[4] = found[3]
        found[6] = SCALAR_MODULUS - found[5]
    return found


@EACH
@GROUPS
@pytest.mark.parametrize("kind", KINDS)
def test_sums_by_logarithms(vector: str, group: Group, number: int, kind: str) -> None:
    code, draw = checked(vector), random.Random(kind + vector)
    for count in (0, 1, 2, 3, 9, 70, 600):
        logs, scalars = logarithms(draw, count), KINDS[kind](draw, count)
        bases = multiply_generator(group, to_limbs(logs))
        for threads in (1, 3):
            result = total(code, number, bases, scalars, threads)
            log = sum(a * b for a, b in zip(logs, scalars, strict=True)) % SCALAR_MODULUS
            assert result == multiply(group, points.generator(group), log).tobytes()


@EACH
@GROUPS
def test_sums_by_py_ecc(vector: str, group: Group, number: int) -> None:
    encoded, scalars, want = by_py_ecc(group)
    result = np.frombuffer(total(checked(vector), number, encoded, scalars), dtype=np.uint64)
    assert points.decode(group, result) == [want]


@cache
def by_py_ecc(group: Group) -> tuple[Limbs, list[int], object]:
    """Points, infinity and equal ones among them, scalars, and their sum; takes seconds."""
    bases = reference.random_points(group, 12, 1)
    bases[3] = None
    bases[5] = bases[4]
    scalars = reference.random_scalars(12, 2)
    encoded = points.encode(group, [reference.plain(group, base) for base in bases])
    return encoded, scalars, reference.plain(group, reference.weighted_sum(bases, scalars))


@EACH
@GROUPS
def test_many_points(vector: str, group: Group, number: int) -> None:
    """Enough that windows are cut in slices, in the build that users have."""
    code, draw, count = plain(vector), random.Random(5), 20_000
    scalars = KINDS["random"](draw, count)
    scalars[7] = 3
    bases = np.tile(multiply_generator(group, to_limbs(range(1, 2001))), (10, 1))
    log = sum((i % 2000 + 1) * scalar for i, scalar in enumerate(scalars))
    want = multiply(group, points.generator(group), log).tobytes()
    for threads in (1, 2, 40):
        assert total(code, number, bases, scalars, threads) == want


@EACH
@GROUPS
@pytest.mark.parametrize("kind", ["edges", "witness"])
@pytest.mark.parametrize("most", [1, 2, 30])
def test_points_that_are_kept_converted(vector: str, group: Group, number: int, kind: str,
                                        most: int) -> None:
    """Infinity among them, and scalars that leave points out; with and without multiples."""
    code, draw = checked(vector), random.Random(kind)
    for count in (0, 1, 9, 600):
        logs, scalars = logarithms(draw, count), to_limbs(KINDS[kind](draw, count)).tobytes()
        bases = multiply_generator(group, to_limbs(logs)).tobytes()
        place = ctypes.create_string_buffer(bases)
        kept = ctypes.create_string_buffer(len(bases) * most)
        convert_in_place(number, place, kept, count, 3, code, most)
        for threads in (1, 3):
            assert sum_in_place(number, kept, scalars, count, threads, code=code, converted=most
                                ) == weighted_sum(number, bases, scalars, 1, code=code)
    if most == 1:
        assert kept.raw[128 * (1 + number):][:64 * (1 + number)] == bytes(64 * (1 + number))
    bad = bytearray(bases)
    bad[-32:] = to_limbs([BASE_MODULUS]).tobytes()
    with pytest.raises(ProofmillError, match="index 599: not below the field's prime"):
        convert_in_place(number, bytes(bad), kept, count, 1, code, most)


def test_more_threads_than_there_are() -> None:
    """257 shares, of which 256 have a thread of their own: the last one is done too."""
    code, count = plain("scalar"), 257 * 1024
    bases = points.generator(Group.G1).tobytes() * count
    kept = [ctypes.create_string_buffer(len(bases)) for _ in range(2)]
    for threads, to in zip((1, 257), kept, strict=True):
        convert_in_place(G1, bases, to, count, threads, code)
    assert kept[0].raw == kept[1].raw == bases


@pytest.mark.parametrize("vector", [each for each in VECTORS if each != "scalar"])
@GROUPS
@pytest.mark.parametrize("opposite", [False, True])
def test_equal_numbers_that_are_written_differently(vector: str, group: Group, number: int,
                                                    opposite: bool) -> None:
    """Between additions coordinates are below 1.01 p: x and x + p are the same number."""
    code, count, size = checked(vector), 400, 64 * (1 + number)
    logs = range(1, count + 1)
    bases = multiply_generator(group, to_limbs(logs)).tobytes()
    kept = ctypes.create_string_buffer(len(bases))
    convert_in_place(number, bases, kept, count, 1, code)

    def small(place: int) -> bool:
        return int.from_bytes(kept.raw[place:place + 32], "little") < BASE_MODULUS // 100

    chosen = [log for log in logs if small((log - 1) * size)]
    twice = []
    for log in chosen:
        point = kept.raw[(log - 1) * size:log * size]
        x = int.from_bytes(point[:32], "little") + BASE_MODULUS
        twice += [point, x.to_bytes(32, "little") + point[32:]]
    scalars = [1, SCALAR_MODULUS - 1 if opposite else 1] * len(chosen)
    want = 0 if opposite else 2 * sum(chosen)
    assert chosen
    for some in range(0, len(chosen)):
        pair = b"".join(twice[2 * some:2 * some + 2])
        assert sum_in_place(number, pair, to_limbs(scalars[:2]).tobytes(), 2, 1, code=code,
                            converted=1) == multiply(group, points.generator(group),
                                                     0 if opposite else 2 * chosen[some]).tobytes()
    assert sum_in_place(number, b"".join(twice), to_limbs(scalars).tobytes(), len(scalars), 1,
                        code=code, converted=1) == multiply(
        group, points.generator(group), want).tobytes()


@EACH
@GROUPS
@pytest.mark.parametrize("signs", [(1,), (1, -1)])
def test_the_same_point_all_over(vector: str, group: Group, number: int,
                                 signs: tuple[int, ...]) -> None:
    draw, count = random.Random(6), 900
    base = logarithms(draw, 1)[0]
    logs = [base * signs[i % len(signs)] % SCALAR_MODULUS for i in range(count)]
    bases = np.array([multiply(group, points.generator(group), log) for log in logs[:2]])
    bases = np.tile(bases, (count // 2, 1))
    for kind in ("random", "equal"):
        scalars = KINDS[kind](draw, count)
        log = sum(a * b for a, b in zip(logs, scalars, strict=True))
        assert total(checked(vector), number, bases, scalars) == multiply(
            group, points.generator(group), log).tobytes()


@EACH
@GROUPS
def test_multiples(vector: str, group: Group, number: int) -> None:
    draw = random.Random(7)
    scalars = [0, 1, 2, SCALAR_MODULUS - 1, SCALAR_MODULUS, SCALAR_MODULUS + 1, (1 << 256) - 1,
               *KINDS["random"](draw, 300)]
    base = multiply(group, points.generator(group), 11)
    result = multiples(number, base.tobytes(), to_limbs(scalars).tobytes(), code=checked(vector))
    want = multiply_generator(group, to_limbs(11 * each % SCALAR_MODULUS for each in scalars))
    assert bytes(result) == want.tobytes()
    nothing = multiples(number, points.infinity(group).tobytes(), to_limbs([5]).tobytes(),
                        code=checked(vector))
    assert not any(nothing)


@EACH
@GROUPS
def test_coordinates_that_are_too_large_are_refused(vector: str, group: Group,
                                                    number: int) -> None:
    bases = multiply_generator(group, to_limbs(range(1, 41)))
    bases[33].reshape(-1, 4)[1] = to_limbs([BASE_MODULUS])[0]
    with pytest.raises(ProofmillError, match="index 33: not below the field's prime"):
        total(checked(vector), number, bases, [1] * 40)


def test_sizes_must_fit() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        weighted_sum(G1, bytes(64), bytes(64))


def test_an_interrupt_ends_the_work_soon() -> None:
    code, count = plain("scalar"), 30_000
    bases = np.tile(points.generator(Group.G1), (count, 1))
    scalars = to_limbs(KINDS["random"](random.Random(8), count)).tobytes()
    told: list[tuple[int, int]] = []

    def interrupt(done: int, all_of_it: int) -> None:
        told.append((done, all_of_it))
        raise KeyboardInterrupt

    start = time.monotonic()
    weighted_sum(G1, bases.tobytes(), scalars, 1, code=code)
    whole = time.monotonic() - start
    if whole > 0.3:
        start = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            weighted_sum(G1, bases.tobytes(), scalars, 1, interrupt, code)
        assert time.monotonic() - start < whole and told == told[:1] and told[0][1] == count
