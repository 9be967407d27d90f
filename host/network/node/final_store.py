"""Where a node keeps its state at the last final block, so that a restart begins there.

What is new since the last time is written in one transaction: at every moment the file is the
state of one final block, whole. Its rows are under a digest, its tries under their own hashes, and
what was written by another release, for another chain or in another form is not read. Nothing hangs
on this file: a node that cannot use it says why, and checks all blocks it has kept.
"""

import json
import logging
import os
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from proofmill.host.ground.database import ReplaceableDatabase
from proofmill.host.ground.log_fields import name_of
from proofmill.host.network.evm.embedded import ExecutedBlock
from proofmill.host.network.evm.node_table import NODES_SCHEMA, NodeTable
from proofmill.host.network.node.final_state import FinalCodec, FinalState
from proofmill.host.network.node.layer2 import BlockFacts, LayerTwo

log = logging.getLogger(__name__)

FINAL = "final.sqlite"
"""The file in a node's folder."""
SCHEMA_VERSION = 2
_SCHEMA = f"""
CREATE TABLE point (
    place INTEGER PRIMARY KEY CHECK (place = 0),
    about TEXT NOT NULL,
    data TEXT NOT NULL
) STRICT;
CREATE TABLE pieces (
    kind TEXT NOT NULL,
    number INTEGER NOT NULL,
    name BLOB NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (kind, number)
) STRICT;
{NODES_SCHEMA}"""
_KINDS: Mapping[str, Any] = {"facts": BlockFacts, "closed": LayerTwo, "executed": ExecutedBlock}
"""Of pieces, by their names in the file."""


class Unusable(Exception):
    """Why the state that is kept is not used, as a sentence's end."""


@dataclass(frozen=True)
class About:
    """What a state is, told before it is read. `states`: roots of the machine's, hexadecimal."""

    release: str
    shape: str
    chain: str
    epoch: int
    root: str
    states: list[str]


class FinalStore(ReplaceableDatabase):
    """The file. One thread at a time."""

    def __init__(self, path: str | os.PathLike[str], codec: FinalCodec, chain: bytes) -> None:
        """Open or make it. `chain`: the root of its first block, which follows from the contracts
        and all that was agreed on. ProofmillError where it cannot be opened."""
        super().__init__(path, _SCHEMA, SCHEMA_VERSION, "final state", [_begin_anew])
        self._nodes = NodeTable(self._each, self._database.executemany)
        self._codec, self._chain = codec, chain
        self._release = _release()

    @property
    def root(self) -> bytes | None:
        """Of the final block whose state is here; None for none."""
        rows = self._rows("SELECT about FROM point")
        try:
            return bytes.fromhex(json.loads(rows[0][0])["root"]) if rows else None
        except (ValueError, TypeError, KeyError):
            return None

    def keep(self, state: FinalState) -> None:
        """Write a state; returns when it has taken the place of the one before."""
        point = state.point
        data = json.dumps(self._codec.dump(point), separators=(",", ":"))
        with self._transaction() as database:
            self._keep_pieces("facts", {each.slot: (each.root, each) for each in state.facts})
            self._keep_pieces("closed", {
                slot: (slot.to_bytes(8, "big"), each) for slot, each in state.closed.items()})
            self._keep_pieces("executed", {
                each.block.number: (each.block.hash, each) for each in state.executed})
            new, old = state.roots, self._states()
            self._nodes.move(new - old, old - new, state.entries)
            about = About(self._release, self._codec.shape, self._chain.hex(), point.epoch,
                          point.root.hex(), sorted(root.hex() for root in new))
            # Not replaced: the digest hears of what is deleted and of what is inserted alone.
            database.execute("DELETE FROM point")
            database.execute("INSERT INTO point VALUES (0, ?, ?)", (json.dumps(vars(about)), data))
        log.debug("the state of epoch %d is kept", point.epoch,
                  extra={"block": name_of(point.root)})

    def kept(self) -> FinalState | None:
        """The state that is here, None for none, whose entries are read when they are asked for.
        `Unusable` where it is not to be used."""
        rows = self._rows("SELECT about, data FROM point")
        if not rows:
            return None
        try:
            about = About(**json.loads(rows[0][0]))
            self._require(about)
            point = self._codec.load(json.loads(rows[0][1]))
            facts, closed, executed = (self._pieces(kind) for kind in _KINDS)
            state = FinalState(point, list(facts.values()), closed, list(executed.values()),
                               self._nodes)
            self._nodes.require_whole(_check(state))
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise Unusable(f"is damaged ({type(error).__name__}: {error})") from error
        return state

    def forget(self) -> None:
        """Drop what is here."""
        with self._transaction() as database:
            for table in ("point", "pieces", "nodes"):
                database.execute(f"DELETE FROM {table}")

    def _require(self, about: About) -> None:
        """`Unusable` for what another program has written, or for another chain."""
        if about.chain != self._chain.hex():
            raise Unusable("is of another chain, or of one with other contracts")
        if about.release != self._release:
            raise Unusable(f"is of release {about.release}, and this is {self._release}")
        if about.shape != self._codec.shape:
            raise Unusable("is of another form than this release's")

    def _keep_pieces(self, kind: str, wanted: Mapping[int, tuple[bytes, Any]]) -> None:
        """Have those pieces of a kind and no other; what is here is not written again."""
        there = {number: bytes(name) for number, name in self._rows(
            "SELECT number, name FROM pieces WHERE kind = ?", (kind,))}
        old = [number for number, name in there.items()
               if number not in wanted or wanted[number][0] != name]
        self._database.executemany("DELETE FROM pieces WHERE kind = ? AND number = ?",
                                   ((kind, number) for number in old))
        plain, type_of = self._codec.plain, _KINDS[kind]
        self._database.executemany("INSERT INTO pieces VALUES (?, ?, ?, ?)", (
            (kind, number, name, json.dumps(plain.dump(type_of, piece), separators=(",", ":")))
            for number, (name, piece) in wanted.items() if there.get(number) != name))

    def _pieces(self, kind: str) -> dict[int, Any]:
        """All of a kind, by number, ascending."""
        return {number: self._codec.plain.load(_KINDS[kind], json.loads(data))
                for number, data in self._rows(
                    "SELECT number, data FROM pieces WHERE kind = ? ORDER BY number", (kind,))}

    def _states(self) -> set[bytes]:
        """The roots of the machine's states that are here."""
        rows = self._rows("SELECT about FROM point")
        return set(map(bytes.fromhex, json.loads(rows[0][0])["states"])) if rows else set()


def _release() -> str:
    """Of this program."""
    try:
        return metadata.version("proofmill")
    except metadata.PackageNotFoundError:
        return "unknown"


def _begin_anew(database: sqlite3.Connection) -> None:
    """From version 1, whose nodes were not counted: all blocks are checked once."""
    database.execute("DROP TABLE nodes")
    database.execute(NODES_SCHEMA)
    for table in ("point", "pieces"):
        database.execute(f"DELETE FROM {table}")


def _check(state: FinalState) -> set[bytes]:
    """ValueError where a state does not agree with itself: each block of the machine builds on the
    one before, and the last ones are the payloads'. The roots of the states after those."""
    blocks = [each.block for each in state.executed]
    for before, after in zip(blocks, blocks[1:], strict=False):
        if after.parent_hash != before.hash:
            raise ValueError(f"block {after.number} does not follow block {before.number}")
    payloads = [bytes(each.payload.block_hash) for each in state.point.payloads]
    if not payloads or [each.hash for each in blocks[-len(payloads):]] != payloads:
        raise ValueError("the machine's blocks do not end with the final payload")
    return {each.state_root for each in blocks[-len(payloads):]}
