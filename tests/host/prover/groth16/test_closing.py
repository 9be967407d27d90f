"""A proof's last sum on the device: the host moves words, and does no arithmetic of points."""

from collections.abc import Iterator

import numpy as np
import pytest

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.arithmetic import multi_scalar_multiplication
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.devices.apart import ApartDevice
from proofmill.host.prover.devices.catalogue import open_device
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import Combining, DeviceError, Result
from proofmill.host.prover.devices.lanes import LanesDevice
from proofmill.host.prover.groth16 import prove, sums
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.verify import verify
from tests.host.prover.groth16.files import ALL
from tests.host.prover.groth16.test_prove import inputs

BLINDING = 5, 7


class Chip(CpuDevice):
    """The processor, and a last sum, right or not."""

    name = "chip"
    combines = True

    def __init__(self, *, wrong: bool = False, fails: bool = False) -> None:
        super().__init__()
        self.wrong, self.fails = wrong, fails

    def combine(self, group: Group, points: Limbs, scalars: Limbs) -> Result:
        if self.fails:
            raise DeviceError("it has no answer")
        if self.wrong:
            points = points[[0, 0, 2, 3]]
        return Result(multi_scalar_multiplication(group, points, scalars), 1_000, 3, self.name)


@pytest.fixture
def cpu() -> Iterator[CpuDevice]:
    device = CpuDevice()
    yield device
    device.close()


@pytest.mark.parametrize("vector", ALL)
def test_the_proof_is_the_one_of_the_usual_form(vector: str, cpu: CpuDevice) -> None:
    key, witness = inputs(vector)
    chip = Chip()
    assert isinstance(chip, Combining)
    usual, result = (Prover(key, device).prove(witness, blinding=BLINDING)
                     for device in (cpu, chip))
    for one, other in zip(vars(usual.proof).values(), vars(result.proof).values(), strict=True):
        assert np.array_equal(one, other)
    assert (result.cycles, result.closing_cycles, result.digits) == (1_000, 1_000, 3)
    assert result.calls == result.calls_on_device == 5 and usual.closing_cycles == 0
    chip.close()


def forbid(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host's arithmetic of points, in proving, raises."""
    def raises(*arguments: object) -> None:
        raise AssertionError("the host computes")

    for module in (prove, sums):
        for name in ("add", "multiply"):
            monkeypatch.setattr(module, name, raises)


@pytest.mark.parametrize("device", [
    pytest.param("model+h", marks=pytest.mark.slow), pytest.param("rtl", marks=pytest.mark.slow),
    "model"])
def test_the_host_adds_no_points(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    forbid(monkeypatch)
    key, witness = inputs("chain4")
    chip = open_device(device, lanes=1)
    result = Prover(key, chip).prove(witness)
    assert verify(key.verification_key, result.public, result.proof)
    assert 0 < result.closing_cycles < 60_000 and not result.faults
    chip.close()


def test_it_would_be_noticed_if_the_host_did(monkeypatch: pytest.MonkeyPatch, cpu: CpuDevice
                                             ) -> None:
    forbid(monkeypatch)
    key, witness = inputs("chain4")
    with pytest.raises(AssertionError, match="the host computes"):
        Prover(key, cpu).prove(witness)


@pytest.mark.parametrize("kind, fault", [
    ("wrong", "chip computed a wrong sum for C from the others"),
    ("fails", "chip failed: it has no answer")])
def test_a_device_whose_last_sum_is_wrong_is_put_aside(kind: str, fault: str, cpu: CpuDevice
                                                       ) -> None:
    key, witness = inputs("chain4")
    chip = Chip(**{kind: True})
    result = Prover(key, chip, cpu).prove(witness)
    assert verify(key.verification_key, result.public, result.proof)
    assert (result.device, result.faults, result.closing_cycles) == ("cpu", (fault,), 0)
    chip.close()


def chip_named(name: str) -> CpuDevice:
    """What `ApartDevice` opens."""
    return CpuDevice() if name == "plain" else Chip(fails=name == "broken chip")


def test_a_device_in_a_process_of_its_own() -> None:
    key, witness = inputs("chain4")
    opener = f"{chip_named.__module__}:{chip_named.__name__}"
    for name, cycles in (("chip", 1_000), ("plain", 0)):
        chip = ApartDevice(name, opener)
        assert Prover(key, chip).prove(witness).closing_cycles == cycles
        chip.close()
    chip = ApartDevice("broken chip", opener)
    with pytest.raises(DeviceError, match="^broken chip failed: broken chip: it has no answer; no"):
        Prover(key, chip).prove(witness)
    chip.close()


def test_what_is_combined_is_not_kept() -> None:
    """Also where the memory is full of copies, and points that are none are refused."""
    chip = open_device("model", lanes=1)
    assert isinstance(chip, LanesDevice) and chip.combines
    key, witness = inputs("chain4")
    rows, scalars = key.h[:4], witness[:4]
    for used in (0, (chip.accelerators[0].memory - 4 * 8)):
        chip.accelerators[0].used = used
        found = chip.combine(Group.G1, rows, scalars)
        assert np.array_equal(found.point, multi_scalar_multiplication(Group.G1, rows, scalars))
        assert chip.accelerators[0].used == used
    with pytest.raises(ProofmillError, match="^point 0 of 4 is not on the curve of g1"):
        chip.combine(Group.G1, rows + np.uint64(1), scalars)
    chip.close()


def test_who_leaves_finishing_to_the_host_combines_nothing() -> None:
    chip = open_device("model", lanes=1)
    assert isinstance(chip, LanesDevice)
    assert not LanesDevice("model", chip.accelerators, finish_on_chip=False).combines
    chip.close()
