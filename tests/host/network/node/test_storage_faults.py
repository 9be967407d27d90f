"""Whatever the disk does: no peer is blamed, nothing is half written, and a sentence is left.

Every place that writes is named in `SITES`, and the list is checked against the source.
"""

import ast
import asyncio
import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import rlp
from eth.constants import BLANK_ROOT_HASH, EMPTY_SHA3
from eth_hash.auto import keccak

from proofmill import host
from proofmill.host.ground.database import Database
from proofmill.host.ground.errors import ProofmillError, StorageError
from proofmill.host.ground.owner import Owner
from proofmill.host.network.evm.client import Block
from proofmill.host.network.evm.history import History
from proofmill.host.network.evm.journal import Journal
from proofmill.host.network.evm.node_table import NodeTable
from proofmill.host.network.evm.states import StateFile
from proofmill.host.network.node.archive import Archive
from proofmill.host.network.node.gossip import Gossip, Reception
from proofmill.host.network.node.identity import contexts, new_identity
from proofmill.host.network.node.interchange import write_history
from proofmill.host.network.node.node import (
    ATTEST_MS,
    CONFIRM_MS,
    DeviceSpeed,
    NodeSetup,
)
from proofmill.host.network.node.process import NodeFailure, serve
from proofmill.host.network.node.proven_blocks import ProvenBlocks
from proofmill.host.network.node.slashing_protection import (
    SignedAttestation,
    SignedBlock,
    SlashingProtection,
)
from proofmill.host.network.node.states import State
from proofmill.host.network.node.store import JobKey, JobStore
from proofmill.host.network.node.wire import Topic
from proofmill.host.network.operator.event_log import EventLog
from proofmill.host.network.second_layer.final_blocks import FinalBlock
from proofmill.host.network.transfers.store import TransferStore
from proofmill.host.network.workers.book import Answered, Book
from proofmill.host.network.workers.wire import VERSION, Answer, make_task
from proofmill.host.prover.groth16.zkey import write_zkey
from tests.host.network.node import killed
from tests.host.network.node.chains import KEYS, PROVER, Source, chain_setup
from tests.host.network.node.storage_faults import (
    FAULTS,
    Fault,
    content,
    corrupt,
    full,
    no_byte_more,
)

CHAIN = b"\x07" * 32
KEY = JobKey(b"\x01" * 32, 0, 7)


def block(slot: int) -> SignedBlock:
    return SignedBlock(b"\x01" * 48, slot, b"\x02" * 32)


def vote(target: int) -> SignedAttestation:
    return SignedAttestation(b"\x01" * 48, 1, target, b"\x02" * 32)


def protection(path: Path) -> SlashingProtection:
    made = SlashingProtection(path, CHAIN)
    made.merge([block(1)], [vote(2)])
    return made


def archive(path: Path) -> Archive:
    made = Archive(path)
    made.keep(Topic.BLOCK, b"\x01" * 32, b"a block")
    return made


def jobs(path: Path) -> JobStore:
    made = JobStore(path)
    made.see(JobKey(b"\x02" * 32, 0, 7), 4)
    return made


def journal(path: Path) -> Journal:
    made = Journal(path)
    made.write(b"sent before")
    return made


def transfers(path: Path) -> TransferStore:
    made = TransferStore(path)
    made.keep(b"\x01" * 32, b"a transfer")
    return made


def events(path: Path) -> EventLog:
    made = EventLog(path)
    made.append("end", 3, {"reason": "it was told to"})
    return made


TASKS = [make_task("proof", 1, "key", 1, witness) for witness in (b"one", b"another")]
ANSWER = Answer(VERSION, TASKS[0].identity, b"a proof", "", "cpu", 1.0)


def book(path: Path) -> Book:
    made = Book(path)
    made.open(TASKS[:1])
    made.put_aside("alpha", "a wrong sum")
    return made


def final(number: int) -> Block:
    return Block(number, b"\x01" * 32, b"\x02" * 32, b"\x03" * 32, 12, b"\x04" * 32,
                 b"\x05" * 20, 7, 21_000)


def history(path: Path) -> History:
    made = History(path)
    made.keep([(final(1), [])])
    return made


def final_block(number: int) -> FinalBlock:
    return FinalBlock(number, number + 1, bytes(32), b"header", 0, 0, 0, ())


def proven(path: Path) -> ProvenBlocks:
    made = ProvenBlocks(path)
    made.add([final_block(0)])
    made.keep(0, 1, b"an era")
    return made


def state(number: int) -> dict[bytes, bytes]:
    """A state of one account, whose balance is `number`: its root, and the node."""
    node = bytes(rlp.encode([b"\x20" + bytes(32), rlp.encode(
        [0, number, BLANK_ROOT_HASH, EMPTY_SHA3])]))
    return {bytes(keccak(node)): node}


def states(path: Path) -> StateFile:
    made = StateFile(path)
    made.move(state(1), state(1))
    return made


def other_states(made: StateFile) -> None:
    """Those of another file."""
    rows = [(key, 0, data, 1) for key, data in state(3).items()]
    made.begin(state(3), NodeTable(lambda query, values: rows, lambda query, values: None))


def settle(made: Any) -> None:
    made.settle(bytes(keccak(b"sent before")))


Make, Deed = Callable[[Path], Database], Callable[[Any], Any]
SITES: dict[str, tuple[Make, Deed]] = {
    "Archive.keep": (archive, lambda made: made.keep(Topic.BLOCK, b"\x02" * 32, b"another")),
    "Archive.forget": (archive, lambda made: made.forget(b"\x01" * 32)),
    "JobStore._append": (jobs, lambda made: made.see(KEY, 5)),
    "TransferStore.keep": (transfers, lambda made: made.keep(b"\x02" * 32, b"another")),
    "TransferStore.forget": (transfers, lambda made: made.forget(b"\x01" * 32)),
    "EventLog.append": (events, lambda made: made.append("end", 4, {"reason": ""})),
    "Book.open": (book, lambda made: made.open(TASKS[1:])),
    "Book.take": (book, lambda made: made.take([Answered("beta", ANSWER)])),
    "Book.correct": (book, lambda made: made.correct(ANSWER)),
    "Book.failed": (book, lambda made: made.failed(TASKS[0].identity)),
    "Book.forget": (book, lambda made: made.forget(TASKS[0].identity)),
    "Book.put_aside": (book, lambda made: made.put_aside("beta", "another")),
    "Book.let_in": (book, lambda made: made.let_in("alpha")),
    "ProvenBlocks.add": (proven, lambda made: made.add([final_block(1)])),
    "ProvenBlocks.keep": (proven, lambda made: made.keep(1, 1, b"another")),
    "History.keep": (history, lambda made: made.keep([(final(2), [])])),
    "StateFile.move": (states, lambda made: made.move(state(2), state(2))),
    "StateFile.begin": (states, other_states),
    "Journal.write": (journal, lambda made: made.write(b"raw")),
    "Journal.settle": (journal, settle),
    "SlashingProtection.permit_block": (protection, lambda made: made.permit_block(block(5))),
    "SlashingProtection.permit_attestations": (
        protection, lambda made: made.permit_attestations([vote(5), vote(6)])),
    "SlashingProtection.merge": (protection, lambda made: made.merge([block(5)], [vote(5)])),
}
"""Where the project writes a database: one that has something in it already, and the deed."""
AT_START = {"SlashingProtection.__init__"}
WHOLE_OR_NOTHING = {"FinalStore.keep", "FinalStore.forget"}
"""Where a failed write costs a longer start and no more: test_final_state has them."""


def test_no_place_that_writes_is_forgotten() -> None:
    found = set()
    for path in Path(host.__file__).parent.rglob("*.py"):
        tree = ast.parse(path.read_text())
        if path.parent.name == "bench":
            continue  # scratch files of a measurement
        assert "sqlite3.connect" not in ast.unparse(tree) or path.name == "database.py", path
        for kind in ast.walk(tree):
            if isinstance(kind, ast.ClassDef) and any(
                    base.endswith("Database") for base in map(ast.unparse, kind.bases)):
                found |= {f"{kind.name}.{method.name}" for method in kind.body
                          if isinstance(method, ast.FunctionDef)
                          and "self._transaction" in ast.unparse(method)}
    assert found == set(SITES) | AT_START | WHOLE_OR_NOTHING


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("site", SITES)
def test_a_write_that_fails_leaves_a_sentence_and_nothing_else(
    site: str, fault: Fault, tmp_path: Path
) -> None:
    make, deed = SITES[site]
    path = tmp_path / "file.sqlite"
    with make(path) as made:
        known = made.jobs() if isinstance(made, JobStore) else None
        before = content(path)
        with ExitStack() as undo:
            fault(made, undo)
            with pytest.raises(StorageError) as caught:
                deed(made)
        assert str(path) in str(caught.value) and FAULTS[fault] in str(caught.value)
        # What is in memory does not run ahead of the file, as far as that can be read.
        assert known is None or fault is corrupt or made.jobs() == known
        assert fault is corrupt or content(path) == before
    if fault is not corrupt:
        assert make is states or content(path) == before
        # Once the cause is gone, all goes on: a fault leaves nothing behind.
        with ExitStack() as again:
            kinds = {archive: Archive, jobs: JobStore, journal: Journal, transfers: TransferStore,
                     events: EventLog, book: Book, history: History, proven: ProvenBlocks,
                     states: StateFile}
            opened: Any = again.enter_context(
                SlashingProtection(path, CHAIN) if make is protection else kinds[make](path))
            deed(opened)
            assert content(path) != before


@pytest.mark.parametrize("make", [
    archive, jobs, journal, protection, transfers, events, book, history, states])
def test_what_cannot_be_made_is_no_half_file(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "file.sqlite"
    with no_byte_more(), pytest.raises(StorageError, match="cannot be opened"):
        make(path)
    make(path).close()
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError, match="cannot be opened"):
        make(tmp_path / "folder")


def test_the_node_s_other_files(tmp_path: Path) -> None:
    """Its lock, its key, and an exported history."""
    with no_byte_more(), pytest.raises(StorageError, match="owner.lock: cannot be written"):
        Owner(tmp_path, "node")
    Owner(tmp_path, "node").close()
    identity = new_identity()
    with no_byte_more(), pytest.raises(StorageError, match="identity.pem: cannot be written"):
        contexts(identity, [], tmp_path)
    contexts(identity, [], tmp_path)
    history = tmp_path / "history.json"
    with protection(tmp_path / "slashing.sqlite") as made:
        with no_byte_more(), pytest.raises(ProofmillError, match="cannot be written"):
            write_history(made, history)
        assert [each.name for each in tmp_path.glob("history*")] == []
        write_history(made, history)


# A whole node, over its real protocol: a clock, a peer, and a disk that fails.

@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    """A chain of one slot: what the peer sends."""
    made = Source(tmp_path_factory.mktemp("source"), lambda topic, data: None)
    made.confirm(0)
    made.slot(1)
    yield made
    made.close()


@pytest.fixture(scope="module")
def zkey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("key") / "block.zkey"
    write_zkey(path, killed.KEY)
    return path


class Peer:
    """A node with one honest peer, which is told everything that the node can blame it for."""

    def __init__(self, folder: Path, zkey: Path, own: bool) -> None:
        identity, self.identity = new_identity(), new_identity()
        self.setup = NodeSetup(
            "node 0", folder, identity, {"peer": self.identity.certificate}, chain_setup(),
            tuple(range(len(KEYS))) if own else (), PROVER if own else None,
            KEYS[PROVER] if own else None, DeviceSpeed("cpu", "cpu", 500), zkey)
        (folder / "peer").mkdir()
        self.gossip = Gossip(
            {identity.name: "node 0"}, lambda topic, data, name: (Reception.ACCEPT, ""),
            contexts(self.identity, [identity.certificate], folder / "peer"))
        self.ours, self.theirs = multiprocessing.Pipe()

    async def ask(self, *command: Any) -> Any:
        self.ours.send(command)
        return await self.answer()

    async def answer(self) -> Any:
        def receive() -> Any:
            assert self.ours.poll(30), "the node says nothing and goes on"
            return self.ours.recv()

        return await asyncio.to_thread(receive)

    async def play(self, script: Callable[["Peer"], Any]) -> tuple[Any, int]:
        """The node's last words and exit status."""
        task = asyncio.create_task(serve(self.setup, self.theirs))
        first = await self.answer()
        if not isinstance(first, NodeFailure):
            await self.gossip.start()
            await self.gossip.connect(first[1])
            first = await script(self)
        if not isinstance(first, NodeFailure):
            first = await self.answer()
        await self.gossip.close()
        return first, await task


async def duties(peer: Peer) -> Any:
    """Slot 1 of a node with all validators and a prover: everything it keeps, it keeps here."""
    answer = None
    for slot, milliseconds in ((0, CONFIRM_MS), (1, 0), (1, ATTEST_MS)):
        answer = await peer.ask("tick", slot, milliseconds)
        if isinstance(answer, NodeFailure):
            break
    return answer


def told(source: Source) -> Callable[[Peer], Any]:
    async def script(peer: Peer) -> Any:
        """The peer sends the block of slot 1, and its payload."""
        await peer.ask("tick", 1, 0)
        for topic in (Topic.BLOCK, Topic.ENVELOPE):
            peer.gossip.publish(topic, source.sent[topic][0])

    return script


async def start_again(peer: Peer) -> Any:
    """What was kept does not verify, and is to be forgotten."""
    return await peer.ask("resume", 1, 0)


MADE = "JobStore._append of a proof that is made, between two commands"
IN_A_NODE = {
    "Archive.keep": Archive, "Archive.keep of a peer's block": Archive, "Archive.forget": Archive,
    "JobStore._append": JobStore, MADE: JobStore, "TransferStore.keep": TransferStore,
    "SlashingProtection.permit_block": SlashingProtection,
    "SlashingProtection.permit_attestations": SlashingProtection,
}


@pytest.mark.parametrize("fault", [
    pytest.param(fault, marks=[] if fault is full else pytest.mark.slow, id=fault.__name__)
    for fault in FAULTS])
@pytest.mark.parametrize("site", IN_A_NODE)
def test_a_node_ends_with_a_sentence_and_blames_nobody(
    site: str, fault: Fault, source: Source, zkey: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
) -> None:
    kind, name = IN_A_NODE[site], site.split()[0].split(".")[1]
    right, hit = getattr(kind, name), []

    def wrong(self: Any, *arguments: Any) -> Any:
        if hit or (site is MADE and arguments[-1].state is not State.SELF_VERIFIED):
            return right(self, *arguments)
        hit.append(self.path)
        with ExitStack() as undo:
            fault(self, undo)
            return right(self, *arguments)

    monkeypatch.setattr(kind, name, wrong)
    blamed: list[tuple[str, str]] = []
    monkeypatch.setattr(Gossip, "fault", lambda self, who, points, why: blamed.append((who, why)))
    if site == "Archive.forget":
        with Archive(tmp_path / "blocks.sqlite") as kept:
            kept.keep(Topic.BLOCK, b"\x01" * 32, b"spoilt")
    script = {"Archive.forget": start_again,
              "Archive.keep of a peer's block": told(source)}.get(site, duties)
    peer = Peer(tmp_path, zkey, own=script is duties)
    ended, status = asyncio.run(peer.play(script))
    assert hit and status == 2 and blamed == []
    assert str(hit[0]) in ended.reason and FAULTS[fault] in ended.reason
    assert capfd.readouterr().err == ""    # the devnet says it, and nobody else


def test_a_mistake_of_the_program_blames_nobody_either(
    source: Source, zkey: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def mistaken(self: Any, *arguments: Any) -> str:
        raise KeyError("something of this node's own")

    layer = "proofmill.host.network.second_layer.execution_layer.EvmExecutionLayer"
    monkeypatch.setattr(f"{layer}._execute", mistaken)
    blamed: list[tuple[str, str]] = []
    monkeypatch.setattr(Gossip, "fault", lambda self, who, points, why: blamed.append((who, why)))
    peer = Peer(tmp_path, zkey, own=False)
    ended, status = asyncio.run(peer.play(told(source)))
    assert status == 1 and blamed == []
    assert ended.reason.startswith("OwnFault: ") and "KeyError" in ended.trace
    capfd.readouterr()
