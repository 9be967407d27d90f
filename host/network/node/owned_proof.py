"""A proof as it goes round: signed by a validator, and by the owner of the bond that stands for it.

EIP-8025's signature is a validator's. The contract that holds the bonds cannot check that, so the
bond's owner signs as well (`Rewards.signed_digest`): only then can anybody show the contract that
an invalid proof was signed, and only what can be shown is passed on.
"""


from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError

from proofmill.host.network.consensus.block_proofs import proof_from_bytes
from proofmill.host.network.consensus.records import PROOF_BYTES
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.contracts.deployment import Layer
from proofmill.host.network.evm.account import Account
from proofmill.host.network.node.wire import LIMITS, Topic

SIGNATURE_BYTES = 65


class OwnedProof(spec.Container):  # type: ignore[misc]  # the specification is untyped
    """`owner_signature`: r, s and v (27 or 28) of the bond's owner over the contract's digest."""

    signed: spec.SignedExecutionProof
    owner_signature: spec.ByteVector[SIGNATURE_BYTES]


class Handover(spec.Container):  # type: ignore[misc]  # the specification is untyped
    """What a prover sends for one proof: the proof to its peers, and the transaction with the same
    proof to the contract, by way of any proposer."""

    proof: OwnedProof
    transaction: spec.ByteList[LIMITS[Topic.TRANSACTION]]


def numbers_of(signed: spec.SignedExecutionProof) -> list[int] | None:
    """A `SignedExecutionProof`'s proof as contracts take it; None where it is none at all."""
    proof = proof_from_bytes(bytes(signed.message.proof_data)[:PROOF_BYTES])
    return None if proof is None else proof.numbers


def own(
    signed: spec.SignedExecutionProof, slot: int, number: int, layer: Layer, account: Account
) -> OwnedProof:
    """The proof with its owner's signature. `slot`: the proven one; `number`: the prover's."""
    numbers = numbers_of(signed)
    assert numbers is not None, "what is no proof cannot be signed"
    digest = _digest(signed, slot, number, layer, numbers)
    return OwnedProof(signed=signed, owner_signature=account.sign_hash(digest))


def is_owned(proof: OwnedProof, slot: int, number: int, layer: Layer) -> bool:
    """Whether the bond's owner has signed it."""
    numbers = numbers_of(proof.signed)
    if numbers is None:
        return False
    digest = _digest(proof.signed, slot, number, layer, numbers)
    r, s, v = signature_numbers(proof)
    try:
        public = Signature(vrs=(v - 27, r, s)).recover_public_key_from_msg_hash(digest)
    except (BadSignature, ValidationError):
        return False
    return bool(public.to_canonical_address() == layer.bonds.call("owner", number))


def _digest(
    signed: spec.SignedExecutionProof, slot: int, number: int, layer: Layer, numbers: list[int]
) -> bytes:
    """What the owner signs. It names the payload, so it means nothing on a branch without it."""
    root = bytes(signed.message.public_input.new_payload_request_root)
    return bytes(layer.rewards.call("signed_digest", slot, root, number, numbers))


def signature_numbers(proof: OwnedProof) -> tuple[int, int, int]:
    """(r, s, v) of the owner's signature."""
    signature = bytes(proof.owner_signature)
    return (int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big"),
            signature[64])
