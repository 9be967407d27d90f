"""snarkjs accepts what is written here."""

from collections.abc import Callable
from pathlib import Path

import pytest

from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.groth16.json_fields import read_public, write_public
from proofmill.host.prover.groth16.prove import prove
from proofmill.host.prover.groth16.r1cs_file import read_r1cs, write_r1cs
from proofmill.host.prover.groth16.setup import development_setup
from proofmill.host.prover.groth16.verification_key import (
    read_proof,
    read_verification_key,
    write_proof,
    write_verification_key,
)
from proofmill.host.prover.groth16.verify import verify
from proofmill.host.prover.groth16.wtns import read_witness, write_witness
from proofmill.host.prover.groth16.zkey import read_zkey
from tests.host.prover.groth16 import snarkjs as program
from tests.host.prover.groth16.files import ALL, VECTORS, WITH_CIRCUIT, cube_circuit, cube_witness

Run = Callable[..., str]


@pytest.fixture(scope="module")
def snarkjs() -> Run:
    """Runs snarkjs."""
    program.folder()
    return program.run


@pytest.mark.parametrize("vector", ALL)
def test_snarkjs_verifies_proofs_made_here(vector: str, snarkjs: Run, tmp_path: Path) -> None:
    folder = VECTORS / vector
    result = prove(read_zkey(folder / "circuit.zkey"), read_witness(folder / "witness.wtns"),
                   CpuDevice())
    write_proof(tmp_path / "proof.json", result.proof)
    write_public(tmp_path / "public.json", result.public)
    assert "OK!" in snarkjs("groth16", "verify", folder / "verification_key.json",
                            tmp_path / "public.json", tmp_path / "proof.json")


@pytest.mark.parametrize("vector", WITH_CIRCUIT)
def test_snarkjs_proves_with_development_keys(vector: str, snarkjs: Run, tmp_path: Path) -> None:
    circuit = read_r1cs(VECTORS / vector / "circuit.r1cs")
    key = development_setup(circuit, tmp_path / "dev.zkey", seed=b"snarkjs")
    interoperate(snarkjs, tmp_path, VECTORS / vector / "witness.wtns")
    write_verification_key(tmp_path / "own.json", key.verification_key)
    assert (tmp_path / "own.json").read_bytes() == (tmp_path / "key.json").read_bytes()


def test_snarkjs_reads_all_files_written_here(snarkjs: Run, tmp_path: Path) -> None:
    write_r1cs(tmp_path / "cube.r1cs", cube_circuit())
    write_witness(tmp_path / "cube.wtns", cube_witness(3))
    report = snarkjs("r1cs", "info", tmp_path / "cube.r1cs")
    assert "Curve: bn-128" in report and "Constraints: 2" in report and "Wires: 4" in report
    assert "WITNESS IS CORRECT" in snarkjs(
        "wtns", "check", tmp_path / "cube.r1cs", tmp_path / "cube.wtns")
    development_setup(read_r1cs(tmp_path / "cube.r1cs"), tmp_path / "dev.zkey")
    interoperate(snarkjs, tmp_path, tmp_path / "cube.wtns")


def interoperate(snarkjs: Run, folder: Path, witness: Path) -> None:
    """snarkjs exports the verification key, proves, and both sides verify its proof."""
    snarkjs("zkey", "export", "verificationkey", folder / "dev.zkey", folder / "key.json")
    snarkjs("groth16", "prove", folder / "dev.zkey", witness, folder / "proof.json",
            folder / "public.json")
    assert "OK!" in snarkjs("groth16", "verify", folder / "key.json", folder / "public.json",
                            folder / "proof.json")
    assert verify(read_verification_key(folder / "key.json"), read_public(folder / "public.json"),
                  read_proof(folder / "proof.json"))
