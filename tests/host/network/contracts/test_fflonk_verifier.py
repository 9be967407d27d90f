"""The generated FFLONK verifier, for a key of another size."""

import pytest

from proofmill.host.network.evm.client import DevelopmentEvm
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS, to_limbs
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.fflonk.prove import FflonkProver
from proofmill.host.prover.fflonk.setup import fflonk_setup
from proofmill.host.prover.fflonk.zkey import read_zkey
from proofmill.host.prover.groth16.powers import read_powers
from tests.host.network.contracts.gate_systems import SYSTEMS
from tests.host.prover.groth16.files import POWERS, public_circuit

FFLONK = SYSTEMS["fflonk"]


def test_keys_of_other_sizes(evm: DevelopmentEvm, tmp_path_factory: pytest.TempPathFactory
                             ) -> None:
    """Another domain, and its denominators."""
    path = tmp_path_factory.mktemp("key") / "square.zkey"
    fflonk_setup(public_circuit(), read_powers(POWERS), path)
    key = read_zkey(path)
    result = FflonkProver(key, CpuDevice()).prove(to_limbs([1, 49, 7]))
    assert key.verification_key.power != FFLONK.key.power
    verifier, numbers = (FFLONK.deploy(evm, key.verification_key),
                         list(result.proof.numbers))
    assert verifier.call("verify", numbers, [49, 7])
    assert not verifier.call("verify", numbers, [49, SCALAR_MODULUS - 7])
    assert not verifier.call("verify", [*numbers[:-1], numbers[-1] ^ 1], [49, 7])
