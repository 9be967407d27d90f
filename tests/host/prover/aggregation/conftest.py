"""A key with two public signals, eight proofs of it, and powers of two secrets."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from proofmill.host.prover.aggregation.setup import Powers, read_pair
from proofmill.host.prover.curve.limbs import to_limbs
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.groth16.development_powers import development_powers
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.setup import development_setup
from proofmill.host.prover.groth16.verification_key import Proof, VerificationKey
from proofmill.host.prover.groth16.zkey import read_zkey
from tests.host.prover.groth16.files import public_circuit

ROUNDS = 3


@dataclass(frozen=True)
class Proven:
    """Proofs of squares: `public[i]` is (x^2, x)."""

    key: VerificationKey
    setup: Powers
    proofs: list[Proof]
    public: list[list[int]]


@pytest.fixture(scope="package")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("powers")
    for name in ("first", "second"):
        development_powers(folder / f"{name}.ptau", ROUNDS + 1, name.encode())
    return folder / "first.ptau", folder / "second.ptau"


@pytest.fixture(scope="package")
def proven(pair: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Proven:
    path = tmp_path_factory.mktemp("key") / "circuit.zkey"
    development_setup(public_circuit(), path, bytes(32))
    key = read_zkey(path)
    prover = Prover(key, CpuDevice())
    made = [prover.prove(to_limbs([1, x * x, x])) for x in range(2, 10)]
    return Proven(key.verification_key, read_pair(*pair, ROUNDS), [each.proof for each in made],
                  [each.public for each in made])
