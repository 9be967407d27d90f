from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.curve.points import encode
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import Bases, DeviceError, Job, Progress, Result
from proofmill.host.prover.groth16.candidate import LONGEST_PAUSE
from proofmill.host.prover.groth16.json_fields import read_public
from proofmill.host.prover.groth16.prove import Prover, prove
from proofmill.host.prover.groth16.proving_key import ProvingKey, is_development_key
from proofmill.host.prover.groth16.r1cs_file import read_r1cs
from proofmill.host.prover.groth16.verification_key import read_verification_key
from proofmill.host.prover.groth16.verify import verify
from proofmill.host.prover.groth16.wtns import read_witness
from proofmill.host.prover.groth16.zkey import read_zkey
from tests.host.prover.curve.test_points import stray_point
from tests.host.prover.groth16.files import ALL, VECTORS, WITH_CIRCUIT, cube_witness

FOLDER = VECTORS / "chain4"
Tamper = Callable[[list[Result]], list[Result]]


@pytest.fixture(scope="module")
def cpu() -> Iterator[CpuDevice]:
    device = CpuDevice()
    yield device
    device.close()


class Tampered:
    """A device whose answers pass through `tamper`; counts what it is asked."""

    name = "tampered"

    def __init__(self, device: CpuDevice, tamper: Tamper) -> None:
        self._device = device
        self._tamper = tamper
        self.runs = 0
        self.loads = 0

    def load(self, group: Group, points: Limbs) -> Bases:
        self.loads += 1
        return self._device.load(group, points)

    def run(self, jobs: Sequence[Job], progress: Progress | None = None) -> list[Result]:
        self.runs += 1
        assert all(job.scalars.flags.aligned and job.scalars.flags.c_contiguous for job in jobs)
        return self._tamper([
            replace(result, device=self.name, cycles=1000, digits=7)
            for result in self._device.run(jobs, progress)])

    def close(self) -> None:
        pass


def honest(results: list[Result]) -> list[Result]:
    return results


def flip(job: int, limb: int = 0, bit: int = 0) -> Tamper:
    def tamper(results: list[Result]) -> list[Result]:
        point = results[job].point.copy()
        point[limb] ^= np.uint64(1 << bit)
        results[job] = replace(results[job], point=point)
        return results
    return tamper


def another_point(job: int) -> Tamper:
    """A wrong sum that is a perfectly good point."""
    def tamper(results: list[Result]) -> list[Result]:
        results[job] = replace(results[job], point=results[(job + 3) % 5].point)
        return results
    return tamper


def fail(results: list[Result]) -> list[Result]:
    raise DeviceError("no answer within 10 s")


def inputs(vector: str) -> tuple[ProvingKey, Limbs]:
    folder = VECTORS / vector
    return read_zkey(folder / "circuit.zkey"), read_witness(folder / "witness.wtns")


@pytest.mark.parametrize("vector", ALL)
def test_vectors_prove(vector: str, cpu: CpuDevice) -> None:
    key, witness = inputs(vector)
    seen: list[tuple[int, int]] = []
    result = prove(key, witness, cpu, progress=lambda done, total: seen.append((done, total)))
    assert result.public == read_public(VECTORS / vector / "public.json")
    assert verify(read_verification_key(VECTORS / vector / "verification_key.json"),
                  result.public, result.proof)
    assert (result.device, result.faults, result.calls, result.calls_on_device) == ("cpu", (), 5, 5)
    assert seen[-1][0] == seen[-1][1] == 4 * key.wires - key.public - 1 + key.domain_size
    assert not is_development_key(key)


def test_known_blinding_makes_known_proofs(cpu: CpuDevice) -> None:
    key, witness = inputs("chain4")
    prover = Prover(key, cpu)
    first, second, third = (prover.prove(witness, blinding=blinding).proof
                            for blinding in ((5, 6), (5, 6), None))
    assert np.array_equal(first.a, second.a) and np.array_equal(first.c, second.c)
    assert not np.array_equal(first.a, third.a) and not np.array_equal(first.b, third.b)


def test_the_key_is_loaded_once_and_the_work_counted(cpu: CpuDevice) -> None:
    key, witness = inputs("chain4")
    device = Tampered(cpu, honest)
    prover = Prover(key, device, cpu)
    for _ in range(3):
        result = prover.prove(witness)
    assert (device.loads, device.runs) == (5, 3)
    assert (result.device, result.cycles, result.digits) == ("tampered", 5000, 35)
    assert prover.faulty is None


def test_threads_share_a_prover(cpu: CpuDevice) -> None:
    key, witness = inputs("chain4")
    prover = Prover(key, cpu)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: prover.prove(witness), range(8)))
    assert {result.device for result in results} == {"cpu"}
    assert all(verify(key.verification_key, each.public, each.proof) for each in results)


@pytest.mark.parametrize(("tamper", "names"), [
    *((flip(job), name) for job, name in enumerate(("A", "B in G1", "B in G2", "C", "H"))),
    (flip(4, limb=7, bit=63), "H"), (another_point(1), "B in G1"), (another_point(0), "A"),
])
def test_a_lying_device_is_caught(tamper: Tamper, names: str, cpu: CpuDevice) -> None:
    key, witness = inputs("chain4")
    device = Tampered(cpu, tamper)
    prover = Prover(key, device, cpu)
    result = prover.prove(witness)
    assert prover.faulty == f"tampered computed a wrong sum for {names}"
    assert result.faults == (prover.faulty,)
    assert (result.device, result.calls, result.calls_on_device, result.cycles) == ("cpu", 5, 0, 0)
    assert verify(key.verification_key, result.public, result.proof)
    # Put aside: not asked again.
    assert prover.prove(witness).device == "cpu" and device.runs == 1


@pytest.mark.parametrize("tamper", [fail, lambda results: results[:-1]])
def test_a_failing_device_is_put_aside(tamper: Tamper, cpu: CpuDevice) -> None:
    key, witness = inputs("chain4")
    result = prove(key, witness, Tampered(cpu, tamper), cpu)
    assert result.device == "cpu" and result.faults[0].startswith("tampered failed: ")


@pytest.mark.parametrize("tamper", [fail, flip(2)])
def test_without_a_fallback_nothing_is_returned(tamper: Tamper, cpu: CpuDevice) -> None:
    key, witness = inputs("chain4")
    prover = Prover(key, Tampered(cpu, tamper))
    for _ in range(2):
        with pytest.raises(DeviceError, match="tampered .*; no other device was given"):
            prover.prove(witness)


def test_a_device_that_failed_is_tried_again_after_pauses_that_grow(cpu: CpuDevice) -> None:
    key, witness = inputs("chain4")
    now, opened, broken = 0.0, [], [True]

    def reopen() -> Tampered:
        opened.append(now)
        if broken[0]:
            raise DeviceError("the port is gone")
        return Tampered(cpu, honest)

    first = Tampered(cpu, fail)
    prover = Prover(key, first, cpu, reopen=reopen, clock=lambda: now)
    result = prover.prove(witness)
    assert result.device == "cpu" and result.calls_on_device == 0
    assert result.news == ("tampered failed: no answer within 10 s; it is put aside for 5 s",)
    for _ in range(40):
        now += 1
        result = prover.prove(witness)
        assert result.device == "cpu" and result.faults == (prover.faulty,)
    assert opened == [5, 15, 35] and first.runs == 1 and prover.failures == 4
    broken[0] = False
    now = 75
    result = prover.prove(witness)
    assert (result.device, result.faults, result.calls_on_device) == ("tampered", (), 5)
    assert result.news == ("tampered answers again",) and prover.faulty is None
    assert prover.prove(witness).news == ()
    # It has worked in between, so the next failure is followed by the shortest pause again.
    prover._candidates[0]._on.device._tamper = fail  # type: ignore[attr-defined]
    assert prover.prove(witness).news[0].endswith("it is put aside for 5 s")
    now += LONGEST_PAUSE
    broken[0] = True
    for _ in range(20):
        now += LONGEST_PAUSE
        prover.prove(witness)
    assert np.diff(opened)[-1] == LONGEST_PAUSE


def test_a_device_that_lied_is_not_tried_again(cpu: CpuDevice) -> None:
    key, witness = inputs("chain4")
    now = 0.0

    def reopen() -> Tampered:
        raise AssertionError("opened again")

    prover = Prover(key, Tampered(cpu, flip(0)), cpu, reopen=reopen, clock=lambda: now)
    assert prover.prove(witness).news == (
        "tampered computed a wrong sum for A; it is put aside",)
    now = 10**6
    assert prover.prove(witness).device == "cpu"


def test_a_fallback_that_lies_is_caught_too(cpu: CpuDevice) -> None:
    key, witness = inputs("chain4")
    with pytest.raises(DeviceError, match="wrong sum for A; tampered computed a wrong sum for H"):
        prove(key, witness, Tampered(cpu, flip(0)), Tampered(cpu, flip(4)))


def test_a_device_that_cannot_load(cpu: CpuDevice) -> None:
    key, witness = inputs("chain4")

    class Unloadable(Tampered):
        def load(self, group: Group, points: Limbs) -> Bases:
            raise DeviceError("memory full")

    prover = Prover(key, Unloadable(cpu, honest), cpu)
    prover.load()
    assert prover.faulty == "tampered failed: memory full"
    assert prover.prove(witness).device == "cpu"
    with pytest.raises(DeviceError, match="memory full; no other"):
        Prover(key, Unloadable(cpu, honest)).load()


@pytest.mark.parametrize("vector", WITH_CIRCUIT)
def test_a_wrong_witness_is_answered_with_the_constraint(vector: str, cpu: CpuDevice) -> None:
    key, witness = inputs(vector)
    circuit = read_r1cs(VECTORS / vector / "circuit.r1cs")
    wrong = witness.copy()
    wrong[key.wires // 2, 0] ^= np.uint64(1)
    expected = circuit.first_unsatisfied(wrong)
    assert expected is not None
    with pytest.raises(ProofmillError, match=f"does not satisfy constraint {expected} of "):
        prove(key, wrong, cpu, r1cs=circuit)
    with pytest.raises(ProofmillError, match="give the .r1cs"):
        prove(key, wrong, Tampered(cpu, honest), cpu)


def test_sizes_must_fit(cpu: CpuDevice) -> None:
    key, witness = inputs("chain4")
    device = Tampered(cpu, honest)
    with pytest.raises(ProofmillError, match="949 values, .*circuit.zkey is for 950"):
        prove(key, witness[:-1], device)
    with pytest.raises(ProofmillError, match="must be 1"):
        prove(key, np.zeros_like(witness), device)
    large = witness.copy()
    large[9] = np.uint64(0xFFFFFFFFFFFFFFFF)
    with pytest.raises(ProofmillError, match="value 9 is not below"):
        prove(key, large, device)
    with pytest.raises(ProofmillError, match="has 1954 wires, .* is for 950"):
        prove(key, witness, device, r1cs=read_r1cs(VECTORS / "merkle8" / "circuit.r1cs"))
    assert device.runs == 0
    with pytest.raises(ProofmillError, match="4 values"):
        prove(key, cube_witness(2), device)


def changed(array: Limbs, index: int, value: Limbs) -> Limbs:
    copy = array.copy()
    copy[index] = value
    return copy


@pytest.mark.parametrize(("section", "field", "index"), [
    (3, "public_points", 1), (5, "a", 40), (6, "b_g1", 41), (7, "b_g2", 42), (8, "c", 43),
    (9, "h", 44)])
def test_a_damaged_key_is_named(section: int, field: str, index: int, cpu: CpuDevice) -> None:
    key, witness = inputs("chain4")
    points: Any = getattr(key, field)
    damaged = replace(key, **{
        field: changed(points, index, points[index] ^ np.arange(points.shape[1], dtype=np.uint64))})
    with pytest.raises(ProofmillError, match=rf"section {section} .*index {index}: not on the"):
        prove(damaged, witness, cpu)


def test_a_key_with_a_point_outside_the_subgroup_is_named(cpu: CpuDevice) -> None:
    key, witness = inputs("chain4")
    stray = encode(Group.G2, [stray_point()])[0]
    damaged = replace(key, b_g2=changed(key.b_g2, 30, stray))
    with pytest.raises(ProofmillError, match=r"section 7 .*index 30: not in the subgroup"):
        prove(damaged, witness, cpu)


def test_a_key_of_another_circuit_is_named(cpu: CpuDevice) -> None:
    key, witness = inputs("chain4")
    circuit = read_r1cs(FOLDER / "circuit.r1cs")
    swapped = replace(key, a=key.a[::-1].copy())
    with pytest.raises(ProofmillError, match="belongs to another circuit or is damaged"):
        prove(swapped, witness, cpu, r1cs=circuit)
