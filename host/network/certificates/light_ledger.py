"""A light node's ledger: eras of proven blocks, taken from peers that it does not trust.

    ledger.json              the ledger's root and the last block's hash, under 1 KB an era
    block_key.json           verification key of block proofs
    history_key.json         what verifies their aggregates (`proofmill history key`)
    <blocks before>.era      the last era alone

They are in the folder of a light node (`light`), whose final checkpoint says which blocks are the
chain's. An era is taken if it begins with the root that is known, all its blocks have a proof, and
headers show that these are the blocks after the known one and before the final checkpoint's. So the
root that is known came of proven blocks, from the first one on. Accounts are believed by a branch
to the root, and that a payload is proven by one to the hashes of an era's blocks. Headers are
looked at and not kept, and an era takes the place of the one before it.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from proofmill.host.ground.errors import ProofmillError, StorageError
from proofmill.host.ground.output import write_atomically
from proofmill.host.network.certificates import answers
from proofmill.host.network.certificates.era import SUFFIX, Era, check_key, refusal
from proofmill.host.network.certificates.hash_tree import HashTree, is_in
from proofmill.host.network.certificates.headers import read_evidence
from proofmill.host.network.certificates.kept_state import AGAIN, Kept, read_kept, write_kept
from proofmill.host.network.certificates.light import LightFolder
from proofmill.host.network.certificates.peers import ask_file
from proofmill.host.prover.aggregation.setup import Heads, read_heads
from proofmill.host.prover.circuits.finality.vote import Checkpoint
from proofmill.host.prover.circuits.rollup.ledger import Account
from proofmill.host.prover.groth16.verification_key import (
    VerificationKey,
    read_verification_key,
    write_verification_key,
)

LEDGER, BLOCK_KEY, HISTORY_KEY = "ledger.json", "block_key.json", "history_key.json"
EVIDENCE = ".headers"
KIND, VERSION = "proofmill light ledger", 1
MOST_ERA, MOST_EVIDENCE = 1 << 21, 1 << 26
"""Bytes of an era and of its headers that are taken from a peer."""


class _EraFacts(msgspec.Struct, forbid_unknown_fields=True):
    blocks: int
    hashes: str


class _Document(Kept, forbid_unknown_fields=True):
    root: str
    block_hash: str
    eras: list[_EraFacts]


@dataclass(frozen=True)
class EraFacts:
    """Of an era that was taken: how many blocks, and the tree over their hashes."""

    blocks: int
    hashes: bytes


@dataclass
class LightLedger:
    """What is known: `root`, of the ledger after the block `block_hash`, and the eras before."""

    node: LightFolder[Any]
    key: VerificationKey
    heads: Heads
    root: int
    block_hash: bytes
    eras: list[EraFacts]

    @classmethod
    def start(cls, node: LightFolder[Any], key: VerificationKey, heads: Heads, root: int,
              block_hash: bytes) -> "LightLedger":
        """Add a ledger to a light node: from this root, after the block of this hash.

        Both are trusted, as the node's first checkpoint is. Raises `ProofmillError`.
        """
        check_key(key)
        if (node.folder / LEDGER).exists():
            raise ProofmillError(f"{node.folder}: has a ledger already; {AGAIN}")
        write_verification_key(node.folder / BLOCK_KEY, key)
        heads.write(node.folder / HISTORY_KEY)
        ledger = cls(node, key, heads, root, block_hash, [])
        ledger._write()
        return ledger

    @classmethod
    def open(cls, node: LightFolder[Any]) -> "LightLedger":
        """The ledger of a light node. Raises `ProofmillError` where it has none."""
        path = node.folder / LEDGER
        found = read_kept(path, _Document, KIND, VERSION, "proofmill light ledger")
        try:
            return cls(node, read_verification_key(node.folder / BLOCK_KEY),
                       read_heads(node.folder / HISTORY_KEY), int(found.root),
                       bytes.fromhex(found.block_hash),
                       [EraFacts(each.blocks, bytes.fromhex(each.hashes)) for each in found.eras])
        except ValueError as error:
            raise ProofmillError(f"{path}: {error}; {AGAIN}") from error

    @property
    def blocks(self) -> int:
        """How many are proven, from the first on."""
        return sum(each.blocks for each in self.eras)

    @property
    def era_bytes(self) -> int:
        """Of the last era's file."""
        return sum(path.stat().st_size for path in self._files)

    @property
    def key_bytes(self) -> int:
        """Of the two keys' files, which stay as they are."""
        return sum((self.node.folder / name).stat().st_size for name in (BLOCK_KEY, HISTORY_KEY))

    @property
    def _files(self) -> list[Path]:
        return list(self.node.folder.glob(f"*{SUFFIX}"))

    def take(self, era_bytes: bytes, evidence_bytes: bytes, name: str,
             final: Checkpoint | None = None) -> Era:
        """Verify the next era and its headers, and write it down in the place of the last one.

        `final`: a checkpoint that the node has or had as its final one, to which the headers lead
        (default: that of now). `ProofmillError` where it does not hold, does not follow, or is not
        the chain's; of these `StorageError`, which is nobody else's fault, where it cannot be
        written down.
        """
        era = Era.from_bytes(era_bytes, name)
        evidence = read_evidence(evidence_bytes, name)
        headers, count = evidence.headers, len(era.blocks)
        final = final or self.node.known.finalized
        if era.first_root != self.root:
            raise ProofmillError(f"{name}: begins with the ledger's root {era.first_root}, and "
                                 f"{self.root} is known; ask another peer")
        if headers[0].parent != self.block_hash or len(headers) < count:
            raise ProofmillError(f"{name}: its {len(headers)} headers are not those of the "
                                 f"{count} blocks after 0x{self.block_hash.hex()}; ask another "
                                 "peer")
        for place, (header, block) in enumerate(zip(headers, era.blocks, strict=False)):
            if header.commitment != block.commitment:
                raise ProofmillError(f"{name}: what is proven of block {place} is of another batch "
                                     "than its header's; ask another peer")
        if evidence.root != final.root:
            raise ProofmillError(f"{name}: its headers do not lead to the final checkpoint of "
                                 f"epoch {final.epoch}; ask again, or another peer")
        if reason := refusal(self.heads, self.key, era):
            raise ProofmillError(f"{name}: {reason}; ask another peer")
        kept = self.node.folder / f"{self.blocks}{SUFFIX}"
        write_atomically(kept, [era_bytes])
        self.eras.append(EraFacts(count, HashTree([each.hash for each in headers[:count]]).root))
        self.root, self.block_hash = era.last_root, headers[count - 1].hash
        self._write()
        for old in self._files:
            if old != kept:
                old.unlink(missing_ok=True)
        return era

    def follow(self, peers: Sequence[str], tell: Callable[[str], None]) -> int:
        """Ask peers for eras until none has more; how many were taken. `tell` hears why one is
        refused. `StorageError` where the node's own disk fails."""
        taken = 0
        while self._one_more(peers, tell):
            taken += 1
        return taken

    def account(self, peers: Sequence[str], number: int, tell: Callable[[str], None]
                ) -> Account | None:
        """The account of this number after the last proven block, None where the ledger has none.

        The first answer that shows it counts. `ProofmillError` where no peer's does.
        """
        name = answers.account_file(self.root, number)
        for peer, data in _asked(peers, name, answers.MOST_BYTES, tell):
            try:
                return answers.read_account(data, self.root, number, f"peer {peer}: {name}")
            except ProofmillError as error:
                tell(str(error))
        raise ProofmillError(f"no peer shows account {number} in the ledger with the root "
                             f"{self.root}; name a peer that has this block")

    def proven(self, peers: Sequence[str], block_hash: bytes, tell: Callable[[str], None]
               ) -> int | None:
        """The number of a payload's block among those proven, from 0; None where no peer shows it
        to be one of them, which does not say that it is none."""
        name = answers.block_file(block_hash)
        for peer, data in _asked(peers, name, answers.MOST_BYTES, tell):
            try:
                return self.place_of(block_hash, data, f"peer {peer}: {name}")
            except ProofmillError as error:
                tell(str(error))
        return None

    def place_of(self, block_hash: bytes, data: bytes, name: str) -> int:
        """The number, from 0, that a payload's block has among those proven, by an answer about it
        that `name` says whence it is; `ProofmillError` where that does not show it."""
        place, branch = answers.read_block(data, name)
        before = 0
        for era in self.eras:
            if is_in(era.hashes, era.blocks, block_hash, place, branch):
                return before + place
            before += era.blocks
        raise ProofmillError(f"{name}: leads to no era that is known here")

    def _one_more(self, peers: Sequence[str], tell: Callable[[str], None]) -> bool:
        name = f"{self.blocks}{SUFFIX}"
        for peer, data in _asked(peers, name, MOST_ERA, tell):
            for _, evidence in _asked([peer], f"{self.blocks}{EVIDENCE}", MOST_EVIDENCE, tell):
                try:
                    self.take(data, evidence, f"peer {peer}: {name}")
                except StorageError:
                    raise
                except ProofmillError as error:
                    tell(str(error))
                else:
                    return True
        return False

    def _write(self) -> None:
        write_kept(self.node.folder / LEDGER, KIND, VERSION, {
            "root": str(self.root), "block_hash": self.block_hash.hex(), "eras": [
                {"blocks": each.blocks, "hashes": each.hashes.hex()} for each in self.eras]})


def has_ledger(folder: str | os.PathLike[str]) -> bool:
    """Whether a light node's folder has a ledger."""
    return (Path(folder) / LEDGER).exists()


def _asked(peers: Sequence[str], name: str, most: int, tell: Callable[[str], None]
           ) -> Iterator[tuple[str, bytes]]:
    """Peers that have a file, one after the other, and what they have."""
    for peer in peers:
        try:
            data = ask_file(peer, name, most)
        except ProofmillError as error:
            tell(str(error))
            continue
        if data is not None and len(data) <= most:
            yield peer, data
