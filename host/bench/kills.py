"""What is lost, and what is done twice, when node, server and workers are killed at random."""

import os
import random
import shutil
import signal
import sqlite3
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.bench.busy import farm_in, inputs, tasks_of
from proofmill.host.bench.killed_node import ENOUGH, LEASE_SECONDS, NAMES, POINTS
from proofmill.host.bench.nursery import LOOK_SECONDS, Child, Nursery
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.network.workers.access import LOOPBACK
from proofmill.host.network.workers.server import free_port
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import Job

KINDS = ("worker", "server", "node", "power")
TASK_SECONDS = 0.1
MOST_PAUSE = 0.5
"""Between a submission and the next kill, at most."""
GONE_SECONDS = 0.1
"""In which the server of a store has ended after SIGKILL."""
OLD_SECONDS = 0.1
"""How much older than its server's end a copy of a store may be."""
END_SECONDS = 300.0
GRACE_SECONDS = 0.5
"""More than the lease that a task may wait for another worker."""
NODE, WORKER = (f"{__package__}.{name}" for name in ("killed_node", "timed"))


class Mill:
    """A node and two workers as processes, which are begun again when they are killed."""

    def __init__(self, folder: Path, nursery: Nursery, seed: int) -> None:
        self.folder = folder
        self._nursery, self._draw = nursery, random.Random(seed)
        with closing(sqlite3.connect(folder / "chain.sqlite")) as chain:
            chain.execute("CREATE TABLE submissions (number INTEGER PRIMARY KEY, job INTEGER, "
                          "point BLOB)")
        self._port = free_port(LOOPBACK[0])
        self.node = self._node()
        self.workers = {name: self._worker(name) for name in NAMES}

    def kill(self, kind: str) -> None:
        """Kill one of a kind, and begin it again."""
        if kind == "worker":
            name = self._draw.choice(list(self.workers))
            self.workers[name].kill()
            self.workers[name] = self._worker(name)
        elif kind == "server":
            with suppress(ProcessLookupError, FileNotFoundError, ValueError):
                os.kill(self._server(), signal.SIGKILL)
        elif kind == "node":
            self.node.kill()
            self.node = self._node()
        else:
            # What was on the disk a moment ago, file by file while it is being written.
            store, copy = self.folder / "workers" / "store", self.folder / "copy"
            shutil.rmtree(copy, ignore_errors=True)
            with suppress(shutil.Error, FileNotFoundError):  # files that have gone meanwhile
                shutil.copytree(store, copy)
            time.sleep(self._draw.uniform(0, OLD_SECONDS))
            server = 0
            with suppress(FileNotFoundError, ValueError):
                server = self._server()
            self.node.kill()
            if server:
                with suppress(ProcessLookupError):
                    os.kill(server, signal.SIGKILL)
            time.sleep(GONE_SECONDS)
            shutil.rmtree(store, ignore_errors=True)
            if copy.exists():
                copy.rename(store)
            self.node = self._node()

    def look_after(self) -> None:
        """Begin again what has ended by itself."""
        if self.node.poll() not in (None, 0):
            self.node = self._node()
        for name, worker in self.workers.items():
            if worker.poll() is not None:
                self.workers[name] = self._worker(name)

    def submissions(self) -> list[tuple[int, bytes]]:
        """What the chain has."""
        with closing(sqlite3.connect(self.folder / "chain.sqlite", timeout=30)) as chain:
            return chain.execute("SELECT job, point FROM submissions").fetchall()

    def at_work(self) -> bool:
        """Wait for a submission, so that what works is killed and not what begins; whether there
        was one."""
        had, deadline = len(self.submissions()), time.monotonic() + END_SECONDS
        while len(self.submissions()) == had and time.monotonic() < deadline:
            self.look_after()
            time.sleep(LOOK_SECONDS)
        return time.monotonic() < deadline

    def jobs(self) -> int:
        """How many the job log has."""
        with closing(sqlite3.connect(self.folder / "jobs.sqlite", timeout=30)) as log:
            return int(log.execute("SELECT count(DISTINCT root) FROM events").fetchone()[0])

    def close(self) -> None:
        """End everything."""
        for process in (*self.workers.values(), self.node):
            process.kill()

    def _server(self) -> int:
        return int((self.folder / "workers" / "server.pid").read_text())

    def _node(self) -> Child:
        return self._nursery.begin(NODE, [str(self.folder), str(self._port)],
                                   self.folder / "node.log")

    def _worker(self, name: str) -> Child:
        access = _access(self.folder, name)
        deadline = time.monotonic() + END_SECONDS
        while not access.exists() and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
        return _worker(self._nursery, self.folder, name, TASK_SECONDS)


def kills(count: int, seed: int, progress: Callable[[int, int], None] | None = None,
          kinds: Sequence[str] = KINDS, most_pause: float = MOST_PAUSE) -> JsonObject:
    """So many kills at random moments, each up to `most_pause` seconds after a submission; then all
    jobs are waited for.

    Fewer `kills` where nothing moved any more. Jobs `lost` (begun and never submitted), `twice`
    (submitted more than once), `wrong` (another sum than the processor's).
    """
    draw = random.Random(seed)
    done: Counter[str] = Counter()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="proofmill-kills-") as place, \
            Nursery((NODE, WORKER)) as nursery:
        with closing(Mill(Path(place), nursery, seed)) as mill:
            for number in range(count):
                if not mill.at_work():
                    break
                time.sleep(draw.uniform(0, most_pause))
                mill.look_after()
                kind = draw.choice(kinds)
                mill.kill(kind)
                done[kind] += 1
                if progress is not None:
                    progress(number + 1, count)
            (mill.folder / ENOUGH).touch()
            last = time.monotonic()
            while mill.node.poll() != 0 and time.monotonic() - last < END_SECONDS:
                mill.look_after()
                time.sleep(0.1)
            found, jobs = mill.submissions(), mill.jobs()
    times = Counter(job for job, _ in found)
    return {"kills": done.total(),
            **{f"kills_of_{kind}": done[kind] for kind in KINDS}, "jobs": jobs,
            "lost": jobs - len(times), "twice": sum(many > 1 for many in times.values()),
            "wrong": _wrong(found), "seconds": round(time.monotonic() - begun, 1)}


def takeovers(count: int, seed: int) -> list[float]:
    """Seconds from a worker's kill, while it has a task, until another begins it."""
    found, draw = [], random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="proofmill-takeover-") as place, \
            Nursery((NODE, WORKER)) as nursery:
        folder = Path(place)

        with farm_in(folder, NAMES, LEASE_SECONDS) as farm:
            for number in range(count):
                first = _worker(nursery, folder, NAMES[0], END_SECONDS)
                second = None
                try:
                    (task,) = tasks_of(farm, POINTS, 1, f"takeover {number}")
                    asking = threading.Thread(target=farm.compute, args=([task], END_SECONDS),
                                              daemon=True)
                    asking.start()
                    first.until("began")
                    second = _worker(nursery, folder, NAMES[1], 0)
                    second.until("works for")
                    time.sleep(draw.uniform(0.5, 1.5))
                    killed = time.monotonic()
                    first.kill()
                    found.append(float(second.until("began").split()[1]) - killed)
                    asking.join()
                finally:
                    first.kill()
                    if second is not None:
                        second.kill()
    return found


def _access(folder: Path, name: str) -> Path:
    return folder / "workers" / f"{name}.json"


def _worker(nursery: Nursery, folder: Path, name: str, task_seconds: float) -> Child:
    """A worker whose device takes so long for a task."""
    return nursery.begin(
        WORKER, [str(_access(folder, name)), str(folder / f"kept-{name}"), str(task_seconds)],
        folder / f"{name}.log")


def _wrong(found: list[tuple[int, bytes]]) -> int:
    bases, scalars = inputs(POINTS)
    processor = CpuDevice(1)
    loaded = processor.load(Group.G1, bases)
    wrong = 0
    for job, point in found:
        scalars[0, 0] = np.uint64(job)
        wrong += processor.run([Job(loaded, scalars)])[0].point.tobytes() != point
    return wrong
