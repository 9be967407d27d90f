"""A block's proof, from the key to the verifier."""

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.eddsa import public_key
from proofmill.host.prover.circuits.rollup.batch import Batch
from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit
from proofmill.host.prover.circuits.rollup.ledger import Account, Ledger
from proofmill.host.prover.circuits.rollup.size import SMALLEST
from proofmill.host.prover.circuits.rollup.transfer import Transfer
from proofmill.host.prover.circuits.statement import Statement
from proofmill.host.prover.curve.limbs import from_limbs, to_limbs
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.groth16.prove import ProofResult, Prover
from proofmill.host.prover.groth16.setup import development_setup
from proofmill.host.prover.groth16.verify import verify

STATEMENT = Statement(chain_id=7, slot=1234, prover=5, reward_address=bytes(range(20)))
KEYS = [bytes([number + 1] * 32) for number in range(2)]
LEDGER = Ledger(SMALLEST, {number: Account(public_key(key), 1000 + number)
                           for number, key in enumerate(KEYS)})
BATCH = Batch(SMALLEST, STATEMENT.chain_id, 1, (
    Transfer(0, 1, 900, 7).signed(KEYS[0], STATEMENT.chain_id, 0),))


@pytest.fixture(scope="module")
def circuit() -> RollupCircuit:
    return RollupCircuit(SMALLEST)


@pytest.fixture(scope="module")
def prover(circuit):
    device = CpuDevice()
    yield Prover(development_setup(circuit.r1cs, seed=bytes(32)), device, r1cs=circuit.r1cs)
    device.close()


@pytest.fixture(scope="module")
def result(circuit, prover) -> ProofResult:
    return prover.prove(circuit.witness(LEDGER, BATCH, STATEMENT))


def expected(statement: Statement = STATEMENT) -> list[int]:
    return [LEDGER.root, LEDGER.apply(BATCH).root, BATCH.commitment, statement.prover_tag]


def test_a_block_is_proved_and_verified(circuit, prover, result):
    assert prover.key.domain_size == 8192
    assert result.public == expected()
    assert verify(prover.key.verification_key, expected(), result.proof)


@pytest.mark.parametrize("statement", (
    Statement(7, 1234, 6, bytes(range(20))), Statement(7, 1234, 5, bytes(20)),
    Statement(7, 1235, 5, bytes(range(20))), Statement(8, 1234, 5, bytes(range(20)))))
def test_nobody_else_can_show_the_proof(circuit, prover, result, statement):
    assert not verify(prover.key.verification_key, expected(statement), result.proof)


@pytest.mark.parametrize("place", range(3))
def test_the_proof_is_for_this_block_alone(circuit, prover, result, place):
    public = expected()
    public[place] += 1
    assert not verify(prover.key.verification_key, public, result.proof)


def test_a_forged_witness_is_refused(circuit, prover):
    witness = from_limbs(circuit.witness(LEDGER, BATCH, STATEMENT))
    witness[2] = LEDGER.root
    with pytest.raises(ProofmillError, match="constraint"):
        prover.prove(to_limbs(witness))
