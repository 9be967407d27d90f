"""What the embedded machine has of states: what is new in memory, the last final state in a file.

A chain's state grows with every slot, and memory must not. The file follows from the node's blocks,
or from the final state it has kept, so it is begun anew at every start and gone at the end.
"""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import chain

from eth.db.backends.base import BaseDB
from eth_hash.auto import keccak

from proofmill.host.ground.database import ScratchDatabase
from proofmill.host.ground.recent import Recent
from proofmill.host.network.evm.node_table import NODES_SCHEMA, NodeTable
from proofmill.host.network.evm.sweep import HASH_BYTES, reachable

STATES = "states.sqlite"
"""The file in a node's folder."""
LEAST_SWEPT = 20_000
"""Entries that there may be in memory before what is final goes to the file, and what nothing needs
any more is dropped."""
REMEMBERED = 8_192
"""Nodes of the file that are kept in memory: most that a block asks for are near the roots."""


class StateFile(ScratchDatabase):
    """States of the machine, each whole. One thread at a time."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Make the file. StorageError where it cannot be made."""
        super().__init__(path, NODES_SCHEMA, "file of the machine's states")
        self.nodes = NodeTable(self._rows, self._database.executemany)
        self._roots: frozenset[bytes] = frozenset()
        self._recent: Recent[bytes, bytes] = Recent(REMEMBERED)

    def __getitem__(self, key: bytes) -> bytes:
        """What has this hash; KeyError for nothing, StorageError where the disk has another."""
        found = self._recent.get(key)
        if found is None:
            found = self.nodes[key]
            if keccak(found) != key:
                raise self._damaged(f"0x{key.hex()} has another hash")
            self._recent[key] = found
        return found

    def move(self, roots: Iterable[bytes], source: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
        """Have the states with these roots and no others; as `NodeTable.move`. All of it or,
        with StorageError, which there is for damage as well, nothing."""
        wanted = frozenset(roots)
        if wanted == self._roots:
            return {}
        try:
            with self._transaction():
                dropped = self.nodes.move(wanted - self._roots, self._roots - wanted, source)
        except ValueError as error:
            raise self._damaged(str(error)) from error
        self._roots = wanted
        return dropped

    def begin(self, roots: Iterable[bytes], others: NodeTable) -> None:
        """Have what another table has, whose states have these roots, and nothing else."""
        with self._transaction() as database:
            database.execute("DELETE FROM nodes")
            self.nodes.copy(others)
        self._roots = frozenset(roots)


class States(BaseDB):
    """All of tries, code and headers, by hash, and under other keys what is py-evm's own.

    With a file, memory has what came since the last sweep, and is not final yet; without one, all.
    """

    def __init__(self) -> None:
        self._new: dict[bytes, bytes] = {}
        self._file: StateFile | None = None
        self._most = LEAST_SWEPT

    def keep_in(self, file: StateFile) -> None:
        """Have final states there from now on."""
        assert self._file is None, "there is one already"
        self._file = file

    def __getitem__(self, key: bytes) -> bytes:
        found = self._new.get(key)
        if found is not None:
            return found
        if self._file is None or len(key) != HASH_BYTES:
            raise KeyError(key)
        return self._file[key]

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._new[key] = value

    def __delitem__(self, key: bytes) -> None:
        """Of what memory has."""
        del self._new[key]

    def __iter__(self) -> Iterator[bytes]:
        if self._file is None:
            return iter(self._new)
        return chain(self._new, (key for key in self._file.nodes if key not in self._new))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def settle(self, base: bytes, roots: Callable[[], Collection[bytes]],
               headers: Collection[bytes]) -> None:
        """Nothing will be asked for but the states with these `roots`, and `headers`, by hash.
        `base`: the root of the state that the others grow from. Once in a while that goes to the
        file, and what else there is is dropped."""
        # Not more often: of a file whose order is that of hashes, as many pages are written as rows
        # change, and much of what one state brings the next one drops.
        if len(self._new) <= self._most:
            return
        if self._file is not None:
            # What leaves the file may be needed by a later state that has made it once more.
            self._new.update(self._file.move({base}, self))
        wanted = reachable(self._new, roots()) if self._file is None else reachable(
            self._new, roots(), self._file.nodes.has)
        wanted.update(headers)
        for key in self._new.keys() - wanted:
            # Others than hashes are py-evm's own.
            if len(key) == HASH_BYTES:
                del self._new[key]
        self._doubled()

    def begin(self, roots: Collection[bytes], entries: Mapping[bytes, bytes]) -> None:
        """Have the states with these roots, which `entries` has."""
        if self._file is None:
            self._new.update(entries)
            self._doubled()
        elif isinstance(entries, NodeTable):
            self._file.begin(roots, entries)
        else:
            self._file.move(roots, entries)

    def _doubled(self) -> None:
        """Sweep again when it has doubled: what a sweep costs is then paid for by what came."""
        self._most = max(LEAST_SWEPT, 2 * len(self._new))
