"""How busy workers are kept: one, two, four, eight of them, on the real queue."""

import asyncio
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.bench.timed import KEPT_BYTES, TimedDevice, cycles_of
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.network.workers.access import read_access
from proofmill.host.network.workers.blobs import Kept
from proofmill.host.network.workers.book import BOOK
from proofmill.host.network.workers.farm import Farm
from proofmill.host.network.workers.server import Server
from proofmill.host.network.workers.wire import SUM, Task, make_task
from proofmill.host.network.workers.work import Bench
from proofmill.host.network.workers.worker import Worker
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.curve.points import generator

BAR = 0.95
CLOCK_HZ = 25_000_000
"""The rate of the ULX3S' oscillator."""
LEASE_SECONDS = 10.0
THERE_SECONDS = 60.0


class WorkerThread:
    """A worker on a thread of this process, with a timed device."""

    def __init__(self, folder: Path, name: str, seconds: float, cycles: int) -> None:
        self._ready = threading.Event()
        self._given = folder, name, seconds, cycles
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait()

    def _run(self) -> None:
        folder, name, seconds, cycles = self._given
        bench = Bench(lambda: TimedDevice(seconds, cycles))

        async def work() -> None:
            self._loop = asyncio.get_running_loop()
            self._worker = Worker(read_access(folder / f"{name}.json"), [bench],
                                  Kept(folder / f"kept-{name}", KEPT_BYTES), "bench")
            self._ready.set()
            await self._worker.run()

        try:
            asyncio.run(work())
        finally:
            self._ready.set()
            bench.close()

    @property
    def busy_seconds(self) -> float:
        """In which its device was at work."""
        return self._worker.tally.busy_seconds

    def end(self) -> None:
        """After its task."""
        self._loop.call_soon_threadsafe(self._worker.end)
        self._thread.join()


def farm_in(folder: Path, workers: Sequence[str], lease_seconds: float, port: int = 0) -> Farm:
    """A farm with a server of its own, whose access files are in `folder`/workers."""
    return Farm(folder / BOOK, Server(folder / "workers", "bench", workers, port=port),
                lease_seconds, "bench")


def inputs(points: int, seed: int = 0) -> tuple[Limbs, Limbs]:
    """Points (the generator, over and over: what is summed takes as long) and random scalars."""
    drawn = np.random.default_rng(seed).integers(0, 1 << 61, (points, 4), dtype=np.uint64)
    return np.tile(generator(Group.G1), (points, 1)), drawn


def tasks_of(farm: Farm, points: int, count: int, run: str) -> list[Task]:
    """So many tasks that ask the same under different names."""
    bases, scalars = inputs(points)
    address = farm.keep(bases.tobytes())
    return [make_task(SUM, 1, address, points, scalars.tobytes(), f"{run} {number}")
            for number in range(count)]


def busy(workers: tuple[int, ...], points: int, each: int,
         progress: Callable[[int, int], None] | None = None) -> list[JsonObject]:
    """For each number of workers: the share of their time, from the first task handed in to the
    last answer in the book, in which their devices were at work. `each`: tasks of a worker."""
    cycles = cycles_of(points)
    seconds = cycles / CLOCK_HZ
    found: list[JsonObject] = []
    total, before = sum(workers) * each, 0
    for many in workers:
        with tempfile.TemporaryDirectory(prefix="proofmill-scale-") as place:
            folder, names = Path(place), [f"worker-{number}" for number in range(many)]
            farm = farm_in(folder, names, LEASE_SECONDS)
            made: list[WorkerThread] = []
            try:
                made = [WorkerThread(folder / "workers", name, seconds, cycles) for name in names]
                deadline = time.monotonic() + THERE_SECONDS
                while len(farm.workers()) < many and time.monotonic() < deadline:
                    time.sleep(0.05)
                # What is fetched and summed once is not counted.
                farm.compute(tasks_of(farm, points, many, "first"), THERE_SECONDS)
                asked = tasks_of(farm, points, many * each, "measured")
                was, begun, done = [one.busy_seconds for one in made], time.monotonic(), 0

                def told(task: Task, before: int = before) -> None:
                    nonlocal done
                    done += 1
                    if progress is not None:
                        progress(before + done, total)

                farm.compute(asked, 20 * each * seconds + THERE_SECONDS, told)
                span = time.monotonic() - begun
                at_work = sum(one.busy_seconds - first
                              for one, first in zip(made, was, strict=True))
                found.append({
                    "workers": many, "tasks": len(asked), "seconds": round(span, 3),
                    "busy": round(at_work / (many * span), 4),
                    "overhead_milliseconds": round(
                        1000 * (many * span - at_work) / len(asked), 2)})
                before += len(asked)
            finally:
                for one in made:
                    one.end()
                farm.close()
    return found
