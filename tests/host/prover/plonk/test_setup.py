"""PLONK's keys are snarkjs' keys, byte for byte."""

import json
from pathlib import Path

import numpy as np
import pytest

from proofmill.host.cli.main import main
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS as R
from proofmill.host.prover.curve.limbs import to_limbs
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.groth16.container import open_container
from proofmill.host.prover.groth16.powers import read_powers
from proofmill.host.prover.groth16.r1cs import R1cs
from proofmill.host.prover.groth16.r1cs_file import read_r1cs, write_r1cs
from proofmill.host.prover.plonk.gates import gates_of
from proofmill.host.prover.plonk.prove import PlonkProver
from proofmill.host.prover.plonk.setup import K1, K2, plonk_setup
from proofmill.host.prover.plonk.verify import verify
from proofmill.host.prover.plonk.zkey import read_zkey
from tests.host.prover.groth16 import snarkjs
from tests.host.prover.groth16.files import (
    POWERS,
    cube_circuit,
    dense_circuit,
    matrix,
    public_circuit,
)
from tests.host.prover.plonk.files import PLONK, R1CS

ZKEY = PLONK / "mix.plonk.zkey"
Row = list[tuple[int, int]]

SHAPES: list[tuple[Row, Row, Row]] = [
    # Products: with constants, with sums on every place, in any order of wires.
    ([(2, 2)], [(3, 3)], [(4, 5)]),
    ([(0, 7), (2, 2)], [(0, 11), (3, 3)], [(0, 13), (4, 5)]),
    ([(0, 17), (2, 2), (3, 3)], [(0, 19), (4, 5), (5, 7)], [(0, 23), (6, 11), (7, 13)]),
    ([(2, 2), (3, 3), (4, 5)], [(5, 7)], [(6, 11), (7, 13), (8, 17), (9, 19)]),
    ([(5, 2), (3, 3), (9, 1)], [(7, 1), (2, 3)], [(8, 5), (4, 1)]),
    ([(2, 2)], [(3, 3)], []), ([(2, 2)], [(3, 3)], [(0, 6)]),
    # Linear: a constant on either side, or nothing.
    ([(0, 7)], [(3, 3)], [(4, 5)]), ([(2, 2)], [(0, 11)], [(4, 5)]),
    ([(0, 7)], [(0, 11)], [(4, 5)]), ([(0, 7)], [(0, 11)], []),
    ([], [(3, 3)], [(4, 5)]), ([(0, 7)], [], [(4, 5)]), ([], [], [(4, 5), (5, 7)]),
    ([], [], []), ([], [], [(0, 5)]),
    ([(0, 7)], [(5, 2), (3, 3)], [(2, 5), (4, 7)]),
    ([(2, 2), (3, 3), (0, 3)], [(0, 11)], [(4, 5), (5, 7), (6, 13), (7, 17), (8, 19), (0, 29)]),
    # What cancels, and factors that are zero, stay.
    ([(0, 7)], [(5, 1)], [(5, 7)]), ([(0, 7)], [(5, 1), (2, 3)], [(5, 7), (3, 1)]),
    ([(2, 0)], [(3, 1)], [(4, 5)]), ([(2, 0), (3, 2)], [(3, 1)], [(4, 5)]),
    ([(0, 0)], [(3, 1)], [(4, 5)]), ([(0, 7), (3, 0)], [(3, 1)], [(4, 5)]),
]
"""A, B and C, each wires and factors."""


def shaped(shapes: list[tuple[Row, Row, Row]], outputs: int = 1, inputs: int = 1) -> R1cs:
    a, b, c = (matrix([(row, *entry) for row, shape in enumerate(shapes) for entry in shape[place]])
               for place in range(3))
    return R1cs(wires=12, public_outputs=outputs, public_inputs=inputs, private_inputs=0,
                constraints=len(shapes), a=a, b=b, c=c, name="shapes")


def test_the_key_is_that_of_snarkjs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = tmp_path / "own.zkey"
    assert main(["setup", str(R1CS), str(POWERS), str(own), "--system", "plonk"]) == 0
    assert "140 wires, 214 gates, domain 256" in capsys.readouterr().out
    assert own.read_bytes() == ZKEY.read_bytes()


@pytest.mark.parametrize("circuit", [
    shaped(SHAPES), *(pytest.param(circuit, marks=pytest.mark.slow) for circuit in (
        shaped(SHAPES[:1] * 7, 1, 0), shaped(SHAPES[:1] * 8, 1, 0), shaped(SHAPES[:1], 0, 0),
        cube_circuit(), public_circuit(), dense_circuit()))],
    ids=["shapes", "eight gates", "nine gates", "nothing public", "cube", "all public", "dense"])
def test_other_keys_are_those_of_snarkjs(circuit: R1cs, tmp_path: Path) -> None:
    names = [tmp_path / name for name in ("circuit.r1cs", "own.zkey", "theirs.zkey")]
    write_r1cs(names[0], circuit)
    plonk_setup(read_r1cs(names[0]), read_powers(POWERS), names[1])
    snarkjs.run("plonk", "setup", names[0], POWERS, names[2])
    assert names[1].read_bytes() == names[2].read_bytes()


@pytest.mark.parametrize("shape", range(len(SHAPES)))
def test_gates_say_what_the_constraint_says(shape: int) -> None:
    """At random wires, a gate or addition is off by just as much as the constraint is."""
    circuit = shaped(SHAPES[shape:shape + 1])
    gated = gates_of(circuit)
    draw = np.random.default_rng(shape)
    wires = [0] + [int(draw.integers(1, 1 << 62)) ** 4 % R for _ in range(circuit.wires - 1)]
    values = list(wires)
    for left, right, *factors in gated.circuit.additions.tolist():
        one, other = scalars.to_integers(scalars.from_raw(np.array(factors, dtype=np.uint64)))
        values.append((one * values[left] + other * values[right]) % R)
    selectors = {name: scalars.to_integers(each) for name, each in gated.selectors.items()}
    off = []
    for gate, (a, b, c) in enumerate(gated.circuit.columns.T.tolist()):
        qm, ql, qr, qo, qc = (selectors[name][gate] for name in selectors)
        off.append((qm * values[a] * values[b] + ql * values[a] + qr * values[b] + qo * values[c]
                    + qc) % R)
    a, b, c = (sum(factor * (wires[wire] if wire else 1) for wire, factor in row)
               for row in SHAPES[shape])
    assert off[0] == wires[1] and off[1] == wires[2] and not any(off[2:-1])
    assert off[-1] in ((a * b - c) % R, (c - a * b) % R)


def test_a_small_key_proves(tmp_path: Path) -> None:
    """With commitments at infinity: the circuit has no constants."""
    circuit, witness = public_circuit(), to_limbs([1, 49, 7])
    plonk_setup(circuit, read_powers(POWERS), tmp_path / "own.zkey")
    key = read_zkey(tmp_path / "own.zkey")
    result = PlonkProver(key, CpuDevice()).prove(witness)
    assert verify(key.verification_key, result.public, result.proof)
    for name, record in (("vk", key.verification_key), ("proof", result.proof)):
        (tmp_path / f"{name}.json").write_text(json.dumps(record.to_json()))
    (tmp_path / "public.json").write_text(json.dumps([str(value) for value in result.public]))
    assert "OK!" in snarkjs.run("plonk", "verify", *(
        tmp_path / f"{name}.json" for name in ("vk", "public", "proof")))
    snarkjs.run("zkey", "export", "verificationkey", tmp_path / "own.zkey", tmp_path / "their.json")
    assert json.loads((tmp_path / "their.json").read_text()) == key.verification_key.to_json()


def test_columns_are_in_different_cosets() -> None:
    order = 1 << 28
    for ratio in (K1, K2, K2 * pow(K1, -1, R)):
        assert pow(ratio, order, R) != 1


def test_keys_are_verified(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["zkey", "verify", str(R1CS), str(POWERS), str(ZKEY), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "valid": True, "fault": None, "circuit_hash": None, "contributions": []}
    for section, offset in ((3, 8), (6, 4), (9, 32 * 300), (14, 64 * 5), (2, 200)):
        content = bytearray(ZKEY.read_bytes())
        content[open_container(ZKEY, b"zkey", (1,)).sections[section].offset + offset] ^= 1
        (tmp_path / "bad.zkey").write_bytes(content)
        assert main(["zkey", "verify", str(R1CS), str(POWERS), str(tmp_path / "bad.zkey")]) == 1
        assert f"NOT valid: section {section} differs" in capsys.readouterr().out
    write_r1cs(tmp_path / "cube.r1cs", cube_circuit())
    assert main(["zkey", "verify", str(tmp_path / "cube.r1cs"), str(POWERS), str(ZKEY)]) == 1
    assert "section 3 has 5328 bytes, not 0" in capsys.readouterr().out


@pytest.mark.parametrize(("line", "message"), [
    (["--development"], "--development is of Groth16's keys"),
    (["--seed", "a"], "--development is of Groth16's keys"),
])
def test_what_setup_refuses(line: list[str], message: str,
                            capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["setup", str(R1CS), str(tmp_path / "out"), "--system", "plonk", *line]) == 2
    assert message in capsys.readouterr().err


def test_circuits_and_powers_that_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(ProofmillError, match="constraint 0, A: wire 3 comes twice"):
        gates_of(shaped([([(3, 2), (3, 3)], [(2, 1)], [(4, 5)])]))
    with pytest.raises(ProofmillError, match="has 511 powers of tau, 512 gates need 518; give "
                                             "powers of tau of degree 2\\^9 or more"):
        plonk_setup(shaped(SHAPES[:1] * 510), read_powers(POWERS), tmp_path / "key")
