"""What devices on BLS12-381 leave to this machine, held to py_ecc."""

from random import Random

import numpy as np
import pytest
from py_ecc import bls12_381 as py_ecc

from proofmill.hdl.curve import BLS12_381, Group
from proofmill.host.bench.known import known_on
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.limbs import to_limbs
from proofmill.host.prover.devices import plain
from proofmill.host.prover.devices.accelerator import Sum
from proofmill.host.prover.devices.bls12_381 import ON_BLS12_381, to_points, to_scalars
from proofmill.host.prover.native.bls12_381 import ORDER, pack
from tests.hdl.points import from_py_ecc
from tests.host.prover.devices.wide_points import check_scales, unfinished

MODULUS, RADIX = BLS12_381.base.modulus, BLS12_381.file_radix
GENERATORS = {Group.G1: py_ecc.G1, Group.G2: py_ecc.G2}

in_both = pytest.mark.parametrize("group", Group, ids=lambda group: group.value)


def encoded(group, affine):
    return plain.encoded(BLS12_381, group, [affine])[0]


def first_wrong(group, points):
    return plain.first_wrong(BLS12_381, group, points)


def point(group, k: int):
    return from_py_ecc(None if k == 0 else py_ecc.multiply(GENERATORS[group], k))


def array(group, *multiples: int):
    return np.stack([encoded(group, point(group, k)) for k in multiples])


@in_both
def test_points_lie_as_the_native_library_has_them(group) -> None:
    parts = [part for coordinate in from_py_ecc(GENERATORS[group]) for part in coordinate]
    assert plain.parts_of(BLS12_381, encoded(group, point(group, 1))) == [
        part * RADIX % MODULUS for part in parts]
    assert not encoded(group, None).any()
    assert array(group, 1, 2).shape == (2, BLS12_381.point_words(group))
    known = known_on("bls12-381").multiples(group, [0, 1, 2, 300, ORDER - 1])
    assert np.array_equal(known, array(group, 0, 1, 2, 300, ORDER - 1))
    if group is Group.G1:
        assert np.array_equal(to_points(array(group, 1, 2).tobytes()), array(group, 1, 2))
    assert to_scalars(pack([5, ORDER - 1])).tolist() == to_limbs([5, ORDER - 1]).tolist()


@in_both
def test_what_is_no_point_is_named(group) -> None:
    good = array(group, 1, 0, 7)
    ON_BLS12_381.check_points(group, good)
    off = good.copy()
    off[2, -1] ^= np.uint64(1)
    beyond = good.copy()
    # The same x, and p more: no coordinate below p.
    whole = int.from_bytes(beyond[0, :6].tobytes(), "little") + MODULUS
    beyond[0, :6] = np.frombuffer(whole.to_bytes(48, "little"), "<u8")
    for points, index in ((off, 2), (beyond, 0)):
        assert first_wrong(group, points) == index
        with pytest.raises(ProofmillError, match=f"point {index} of 3 is not on the curve of "
                                                 f"{group.value}"):
            ON_BLS12_381.check_points(group, points)
        assert not ON_BLS12_381.is_point(group, points[index])
    (other,) = (each for each in Group if each is not group)
    for wrong, points in ((other, good), (group, good[:, :8])):
        with pytest.raises(ValueError, match=r"points of BLS12-381 are of g1 and have shape \(n, "
                                             r"12\) or g2 and have shape \(n, 24\), not"):
            ON_BLS12_381.check_points(wrong, points)


@in_both
def test_copies_sums_and_scales(group) -> None:
    points, rng = array(group, 3, 0, 11), Random(1)
    stride = 64 if group is Group.G1 else 16
    assert ON_BLS12_381.copies(group, points, stride, 1, 0) is points
    copies = ON_BLS12_381.copies(group, points, stride, 4, 0)
    expected = array(group, *(k << stride * i for k in (3, 0, 11) for i in range(4)))
    assert np.array_equal(copies, expected)
    assert np.array_equal(ON_BLS12_381.copies(group, points, 0, 3, 10421),
                          array(group, *(k * 10421 ** i for k in (3, 0, 11) for i in (2, 1, 0))))
    scalars = [rng.randrange(ORDER) for _ in range(3)]
    total = (3 * scalars[0] + 11 * scalars[2]) % ORDER
    assert np.array_equal(ON_BLS12_381.sum(group, points, to_limbs(scalars)),
                          array(group, total)[0])
    check_scales(ON_BLS12_381, group, points)


@in_both
def test_an_answer_that_is_not_finished(group) -> None:
    found = ON_BLS12_381.finish(
        group, unfinished(ON_BLS12_381, group, lambda k: point(group, k)))
    assert np.array_equal(found, array(group, 5 + 9 * 8)[0])
    assert not ON_BLS12_381.finish(group, Sum({})).any()
    assert BLS12_381.point_words(group) == len(found)
