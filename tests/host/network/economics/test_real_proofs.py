"""What the mechanism assumes of proofs, on real ones: `verifies` is Groth16's verdict."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from proofmill.hdl.curve import Group
from proofmill.host.network.consensus.block_proofs import (
    block_prover,
    block_verifier,
    proof_from_bytes,
    proof_to_bytes,
)
from proofmill.host.network.consensus.chain import EmbeddedChain
from proofmill.host.network.consensus.records import ProvingTask
from proofmill.host.network.mechanism.hashing import keccak_words
from proofmill.host.network.mechanism.ledger import RewardLedger
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.mechanism.records import Submission
from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit
from proofmill.host.prover.circuits.rollup.size import SMALLEST
from proofmill.host.prover.curve.arithmetic import multiply
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.setup import development_setup
from proofmill.host.prover.groth16.verification_key import Proof

BOND = 10**9


@dataclass(frozen=True)
class Block:
    """A real block, and its real proof by each of two provers."""

    task: ProvingTask
    verify: Callable[[list[int], bytes], bool]
    proofs: dict[int, bytes]

    def sound(self, signer: int, proof: bytes) -> bool:
        """Groth16's verdict on a proof that `signer` submits."""
        return self.verify(self.task.claimed_by(signer, address(signer)).public, proof)


def address(prover: int) -> bytes:
    return bytes([prover]) * 20


def rerandomized(data: bytes, factor: int = 3) -> bytes:
    """The same statement in other bytes: A times s, B divided by s."""
    proof = proof_from_bytes(data)
    assert proof is not None
    return proof_to_bytes(Proof(
        a=multiply(Group.G1, proof.a, factor),
        b=multiply(Group.G2, proof.b, pow(factor, -1, SCALAR_MODULUS)), c=proof.c))


@pytest.fixture(scope="module")
def block() -> Block:
    circuit = RollupCircuit(SMALLEST)
    prover = Prover(development_setup(circuit.r1cs, seed=b"tests of attacks"), CpuDevice())
    verify = block_verifier(prover.key.verification_key)
    chain = EmbeddedChain(verify, seed=4, size=SMALLEST)
    task = chain.proving_task(chain.advance().slot)
    prove = block_prover(circuit, prover)
    return Block(task, verify, {p: prove(task.claimed_by(p, address(p))) for p in (0, 1)})


def test_the_model_agrees_with_groth16(block: Block) -> None:
    own, other = block.proofs[0], block.proofs[1]
    damaged = own[:-1] + bytes([own[-1] ^ 1])
    for signer, proof, made_by, sound in (
        (0, own, 0, True), (1, other, 1, True),
        (1, own, 0, True), (0, other, 1, True),
        (0, rerandomized(own), 0, True), (1, rerandomized(own), 0, True),
        (0, damaged, 0, False), (1, damaged, 0, False),
    ):
        submission = Submission((block.task.request_root, 0), signer, proof, made_by, sound)
        assert block.sound(signer, proof) == submission.verifies(bound=True)


def test_copies_of_a_real_proof_are_not_paid(block: Block) -> None:
    """Stolen, re-randomised and sent again: one payment, to who made it."""
    ledger = RewardLedger(Parameters(), minimum_bond=1)
    for identity in (0, 1):
        ledger.join(identity, BOND, reliability_bps=10_000)
    record = ledger.open_slot(0, block.task.request_root, keccak_words(1), 11_448_000)
    maker = record.assignment.primary
    assert maker is not None
    thief, proof = 1 - maker, block.proofs[maker]

    def send(slot: int, signer: int, data: bytes) -> str:
        made_by = signer if block.sound(signer, data) else maker
        return ledger.include(slot, 50, 0, Submission(record.key, signer, data, made_by))

    def follow(slot: int) -> None:
        """The slot before is over, and this one has a block: delays are counted in blocks."""
        ledger.close_slot(slot - 1, keccak_words(slot - 1))
        ledger.open_slot(slot, keccak_words(slot), keccak_words(slot // 8), 11_448_000)

    follow(1)
    assert "not eligible" in send(1, thief, proof)
    follow(2)
    follow(3)
    assert "does not verify" in send(3, thief, rerandomized(proof))
    assert "barred" in send(3, thief, proof)
    assert send(3, maker, proof) == ""
    assert "proven already" in send(3, maker, rerandomized(proof))
    for slot in range(4, 30):
        follow(slot)
        send(slot, maker, rerandomized(proof, slot))
    ledger.close_slot(29, keccak_words(29))
    ledger.finalise(29)
    assert len(record.wins) == 1 and record.wins[0].submission.proof == proof
    assert ledger.earned[maker] == record.wins[0].prover_gwei
    assert ledger.provers[thief].bond < BOND
