"""The blobs of a node's own blocks: committed to and proven in time, by the device that proves.

Who proposes in a slot is known before it (EIP-7917). A slot earlier the node has its blobs'
commitments computed, which the block has, and the proofs of their cells, which its payload waits
for: the specification wants it by the middle of the slot (`get_payload_due_ms`). This work goes
before proofs of blocks: it begins at the end of the sum that a proof is at, and the proof goes on
after it. So no block is late because a proof runs. Proofs that are taken on are planned around it
(`owed`). What cannot be in time is left out, and the block comes without it.
"""

import logging
from collections.abc import Callable, Collection
from concurrent.futures import Future
from dataclasses import dataclass
from hashlib import shake_256
from time import perf_counter
from typing import Protocol

from proofmill.host.network.consensus.data_columns import (
    COLUMNS,
    BlockColumns,
    CellsAndProofs,
    columns_of,
)
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.node.admission import Calibration, Liability
from proofmill.host.network.node.beside import Beside
from proofmill.host.network.node.follower import SLOT_MS, SLOTS_PER_EPOCH, Follower
from proofmill.host.network.node.validators import proposer_of
from proofmill.host.prover.devices.device import BOARD_HZ, DeviceError
from proofmill.host.prover.kzg import blobs
from proofmill.host.prover.kzg.cells import cells_of, coefficients_of, proofs_of
from proofmill.host.prover.kzg.inputs import blob_of, cell_of, points_of
from proofmill.host.prover.kzg.parameters import BLOB_ELEMENTS, ELEMENT_BYTES
from proofmill.host.prover.kzg.sums import ProcessorSums, Sums, open_sums
from proofmill.host.prover.kzg.verify_cells import Cell, cells_are_valid

log = logging.getLogger(__name__)

DUE_MS = int(spec.get_payload_due_ms())
"""Of a slot, by when a payload and its cells are due."""
FIRST_MS = 250
"""What an accelerator's first blob is planned with."""
COMMITTING = 0.15
"""The part of a blob's time that its commitment takes on a device whose cycles are not counted:
51 of 349 ms by `proofmill bench kzg`."""


@dataclass(frozen=True)
class BlobSetup:
    """What a node's blocks bring: `count` blobs each, whose numbers follow from `seed`.

    `device`: one of `KZG_DEVICES`; `blob_ms`: chain time that it takes for a blob, None where its
    cycles decide (at `BOARD_HZ`).
    """

    count: int
    seed: int
    device: str = "cpu"
    blob_ms: int | None = None


@dataclass(frozen=True)
class BlobReport:
    """What became of a node's blobs. `blocks` and `blobs`: in the chain's messages; `left_out`:
    blobs that could not have been in time; `late`: payloads whose cells came after they were due.

    `milliseconds`: of the device, chain time; `seconds`: that computing took here; `cycles`: of an
    accelerator. `longest_wait_ms`: for the end of the sum that a proof was at.
    """

    blocks: int = 0
    blobs: int = 0
    left_out: int = 0
    late: int = 0
    milliseconds: int = 0
    seconds: float = 0.0
    cycles: int = 0
    longest_wait_ms: int = 0

    @property
    def cells(self) -> int:
        """That were proven and sent."""
        return self.blobs * COLUMNS


@dataclass(frozen=True)
class Made:
    """Blobs that are committed to, and their cells. `fault`: of the device, whose work the
    processor did."""

    commitments: tuple[bytes, ...]
    cells: tuple[CellsAndProofs, ...]
    commitment_cycles: int
    cycles: int
    seconds: float
    fault: str = ""


class DeviceTime(Protocol):
    """The time of a node's device, in milliseconds since genesis."""

    def interrupt(self, name: str) -> int:
        """From when on the device does other work than proofs; nothing else begins until `go_on`.
        """
        ...

    def go_on(self, name: str, end_ms: int) -> None:
        """The other work took until `end_ms`."""
        ...


class OwnTime:
    """Of a device that does nothing else."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._free_ms = 0

    def interrupt(self, name: str) -> int:
        """See `DeviceTime`."""
        return max(self._now_ms(), self._free_ms)

    def go_on(self, name: str, end_ms: int) -> None:
        """See `DeviceTime`."""
        self._free_ms = end_ms


@dataclass
class _Work:
    """The blobs of a slot. Once they are there: by when their commitments are, and their cells."""

    count: int
    begun_ms: int
    result: Future[Made]
    made: Made | None = None
    committed_ms: int = 0
    done_ms: int = 0


class BlobMaker:
    """Has the blobs of the node's own blocks made, and hands them out when they are there."""

    def __init__(
        self, setup: BlobSetup, own: Collection[int], follower: Follower, time: DeviceTime,
        beside: Beside[Made],
    ) -> None:
        """`own`: the node's validators. `time`: of the device; `beside`: where it works, after
        which `work` is to be called again."""
        self._setup = setup
        self._own = own
        self._follower = follower
        self._time = time
        self._beside = beside
        self._sums: Sums | None = None
        self._calibration = Calibration(setup.blob_ms or FIRST_MS)
        self._work: dict[int, _Work] = {}
        self._done: set[int] = set()
        """Slots whose work is behind."""
        self._report = BlobReport()

    @property
    def busy(self) -> bool:
        """Whether the device is at work."""
        return any(not each.result.done() for each in self._work.values())

    @property
    def report(self) -> BlobReport:
        """What has become of blobs so far."""
        return self._report

    def owed(self) -> list[Liability]:
        """The work of the slots that are this node's to propose in, as far as that is known, and
        has not begun."""
        state, slot = self._follower.head_state(), self._follower.slot
        last = (slot // SLOTS_PER_EPOCH + 2) * SLOTS_PER_EPOCH
        bound = self._setup.count * self._calibration.bound_ms
        return [Liability(f"the blobs of slot {each}", (each - 1) * SLOT_MS,
                          each * SLOT_MS + DUE_MS, bound)
                for each in range(slot + 1, last)
                if each not in self._work and self._is_own(state, each)]

    def work(self) -> None:
        """Take what is made, and begin what is to be made now."""
        slot = self._follower.slot
        for each in [each for each in self._work if each < slot]:
            if self._work[each].made is not None:
                del self._work[each]
        for number, work in self._work.items():
            if work.made is None and work.result.done():
                self._take(number, work)
        following = slot + 1
        if following not in self._work and following not in self._done \
                and not any(each.made is None for each in self._work.values()) \
                and self._is_own(self._follower.head_state(), following):
            self._begin(following)

    def commitments(self, slot: int) -> tuple[bytes, ...]:
        """What a block of `slot` that is built now commits to."""
        work = self._work.get(slot)
        if work is None or work.made is None or work.committed_ms > self._follower.now_ms:
            if work is not None and work.count:
                self._leave_out(slot, work.count, "their commitments are not there")
            return ()
        return work.made.commitments

    def columns(self, root: bytes, slot: int) -> BlockColumns | None:
        """Of the own block `root` of `slot`, whose blobs are these; None while they are not there.
        """
        work = self._work[slot]
        assert work.made is not None, "a block commits to blobs that were never made"
        now = self._follower.now_ms
        if work.done_ms > now:
            return None
        self._count(blocks=1, blobs=len(work.made.commitments),
                    late=int(now > slot * SLOT_MS + DUE_MS))
        return columns_of(root, slot, work.made.cells)

    def missed(self, slot: int) -> None:
        """The payload of an own block waited for its cells until its slot was over."""
        self._done.add(slot)
        self._count(late=1)

    def close(self) -> None:
        """Give back the device; nothing is at work any more."""
        if self._sums is not None:
            self._sums.close()

    def _is_own(self, state: spec.BeaconState, slot: int) -> bool:
        first = int(spec.compute_start_slot_at_epoch(spec.get_current_epoch(state)))
        # Beyond it, it takes a whole epoch's processing to know.
        return slot - first < len(state.proposer_lookahead) and (
            proposer_of(state, slot) in self._own)

    def _begin(self, slot: int) -> None:
        setup, name = self._setup, _name(slot)
        now = self._follower.now_ms
        begun = self._time.interrupt(name)
        bound = self._calibration.bound_ms
        committing = max(1, round(bound * COMMITTING))
        count = min(setup.count, max(0, slot * SLOT_MS - begun) // committing,
                    max(0, slot * SLOT_MS + DUE_MS - begun) // bound)
        if count < setup.count:
            self._leave_out(slot, setup.count - count,
                            f"{setup.count * bound} ms of work would not be in time")
        if not count:
            self._done.add(slot)
            self._time.go_on(name, begun)
            return
        log.info("%d blobs begin, %d ms after they were due to", count, begun - now,
                 extra={"slot": slot})
        self._report = _with(self._report, longest_wait_ms=max(
            self._report.longest_wait_ms, begun - now))
        self._done = {each for each in self._done if each >= self._follower.slot} | {slot}
        self._work[slot] = _Work(count, begun, self._beside(lambda: self._make(slot, count)))
        if self._work[slot].result.done():
            self._take(slot, self._work[slot])

    def _take(self, slot: int, work: _Work) -> None:
        made = work.made = work.result.result()
        commitments, whole = self._milliseconds(made)
        work.committed_ms, work.done_ms = work.begun_ms + commitments, work.begun_ms + whole
        self._time.go_on(_name(slot), work.done_ms)
        self._calibration.record(-(-whole // work.count))
        self._count(milliseconds=whole, seconds=made.seconds, cycles=made.cycles)
        if made.fault:
            log.warning("the processor made %d blobs: %s", work.count, made.fault,
                        extra={"slot": slot})
        log.info("%d blobs are made: %d cycles, %d ms of chain time", work.count, made.cycles,
                 whole, extra={"slot": slot})

    def _milliseconds(self, made: Made) -> tuple[int, int]:
        """Chain time of the commitments, and of all."""
        count = len(made.commitments)
        if self._setup.blob_ms is not None:
            whole = count * self._setup.blob_ms
        elif made.cycles and not made.fault:
            return tuple(max(1, -(-each * 1000 // BOARD_HZ))  # type: ignore[return-value]
                         for each in (made.commitment_cycles, made.cycles))
        else:
            whole = max(1, round(made.seconds * 1000))
        return max(1, round(whole * COMMITTING)), whole

    def _make(self, slot: int, count: int) -> Made:
        """On a thread of its own: one at a time."""
        setup, start = self._setup, perf_counter()
        fault = ""
        try:
            if self._sums is None:
                self._sums = open_sums(setup.device, 1)
            return make(self._sums, setup.seed, slot, count, start)
        except Exception as error:  # from the device's driver, whatever it is
            if setup.device == "cpu":
                raise
            fault = str(error) or repr(error)
        return make(ProcessorSums(1), setup.seed, slot, count, start, fault)

    def _leave_out(self, slot: int, count: int, reason: str) -> None:
        self._count(left_out=count)
        log.warning("%d blobs are left out: %s", count, reason, extra={"slot": slot})

    def _count(self, **more: float) -> None:
        self._report = _with(self._report, **{
            name: getattr(self._report, name) + value for name, value in more.items()})


def _with(report: BlobReport, **values: float) -> BlobReport:
    return BlobReport(**{**vars(report), **values})


def _name(slot: int) -> str:
    return f"blobs of slot {slot}"


def blob_data(seed: int, slot: int, index: int) -> bytes:
    """A blob of random numbers, 31 bytes each, as a full one of a rollup's has them: 131,072 bytes.
    """
    size = ELEMENT_BYTES - 1
    stream = shake_256(b"proofmill blob %d %d %d" % (seed, slot, index)).digest(
        size * BLOB_ELEMENTS)
    return b"".join(b"\x00" + stream[start:start + size]
                    for start in range(0, len(stream), size))


def make(sums: Sums, seed: int, slot: int, count: int, start: float, fault: str = "") -> Made:
    """The blobs of a slot: commitments first, then the cells and their proofs.

    `start`: of `perf_counter`. What an accelerator's sums are made into is verified: DeviceError
    where it does not hold.
    """
    before = sums.cycles
    elements = [blob_of(blob_data(seed, slot, index)) for index in range(count)]
    commitments = [blobs.commit(each, sums) for each in elements]
    committed = sums.cycles
    found = []
    for blob, commitment in zip(elements, commitments, strict=True):
        coefficients = coefficients_of(blob, 1)
        cells, proofs = cells_of(coefficients, 1), proofs_of(coefficients, 1, sums=sums)
        if sums.cycles and not cells_are_valid([
                Cell(commitment, index, cell_of(cell), proof)
                for index, (cell, proof) in enumerate(
                    zip(cells, points_of(proofs, "the proof"), strict=True))]):
            raise DeviceError("a proof of a cell does not hold")
        found.append((cells, proofs))
    return Made(tuple(each.compressed for each in commitments), tuple(found), committed - before,
                sums.cycles - before, perf_counter() - start, fault)
