import numpy as np
import pytest

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve import points, validity
from proofmill.host.prover.curve.arithmetic import multiply_generator
from proofmill.host.prover.curve.limbs import (
    BASE_MODULUS,
    MONTGOMERY_RADIX,
    first_not_below,
    from_limbs,
    to_limbs,
)
from proofmill.host.prover.curve.validity import first_off_curve, in_subgroup, on_curve
from proofmill.host.prover.native.library import library
from tests.host.prover.curve import reference

GROUPS = pytest.mark.parametrize("group", list(Group))


def test_limbs_there_and_back() -> None:
    values = [0, 1, BASE_MODULUS, (1 << 256) - 1, 1 << 64]
    assert from_limbs(to_limbs(values)) == values
    assert from_limbs(to_limbs([])) == []


@pytest.mark.parametrize("bad", [0, 2, 4])
def test_first_not_below(bad: int) -> None:
    values = [BASE_MODULUS - 1] * 5
    assert first_not_below(to_limbs(values), BASE_MODULUS) is None
    values[bad] = BASE_MODULUS
    assert first_not_below(to_limbs(values), BASE_MODULUS) == bad
    values[bad] = (1 << 256) - 1
    assert first_not_below(to_limbs(values), BASE_MODULUS) == bad


def test_no_number_is_too_large() -> None:
    assert first_not_below(to_limbs([]), BASE_MODULUS) is None


@GROUPS
def test_encoding_is_a_zkeys(group: Group) -> None:
    expected = [reference.plain(group, point) for point in reference.random_points(group, 3, 1)]
    encoded = points.encode(group, [*expected, None])
    assert encoded.shape == (4, 8 * group.degree)
    assert points.decode(group, encoded) == [*expected, None]
    point = expected[0]
    assert point is not None
    x = point[0] if isinstance(point[0], int) else point[0][0]
    assert from_limbs(encoded[0, :4]) == [x * MONTGOMERY_RADIX % BASE_MODULUS]
    assert points.is_infinity(encoded).tolist() == [False, False, False, True]


@GROUPS
def test_jacobian_there_and_back(group: Group) -> None:
    encoded = points.encode(
        group,
        [reference.plain(group, point) for point in reference.random_points(group, 3, 2)] + [None])
    assert np.array_equal(points.to_affine(group, points.to_jacobian(group, encoded)), encoded)


@GROUPS
def test_generator_is_the_standard_one(group: Group) -> None:
    assert points.decode(group, points.generator(group)) == [
        reference.plain(group, reference.generator(group))]


@GROUPS
def test_first_not_canonical(group: Group) -> None:
    encoded = np.repeat(points.generator(group)[None], 3, axis=0)
    assert points.first_not_canonical(group, encoded) is None
    encoded[1, -4:] = to_limbs([BASE_MODULUS])[0]
    assert points.first_not_canonical(group, encoded) == 1


@GROUPS
def test_on_curve(group: Group) -> None:
    encoded = np.repeat(points.generator(group)[None], 600, axis=0)
    encoded[3] = 0
    encoded[599, 0] ^= np.uint64(1)
    for flags in (on_curve(group, encoded), in_subgroup(group, encoded)):
        assert np.flatnonzero(~flags).tolist() == [599]


@pytest.mark.parametrize("native", [True, False])
@GROUPS
def test_the_first_point_off_the_curve(group: Group, native: bool,
                                       monkeypatch: pytest.MonkeyPatch) -> None:
    """By the native library, and where that is not to be had."""
    found = library() if native else None
    monkeypatch.setattr(validity, "library_if_there", lambda: found)
    monkeypatch.setattr(validity, "PIECE", 4000)
    bases = multiply_generator(group, to_limbs(range(9000)))
    assert first_off_curve(group, bases) is None
    for place in (8999, 4500, 3):
        bases[place, 0] ^= np.uint64(1)
        assert first_off_curve(group, bases) == place
    # The same point modulo p, but not written as such.
    bases[2, :4] = to_limbs([from_limbs(bases[2, :4])[0] + BASE_MODULUS])[0]
    assert first_off_curve(group, bases) == 2
    assert first_off_curve(group, bases[:2]) is None and first_off_curve(group, bases[:0]) is None


def test_points_of_the_twist_outside_the_subgroup() -> None:
    # y^2 = x^3 + 3 / (9 + u) at x = 1: a point, but not of order r.
    stray = points.encode(Group.G2, [stray_point()])
    assert on_curve(Group.G2, stray).all()
    assert not in_subgroup(Group.G2, stray).any()


def stray_point() -> points.AffinePoint:
    """The first point of the twist with a small real x and y from a square root in Fp2."""
    from py_ecc.fields import bn128_FQ2
    modulus = BASE_MODULUS
    constant = bn128_FQ2([3, 0]) / bn128_FQ2([9, 1])
    for x in range(1, 50):
        square = bn128_FQ2([x, 0]) ** 3 + constant
        real, imaginary = (int(value) for value in square.coeffs)
        norm = (real * real + imaginary * imaginary) % modulus
        root = pow(norm, (modulus + 1) // 4, modulus)
        for sign in (root, -root):
            half = (real + sign) * pow(2, -1, modulus) % modulus
            y_real = pow(half, (modulus + 1) // 4, modulus)
            if y_real and y_real * y_real % modulus == half:
                y = bn128_FQ2([y_real, imaginary * pow(2 * y_real, -1, modulus) % modulus])
                if y * y == square:
                    return ((x, 0), (int(y.coeffs[0]), int(y.coeffs[1])))
    raise AssertionError("no point found")
