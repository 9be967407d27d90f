"""The generated verifier and the tag: real proofs, wrong proofs, gas."""

from pathlib import Path
from random import Random

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.contracts.prover_tag import prover_tag_artifact
from proofmill.host.network.contracts.verifier import (
    key_hash,
    verifier_artifact,
    verifier_source,
)
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.client import DevelopmentEvm, RevertedError
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.transfers.load import full_batch
from proofmill.host.network.transfers.opening import opening_ledger
from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit
from proofmill.host.prover.circuits.rollup.size import SMALLEST
from proofmill.host.prover.circuits.statement import Statement, prover_tag
from proofmill.host.prover.curve.limbs import BASE_MODULUS, SCALAR_MODULUS, from_limbs
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.groth16.contribution import contribute
from proofmill.host.prover.groth16.json_fields import read_public
from proofmill.host.prover.groth16.phase2 import initial_key
from proofmill.host.prover.groth16.powers import read_powers
from proofmill.host.prover.groth16.prove import Prover, prove
from proofmill.host.prover.groth16.setup import development_setup
from proofmill.host.prover.groth16.verification_key import (
    VerificationKey,
    read_proof,
    read_verification_key,
)
from proofmill.host.prover.groth16.zkey import read_zkey
from tests.host.network.contracts.world import private_key
from tests.host.prover.groth16.files import ALL, POWERS, VECTORS, cube_circuit, cube_witness

VERIFICATION_GAS = 250_000
TAG_GAS = 190_000


def deploy(evm: DevelopmentEvm, key: VerificationKey) -> Contract:
    return Contract.deploy(Account(evm, private_key("deployer")), evm, verifier_artifact(key))


@pytest.mark.parametrize("vector", ALL)
def test_snarkjs_proofs_are_accepted(evm: DevelopmentEvm, vector: str) -> None:
    folder = VECTORS / vector
    key = read_verification_key(folder / "verification_key.json")
    proof = read_proof(folder / "proof.json").numbers
    public = read_public(folder / "public.json")
    verifier = deploy(evm, key)
    assert verifier.call("verify", proof, public)
    assert verifier.call("key_hash") == key_hash(key)
    assert verifier.call("public_signals") == len(public)
    assert verifier.call("verify_signals", proof, public)
    assert not verifier.call("verify_signals", proof, public[:-1])
    assert not verifier.call("verify_signals", proof, [*public, 0])


def test_wrong_proofs_are_refused(evm: DevelopmentEvm) -> None:
    folder = VECTORS / "chain4"
    verifier = deploy(evm, read_verification_key(folder / "verification_key.json"))
    proof = read_proof(folder / "proof.json").numbers
    public = read_public(folder / "public.json")

    def verify(proof: list[int], public: list[int]) -> bool:
        return bool(verifier.call("verify", proof, public))

    # Two with right points and a pairing that fails; the rest fail before it.
    assert not verify(proof, [public[0] + 1])
    assert not verify([*proof[6:], *proof[2:6], *proof[:2]], public)
    # The same number modulo r, the same point modulo p.
    assert not verify(proof, [public[0] + SCALAR_MODULUS])
    for place in range(8):
        wrapped = list(proof)
        wrapped[place] += BASE_MODULUS
        assert not verify(wrapped, public)
    # Off the curve, and everything zero, which is the point at infinity.
    for place in (0, 2, 6):
        off = list(proof)
        off[place] = (off[place] + 1) % BASE_MODULUS
        assert not verify(off, public)
    assert not verify([0] * 8, public)
    assert not verify([2**256 - 1] * 8, [2**256 - 1])


def test_a_proof_under_a_key_from_a_ceremony_is_accepted(evm: DevelopmentEvm,
                                                         tmp_path: Path) -> None:
    first = initial_key(cube_circuit(), read_powers(POWERS))
    contribute(first, tmp_path / "key.zkey", "Ada")
    key = read_zkey(tmp_path / "key.zkey")
    proof = prove(key, cube_witness(3), CpuDevice()).proof.numbers
    verifier = deploy(evm, key.verification_key)
    assert verifier.call("verify", proof, [32])
    assert not verifier.call("verify", proof, [33])


def test_block_proof_binds_its_prover(evm: DevelopmentEvm) -> None:
    circuit = RollupCircuit(SMALLEST)
    prover = Prover(development_setup(circuit.r1cs, seed=b"tests of contracts"), CpuDevice())
    ledger = opening_ledger(5, SMALLEST)
    batch = full_batch(5, ledger, 5)
    statement = Statement(5, 9, 3, b"\x01" * 20)
    witness = circuit.witness(ledger, batch, statement)
    proof = prover.prove(witness).proof.numbers
    public = [int(value) for value in from_limbs(witness[1:5])]
    verifier = deploy(evm, prover.key.verification_key)
    account = Account(evm, private_key("carrier"))
    receipt = verifier.send(account, "verify", proof, public)
    assert verifier.call("verify", proof, public)
    assert receipt.gas_used <= VERIFICATION_GAS, receipt.gas_used
    stolen = [*public[:3], prover_tag(5, 9, 4, b"\x02" * 20)]
    assert not verifier.call("verify", proof, stolen)


def test_tag_is_the_circuits(evm: DevelopmentEvm) -> None:
    account = Account(evm, private_key("deployer"))
    tags = Contract.deploy(account, evm, prover_tag_artifact(), 5)
    random = Random(1)
    cases = [(0, 0, bytes(20)), (2**64 - 1, 2**64 - 1, b"\xff" * 20)]
    cases += [(random.getrandbits(64), random.getrandbits(64), random.randbytes(20))
              for _ in range(4)]
    for slot, prover, address in cases:
        assert tags.call("tag", slot, prover, address) == prover_tag(5, slot, prover, address)
    assert tags.send(account, "tag", *cases[2]).gas_used <= TAG_GAS
    with pytest.raises(RevertedError):
        Contract.deploy(account, evm, prover_tag_artifact(), 2**64)


def test_key_without_signals_is_refused() -> None:
    key = read_verification_key(VECTORS / "chain4" / "verification_key.json")
    none = VerificationKey(key.alpha_g1, key.beta_g2, key.gamma_g2, key.delta_g2,
                           key.public_points[:1])
    with pytest.raises(ProofmillError, match="has 0 public signals"):
        verifier_source(none)
