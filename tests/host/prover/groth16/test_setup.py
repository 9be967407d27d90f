import time
from pathlib import Path

import numpy as np
import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.limbs import to_limbs
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.groth16.info import circuit_info, key_info
from proofmill.host.prover.groth16.matrix import SparseMatrix
from proofmill.host.prover.groth16.prove import prove
from proofmill.host.prover.groth16.proving_key import is_development_key
from proofmill.host.prover.groth16.r1cs import R1cs
from proofmill.host.prover.groth16.r1cs_file import read_r1cs
from proofmill.host.prover.groth16.setup import development_setup
from proofmill.host.prover.groth16.verify import verify
from proofmill.host.prover.groth16.wtns import read_witness
from proofmill.host.prover.groth16.zkey import read_zkey
from tests.host.prover.groth16.files import (
    VECTORS,
    WITH_CIRCUIT,
    cube_circuit,
    cube_witness,
    matrix,
    public_circuit,
)


@pytest.mark.parametrize("vector", WITH_CIRCUIT)
def test_development_keys_prove(vector: str, tmp_path: Path) -> None:
    circuit = read_r1cs(VECTORS / vector / "circuit.r1cs")
    development_setup(circuit, tmp_path / "dev.zkey", seed=b"test")
    key = read_zkey(tmp_path / "dev.zkey")
    result = prove(key, read_witness(VECTORS / vector / "witness.wtns"), CpuDevice(), r1cs=circuit)
    assert verify(key.verification_key, result.public, result.proof)
    assert is_development_key(key)
    real = read_zkey(VECTORS / vector / "circuit.zkey")
    # The part of a key that holds no secret is snarkjs' own.
    assert np.array_equal(key.coefficients, real.coefficients)
    assert (key.wires, key.public, key.domain_size) == (real.wires, real.public, real.domain_size)
    # Points at infinity are where snarkjs has them: the same wires are unused.
    for mine, theirs in ((key.a, real.a), (key.b_g1, real.b_g1), (key.b_g2, real.b_g2),
                         (key.c, real.c)):
        assert np.array_equal(mine.any(axis=1), theirs.any(axis=1))


def test_a_seed_makes_one_key(tmp_path: Path) -> None:
    circuit = cube_circuit()
    for name, seed in (("a", b"1"), ("b", b"1"), ("c", b"2"), ("d", None), ("e", None)):
        development_setup(circuit, tmp_path / name, seed)
    content = {name: (tmp_path / name).read_bytes() for name in "abcde"}
    assert content["a"] == content["b"]
    assert len(set(content.values())) == 4


@pytest.mark.parametrize("circuit", [cube_circuit(), public_circuit()])
def test_small_circuits(circuit: R1cs) -> None:
    key = development_setup(circuit, seed=b"small")
    witness = cube_witness(11) if circuit.name == "cube" else to_limbs([1, 49, 7])
    result = prove(key, witness, CpuDevice(), r1cs=circuit)
    assert result.public == ([1336] if circuit.name == "cube" else [49, 7])
    witness[1, 0] += np.uint64(1)
    with pytest.raises(ProofmillError, match="does not satisfy constraint"):
        prove(key, witness, CpuDevice(), r1cs=circuit)


def test_another_public_signal_is_refused() -> None:
    key = development_setup(cube_circuit(), seed=b"small")
    result = prove(key, cube_witness(2), CpuDevice())
    assert verify(key.verification_key, [13], result.proof)
    assert not verify(key.verification_key, [14], result.proof)


def test_entries_at_one_place_add_up() -> None:
    doubled = matrix([(0, 2, 3), (0, 2, -2), (1, 3, 1)])
    plain = cube_circuit()
    circuit = R1cs(wires=4, public_outputs=1, public_inputs=0, private_inputs=1, constraints=2,
                   a=doubled, b=plain.b, c=plain.c)
    key = development_setup(circuit, seed=b"small")
    assert prove(key, cube_witness(5), CpuDevice(), r1cs=circuit).public == [130]
    assert np.array_equal(key.a, development_setup(plain, seed=b"small").a)


def chain_of_squares(count: int) -> tuple[R1cs, list[int]]:
    """x_{i+1} = x_i^2: `count` constraints, the last value public."""
    from proofmill.host.prover.curve.limbs import SCALAR_MODULUS
    rows = range(count)
    wires = [2 + row for row in rows] + [1]
    values = [3]
    for _ in rows:
        values.append(values[-1] ** 2 % SCALAR_MODULUS)
    circuit = R1cs(
        wires=count + 2, public_outputs=1, public_inputs=0, private_inputs=1, constraints=count,
        a=matrix([(row, wires[row], 1) for row in rows]),
        b=matrix([(row, wires[row], 1) for row in rows]),
        c=matrix([(row, wires[row + 1], 1) for row in rows]))
    return circuit, [1, values[-1], *values[:-1]]


def test_four_thousand_constraints_in_seconds() -> None:
    circuit, values = chain_of_squares(4000)
    start = time.perf_counter()
    key = development_setup(circuit)
    assert time.perf_counter() - start < 6.0
    assert prove(key, to_limbs(values), CpuDevice()).public == [values[1]]


def test_information() -> None:
    circuit = cube_circuit()
    about = circuit_info(circuit)
    assert (about.name, about.wires, about.constraints, about.entries) == ("cube", 4, 2, (2, 2, 3))
    key = key_info(development_setup(circuit, seed=b"1"))
    assert key.development and key.contributions == ("proofmill development key",)
    assert (key.wires, key.public, key.domain_size, key.coefficients) == (4, 1, 4, 6)
    real = key_info(read_zkey(VECTORS / "chain4" / "circuit.zkey"))
    assert not real.development and real.contributions == ("x", "b")
    assert real.circuit_hash.startswith("713316c95de7")


def test_matrices_must_fit() -> None:
    with pytest.raises(ValueError, match="order of their rows"):
        matrix([(1, 0, 1), (0, 0, 1)])
    with pytest.raises(ValueError, match="does not fit"):
        SparseMatrix(np.zeros(2, np.int32), np.zeros(1, np.int32), to_limbs([1, 2]))
    with pytest.raises(ProofmillError, match="constraint 1, A: wire 9, but there are 4"):
        R1cs(wires=4, public_outputs=1, public_inputs=0, private_inputs=1, constraints=2,
             a=matrix([(0, 2, 1), (1, 9, 1)]), b=matrix([]), c=matrix([]))
    with pytest.raises(ProofmillError, match="A has constraint 2, but there are 2"):
        R1cs(wires=4, public_outputs=1, public_inputs=0, private_inputs=1, constraints=2,
             a=matrix([(2, 2, 1)]), b=matrix([]), c=matrix([]))


def test_the_native_library_makes_the_same_key(monkeypatch: pytest.MonkeyPatch,
                                               tmp_path: Path) -> None:
    """As mcl does, byte for byte; few points are mcl's anyway."""
    from proofmill.host.bench.circuits import mixed
    from proofmill.host.prover.groth16 import setup

    circuit = mixed(400)[0]
    calls = []
    original = setup.multiples_in_place
    monkeypatch.setattr(setup, "multiples_in_place",
                        lambda *given, **more: calls.append(1) or original(*given, **more))
    development_setup(circuit, tmp_path / "native.zkey", seed=b"1")
    assert len(calls) == 8  # the header's in both groups, and six sections
    monkeypatch.setattr(setup, "library_or_none", lambda: None)
    development_setup(circuit, tmp_path / "mcl.zkey", seed=b"1")
    assert len(calls) == 8
    assert (tmp_path / "native.zkey").read_bytes() == (tmp_path / "mcl.zkey").read_bytes()
