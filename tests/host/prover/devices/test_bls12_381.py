"""What devices on BLS12-381 leave to this machine, held to py_ecc."""

from random import Random

import numpy as np
import pytest
from py_ecc import bls12_381 as py_ecc

from proofmill.hdl.curve import BLS12_381, Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.limbs import to_limbs
from proofmill.host.prover.devices import plain
from proofmill.host.prover.devices.accelerator import Sum
from proofmill.host.prover.devices.bls12_381 import ON_BLS12_381, to_points, to_scalars
from proofmill.host.prover.native.bls12_381 import ORDER, pack
from tests.hdl.points import from_py_ecc
from tests.host.prover.devices.in_g1 import check_scales, coordinates, unfinished

MODULUS, RADIX = BLS12_381.base.modulus, BLS12_381.file_radix


def encoded(affine):
    return plain.encoded(BLS12_381, [affine])[0]


def first_wrong(points):
    return plain.first_wrong(BLS12_381, points)


def point(k: int):
    return None if k == 0 else py_ecc.multiply(py_ecc.G1, k)


def array(*multiples: int):
    return np.stack([encoded(from_py_ecc(point(k))) for k in multiples])


def test_points_lie_as_the_native_library_has_them() -> None:
    x, y = (int(part) for part in py_ecc.G1)
    assert coordinates(encoded(from_py_ecc(py_ecc.G1))) == [
        x * RADIX % MODULUS, y * RADIX % MODULUS]
    assert not encoded(None).any()
    assert np.array_equal(to_points(array(1, 2).tobytes()), array(1, 2))
    assert to_scalars(pack([5, ORDER - 1])).tolist() == to_limbs([5, ORDER - 1]).tolist()


def test_what_is_no_point_is_named() -> None:
    good = array(1, 0, 7)
    assert first_wrong(good) is None
    off = good.copy()
    off[2, 11] ^= np.uint64(1)
    beyond = good.copy()
    # The same x, and p more: no coordinate below p.
    whole = int.from_bytes(beyond[0, :6].tobytes(), "little") + MODULUS
    beyond[0, :6] = np.frombuffer(whole.to_bytes(48, "little"), "<u8")
    for points, index in ((off, 2), (beyond, 0)):
        assert first_wrong(points) == index
        with pytest.raises(ProofmillError, match=f"point {index} of 3 is not on the curve"):
            ON_BLS12_381.check_points(Group.G1, points)
        assert not ON_BLS12_381.is_point(Group.G1, points[index])
    for group, points in ((Group.G2, good), (Group.G1, good[:, :8])):
        with pytest.raises(ValueError, match="points of BLS12-381"):
            ON_BLS12_381.check_points(group, points)


def test_copies_sums_and_scales() -> None:
    points, rng = array(3, 0, 11), Random(1)
    assert ON_BLS12_381.copies(Group.G1, points, 64, 1, 0) is points
    copies = ON_BLS12_381.copies(Group.G1, points, 64, 4, 0)
    expected = array(*(k << 64 * i for k in (3, 0, 11) for i in range(4)))
    assert np.array_equal(copies, expected)
    assert np.array_equal(ON_BLS12_381.copies(Group.G1, points, 0, 3, 10421),
                          array(*(k * 10421 ** i for k in (3, 0, 11) for i in (2, 1, 0))))
    scalars = [rng.randrange(ORDER) for _ in range(3)]
    total = (3 * scalars[0] + 11 * scalars[2]) % ORDER
    assert np.array_equal(ON_BLS12_381.sum(Group.G1, points, to_limbs(scalars)),
                          array(total)[0])
    check_scales(ON_BLS12_381, points)


def test_an_answer_that_is_not_finished() -> None:
    found = ON_BLS12_381.finish(
        Group.G1, unfinished(ON_BLS12_381, lambda k: from_py_ecc(point(k))))
    assert np.array_equal(found, array(5 + 9 * 8)[0])
    assert not ON_BLS12_381.finish(Group.G1, Sum({})).any()
    assert BLS12_381.point_words(Group.G1) == len(found)
