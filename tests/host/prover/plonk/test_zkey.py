"""Reading PLONK's proving keys."""

import json
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from proofmill.host.cli.main import main
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve import scalars
from proofmill.host.prover.groth16.container import open_container
from proofmill.host.prover.plonk.systems import GROTH16, json_system, key_system
from proofmill.host.prover.plonk.zkey import LAGRANGE, PLACES, read_zkey
from tests.host.prover.groth16.files import VECTORS
from tests.host.prover.plonk.files import PLONK

ZKEY = PLONK / "mix.plonk.zkey"


def test_a_key_of_snarkjs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = read_zkey(ZKEY)
    circuit = key.circuit
    assert (circuit.wires, circuit.gates, circuit.public, circuit.power) == (140, 214, 2, 8)
    for name in PLACES:
        coefficients = key.polynomials.coefficients(name)
        values = scalars.transform(np.concatenate((coefficients, scalars.zeros(768))))
        for coset in range(4):
            assert np.array_equal(key.polynomials.values(name, coset), values[coset::4]), name
    second = scalars.to_integers(scalars.transform(key.polynomials.coefficients(LAGRANGE, 1)))
    assert second == [int(place == 1) for place in range(256)]
    assert main(["zkey", "verificationkey", str(ZKEY), str(tmp_path / "vk.json")]) == 0
    assert (tmp_path / "vk.json").read_bytes() == (PLONK / "mix.plonk.vkey.json").read_bytes()
    capsys.readouterr()
    assert main(["zkey", "info", str(ZKEY), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "name": str(ZKEY), "system": "plonk", "curve": "BN254 (bn128)", "wires": 140, "public": 2,
        "domain_size": 256, "gates": 214, "additions": 74}


def test_the_system_is_read_from_the_file(tmp_path: Path) -> None:
    assert key_system(ZKEY) == "plonk"
    for other in (VECTORS / "chain4" / "circuit.zkey", PLONK / "mix.r1cs", tmp_path / "none"):
        assert key_system(other) == GROTH16
    (tmp_path / "short").write_bytes(ZKEY.read_bytes()[:17])
    assert key_system(tmp_path / "short") == GROTH16
    assert json_system({"protocol": "plonk"}) == "plonk"
    assert json_system({"protocol": []}) == json_system([]) == GROTH16


def changed(section: int, offset: int, data: bytes) -> Callable[[bytearray], None]:
    """Overwrites bytes of a section."""
    def change(content: bytearray) -> None:
        start = open_container(ZKEY, b"zkey", (1,)).sections[section].offset + offset
        content[start:start + len(data)] = data
    return change


BIG = b"\xff" * 32


@pytest.mark.parametrize(("change", "message"), [
    (changed(1, 0, struct.pack("<I", 1)), "the key is for groth16, not PLONK"),
    (changed(2, 72, struct.pack("<I", 75)), "do not fit 75 variables"),
    (changed(2, 80, struct.pack("<I", 255)), "the domain size 255 is not a power of two"),
    (changed(2, 80, struct.pack("<I", 4)), "the domain size 4 is not a power of two from 8"),
    (changed(2, 80, struct.pack("<I", 1 << 27)), "is not a power of two from 8 to 67108864"),
    (changed(2, 88, struct.pack("<I", 257)), "257 gates do not fit"),
    (changed(2, 88, struct.pack("<I", 213)), "section 4 .*4 bytes more than the header says"),
    (changed(2, 92, BIG), "k1 and k2, index 0: not below the field's prime"),
    (changed(2, 156, bytes(31) + b"\x01"), "commitments, index 0: not on the curve"),
    (changed(2, 796 - 128, bytes(128)), "tau: not in the subgroup of prime order, or infinity"),
    (changed(3, 0, struct.pack("<I", 140)), "addition 0: variable 140 is not there yet"),
    (changed(3, 72 + 8, BIG), "addition 1: a factor is not below the field's prime"),
    (changed(5, 8, struct.pack("<I", 214)), "gate 2: variable 214, but there are 214"),
    (changed(14, 64, BIG), "powers of tau, index 1: a coordinate is not below"),
])
def test_damaged_keys_are_refused(change: Callable[[bytearray], None], message: str,
                                  tmp_path: Path) -> None:
    content = bytearray(ZKEY.read_bytes())
    change(content)
    (tmp_path / "bad.zkey").write_bytes(content)
    with pytest.raises(ProofmillError, match=message):
        read_zkey(tmp_path / "bad.zkey")


def test_polynomials_are_checked_as_they_are_read(tmp_path: Path) -> None:
    content = bytearray(ZKEY.read_bytes())
    changed(7, 3 * 32, BIG)(content)
    changed(12, 256 * 32 + 6 * 32, BIG)(content)
    (tmp_path / "bad.zkey").write_bytes(content)
    polynomials = read_zkey(tmp_path / "bad.zkey").polynomials
    with pytest.raises(ProofmillError, match="coefficients Qm, index 3: not below"):
        polynomials.coefficients("Qm")
    polynomials.values("S1", 1)
    with pytest.raises(ProofmillError, match="value 6 of S1: not below"):
        polynomials.values("S1", 2)
