"""What is admitted meets its deadline whatever happens; what is refused could not have."""

import random
from dataclasses import replace
from itertools import permutations

import pytest

from proofmill.host.network.node.admission import (
    Calibration,
    Liability,
    admit,
    first_miss,
    first_miss_on,
    next_job,
)


def simulate(jobs: list[Liability], actual: dict[str, int], free_at: int, submit: int) -> list[str]:
    """Names of the jobs that arrive late when the device runs them as `next_job` says."""
    now, left, late = free_at, list(jobs), []
    while left:
        job = next_job(left, now)
        if job is None:
            now = min(each.release_ms for each in left)
            continue
        left.remove(job)
        now += actual[job.name]
        if now + submit > job.deadline_ms:
            late.append(job.name)
    return late


def random_jobs(draw: random.Random, count: int, released: bool) -> list[Liability]:
    jobs = []
    for number in range(count):
        release = 0 if released else draw.randint(0, 30)
        duration = draw.randint(1, 12)
        deadline = release + duration + draw.randint(0, 12 * count)
        jobs.append(Liability(f"job {number}", release, deadline, duration))
    return jobs


@pytest.mark.parametrize("seed", range(30))
def test_what_is_admitted_is_in_time(seed: int) -> None:
    draw = random.Random(seed)
    admitted_sets = 0
    for _ in range(60):
        free_at, submit = draw.randint(0, 10), draw.randint(0, 3)
        owed: list[Liability] = []
        for job in random_jobs(draw, 6, released=False):
            if admit(job, owed, [free_at], submit) is None:
                owed.append(job)
        admitted_sets += len(owed) > 2
        # At its calibrated time, and at any shorter one: no anomaly.
        for _ in range(8):
            actual = {job.name: draw.randint(1, job.duration_ms) for job in owed}
            assert simulate(owed, actual, free_at, submit) == []
        assert simulate(owed, {j.name: j.duration_ms for j in owed}, free_at, submit) == []
    assert admitted_sets > 10


@pytest.mark.parametrize("seed", range(10))
def test_what_is_refused_could_not_be_done(seed: int) -> None:
    """With everything released, a refusal means that no order at all would do."""
    draw = random.Random(100 + seed)
    refused = 0
    for _ in range(40):
        jobs = random_jobs(draw, 4, released=True)
        feasible = False
        for order in permutations(jobs):
            now, late = 3, False
            for job in order:
                now += job.duration_ms
                late |= now + 2 > job.deadline_ms
            feasible |= not late
        assert (first_miss(jobs, free_at_ms=3, submit_ms=2) is None) == feasible
        refused += not feasible
    assert 0 < refused < 40


@pytest.mark.parametrize("seed", range(10))
def test_the_victim_is_named_and_does_miss(seed: int) -> None:
    draw = random.Random(200 + seed)
    for _ in range(40):
        *owed, new = random_jobs(draw, 4, released=True)
        if first_miss(owed, 0, 1) is not None:
            continue
        refusal = admit(new, owed, [0], 1)
        if refusal is not None:
            late = simulate([*owed, new], {j.name: j.duration_ms for j in [*owed, new]}, 0, 1)
            assert refusal.victim.name in late and refusal.late_ms > 0


@pytest.mark.parametrize("seed", range(20))
def test_what_several_devices_admit_is_in_time_whatever_it_takes(seed: int) -> None:
    """Each device has a speed of its own and may be faster than planned, every time anew."""
    draw = random.Random(300 + seed)
    admitted = refused = 0
    for _ in range(60):
        devices, submit = draw.randint(2, 4), draw.randint(0, 3)
        free = [draw.randint(0, 10) for _ in range(devices)]
        owed: list[Liability] = []
        for job in random_jobs(draw, 8, released=True):
            job = replace(job, deadline_ms=job.duration_ms + draw.randint(4, 24))
            if admit(job, owed, free, submit) is None:
                owed.append(job)
            else:
                refused += 1
        admitted += len(owed)
        for shortest in (1.0, 0.1, 0.1, 0.1):
            ready = list(free)
            for job in sorted(owed, key=lambda each: each.deadline_ms):
                place = ready.index(min(ready))
                ready[place] += max(1, round(job.duration_ms * draw.uniform(shortest, 1)))
                assert ready[place] + submit <= job.deadline_ms
    assert admitted > 200 and refused > 20


def test_with_one_device_it_is_the_same_and_two_take_twice_as_much() -> None:
    draw = random.Random(7)
    for _ in range(50):
        jobs = random_jobs(draw, 4, released=True)
        assert first_miss_on(jobs, [3], 2) == first_miss(jobs, 3, 2)
    jobs = [Liability(f"slot {number}", 0, 12, 6) for number in range(4)]
    assert first_miss_on(jobs, [0, 0], 0) is None
    assert first_miss_on(jobs, [0, 1], 0) == (jobs[3], 1)
    assert first_miss_on(jobs, [0, 0], 1) == (jobs[2], 1)


def test_the_sentence_says_who_suffers() -> None:
    owed = [Liability("slot 7", 0, 10, 6)]
    refusal = admit(Liability("slot 8", 0, 9, 6), owed, [0], 0)
    assert str(refusal) == "slot 8 is refused: slot 7 could be 2 ms late"
    refusal = admit(Liability("slot 9", 0, 11, 6), owed, [0], 0)
    assert str(refusal) == "slot 9 is refused: it could be 1 ms late"
    assert admit(Liability("slot 9", 0, 12, 6), owed, [0], 0) is None
    # The way to the network and what the device is doing count as well.
    assert admit(Liability("slot 9", 0, 12, 6), owed, [0], 1) is not None
    assert admit(Liability("slot 9", 0, 12, 6), owed, [1], 0) is not None


def test_a_long_job_may_not_block_a_duty_to_come() -> None:
    duty = Liability("duty", release_ms=5, deadline_ms=9, duration_ms=3)
    refusal = admit(Liability("market job", 0, 1000, 7), [duty], [0], 0)
    assert refusal is not None and refusal.victim == duty
    assert admit(Liability("market job", 0, 1000, 1), [duty], [0], 0) is None


def test_a_job_takes_time() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Liability("nothing", 0, 1, 0)


def test_calibration_errs_on_the_safe_side() -> None:
    calibration = Calibration(100)
    for measured in (90, 130, 80):
        calibration.record(measured)
    assert calibration.bound_ms == 143
    for _ in range(256):
        calibration.record(50)
    assert calibration.bound_ms == 55
    assert Calibration(0).bound_ms == 1


def test_an_outlier_does_not_lock_a_device_out() -> None:
    calibration = Calibration(4000)
    for measured in (4000, 4100, 40_000, 4000):
        calibration.record(measured)
    assert calibration.bound_ms == 4510
    # A device that has become slow is planned as it is, once that is no exception.
    bounds = []
    for _ in range(6):
        calibration.record(20_000)
        bounds.append(calibration.bound_ms)
    assert bounds == [4510, 4510, 4510, 44_000, 44_000, 44_000]
