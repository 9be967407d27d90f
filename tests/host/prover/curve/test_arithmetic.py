import dataclasses
import threading

import numpy as np
import pytest
from py_ecc import bn128

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve import arithmetic, mcl, pairing, points
from proofmill.host.prover.curve.limbs import BASE_MODULUS, SCALAR_MODULUS, to_limbs
from proofmill.host.prover.curve.pairing import product_is_one
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import Job
from tests.host.prover.curve import reference

GROUPS = pytest.mark.parametrize("group", list(Group))


@GROUPS
@pytest.mark.parametrize("count", [0, 1, 2, 5, 20])
def test_multi_scalar_multiplication(group: Group, count: int) -> None:
    bases = reference.random_points(group, count, count)
    scalars = reference.random_scalars(count, count)
    if count > 4:
        bases[1] = None
        scalars[2], scalars[3] = 0, SCALAR_MODULUS - 1
        bases[4] = bases[3]
    encoded = points.encode(group, [reference.plain(group, base) for base in bases])
    before = encoded.copy()
    result = arithmetic.multi_scalar_multiplication(group, encoded, to_limbs(scalars))
    assert np.array_equal(encoded, before)
    assert points.decode(group, result) == [
        reference.plain(group, reference.weighted_sum(bases, scalars))]


@GROUPS
@pytest.mark.parametrize("count", [300, 3000])
def test_many_points_by_their_logarithms(group: Group, count: int) -> None:
    logarithms = reference.random_scalars(count, 1)
    logarithms[7] = 0
    scalars = reference.random_scalars(count, 2)
    bases = arithmetic.multiply_generator(group, to_limbs(logarithms))
    result = arithmetic.multi_scalar_multiplication(group, bases, to_limbs(scalars))
    total = sum(a * b for a, b in zip(logarithms, scalars, strict=True))
    assert np.array_equal(result, arithmetic.multiply(group, points.generator(group), total))
    assert points.is_infinity(bases[7:8]).all()


def test_more_points_than_the_stack_holds() -> None:
    """mcl keeps something of every point on the stack: 2^18 points in one call end the process."""
    logarithms, times = list(range(1, 1025)), 256
    bases = np.tile(arithmetic.multiply_generator(Group.G1, to_limbs(logarithms)), (times, 1))
    scalars = reference.random_scalars(1024, 3)
    result = arithmetic.multi_scalar_multiplication(
        Group.G1, bases, np.tile(to_limbs(scalars), (times, 1)))
    total = times * sum(a * b for a, b in zip(logarithms, scalars, strict=True))
    assert np.array_equal(
        result, arithmetic.multiply(Group.G1, points.generator(Group.G1), total))


@GROUPS
def test_sums_that_vanish(group: Group) -> None:
    bases = np.repeat(points.generator(group)[None], 2, axis=0)
    scalars = to_limbs([5, SCALAR_MODULUS - 5])
    assert not arithmetic.multi_scalar_multiplication(group, bases, scalars).any()


def test_sizes_must_fit() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        arithmetic.multi_scalar_multiplication(
            Group.G1, np.zeros((2, 8), np.uint64), np.zeros((3, 4), np.uint64))


@GROUPS
def test_single_points(group: Group) -> None:
    base = reference.random_points(group, 2, 3)
    left, right = points.encode(group, [reference.plain(group, point) for point in base])
    assert points.decode(group, arithmetic.add(group, left, right)) == [
        reference.plain(group, bn128.add(*base))]
    assert points.decode(group, arithmetic.add(group, left, left)) == [
        reference.plain(group, bn128.double(base[0]))]
    assert points.decode(group, arithmetic.negate(group, left)) == [
        reference.plain(group, bn128.neg(base[0]))]
    assert not arithmetic.add(group, left, arithmetic.negate(group, left)).any()
    assert not arithmetic.add(group).any()
    assert points.decode(group, arithmetic.multiply(group, left, -3)) == [
        reference.plain(group, bn128.neg(bn128.multiply(base[0], 3)))]


@GROUPS
def test_sum_of_powers(group: Group) -> None:
    base = reference.random_points(group, 5, 4)
    homogeneous: list[points.ProjectivePoint] = []
    for index, point in enumerate(base):
        plain = reference.plain(group, point)
        assert plain is not None
        if group is Group.G1:
            z = 12345 + index
            x, y = plain
            assert isinstance(x, int) and isinstance(y, int)
            homogeneous.append((x * z % BASE_MODULUS, y * z % BASE_MODULUS, z))
        else:
            z2 = bn128.FQ2([7 + index, 11])
            x2, y2 = point[0] * z2, point[1] * z2
            homogeneous.append(tuple(
                (int(value.coeffs[0]), int(value.coeffs[1])) for value in (x2, y2, z2)))
    homogeneous[2] = None
    homogeneous[3] = (5, 6, 0) if group is Group.G1 else ((5, 6), (7, 8), (0, 0))
    weights = [1, 2, 0, 0, 16]
    assert points.decode(group, arithmetic.sum_of_powers(group, homogeneous)) == [
        reference.plain(group, reference.weighted_sum(base, weights))]
    assert not arithmetic.sum_of_powers(group, []).any()


def test_pairing() -> None:
    g1, g2 = points.generator(Group.G1), points.generator(Group.G2)
    left = np.array([arithmetic.multiply(Group.G1, g1, 6), arithmetic.multiply(Group.G1, g1, -2)])
    right = np.array([g2, arithmetic.multiply(Group.G2, g2, 3)])
    assert product_is_one(left, right)
    assert not product_is_one(left[:1], right[:1])
    assert product_is_one(np.zeros((1, 8), np.uint64), right[:1])


@GROUPS
def test_threads_do_not_disturb_each_other(group: Group) -> None:
    bases = arithmetic.multiply_generator(group, to_limbs(range(1, 513)))
    scalars = [to_limbs(reference.random_scalars(512, seed)) for seed in range(4)]
    expected = [arithmetic.multi_scalar_multiplication(group, bases, each) for each in scalars]
    wrong: list[int] = []

    def work(index: int) -> None:
        for _ in range(20):
            result = arithmetic.multi_scalar_multiplication(group, bases, scalars[index])
            if not np.array_equal(result, expected[index]):
                wrong.append(index)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_cpu_device(threads: int) -> None:
    device = CpuDevice(threads)
    expected, jobs = [], []
    for index, (group, count) in enumerate(
            [(Group.G1, 3000), (Group.G2, 2100), (Group.G1, 0), (Group.G1, 5), (Group.G2, 2)]):
        bases = arithmetic.multiply_generator(group, to_limbs(range(count)))
        scalars = to_limbs(reference.random_scalars(count, index))
        jobs.append(Job(bases=device.load(group, bases), scalars=scalars))
        expected.append(arithmetic.multi_scalar_multiplication(group, bases, scalars))
    seen: list[tuple[int, int]] = []
    results = device.run(jobs, lambda done, total: seen.append((done, total)))
    for result, point in zip(results, expected, strict=True):
        assert np.array_equal(result.point, point)
        assert (result.device, result.cycles, result.digits) == ("cpu", 0, 0)
    assert seen[0] == (0, 5107) and seen[-1] == (5107, 5107) and seen == sorted(seen)
    device.close()


def test_cpu_device_refuses_what_does_not_fit() -> None:
    device = CpuDevice(1)
    with pytest.raises(ValueError, match="shape"):
        device.load(Group.G2, np.zeros((3, 8), np.uint64))
    bases = device.load(Group.G1, np.zeros((3, 8), np.uint64))
    with pytest.raises(ValueError, match="3 bases"):
        device.run([Job(bases=bases, scalars=np.zeros((2, 4), np.uint64))])
    device.close()


def test_a_pairings_value_is_kept_until_it_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its memory was another thread's by then: a right proof was refused, and a wrong one might
    have been taken for right."""
    point, other = (points.generator(group) for group in Group)
    pair = point.reshape(1, -1), other.reshape(1, -1)
    there = mcl.library()

    def looked_at(address: int) -> int:
        others = [np.full(mcl.TARGET_LIMBS, 7, dtype=np.uint64) for _ in range(8)]
        assert len(others) == 8
        return there.target_is_one(address)

    both = np.array([point, arithmetic.negate(Group.G1, point)]), np.array([other, other])
    monkeypatch.setattr(pairing, "library",
                        lambda: dataclasses.replace(there, target_is_one=looked_at))
    assert pairing.product_is_one(*both) and not pairing.product_is_one(*pair)
