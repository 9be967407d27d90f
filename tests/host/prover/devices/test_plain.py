"""What devices on BLS12-377 leave to this machine, held to the group law as it is taught."""

from random import Random

import numpy as np
import pytest

from proofmill.hdl.curve import BLS12_377, GENERATOR_BLS12_377, Group
from proofmill.host.bench.known import known_on
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.limbs import to_limbs
from proofmill.host.prover.devices.accelerator import Sum
from proofmill.host.prover.devices.plain import (
    ON_BLS12_377,
    ROUNDS,
    decoded,
    encoded,
    first_outside,
    parts_of,
)
from proofmill.sim.curve import equation
from tests.host.prover.devices.wide_points import check_scales, unfinished

LAW = equation(BLS12_377, Group.G1)
MODULUS, ORDER = BLS12_377.base.modulus, BLS12_377.scalar.modulus
KNOWN = known_on("bls12-377")


def point(k: int):
    return LAW.multiply(k, GENERATOR_BLS12_377)


def test_known_multiples_and_their_words() -> None:
    multiples = [0, 1, 2, 255, 256, ORDER - 1]
    array = KNOWN.multiples(Group.G1, multiples)
    assert array.shape == (6, 12) and not array[0].any()
    assert decoded(BLS12_377, Group.G1, array) == [point(k) for k in multiples]
    assert np.array_equal(encoded(BLS12_377, Group.G1, [point(k) for k in multiples]), array)
    assert parts_of(BLS12_377, array[1])[0] == (GENERATOR_BLS12_377[0][0] << 384) % MODULUS
    assert (KNOWN.order, KNOWN.curve, KNOWN.arithmetic) == (ORDER, BLS12_377, ON_BLS12_377)


def test_what_is_no_point_is_named() -> None:
    good = KNOWN.multiples(Group.G1, [1, 0, 7])
    ON_BLS12_377.check_points(Group.G1, good)
    off = good.copy()
    off[2, 11] ^= np.uint64(1)
    with pytest.raises(ProofmillError, match="point 2 of 3 is not on the curve"):
        ON_BLS12_377.check_points(Group.G1, off)
    for group, points in ((Group.G2, good), (Group.G1, good[:, :8])):
        with pytest.raises(ValueError, match="points of BLS12-377"):
            ON_BLS12_377.check_points(group, points)


def test_points_outside_the_group_are_refused() -> None:
    """Of order two, of order six, and one of the group with one of order two added."""
    two, six = ((MODULUS - 1,), (0,)), ((2,), (3,))
    for other in (two, six, LAW.add(two, point(5))):
        points = encoded(BLS12_377, Group.G1, [point(3), other])
        assert LAW.holds(other)
        with pytest.raises(ProofmillError, match="point 1 of 2 is on the curve but not in g1"):
            ON_BLS12_377.check_points(Group.G1, points)
    points = KNOWN.multiples(Group.G1, list(range(1, ROUNDS + 3)))  # many at once
    assert first_outside(BLS12_377, Group.G1, points) is None
    points[ROUNDS] = encoded(BLS12_377, Group.G1, [LAW.add(two, point(5))])[0]
    assert first_outside(BLS12_377, Group.G1, points) == ROUNDS


def test_copies_sums_and_scales() -> None:
    points, rng = KNOWN.multiples(Group.G1, [3, 0, 11]), Random(1)
    assert ON_BLS12_377.copies(Group.G1, points, 64, 1, 0) is points
    assert decoded(BLS12_377, Group.G1, ON_BLS12_377.copies(Group.G1, points, 64, 3, 0)) == [
        point(k << 64 * i) for k in (3, 0, 11) for i in range(3)]
    assert decoded(BLS12_377, Group.G1, ON_BLS12_377.copies(Group.G1, points, 0, 3, 10421)) == [
        point(k * 10421 ** i) for k in (3, 0, 11) for i in (2, 1, 0)]
    scalars = [rng.randrange(ORDER) for _ in range(3)]
    total = (3 * scalars[0] + 11 * scalars[2]) % ORDER
    assert np.array_equal(ON_BLS12_377.sum(Group.G1, points, to_limbs(scalars)),
                          KNOWN.multiples(Group.G1, [total])[0])
    check_scales(ON_BLS12_377, Group.G1, points)


def test_an_answer_that_is_not_finished() -> None:
    found = ON_BLS12_377.finish(Group.G1, unfinished(ON_BLS12_377, Group.G1, point))
    assert decoded(BLS12_377, Group.G1, found.reshape(1, -1)) == [point(5 + 9 * 8)]
    assert ON_BLS12_377.is_point(Group.G1, found)
    assert not ON_BLS12_377.finish(Group.G1, Sum({})).any()
