"""States of the machine in a file: what they consist of is there, and nothing else."""

from collections import Counter
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
import rlp
from eth.constants import BLANK_ROOT_HASH, EMPTY_SHA3
from eth_hash.auto import keccak
from trie import HexaryTrie

from proofmill.host.ground.database import DamagedError
from proofmill.host.ground.errors import StorageError
from proofmill.host.network.evm import states
from proofmill.host.network.evm.node_table import NodeTable
from proofmill.host.network.evm.states import StateFile, States
from proofmill.host.network.evm.sweep import children, reachable

ACCOUNTS, WORDS = 6, 12
PLACES = [keccak(number.to_bytes(32, "big")) for number in range(WORDS)]
WINDOW = 14
"""States that are built on, from the final one on."""


class World:
    """States as machines have them, each made of the one before."""

    def __init__(self, seed: int, entries: MutableMapping[bytes, bytes] | None = None) -> None:
        self.draw = Random(seed)
        self.entries: MutableMapping[bytes, bytes] = {} if entries is None else entries
        self.root = BLANK_ROOT_HASH
        self._storages: dict[int, bytes] = {}
        self._earlier: list[tuple[bytes, dict[bytes, bytes]]] = []
        """Storages, which may be there again: the nodes at their roots, and words by place."""

    def change(self) -> bytes:
        """The root of another state: words of accounts are set, changed and cleared, accounts come
        and go, some with the same storage and code as others."""
        draw, accounts = self.draw, HexaryTrie(self.entries, self.root)
        for _ in range(draw.randrange(1, 4)):
            number = draw.randrange(ACCOUNTS)
            key = keccak(bytes([number]))
            if draw.random() < 0.15:
                accounts.delete(key)
                self._storages.pop(number, None)
                continue
            other = draw.randrange(ACCOUNTS)
            storage = HexaryTrie(self.entries, self._storages.get(
                other if draw.random() < 0.2 else number, BLANK_ROOT_HASH))
            for _ in range(draw.randrange(6)):
                place = draw.choice(PLACES)
                if draw.random() < 0.3:
                    storage.delete(place)
                else:
                    storage[place] = rlp.encode(draw.choice((1, 2**200 + draw.randrange(3))))
            if draw.random() < 0.3 and self._earlier:
                _, words = draw.choice(self._earlier[-8:])
                storage = HexaryTrie(self.entries)
                for place, word in words.items():  # its nodes are written once more
                    storage[place] = word
            self._storages[number] = storage.root_hash
            self._earlier.append((self.entries.get(storage.root_hash, b""), {
                place: storage[place] for place in PLACES if place in storage}))
            accounts[key] = rlp.encode([
                draw.randrange(3), draw.randrange(10**20), storage.root_hash,
                self.code() if draw.random() < 0.5 else EMPTY_SHA3])
        self.root = accounts.root_hash
        return self.root

    def code(self) -> bytes:
        """Of a few; some are those of nodes, byte for byte."""
        code = bytes([self.draw.randrange(3)]) * 50
        if self._earlier and self.draw.random() < 0.6:
            code = self.draw.choice(self._earlier[-8:])[0] or code
        name = bytes(keccak(code))
        self.entries[name] = code
        return name


def require_exact(nodes: NodeTable, entries: Mapping[bytes, bytes], roots: Iterable[bytes]) -> None:
    """The table has what these states consist of, each as often counted as it is referred to."""
    roots = [root for root in roots if root != BLANK_ROOT_HASH]
    wanted = reachable(entries, roots)
    assert set(nodes) == wanted and len(nodes) == len(wanted)
    rows = list(nodes._rows("SELECT hash, code, data, uses FROM nodes", ()))
    counted = Counter({(root, 0): 1 for root in roots})
    for key, code, data, _ in rows:
        assert keccak(data) == key
        counted.update((child, int(kind)) for child, kind in children(data, bool(code)))
    assert {(key, code): uses for key, code, _, uses in rows} == counted


@pytest.mark.parametrize("seed", range(6))
def test_the_file_has_exactly_what_its_states_consist_of(seed: int, tmp_path: Path) -> None:
    """One state or two, and one that comes back; what is dropped is told."""
    world, before = World(seed), dict[bytes, bytes]()
    roots = [world.change() for _ in range(60)]
    draw = Random(seed)
    with StateFile(tmp_path / "states.sqlite") as file:
        for number in range(60):
            wanted = set(draw.sample(roots[:number + 1][-5:], min(number + 1, draw.choice((1, 2)))))
            dropped = file.move(wanted, world.entries)
            require_exact(file.nodes, world.entries, wanted)
            after = dict(file.nodes)
            assert {key: before[key] for key in before.keys() - after.keys()}.items() <= (
                dropped.items())
            before = after
        assert file.move([], world.entries).keys() >= before.keys()
        assert list(file.nodes) == []


@pytest.mark.parametrize("seed", range(3))
def test_what_can_still_be_asked_for_is_there(
        seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """States are made, become final and are swept; the last ones are whole at every moment, and
    memory has no more than what is new in them and what came since the last sweep. The file has the
    state that was final at that."""
    monkeypatch.setattr(states, "LEAST_SWEPT", 1)
    machine, plain = States(), World(seed)
    world, roots, most, swept = World(seed, machine), list[bytes](), 0, set[frozenset[bytes]]()
    with StateFile(tmp_path / "states.sqlite") as file:
        machine.keep_in(file)
        for number in range(120):
            roots.append(world.change())
            assert plain.change() == roots[-1]
            base = max(0, number - number % 2 - WINDOW)
            if number % 2 == 0:
                before = file._roots
                machine.settle(roots[base], lambda base=base: set(roots[base:]), [])
                assert file._roots in (before, {roots[base]})
                require_exact(file.nodes, plain.entries, file._roots)
                swept.add(file._roots)
                most = max(most, len(machine._new))
            live = reachable(plain.entries, roots[base:])
            assert all(machine[key] == plain.entries[key] for key in live)
    assert 0 < most < len(plain.entries) / 4 and len(swept) > 4


def test_the_file_is_written_no_more_often_than_memory_has_to_be_swept(tmp_path: Path) -> None:
    machine, plain = States(), World(5)
    world, roots = World(5, machine), list[bytes]()
    with StateFile(tmp_path / "states.sqlite") as file:
        machine.keep_in(file)
        for _ in range(20):
            roots.append(world.change())
            assert plain.change() == roots[-1]
            machine.settle(roots[-1], lambda: roots[-1:], [])
        assert len(machine._new) < states.LEAST_SWEPT and list(file.nodes) == []
        assert all(machine[key] == plain.entries[key]
                   for key in reachable(plain.entries, roots[-1:]))


def test_nobody_goes_through_a_storage_that_has_but_another_place(tmp_path: Path) -> None:
    """Anybody may create an account whose address begins as a contract's does: the contract's leaf
    is deeper then, and its storage, however large, what it was."""
    entries: dict[bytes, bytes] = {}
    storage = HexaryTrie(entries)
    for number in range(300):
        storage[keccak(number.to_bytes(32, "big"))] = rlp.encode(2**200 + number)
    accounts = HexaryTrie(entries)
    for key, root in ((b"\x11" * 32, storage.root_hash), (b"\x22" * 32, BLANK_ROOT_HASH)):
        accounts[key] = rlp.encode([0, 0, root, EMPTY_SHA3])
    first = accounts.root_hash
    accounts[b"\x11" + b"\x21" * 31] = rlp.encode([0, 1, BLANK_ROOT_HASH, EMPTY_SHA3])
    asked = 0

    def rows(query: str, values: Sequence[object]) -> Iterable[Any]:
        nonlocal asked
        asked += 1
        return file._rows(query, values)

    with StateFile(tmp_path / "states.sqlite") as file:
        file.move([first], entries)
        assert len(file.nodes) > 300
        for new, old in ((accounts.root_hash, first), (first, accounts.root_hash)):
            asked = 0
            with file._transaction() as database:
                NodeTable(rows, database.executemany).move([new], [old], entries)
            require_exact(file.nodes, entries, [new])
            assert asked < 30


def test_code_that_is_a_node_byte_for_byte_hides_nothing(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A contract's code, which is final, is the root of a storage that is not: what is below that
    is kept. Anybody may create such a contract."""
    monkeypatch.setattr(states, "LEAST_SWEPT", 1)
    machine, roots = States(), list[bytes]()
    storage = HexaryTrie(machine)
    for place in PLACES:
        storage[place] = rlp.encode(2**200)
    root = storage.root_hash
    for number, (kept, code) in enumerate(((BLANK_ROOT_HASH, root), (root, EMPTY_SHA3))):
        accounts = HexaryTrie(machine, roots[-1] if roots else BLANK_ROOT_HASH)
        accounts[PLACES[number]] = rlp.encode([0, 0, kept, code])
        roots.append(accounts.root_hash)
    wanted = reachable(machine, roots)
    with StateFile(tmp_path / "states.sqlite") as file:
        machine.keep_in(file)
        machine.settle(roots[0], lambda: roots, [])
        require_exact(file.nodes, machine, roots[:1])
        assert all(key in machine for key in wanted)
        machine._most = 0
        machine.settle(roots[1], lambda: roots[1:], [])
        require_exact(file.nodes, machine, roots[1:])


def test_a_file_takes_what_another_has(tmp_path: Path) -> None:
    world = World(1)
    roots = [world.change() for _ in range(9)][-2:]
    with StateFile(tmp_path / "one") as one, StateFile(tmp_path / "two") as two:
        one.move(roots, world.entries)
        two.move([world.change()], world.entries)
        two.begin(roots, one.nodes)
        require_exact(two.nodes, world.entries, roots)
        two.nodes.require_whole(roots)
        last = world.change()
        two.move([last], world.entries)
        require_exact(two.nodes, world.entries, [last])
        with two._transaction() as database:
            key = next(iter(two.nodes.keys() - {last}))
            database.execute("DELETE FROM nodes WHERE hash = ?", (key,))
        with pytest.raises(KeyError):
            two.nodes.require_whole([last])
        with pytest.raises(KeyError):
            one.nodes.require_whole([last])


def test_a_state_that_is_missing_changes_nothing(tmp_path: Path) -> None:
    world = World(2)
    first, second = world.change(), world.change()
    with StateFile(tmp_path / "states.sqlite") as file:
        file.move([first], world.entries)
        missing = min(reachable(world.entries, [second]) - reachable(world.entries, [first]))
        with pytest.raises(KeyError):
            file.move([second], {
                key: data for key, data in world.entries.items() if key != missing})
        require_exact(file.nodes, world.entries, [first])
        file.move([second], world.entries)
        require_exact(file.nodes, world.entries, [second])


def test_what_a_process_leaves_that_is_killed_is_not_read(tmp_path: Path) -> None:
    """Whatever is at its place is removed, and so is the file at its end."""
    path = tmp_path / "states.sqlite"
    path.write_bytes(b"half of something")
    (tmp_path / "states.sqlite-wal").write_bytes(b"more of it")
    world = World(3)
    with StateFile(path) as file:
        root = [world.change() for _ in range(5)][-1]
        file.move([root], world.entries)
        assert path.exists() and file[root] == world.entries[root]
    assert list(tmp_path.iterdir()) == []
    path.mkdir()
    with pytest.raises(StorageError, match="the file of the machine's states cannot be opened"):
        StateFile(path)


def test_a_node_that_the_disk_has_changed_is_not_used(tmp_path: Path) -> None:
    world = World(4)
    root = [world.change() for _ in range(5)][-1]
    with StateFile(tmp_path / "states.sqlite") as file:
        file.move([root], world.entries)
        with file._transaction() as database:
            database.execute("UPDATE nodes SET data = x'c0' WHERE hash = ?", (root,))
        with pytest.raises(DamagedError, match=f"0x{root.hex()} has another hash.*begun anew"):
            file[root]
        with pytest.raises(DamagedError, match=f"0x{root.hex()} has another hash.*begun anew"):
            file.move([], world.entries)  # nor is it given back, for a later state to use
        with pytest.raises(KeyError):
            file[bytes(32)]
