"""Circuits of which a compiler's simplifier left little: both programs prove and verify them."""

import json
from pathlib import Path
from random import Random

import numpy as np
import pytest

from proofmill.host.cli.main import main
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS, Limbs, to_limbs
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.groth16.json_fields import read_public
from proofmill.host.prover.groth16.prove import prove
from proofmill.host.prover.groth16.r1cs import R1cs
from proofmill.host.prover.groth16.r1cs_file import read_r1cs, write_r1cs
from proofmill.host.prover.groth16.setup import development_setup
from proofmill.host.prover.groth16.verification_key import read_proof, read_verification_key
from proofmill.host.prover.groth16.verify import verify
from proofmill.host.prover.groth16.wtns import read_witness, write_witness
from proofmill.host.prover.groth16.zkey import read_zkey
from tests.host.prover.groth16 import snarkjs
from tests.host.prover.groth16.files import VECTORS, matrix

SIMPLIFIED = VECTORS / "simplifier"
NAMES = [f"{name}-O{level}" for name in ("linear", "fifteen", "mixed") for level in range(3)]
SIGNALS = {"linear": [133], "fifteen": [], "mixed": [-21 % SCALAR_MODULUS, 7, 8]}
"""What each computes; the simplifier keeps public signals."""


def random_circuit(draw: Random) -> tuple[R1cs, Limbs]:
    """Up to six constraints that a random witness satisfies, and more inputs than wires."""
    wires, constraints = draw.randrange(1, 9), draw.randrange(7)
    outputs = draw.randrange(wires)
    inputs = draw.randrange(wires - outputs)
    witness = [1, *(draw.choice((0, 1, draw.randrange(SCALAR_MODULUS))) for _ in range(wires - 1))]

    def entries() -> list[tuple[int, int, int]]:
        return [(row, column, draw.randrange(1, SCALAR_MODULUS)) for row in range(constraints)
                for column in sorted(draw.sample(range(wires), draw.randrange(min(3, wires) + 1)))]

    a, b = entries(), entries()
    values = [[sum(value * witness[column] for row, column, value in each if row == number)
               for number in range(constraints)] for each in (a, b)]
    c = [(row, 0, left * right) for row, (left, right) in enumerate(zip(*values, strict=True))]
    return R1cs(
        wires=wires, public_outputs=outputs, public_inputs=inputs,
        private_inputs=draw.randrange(20), constraints=constraints, a=matrix(a), b=matrix(b),
        c=matrix(c)), to_limbs(witness)


@pytest.mark.parametrize("name", NAMES)
def test_simplified_circuits_are_proven(name: str, tmp_path: Path) -> None:
    key, proof, public = (tmp_path / part for part in ("key.zkey", "proof.json", "public.json"))
    r1cs, witness = (SIMPLIFIED / f"{name}.{ending}" for ending in ("r1cs", "wtns"))
    for line in (["r1cs", "info", r1cs], ["setup", r1cs, key, "--development"],
                 ["prove", key, witness, proof, public, "--r1cs", r1cs],
                 ["zkey", "verificationkey", key, tmp_path / "key.json"],
                 ["verify", tmp_path / "key.json", public, proof]):
        assert main([str(part) for part in line]) == 0
    assert read_public(public) == SIGNALS[name.partition("-")[0]]


def test_circuits_go_between_the_programs(tmp_path: Path) -> None:
    """Each sets up, proves and verifies; with the other's key, and the other's proof."""
    circuits = {name: tuple(SIMPLIFIED / f"{name}.{ending}" for ending in ("r1cs", "wtns"))
                for name in NAMES}
    for seed in range(6):
        files = (tmp_path / f"{seed}.r1cs", tmp_path / f"{seed}.wtns")
        r1cs, witness = random_circuit(Random(seed))
        write_r1cs(files[0], r1cs)
        write_witness(files[1], witness)
        circuits[str(seed)] = files
    calls = [{"circuit": [str(r1cs), str(witness), str(tmp_path / name)]}
             for name, (r1cs, witness) in circuits.items()]
    assert snarkjs.batch(calls, tmp_path) == [True] * len(calls)
    checks = []
    for name, (r1cs, witness) in circuits.items():
        texts = {part: (tmp_path / f"{name}.{part}.json") for part in ("key", "public", "proof")}
        public = read_public(texts["public"])
        assert verify(read_verification_key(texts["key"]), public, read_proof(texts["proof"]))
        circuit, values = read_r1cs(r1cs), read_witness(witness)
        assert circuit.first_unsatisfied(values) is None
        for key in (read_zkey(tmp_path / f"{name}.zkey"), development_setup(circuit)):
            result = prove(key, values, CpuDevice(), r1cs=circuit)
            assert result.public == public
            checks.append({"verify": [
                json.dumps(key.verification_key.to_json()), json.dumps([str(x) for x in public]),
                json.dumps(result.proof.to_json())]})
    assert snarkjs.batch(checks, tmp_path) == [True] * len(checks)


def test_a_wrong_witness_of_a_simplified_circuit_is_named() -> None:
    circuit = read_r1cs(SIMPLIFIED / "mixed-O2.r1cs")
    values = np.array(read_witness(SIMPLIFIED / "mixed-O2.wtns"))
    assert circuit.wires < 1 + circuit.public + circuit.private_inputs
    values[1] = to_limbs([5])
    with pytest.raises(ProofmillError, match="does not satisfy constraint 0"):
        prove(development_setup(circuit), values, CpuDevice(), r1cs=circuit)
