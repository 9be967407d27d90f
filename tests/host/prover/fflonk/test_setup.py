"""FFLONK's keys are snarkjs' keys, byte for byte."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from proofmill.host.cli.main import main
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve import scalars
from proofmill.host.prover.fflonk.setup import fflonk_setup
from proofmill.host.prover.fflonk.zkey import FREE, IN_C0, read_zkey
from proofmill.host.prover.groth16.container import open_container
from proofmill.host.prover.groth16.powers import read_powers
from proofmill.host.prover.groth16.r1cs import R1cs
from proofmill.host.prover.groth16.r1cs_file import read_r1cs, write_r1cs
from proofmill.host.prover.plonk.gates import gates_of, permuted
from tests.host.prover.groth16 import snarkjs
from tests.host.prover.groth16.files import POWERS, public_circuit
from tests.host.prover.plonk.files import PLONK, R1CS
from tests.host.prover.plonk.test_setup import SHAPES, shaped

ZKEY = PLONK / "mix.fflonk.zkey"


def test_a_key_of_snarkjs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = read_zkey(ZKEY)
    gated = gates_of(read_r1cs(R1CS), FREE)
    assert np.array_equal(key.circuit.columns, gated.circuit.columns)
    assert np.array_equal(key.circuit.additions, gated.circuit.additions)
    combined = key.c0()
    for place, name in enumerate(IN_C0):
        assert np.array_equal(combined[place::8], key.polynomials.coefficients(name)), name
    for name, values in zip(("S1", "S2", "S3"), permuted(gated.circuit, (1, 2, 3), FREE),
                            strict=True):
        assert np.array_equal(scalars.inverse_transform(values),
                              key.polynomials.coefficients(name)), name
    assert main(["zkey", "verificationkey", str(ZKEY), str(tmp_path / "vk.json")]) == 0
    assert (tmp_path / "vk.json").read_bytes() == (PLONK / "mix.fflonk.vkey.json").read_bytes()
    capsys.readouterr()
    assert main(["zkey", "info", str(ZKEY), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["system"] == "fflonk"


@pytest.mark.parametrize("circuit", [
    shaped(SHAPES[:14]), *(pytest.param(circuit, marks=pytest.mark.slow) for circuit in (
        shaped(SHAPES[:1] * 4), shaped(SHAPES[:1] * 5), shaped(SHAPES[:1], 0, 0),
        public_circuit()))],
    ids=["shapes", "six gates", "seven gates", "nothing public", "all public"])
def test_keys_are_those_of_snarkjs(circuit: R1cs, tmp_path: Path) -> None:
    names = [tmp_path / name for name in ("circuit.r1cs", "own.zkey", "theirs.zkey")]
    write_r1cs(names[0], circuit)
    assert main(["setup", str(names[0]), str(POWERS), str(names[1]), "--system", "fflonk"]) == 0
    snarkjs.run("fflonk", "setup", names[0], POWERS, names[2])
    assert names[1].read_bytes() == names[2].read_bytes()


def test_keys_are_verified(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_r1cs(tmp_path / "square.r1cs", public_circuit())
    files = [str(tmp_path / "square.r1cs"), str(POWERS), str(tmp_path / "key.zkey")]
    fflonk_setup(public_circuit(), read_powers(POWERS), files[2])
    assert main(["zkey", "verify", *files]) == 0
    content = bytearray((tmp_path / "key.zkey").read_bytes())
    content[open_container(files[2], b"zkey", (1,)).sections[17].offset + 32] ^= 1
    (tmp_path / "key.zkey").write_bytes(content)
    capsys.readouterr()
    assert main(["zkey", "verify", *files]) == 1
    assert "NOT valid: section 17 differs" in capsys.readouterr().out
    with pytest.raises(ProofmillError, match="has 511 powers of tau, 214 gates need 2322"):
        fflonk_setup(read_r1cs(R1CS), read_powers(POWERS), tmp_path / "key.zkey")


@pytest.mark.parametrize(("section", "offset", "data", "message"), [
    (1, 0, struct.pack("<I", 2), "the key is for plonk, not FFLONK"),
    (2, 156, b"\x05", "the roots of unity are not those"),
    (2, 476 - 64, b"\x05", "C0, index 0: not on the curve"),
    (16, 0, b"\xff" * 32, "powers of tau, index 0: a coordinate is not below"),
])
def test_damaged_keys_are_refused(section: int, offset: int, data: bytes, message: str,
                                  tmp_path: Path) -> None:
    content = bytearray(ZKEY.read_bytes())
    start = open_container(ZKEY, b"zkey", (1,)).sections[section].offset + offset
    content[start:start + len(data)] = data
    (tmp_path / "bad.zkey").write_bytes(content)
    with pytest.raises(ProofmillError, match=message):
        read_zkey(tmp_path / "bad.zkey")
