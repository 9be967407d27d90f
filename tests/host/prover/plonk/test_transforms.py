"""Transforms of PLONK's and FFLONK's polynomials on a device: used where it has them, checked where
a proof is wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from proofmill.hdl.presets import STANDARD, with_one_way
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.devices.apart import ApartDevice
from proofmill.host.prover.devices.catalogue import open_device
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import DeviceError, OneWay, Transformed
from proofmill.host.prover.fflonk import zkey as fflonk
from proofmill.host.prover.fflonk.prove import FflonkProver
from proofmill.host.prover.groth16.container import open_container
from proofmill.host.prover.groth16.json_fields import write_json, write_public
from proofmill.host.prover.groth16.wtns import read_witness
from proofmill.host.prover.plonk import zkey as plonk
from proofmill.host.prover.plonk.identities import shift_of
from proofmill.host.prover.plonk.prove import PlonkProver
from proofmill.sim.transform import one_way_cycles
from tests.host.prover.groth16 import snarkjs
from tests.host.prover.plonk.files import PLONK, WITNESS

CYCLES = 2_000
PROVERS: dict[str, tuple[Any, Callable[[Path], Any], int, str]] = {
    "plonk": (PlonkProver, plonk.read_zkey, 23, "OK!"),
    "fflonk": (FflonkProver, fflonk.read_zkey, 32, "VERIFIED SUCCESSFULLY")}
"""Of each system: prover, reader of keys, transforms of a proof, what snarkjs says of it."""

SYSTEMS = pytest.mark.parametrize("system", PROVERS)


class Chip(CpuDevice):
    """The processor, and an accelerator's transforms, right ones or not."""

    name = "chip"

    def __init__(self, one_way: int = 12, *, wrong: int = 0, fails: bool = False,
                 datapath: bool = True) -> None:
        super().__init__()
        self.one_way, self.wrong, self.fails, self.datapath = one_way, wrong, fails, datapath
        self.calls = 0

    def transform(self, values: Limbs, *, inverse: bool = False, coset: int = 0) -> Transformed:
        self.calls += 1
        if self.fails:
            raise DeviceError("it has no answer")
        made = scalars.inverse_transform if inverse else scalars.transform
        found = scalars.to_plain(made(scalars.from_plain(values),
                                      shift_of(coset, len(values).bit_length() - 1)))
        if self.calls == self.wrong:
            found[3] = found[4]
        return Transformed(found if self.datapath else None, CYCLES)


def inputs(system: str) -> tuple[Any, Any, Limbs, list[int], int]:
    """Prover, key, witness, random numbers, and how many transforms there are."""
    prover, read, transforms, _ = PROVERS[system]
    return (prover, read(PLONK / f"mix.{system}.zkey"), read_witness(WITNESS),
            list(range(2, 2 + prover.blindings)), transforms)


@SYSTEMS
@pytest.mark.parametrize("datapath", [True, False])
def test_all_transforms_are_a_devices_that_has_them(system: str, datapath: bool) -> None:
    prover, key, witness, numbers, transforms = inputs(system)
    chip = Chip(datapath=datapath)
    assert isinstance(chip, OneWay)
    result = prover(key, chip).prove(witness, blinding=numbers)
    expected = prover(key, CpuDevice()).prove(witness, blinding=numbers)
    assert result.proof == expected.proof and result.device == "chip" and chip.calls == transforms
    assert result.cycles == result.transform_cycles == transforms * CYCLES
    assert (expected.cycles, expected.transform_cycles) == (0, 0)


def test_they_are_this_machines_where_the_circuit_is_too_large(
        caplog: pytest.LogCaptureFixture) -> None:
    prover, key, witness, numbers, _ = inputs("plonk")
    chip = Chip(7)
    with caplog.at_level("INFO"):
        result = prover(key, chip).prove(witness, blinding=numbers)
    assert (chip.calls, result.transform_cycles) == (0, 0)
    assert caplog.messages == [
        "chip transforms up to 2^7 values; those of 2^8 are this machine's"]


@SYSTEMS
@pytest.mark.parametrize("wrong", [1, 4, 12, -1])
def test_a_device_whose_transform_is_wrong_is_put_aside(system: str, wrong: int) -> None:
    """The first, that of the signals, one on a coset, and the last."""
    prover, key, witness, _, transforms = inputs(system)
    chip = Chip(wrong=wrong if wrong > 0 else transforms)
    result = prover(key, chip, CpuDevice()).prove(witness)
    assert result.faults == ("chip computed a wrong sum or transform",)
    assert (result.device, result.transform_cycles) == ("cpu", 0)


def test_a_device_that_fails_is_put_aside() -> None:
    prover, key, witness, _, _ = inputs("plonk")
    result = prover(key, Chip(fails=True), CpuDevice()).prove(witness)
    assert result.faults == ("chip failed: it has no answer",) and result.device == "cpu"


def test_a_damaged_key_is_not_the_devices_fault(tmp_path: Path) -> None:
    _, _, witness, _, _ = inputs("plonk")
    content = bytearray((PLONK / "mix.plonk.zkey").read_bytes())
    section = open_container(PLONK / "mix.plonk.zkey", b"zkey", (1,)).sections[12]
    content[section.offset + 256 * 32] ^= 1
    (tmp_path / "bad.zkey").write_bytes(content)
    with pytest.raises(ProofmillError, match="permutation is none of the wires.*key is damaged"):
        PlonkProver(plonk.read_zkey(tmp_path / "bad.zkey"), Chip()).prove(witness)


def chip_named(_: str) -> Chip:
    """What `ApartDevice` opens."""
    return Chip()


def test_a_device_in_a_process_of_its_own() -> None:
    chip = ApartDevice("chip", f"{chip_named.__module__}:{chip_named.__name__}")
    values = scalars.to_plain(scalars.powers(3, 8))
    found = chip.transform(values, inverse=True, coset=3)
    assert chip.one_way == 12 and found.cycles == CYCLES and found.values is not None
    assert np.array_equal(found.values, scalars.to_plain(scalars.inverse_transform(
        scalars.powers(3, 8), shift_of(3, 3))))
    chip.close()


@pytest.mark.slow
@SYSTEMS
@pytest.mark.parametrize("name", ["model+t", "rtl+t"])
def test_a_proof_whose_transforms_came_from_the_chip(name: str, system: str, tmp_path: Path
                                                     ) -> None:
    """On the accelerator's own Verilog, and its model, which takes the same cycles: the processor's
    proof, which snarkjs takes."""
    prover, key, witness, numbers, transforms = inputs(system)
    device = open_device(name, lanes=1)
    try:
        assert isinstance(device, OneWay) and device.one_way == 12
        result = prover(key, device).prove(witness, blinding=numbers)
    finally:
        device.close()
    expected = prover(key, CpuDevice()).prove(witness, blinding=numbers)
    assert result.proof == expected.proof and result.device == name and not result.faults
    shape = with_one_way(STANDARD).transform
    assert shape is not None and result.cycles > result.transform_cycles
    assert result.transform_cycles == transforms * one_way_cycles(shape, 8)
    files = [tmp_path / f"{each}.json" for each in ("key", "public", "proof")]
    write_json(files[0], key.verification_key.to_json())
    write_public(files[1], result.public)
    write_json(files[2], result.proof.to_json())
    assert PROVERS[system][3] in snarkjs.run(system, "verify", *files)
