"""What a chain's description says of certificates of finality, where it has them: the circuit's
size and verification key, and who has which companion key. Nothing of it is a secret: a companion
key follows from the validator's, which its keystore holds encrypted (`certificates.companion`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.certificates.companion import Registration, registered
from proofmill.host.network.certificates.rewards import CertificateTerms
from proofmill.host.network.consensus.keys import ValidatorKey
from proofmill.host.network.evm.client import Address
from proofmill.host.network.evm.hexadecimal import from_hex, to_hex
from proofmill.host.network.node.certificates import CertificateSetup
from proofmill.host.network.node.era_maker import EraSetup
from proofmill.host.prover.aggregation.setup import MOST_ROUNDS, Heads, heads_from_json
from proofmill.host.prover.circuits.baby_jubjub import pack, unpack
from proofmill.host.prover.circuits.eddsa import Signature
from proofmill.host.prover.circuits.finality.size import CertificateSize
from proofmill.host.prover.groth16.verification_key import (
    VerificationKey,
    verification_key_from_json,
)

NAME = "certificates"
"""What the part is called in the description."""


class RegistrationEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """A companion key: packed as circomlibjs does, as is the signature that shows its possession;
    `signature`: the validator's."""

    validator: Annotated[int, Meta(ge=0)]
    key: Annotated[str, Meta(pattern="^0x[0-9a-f]{64}$")]
    from_epoch: Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]
    signature: Annotated[str, Meta(pattern="^0x[0-9a-f]{192}$")]
    possession: Annotated[str, Meta(pattern="^0x[0-9a-f]{128}$")]


class EraEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """Eras of proven history: `blocks` of each, and what verifies them, as `history key` has it."""

    blocks: Annotated[int, Meta(ge=1, le=1 << MOST_ROUNDS)]
    history_key: dict[str, Any]


class CertificateEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """The part of the description."""

    depth: int
    places: int
    verification_key: dict[str, Any]
    registrations: list[RegistrationEntry]
    bonds: str | None = None
    """Address of the contract with companion keys' bonds."""
    eras: EraEntry | None = None


@dataclass(frozen=True)
class ChainEras:
    """How many `blocks` an era has, and what verifies it."""

    blocks: int
    heads: Heads


@dataclass(frozen=True)
class ChainCertificates:
    """As of `CertificateSetup`, for all nodes of a chain. `bonds`: None where keys have none;
    `eras`: None where nobody makes any."""

    registrations: tuple[Registration, ...]
    size: CertificateSize
    key: VerificationKey
    bonds: Address | None = None
    eras: ChainEras | None = None

    @classmethod
    def of(cls, keys: Sequence[ValidatorKey], size: CertificateSize, key: VerificationKey,
           eras: ChainEras | None = None) -> "ChainCertificates":
        """Of a chain whose first validators, of whom these are the secret `keys`, all have
        companion keys. `key`: of the circuit of `size`."""
        return cls(registered(keys), size, key, eras=eras)

    def terms(self, keys: Sequence[ValidatorKey]) -> CertificateTerms:
        """What the chain's contracts pay certificates by; `keys`: of its validators, without
        secrets. `ProofmillError` for a registration that does not hold."""
        return CertificateTerms.at_genesis(self.key, self.size, keys, self.registrations)

    def setup(self, sign: bool, zkey: Path | None, block_key: VerificationKey,
              powers: tuple[Path, Path] | None = None) -> CertificateSetup:
        """Of a node that signs with its validators' companion keys or not, and makes certificates
        with the proving key of this file, or None, and eras of proofs under `block_key` with these
        powers, or None."""
        return CertificateSetup(
            self.registrations, self.size, self.key, zkey, sign=sign, bonds=self.bonds, files=True,
            eras=None if self.eras is None else EraSetup(
                self.eras.blocks, block_key, self.eras.heads, powers))

    @property
    def entry(self) -> CertificateEntry:
        """For the description."""
        return CertificateEntry(
            self.size.depth, self.size.places, self.key.to_json(), [
                RegistrationEntry(each.validator, to_hex(pack(each.key)), each.from_epoch,
                                  to_hex(each.signature), to_hex(each.possession.to_bytes()))
                for each in self.registrations],
            None if self.bonds is None else to_hex(self.bonds),
            None if self.eras is None else EraEntry(self.eras.blocks, self.eras.heads.document))

    @classmethod
    def read(cls, entry: CertificateEntry, where: str) -> "ChainCertificates":
        """What `entry` says. `ProofmillError` where a number in it is none; whether registrations
        hold `terms` looks at."""
        key = verification_key_from_json(entry.verification_key,
                                         f"{where}: {NAME}.verification_key")
        found = []
        for place, each in enumerate(entry.registrations):
            try:
                found.append(Registration(
                    each.validator, unpack(from_hex(each.key)), each.from_epoch,
                    from_hex(each.signature), Signature.from_bytes(from_hex(each.possession))))
            except ValueError as error:
                raise ProofmillError(
                    f"{where}: {NAME}.registrations[{place}]: {error}; copy the file again from "
                    "another node of the chain") from error
        try:
            bonds = None if entry.bonds is None else from_hex(entry.bonds)
        except ValueError as error:
            raise ProofmillError(f"{where}: {NAME}.bonds: {error}; copy the file again from "
                                 "another node of the chain") from error
        eras = None if entry.eras is None else ChainEras(entry.eras.blocks, heads_from_json(
            entry.eras.history_key, f"{where}: {NAME}.eras.history_key",
            "copy the file again from another node of the chain"))
        return cls(tuple(found), CertificateSize(entry.depth, entry.places, True), key, bonds, eras)
