"""A node goes on from its last kept final state, as one that has checked every block."""

import json
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from random import Random

import pytest

from proofmill.host.ground import content_digest
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.evm.history import HISTORY, History
from proofmill.host.network.evm.sweep import reachable
from proofmill.host.network.mechanism.kept import KeptLedger
from proofmill.host.network.node import final_store
from proofmill.host.network.node.archive import BLOCKS, Archive
from proofmill.host.network.node.beginning import FinalStates
from proofmill.host.network.node.final_state import FinalCodec, FinalPoint, FinalState
from proofmill.host.network.node.final_store import FINAL, FinalStore
from proofmill.host.network.node.follower import Follower
from proofmill.host.network.node.gossip import Reception
from proofmill.host.network.node.node import CONFIRM_MS
from proofmill.host.network.node.wire import Topic
from tests.host.network.node.chains import Source, chain_setup

SLOTS, MORE = 34, 7
"""Slots with a final state of epoch 2, and those until epoch 3 is final as well."""
EMPTY = {13, 16, 20}
"""Slots without a block: the first of the final epoch is one of them."""


@dataclass
class Life:
    """One life of a node in `folder`: what it follows, and whether it began at a final state."""

    folder: Path
    files: ExitStack
    states: FinalStates
    follower: Follower
    checked: int = 0

    @classmethod
    def begin(cls, folder: Path, slot: int) -> "Life":
        files = ExitStack()
        states = FinalStates(folder, chain_setup(), files)
        follower = states.begin(files.enter_context(Archive(folder / BLOCKS)),
                                files.enter_context(History(folder / HISTORY)))
        life = cls(folder, files, states, follower)
        follower.tick(slot, CONFIRM_MS)
        life.checked = follower.load()
        return life


class Chain:
    """A node with all validators that keeps its final states, and whoever listens to it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.files = folder, ExitStack()
        self.listening: list[Follower] = []
        self.slot = 0
        self.states = FinalStates(folder, chain_setup(), self.files)
        self.source = Source(folder, self.hear, begun=lambda archive: self.states.begin(
            archive, self.files.enter_context(History(folder / HISTORY))))
        self.source.confirm(0)

    def hear(self, topic: Topic, data: bytes) -> None:
        for each in self.listening:
            assert each.take(topic, data, "source")[0] is not Reception.REJECT

    def go_on(self, slots: int) -> None:
        for slot in range(self.slot + 1, self.slot + slots + 1):
            self.source.slot(slot, lambda slot, ms: [
                each.tick(slot, ms) for each in self.listening], empty=slot in EMPTY)
            self.states.keep(self.source.follower)
            self.slot = slot

    def copied(self, to: Path) -> Path:
        """What a power cut would leave now."""
        shutil.copytree(self.folder, to)
        return to


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    made = Chain(tmp_path_factory.mktemp("chain"))
    made.go_on(SLOTS)
    yield made
    made.source.close()
    made.files.close()


def store_of(folder: Path, chain: Chain) -> FinalStore:
    setup = chain_setup()
    return FinalStore(folder / FINAL, FinalCodec(setup.parameters, setup.size),
                      chain.source.follower.genesis_root)


def said(follower: Follower) -> dict[str, object]:
    """All that a follower says of its chain."""
    head, evm, execution = follower.head(), follower.execution_layer.evm, follower.execution_layer
    follower.check_contracts()
    ledger = follower._branches.ledger(follower._tip())
    return {
        "head": (bytes(head.root), int(head.payload_status)),
        "state": bytes(spec.hash_tree_root(follower.head_state())),
        "checkpoints": (follower.store.justified_checkpoint, follower.store.finalized_checkpoint),
        "machine": evm.block(), "earlier": [evm.block(number) for number in range(0, 30)],
        "events": evm.logs(follower.layer.rewards.address),
        "receipts": [receipt for executed in evm.branch(evm.head)
                     for receipt in executed.receipts],
        "transfers": follower.ledger().root,
        "coins": execution.coins(evm.head), "certificates": follower.certificates(),
        "mechanism": {name: value for name, value in vars(ledger).items() if name != "standing"},
        "account": follower.whole_account(), "branch": follower.branch(),
        "minted": follower._branches.minted_wei(follower._tip(), follower._told_final()),
        "divided": execution.divided(bytes(head.root)),
        "included": follower.included_attestations(head),
        "final": [follower.is_final(facts.request_root) for facts in follower.branch()],
        "provable": [follower.proof_engine.payload(facts.request_root)
                     for facts in follower.recent()],
        "delays": {facts.slot: follower.delay(facts.slot) for facts in follower.recent()},
        "nonce": follower.final_nonce(chain_setup().provers[0].owner),
    }


def test_it_goes_on_as_one_that_has_checked_every_block(chain: Chain, tmp_path: Path) -> None:
    """Its first block is the one after the last final payload; then both hear the same."""
    kept = Life.begin(chain.copied(tmp_path / "kept"), SLOTS)
    folder = chain.copied(tmp_path / "all")
    for path in folder.glob(f"{FINAL}*"):
        path.unlink()
    every = Life.begin(folder, SLOTS)
    assert (kept.states.begun, every.states.begun) == (True, False)
    blocks = SLOTS - len(EMPTY)
    assert every.checked == blocks and kept.checked == sum(
        slot not in EMPTY for slot in range(16, SLOTS + 1))
    assert said(kept.follower) == said(every.follower)
    try:
        chain.listening += [kept.follower, every.follower]
        chain.go_on(MORE)
    finally:
        chain.listening.clear()
    # One epoch more is final: who has kept one already waits for more.
    for life, epoch in ((kept, 2), (every, 3)):
        life.states.keep_in_time(life.follower)
        with store_of(life.folder, chain) as store:
            state = store.kept()
            assert state is not None and state.point.epoch == epoch
        life.states.keep(life.follower)
    ours, theirs = said(kept.follower), said(every.follower)
    assert ours == theirs and kept.follower.finalized_epoch == 3
    assert ours["head"] == said(chain.source.follower)["head"]
    same_states(*(matured(store_of(life.folder, chain).kept()) for life in (kept, every)))
    again = Life.begin(kept.folder, SLOTS + MORE)
    assert again.states.begun and said(again.follower) == ours


def matured(state: FinalState | None) -> FinalState:
    """With all rewards matured that are final: an account that was asked for has done so before."""
    assert state is not None
    setup, branches = chain_setup(), state.point.branches
    ledger = branches.run.ledger.ledger(setup.parameters, setup.minimum_bond)
    ledger.finalise(state.facts[-1].slot)
    run = replace(branches.run, ledger=KeptLedger.of(ledger))
    return replace(state, point=replace(state.point, branches=replace(branches, run=run)))


def same_states(ours: FinalState | None, theirs: FinalState | None) -> None:
    assert ours is not None and theirs is not None
    codec = FinalCodec(chain_setup().parameters, chain_setup().size)
    ledgers, ours_of = codec.dump(ours.point)
    assert codec.dump(theirs.point)[0] == ledgers
    for field, mine, other in zip(fields(FinalPoint), ours_of, codec.dump(theirs.point)[1],
                                  strict=True):
        assert mine == other, field.name
    for field in fields(FinalState):
        if field.name not in ("point", "entries"):  # tries may have what nothing needs any more
            assert getattr(ours, field.name) == getattr(theirs, field.name), field.name


class Kept:
    """The file with the state that the chain has kept first, and that state."""

    def __init__(self, chain: Chain, folder: Path) -> None:
        self.chain, self.folder = chain, chain.copied(folder)
        self.path = folder / FINAL
        with store_of(folder, chain) as store:
            state = store.kept()
            assert state is not None
            self.state = replace(state, entries=dict(state.entries))

    def another(self) -> FinalState:
        """A later one: of another block, with other facts and nodes."""
        point = replace(self.state.point, epoch=self.state.point.epoch + 1, root=b"\x07" * 32)
        return replace(self.state, point=point, facts=self.state.facts[2:],
                       executed=self.state.executed[3:])

    def write(self, state: FinalState) -> None:
        """Have this state in the file, written as a node does it."""
        with store_of(self.folder, self.chain) as store:
            store.forget()
            store.keep(state)

    def begin(self) -> tuple[bool, Follower]:
        """Whether a node begins there, and its follower."""
        with ExitStack() as files:
            states = FinalStates(self.folder, chain_setup(), files)
            follower = states.begin(files.enter_context(Archive(self.folder / BLOCKS)),
                                    files.enter_context(History(self.folder / HISTORY)))
            return states.begun, follower


@pytest.fixture
def kept(chain: Chain, tmp_path: Path) -> Kept:
    return Kept(chain, tmp_path / "kept")


def test_after_a_power_cut_in_the_middle_of_writing_the_state_before_is_there(
        kept: Kept, tmp_path: Path) -> None:
    """The file as it is after each part of what is written: never a mixture of two states."""
    later, wal = kept.another(), f"{FINAL}-wal"
    with store_of(kept.folder, kept.chain) as store:
        store.keep(later)
        main, written = kept.path.read_bytes(), (kept.folder / wal).read_bytes()
    found = []
    for part in range(13):
        folder = tmp_path / str(part)
        folder.mkdir()
        (folder / FINAL).write_bytes(main)
        (folder / wal).write_bytes(written[:len(written) * part // 12])
        with store_of(folder, kept.chain) as store:
            state = store.kept()
            assert state is not None
            found.append(state.point.epoch)
            same_states(state, later if state.point.epoch == later.point.epoch else kept.state)
    assert found == sorted(found)
    assert set(found) == {kept.state.point.epoch, later.point.epoch}


def test_what_fails_in_the_middle_of_writing_changes_nothing(
        kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    with store_of(kept.folder, kept.chain) as store:
        with monkeypatch.context() as patch, pytest.raises(KeyError):
            patch.setattr(final_store.NodeTable, "move", lambda *given: {}["a node"])
            store.keep(kept.another())
        same_states(store.kept(), kept.state)


def test_a_flipped_byte_is_seen_wherever_it_is(
        kept: Kept, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The state is not used and the file begun anew, or the byte was none of its content."""
    with store_of(kept.folder, kept.chain) as store:
        store.sync()
    whole, seen = kept.path.read_bytes(), 0
    draw = Random(3)
    for number in range(24):
        folder = tmp_path / str(number)
        folder.mkdir()
        content = bytearray(whole)
        content[draw.randrange(100, len(content))] ^= 1 << draw.randrange(8)
        (folder / FINAL).write_bytes(content)
        with store_of(folder, kept.chain) as store:
            if store.root is None:
                assert "put aside and begun anew" in capsys.readouterr().err
                seen += 1
            else:
                same_states(store.kept(), kept.state)
    assert seen >= 12


def _other_release(kept: Kept) -> None:
    _change_about(kept, release="0.0.9")


def _other_form(kept: Kept) -> None:
    _change_about(kept, shape="0" * 64)


def _other_chain(kept: Kept) -> None:
    _change_about(kept, chain="0" * 64)


def _change_about(kept: Kept, **changes: str) -> None:
    with store_of(kept.folder, kept.chain) as store, store._transaction() as database:
        ((about,),) = database.execute("SELECT about FROM point").fetchall()
        database.execute("UPDATE point SET about = ?", (json.dumps(json.loads(about) | changes),))


def _other_weights(kept: Kept) -> None:
    branches = kept.state.point.branches
    run = replace(branches.run, ledger=replace(
        branches.run.ledger, rho=branches.run.ledger.rho + 1))
    kept.write(replace(kept.state, point=replace(
        kept.state.point, branches=replace(branches, run=run))))


def _other_beacon_state(kept: Kept) -> None:
    state = kept.state.point.state.copy()
    state.balances[0] += 1
    kept.write(replace(kept.state, point=replace(kept.state.point, state=state)))


def _other_account(kept: Kept) -> None:
    """The ledger of transfers: somebody has a unit more."""
    payloads = kept.state.point.payloads
    ledger = payloads[-1].ledger
    number, account = next(iter(ledger.accounts.items()))
    more = ledger.with_account(number, replace(account, balance=account.balance + 1))
    kept.write(replace(kept.state, point=replace(kept.state.point, payloads=(
        *payloads[:-1], replace(payloads[-1], ledger=more)))))


def _missing_node(kept: Kept) -> None:
    with store_of(kept.folder, kept.chain) as store, store._transaction() as database:
        root = kept.state.executed[-1].block.state_root
        assert database.execute("DELETE FROM nodes WHERE hash = ?", (root,)).rowcount == 1


def _no_blocks(kept: Kept) -> None:
    (kept.folder / BLOCKS).unlink()
    with suppress(FileNotFoundError):
        (kept.folder / f"{BLOCKS}-wal").unlink()


def _no_history(kept: Kept) -> None:
    """The machine has handed blocks over that are not there any more."""
    kept.write(replace(kept.state, executed=kept.state.executed[5:]))


@pytest.mark.parametrize(("change", "reason"), [
    (_other_release, r"is of release 0\.0\.9, and this is"),
    (_other_form, "is of another form than this release's"),
    (_other_chain, "is of another chain, or of one with other contracts"),
    (_other_weights, r"does not hold \(BrokenInvariant: .*rho"),
    (_other_beacon_state, r"does not hold \(ValueError: the state is not the one after its block"),
    (_other_account, r"does not hold \(ValueError: the ledger of transfers is not"),
    (_missing_node, r"is damaged \(KeyError"),
    (_no_blocks, r"does not hold \(ValueError: the archive has not the final block's BLOCK"),
    (_no_history, r"is of no use without history\.sqlite"),
], ids=lambda value: value.__name__.strip("_") if callable(value) else "")
def test_what_is_not_this_chains_state_is_told_and_all_blocks_are_checked(
        kept: Kept, change: Callable[[Kept], None], reason: str,
        capsys: pytest.CaptureFixture[str]) -> None:
    """The node begins at genesis, and the next state takes the place of that one."""
    change(kept)
    begun, follower = kept.begin()
    assert not begun and follower.final_root == follower.genesis_root
    said = capsys.readouterr().err
    assert re.search(reason, said) and "all blocks that are kept are checked instead" in said
    assert kept.begin()[0] is False
    with store_of(kept.folder, kept.chain) as store:
        assert store.root is None and store.kept() is None
        store.keep(kept.state)
        same_states(store.kept(), kept.state)


def test_a_file_that_cannot_be_used_stops_nobody(
        kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    """One of a later release, which is left alone; and one that cannot be written."""
    with closing(sqlite3.connect(kept.path)) as database:
        database.execute("PRAGMA user_version = 3")
    assert not kept.begin()[0]
    assert "this node goes on without one" in capsys.readouterr().err
    with closing(sqlite3.connect(kept.path)) as database:
        database.execute("PRAGMA user_version = 2")
    assert kept.begin()[0]
    with ExitStack() as files:
        states = FinalStates(kept.folder, chain_setup(), files)
        follower = states.begin(files.enter_context(Archive(kept.folder / BLOCKS)))
        follower._final_root = b"\x01" * 32
        follower.final_state = lambda: {}["a mistake"]  # type: ignore[method-assign]
        states._due = 0
        states.keep_in_time(follower)  # what is final has not been followed yet
        assert capsys.readouterr().err == ""
        states.keep(follower)
        states.keep(follower)
    said = capsys.readouterr().err
    assert said.count("the final state cannot be kept ('a mistake')") == 1


def test_the_file_has_what_a_state_needs_and_no_more(chain: Chain, kept: Kept) -> None:
    """Of everything else than tries nothing that is older; of those see also `test_states`."""
    later = kept.another()
    with store_of(kept.folder, kept.chain) as store:
        store.keep(later)
        assert set(store._nodes) == reachable(later.entries, later.roots)
        assert dict(store._rows("SELECT kind, count(*) FROM pieces GROUP BY kind")) == {
            kind: len(pieces) for kind, pieces in (
                ("facts", later.facts), ("closed", later.closed), ("executed", later.executed))
            if pieces}
        same_states(store.kept(), later)
        # That of the chain's head: what only the one before needs goes.
        state = chain.source.follower.final_state()
        assert state is not None
        store.keep(replace(state, point=replace(state.point, root=b"\x08" * 32)))
        assert set(store._nodes) == reachable(state.entries, state.roots)


def test_a_file_of_the_first_version_is_begun_anew(
        kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    """Its nodes have no counts: the node checks all blocks once, and keeps a state again."""
    with store_of(kept.folder, kept.chain) as store, store._transaction() as database:
        database.execute("DROP TABLE nodes")
        database.execute("CREATE TABLE nodes (hash BLOB PRIMARY KEY, data BLOB NOT NULL) STRICT")
        for statement in (*content_digest.removal(database), *content_digest.statements(database)):
            database.execute(statement)
        database.execute("PRAGMA user_version = 1")
    assert kept.begin()[0] is False
    assert "is of version 1 and becomes one of version 2" in capsys.readouterr().err
    with store_of(kept.folder, kept.chain) as store:
        store.keep(kept.state)
    assert kept.begin()[0]
