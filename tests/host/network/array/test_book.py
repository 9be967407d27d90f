"""The scheduler: nothing that it has taken is late, a block proof waits for a tile at most."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofmill.host.network.array.book import Book, Offer, block_duty
from proofmill.host.network.array.jobs import Job, Kind, demand_of, overload
from tests.host.network.array.exhaustive import always_possible, releases

CLOCK = 1_000_000
CAPITAL = 10**9


def result(name: str, work: int, span: int, pays: int = 100, release: int = 0, tile: int = 1,
           **more: int) -> Job:
    return Job(name, Kind.RESULT, release, work, span, tile, pays, **more)


@st.composite
def small_jobs(draw: st.DrawFn, longest_tile: int = 1) -> list[Job]:
    jobs = []
    for number in range(draw(st.integers(1, 4))):
        work = draw(st.integers(1, 3))
        release = draw(st.integers(0, 4))
        window = draw(st.sampled_from((None, None, 0, 1, 2)))
        span = draw(st.sampled_from((work, work + 1, 5, 12)))
        jobs.append(result(f"job {number}", work, span, release=release,
                           tile=min(work, longest_tile),
                           last_release=None if window is None else release + window))
    return jobs


@settings(max_examples=60, deadline=None, derandomize=True)
@given(small_jobs())
def test_with_tiles_of_a_cycle_the_criterion_is_exact(jobs: list[Job]) -> None:
    """Against every order of cycles and every moment of asking."""
    demands = [demand_of(job, job.work, 0) for job in jobs]
    assert (overload(demands) is None) == always_possible(jobs)


def play(book: Book, asked: dict[str, int], end: int) -> int:
    """Run what is taken, asking for proofs at these moments; the longest wait of a block proof."""
    now = wait = 0
    seen: set[str] = set()
    asks = sorted((moment, name) for name, moment in asked.items()
                  if name in {job.name for job in book.jobs})
    while now < end:
        for moment, name in [one for one in asks if one[0] <= now]:
            asks.remove((moment, name))
            book.ask(name, moment)
        job = book.next(now)
        if job is None:
            now += 1
            continue
        if job.kind is Kind.BLOCK and job.name not in seen:
            seen.add(job.name)
            wait = max(wait, now - job.release)
        cycles = min(job.tile, book.left(job.name))
        now += cycles
        book.ran(job, cycles, now)
    return wait


@settings(max_examples=60, deadline=None, derandomize=True)
@given(small_jobs(longest_tile=3), st.lists(st.integers(0, 9), max_size=2, unique=True),
       st.randoms(use_true_random=False))
def test_nothing_that_was_taken_is_late(jobs: list[Job], blocks: list[int], luck) -> None:
    """Tiles of several cycles, offers beside block proofs, proofs asked for at any moment."""
    book = Book(3_000, CAPITAL)
    for number, release in enumerate(sorted(blocks)):
        book.duty(block_duty(f"block {number}", 3_000, 20 * number + release, 2, 500, 1_000))
    book.offer([Offer(job) for job in jobs], 0)
    moments = releases([job for job in book.jobs if not job.certain])
    names = [job.name for job in book.jobs if not job.certain]
    taken = len(book.jobs)
    wait = play(book, dict(zip(names, luck.choice(moments), strict=True)), 60)
    assert not book.jobs
    assert sum(earned.done for earned in book.earned.values()) == taken
    assert not any(earned.late for earned in book.earned.values())
    assert wait <= book.longest_tile == 3
    for decision in book.decisions.values():
        assert decision.taken or decision.reason


def test_an_offer_that_would_make_another_late_is_given_up_and_why() -> None:
    book = Book(CLOCK, CAPITAL)
    first, second = result("first", 60, 100), result("second", 50, 105)
    assert book.offer([Offer(first)], 0)[0].taken
    decision, = book.offer([Offer(second)], 0)
    assert decision.reason == "with first there would be 5e-06 s too much"
    assert book.offer([Offer(replace(second, work=45, name="third"))], 0)[0].taken
    assert [job.name for job in book.jobs] == ["first", "third"]


def test_a_tile_under_way_is_counted() -> None:
    """It began a cycle before what is due at once."""
    book = Book(3_000, CAPITAL)
    assert book.offer([Offer(result("long", 6, 60, tile=3))], 0)[0].taken
    soon = result("soon", 2, 3, release=1)
    assert book.offer([Offer(soon)], 0)[0].reason == (
        "it would be late, behind what is under way: 0.000333 s too much")
    assert book.offer([Offer(replace(soon, span=4))], 0)[0].taken


def test_the_best_paid_second_comes_first() -> None:
    book = Book(CLOCK, CAPITAL, cost=1.0)
    poor, rich = result("poor", 80, 100, pays=100), result("rich", 40, 100, pays=90)
    free = result("free", 1, 100, pays=0)
    decisions = {one.job.name: one for one in book.offer(
        [Offer(poor), Offer(rich), Offer(free)], 0)}
    assert decisions["rich"].taken
    assert decisions["rich"].gwei_per_second == 90 * CLOCK / 40 - 1
    assert decisions["poor"].reason.startswith("with rich there would be")
    assert decisions["free"].reason == "it pays less than the array's time costs"


@pytest.mark.parametrize(("job", "reason"), [
    (result("a", 10, 9), "nothing else"),
    (result("a", 5_000, 9_000, tile=1_001), "its tiles last 1.0 ms, and a block proof waits"),
    (result("a", 5, 9, liability=CAPITAL + 1), "puts down 1,000,000,001 gwei"),
])
def test_offers_that_cannot_be_kept(job: Job, reason: str) -> None:
    assert reason in Book(CLOCK, CAPITAL).offer([Offer(job)], 0)[0].reason


def test_a_device_that_is_slower_than_blocks_come_gives_everything_up_and_says_why() -> None:
    book = Book(1_000, CAPITAL)
    for slot in range(1, 5):
        book.duty(block_duty(f"the block of slot {slot}", 1_000, 6_000 * slot, 7_000, 0, 0))
    decision, = book.offer([Offer(result("small", 1, 20_000, release=6_500))], 0)
    assert not decision.taken and decision.reason.startswith("with the block of slot 1")


def test_liabilities_are_covered_together() -> None:
    book = Book(CLOCK, 100)
    one = result("one", 5, 90, liability=60)
    proof = result("its proof", 5, 90, liability=60, release=5, last_release=20)
    assert "puts down 120 gwei, and 100" in book.offer([Offer(one, proof)], 0)[0].reason
    assert book.offer([Offer(one)], 0)[0].taken
    assert "and 40 are free" in book.offer([Offer(replace(one, name="two"))], 0)[0].reason
    assert "taken already" in book.offer([Offer(one)], 0)[0].reason


def test_a_proof_that_may_be_asked_for_is_counted_until_it_is_not() -> None:
    """The buyer would ask when the block has to be proven."""
    book = Book(CLOCK, CAPITAL)
    book.duty(block_duty("block", CLOCK, 50_000, 20_000, 10, 20))
    job = result("result", 1_000, 10_000)
    proof = replace(job, name="proof", work=5_000, span=20_000, last_release=60_000)
    assert book.offer([Offer(job, proof)], 0)[0].reason == (
        "with block there would be 0.004 s too much")
    late = replace(proof, last_release=29_999, tile=1_000)
    assert book.offer([Offer(job, late)], 0)[0].taken
    with pytest.raises(ValueError, match="no proof that can be asked for at 30000"):
        book.ask("proof", 30_000)
    assert [one.name for one in book.forget(30_000)] == ["proof"]
    assert [one.name for one in book.jobs] == ["block", "result"]


def test_a_block_proof_takes_the_place_of_a_result_that_goes_on_where_it_stopped() -> None:
    book = Book(CLOCK, CAPITAL)
    job = result("result", 30_000, 100_000, tile=1_000, pays=7, liability=3)
    assert book.offer([Offer(job)], 0)[0].taken
    book.duty(block_duty("block", CLOCK, 10_500, 20_000, 10, 20))
    assert play(book, {}, 60_000) == 500
    earned = book.earned[Kind.RESULT]
    assert (earned.preempted, earned.done, earned.cycles, earned.gwei) == (1, 1, 30_000, 7)
    assert (book.earned[Kind.BLOCK].done, book.earned[Kind.BLOCK].gwei) == (1, 10)


def test_a_late_job_costs_its_liability() -> None:
    book = Book(CLOCK, CAPITAL)
    job = result("result", 10, 20, liability=30)
    book.duty(job)
    assert book.ran(job, 10, 21)
    assert (book.earned[Kind.RESULT].late, book.earned[Kind.RESULT].gwei) == (1, -30)
    with pytest.raises(ValueError, match="taken on already"):
        book.duty(result("one", 1, 2))
        book.duty(result("one", 1, 2))


@pytest.mark.parametrize("changed", [
    {"tile": 0}, {"tile": 6}, {"release": -1}, {"span": 0}, {"last_release": 0, "release": 1}])
def test_jobs_that_make_no_sense(changed: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="a: "):
        replace(result("a", 5, 9), **changed)
