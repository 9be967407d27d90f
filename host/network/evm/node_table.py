"""States of the machine in a table of a database: the nodes of their tries, and code.

Each row knows how many others refer to it, so that going on from one state to another costs what
differs between them, and what nothing refers to any more is dropped at once: the table is as large
as the states in it, and nobody has to look through all of it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from eth.constants import BLANK_ROOT_HASH
from eth_hash.auto import keccak

from proofmill.host.network.evm.sweep import Reference, children

NODES_SCHEMA = """
CREATE TABLE nodes (
    hash BLOB NOT NULL,
    code INTEGER NOT NULL,
    data BLOB NOT NULL,
    uses INTEGER NOT NULL,
    PRIMARY KEY (hash, code)
) STRICT, WITHOUT ROWID;
"""
Query = Callable[[str, Sequence[object]], Iterable[Any]]
Write = Callable[[str, Iterable[Sequence[object]]], object]


class NodeTable(Mapping[bytes, bytes]):
    """The table, as a mapping of hashes to what has them."""

    def __init__(self, rows: Query, write: Write) -> None:
        """`rows` finds, `write` does the same for many values, inside of the owner's transaction;
        the table is that of `NODES_SCHEMA`."""
        self._rows, self._write = rows, write

    def __getitem__(self, key: bytes) -> bytes:
        for (data,) in self._rows("SELECT data FROM nodes WHERE hash = ? LIMIT 1", (key,)):
            return bytes(data)
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return any(True for _ in self._rows("SELECT 1 FROM nodes WHERE hash = ? LIMIT 1", (key,)))

    def __iter__(self) -> Iterator[bytes]:
        for (key,) in self._rows("SELECT DISTINCT hash FROM nodes", ()):
            yield bytes(key)

    def __len__(self) -> int:
        ((count,),) = self._rows("SELECT count(DISTINCT hash) FROM nodes", ())
        return int(count)

    def has(self, key: bytes, is_code: bool) -> bool:
        """Whether a node, or code, with this hash is here."""
        return any(True for _ in self._rows(
            "SELECT 1 FROM nodes WHERE hash = ? AND code = ?", (key, is_code)))

    def move(self, new: Iterable[bytes], old: Iterable[bytes], source: Mapping[bytes, bytes]
             ) -> dict[bytes, bytes]:
        """Have the states with the roots `new` as well, which `source` has as far as they are not
        here, and no longer those with the roots `old`. What is dropped.

        KeyError for what is neither here nor there, ValueError for what is dropped and not what its
        hash says; then the transaction is to be undone.
        """
        before: dict[Reference, int] = {}
        changes: defaultdict[Reference, int] = defaultdict(int)
        contents: dict[Reference, bytes] = {}

        def counted(reference: Reference, change: int) -> int:
            """How many refer to it, with one more or less."""
            changes[reference] += change
            if reference not in before:
                before[reference] = self._uses(reference)
            return before[reference] + changes[reference]

        # What comes goes before what leaves: what has another place alone, as the storage of an
        # account with a new neighbour, is needed all the time, and nobody goes down into it.
        waiting = [(root, False) for root in new if root != BLANK_ROOT_HASH]
        while waiting:
            reference = waiting.pop()
            if counted(reference, 1) == 1:
                contents[reference] = source[reference[0]]
                waiting += children(contents[reference], reference[1])
        waiting = [(root, False) for root in old if root != BLANK_ROOT_HASH]
        while waiting:
            reference = waiting.pop()
            if counted(reference, -1) == 0:
                contents[reference] = self._data(reference)
                waiting += children(contents[reference], reference[1])
        self._count(before, changes, contents)
        return {reference[0]: contents[reference] for reference, uses in before.items()
                if uses and not uses + changes[reference]}

    def copy(self, other: "NodeTable") -> None:
        """Have all rows of another table, where this one has none."""
        self._write("INSERT INTO nodes (hash, code, data, uses) VALUES (?, ?, ?, ?)",
                    other._rows("SELECT hash, code, data, uses FROM nodes", ()))

    def require_whole(self, roots: Iterable[bytes]) -> None:
        """ValueError for a row that is not what its hash says; KeyError where something is missing
        of what the states with these roots, or others here, consist of."""
        for root in roots:
            if root != BLANK_ROOT_HASH and not self.has(root, False):
                raise KeyError(root)
        for key, code, data in self._rows("SELECT hash, code, data FROM nodes", ()):
            if keccak(data) != key:
                raise ValueError(f"the node 0x{key.hex()} has another hash")
            for child in children(data, bool(code)):
                if not self.has(*child):
                    raise KeyError(child[0])

    def _uses(self, reference: Reference) -> int:
        """How many refer to it; 0 for what is not here."""
        return next((int(uses) for (uses,) in self._rows(
            "SELECT uses FROM nodes WHERE hash = ? AND code = ?", reference)), 0)

    def _data(self, reference: Reference) -> bytes:
        """What is here; ValueError where that has another hash."""
        ((data,),) = self._rows("SELECT data FROM nodes WHERE hash = ? AND code = ?", reference)
        if keccak(data) != reference[0]:
            raise ValueError(f"0x{reference[0].hex()} has another hash")
        return bytes(data)

    def _count(self, before: Mapping[Reference, int], changes: Mapping[Reference, int],
               contents: Mapping[Reference, bytes]) -> None:
        """Write what has changed, in the table's order: so each of its pages once."""
        before = dict(sorted(before.items()))
        after = {reference: uses + changes[reference] for reference, uses in before.items()}
        self._write("DELETE FROM nodes WHERE hash = ? AND code = ?", (
            reference for reference, uses in before.items() if uses and not after[reference]))
        self._write("UPDATE nodes SET uses = ? WHERE hash = ? AND code = ?", (
            (after[reference], *reference) for reference, uses in before.items()
            if uses and after[reference] and after[reference] != uses))
        self._write("INSERT INTO nodes (hash, code, data, uses) VALUES (?, ?, ?, ?)", (
            (*reference, contents[reference], after[reference])
            for reference, uses in before.items() if not uses and after[reference]))
