"""What the contracts of ERC-7992 take: commitments to models, outputs and proofs as bytes."""

from collections.abc import Sequence

from eth_hash.auto import keccak

from proofmill.host.network.contracts.verifier import key_coordinates, key_hash, proof_numbers
from proofmill.host.network.evm.client import Address
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS
from proofmill.host.prover.groth16.verification_key import Proof, VerificationKey

PROOF_SYSTEM = "groth16-bn254-v1"
"""The name of what is verified, by the draft's rule for names."""

PROOF_SYSTEM_ID = bytes(keccak(PROOF_SYSTEM.encode())[:4])

Commitment = tuple[bytes, bytes, bytes, bytes, str]
"""ModelCommitment: model, circuit and verification key as hashes, the proof system, an address."""


def model_commitment(model_hash: str, circuit_hash: str, key: VerificationKey, uri: str
                     ) -> Commitment:
    """Of a compiled model: the hashes as model.json has them, in hexadecimal."""
    return (bytes.fromhex(model_hash), bytes.fromhex(circuit_hash), key_hash(key),
            PROOF_SYSTEM_ID, uri)


def caller_tag(caller: Address) -> int:
    """The prover's tag of a proof that `caller` hands in."""
    return int.from_bytes(caller, "big")


def output_bytes(outputs: Sequence[int]) -> bytes:
    """Public signals that are outputs as int256 words; those above the half of r are negative."""
    return b"".join((value if value <= SCALAR_MODULUS // 2 else value - SCALAR_MODULUS)
                    .to_bytes(32, "big", signed=True) for value in outputs)


def proof_bytes(key: VerificationKey, proof: Proof) -> bytes:
    """A proof and the key it is verified under."""
    return b"".join(value.to_bytes(32, "big")
                    for value in [*proof_numbers(proof), *key_coordinates(key)])
