"""A worker's device whose time is the accelerator's and whose sums are the processor's.

It stands in for a board where several workers are measured on one machine: it waits for as long as
the accelerator of the preset `standard` would take, by the exact cost model, at a clock rate.
"""

import asyncio
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from proofmill.hdl.cost import machine
from proofmill.hdl.curve import BN254, Group
from proofmill.hdl.plans import best_plan, expected_cycles, uniform
from proofmill.hdl.presets import STANDARD
from proofmill.host.network.workers.access import read_access
from proofmill.host.network.workers.blobs import Kept
from proofmill.host.network.workers.work import Bench
from proofmill.host.network.workers.worker import Worker
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import Bases, Job, Progress, Result

KEPT_BYTES = 1 << 30


def cycles_of(points: int, group: Group = Group.G1) -> int:
    """Cycles of a sum over random scalars, by the cost model of the preset `standard`."""
    reach = uniform(BN254.scalar.modulus, points)
    on = machine(STANDARD, group)
    return round(expected_cycles(on, best_plan(on, reach), reach))


class TimedDevice:
    """Sums of the processor that are there after `seconds`; what was summed before is known."""

    name = "timed"
    _known: dict[tuple[bytes, bytes], Limbs] = {}

    def __init__(self, seconds: float, cycles: int = 0) -> None:
        self._seconds, self._cycles = seconds, cycles
        self._processor = CpuDevice(1)

    def load(self, group: Group, points: Limbs) -> Bases:
        """As the processor's."""
        return Bases(group, len(points), (points.tobytes(), points))

    def run(self, jobs: Sequence[Job], progress: Progress | None = None) -> list[Result]:
        """Every job, each after its time."""
        results = []
        for job in jobs:
            due = time.monotonic() + self._seconds
            name, points = job.bases.handle
            key = name, job.scalars.tobytes()
            point = self._known.get(key)
            if point is None:
                bases = self._processor.load(job.bases.group, points)
                point = self._processor.run([Job(bases, job.scalars)])[0].point
                self._known[key] = point
            time.sleep(max(0.0, due - time.monotonic()))
            results.append(Result(point, self._cycles, 0, self.name))
        return results

    def close(self) -> None:
        """Nothing is held."""
        self._processor.close()


def main(access: str, kept: str, seconds: str) -> None:
    """A worker as a process of its own, which says when it begins a task."""
    class Saying(TimedDevice):
        def run(self, jobs: Sequence[Job], progress: Progress | None = None) -> list[Result]:
            print("began", time.monotonic(), flush=True)
            return super().run(jobs, progress)

    bench = Bench(lambda: Saying(float(seconds)))

    async def work() -> None:
        worker = Worker(read_access(access), [bench], Kept(Path(kept), KEPT_BYTES), "bench",
                        lambda sentence: print(sentence, flush=True))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.end)
        await worker.run()

    asyncio.run(work())


if __name__ == "__main__":
    main(*sys.argv[1:])
