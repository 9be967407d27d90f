"""First keys of ceremonies: the file snarkjs writes, byte for byte."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from proofmill.hdl.curve import Group
from proofmill.host.bench.circuits import mixed
from proofmill.host.prover.curve.combinations import multiply_all
from proofmill.host.prover.curve.limbs import to_limbs
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.groth16.development_powers import development_powers
from proofmill.host.prover.groth16.phase2 import initial_key, initial_setup
from proofmill.host.prover.groth16.powers import read_powers
from proofmill.host.prover.groth16.prove import prove
from proofmill.host.prover.groth16.r1cs import R1cs
from proofmill.host.prover.groth16.r1cs_file import read_r1cs, write_r1cs
from proofmill.host.prover.groth16.setup import derive, development_setup
from proofmill.host.prover.groth16.verify import verify
from proofmill.host.prover.groth16.zkey import read_zkey
from tests.host.prover.groth16 import snarkjs
from tests.host.prover.groth16.files import (
    POWERS,
    VECTORS,
    WITH_CIRCUIT,
    cube_circuit,
    cube_witness,
    dense_circuit,
    public_circuit,
)

CIRCUITS = {"cube": cube_circuit(), "square": public_circuit(), "dense": dense_circuit(),
            "full": dense_circuit(250)}
"""The last needs all the powers there are."""


def test_a_key_of_snarkjs_by_its_digest(tmp_path: Path) -> None:
    """Of the file that snarkjs 0.7.6 wrote, so that it is compared without npm too."""
    digest = initial_setup(cube_circuit(), read_powers(POWERS), tmp_path / "cube.zkey")
    content = (tmp_path / "cube.zkey").read_bytes()
    assert hashlib.sha256(content).hexdigest() == (
        "e3568e55aa0723e07e6453d26a1fd28160218330f577ff4bf7e8c750885b9e27")
    key = read_zkey(tmp_path / "cube.zkey")
    assert key.circuit_hash == digest and key.contributions == ()


def compare(circuits: dict[str, tuple[R1cs, Path]], folder: Path) -> None:
    """The files that both sides write for circuits and powers."""
    calls, digests = [], []
    for name, (circuit, powers) in circuits.items():
        place = folder / name
        write_r1cs(f"{place}.r1cs", circuit)
        digests.append(initial_setup(circuit, read_powers(powers), f"{place}.ours").hex())
        calls.append({"setup": [f"{place}.r1cs", str(powers), f"{place}.theirs"]})
    assert snarkjs.batch(calls, folder) == digests
    for name in circuits:
        ours, theirs = ((folder / f"{name}.{whose}").read_bytes() for whose in ("ours", "theirs"))
        assert ours == theirs, name


def test_snarkjs_writes_the_same_bytes(tmp_path: Path) -> None:
    compare({name: (circuit, POWERS) for name, circuit in CIRCUITS.items()}, tmp_path)


@pytest.mark.slow
def test_snarkjs_writes_the_same_bytes_for_larger_circuits(tmp_path: Path) -> None:
    """Those of circom; and from 2^15 on it hashes one difference of what follows powers of just
    this size."""
    own, larger = tmp_path / "11.ptau", tmp_path / "15.ptau"
    development_powers(own, 11, b"1")
    development_powers(larger, 15, b"1")
    compare({name: (read_r1cs(VECTORS / name / "circuit.r1cs"), own) for name in WITH_CIRCUIT}
            | {"mixed": (mixed((1 << 15) - 24)[0], larger)}, tmp_path)


def test_one_secret_makes_one_key_in_both_ways(tmp_path: Path) -> None:
    """The development setup's key but for delta, which takes no point of the powers."""
    circuit, seed = dense_circuit(), b"both"
    development_powers(tmp_path / "own.ptau", 6, seed)
    first = initial_key(circuit, read_powers(tmp_path / "own.ptau"))
    other = development_setup(circuit, seed=seed)
    for name in ("alpha_g1", "beta_g1", "beta_g2", "public_points", "coefficients", "a", "b_g1",
                 "b_g2"):
        assert np.array_equal(getattr(first, name), getattr(other, name)), name
    delta = derive(seed).delta
    for name in ("c", "h"):
        assert np.array_equal(getattr(first, name),
                              multiply_all(Group.G1, getattr(other, name), delta)), name


def test_a_first_key_proves() -> None:
    key = initial_key(cube_circuit(), read_powers(POWERS))
    result = prove(key, cube_witness(3), CpuDevice())
    assert result.public == [32] and verify(key.verification_key, [32], result.proof)
    key = initial_key(public_circuit(), read_powers(POWERS))
    assert prove(key, to_limbs([1, 49, 7]), CpuDevice()).public == [49, 7]
