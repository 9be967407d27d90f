"""A block's proof, from the key to the verifier."""

from random import Random

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.batch import Batch, Transfer
from proofmill.host.prover.circuits.block import BlockCircuit
from proofmill.host.prover.circuits.block_size import COMPACT
from proofmill.host.prover.circuits.ledger import Ledger
from proofmill.host.prover.circuits.random_batch import random_batch
from proofmill.host.prover.circuits.statement import Statement
from proofmill.host.prover.curve.limbs import from_limbs, to_limbs
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.groth16.prove import ProofResult, Prover
from proofmill.host.prover.groth16.setup import development_setup
from proofmill.host.prover.groth16.verify import verify

STATEMENT = Statement(chain_id=7, slot=1234, prover=5, reward_address=bytes(range(20)))
LEDGER = Ledger(COMPACT, tuple(1000 + account for account in range(COMPACT.accounts)))
BATCH = random_batch(Random(1), LEDGER)


@pytest.fixture(scope="module")
def circuit() -> BlockCircuit:
    return BlockCircuit(COMPACT)


@pytest.fixture(scope="module")
def prover(circuit):
    device = CpuDevice()
    yield Prover(development_setup(circuit.r1cs, seed=bytes(32)), device, r1cs=circuit.r1cs)
    device.close()


@pytest.fixture(scope="module")
def result(circuit, prover) -> ProofResult:
    return prover.prove(circuit.witness(LEDGER, BATCH, STATEMENT))


def expected(circuit: BlockCircuit, statement: Statement = STATEMENT) -> list[int]:
    return list(circuit.public_inputs(
        LEDGER.root, LEDGER.apply(BATCH).root, BATCH, statement))


def test_a_block_is_proved_and_verified(circuit, prover, result):
    assert prover.key.domain_size == 2048
    assert result.public == expected(circuit)
    assert verify(prover.key.verification_key, expected(circuit), result.proof)


@pytest.mark.parametrize("statement", (
    Statement(7, 1234, 6, bytes(range(20))), Statement(7, 1234, 5, bytes(20)),
    Statement(7, 1235, 5, bytes(range(20))), Statement(8, 1234, 5, bytes(range(20)))))
def test_nobody_else_can_show_the_proof(circuit, prover, result, statement):
    assert not verify(prover.key.verification_key, expected(circuit, statement), result.proof)


@pytest.mark.parametrize("place", range(3))
def test_the_proof_is_for_this_block_alone(circuit, prover, result, place):
    public = expected(circuit)
    public[place] += 1
    assert not verify(prover.key.verification_key, public, result.proof)


def test_a_forged_witness_is_refused(circuit, prover):
    batch = Batch(COMPACT, (Transfer(0, 1, 5),))
    witness = from_limbs(circuit.witness(LEDGER, batch, STATEMENT))
    witness[2] = LEDGER.root
    with pytest.raises(ProofmillError, match="constraint"):
        prover.prove(to_limbs(witness))
