"""How many voters a certificate has places for, and out of how many."""

from dataclasses import dataclass

from proofmill.host.ground.errors import ProofmillError

MAXIMUM_PLACES = 512
MAXIMUM_DEPTH = 40
"""The specification's VALIDATOR_REGISTRY_LIMIT is 2^40."""

MASKED_DEPTH = 7
"""Of a registry whose voters are written as one number: 2^(2^7) is below r, 2^(2^8) is not."""


@dataclass(frozen=True)
class CertificateSize:
    """Places for `places` voters out of a registry of ``2^depth``.

    `whole`: the certificate is of an epoch and shows two thirds; otherwise it is a part, of a slot,
    and shows who voted, as the number ``sum(2^index)``, so that parts can be added up.
    Raises `ProofmillError` for a size that cannot be.
    """

    depth: int
    places: int
    whole: bool

    def __post_init__(self) -> None:
        most = MAXIMUM_DEPTH if self.whole else MASKED_DEPTH
        if not 1 <= self.depth <= most:
            what = "a whole certificate" if self.whole else "a part of a certificate"
            raise ProofmillError(f"{what} is for a registry of depth 1 to {most}, not {self.depth}")
        if not 1 <= self.places <= MAXIMUM_PLACES:
            raise ProofmillError(f"a certificate has 1 to {MAXIMUM_PLACES} places, "
                                 f"not {self.places}")


SMALLEST = CertificateSize(depth=1, places=2, whole=True)
"""An epoch's of two validators, for what takes long on a simulated device."""

SLOT = CertificateSize(depth=6, places=8, whole=False)
"""A slot's committees in the minimal preset with 64 validators."""

EPOCH = CertificateSize(depth=6, places=64, whole=True)
"""All 64 of them."""
