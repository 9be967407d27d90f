"""Proofs of real blocks: what is accepted, what is refused, and the theft EIP-8025 allows."""

from dataclasses import dataclass
from typing import Any

import pytest

from proofmill.hdl.curve import Group
from proofmill.host.network.consensus.block_proofs import proof_from_bytes, proof_to_bytes
from proofmill.host.network.consensus.chain import EmbeddedChain
from proofmill.host.network.consensus.records import PROOF_BYTES, Claim
from proofmill.host.network.consensus.spec import spec
from proofmill.host.prover.curve.arithmetic import multiply
from proofmill.host.prover.curve.limbs import BASE_MODULUS, SCALAR_MODULUS
from proofmill.host.prover.groth16.verification_key import Proof
from tests.host.network.consensus.conftest import MakeChain, Prove, Verify

MINER, THIEF = 5, 9
ADDRESS, THIEF_ADDRESS = b"\x55" * 20, b"\x99" * 20


@dataclass(frozen=True)
class Proven:
    """A chain whose first block has been proven, but not yet shown to it."""

    chain: EmbeddedChain
    claim: Claim
    proof: bytes

    def signed(self, signer: int = MINER, address: bytes = ADDRESS) -> Any:
        root = self.claim.task.request_root
        return self.chain.sign_proof(signer, root, self.proof, address)


@pytest.fixture
def proven(make_chain: MakeChain, prove: Prove) -> Proven:
    chain = make_chain()
    claim = chain.proving_task(chain.advance().slot).claimed_by(MINER, ADDRESS)
    return Proven(chain, claim, prove(claim))


class PlainEngine(spec.ProofEngine):  # type: ignore[misc]
    """EIP-8025 as it stands: really verifies the proof, and nothing says who signed it."""

    def __init__(self, public: list[int], verify: Verify) -> None:
        self._public, self._verify = public, verify

    def verify_execution_proof(self, execution_proof: Any) -> bool:
        return self._verify(self._public, bytes(execution_proof.proof_data)[:PROOF_BYTES])


def rerandomized(data: bytes) -> bytes:
    """The same statement's proof in other bytes: A times s, B divided by s."""
    proof = proof_from_bytes(data)
    assert proof is not None
    return proof_to_bytes(
        Proof(
            a=multiply(Group.G1, proof.a, 3),
            b=multiply(Group.G2, proof.b, pow(3, -1, SCALAR_MODULUS)),
            c=proof.c,
        )
    )


def test_a_proof_is_accepted_and_kept(proven: Proven) -> None:
    verdict = proven.chain.submit(proven.signed())
    assert verdict.accepted and not verdict.reason
    (kept,) = proven.chain.proofs.values()
    assert (kept.prover, kept.reward_address) == (MINER, ADDRESS)
    assert kept.tag == proven.claim.statement.prover_tag


def test_a_stolen_proof_passes_plain_eip_8025_but_not_here(proven: Proven, verify: Verify) -> None:
    stolen = proven.signed(signer=THIEF)
    state = proven.chain.head_state
    spec.process_execution_proof(state, stolen, PlainEngine(proven.claim.public, verify))
    engine = proven.chain.proof_engine
    with pytest.raises(AssertionError):
        spec.process_execution_proof(state, stolen, engine.for_signer(THIEF))
    for theft in (stolen, proven.signed(THIEF, THIEF_ADDRESS), proven.signed(MINER, THIEF_ADDRESS)):
        verdict = proven.chain.submit(theft)
        assert not verdict.accepted and "this signer" in verdict.reason
    # Nothing the thief tried keeps the prover from being paid.
    assert proven.chain.submit(proven.signed()).accepted


def test_without_a_signer_nothing_is_accepted(proven: Proven) -> None:
    with pytest.raises(AssertionError):
        spec.process_execution_proof(
            proven.chain.head_state, proven.signed(), proven.chain.proof_engine
        )


def test_the_signature_must_be_the_claimed_signer_s(proven: Proven) -> None:
    forged = proven.signed(signer=THIEF)
    forged.validator_index = MINER
    verdict = proven.chain.submit(forged)
    assert not verdict.accepted and "did not sign it" in verdict.reason


def test_a_payload_is_proven_once(proven: Proven, prove: Prove, verify: Verify) -> None:
    assert proven.chain.submit(proven.signed()).accepted
    other = proven.claim.task.claimed_by(THIEF, THIEF_ADDRESS)
    second = proven.chain.sign_proof(THIEF, other.task.request_root, prove(other), THIEF_ADDRESS)
    again = rerandomized(proven.proof)
    assert again != proven.proof and verify(proven.claim.public, again)
    same = proven.chain.sign_proof(MINER, proven.claim.task.request_root, again, ADDRESS)
    for late in (second, same, proven.signed()):
        verdict = proven.chain.submit(late)
        assert not verdict.accepted and "proven already" in verdict.reason
    assert [kept.reward_address for kept in proven.chain.proofs.values()] == [ADDRESS]


@pytest.mark.parametrize("position", [0, 31, 40, 100, 200, 255])
def test_a_damaged_proof_is_refused(proven: Proven, position: int) -> None:
    data = bytearray(proven.proof)
    data[position] ^= 1
    root = proven.claim.task.request_root
    verdict = proven.chain.submit(proven.chain.sign_proof(MINER, root, bytes(data), ADDRESS))
    assert not verdict.accepted and "does not hold" in verdict.reason


def test_coordinates_have_one_encoding(proven: Proven, verify: Verify) -> None:
    large = int.from_bytes(proven.proof[:32], "big") + BASE_MODULUS
    assert not verify(proven.claim.public, large.to_bytes(32, "big") + proven.proof[32:])
    assert proof_from_bytes(proven.proof[:-1]) is None
    decoded = proof_from_bytes(proven.proof)
    assert decoded is not None and proof_to_bytes(decoded) == proven.proof
    infinity = bytes(PROOF_BYTES)
    decoded = proof_from_bytes(infinity)
    assert decoded is not None and proof_to_bytes(decoded) == infinity
    assert not verify(proven.claim.public, infinity)


def test_what_the_engine_does_not_know_is_refused(proven: Proven) -> None:
    chain, root = proven.chain, proven.claim.task.request_root
    unknown = chain.sign_proof(MINER, b"\x01" * 32, proven.proof, ADDRESS)
    stranger = proven.signed()
    stranger.validator_index = 64
    for signed, reason in ((unknown, "payload is unknown"), (stranger, "no validator 64")):
        assert reason in chain.submit(signed).reason
    for data, kind, reason in (
        (proven.proof + ADDRESS, 1, "proof type 1"),
        (proven.proof, 0, "256 bytes"),
    ):
        message = spec.ExecutionProof(
            proof_data=data,
            proof_type=kind,
            public_input=spec.PublicInput(new_payload_request_root=root),
        )
        signed = spec.SignedExecutionProof(
            message=message,
            validator_index=MINER,
            signature=spec.get_execution_proof_signature(
                chain.head_state, message, chain.keys[MINER].secret
            ),
        )
        assert reason in chain.submit(signed).reason
    with pytest.raises(ValueError, match="256 or 768 bytes"):
        chain.sign_proof(MINER, root, proven.proof[1:], ADDRESS)
    with pytest.raises(ValueError, match="proof type 2"):
        chain.proof_engine.request_proofs(None, spec.ProofAttributes(proof_types=[2]))


def test_a_proof_that_comes_too_late_is_refused(proven: Proven) -> None:
    for _ in range(7):
        proven.chain.advance()
    assert proven.chain.submit(proven.signed()).reason == ""
    late = proven.chain.proving_task(1)
    proven.chain.advance()
    verdict = proven.chain.submit(
        proven.chain.sign_proof(MINER, late.request_root, proven.proof, ADDRESS)
    )
    assert "can no longer be proven" in verdict.reason
