"""The processor's sums, by the native library and by mcl."""

import random
import threading
from collections.abc import Callable

import numpy as np
import pytest

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.arithmetic import multiply_generator
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS, to_limbs
from proofmill.host.prover.devices import cpu as module
from proofmill.host.prover.devices.catalogue import open_device
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import Device, Job
from proofmill.host.prover.devices.mcl import MclDevice
from proofmill.host.prover.native.library import library


def jobs(device: Device, counts: tuple[int, ...] = (0, 1, 700, 300)) -> list[Job]:
    """A product of each size, in G1 and G2 by turns; points at infinity among them."""
    draw, made = random.Random(1), []
    for index, count in enumerate(counts):
        group = (Group.G1, Group.G2)[index % 2]
        logarithms = [draw.choice([0, draw.randrange(SCALAR_MODULUS)]) for _ in range(count)]
        scalars = to_limbs(draw.randrange(SCALAR_MODULUS) for _ in range(count))
        made.append(Job(device.load(group, multiply_generator(group, to_limbs(logarithms))),
                        scalars))
    return made


@pytest.mark.parametrize("threads", [1, 3, None])
def test_sums_are_mcls(threads: int | None) -> None:
    device, other = CpuDevice(threads), MclDevice(threads)
    told: list[tuple[int, int]] = []
    found = device.run(jobs(device), lambda *step: told.append(step))
    assert device._code is library()
    for result, right in zip(found, other.run(jobs(other)), strict=True):
        assert np.array_equal(result.point, right.point) and result.device == "cpu"
    assert told == sorted(told) and told[0] == (0, 1001) and told[-1] == (1001, 1001)


def test_threads_are_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int | None] = []
    original: Callable[..., bytes] = module.sum_in_place

    def watched(*given: object, **more: object) -> bytes:
        seen.append(given[4])  # type: ignore[arg-type]
        return original(*given, **more)

    monkeypatch.setattr(module, "sum_in_place", watched)
    device = open_device("cpu", threads=1)
    device.run(jobs(device, (5,)))
    assert seen == [1]


def test_several_threads_may_use_it_at_once() -> None:
    device = CpuDevice(1)
    work = jobs(device)
    right = [result.point.tolist() for result in device.run(work)]
    found: list[list[object]] = []
    users = [threading.Thread(
        target=lambda: found.append([result.point.tolist() for result in device.run(work)]))
        for _ in range(4)]
    for user in users:
        user.start()
    for user in users:
        user.join()
    assert found == [right] * 4


def test_without_the_library_mcl_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "library_or_none", lambda progress: None)
    device = CpuDevice(1)
    found = device.run(jobs(device))
    assert device._code is None and {result.device for result in found} == {"cpu"}
    right = CpuDevice(1)
    monkeypatch.undo()
    for result, other in zip(found, right.run(jobs(right)), strict=True):
        assert np.array_equal(result.point, other.point)
    device.close()


def test_shapes_must_fit() -> None:
    device = CpuDevice()
    with pytest.raises(ValueError, match="g2 points have shape"):
        device.load(Group.G2, np.zeros((3, 8), dtype=np.uint64))
    bases = device.load(Group.G1, np.zeros((3, 8), dtype=np.uint64))
    with pytest.raises(ValueError, match="job 0: 3 bases need scalars"):
        device.run([Job(bases, to_limbs([1]))])
    points = np.zeros((3, 8), dtype=np.uint64)
    points[2] = np.uint64(-1 % (1 << 64))
    with pytest.raises(ProofmillError, match="point 2 of 3 in g1 has a coordinate that is not"):
        device.load(Group.G1, points)
