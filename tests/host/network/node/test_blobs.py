"""Blobs in the blocks of a node's validators: made in time, sent, checked, and kept."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from proofmill.host.network.consensus.data_columns import BlockColumns
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.node import blobs
from proofmill.host.network.node.admission import Liability, beside
from proofmill.host.network.node.archive import Archive
from proofmill.host.network.node.beside import at_once
from proofmill.host.network.node.blobs import (
    DUE_MS,
    BlobMaker,
    BlobSetup,
    DeviceTime,
    Made,
    OwnTime,
    make,
)
from proofmill.host.network.node.catch_up import CatchUp
from proofmill.host.network.node.follower import (
    BLOCK_UNKNOWN,
    COLUMNS_MISSING,
    SLOT_MS,
    Follower,
)
from proofmill.host.network.node.gossip import Reception
from proofmill.host.network.node.patience import PatientProver, held_up
from proofmill.host.network.node.prover import NodeProver
from proofmill.host.network.node.range_messages import BlockRange, RangeRequest
from proofmill.host.network.node.states import State
from proofmill.host.network.node.wire import Topic
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.kzg.functions import blob_to_kzg_commitment
from proofmill.host.prover.kzg.sums import ON_PROCESSOR, ProcessorSums
from tests.host.network.node import killed
from tests.host.network.node.chains import KEYS, SEED, Source, follower

make_once = cache(make)
"""Each test's chain has the same blobs."""


@pytest.fixture(scope="module", autouse=True)
def kept() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blobs, "make", lambda sums, seed, slot, count, start: make_once(
            ON_PROCESSOR, seed, slot, count, start - start))
        yield


OWN = frozenset(range(len(KEYS)))


def maker(source: Source, time: DeviceTime | None = None) -> BlobMaker:
    """What makes the blobs of a source's blocks, which have them from then on."""
    made = BlobMaker(BlobSetup(1, SEED, blob_ms=350), OWN, source.follower,
                     time or OwnTime(lambda: source.follower.now_ms), at_once)
    source.validators._blobs = made
    return made


def work(source: Source, made: BlobMaker) -> Callable[[int, int], None]:
    """What a node does at every step of the clock, before its validators do."""
    def step(slot: int, milliseconds: int) -> None:
        made.work()
        source.validators.reveal()
    return step


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> tuple[Source, BlobMaker, list[Any]]:
    """A chain of two slots with a blob each, and what was sent, in order."""
    sent: list[tuple[Topic, bytes, int]] = []
    source = Source(tmp_path_factory.mktemp("source"), lambda topic, data: sent.append(
        (topic, data, source.follower.now_ms)))
    made = maker(source)
    source.confirm(0, work(source, made))
    for slot in (1, 2):
        source.slot(slot, work(source, made))
    return source, made, sent


def of(heard: tuple[Source, BlobMaker, list[Any]], topic: Topic, number: int = 0) -> bytes:
    return [data for kind, data, _ in heard[2] if kind is topic][number]


def test_every_block_brings_blobs_that_peers_have_checked(
        heard: tuple[Source, BlobMaker, list[Any]]) -> None:
    source, made, sent = heard
    peer = follower()
    for topic, data, now in sent:
        if now != peer.now_ms:
            peer.tick(*divmod(now, SLOT_MS))
        peer.head()  # as a node asks for it at every step
        assert peer.take(topic, data, "peer")[0] in (Reception.ACCEPT, Reception.KEEP)
    assert peer.head().root == source.follower.head().root
    block = peer.store.blocks[peer.head().root]
    bid = block.body.signed_execution_payload_bid.message
    assert [bytes(each) for each in bid.blob_kzg_commitments] == [
        blob_to_kzg_commitment(blobs.blob_data(SEED, 2, 0))]
    payload = peer.store.payloads[peer.head().root].payload
    assert int(payload.blob_gas_used) == 131_072
    order = [topic for topic, *_ in sent if topic in (Topic.BLOCK, Topic.COLUMNS, Topic.ENVELOPE)]
    assert order == [Topic.BLOCK, Topic.COLUMNS, Topic.ENVELOPE] * 2
    report = made.report
    assert (report.blocks, report.blobs, report.cells, report.late, report.left_out) == (
        2, 2, 256, 0, 0)
    assert report.milliseconds == 3 * 350 and report.seconds > 0   # the third slot's are made too


def test_a_payload_waits_for_its_cells(heard: tuple[Source, BlobMaker, list[Any]]) -> None:
    peer = follower()
    peer.tick(1, 0)
    block, columns, envelope = (of(heard, topic) for topic in (
        Topic.BLOCK, Topic.COLUMNS, Topic.ENVELOPE))
    assert peer.take(Topic.COLUMNS, columns, "peer") == (Reception.IGNORE, BLOCK_UNKNOWN)
    assert peer.take(Topic.BLOCK, block, "peer")[0] is Reception.ACCEPT
    assert peer.take(Topic.ENVELOPE, envelope, "peer") == (Reception.IGNORE, COLUMNS_MISSING)
    assert peer.take(Topic.COLUMNS, columns, "peer")[0] is Reception.ACCEPT
    assert peer.take(Topic.COLUMNS, columns, "peer")[0] is Reception.KEEP
    assert peer.take(Topic.ENVELOPE, envelope, "peer")[0] is Reception.ACCEPT
    assert peer.take(Topic.COLUMNS, columns, "peer")[0] is Reception.KEEP


def changed(columns: BlockColumns, how: str) -> None:
    first, second = columns.sidecars[0], columns.sidecars[1]
    match how:
        case "a cell":
            cell = bytearray(first.column[0])
            cell[40] ^= 1
            first.column[0] = bytes(cell)
        case "a proof":
            first.kzg_proofs[0] = second.kzg_proofs[0]
        case "no point":
            first.kzg_proofs[0] = b"\x01" * 48
        case "an index":
            first.index = 1
        case "fewer":
            columns.sidecars.pop()
        case "no cells":
            first.column.pop()
        case "a slot":
            first.slot = 2
        case "a block":
            second.beacon_block_root = spec.Root(b"\x01" * 32)


@pytest.mark.parametrize(("how", "reason"), [
    ("a cell", "a proof of a cell does not hold"), ("a proof", "a proof of a cell does not hold"),
    ("no point", "proof"), ("an index", "not the 128 columns"), ("fewer", "not the 128 columns"),
    ("no cells", "column 0 has not a cell and a proof of each blob"),
    ("a slot", "column 0 is of another block"), ("a block", "column 1 is of another block")])
def test_wrong_columns_are_rejected(heard: tuple[Source, BlobMaker, list[Any]], how: str,
                                    reason: str) -> None:
    peer = follower()
    peer.tick(1, 0)
    peer.take(Topic.BLOCK, of(heard, Topic.BLOCK), "peer")
    columns = BlockColumns.decode_bytes(of(heard, Topic.COLUMNS))
    changed(columns, how)
    verdict, said = peer.take(Topic.COLUMNS, bytes(columns.encode_bytes()), "peer")
    assert verdict is Reception.REJECT and reason in said
    assert peer.take(Topic.COLUMNS, of(heard, Topic.COLUMNS), "peer")[0] is Reception.ACCEPT


def test_the_blobs_of_a_restarted_node_are_in_its_archive(
        heard: tuple[Source, BlobMaker, list[Any]], tmp_path: Path) -> None:
    source, _, sent = heard
    with Archive(tmp_path / "blocks.sqlite") as archive:
        for topic, root, data in source.archive.messages():
            archive.keep(topic, root, data)
        again = follower(archive)
        again.tick(source.follower.slot, source.follower.milliseconds)
        assert again.load() == 2
        assert again.head().root == source.follower.head().root
        stored = archive.part(bytes(again.head().root), Topic.COLUMNS)
        assert stored == of(heard, Topic.COLUMNS, 1)


def test_who_was_away_gets_the_cells_with_the_blocks(
        heard: tuple[Source, BlobMaker, list[Any]]) -> None:
    """And looks at no payload without them."""
    source, late, answers = heard[0], follower(), list[bytes]()
    late.tick(source.follower.slot, source.follower.milliseconds)
    serving, asking = (CatchUp(each, source.archive, lambda peer, topic, data: None,
                               lambda peer, topic, data: answers.append(data),
                               lambda peer, reason: None) for each in (source.follower, late))
    serving.take(Topic.RANGE_REQUEST, bytes(RangeRequest(
        identifier=1, head_root=source.follower.head().root, start_slot=1,
        count=2).encode_bytes()), "late")
    first, second = BlockRange.decode_bytes(answers[0]).blocks
    whole = first.copy()
    first.columns.pop()
    assert asking._learn(first, "peer") == "" and not late.has(bytes(spec.hash_tree_root(
        first.block.message)), full=True)
    assert asking._learn(whole, "peer") == asking._learn(second, "peer") == ""
    assert late.head().root == source.follower.head().root and asking.fetched == 2


def test_a_payload_has_the_blobs_that_the_block_commits_to(
        heard: tuple[Source, BlobMaker, list[Any]]) -> None:
    """As Engine API's `is_valid_versioned_hashes`: of its transactions, in their order."""
    layer = heard[0].follower.execution_layer
    envelope = spec.SignedExecutionPayloadEnvelope.decode_bytes(of(heard, Topic.ENVELOPE)).message
    request = spec.NewPayloadRequest(
        execution_payload=envelope.payload, versioned_hashes=[
            spec.kzg_commitment_to_versioned_hash(spec.KZGCommitment(each))
            for each in (blob_to_kzg_commitment(blobs.blob_data(SEED, 1, 0)),)],
        parent_beacon_block_root=envelope.parent_beacon_block_root,
        execution_requests=envelope.execution_requests)
    assert layer.is_valid_versioned_hashes(request)
    for wrong in ([], request.versioned_hashes * 2, [spec.VersionedHash(b"\x01" * 32)]):
        assert not layer.verify_and_notify_new_payload(replace(request, versioned_hashes=wrong))
        assert "blobs" in layer.refusal


FAKE = Made((b"\xc0" + bytes(47),), (), 0, 0, 0.5)


@pytest.fixture
def instant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blobs that are made at once, of as many commitments as are asked for."""
    monkeypatch.setattr(blobs, "make", lambda sums, seed, slot, count, *more: replace(
        FAKE, commitments=FAKE.commitments * count))


def alone(listener: Follower, count: int, blob_ms: int) -> BlobMaker:
    return BlobMaker(BlobSetup(count, SEED, blob_ms=blob_ms), OWN, listener,
                     OwnTime(lambda: listener.now_ms), at_once)


@pytest.mark.parametrize(("blob_ms", "committed", "revealed_ms", "left_out"), [
    (2_000, 3, 0, 0),        # 6 s of work in 9: there at the slot's beginning
    (2_600, 3, 3_000, 0),    # 7.8 s: the block is there in time, its payload in the middle
    (3_000, 2, 0, 1),        # planned with a tenth more, three would take 9.9 s
    (9_000, 0, None, 3)])    # one would
@pytest.mark.usefixtures("instant")
def test_what_cannot_be_in_time_is_left_out(
        blob_ms: int, committed: int, revealed_ms: int | None, left_out: int
        ) -> None:
    listener = follower()
    made = alone(listener, 3, blob_ms)
    listener.tick(1, 0)
    made.work()
    listener.tick(2, 0)
    assert len(made.commitments(2)) == committed
    for milliseconds in (0, 1_500, 3_000):
        listener.tick(2, milliseconds)
        if committed and made.columns(bytes(32), 2) is not None:
            assert milliseconds == revealed_ms
            break
    else:
        assert revealed_ms is None
    report = made.report
    assert (report.left_out, report.late, report.blobs) == (left_out, 0, committed)


@pytest.mark.usefixtures("instant")
def test_cells_that_come_after_they_are_due_are_late() -> None:
    """The device took longer than it had been planned with."""
    listener = follower()
    waiting: Future[Made] = Future()
    made = BlobMaker(BlobSetup(1, SEED), OWN, listener, OwnTime(lambda: listener.now_ms),
                     lambda work: waiting)
    listener.tick(1, 0)
    made.work()
    assert made.busy
    waiting.set_result(replace(FAKE, commitment_cycles=100_000_000, cycles=950_000_000))
    listener.tick(2, 0)
    made.work()
    assert made.commitments(2) == FAKE.commitments and not made.busy
    listener.tick(2, DUE_MS)
    assert made.columns(bytes(32), 2) is None
    listener.tick(2, 4_500)
    assert made.columns(bytes(32), 2) is not None
    made.missed(3)
    assert made.report.late == 2


@pytest.mark.usefixtures("instant")
def test_who_proposes_is_owed_before_it_begins() -> None:
    listener = follower()
    made = BlobMaker(BlobSetup(2, SEED, blob_ms=100), frozenset({
        int(listener.head_state().proposer_lookahead[3])}), listener,
        OwnTime(lambda: listener.now_ms), at_once)
    listener.tick(1, 0)
    (owed,) = [each for each in made.owed() if each.name == "the blobs of slot 3"]
    assert owed == Liability("the blobs of slot 3", 2 * SLOT_MS, 3 * SLOT_MS + DUE_MS, 220)
    listener.tick(2, 0)
    made.work()
    assert "the blobs of slot 3" not in {each.name for each in made.owed()}


def test_a_device_that_fails_leaves_the_blobs_to_the_processor(
        monkeypatch: pytest.MonkeyPatch) -> None:
    listener = follower()
    asked: list[str] = []

    class Broken:
        cycles = 0

        def close(self) -> None:
            asked.append("closed")

    def made_by(sums: object, *rest: Any) -> Made:
        asked.append(type(sums).__name__)
        if isinstance(sums, Broken):
            raise blobs.DeviceError("no answer")
        return replace(FAKE, fault=rest[-1])

    monkeypatch.setattr(blobs, "make", made_by)
    monkeypatch.setattr(blobs, "open_sums", lambda name, threads: Broken())
    made = BlobMaker(BlobSetup(1, SEED, "model"), OWN, listener, OwnTime(lambda: listener.now_ms),
                     at_once)
    listener.tick(1, 0)
    made.work()
    made.close()
    assert asked == ["Broken", "ProcessorSums", "closed"]
    assert made.report.milliseconds == 500 and made.report.cycles == 0


def test_a_wrong_sum_of_a_device_is_noticed() -> None:
    class Wrong(ProcessorSums):
        cycles = 1

        def sums_of_rows(self, points: bytes, places: Any, scalars: bytes, row: int,
                         progress: Any = None) -> bytes:
            found = super().sums_of_rows(points, places, scalars, row, progress)
            return found[96:] + found[:96]

    with pytest.raises(blobs.DeviceError, match="a proof of a cell does not hold"):
        make(Wrong(1), SEED, 1, 1, 0.0)


def test_no_block_is_late_because_a_proof_runs(tmp_path: Path) -> None:
    """A proof takes far longer than it was planned with, and the cells of every slot's block are
    there in time all the same: the device does them first, and the proof goes on after them."""
    source = Source(tmp_path, lambda topic, data: None)
    slow = PatientProver(killed.KEY, [CpuDevice(threads=1)], killed.CIRCUIT.r1cs,
                         took=lambda result: 14_000)
    source.prover = NodeProver(
        replace(source.prover.setup, prover=slow, speed=lambda result: 14_000), source.follower,
        source.jobs, source.send, others=lambda: made.owed())
    made = maker(source, source.prover)
    step = work(source, made)
    source.confirm(0, step)
    source.slot(1, step)
    (due,) = source.prover._done_at_ms.values()
    assert due == SLOT_MS + 1_500 + 14_000    # begun at the step after the cells of slot 2
    assert due > 3 * SLOT_MS + DUE_MS         # for which those of slot 3 cannot wait
    source.slot(2, step)
    assert list(source.prover._done_at_ms.values()) == [due + 350]
    source.slot(3, step)
    (job,) = [each for each in source.jobs.jobs() if each.proof is not None]
    assert job.state is State.BROADCAST
    report = made.report
    assert (report.blocks, report.late, report.left_out) == (3, 0, 0)


def test_a_proof_on_an_accelerator_is_interrupted_between_its_sums(tmp_path: Path) -> None:
    source = Source(tmp_path, lambda topic, data: None)
    prover, device = source.prover, source.prover.setup.prover.reserve(0)
    assert device is not None
    source.follower.tick(1, 0)
    prover._steps.append(40)
    assert prover.interrupt("blobs") == SLOT_MS + 40
    assert prover._free_at_ms() == []
    prover.go_on("blobs", SLOT_MS + 240)
    assert device.other_work == [(SLOT_MS + 40, SLOT_MS + 240)] and not device.lent
    prover.setup.prover._release(device, SLOT_MS + 500)
    assert device.working_until_ms == SLOT_MS + 700
    assert prover.interrupt("more") == SLOT_MS + 40   # what it has made is not there yet
    prover.go_on("more", SLOT_MS + 60)
    assert device.working_until_ms == SLOT_MS + 720
    source.follower.tick(2, 0)
    assert prover.interrupt("last") == 2 * SLOT_MS    # it does nothing
    prover.go_on("last", 2 * SLOT_MS + 10)
    assert prover._free_at_ms() == [2 * SLOT_MS + 10]


def test_what_other_work_takes_is_planned() -> None:
    assert held_up(100, [(100, 150), (40, 50), (105, 115)]) == 120
    job = Liability("slot 1", 0, 1_000, 100)
    others = [Liability("blobs", 200, 400, 30), Liability("blobs", 999, 1_400, 5),
              Liability("blobs", 1_000, 1_400, 7)]
    assert beside(job, others) == replace(job, deadline_ms=965)
