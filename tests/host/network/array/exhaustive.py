"""Whether all jobs can be in time: by trying every order, whenever proofs are asked for."""

from collections.abc import Sequence
from functools import cache
from itertools import product

from proofmill.host.network.array.jobs import Job


def releases(jobs: Sequence[Job]) -> list[tuple[int, ...]]:
    """All moments at which jobs can be released, one for each."""
    return list(product(*(range(job.release, job.last + 1) for job in jobs)))


def possible(jobs: Sequence[Job], released: Sequence[int]) -> bool:
    """Whether there is an order of single cycles in which every job is in time."""
    dues = [moment + job.span for moment, job in zip(released, jobs, strict=True)]

    @cache
    def from_here(now: int, left: tuple[int, ...]) -> bool:
        if not any(left):
            return True
        if any(rest and now + rest > due for rest, due in zip(left, dues, strict=True)):
            return False
        ready = [place for place, rest in enumerate(left) if rest and released[place] <= now]
        if not ready:
            return from_here(now + 1, left)
        return any(from_here(now + 1, (*left[:place], left[place] - 1, *left[place + 1:]))
                   for place in ready)

    return from_here(0, tuple(job.work for job in jobs))


def always_possible(jobs: Sequence[Job]) -> bool:
    """Whether there is one whenever proofs are asked for."""
    return all(possible(jobs, released) for released in releases(jobs))
