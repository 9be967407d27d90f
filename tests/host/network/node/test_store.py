"""The log of a node: what may follow what, what a start finds again, what is refused."""

import sqlite3
from itertools import product
from pathlib import Path

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.node.states import ARROWS, FINAL, State
from proofmill.host.network.node.store import IllegalArrow, JobKey, JobStore

KEY = JobKey(b"\x01" * 32, 0, 7)
DATA = {State.SELF_VERIFIED: b"proof", State.SIGNED: b"signed"}


def route(goal: State) -> list[State]:
    """The states after SEEN on a shortest way to `goal`."""
    routes: dict[State, list[State]] = {State.SEEN: []}
    queue = [State.SEEN]
    while goal not in routes:
        state = queue.pop(0)
        if state in FINAL:  # what follows depends on what the job had come to
            continue
        for following in sorted(ARROWS[state], key=lambda s: s.name):
            if following not in routes:
                routes[following] = [*routes[state], following]
                queue.append(following)
    return routes[goal]


def bring(store: JobStore, goal: State) -> None:
    store.see(KEY, 5)
    for state in route(goal):
        store.advance(KEY, state, data=DATA.get(state))


@pytest.mark.parametrize("before", State)
def test_only_the_arrows_are_legal(tmp_path: Path, before: State) -> None:
    path = tmp_path / "jobs.sqlite"
    with JobStore(path) as store:
        bring(store, before)
        count = len(list(store.events()))
        for state in set(State) - ARROWS[before]:
            with pytest.raises(IllegalArrow, match=f"{state.name} may not follow {before.name}"):
                store.advance(KEY, state, data=DATA.get(state))
        assert len(list(store.events())) == count
    # And what was written is found again.
    with JobStore(path) as store:
        job = store.job(KEY)
        assert job is not None and (job.state, job.slot) == (before, 5)
        assert (store.unfinished() == []) == (before in FINAL)
        if before in (State.SIGNED, State.BROADCAST, State.INCLUDED, State.MATURED):
            assert (job.proof, job.signed) == (b"proof", b"signed")


def test_data_belong_to_two_states(tmp_path: Path) -> None:
    with JobStore(tmp_path / "jobs.sqlite") as store:
        bring(store, State.PROVING)
        with pytest.raises(IllegalArrow, match="SELF_VERIFIED without data"):
            store.advance(KEY, State.SELF_VERIFIED)
        with pytest.raises(IllegalArrow, match="STALE with data"):
            store.advance(KEY, State.STALE, data=b"")
        with pytest.raises(IllegalArrow, match="may not follow nothing"):
            store.advance(JobKey(b"\x02" * 32, 0, 7), State.ELIGIBLE)


def test_jobs_differ_by_payload_type_and_prover(tmp_path: Path) -> None:
    keys = [JobKey(bytes([a]) * 32, b, c) for a, b, c in product((1, 2), (0, 1), (3, 4))]
    with JobStore(tmp_path / "jobs.sqlite") as store:
        for key in keys * 2:
            store.see(key, 1)
        assert [job.key for job in store.jobs()] == keys
        assert len(list(store.events())) == len(keys)


def test_it_is_durable(tmp_path: Path) -> None:
    with JobStore(tmp_path / "jobs.sqlite") as store:
        database = store._database
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert database.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_the_log_cannot_be_rewritten(tmp_path: Path) -> None:
    with JobStore(tmp_path / "jobs.sqlite") as store:
        store.see(KEY, 1)
        for statement in ("DELETE FROM events", "UPDATE events SET state = 'matured'"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                store._database.execute(statement)


@pytest.mark.parametrize("state", [State.BROADCAST, State.INCLUDED])
def test_what_was_never_signed_was_never_sent(tmp_path: Path, state: State) -> None:
    with JobStore(tmp_path / "jobs.sqlite") as store:
        store.see(KEY, 5)
        store.advance(KEY, State.STALE)
        with pytest.raises(IllegalArrow, match=f"{state.name} without a signed message"):
            store.advance(KEY, state)


def test_what_is_no_log_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    path.write_bytes(b"this is a text, not a database, and long enough to be looked at" * 20)
    with pytest.raises(ProofmillError, match="not a job log"):
        JobStore(path)
    with pytest.raises(ProofmillError, match="the job log cannot be opened"):
        JobStore(tmp_path / "nowhere" / "jobs.sqlite")
    other = tmp_path / "other.sqlite"
    JobStore(other).close()
    with sqlite3.connect(other) as database:
        database.execute("PRAGMA user_version = 9")
    database.close()
    with pytest.raises(ProofmillError, match="version 9"):
        JobStore(other)


def test_a_log_with_an_impossible_story_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    with JobStore(path) as store:
        store.see(KEY, 1)
        with store._database:
            store._database.execute(
                "INSERT INTO events (root, proof_type, prover, slot, state, reason, unix_seconds) "
                "VALUES (?, 0, 7, 1, 'matured', '', 0)", (KEY.root,))
    with pytest.raises(ProofmillError, match="event 2 .* MATURED after SEEN"):
        JobStore(path)


def test_ended_jobs_leave_memory_and_are_known_still(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proofmill.host.network.node.store.MOST_ENDED", 2)
    keys = [JobKey(bytes([number]) * 32, 0, 7) for number in range(9, 0, -1)]
    with JobStore(tmp_path / "jobs.sqlite") as store:
        for slot, key in enumerate(keys):
            store.see(key, slot)
            if slot % 3:
                store.advance(key, State.STALE, f"slot {slot}")
        assert len(store._ended) == 2
        first = store.job(keys[1])
        assert first is not None and (first.state, first.reason) == (State.STALE, "slot 1")
        assert store.see(keys[1], 1) == first and len(store._ended) == 2
        assert [job.slot for job in store.unfinished()] == [0, 3, 6]
        assert store.advance(keys[1], State.SEEN, "another branch").state is State.SEEN
        assert store.job(JobKey(bytes(32), 0, 7)) is None
        all_jobs = store.jobs()
        assert [job.key for job in all_jobs] == keys
    with JobStore(tmp_path / "jobs.sqlite") as again:
        assert again.jobs() == all_jobs and again._ended == {}
        assert [job.slot for job in again.unfinished()] == [0, 1, 3, 6]


def test_signed_messages_newest_first(tmp_path: Path) -> None:
    path = (State.ELIGIBLE, State.ADMITTED, State.WITNESS, State.PROVING)
    keys = [JobKey(bytes([number]) * 32, 0, 7) for number in range(3)]
    with JobStore(tmp_path / "jobs.sqlite") as store:
        for slot, key in enumerate(keys):
            store.see(key, slot)
            for state in path:
                store.advance(key, state)
            store.advance(key, State.SELF_VERIFIED, data=b"proof")
            store.advance(key, State.SIGNED, data=b"message %d" % slot)
        store.advance(keys[0], State.STALE)
        store.advance(keys[0], State.SELF_VERIFIED, data=b"proof")
        store.advance(keys[0], State.SIGNED, data=b"again")
        assert list(store.signed()) == [
            (keys[0], b"again"), (keys[2], b"message 2"), (keys[1], b"message 1")]
