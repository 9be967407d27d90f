"""PLONK's prover: on devices, with wrong ones, and for wrong witnesses."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from proofmill.hdl.curve import Group
from proofmill.host.cli.main import main
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.limbs import Limbs, to_limbs
from proofmill.host.prover.curve.points import encode, generator
from proofmill.host.prover.devices.catalogue import open_device
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import Bases, Device, DeviceError, Job, Progress, Result
from proofmill.host.prover.groth16.container import open_container
from proofmill.host.prover.groth16.json_fields import read_public, write_json, write_public
from proofmill.host.prover.groth16.r1cs_file import read_r1cs
from proofmill.host.prover.groth16.wtns import read_witness, write_witness
from proofmill.host.prover.plonk.prove import PlonkProver
from proofmill.host.prover.plonk.rounds import BLINDINGS, SUMS
from proofmill.host.prover.plonk.verification_key import read_key, read_proof
from proofmill.host.prover.plonk.verify import verify
from proofmill.host.prover.plonk.zkey import read_zkey
from tests.host.prover.groth16 import snarkjs
from tests.host.prover.groth16.test_prove import Tampered
from tests.host.prover.plonk.files import PLONK, R1CS, WITNESS

ZKEY, KEY, PUBLIC = PLONK / "mix.plonk.zkey", PLONK / "mix.plonk.vkey.json", PLONK / (
    "mix.plonk.public.json")
NUMBERS = list(range(2, 2 + BLINDINGS))


def test_a_proof_is_valid_and_hides_its_witness() -> None:
    prover, seen = PlonkProver(read_zkey(ZKEY), CpuDevice()), []
    witness = read_witness(WITNESS)
    one, other = (prover.prove(witness, lambda done, total: seen.append((done, total)))
                  for _ in range(2))
    assert one.public == read_public(PUBLIC) and one.calls == SUMS and one.cycles == 0
    for result in (one, other):
        assert verify(read_key(KEY), result.public, result.proof)
    assert all(one.proof.points[name] != other.proof.points[name] for name in one.proof.points)
    assert all(one.proof.values[name] != other.proof.values[name] for name in one.proof.values
               if name not in ("eval_s1", "eval_s2"))
    assert seen[-1] == (SUMS * 262, SUMS * 262) and sorted(seen[:len(seen) // 2]) == seen[
        :len(seen) // 2]


@pytest.mark.parametrize("name", ["model", pytest.param("rtl", marks=pytest.mark.slow)])
def test_devices_make_the_same_proof(name: str) -> None:
    key, witness = read_zkey(ZKEY), read_witness(WITNESS)
    device = open_device(name, lanes=1)
    try:
        result = PlonkProver(key, device).prove(witness, blinding=NUMBERS)
    finally:
        device.close()
    expected = PlonkProver(key, CpuDevice()).prove(witness, blinding=NUMBERS)
    assert result.proof == expected.proof and result.device == name
    assert result.cycles > 262 * SUMS and result.digits > 0


def test_snarkjs_verifies_our_proof(tmp_path: Path) -> None:
    result = PlonkProver(read_zkey(ZKEY), CpuDevice()).prove(read_witness(WITNESS))
    write_json(tmp_path / "proof.json", result.proof.to_json())
    write_public(tmp_path / "public.json", result.public)
    assert "OK!" in snarkjs.run("plonk", "verify", KEY, tmp_path / "public.json",
                                tmp_path / "proof.json")


def test_the_command_proves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    proof, public = tmp_path / "proof.json", tmp_path / "public.json"
    assert main(["prove", str(ZKEY), str(WITNESS), str(proof), str(public),
                 "--r1cs", str(R1CS)]) == 0
    assert "proved and verified on cpu" in capsys.readouterr().out
    assert public.read_bytes() == PUBLIC.read_bytes()
    assert verify(read_key(KEY), read_public(public), read_proof(proof))
    assert list(json.loads(proof.read_text())) == list(
        json.loads((PLONK / "mix.plonk.proof.json").read_text()))


class Failing:
    """A device that fails in its third call."""

    name = "failing"

    def __init__(self) -> None:
        self._device, self.runs = CpuDevice(), 0

    def load(self, group: Group, points: Limbs) -> Bases:
        return self._device.load(group, points)

    def run(self, jobs: Sequence[Job], progress: Progress | None = None) -> list[Result]:
        self.runs += 1
        if self.runs == 3:
            raise DeviceError("no answer")
        return self._device.run(jobs, progress)

    def close(self) -> None:
        self._device.close()


def another_point(results: list[Result]) -> list[Result]:
    return [replace(results[0], point=generator(Group.G1)), *results[1:]]


def no_point(results: list[Result]) -> list[Result]:
    return [*results[:-1], replace(results[-1], point=encode(Group.G1, [(1, 1)])[0])]


@pytest.mark.parametrize(("device", "fault"), [
    (Failing, "failing failed: no answer"),
    (lambda: Tampered(CpuDevice(), another_point), "tampered computed a wrong sum"),
    (lambda: Tampered(CpuDevice(), no_point),
     "tampered failed: answered a sum that is not on the curve"),
    (lambda: Tampered(CpuDevice(), lambda results: results[1:]),
     "tampered failed: answered"),
])
def test_a_device_that_is_wrong_is_put_aside(device: Callable[[], Device], fault: str) -> None:
    witness = read_witness(WITNESS)
    prover = PlonkProver(read_zkey(ZKEY), device(), CpuDevice())
    result = prover.prove(witness)
    assert result.device == "cpu" and result.faults[0].startswith(fault)
    assert prover.prove(witness).faults == result.faults
    with pytest.raises(DeviceError, match=f"{fault}.*no other device"):
        PlonkProver(read_zkey(ZKEY), device()).prove(witness)


def test_a_wrong_witness_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key, right = read_zkey(ZKEY), read_witness(WITNESS)
    wrong = np.array(right)
    wrong[100] = to_limbs([7])[0]
    with pytest.raises(ProofmillError, match=r"does not satisfy gate \d+ of 214"):
        PlonkProver(key, CpuDevice()).prove(wrong)
    with pytest.raises(ProofmillError, match=r"does not satisfy constraint \d+ of 138"):
        PlonkProver(key, CpuDevice(), r1cs=read_r1cs(R1CS)).prove(wrong)
    write_witness(tmp_path / "wrong.wtns", wrong)
    assert main(["prove", str(ZKEY), str(tmp_path / "wrong.wtns"), str(tmp_path / "proof"),
                 str(tmp_path / "public")]) == 2
    assert "does not satisfy gate" in capsys.readouterr().err
    assert not (tmp_path / "proof").exists()
    with pytest.raises(ProofmillError, match="has 139 values, .* is for 140"):
        PlonkProver(key, CpuDevice()).prove(right[:-1])
    wrong = np.array(right)
    wrong[0] = to_limbs([2])[0]
    with pytest.raises(ProofmillError, match="first value of the witness must be 1"):
        PlonkProver(key, CpuDevice()).prove(wrong)
    with pytest.raises(ProofmillError, match="give the circuit the key was made from"):
        PlonkProver(key, CpuDevice(), r1cs=replace(read_r1cs(R1CS), wires=141))


@pytest.mark.parametrize(("section", "offset", "message"), [
    (12, 256 * 32, "its permutation is none of the wires"),
    (12, 0, "its polynomials are not those of their coefficients"),
    (8, 256 * 32 + 32, "the proof does not verify|are not those of their coefficients"),
    (14, 0, "the proof does not verify although every gate holds"),
])
def test_a_damaged_key_is_named(section: int, offset: int, message: str, tmp_path: Path) -> None:
    content = bytearray(ZKEY.read_bytes())
    start = open_container(ZKEY, b"zkey", (1,)).sections[section].offset + offset
    if section == 14:
        content[start:start + 64] = content[start + 64:start + 128]
    else:
        content[start] ^= 1
    (tmp_path / "bad.zkey").write_bytes(content)
    with pytest.raises(ProofmillError, match=f"({message}).*the key is damaged"):
        PlonkProver(read_zkey(tmp_path / "bad.zkey"), CpuDevice()).prove(read_witness(WITNESS))
