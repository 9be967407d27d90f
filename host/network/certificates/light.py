"""A light node: a folder that holds what certificates have made final, and no block.

    state.json               what is justified and final, under 1 KB
    verification_key.json    of certificates of an epoch
    <epoch>.certificate      the latest certificates, 440 bytes each, or with a branch under 1 KB

It begins with a checkpoint and the registry of its state, which whoever starts it has to know from
elsewhere, as every node of a proof-of-stake chain does: a checkpoint so old that its validators
have left is no good one. All else is proven, and peers are not trusted: what does not follow from
what is known is not taken. An epoch without a certificate is passed over (`rule`). It hears of
nothing that no peer tells; two peers that contradict each other with valid proofs end in an error,
since a third of the stake has then lied.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import msgspec

from proofmill.host.ground.errors import ProofmillError, StorageError
from proofmill.host.ground.json_text import parse_json
from proofmill.host.ground.output import make_folder, write_atomically
from proofmill.host.network.certificates.certificate import (
    MOST_BYTES,
    Certificate,
    proof_refusal,
)
from proofmill.host.network.certificates.kept_state import AGAIN, Kept, read_kept, write_kept
from proofmill.host.network.certificates.peers import SUFFIX, ask
from proofmill.host.network.certificates.rule import ContradictionError, Finality
from proofmill.host.prover.circuits.finality.statement import CertificateInputs
from proofmill.host.prover.circuits.finality.vote import Checkpoint
from proofmill.host.prover.groth16.verification_key import (
    VerificationKey,
    read_verification_key,
    write_verification_key,
)

STATE, KEY = "state.json", "verification_key.json"
VERSION = 1
POST_QUANTUM = "proofmill light node, post-quantum"
"""The kind of a folder of `light_post_quantum`."""
REACH = 32
"""Epochs without a certificate in a row, after which peers are not asked on."""

Tell = Callable[[str], None]


class _Checkpoint(msgspec.Struct, forbid_unknown_fields=True):
    epoch: int
    root: str
    registry: str


class _State(Kept, forbid_unknown_fields=True):
    finalized: int
    justified: list[_Checkpoint]


class AnyCertificate(Protocol):
    """What a light node has to know of a certificate, however its votes are signed."""

    @property
    def stated(self) -> CertificateInputs:
        """What it says."""
        ...

    @property
    def branch(self) -> tuple[bytes, ...]:
        """From the checkpoint between source and target to the target, or nothing."""
        ...

    def to_bytes(self) -> bytes:
        """As it is kept and sent."""
        ...


Sent = TypeVar("Sent", bound=AnyCertificate)


@dataclass
class LightFolder(Generic[Sent]):
    """What a light node's folder holds: `known`, and where the certificates are. Of a kind of
    certificates: what these are a class of its own says."""

    kind: ClassVar[str]
    """Of the folder's state."""
    most_bytes: ClassVar[int]
    """Of a certificate that is taken from a peer."""
    kept: ClassVar[int]
    """Certificates of the latest epochs that stay on the disk."""
    keys: ClassVar[str]
    """What votes are signed with."""

    folder: Path
    known: Finality = field(repr=False)

    def read(self, data: bytes) -> Sent:
        """The certificate in these bytes; `ProofmillError` where they are none. Proves nothing."""
        raise NotImplementedError

    def refusal(self, certificate: Sent) -> str:
        """Why what it says is not proven, or nothing."""
        raise NotImplementedError

    def take(self, certificate: Sent) -> None:
        """Verify a certificate, take it in and write it down; `ProofmillError` where it does not
        hold or does not follow. `ContradictionError` only where its proof holds as well, so that
        nobody makes a node believe that others have signed twice; `StorageError`, which is nobody
        else's fault, where it cannot be written down."""
        contradiction: ContradictionError | None = None
        after = self.known
        try:
            after = self.known.after(certificate.stated, certificate.branch)
        except ContradictionError as error:
            contradiction = error
        if reason := self.refusal(certificate):
            raise ProofmillError(reason)
        if contradiction is not None:
            raise contradiction
        epoch = certificate.stated.target_epoch
        write_atomically(self.folder / f"{epoch}{SUFFIX}", [certificate.to_bytes()])
        self.known = after
        self._write()
        for old in self.epochs[:-self.kept]:
            (self.folder / f"{old}{SUFFIX}").unlink(missing_ok=True)

    def follow(self, peers: Sequence[str], tell: Tell = lambda sentence: None) -> int:
        """Ask peers for what comes after the head until none has more; how many were taken.

        `tell` hears what was refused, and of peers that do not answer, which are asked no more.
        Raises `ContradictionError` where two certificates with valid proofs contradict each other,
        and `StorageError` where the node's own disk fails.
        """
        taken, epoch, answering = 0, self.known.head.epoch + 1, list(peers)
        while answering and epoch <= self.known.head.epoch + REACH:
            for peer in list(answering):
                try:
                    data = ask(peer, epoch, self.most_bytes)
                except ProofmillError as error:
                    tell(str(error))
                    answering.remove(peer)
                    continue
                if data is None:
                    continue
                try:
                    certificate = self.read(data)
                    if certificate.stated.target_epoch != epoch:
                        raise ProofmillError(f"is of epoch {certificate.stated.target_epoch}")
                    self.take(certificate)
                except ContradictionError as error:
                    raise ContradictionError(
                        f"peer {peer}: its certificate of epoch {epoch}: {error}; begin again from "
                        "a checkpoint that you have from elsewhere") from error
                except StorageError:
                    raise
                except ProofmillError as error:
                    tell(f"peer {peer}: its certificate of epoch {epoch} is refused: {error}")
                    continue
                taken += 1
                break
            epoch += 1
        return taken

    @property
    def epochs(self) -> list[int]:
        """Those whose certificates are here, ascending."""
        return sorted(int(path.stem) for path in self.folder.glob(f"*{SUFFIX}")
                      if path.stem.isdecimal())

    @property
    def bytes(self) -> int:
        """Of its files in all, as they are now."""
        return sum(path.stat().st_size for path in self.folder.iterdir())

    def certificate(self, epoch: int) -> Sent:
        """The certificate of an epoch; `ProofmillError` where it is not here."""
        data = ask(str(self.folder), epoch, self.most_bytes)
        if data is None:
            here = self.epochs
            raise ProofmillError(
                f"{self.folder}: has no certificate of epoch {epoch}; it has "
                + (f"{len(here)}, of epochs {here[0]} to {here[-1]}" if here else "none"))
        return self.read(data)

    def explain(self, epoch: int) -> list[str]:
        """What the certificate of an epoch says, and what followed from it, in sentences."""
        certificate = self.certificate(epoch)
        stated = certificate.stated
        source, target = stated.source, stated.target
        said = [f"The certificate of epoch {epoch} is for the checkpoint 0x{target.root.hex()}.",
                (f"Validators with {stated.weight:,} gwei, at least two thirds of the registry "
                 f"{stated.registry}, signed with their {self.keys} a vote for it from epoch "
                 f"{source.epoch}, 0x{source.root.hex()}."),
                "Its proof holds." if not (reason := self.refusal(certificate)) else
                f"It does not hold: {reason}."]
        said.append(
            f"It made epoch {source.epoch} final, being of the very next one."
            if target.epoch == source.epoch + 1 else
            f"It made epoch {source.epoch} final if the one between was justified: its branch "
            "shows which block that is."
            if certificate.branch else
            f"It made nothing final: {target.epoch - source.epoch - 1} epochs between were passed "
            "over.")
        said.append(f"From this checkpoint on the registry {stated.next_registry} counts, which "
                    "the same votes named.")
        return said

    @classmethod
    def _begin(cls, folder: str | os.PathLike[str]) -> Path:
        """A folder, made if need be, that is of no light node yet."""
        place = Path(folder)
        if (place / STATE).exists():
            raise ProofmillError(f"{place}: is of a light node already; name another folder")
        make_folder(place)
        return place

    @classmethod
    def _kept(cls, folder: str | os.PathLike[str]) -> tuple[Path, Finality]:
        """A folder, and what its node knows. Raises `ProofmillError` where there is none."""
        place = Path(folder)
        path = place / STATE
        state = read_kept(path, _State, cls.kind, VERSION, "proofmill light start")
        try:
            justified = {Checkpoint(each.epoch, bytes.fromhex(each.root)): int(each.registry)
                         for each in state.justified}
        except ValueError as error:
            raise ProofmillError(f"{path}: {error}; {AGAIN}") from error
        final = [each for each in justified if each.epoch == state.finalized]
        if len(final) != 1:
            raise ProofmillError(f"{path}: its final epoch, {state.finalized}, is not among the "
                                 f"justified; {AGAIN}")
        return place, Finality(final[0], justified)

    def _write(self) -> None:
        justified = [{"epoch": each.epoch, "root": each.root.hex(), "registry": str(registry)}
                     for each, registry in sorted(self.known.justified.items())]
        write_kept(self.folder / STATE, self.kind, VERSION, {
            "finalized": self.known.finalized.epoch, "justified": justified})


@dataclass
class LightNode(LightFolder[Certificate]):
    """Of certificates of companion keys, with the verification key of their circuit."""

    kind, most_bytes, kept, keys = "proofmill light node", MOST_BYTES, 64, "companion keys"

    key: VerificationKey

    @classmethod
    def start(cls, folder: str | os.PathLike[str], key: VerificationKey, checkpoint: Checkpoint,
              registry: int) -> "LightNode":
        """Make the folder's files; `ProofmillError` where there are such already."""
        place = cls._begin(folder)
        write_verification_key(place / KEY, key)
        node = cls(place, Finality.start(checkpoint, registry), key)
        node._write()
        return node

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> "LightNode":
        """The node of a folder. Raises `ProofmillError` where there is none."""
        place, known = cls._kept(folder)
        return cls(place, known, read_verification_key(place / KEY))

    @property
    def key_bytes(self) -> int:
        """Of the verification key's file, which stays as it is."""
        return (self.folder / KEY).stat().st_size

    def read(self, data: bytes) -> Certificate:
        """As of `LightFolder`."""
        return Certificate.from_bytes(data)

    def refusal(self, certificate: Certificate) -> str:
        """Why its proof does not hold under the key, or nothing."""
        return proof_refusal(self.key, certificate)


def open_any(folder: str | os.PathLike[str]) -> LightFolder[Any]:
    """The light node of a folder, of whatever certificates. Raises `ProofmillError` where there is
    none, and `ImportError` where its signatures need what is not installed."""
    try:
        document = parse_json((Path(folder) / STATE).read_text("utf-8"))
    except (OSError, ValueError):
        document = None     # which is told below
    if isinstance(document, dict) and document.get("kind") == POST_QUANTUM:
        from proofmill.host.network.certificates.light_post_quantum import HashLightNode

        return HashLightNode.open(folder)
    return LightNode.open(folder)
