"""Our verifiers of PLONK and FFLONK beside snarkjs' in Solidity: gas, and the same verdicts."""

import pytest

from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.contract import Contract
from tests.host.network.contracts.gate_systems import SYSTEMS
from tests.host.network.contracts.mutations import changed
from tests.host.network.contracts.solidity import snarkjs_verifier
from tests.host.network.contracts.world import private_key
from tests.host.prover.plonk.files import PLONK

CHANGED = 1_000


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
    assert ours.call("verify", proof, public) and theirs.call("verifyProof", their(proof), public)
    accepted = [
        (what, who) for what, numbers, signals in changed(
            proof, public, SYSTEMS[system].points, CHANGED)
        for who, verdict in (("ours", ours.call("verify", numbers, signals)),
                             ("theirs", theirs.call("verifyProof", their(numbers), signals)))
        if verdict]
    assert accepted == []
