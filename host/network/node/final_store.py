"""Where a node keeps its state at the last final block, so that a restart begins there.

What is new since the last time is written in one transaction: at every moment the file is the
state of one final block, whole. Its rows are under a digest, its tries under their own hashes, and
what was written by another release, for another chain or in another form is not read. Nothing hangs
on this file: a node that cannot use it says why, and checks all blocks it has kept.
"""

import json
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from eth_hash.auto import keccak

from proofmill.host.ground.database import ReplaceableDatabase
from proofmill.host.ground.log_fields import name_of
from proofmill.host.network.evm.embedded import ExecutedBlock
from proofmill.host.network.evm.sweep import HASH_BYTES, reachable
from proofmill.host.network.node.final_state import FinalCodec, FinalState
from proofmill.host.network.node.layer2 import BlockFacts, LayerTwo

log = logging.getLogger(__name__)

FINAL = "final.sqlite"
"""The file in a node's folder."""
SCHEMA_VERSION = 1
LEAST_SWEPT = 20_000
"""Nodes of tries that the file may have before what nothing needs any more is dropped."""
_SCHEMA = """
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
CREATE TABLE nodes (
    hash BLOB PRIMARY KEY,
    data BLOB NOT NULL
) STRICT;
"""
_KINDS: Mapping[str, Any] = {"facts": BlockFacts, "closed": LayerTwo, "executed": ExecutedBlock}
"""Of pieces, by their names in the file."""


class Unusable(Exception):
    """Why the state that is kept is not used, as a sentence's end."""


@dataclass(frozen=True)
class About:
    """What a state is, told before it is read. `wanted`: nodes of tries that it needs."""

    release: str
    shape: str
    chain: str
    epoch: int
    root: str
    wanted: int


class FinalStore(ReplaceableDatabase):
    """The file. One thread at a time."""

    def __init__(self, path: str | os.PathLike[str], codec: FinalCodec, chain: bytes) -> None:
        """Open or make it. `chain`: the root of its first block, which follows from the contracts
        and all that was agreed on. ProofmillError where it cannot be opened."""
        super().__init__(path, _SCHEMA, SCHEMA_VERSION, "final state")
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
            new = reachable(state.entries, state.roots, _Kept(self._has_node))
            database.executemany("INSERT INTO nodes VALUES (?, ?)",
                                 ((key, state.entries[key]) for key in new))
            wanted = self._swept(state)
            about = About(self._release, self._codec.shape, self._chain.hex(), point.epoch,
                          point.root.hex(), wanted)
            # Not replaced: the digest hears of what is deleted and of what is inserted alone.
            database.execute("DELETE FROM point")
            database.execute("INSERT INTO point VALUES (0, ?, ?)", (json.dumps(vars(about)), data))
        log.debug("the state of epoch %d is kept", point.epoch,
                  extra={"block": name_of(point.root)})

    def kept(self) -> FinalState | None:
        """The state that is here, None for none. `Unusable` where it is not to be used."""
        rows = self._rows("SELECT about, data FROM point")
        if not rows:
            return None
        try:
            about = About(**json.loads(rows[0][0]))
            self._require(about)
            point = self._codec.load(json.loads(rows[0][1]))
            facts, closed, executed = (self._pieces(kind) for kind in _KINDS)
            entries = dict(self._rows("SELECT hash, data FROM nodes"))
            state = FinalState(point, list(facts.values()), closed, list(executed.values()),
                               entries)
            _check(state)
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

    def _has_node(self, key: bytes) -> bool:
        return bool(self._rows("SELECT 1 FROM nodes WHERE hash = ?", (key,)))

    def _swept(self, state: FinalState) -> int:
        """Drop nodes that no state needs, once they are as many as all others; how many it needed
        when that was done last."""
        rows = self._rows("SELECT about FROM point")
        before = int(json.loads(rows[0][0])["wanted"]) if rows else 0
        count = self._rows("SELECT count(*) FROM nodes")[0][0]
        if before and count <= max(LEAST_SWEPT, 2 * before):
            return before
        wanted = reachable(state.entries, state.roots)
        old = [(key,) for (key,) in self._rows("SELECT hash FROM nodes") if key not in wanted]
        self._database.executemany("DELETE FROM nodes WHERE hash = ?", old)
        return len(wanted)


def _release() -> str:
    """Of this program."""
    try:
        return metadata.version("proofmill")
    except metadata.PackageNotFoundError:
        return "unknown"


class _Kept:
    """The nodes in the file, and with each all that is below it."""

    def __init__(self, has: Callable[[bytes], bool]) -> None:
        self._has = has

    def __contains__(self, key: object) -> bool:
        return isinstance(key, bytes) and len(key) == HASH_BYTES and self._has(key)


def _check(state: FinalState) -> None:
    """ValueError or KeyError where a state does not agree with itself: each block of the machine
    builds on the one before, the last ones are the payloads', and their states are here whole."""
    for key, data in state.entries.items():
        if keccak(data) != key:
            raise ValueError(f"the node 0x{key.hex()} has another hash")
    blocks = [each.block for each in state.executed]
    for before, after in zip(blocks, blocks[1:], strict=False):
        if after.parent_hash != before.hash:
            raise ValueError(f"block {after.number} does not follow block {before.number}")
    payloads = [bytes(each.payload.block_hash) for each in state.point.payloads]
    if not payloads or [each.hash for each in blocks[-len(payloads):]] != payloads:
        raise ValueError("the machine's blocks do not end with the final payload")
    reachable(state.entries, _roots(blocks[-len(payloads):]))


def _roots(blocks: Iterable[Any]) -> set[bytes]:
    return {each.state_root for each in blocks}
