"""A point's copies are its multiples by powers of two, whoever computes them."""

import random

import numpy as np
import pytest

from proofmill.hdl.curve import Group
from proofmill.host.bench.msm import bases_of
from proofmill.host.prover.curve.arithmetic import multiply
from proofmill.host.prover.curve.points import decode, encode
from proofmill.host.prover.devices import copies as module
from proofmill.host.prover.devices.copies import copies_of_points
from proofmill.host.prover.native.library import library


@pytest.fixture(params=["native", "mcl"])
def computed(request, monkeypatch):
    """`copies_of_points` by the one or the other."""
    found = library() if request.param == "native" else None
    monkeypatch.setattr(module, "library_if_there", lambda: found)
    return copies_of_points


@pytest.mark.parametrize("group", Group, ids=lambda group: group.value)
@pytest.mark.parametrize("stride, copies", [(13, 3), (2, 5), (128, 2), (255, 1)])
def test_copies_are_multiples(computed, group, stride, copies):
    points, _ = bases_of("infinity", group, 9, random.Random(stride))
    found = computed(group, points, stride, copies).reshape(9, copies, -1)
    for point, own in zip(points, found, strict=True):
        for n, copy in enumerate(own):
            assert np.array_equal(copy, multiply(group, point, 1 << n * stride))


@pytest.mark.parametrize("group", Group, ids=lambda group: group.value)
def test_copies_for_digits_to_a_base(computed, group):
    """The highest multiple first."""
    points, _ = bases_of("infinity", group, 5, random.Random(1))
    found = computed(group, points, 0, 4, 10421).reshape(5, 4, -1)
    for point, own in zip(points, found, strict=True):
        for n, copy in enumerate(own):
            assert np.array_equal(copy, multiply(group, point, 10421 ** (3 - n)))


def test_more_points_than_a_block_and_several_threads(computed):
    points, _ = bases_of("random", Group.G1, 3, random.Random(1))
    many = np.tile(points, (900, 1))
    found = computed(Group.G1, many, 3, 2).reshape(900, 3, 2, 8)
    assert (found == found[0]).all()
    assert np.array_equal(found[0, 1, 1], multiply(Group.G1, points[1], 8))


def test_a_point_of_order_two_and_one_off_the_curve(computed):
    """Of a wrong key: nothing breaks, and the points are as they were."""
    points = encode(Group.G1, [(5, 0), (7, 7), None, (1, 2)])
    found = computed(Group.G1, points, 2, 2).reshape(4, 2, 8)
    assert np.array_equal(found[:, 0], points)
    assert decode(Group.G1, found[0, 1]) == [None] and decode(Group.G1, found[2, 1]) == [None]
    assert np.array_equal(found[3, 1], multiply(Group.G1, points[3], 4))
