"""The scalars h from the device: used where it has transforms, checked where a proof is wrong."""

import json

import numpy as np
import pytest

from proofmill.hdl.accelerator import identity_words
from proofmill.hdl.presets import STANDARD, with_transforms
from proofmill.host.bench.transforms import figures, vectors
from proofmill.host.cli.main import main
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.devices.accelerator import Accelerator
from proofmill.host.prover.devices.apart import ApartDevice
from proofmill.host.prover.devices.catalogue import open_device
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import DeviceError, Quotient, Transforming
from proofmill.host.prover.devices.lanes import LanesDevice
from proofmill.host.prover.groth16.evaluation import quotient_of
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.verify import verify
from proofmill.sim.transform import cycles
from tests.host.prover.devices.links import Identified
from tests.host.prover.groth16.test_prove import inputs

CYCLES = 35_000


class Chip(CpuDevice):
    """The processor, and an accelerator's transforms, right ones or not."""

    name = "chip"

    def __init__(self, transforms: int, *, wrong: bool = False, fails: bool = False,
                 datapath: bool = True) -> None:
        super().__init__()
        self.transforms, self.wrong, self.fails, self.datapath = transforms, wrong, fails, datapath
        self.sizes: list[int] = []

    def quotient(self, a: Limbs, b: Limbs) -> Quotient:
        self.sizes.append(len(a))
        if self.fails:
            raise DeviceError("it has no answer")
        found = quotient_of(scalars.from_plain(a), scalars.from_plain(b),
                            scalars.root_of_unity(len(a).bit_length()))
        if self.wrong:
            found[3] = found[4]
        return Quotient(found if self.datapath else None, CYCLES)


@pytest.mark.parametrize("datapath", [True, False])
def test_h_comes_from_a_device_that_has_transforms(datapath: bool) -> None:
    key, witness = inputs("chain4")
    chip = Chip(12, datapath=datapath)
    assert isinstance(chip, Transforming)
    result = Prover(key, chip).prove(witness)
    assert (chip.sizes, result.device) == ([key.domain_size], "chip")
    assert result.cycles == result.transform_cycles == CYCLES
    chip.close()


def test_h_is_this_machines_where_the_circuit_is_too_large() -> None:
    key, witness = inputs("chain4")
    chip = Chip(key.domain_size.bit_length() - 2)
    result = Prover(key, chip).prove(witness)
    assert (chip.sizes, result.cycles, result.transform_cycles) == ([], 0, 0)
    chip.close()


@pytest.mark.parametrize("kind, fault", [
    ("wrong", "chip computed wrong scalars h"), ("fails", "chip failed: it has no answer")])
def test_a_device_whose_h_is_wrong_is_put_aside(kind: str, fault: str) -> None:
    key, witness = inputs("chain4")
    chip, fallback = Chip(12, **{kind: True}), CpuDevice()
    prover = Prover(key, chip, fallback)
    result = prover.prove(witness)
    assert verify(key.verification_key, result.public, result.proof)
    assert (result.device, result.faults, result.transform_cycles) == ("cpu", (fault,), 0)
    with pytest.raises(DeviceError, match=f"^{fault}; no other device was given$"):
        Prover(key, Chip(12, **{kind: True})).prove(witness)
    chip.close()
    fallback.close()


def chip_named(name: str) -> Chip:
    """What `ApartDevice` opens."""
    return Chip(12, fails=name == "broken chip")


def test_h_comes_from_a_device_in_a_process_of_its_own() -> None:
    key, witness = inputs("chain4")
    opener = f"{chip_named.__module__}:{chip_named.__name__}"
    chip = ApartDevice("chip", opener)
    result = Prover(key, chip).prove(witness)
    assert (result.device, result.transform_cycles) == ("chip", CYCLES)
    chip.close()
    chip = ApartDevice("broken chip", opener)
    with pytest.raises(DeviceError, match="^broken chip failed: broken chip: it has no answer; no"):
        Prover(key, chip).prove(witness)
    chip.close()


def test_a_size_that_the_device_does_not_take() -> None:
    chip = Chip(5)
    with pytest.raises(ProofmillError, match=r"^2\^6 values: the device transforms 2 to 2\^5 "
                                             "values; choose a power of these$"):
        list(figures(chip, [6]))
    chip.wrong = True
    with pytest.raises(ProofmillError, match=r"^the device computed wrong scalars of 2\^4 values"):
        list(figures(chip, [4]))
    chip.close()


def chip_device(name: str) -> LanesDevice:
    device = open_device(name, lanes=1)
    assert isinstance(device, LanesDevice)
    return device


def chip_with(memory_words: int, used: int = 0) -> LanesDevice:
    """The standard accelerator with transforms on a board of so much memory, as it says."""
    shape = with_transforms(STANDARD)
    chip = Accelerator(Identified(identity_words(shape, 1, memory_words=memory_words)))
    chip.used = used
    return LanesDevice("board", [chip])


@pytest.mark.parametrize("memory_words, power", [
    (0, 22), (1, 12), ((12 << 14) - 1, 13), (12 << 14, 14), (12 << 24, 24), (1 << 32, 24)])
def test_what_the_memory_holds_is_transformed(memory_words: int, power: int) -> None:
    assert chip_with(memory_words).transforms == power


def test_a_memory_without_room_for_the_tiles() -> None:
    device = chip_with(100_000, used=2_000)
    with pytest.raises(DeviceError, match=(
            "^a transform of 8,192 values takes 98,304 words of the device's memory: 2,000 of its "
            "100,000 words are in use; use a board with more memory, or a smaller key$")):
        device.accelerators[0].transform(*vectors(13))


@pytest.mark.slow
def test_a_proof_whose_h_came_from_the_chip() -> None:
    """On the accelerator's own Verilog, verified; the model takes the same cycles."""
    key, witness = inputs("chain4")
    shape = with_transforms(STANDARD).transform
    assert shape is not None
    taken = []
    for name in ("rtl+h", "model+h"):
        device = chip_device(name)
        assert device.transforms == 22  # what the simulation's memory holds
        result = Prover(key, device).prove(witness, blinding=(5, 6))
        assert verify(key.verification_key, result.public, result.proof)
        assert result.calls_on_device == 5 and not result.faults
        assert result.transform_cycles == cycles(shape, 10)
        taken.append((result.cycles, result.digits))
        device.close()
    assert taken[0] == taken[1]


@pytest.mark.slow
def test_what_it_takes_by_command(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["bench", "transforms", "--device", "model+h", "--power"]
    assert main([*command, "5", "--power", "12", "--power", "13", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["sizes"]
    assert [each["power"] for each in found] == [5, 12, 13]
    assert all(each["cycles"] == each["model_cycles"] for each in found)
    assert found[1]["cycles"] <= found[1]["bar"] == 166_000
    assert [each["moved"] > 0 for each in found] == [False, False, True]
    assert found[2]["butterflies_a_cycle"] >= 0.95 and found[2]["cycles"] <= found[2]["bar"]
    assert main([*command, "23"]) == 2
    assert "2^23 values: the device transforms 2 to 2^22 values" in capsys.readouterr().err


@pytest.mark.slow
def test_what_the_chip_computes() -> None:
    """Every size, exactly, to the block circuit's; sums before and after are in the proof's
    test."""
    device = chip_device("rtl+h")
    for power in range(1, 15):
        a, b = vectors(power, seed=power)
        found = device.quotient(a, b)
        assert found.scalars is not None
        assert np.array_equal(found.scalars, quotient_of(
            scalars.from_plain(a), scalars.from_plain(b), scalars.root_of_unity(power + 1)))
    device.close()
