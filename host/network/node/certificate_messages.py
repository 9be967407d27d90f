"""What nodes say to each other about certificates of finality, as SSZ."""

from proofmill.host.network.certificates.certificate import MOST_BYTES
from proofmill.host.network.consensus.spec import spec
from proofmill.host.prover.circuits.eddsa import SIGNATURE_BYTES
from proofmill.host.prover.circuits.finality.size import MAXIMUM_PLACES

MOST_CERTIFICATES = 32
"""In one answer."""


class CompanionSignature(spec.Container):  # type: ignore[misc]  # the specification is untyped
    """Of one validator's companion key; `signature` as circomlibjs packs it."""

    validator_index: spec.ValidatorIndex
    signature: spec.ByteVector[SIGNATURE_BYTES]


class CompanionVotes(spec.Container):  # type: ignore[misc]  # the specification is untyped
    """An attestation of one node's validators, signed by their companion keys as well: each has
    signed the message that `votes.vote_of` makes of `data`."""

    data: spec.AttestationData
    signatures: spec.List[CompanionSignature, MAXIMUM_PLACES]


class CertificateRequest(spec.Container):  # type: ignore[misc]  # the specification is untyped
    """For certificates whose targets are of `first_epoch` or later."""

    first_epoch: spec.Epoch


class CertificateRange(spec.Container):  # type: ignore[misc]  # the specification is untyped
    """The answer: the earliest that there are, ascending; none where there are none.
    `first_epoch`: that was asked for."""

    first_epoch: spec.Epoch
    certificates: spec.List[spec.ByteList[MOST_BYTES], MOST_CERTIFICATES]
