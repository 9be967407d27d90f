"""The generated FFLONK verifier: snarkjs' proof, wrong proofs, gas."""

from random import Random

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.contracts.fflonk_verifier import (
    key_hash,
    proof_numbers,
    verifier_artifact,
    verifier_source,
)
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.client import DevelopmentEvm
from proofmill.host.network.evm.contract import Contract
from proofmill.host.prover.curve.limbs import BASE_MODULUS, SCALAR_MODULUS, to_limbs
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.fflonk.prove import FflonkProver
from proofmill.host.prover.fflonk.setup import fflonk_setup
from proofmill.host.prover.fflonk.verification_key import (
    EVALUATIONS,
    PROOF_POINTS,
    FflonkKey,
    FflonkProof,
    read_key,
    read_proof,
)
from proofmill.host.prover.fflonk.verify import verify
from proofmill.host.prover.fflonk.zkey import read_zkey
from proofmill.host.prover.groth16.json_fields import read_public
from proofmill.host.prover.groth16.powers import read_powers
from tests.host.network.contracts.mutations import mutated, points_of
from tests.host.network.contracts.world import private_key
from tests.host.prover.groth16.files import POWERS, public_circuit
from tests.host.prover.plonk.files import PLONK

KEY = read_key(PLONK / "mix.fflonk.vkey.json")
PROOF = read_proof(PLONK / "mix.fflonk.proof.json")
PUBLIC = read_public(PLONK / "mix.fflonk.public.json")
VERIFICATION_GAS = 203_000


def deploy(evm: DevelopmentEvm, key: FflonkKey) -> Contract:
    return Contract.deploy(Account(evm, private_key("deployer")), evm, verifier_artifact(key))


def test_snarkjs_proof_is_accepted(evm: DevelopmentEvm) -> None:
    verifier, numbers = deploy(evm, KEY), proof_numbers(PROOF)
    assert verifier.call("verify", numbers, PUBLIC)
    assert verifier.call("key_hash") == key_hash(KEY)
    assert verifier.call("public_signals") == 2
    assert verifier.call("verify_signals", numbers, PUBLIC)
    assert not verifier.call("verify_signals", numbers, PUBLIC[:1])
    assert not verifier.call("verify", numbers, PUBLIC[::-1])
    receipt = verifier.send(Account(evm, private_key("deployer")), "verify", numbers, PUBLIC)
    assert receipt.gas_used <= VERIFICATION_GAS, receipt.gas_used


def test_each_number_of_the_proof_counts(evm: DevelopmentEvm) -> None:
    """One more of it, and the same number modulo p or r."""
    verifier, numbers = deploy(evm, KEY), proof_numbers(PROOF)
    for place in range(24):
        for more in (1, BASE_MODULUS if place < 8 else SCALAR_MODULUS):
            changed = list(numbers)
            changed[place] += more
            assert not verifier.call("verify", changed, PUBLIC), place
    assert not verifier.call("verify", numbers, [PUBLIC[0], PUBLIC[1] + SCALAR_MODULUS])
    assert not verifier.call("verify", [0] * 24, PUBLIC)


def test_keys_of_other_sizes(evm: DevelopmentEvm, tmp_path_factory: pytest.TempPathFactory
                             ) -> None:
    """Another domain, and its denominators."""
    path = tmp_path_factory.mktemp("key") / "square.zkey"
    fflonk_setup(public_circuit(), read_powers(POWERS), path)
    key = read_zkey(path)
    result = FflonkProver(key, CpuDevice()).prove(to_limbs([1, 49, 7]))
    assert key.verification_key.power != KEY.power
    verifier, numbers = deploy(evm, key.verification_key), proof_numbers(result.proof)
    assert verifier.call("verify", numbers, [49, 7])
    assert not verifier.call("verify", numbers, [49, SCALAR_MODULUS - 7])
    assert not verifier.call("verify", [*numbers[:-1], numbers[-1] ^ 1], [49, 7])


def expected(numbers: list[int], public: list[int]) -> bool:
    """The verdict here; points off the curve and numbers that are too great are refused."""
    points = points_of(numbers, public, 4)
    return points is not None and verify(KEY, public, FflonkProof(
        points=dict(zip(PROOF_POINTS, points, strict=True)),
        values=dict(zip(EVALUATIONS, numbers[8:23], strict=True)), inverse=numbers[23]))


@pytest.mark.parametrize("count", [5, pytest.param(1000, marks=pytest.mark.slow)])
def test_verdicts_are_equal(evm: DevelopmentEvm, count: int) -> None:
    verifier, draw, valid = deploy(evm, KEY), Random(count), 0
    for _ in range(count):
        numbers, public = mutated(draw, proof_numbers(PROOF), PUBLIC, 4)
        verdict = expected(numbers, public)
        assert bool(verifier.call("verify", numbers, public)) is verdict, (numbers, public)
        valid += verdict
    assert 0 < valid < count


def test_keys_with_too_many_signals_are_refused() -> None:
    other = FflonkKey(public=65, power=8, k1=2, k2=3, c0=KEY.c0, tau=KEY.tau, name="wide")
    with pytest.raises(ProofmillError, match="wide has 65 public signals; a contract can check"):
        verifier_source(other)
