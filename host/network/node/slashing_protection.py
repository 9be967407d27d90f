"""Slashing protection: what each key has signed, and what it therefore must not sign (EIP-3076).

A block or an attestation is signed only after it has been written down here, through to the disk.
The rules are the EIP's conditions 1 to 5. They come in two strengths:

* complete: refuse what is slashable with anything in the history, and what is not above the lowest
  entry (conditions 2, 4 and 5 to the letter);
* minimal, the default: refuse whatever is not above the highest entry. It refuses all that the
  complete one refuses (proven in https://github.com/michaelsproul/slashing-proofs), and what was
  signed elsewhere between two imported histories cannot hurt it.

Signing the very same message again is always allowed. The complete history is kept in either case,
so an export is complete too. Interchange files: `interchange`.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from proofmill.host.ground.database import Database
from proofmill.host.ground.errors import ProofmillError

SCHEMA_VERSION = 1
WHAT = "slashing protection database"
HIGHEST = 2**63 - 1
"""The largest slot or epoch the database holds; the specification's own limit is 2^64 - 1."""

# A signing root that is not known is an empty blob: equal to no root there is, and unlike NULL
# equal to itself, so that importing a file twice changes nothing.
_SCHEMA = """
CREATE TABLE chain (
    genesis_validators_root BLOB NOT NULL CHECK (length(genesis_validators_root) = 32)
) STRICT;
CREATE TABLE blocks (
    public_key BLOB NOT NULL CHECK (length(public_key) = 48),
    slot INTEGER NOT NULL,
    signing_root BLOB NOT NULL,
    PRIMARY KEY (public_key, slot, signing_root)
) STRICT, WITHOUT ROWID;
CREATE TABLE attestations (
    public_key BLOB NOT NULL CHECK (length(public_key) = 48),
    target INTEGER NOT NULL,
    source INTEGER NOT NULL,
    signing_root BLOB NOT NULL,
    PRIMARY KEY (public_key, target, source, signing_root)
) STRICT, WITHOUT ROWID;
"""


@dataclass(frozen=True, order=True)
class SignedBlock:
    """A block that a key has signed. `signing_root`: 32 bytes, or empty where it is not known."""

    public_key: bytes
    slot: int
    signing_root: bytes = b""


@dataclass(frozen=True, order=True)
class SignedAttestation:
    """An attestation that a key has signed; epochs of its source and target checkpoints."""

    public_key: bytes
    source: int
    target: int
    signing_root: bytes = b""


class SlashingProtection(Database):
    """The signing history of any number of keys on one chain."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        genesis_validators_root: bytes,
        *,
        complete: bool = False,
    ) -> None:
        """Open or make the database. ProofmillError where it belongs to another chain."""
        super().__init__(path, _SCHEMA, SCHEMA_VERSION, WHAT)
        self.genesis_validators_root = genesis_validators_root
        self.complete = complete
        try:
            with self._transaction() as database:
                row = database.execute("SELECT * FROM chain").fetchone()
                if row is None:
                    database.execute("INSERT INTO chain VALUES (?)", (genesis_validators_root,))
                elif row[0] != genesis_validators_root:
                    raise ProofmillError(
                        f"{self.path}: the history is of the chain 0x{row[0].hex()}, not of "
                        f"0x{genesis_validators_root.hex()}; give this chain its own file")
        except BaseException:
            self.close()
            raise

    def permit_block(self, block: SignedBlock) -> str:
        """Write the block down and return "", or say why it must not be signed."""
        with self._transaction():
            reason = self._block_reason(block)
            if not reason:
                self._insert([block], [])
        return reason

    def permit_attestations(self, attestations: Iterable[SignedAttestation]) -> list[str]:
        """For each attestation: "" once it is written down, or why it must not be signed.

        All in one transaction; each is checked against the ones before it as well.
        """
        reasons = []
        with self._transaction():
            for attestation in attestations:
                reasons.append(self._attestation_reason(attestation))
                if not reasons[-1]:
                    self._insert([], [attestation])
        return reasons

    def blocks(self) -> list[SignedBlock]:
        """Every block, by key and slot."""
        rows = self._rows(
            "SELECT public_key, slot, signing_root FROM blocks ORDER BY 1, 2, 3")
        return [SignedBlock(*row) for row in rows]

    def attestations(self) -> list[SignedAttestation]:
        """Every attestation, by key and epochs."""
        rows = self._rows(
            "SELECT public_key, source, target, signing_root FROM attestations "
            "ORDER BY 1, 2, 3, 4")
        return [SignedAttestation(*row) for row in rows]

    def merge(self, blocks: Iterable[SignedBlock],
              attestations: Iterable[SignedAttestation]) -> None:
        """Add a history from elsewhere, all of it or nothing; what is there already stays."""
        with self._transaction():
            self._insert(blocks, attestations)

    def _block_reason(self, block: SignedBlock) -> str:
        if not 0 <= block.slot <= HIGHEST:
            return f"slot {block.slot} is out of range"
        known = self._database.execute(
            "SELECT signing_root FROM blocks WHERE public_key = ? AND slot = ?",
            (block.public_key, block.slot)).fetchall()
        if known:
            if block.signing_root and known == [(block.signing_root,)]:
                return ""
            return f"a block of slot {block.slot} is signed already"
        low, high = self._database.execute(
            "SELECT min(slot), max(slot) FROM blocks WHERE public_key = ?",
            (block.public_key,)).fetchone()
        limit = low if self.complete else high
        if limit is not None and block.slot <= limit:
            return f"slot {block.slot} is not above slot {limit}, which is signed"
        return ""

    def _attestation_reason(self, new: SignedAttestation) -> str:
        source, target, key = new.source, new.target, new.public_key
        if not (0 <= source <= HIGHEST and 0 <= target <= HIGHEST):
            return f"epochs {source} and {target} are out of range"
        if source > target:
            return f"the source epoch {source} is after the target epoch {target}"
        known = self._database.execute(
            "SELECT source, signing_root FROM attestations WHERE public_key = ? AND target = ?",
            (key, target)).fetchall()
        if known:
            if new.signing_root and known == [(source, new.signing_root)]:
                return ""
            return f"double vote: target epoch {target} is signed already"
        surrounds = self._database.execute(
            "SELECT source, target FROM attestations "
            "WHERE public_key = ? AND source > ? AND target < ?", (key, source, target)).fetchone()
        if surrounds:
            return "surround vote: {} -> {} would surround {} -> {}".format(
                source, target, *surrounds)
        surrounded = self._database.execute(
            "SELECT source, target FROM attestations "
            "WHERE public_key = ? AND source < ? AND target > ?", (key, source, target)).fetchone()
        if surrounded:
            return "surround vote: {} -> {} would be surrounded by {} -> {}".format(
                source, target, *surrounded)
        bound = "min" if self.complete else "max"
        least_source, least_target = self._database.execute(
            f"SELECT {bound}(source), {bound}(target) FROM attestations WHERE public_key = ?",
            (key,)).fetchone()
        if least_source is not None and source < least_source:
            return f"the source epoch {source} is below {least_source}, which is signed"
        if least_target is not None and target <= least_target:
            return f"the target epoch {target} is not above {least_target}, which is signed"
        return ""

    def _insert(self, blocks: Iterable[SignedBlock],
                attestations: Iterable[SignedAttestation]) -> None:
        self._database.executemany(
            "INSERT OR IGNORE INTO blocks VALUES (?, ?, ?)",
            ((b.public_key, b.slot, b.signing_root) for b in blocks))
        self._database.executemany(
            "INSERT OR IGNORE INTO attestations VALUES (?, ?, ?, ?)",
            ((a.public_key, a.target, a.source, a.signing_root) for a in attestations))


def chain_of(path: str | os.PathLike[str]) -> bytes:
    """The genesis validators root that a database is of; ProofmillError where there is none."""
    if not Path(path).exists():
        raise ProofmillError(f"{path}: there is no such database; it is slashing.sqlite in the "
                             "node's folder")
    with Database(path, _SCHEMA, SCHEMA_VERSION, WHAT) as database:
        rows = database._rows("SELECT genesis_validators_root FROM chain")
    if len(rows) != 1:
        raise ProofmillError(f"{path}: the {WHAT} names no chain; restore a copy of it")
    return bytes(rows[0][0])
