"""Our verifiers of PLONK and FFLONK beside snarkjs' in Solidity: gas, and the same verdicts."""

from random import Random

import pytest

from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.contract import Contract
from tests.host.network.contracts.gate_systems import SYSTEMS
from tests.host.network.contracts.mutations import mutated
from tests.host.network.contracts.solidity import snarkjs_verifier
from tests.host.network.contracts.world import private_key
from tests.host.prover.plonk.files import PLONK


@pytest.mark.slow
@pytest.mark.parametrize("system", SYSTEMS)
def test_verdicts_and_gas_beside_snarkjs(system, evm, tmp_path, capsys) -> None:
    ours, proof, public = (SYSTEMS[system].deploy(evm), SYSTEMS[system].proof,
                           SYSTEMS[system].public)
    account = Account(evm, private_key("deployer"))
    theirs = Contract.deploy(account, evm,
                             snarkjs_verifier(PLONK / f"mix.{system}.zkey", tmp_path))
    as_bytes = system == "fflonk"  # their FFLONK verifier takes bytes32

    def their(numbers):
        return [each.to_bytes(32, "big") for each in numbers] if as_bytes else numbers

    gas = [ours.send(account, "verify", proof, public).gas_used,
           theirs.send(account, "verifyProof", their(proof), public).gas_used]
    with capsys.disabled():
        print(f"\n{system}: {gas[0]:,} gas here, {gas[1]:,} for snarkjs' verifier in Solidity")
    draw, valid = Random(7), 0
    for _ in range(120):
        numbers, signals = mutated(draw, proof, public, SYSTEMS[system].points)
        verdict = bool(ours.call("verify", numbers, signals))
        assert bool(theirs.call("verifyProof", their(numbers), signals)) is verdict, (
            numbers, signals)
        valid += verdict
    assert 0 < valid < 120
