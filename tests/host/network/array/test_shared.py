"""Block proofs and tiles by turns, on the clock of the wall."""

import threading
from collections.abc import Iterator

import pytest

from proofmill.host.network.array.book import Book, Offer
from proofmill.host.network.array.jobs import Job, Kind
from proofmill.host.network.array.shared import Order, SharedArray

CLOCK = 1_000_000
HOUR = 3_600 * CLOCK
PATIENCE = 30.0


class Tiles:
    """Three tiles, each of which ends when the test says so."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Semaphore(0), threading.Semaphore(0)
        self.done: list[int] = []

    def work(self) -> Iterator[int]:
        for number in range(3):
            self.begun.release()
            assert self.go.acquire(timeout=PATIENCE)
            self.done.append(number)
            yield 10
        self.done.append(3)


def one_order(work: Iterator[int]) -> Iterator[list[Order]]:
    yield [Order(Offer(Job("result", Kind.RESULT, 0, 30, HOUR, 10, 7)), work)]
    while True:
        yield []


def test_a_block_has_the_array_at_a_tiles_end_and_the_job_goes_on() -> None:
    tiles = Tiles()
    orders = one_order(tiles.work())
    array = SharedArray(Book(CLOCK, 0), lambda now: next(orders), due=PATIENCE)
    with array:
        assert tiles.begun.acquire(timeout=PATIENCE)
        ended = threading.Timer(0.05, tiles.go.release)
        ended.start()
        with array.block("block 1") as turn:
            assert tiles.done == [0]    # the tile that was under way, and no other
            assert not tiles.begun.acquire(timeout=0.05)
            assert turn.wait > 0.01
        for _ in range(2):
            assert tiles.begun.acquire(timeout=PATIENCE)
            tiles.go.release()
        with array._changed:
            assert array._changed.wait_for(lambda: not array.book.jobs, PATIENCE)
    assert tiles.done == [0, 1, 2, 3]
    earned = array.book.earned[Kind.RESULT]
    assert (earned.done, earned.late, earned.preempted, earned.cycles) == (1, 0, 1, 30)
    assert array.late == 0 and len(array.turns) == 1 and array.sold > 0


def test_a_proof_is_late_by_its_wait_and_its_devices_time() -> None:
    array = SharedArray(Book(CLOCK, 0), lambda now: [], due=2.0)
    with array:
        for wait, seconds in ((0.5, 1.0), (0.5, 1.8), (0.5, 3.0)):    # the last by itself
            with array.block("block") as turn:
                turn.wait, turn.seconds = wait, seconds
    assert array.late == 1


def test_what_a_job_raises_is_raised_at_the_end() -> None:
    def broken() -> Iterator[int]:
        yield from (1 // 0 for _ in range(1))

    orders = one_order(broken())
    with pytest.raises(ZeroDivisionError), SharedArray(
            Book(CLOCK, 0), lambda now: next(orders), due=1.0) as array:
        array._thread.join(PATIENCE)
        with array.block("block"):    # nobody waits for a tile that failed
            pass
