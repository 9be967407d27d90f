"""The final blocks of a chain with their proofs, and the eras that were made of them, in one file.

All of it follows from the blocks that the node has kept (`archive`), and is written again from
there if the file is lost.
"""

import os
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from proofmill.host.ground.database import ReplaceableDatabase
from proofmill.host.network.certificates.era import ROOT_BYTES, Block
from proofmill.host.network.consensus.block_proofs import proof_from_bytes
from proofmill.host.network.consensus.records import COORDINATE_BYTES
from proofmill.host.network.second_layer.final_blocks import FinalBlock
from proofmill.host.prover.groth16.verification_key import Proof

SCHEMA_VERSION = 2
_BY_HASH = "CREATE INDEX IF NOT EXISTS blocks_by_hash ON blocks (hash)"
"""Peers ask for blocks by their hashes; files of version 1 may have none."""
_SCHEMA = f"""
CREATE TABLE blocks (
    number INTEGER PRIMARY KEY,
    slot INTEGER NOT NULL UNIQUE,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    header BLOB NOT NULL,
    stated BLOB NOT NULL CHECK (length(stated) = 96),
    tag BLOB CHECK (length(tag) = 32),
    proof BLOB
) STRICT;
{_BY_HASH};
CREATE TABLE eras (
    first INTEGER PRIMARY KEY,
    blocks INTEGER NOT NULL,
    data BLOB NOT NULL
) STRICT;
"""


@dataclass(frozen=True)
class Due:
    """An era that can be made: its blocks, `first` of them the one of this number, and their
    proofs."""

    first: int
    blocks: tuple[Block, ...]
    proofs: tuple[Proof, ...]


def _index_hashes(database: sqlite3.Connection) -> None:
    database.execute(_BY_HASH)


class ProvenBlocks(ReplaceableDatabase):
    """Final blocks by number, from 0, each with the first proof that the chain has taken in."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open or make the file. `ProofmillError` where it cannot be opened."""
        super().__init__(path, _SCHEMA, SCHEMA_VERSION, "history of proven blocks",
                         [_index_hashes])

    def add(self, blocks: Sequence[FinalBlock]) -> None:
        """Keep the next final blocks, and the proofs in them; those that are known stay."""
        with self._transaction() as database:
            for block in blocks:
                database.execute(
                    "INSERT OR IGNORE INTO blocks (number, slot, hash, header, stated) "
                    "VALUES (?, ?, ?, ?, ?)",
                    (block.number, block.slot, block.hash, block.header,
                     _joined((block.before, block.after, block.commitment), ROOT_BYTES)))
                for proof in block.proofs:
                    database.execute(
                        "UPDATE blocks SET tag = ?, proof = ? WHERE slot = ? AND proof IS NULL",
                        (_joined((proof.tag,), ROOT_BYTES),
                         _joined(proof.numbers, COORDINATE_BYTES), proof.slot))

    def due(self, length: int) -> Due | None:
        """The next era of so many blocks, if all of them are final and proven."""
        ((first,),) = self._rows("SELECT coalesce(max(first + blocks), 0) FROM eras")
        rows = self._rows(
            "SELECT number, stated, tag, proof FROM blocks WHERE number >= ? AND number < ? "
            "AND proof IS NOT NULL ORDER BY number", (first, first + length))
        if [number for number, *_ in rows] != [*range(first, first + length)]:
            return None
        # A contract has taken them, which reads no coordinate that is not below p.
        proofs = [proof_from_bytes(proof) for *_, proof in rows]
        return Due(first, tuple(Block(*_numbers(stated + tag)) for _, stated, tag, _ in rows),
                   tuple(proof for proof in proofs if proof is not None))

    def keep(self, first: int, blocks: int, data: bytes) -> None:
        """Keep an era that was made."""
        with self._transaction() as database:
            database.execute(
                "INSERT OR IGNORE INTO eras (first, blocks, data) VALUES (?, ?, ?)",
                (first, blocks, data))

    def era(self, first: int) -> tuple[int, bytes] | None:
        """The era that begins with the block of this number, None for none: how many blocks it is
        of, and its bytes."""
        rows = self._rows("SELECT blocks, data FROM eras WHERE first = ?", (first,))
        return (int(rows[0][0]), bytes(rows[0][1])) if rows else None

    def eras(self, most: int) -> list[int]:
        """The first blocks' numbers of the latest eras, ascending."""
        return [int(first) for (first,) in self._rows(
            "SELECT first FROM eras ORDER BY first DESC LIMIT ?", (most,))][::-1]

    def after(self, number: int) -> tuple[int, bytes] | None:
        """The ledger's root after the block of this number, and its hash; None for none."""
        rows = self._rows("SELECT stated, hash FROM blocks WHERE number = ?", (number,))
        return (_numbers(bytes(rows[0][0]))[1], bytes(rows[0][1])) if rows else None

    @property
    def first_root(self) -> int | None:
        """The ledger's root before the first block; None where there is no block yet."""
        rows = self._rows("SELECT stated FROM blocks WHERE number = 0")
        return _numbers(bytes(rows[0][0]))[0] if rows else None

    def roots_after(self, length: int, most: int) -> set[int]:
        """The ledger's roots after the latest so many blocks that are the last of an era."""
        return {_numbers(bytes(stated))[1] for (stated,) in self._rows(
            "SELECT stated FROM blocks WHERE (number + 1) % ? = 0 ORDER BY number DESC LIMIT ?",
            (length, most))}

    def headers(self, first: int, last: bytes) -> list[bytes]:
        """Headers from the block of a number to that of a hash; none where it is not after it."""
        return [bytes(header) for (header,) in self._rows(
            "SELECT header FROM blocks WHERE number >= ? AND number <= "
            "(SELECT number FROM blocks WHERE hash = ?) ORDER BY number", (first, last))]

    def number_of(self, block_hash: bytes) -> int | None:
        """Of the block of this hash, None for none."""
        rows = self._rows("SELECT number FROM blocks WHERE hash = ?", (block_hash,))
        return int(rows[0][0]) if rows else None

    def hashes(self, first: int, count: int) -> list[bytes]:
        """Of so many blocks from the one of a number on, as many as there are."""
        return [bytes(each) for (each,) in self._rows(
            "SELECT hash FROM blocks WHERE number >= ? AND number < ? ORDER BY number",
            (first, first + count))]

    def roots(self) -> list[int]:
        """The ledger's root after each final block."""
        return [_numbers(stated)[1] for (stated,) in self._rows(
            "SELECT stated FROM blocks ORDER BY number")]


def _joined(numbers: Sequence[int], size: int) -> bytes:
    return b"".join(number.to_bytes(size, "big") for number in numbers)


def _numbers(data: bytes) -> list[int]:
    return [int.from_bytes(data[start:start + ROOT_BYTES], "big")
            for start in range(0, len(data), ROOT_BYTES)]
