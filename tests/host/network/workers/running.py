"""A farm and its workers in this process, on a real server; and points whose sums are known."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.network.workers.access import Access, read_access
from proofmill.host.network.workers.blobs import Kept
from proofmill.host.network.workers.farm import Farm
from proofmill.host.network.workers.server import Server
from proofmill.host.network.workers.work import Bench
from proofmill.host.network.workers.worker import Worker
from proofmill.host.prover.curve.arithmetic import add, multiply
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.curve.points import generator
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import Device, Job, Progress, Result

NAMES = ("alpha", "beta")
LEASE = 1.0


class Lying(CpuDevice):
    """A device whose sums are a point too far, from the first on or after some."""

    def __init__(self, group: Group | None = None) -> None:
        super().__init__(1)
        self._group = group

    def run(self, jobs: list[Job], progress: Progress | None = None) -> list[Result]:
        return [result if self._group not in (None, job.bases.group) else Result(
            add(job.bases.group, result.point, generator(job.bases.group)), 0, 0, self.name)
                for job, result in zip(jobs, super().run(jobs, progress), strict=True)]


class Thread:
    """A worker on a thread; what ended it is in `fault`."""

    def __init__(self, access: Path, kept: Path, open_device: Callable[[], Device]) -> None:
        self.fault: BaseException | None = None
        self.said: list[str] = []
        self.worker: Worker | None = None
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(
            target=self._run, args=(access, kept, open_device), daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    def _run(self, access: Path, kept: Path, open_device: Callable[[], Device]) -> None:
        bench = Bench(open_device)

        async def work() -> None:
            self._loop = asyncio.get_running_loop()
            self.worker = Worker(read_access(access), [bench], Kept(kept, 1 << 30), "test",
                                 self.said.append)
            self._ready.set()
            await self.worker.run()

        try:
            asyncio.run(work())
        except BaseException as error:
            self.fault = error
        finally:
            self._ready.set()
            bench.close()

    def end(self) -> None:
        if self._thread.is_alive() and self._loop is not None and self.worker is not None:
            self._loop.call_soon_threadsafe(self.worker.end)
        self.join()

    def join(self) -> None:
        self._thread.join(20)
        assert not self._thread.is_alive()


class Place:
    """A farm with its server, and the workers begun so far."""

    def __init__(self, folder: Path, access: Access | None) -> None:
        self.folder = folder
        self.told: list[tuple[str, str, str]] = []
        self.workers: dict[str, Thread] = {}
        self.server = access or Server(folder / "workers", "mill", NAMES)
        self.farm = self.begin()

    def begin(self) -> Farm:
        self.farm = Farm(self.folder / "workers.sqlite", self.server, LEASE, "test",
                         tell=lambda *event: self.told.append(event))
        return self.farm

    @property
    def pid(self) -> int:
        assert isinstance(self.server, Server)
        return self.server.pid

    def access(self, name: str) -> Path:
        return self.folder / "workers" / f"{name}.json"

    def work(self, name: str, open_device: Callable[[], Device] = lambda: CpuDevice(1)) -> Thread:
        made = self.workers[name] = Thread(
            self.access(name), self.folder / f"kept-{name}", open_device)
        return made

    def until(self, holds: Callable[[], bool], seconds: float = 10.0) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, (self.told, [
                (name, each.fault, each.said) for name, each in self.workers.items()])
            time.sleep(0.02)

    def close(self) -> None:
        for each in self.workers.values():
            each.end()
        self.farm.close()


@contextmanager
def place(folder: Path, access: Access | None = None) -> Iterator[Place]:
    made = Place(folder, access)
    try:
        yield made
    finally:
        made.close()


def points(group: Group, count: int) -> Limbs:
    """Multiples of the generator, and infinity now and then."""
    few = np.array([multiply(group, generator(group), number % 29) for number in range(40)])
    return few[np.arange(count) % len(few)]


def scalars(count: int, seed: int) -> Limbs:
    drawn = np.random.default_rng(seed).integers(0, 1 << 61, (count, 4), dtype=np.uint64)
    drawn[:, 3] >>= 2
    return drawn


def sums(jobs: list[tuple[Group, Limbs, Limbs]]) -> list[Limbs]:
    """By this machine's processor."""
    processor = CpuDevice(1)
    return [processor.run([Job(processor.load(group, each), by)])[0].point
            for group, each, by in jobs]
