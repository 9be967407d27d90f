"""Whole proofs: the same as the other prover's for the same random numbers, and valid."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS, Limbs, to_limbs
from proofmill.host.prover.devices.mcl import MclDevice
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.r1cs import R1cs
from proofmill.host.prover.groth16.setup import development_setup
from proofmill.host.prover.groth16.verification_key import Proof as OtherProof
from proofmill.host.prover.groth16.verification_key import proof_from_json
from proofmill.host.prover.groth16.verify import verify
from proofmill.host.prover.groth16.wtns import read_witness, write_witness
from proofmill.host.prover.groth16.zkey import read_zkey
from proofmill.host.prover.native.faults import InvalidProof
from proofmill.host.prover.native.library import Library
from proofmill.host.prover.native.prove import Proof, proof_json, prove, public_json
from tests.host.prover.groth16.files import (
    ALL,
    VECTORS,
    cube_circuit,
    cube_witness,
    matrix,
    public_circuit,
)
from tests.host.prover.native.classes import VECTORS as CLASSES
from tests.host.prover.native.classes import checked, plain

EACH = pytest.mark.parametrize("vector", CLASSES)
BLINDING = (SCALAR_MODULUS - 3, 1 << 200)


def same(proof: Proof, other: OtherProof, public: list[int]) -> bool:
    return bool(json.loads(proof_json(proof)) == other.to_json()
                and json.loads(public_json(proof.public)) == [str(value) for value in public])


@EACH
@pytest.mark.parametrize(("name", "build"), [
    # The largest one takes seconds where every bound is followed.
    pytest.param(name, build, marks=pytest.mark.slow if (name, build) == (ALL[-1], checked) else ())
    for name in ALL for build in (checked, plain)])
def test_vectors(vector: str, name: str, build: Callable[[str], Library]) -> None:
    folder, code = VECTORS / name, build(vector)
    zkey, wtns = folder / "circuit.zkey", folder / "witness.wtns"
    key = read_zkey(zkey)
    expected = Prover(key, MclDevice()).prove(read_witness(wtns), blinding=BLINDING)
    for threads in (1, 2):
        proof = prove(zkey, wtns, threads, blinding=BLINDING, code=code)
        assert same(proof, expected.proof, expected.public)
    other = prove(zkey, wtns, code=code)
    assert other.a != proof.a
    assert verify(key.verification_key, other.public,
                  proof_from_json(json.loads(proof_json(other))))


def chain(constraints: int) -> tuple[R1cs, Limbs]:
    """w(i+2) = w(i+1) w(i): all values random; w(2) is public."""
    count = constraints + 3
    values = [1, 12345678901234567890, 98765432109876543210]
    for i in range(constraints):
        values.append(values[i + 2] * values[i + 1] % SCALAR_MODULUS)
    rows = range(constraints)
    r1cs = R1cs(wires=count, public_outputs=1, public_inputs=0, private_inputs=1,
                constraints=constraints, a=matrix([(i, i + 2, 1) for i in rows]),
                b=matrix([(i, i + 1, 1) for i in rows]),
                c=matrix([(i, i + 3, 1) for i in rows]), name="chain")
    return r1cs, to_limbs(values)


@EACH
@pytest.mark.parametrize("constraints", [1, 5, 60, 1500])
def test_circuits_made_here(vector: str, constraints: int, tmp_path: Path) -> None:
    r1cs, witness = chain(constraints)
    key = development_setup(r1cs, tmp_path / "k.zkey", seed=b"1")
    write_witness(tmp_path / "w.wtns", witness)
    proof = prove(tmp_path / "k.zkey", tmp_path / "w.wtns", 2, blinding=BLINDING,
                  code=checked(vector))
    expected = Prover(key, MclDevice()).prove(witness, blinding=BLINDING)
    assert same(proof, expected.proof, expected.public)


@pytest.mark.parametrize("circuit", ["cube", "public"])
def test_small_keys(circuit: str, tmp_path: Path) -> None:
    """A key whose section 8 is empty; points at infinity in B."""
    r1cs, witness = ((cube_circuit(), cube_witness(3)) if circuit == "cube"
                     else (public_circuit(), to_limbs([1, 49, 7])))
    key = development_setup(r1cs, tmp_path / "k.zkey", seed=b"1")
    write_witness(tmp_path / "w.wtns", witness)
    proof = prove(tmp_path / "k.zkey", tmp_path / "w.wtns", code=checked("scalar"))
    assert verify(key.verification_key, proof.public,
                  proof_from_json(json.loads(proof_json(proof))))


def test_a_wrong_witness_is_found(tmp_path: Path) -> None:
    folder = VECTORS / "chain4"
    values = np.array(read_witness(folder / "witness.wtns"))
    values[-1, 0] ^= np.uint64(1)
    write_witness(tmp_path / "w.wtns", values)
    with pytest.raises(InvalidProof, match="does not satisfy the constraints"):
        prove(folder / "circuit.zkey", tmp_path / "w.wtns", code=checked("scalar"))
    write_witness(tmp_path / "w.wtns", values[:-1])
    with pytest.raises(ProofmillError, match="the witness has .* values, .* is for"):
        prove(folder / "circuit.zkey", tmp_path / "w.wtns", code=checked("scalar"))


def test_texts_are_those_of_snarkjs() -> None:
    for name in ALL:
        text = (VECTORS / name / "proof.json").read_text()
        value = json.loads(text)
        (ax, ay, _), (cx, cy, _) = ([int(x) for x in value[each]] for each in ("pi_a", "pi_c"))
        (bx, by), (bu, bv), _ = ([int(x) for x in pair] for pair in value["pi_b"])
        proof = Proof(a=(ax, ay), b=((bx, by), (bu, bv)), c=(cx, cy), public=[])
        assert proof_json(proof) == json.dumps(value, indent=1)
    assert public_json([]) == "[\n]" and public_json([1, 2]) == json.dumps(["1", "2"], indent=1)


def test_a_pipe_will_do(tmp_path: Path) -> None:
    folder, pipe = VECTORS / "chain4", tmp_path / "witness"
    os.mkfifo(pipe)
    writer = threading.Thread(
        target=lambda: pipe.write_bytes((folder / "witness.wtns").read_bytes()))
    writer.start()
    proof = prove(folder / "circuit.zkey", pipe, code=checked("scalar"))
    writer.join()
    assert proof.public


def test_nothing_heavy_is_imported() -> None:
    program = ("import sys, proofmill.host.prover.native.prove as prove; "
               "import proofmill.host.prover.native.sums; print(sorted("
               "{'numpy', 'mclbn256', 'json', 'argparse', 'rich'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                          check=True)
    assert done.stdout.strip() == "[]"


def test_the_vector_class_can_be_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    from proofmill.host.prover.native.build import build
    monkeypatch.setenv("PROOFMILL_VECTOR", "scalar")
    assert Library(build()).vector == 0
    monkeypatch.setenv("PROOFMILL_VECTOR", "sse")
    with pytest.raises(ProofmillError, match="no vector class 'sse', only scalar, avx2, ifma"):
        Library(build())
    monkeypatch.delenv("PROOFMILL_VECTOR")
    assert Library(build()).vectors[0] == "scalar"


def test_progress_reaches_its_end(tmp_path: Path) -> None:
    r1cs, witness = chain(6000)
    development_setup(r1cs, tmp_path / "k.zkey", seed=b"1")
    write_witness(tmp_path / "w.wtns", witness)
    told: list[tuple[int, int]] = []
    prove(tmp_path / "k.zkey", tmp_path / "w.wtns", 1, lambda *seen: told.append(seen),
          code=plain("scalar"))
    assert told == sorted(told) and all(done <= total for done, total in told)
