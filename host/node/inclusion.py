"""A proposer's list of the proofs it includes: signed, beside the block, never part of layer 1."""

from typing import Any

from host.chain.spec import bls, spec

MOST_PROOFS = 64
DOMAIN_INCLUSION = spec.DomainType(b"PMIN")
"""Keeps this signature apart from every other a validator makes."""


class Inclusion(spec.Container):  # type: ignore[misc]  # the specification is untyped
    """The proofs that the proposer of a block includes, in full, so that everybody can check."""

    slot: spec.Slot
    block_root: spec.Root
    proposer_index: spec.ValidatorIndex
    proofs: spec.List[spec.SignedExecutionProof, MOST_PROOFS]


class SignedInclusion(spec.Container):  # type: ignore[misc]  # the specification is untyped
    """The list with its proposer's signature."""

    message: Inclusion
    signature: spec.BLSSignature


def sign_inclusion(
    state: Any, slot: int, block_root: bytes, proposer: int, proofs: list[Any], secret: int
) -> Any:
    """The signed list of a block; `state`: the state after it."""
    message = Inclusion(
        slot=slot, block_root=block_root, proposer_index=proposer, proofs=proofs[:MOST_PROOFS])
    return SignedInclusion(message=message, signature=bls.Sign(secret, _root(state, message)))


def is_signed_inclusion(state: Any, signed: Any) -> bool:
    """Whether the validator it names has signed the list; `state`: the state after the block."""
    public = state.validators[signed.message.proposer_index].pubkey
    return bool(bls.Verify(public, _root(state, signed.message), signed.signature))


def _root(state: Any, message: Any) -> Any:
    epoch = spec.compute_epoch_at_slot(message.slot)
    return spec.compute_signing_root(message, spec.get_domain(state, DOMAIN_INCLUSION, epoch))
