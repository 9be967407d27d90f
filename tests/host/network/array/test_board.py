"""The array by the chain's clock: what a block proof waits, and where a job goes on."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofmill.host.network.array.board import BoardArray
from proofmill.host.network.array.book import Book, Offer, longest_tile
from proofmill.host.network.array.jobs import Job, Kind

CLOCK = 100_000_000
SECOND = CLOCK


def board(*jobs: Job) -> BoardArray:
    book = Book(CLOCK, 10**9)
    for job in jobs:
        assert book.offer([Offer(job)], 0)[0].taken
    return BoardArray(book)


def result(name: str = "result", work: int = SECOND, tile: int = 70_000, release: int = 0,
           span: int = 10 * SECOND) -> Job:
    return Job(name, Kind.RESULT, release, work, span, tile, 10)


def test_a_block_proof_waits_for_the_tile_and_the_job_goes_on_where_it_stopped() -> None:
    array = board(result())
    assert array.block("slot 1", 100_000) == 40_000    # the second tile ends at 140,000
    array.advance(2 * SECOND)
    assert array.book.left("result") == SECOND - 140_000    # nothing runs beside the proof
    array.block_over("slot 1", 140_000 + SECOND // 2)
    end = SECOND + SECOND // 2
    array.advance(end - 1)
    assert not array.done(end - 1)
    array.advance(end)
    assert [job.name for job in array.done(end)] == ["result"] and not array.done(end)
    earned = array.book.earned
    assert (earned[Kind.RESULT].preempted, earned[Kind.RESULT].done) == (1, 1)
    assert (earned[Kind.BLOCK].done, earned[Kind.BLOCK].cycles) == (1, SECOND // 2)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.integers(1, longest_tile(CLOCK)), st.lists(st.integers(0, SECOND // 50), min_size=1,
                                                     max_size=4),
       st.lists(st.integers(0, 5_000_000), min_size=1, max_size=8))
def test_a_block_proof_waits_for_a_millisecond_at_most(
    tile: int, releases: list[int], pauses: list[int]
) -> None:
    """Whatever tiles there are, and whenever it comes; no cycle is lost or made up."""
    work = 2_000_000
    array = board(*(result(f"result {n}", work, tile, release)
                    for n, release in enumerate(releases)))
    now = blocked = 0
    for number, pause in enumerate(pauses):
        now += pause
        wait = array.block(f"slot {number}", now)
        assert 0 <= 1_000 * wait <= CLOCK
        array.block_over(f"slot {number}", now + wait + 1_000)
        now, blocked = now + wait + 1_000, blocked + 1_000
    now += len(releases) * work + SECOND
    array.advance(now)
    earned = array.book.earned
    assert len(array.done(now)) == len(releases) == earned[Kind.RESULT].done
    assert earned[Kind.RESULT].cycles == len(releases) * work
    assert earned[Kind.BLOCK].cycles == blocked
    assert 1_000 * array.longest_wait <= CLOCK


def test_several_block_proofs_have_the_array_until_the_last_is_there() -> None:
    array = board(result(tile=10))
    assert array.block("slot 1", 5) == 5
    assert array.block("slot 2", 20) == 0
    array.block_over("slot 1", 100)
    array.advance(500)
    assert array.book.left("result") == SECOND - 10
    array.block_over("slot 2", 300)
    array.advance(500)
    assert array.book.left("result") == SECOND - 10 - 200
    assert array.block("slot 3", 500) == 0    # a proof that begins while another ends
    array.block_over("slot 3", 900)
    assert array.block("slot 4", 800) == 0 and array.longest_wait == 5
    array.block_over("slot 4", 1_000)
    with pytest.raises(KeyError):
        array.block_over("slot 2", 300)
