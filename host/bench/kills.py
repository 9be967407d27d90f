"""What is lost, and what is done twice, when node, server and workers are killed at random."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.bench.busy import farm_in, inputs, tasks_of
from proofmill.host.bench.killed_node import ENOUGH, LEASE_SECONDS, NAMES, POINTS
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.network.workers.access import LOOPBACK
from proofmill.host.network.workers.server import free_port
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import Job

KINDS = ("worker", "server", "node", "power")
TASK_SECONDS = 0.2
LEAST_PAUSE, MOST_PAUSE = 0.1, 1.0
END_SECONDS = 300.0
GRACE_SECONDS = 0.5
"""More than the lease that a task may wait for another worker."""


class Mill:
    """A node and two workers as processes, which are begun again when they are killed."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self._draw = random.Random(seed)
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
            _end(self.workers[name])
            self.workers[name] = self._worker(name)
        elif kind == "server":
            with suppress(ProcessLookupError, FileNotFoundError, ValueError):
                os.kill(self._server(), signal.SIGKILL)
        elif kind == "node":
            _end(self.node)
            self.node = self._node()
        else:
            # What was on the disk a moment ago, file by file while it is being written.
            store, copy = self.folder / "workers" / "store", self.folder / "copy"
            shutil.rmtree(copy, ignore_errors=True)
            with suppress(shutil.Error, FileNotFoundError):  # files that have gone meanwhile
                shutil.copytree(store, copy)
            time.sleep(self._draw.uniform(0, LEAST_PAUSE))
            server = 0
            with suppress(FileNotFoundError, ValueError):
                server = self._server()
            _end(self.node)
            if server:
                with suppress(ProcessLookupError):
                    os.kill(server, signal.SIGKILL)
            time.sleep(GRACE_SECONDS / 5)
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
            time.sleep(0.05)
        return time.monotonic() < deadline

    def jobs(self) -> int:
        """How many the job log has."""
        with closing(sqlite3.connect(self.folder / "jobs.sqlite", timeout=30)) as log:
            return int(log.execute("SELECT count(DISTINCT root) FROM events").fetchone()[0])

    def close(self) -> None:
        """End everything."""
        for process in (*self.workers.values(), self.node):
            _end(process)

    def _server(self) -> int:
        return int((self.folder / "workers" / "server.pid").read_text())

    def _node(self) -> subprocess.Popen[str]:
        return _begin(self.folder, "killed_node", str(self.folder), str(self._port))

    def _worker(self, name: str) -> subprocess.Popen[str]:
        access = self.folder / "workers" / f"{name}.json"
        deadline = time.monotonic() + END_SECONDS
        while not access.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        return _begin(self.folder, "timed", str(access), str(self.folder / f"kept-{name}"),
                      str(TASK_SECONDS))


def kills(count: int, seed: int, progress: Callable[[int, int], None] | None = None) -> JsonObject:
    """So many kills at random moments, each after a submission; then all jobs are waited for.

    Fewer `kills` where nothing moved any more. Jobs `lost` (begun and never submitted), `twice`
    (submitted more than once), `wrong` (another sum than the processor's).
    """
    draw = random.Random(seed)
    done: Counter[str] = Counter()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="proofmill-kills-") as place:
        with closing(Mill(Path(place), seed)) as mill:
            for number in range(count):
                if not mill.at_work():
                    break
                time.sleep(draw.uniform(LEAST_PAUSE, MOST_PAUSE))
                mill.look_after()
                kind = draw.choice(KINDS)
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
    with tempfile.TemporaryDirectory(prefix="proofmill-takeover-") as place:
        folder = Path(place)
        with farm_in(folder, NAMES, LEASE_SECONDS) as farm:
            for number in range(count):
                first = _begin(folder, "timed", str(folder / "workers/a.json"),
                               str(folder / "kept-a"), "60", heard=True)
                second = None
                try:
                    (task,) = tasks_of(farm, POINTS, 1, f"takeover {number}")
                    asking = threading.Thread(target=farm.compute, args=([task], END_SECONDS),
                                              daemon=True)
                    asking.start()
                    _began(first)
                    second = _begin(folder, "timed", str(folder / "workers/b.json"),
                                    str(folder / "kept-b"), "0", heard=True)
                    _until(second, "works for")
                    time.sleep(draw.uniform(0.5, 1.5))
                    killed = time.monotonic()
                    _end(first)
                    found.append(_began(second) - killed)
                    asking.join()
                finally:
                    _end(first)
                    if second is not None:
                        _end(second)
    return found


def _wrong(found: list[tuple[int, bytes]]) -> int:
    bases, scalars = inputs(POINTS)
    processor = CpuDevice(1)
    loaded = processor.load(Group.G1, bases)
    wrong = 0
    for job, point in found:
        scalars[0, 0] = np.uint64(job)
        wrong += processor.run([Job(loaded, scalars)])[0].point.tobytes() != point
    return wrong


def _begin(folder: Path, module: str, *arguments: str, heard: bool = False
           ) -> subprocess.Popen[str]:
    with (folder / f"{module}.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", f"proofmill.host.bench.{module}", *arguments],
            stdout=subprocess.PIPE if heard else log, stderr=log, text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))})


def _until(process: subprocess.Popen[str], word: str) -> str:
    assert process.stdout is not None
    for said in process.stdout:
        if word in said:
            return said
    raise RuntimeError(f"a worker ended before it said {word!r}")


def _began(process: subprocess.Popen[str]) -> float:
    return float(_until(process, "began").split()[1])


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
