"""FFLONK's prover: on devices, with a wrong one, and for wrong witnesses."""

from pathlib import Path

import numpy as np
import pytest

from proofmill.host.cli.main import main
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.limbs import to_limbs
from proofmill.host.prover.devices.catalogue import open_device
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.fflonk.prove import FflonkProver
from proofmill.host.prover.fflonk.rounds import BLINDINGS, SUMS
from proofmill.host.prover.fflonk.setup import fflonk_setup
from proofmill.host.prover.fflonk.verification_key import read_key, read_proof
from proofmill.host.prover.fflonk.verify import verify
from proofmill.host.prover.fflonk.zkey import read_zkey
from proofmill.host.prover.groth16.container import open_container
from proofmill.host.prover.groth16.json_fields import read_public, write_json, write_public
from proofmill.host.prover.groth16.powers import read_powers
from proofmill.host.prover.groth16.wtns import read_witness
from tests.host.prover.groth16 import snarkjs
from tests.host.prover.groth16.files import POWERS, public_circuit
from tests.host.prover.groth16.test_prove import Tampered
from tests.host.prover.plonk.files import PLONK, R1CS, WITNESS
from tests.host.prover.plonk.test_prove import another_point
from tests.host.prover.plonk.test_setup import shaped

ZKEY, KEY, PUBLIC = PLONK / "mix.fflonk.zkey", PLONK / "mix.fflonk.vkey.json", PLONK / (
    "mix.fflonk.public.json")
NUMBERS = list(range(2, 2 + BLINDINGS))


def test_a_proof_is_valid_and_hides_its_witness() -> None:
    prover, witness = FflonkProver(read_zkey(ZKEY), CpuDevice()), read_witness(WITNESS)
    one, other = (prover.prove(witness) for _ in range(2))
    assert one.public == read_public(PUBLIC) and one.calls == SUMS
    for result in (one, other):
        assert verify(read_key(KEY), result.public, result.proof)
    assert all(one.proof.points[name] != other.proof.points[name] for name in one.proof.points)
    assert all(one.proof.values[name] != other.proof.values[name] for name in one.proof.values)


@pytest.mark.parametrize("name", ["model", pytest.param("rtl", marks=pytest.mark.slow)])
def test_devices_make_the_same_proof(name: str, tmp_path: Path) -> None:
    """A small key on the model, snarkjs' key on the RTL."""
    if name == "model":
        path, witness = tmp_path / "square.zkey", to_limbs([1, 49, 7])
        fflonk_setup(public_circuit(), read_powers(POWERS), path)
    else:
        path, witness = ZKEY, read_witness(WITNESS)
    key = read_zkey(path)
    device = open_device(name, lanes=1)
    try:
        result = FflonkProver(key, device).prove(witness, blinding=NUMBERS)
    finally:
        device.close()
    expected = FflonkProver(key, CpuDevice()).prove(witness, blinding=NUMBERS)
    assert result.proof == expected.proof and result.device == name and result.cycles > 0


def test_snarkjs_verifies_our_proof(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [tmp_path / "proof.json", tmp_path / "public.json"]
    assert main(["prove", str(ZKEY), str(WITNESS), *map(str, files), "--r1cs", str(R1CS)]) == 0
    assert "proved and verified on cpu" in capsys.readouterr().out
    assert verify(read_key(KEY), read_public(files[1]), read_proof(files[0]))
    assert "VERIFIED SUCCESSFULLY" in snarkjs.run("fflonk", "verify", KEY, *reversed(files))


@pytest.mark.slow
def test_snarkjs_verifies_proofs_without_constants_or_signals(tmp_path: Path) -> None:
    wires = [1, 0, 1, 1, 0, *range(7)]
    for circuit, values in ((public_circuit(), [1, 49, 7]),
                            (shaped([([(2, 1)], [(3, 1)], [(5, 1), (2, 1)])], 0, 0), wires)):
        fflonk_setup(circuit, read_powers(POWERS), tmp_path / "own.zkey")
        key = read_zkey(tmp_path / "own.zkey")
        result = FflonkProver(key, CpuDevice()).prove(to_limbs(values))
        write_json(tmp_path / "vk.json", key.verification_key.to_json())
        write_json(tmp_path / "proof.json", result.proof.to_json())
        write_public(tmp_path / "public.json", result.public)
        assert "VERIFIED SUCCESSFULLY" in snarkjs.run("fflonk", "verify", *(
            tmp_path / f"{name}.json" for name in ("vk", "public", "proof")))


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    key, witness = read_zkey(ZKEY), read_witness(WITNESS)
    result = FflonkProver(key, Tampered(CpuDevice(), another_point), CpuDevice()).prove(witness)
    assert result.device == "cpu" and result.faults == ("tampered computed a wrong sum",)
    wrong = np.array(witness)
    wrong[100] = to_limbs([7])[0]
    with pytest.raises(ProofmillError, match=r"does not satisfy gate \d+ of 214"):
        FflonkProver(key, CpuDevice()).prove(wrong)
    for section, offset, message in ((12, 256 * 32, "permutation is none of the wires"),
                                     (17, 32, "not those of their coefficients"),
                                     (9, 0, "not those of their coefficients|does not verify")):
        content = bytearray(ZKEY.read_bytes())
        content[open_container(ZKEY, b"zkey", (1,)).sections[section].offset + offset] ^= 1
        (tmp_path / "bad.zkey").write_bytes(content)
        with pytest.raises(ProofmillError, match=f"({message}).*the key is damaged"):
            FflonkProver(read_zkey(tmp_path / "bad.zkey"), CpuDevice()).prove(witness)
