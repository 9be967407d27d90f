"""The generated PLONK verifier, for a key of another shape."""

import pytest

from proofmill.host.network.evm.client import DevelopmentEvm
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS, to_limbs
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.groth16.powers import read_powers
from proofmill.host.prover.plonk.prove import PlonkProver
from proofmill.host.prover.plonk.setup import plonk_setup
from proofmill.host.prover.plonk.zkey import read_zkey
from tests.host.network.contracts.gate_systems import SYSTEMS
from tests.host.prover.groth16.files import POWERS, public_circuit

PLONK = SYSTEMS["plonk"]


def test_commitments_at_infinity(evm: DevelopmentEvm, tmp_path_factory: pytest.TempPathFactory
                                 ) -> None:
    """A circuit without constants, so that Qc is at infinity."""
    path = tmp_path_factory.mktemp("key") / "square.zkey"
    plonk_setup(public_circuit(), read_powers(POWERS), path)
    key = read_zkey(path)
    result = PlonkProver(key, CpuDevice()).prove(to_limbs([1, 49, 7]))
    assert not any(key.verification_key.points["Qc"])
    verifier, numbers = (PLONK.deploy(evm, key.verification_key),
                         result.proof.numbers)
    assert verifier.call("verify", numbers, [49, 7])
    assert not verifier.call("verify", numbers, [49, SCALAR_MODULUS - 7])
