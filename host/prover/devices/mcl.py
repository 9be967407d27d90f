"""This machine's processor by mcl, on every core.

What checks the other devices, and the processor where the native library is not to be had.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from proofmill.hdl.curve import Group
from proofmill.host.ground.cores import cores
from proofmill.host.prover.curve.arithmetic import add, multiply_prepared
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.curve.mcl import library
from proofmill.host.prover.curve.points import infinity, is_infinity, to_jacobian
from proofmill.host.prover.devices.device import Bases, Job, Progress, Result
from proofmill.host.prover.devices.inputs import check_jobs, check_points

LEAST_PIECE = 1024
"""Points below which splitting a job costs more additions than a further core saves."""

COST = {Group.G1: 1.0, Group.G2: 2.3}
"""Measured time of one point, relative to G1."""


@dataclass(frozen=True)
class _Prepared:
    """Bases in mcl's layout without those at infinity; `indices` are the positions of the rest."""

    points: Limbs
    indices: NDArray[np.intp]


@dataclass(frozen=True)
class _Piece:
    """A part of one job, small enough to keep the cores evenly busy."""

    job: int
    group: Group
    points: Limbs
    scalars: Limbs

    @property
    def cost(self) -> float:
        return len(self.scalars) * COST[self.group]


class MclDevice:
    """Multi-scalar multiplication by mcl, jobs side by side on `threads` cores (default: all).

    May be used from several threads at once. Raises `ProofmillError` where mcl is missing.
    """

    name = "cpu"

    def __init__(self, threads: int | None = None) -> None:
        library()
        self._threads = threads or cores()
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="proofmill-mcl")

    def load(self, group: Group, points: Limbs) -> Bases:
        """Prepare `points`, shape (n, 8) or (n, 16); points at infinity are left out here."""
        check_points(group, points)
        indices = np.flatnonzero(~is_infinity(points))
        prepared = _Prepared(to_jacobian(group, points[indices]), indices)
        return Bases(group=group, count=len(points), handle=prepared)

    def run(self, jobs: Sequence[Job], progress: Progress | None = None) -> list[Result]:
        """Compute every job; the pieces of all jobs share the cores, the largest first."""
        check_jobs(jobs)
        pieces = self._split(jobs)
        sums: list[list[Limbs]] = [[] for _ in jobs]
        done, total = 0, sum(job.bases.count for job in jobs)
        if progress is not None:
            progress(0, total)
        futures = {
            self._pool.submit(multiply_prepared, piece.group, piece.points, piece.scalars): piece
            for piece in sorted(pieces, key=lambda piece: piece.cost, reverse=True)}
        for future in as_completed(futures):
            piece = futures[future]
            sums[piece.job].append(future.result())
            done += len(piece.scalars)
            if progress is not None:
                progress(done, total)
        if progress is not None:
            progress(total, total)
        return [
            Result(point=add(job.bases.group, *parts) if parts else infinity(job.bases.group),
                   cycles=0, digits=0, device=self.name)
            for job, parts in zip(jobs, sums, strict=True)]

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()

    def _split(self, jobs: Sequence[Job]) -> list[_Piece]:
        whole: list[_Piece] = []
        for index, job in enumerate(jobs):
            prepared: _Prepared = job.bases.handle
            scalars = (job.scalars if len(prepared.indices) == job.bases.count
                       else job.scalars[prepared.indices])
            whole.append(_Piece(index, job.bases.group, prepared.points, scalars))
        share = sum(piece.cost for piece in whole) / self._threads
        pieces: list[_Piece] = []
        for piece in whole:
            count = len(piece.scalars)
            parts = min(round(piece.cost / share) if share else 0, count // LEAST_PIECE)
            parts = max(parts, 1) if count else 0
            for part in range(parts):
                cut = slice(count * part // parts, count * (part + 1) // parts)
                pieces.append(
                    _Piece(piece.job, piece.group, piece.points[cut], piece.scalars[cut]))
        return pieces
