"""The generated verifiers of PLONK and FFLONK: snarkjs' proof, wrong proofs, gas."""

from dataclasses import replace
from random import Random

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.client import DevelopmentEvm
from proofmill.host.prover.curve.limbs import BASE_MODULUS, SCALAR_MODULUS
from tests.host.network.contracts.gate_systems import SYSTEMS, System
from tests.host.network.contracts.mutations import mutated
from tests.host.network.contracts.world import private_key


@pytest.fixture(params=SYSTEMS)
def system(request: pytest.FixtureRequest) -> System:
    return SYSTEMS[request.param]


def test_snarkjs_proof_is_accepted(evm: DevelopmentEvm, system: System) -> None:
    verifier, numbers, public = system.deploy(evm), system.proof, system.public
    assert verifier.call("verify", numbers, public)
    assert verifier.call("key_hash") == system.contract.key_hash(system.key)
    assert verifier.call("public_signals") == 2
    assert verifier.call("verify_signals", numbers, public)
    assert not verifier.call("verify_signals", numbers, public[:1])
    assert not verifier.call("verify", numbers, public[::-1])
    receipt = verifier.send(Account(evm, private_key("deployer")), "verify", numbers, public)
    assert receipt.gas_used <= system.gas, receipt.gas_used


def test_each_number_of_the_proof_counts(evm: DevelopmentEvm, system: System) -> None:
    """One more of it, and the same number modulo p or r."""
    verifier, numbers, public = system.deploy(evm), system.proof, system.public
    for place in range(24):
        for more in (1, BASE_MODULUS if place < 2 * system.points else SCALAR_MODULUS):
            changed = list(numbers)
            changed[place] += more
            assert not verifier.call("verify", changed, public), place
    assert not verifier.call("verify", numbers, [public[0], public[1] + SCALAR_MODULUS])
    assert not verifier.call("verify", [0] * 24, public)


@pytest.mark.parametrize("count", [5, pytest.param(1000, marks=pytest.mark.slow)])
def test_verdicts_are_equal(evm: DevelopmentEvm, system: System, count: int) -> None:
    verifier, draw, valid = system.deploy(evm), Random(count), 0
    proof, signals = system.proof, system.public
    for _ in range(count):
        numbers, public = mutated(draw, proof, signals, system.points)
        verdict = system.expected(numbers, public)
        assert bool(verifier.call("verify", numbers, public)) is verdict, (numbers, public)
        valid += verdict
    assert 0 < valid < count


def test_keys_with_too_many_signals_are_refused(system: System) -> None:
    wide = replace(system.key, public=65, name="wide")
    with pytest.raises(ProofmillError, match="wide has 65 public signals; a contract can check"):
        system.contract.verifier_source(wide)
