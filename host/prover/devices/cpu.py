"""This machine's processor as a device: the native library's sums, on every core.

The fall-back where there is no accelerator, and the reference for speed.
"""

import threading
from collections.abc import Sequence

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve.combinations import NUMBER
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.devices.device import Bases, Job, Progress, Result
from proofmill.host.prover.devices.inputs import check_jobs, check_points
from proofmill.host.prover.devices.mcl import MclDevice
from proofmill.host.prover.native.build import BuildProgress
from proofmill.host.prover.native.library import Library, library_or_none
from proofmill.host.prover.native.sums import convert_in_place, sum_in_place


class CpuDevice:
    """Multi-scalar multiplication by the native library on `threads` cores (default: all).

    May be used from several threads at once. The library is loaded with the first points, and these
    are kept as it takes them; where it is not to be had, mcl computes (`host.prover.devices.mcl`).
    """

    name = "cpu"

    def __init__(self, threads: int | None = None) -> None:
        self._threads = threads
        self._lock = threading.Lock()
        self._code: Library | None = None
        self._other: MclDevice | None = None

    def prepare(self, progress: BuildProgress | None = None) -> None:
        """Load the library now; `progress` is told where it is compiled first."""
        with self._lock:
            if self._code is None and self._other is None:
                self._code = library_or_none(progress)
                if self._code is None:
                    self._other = MclDevice(self._threads)

    def load(self, group: Group, points: Limbs) -> Bases:
        """Take `points`, shape (n, 8) or (n, 16)."""
        self.prepare()
        if self._other is not None:
            return self._other.load(group, points)
        check_points(group, points)
        given = np.require(points, np.uint64, ("C", "A"))
        kept = np.empty_like(given)
        convert_in_place(NUMBER[group], given.ctypes.data, kept.ctypes.data, len(given),
                         self._threads, self._code)
        return Bases(group, len(points), kept)

    def run(self, jobs: Sequence[Job], progress: Progress | None = None) -> list[Result]:
        """Compute every job, one after the other, each on all threads."""
        self.prepare()
        if self._other is not None:
            return [Result(each.point, each.cycles, each.digits, self.name)
                    for each in self._other.run(jobs, progress)]
        check_jobs(jobs)
        done, total = 0, sum(job.bases.count for job in jobs)
        results = []
        for job in jobs:
            if progress is not None:
                progress(done, total)
            results.append(Result(self._sum(job, done, total, progress), 0, 0, self.name))
            done += job.bases.count
        if progress is not None:
            progress(total, total)
        return results

    def close(self) -> None:
        """End the threads, where there are any."""
        if self._other is not None:
            self._other.close()

    def _sum(self, job: Job, before: int, total: int, progress: Progress | None) -> Limbs:
        points: Limbs = job.bases.handle
        scalars = np.require(job.scalars, np.uint64, ("C", "A"))

        def told(done: int, _: int) -> None:
            if progress is not None:
                progress(before + done, total)

        point = sum_in_place(NUMBER[job.bases.group], points.ctypes.data, scalars.ctypes.data,
                             job.bases.count, self._threads, told, self._code, converted=True)
        return np.frombuffer(point, dtype=np.uint64).copy()
