"""The trusted setup checked, and setups with something wrong; points of G2 against arkworks."""

from dataclasses import replace
from random import Random

import pytest
from py_arkworks_bls12381 import G1Point, G2Point, Scalar

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.points_by_x import square_root
from proofmill.host.prover.kzg.points_g2 import P, compress_g2, decompress_g2
from proofmill.host.prover.kzg.setup_check import Setup, problem_of
from proofmill.host.prover.kzg.sums import ON_PROCESSOR, open_sums
from proofmill.host.prover.kzg.trusted_setup import compressed
from proofmill.host.prover.native.bls12_381 import ORDER, pack

SETUP = Setup(*compressed())


def g1(number: int) -> bytes:
    return bytes((G1Point() * Scalar(number)).to_compressed_bytes())


def g2(number: int) -> bytes:
    return bytes((G2Point() * Scalar(number)).to_compressed_bytes())


def with_one(points, index: int, point: bytes) -> list[bytes]:
    return [*points[:index], point, *points[index + 1:]]


def test_the_trusted_setup_is_one() -> None:
    assert problem_of(SETUP, ON_PROCESSOR) is None
    assert [len(points) for points in compressed()] == [4096, 65, 4096]


@pytest.mark.parametrize("change, problem", [
    ({"powers": with_one(SETUP.powers, 0, g1(2))}, "the first power is not"),
    ({"powers_g2": with_one(SETUP.powers_g2, 0, g2(2))}, "the first power is not"),
    ({"powers": with_one(SETUP.powers, 1, g1(ORDER))}, "the secret is 0"),
    ({"powers": with_one(SETUP.powers, 4095, g1(3))}, "the powers in G1 are not those"),
    ({"powers_g2": with_one(SETUP.powers_g2, 1, g2(3))}, "the powers in G1 are not those"),
    ({"powers_g2": with_one(SETUP.powers_g2, 64, g2(3))}, "the powers in G2 are not those"),
    ({"lagrange": with_one(SETUP.lagrange, 7, g1(3))}, "the combinations for values are not"),
    ({"lagrange": (SETUP.lagrange[1], SETUP.lagrange[0], *SETUP.lagrange[2:])},
     "the combinations for values are not")])
def test_what_is_wrong_is_said(change, problem: str) -> None:
    assert str(problem_of(replace(SETUP, **change), ON_PROCESSOR)).startswith(problem)


@pytest.mark.parametrize("change, message", [
    ({"powers": with_one(SETUP.powers, 5, bytes(48))}, "g1_monomial 5: 0x0+ is no point of G1"),
    ({"powers_g2": with_one(SETUP.powers_g2, 5, bytes(96))}, "g2_monomial 5: ")])
def test_bytes_that_are_no_point_are_named(change, message: str) -> None:
    with pytest.raises(ProofmillError, match=message):
        problem_of(replace(SETUP, **change), ON_PROCESSOR)


def test_points_of_g2_in_96_bytes_and_back() -> None:
    rng = Random(1)
    for number in (0, 1, ORDER - 1, *(rng.randrange(ORDER) for _ in range(4))):
        data = g2(number)
        assert compress_g2(decompress_g2(data)) == data
    good = bytearray(g2(5))
    for wrong, message in ((good[:95], "is no compressed point"), (bytes(96), "is no compressed"),
                           (b"\x9f" + b"\xff" * 95, "is no compressed"),
                           (b"\xc0" + bytes(94) + b"\1", "is marked as infinity"),
                           (b"\x80" + bytes(95), "no point of the curve")):
        with pytest.raises(ValueError, match=message):
            decompress_g2(bytes(wrong))


def test_roots_in_fp2() -> None:
    """Of u^2 = -1, of squares in Fp and not, and none where there is none."""
    for root in ((0, 1), (5, 0), (0, 7), (3, 4), (0, 0)):
        a, b = root
        square = ((a * a - b * b) % P, 2 * a * b % P)
        assert square_root(square, P) in (root, (-a % P, -b % P))
    assert square_root((4, 4), P) is None or square_root((2, 1), P) is None


def sum_of_multiples(numbers: list[int], scalars: list[int]) -> bytes:
    return g2(sum(k * s for k, s in zip(numbers, scalars, strict=True)) % ORDER)


def test_a_sum_in_g2_is_arkworks_on_the_processor() -> None:
    numbers, scalars = [3, 0, 11, ORDER - 1], [5, 7, ORDER - 2, 1 << 200]
    points = b"".join(decompress_g2(g2(number)) for number in numbers)
    assert compress_g2(ON_PROCESSOR.weighted_sum_g2(points, pack(scalars))) == sum_of_multiples(
        numbers, scalars)


@pytest.mark.slow
@pytest.mark.parametrize("device", ["model", "rtl"])
def test_a_devices_sums_check_the_setup(device: str) -> None:
    """Two sums of 64 points in G2 and four of 4,096 in G1, on one accelerator."""
    sums = open_sums(device, 1, groups=tuple(Group))
    numbers, scalars = [3, 0, 11, ORDER - 1], [5, 7, ORDER - 2, 1 << 200]
    points = b"".join(decompress_g2(g2(number)) for number in numbers)
    assert compress_g2(sums.weighted_sum_g2(points, pack(scalars))) == sum_of_multiples(
        numbers, scalars)
    assert problem_of(SETUP, sums) is None and sums.cycles > 0
    sums.close()
