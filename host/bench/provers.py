"""Thousands of provers in simulated time, by the code that hands out work in real time.

What runs is the node's job log and runner, its foreman and its book in SQLite, and the workers'
lanes, each as in production; simulated are the clock (`virtual_time`), the queue's server
(`simulated_queue`) and the devices, which take their time and give a digest instead of a proof.
Meanwhile workers, node and server are killed, and the server goes back to an older copy of its
store.
"""

import asyncio
import hashlib
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from proofmill.host.bench.bench_jobs import BenchWork, job_key
from proofmill.host.bench.simulated_queue import SimulatedQueue, Store
from proofmill.host.bench.virtual_time import VirtualLoop, VirtualProcess
from proofmill.host.ground.closing import Closing
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.garbage import uncollected
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.ground.loop_time import loop_time
from proofmill.host.network.node.jobs import JobRunner
from proofmill.host.network.node.states import State
from proofmill.host.network.node.store import JobKey, JobStore, LoggedJob
from proofmill.host.network.workers import blobs
from proofmill.host.network.workers.access import Access
from proofmill.host.network.workers.blobs import Kept
from proofmill.host.network.workers.book import BOOK, Answered
from proofmill.host.network.workers.foreman import Foreman
from proofmill.host.network.workers.wire import SUM, Task, make_task
from proofmill.host.network.workers.work import Bench, Done
from proofmill.host.network.workers.worker import Worker
from proofmill.host.prover.curve.limbs import Limbs

LEASE_SECONDS = 15.0
PIECES = 32
"""Of a job."""
AHEAD = 2.0
"""Pieces that are asked for and not answered, for each worker: one it is at, and some that wait.
While there are fewer, the node begins another job."""
SLOWEST, FASTEST = 1.5, 0.5
"""Times the mean that a piece takes on a machine; they are drawn evenly in between."""
TICK_SECONDS = 0.25
"""Between looks of the node at its jobs."""
ABSENT_SECONDS = 5.0
"""From a kill until what was killed is begun again."""
OLD_SECONDS = 2.0
"""By which a copy of the store is older than the moment of its server's end."""
PATIENCE = 1e9
"""Seconds that a node waits for its answers: nothing is given up here."""
KILLED_SHARE = 0.01
"""Of the workers that are killed, each once."""
NODE_KILLS, SERVER_KILLS, COPIES = 2, 2, 1
DRAIN = 20
"""Times the mean piece after which what is not there is lost."""
POINTS = b"points"
"""What all tasks refer to; provers have it already."""
MEMORY = Path("/dev/shm")
"""Where files are that are not waited for: a disk's time does not pass in the simulation."""
Progress = Callable[[int, int], None]


@dataclass
class _Machine:
    """A worker's hardware: how long it takes, and when it was at work."""

    name: str
    seconds: float
    spans: list[tuple[float, float]] = field(default_factory=list)
    away: list[tuple[float, float]] = field(default_factory=list)
    at: str = ""


class _Records:
    """What is noted from outside of what runs."""

    def __init__(self) -> None:
        self.submitted: Counter[int] = Counter()
        self.wrong = 0
        self.begun: Counter[str] = Counter()
        self.orphans: dict[str, float] = {}
        """Tasks that a killed worker had, and since when."""
        self.offers: list[float] = []
        self.given: list[float] = []
        self.resumed: list[float] = []
        self.server_since = 0.0
        """When the server was back last, with all leases begun anew."""
        self._handed: dict[str, float] = {}
        self._last: dict[str, str] = {}
        """The worker that a task was handed to last."""
        self.holders: dict[str, set[str]] = {}

    def delivered(self, subject: str, user: str) -> None:
        """A task was handed to a worker."""
        identity, now = subject.rpartition(".")[2], loop_time()
        self.holders.setdefault(user, set()).add(identity)
        self._last[identity] = user
        if identity in self.orphans and identity not in self._handed:
            self._handed[identity] = now
            self.given.append(now - self.orphans[identity])

    def offered(self, subject: str) -> None:
        """A task's lease is over: whoever asks next has it."""
        identity = subject.rpartition(".")[2]
        if identity in self.orphans and identity not in self._handed:
            self.offers.append(loop_time() - max(self.orphans[identity], self.server_since))

    def began(self, user: str, identity: str) -> None:
        """A worker's device has begun a task."""
        self.holders.get(user, set()).discard(identity)
        self.begun[identity] += 1
        since = self.orphans.pop(identity, None)
        if since is not None:
            self._handed.pop(identity, None)
            self.resumed.append(loop_time() - since)

    def killed(self, user: str, at: str) -> None:
        """A worker is no more, which was at the task `at`, "" for none. What another was handed
        meanwhile is not without a worker."""
        for identity in self.holders.pop(user, set()) | ({at} if at else set()):
            if self._last.get(identity) == user:
                self.orphans[identity] = loop_time()
                self._handed.pop(identity, None)


class _SimulatedBench(Bench):
    """A device that takes its machine's time for a task."""

    def __init__(self, loop: VirtualLoop, machine: _Machine, records: _Records) -> None:
        self.name = "simulated"
        self._loop, self._machine, self._records = loop, machine, records

    def do(self, task: Task, given: bytes, blob: Callable[[], Path]) -> Done:
        """A digest of what was asked."""
        machine, now = self._machine, self._loop.time()
        machine.at = task.identity
        machine.spans.append((now, now + machine.seconds))
        self._records.began(machine.name, task.identity)
        self._loop.take(machine.seconds)
        return Done(digest(given), 0, 0)

    def failed(self) -> None:
        """Nothing is to be opened anew."""

    def close(self) -> None:
        """Nothing is held."""


def digest(given: bytes) -> bytes:
    """What stands for the result of a task."""
    return hashlib.sha256(given).digest()


class _Pieces(BenchWork):
    """A job's pieces, all of them asked of the foreman at once."""

    def __init__(self, foreman: Foreman, records: _Records) -> None:
        self._foreman, self._records = foreman, records
        self._address = blobs.address_of(POINTS)
        self._making: dict[JobKey, asyncio.Task[list[Answered]]] = {}
        self.open = 0
        """Pieces that are not answered."""

    def witness(self, job: LoggedJob) -> Limbs:
        """Other scalars for each piece of each job."""
        return np.array([[job.slot, piece, 0, 0] for piece in range(PIECES)], np.uint64)

    def prove(self, job: LoggedJob, witness: Limbs) -> None:
        """Ask for all pieces."""
        tasks = [make_task(SUM, 1, self._address, 1, each.tobytes()) for each in witness]
        self.open += len(tasks)
        self._making[job.key] = asyncio.ensure_future(
            self._foreman.compute(tasks, PATIENCE, self._answered))

    def _answered(self, task: Task) -> None:
        self.open -= 1

    def proof(self, job: LoggedJob) -> bytes:
        """The pieces' results one after the other."""
        return b"".join(each.answer.result for each in self._making.pop(job.key).result())

    def verify(self, job: LoggedJob, proof: bytes) -> bool:
        """Each in its place."""
        return proof == b"".join(digest(each.tobytes()) for each in self.witness(job))

    def landed(self, job: LoggedJob) -> bool:
        """Whether it was submitted."""
        return bool(self._records.submitted[job.slot])

    def broadcast(self, job: LoggedJob, signed: bytes) -> None:
        """Submit it."""
        self._records.submitted[job.slot] += 1
        self._records.wrong += not self.verify(job, signed)


class Simulation:
    """`provers` machines, a node and a server, for `seconds` after they are all at work."""

    def __init__(self, folder: Path, provers: int, piece_seconds: float, seconds: float,
                 seed: int, progress: Progress) -> None:
        self._folder, self._draw, self._progress = folder, random.Random(seed), progress
        self._piece, self._seconds = piece_seconds, seconds
        self.records = _Records()
        self.queue = SimulatedQueue(self._delivered, self.records.offered)
        self.machines = [
            _Machine(f"prover-{number}", piece_seconds * self._draw.uniform(FASTEST, SLOWEST))
            for number in range(provers)]
        self._kept = Kept(folder / "kept", 1 << 20)
        self._kept.put(blobs.address_of(POINTS), POINTS)
        self._running: dict[str, VirtualProcess] = {}
        self._enough = False
        self._files: tuple[Closing, ...] = ()
        self.jobs = self.unfinished = 0

    @property
    def begin(self) -> float:
        """From when on it is counted: the queue is filled, and every machine has had a piece."""
        return 2 * self._piece

    @property
    def end(self) -> float:
        """Until when."""
        return self.begin + self._seconds

    def _delivered(self, subject: str, user: str) -> None:
        if user != "node":
            self.records.delivered(subject, user)

    async def run(self) -> None:
        """Until everything that was begun is done, or it is clear that it will not be."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        self._loop = loop
        self._begin_node()
        for machine in self.machines:
            self._begin_worker(machine)
        disturbing = asyncio.ensure_future(self._disturb())
        last = self.end + DRAIN * self._piece
        while loop.time() < last and not (self._enough and not self.unfinished):
            await asyncio.sleep(1.0)
            self._enough = loop.time() >= self.end
            self._progress(min(int(loop.time()), int(self.end)), int(self.end))
            for name, each in self._running.items():
                if (fault := each.fault()) is not None:
                    raise ProofmillError(f"{name} ended: {fault!r}; please report it") from fault
        await disturbing
        for process in self._running.values():
            await process.kill()

    def _begin_node(self) -> None:
        self._running["node"] = process = VirtualProcess()
        process.begin(self._node)

    def _begin_worker(self, machine: _Machine) -> None:
        self._running[machine.name] = process = VirtualProcess()
        worker = Worker(self._access(machine.name),
                        [_SimulatedBench(self._loop, machine, self.records)], self._kept, "bench",
                        connect=self.queue.connect)
        process.begin(worker.run)

    async def _node(self) -> None:
        """A node's part that proves: job log, runner, foreman; as after any end of it."""
        with JobStore(self._folder / "jobs.sqlite") as store:
            foreman = Foreman(self._folder / BOOK, self._access("node"), LEASE_SECONDS, "bench",
                              connect=self.queue.connect)
            self._files = store, foreman.book
            begun = asyncio.Event()
            living = asyncio.ensure_future(foreman.live(begun.set, _nothing))
            await begun.wait()
            await foreman.keep(blobs.address_of(POINTS), POINTS)
            work = _Pieces(foreman, self.records)
            runner = JobRunner(store, work)
            runner.resume()
            while not living.done():
                if not self._enough:
                    for _ in range(int(AHEAD * len(self.machines) - work.open) // PIECES + 1):
                        store.see(job_key(self.jobs), self.jobs)
                        self.jobs += 1
                for job in store.unfinished():
                    if job.state is not State.PROVING or work.made(job):
                        runner.run(job.key)
                self.unfinished = len(store.unfinished())
                await asyncio.sleep(TICK_SECONDS)
            living.result()

    async def _disturb(self) -> None:
        """Kills, at random moments of the time that counts."""
        draw = self._draw
        victims = draw.sample(self.machines, max(1, round(KILLED_SHARE * len(self.machines))))
        moments: list[tuple[float, Callable[[], Coroutine[Any, Any, None]]]] = [
            (draw.uniform(self.begin, self.end), partial(self._kill_worker, victim))
            for victim in victims]
        for count, kill in ((NODE_KILLS, self._kill_node), (SERVER_KILLS, self._kill_server),
                            (COPIES, self._restore)):
            moments += [(draw.uniform(self.begin, self.end), kill) for _ in range(count)]
        self.kills = len(moments)
        for moment, what in sorted(moments, key=lambda each: each[0]):
            await asyncio.sleep(max(0.0, moment - self._loop.time()))
            await what()

    async def _kill_worker(self, machine: _Machine) -> None:
        now, at = self._loop.time(), ""
        if machine.at and machine.spans[-1][1] > now:
            machine.spans[-1] = machine.spans[-1][0], now
            at = machine.at
        self.records.killed(machine.name, at)
        await self._running[machine.name].kill()
        machine.away.append((now, now + ABSENT_SECONDS))
        self._loop.call_later(ABSENT_SECONDS, self._begin_worker, machine)

    async def _kill_node(self) -> None:
        for file in self._files:
            file.close()  # what a killed process would not write any more
        await self._running["node"].kill()
        await asyncio.sleep(ABSENT_SECONDS)
        self._begin_node()

    async def _kill_server(self) -> None:
        await self._without_server()

    async def _restore(self) -> None:
        store = self.queue.copy()
        await asyncio.sleep(OLD_SECONDS)
        await self._without_server(store)

    async def _without_server(self, store: Store | None = None) -> None:
        await self.queue.restart(ABSENT_SECONDS, store)
        self.records.server_since = self._loop.time()

    def _access(self, name: str) -> Access:
        return Access(url="nats://127.0.0.1", user=name, password="", queue="mill")


def simulate(provers: int, piece_seconds: float, minutes: float, seed: int,
             progress: Progress = lambda done, total: None) -> JsonObject:
    """Run it; what came of it.

    `busy`: the share of the time that counts in which devices were at work, of the time in which
    their machines were there. `offered`: seconds at most from a worker's kill, or from when the
    server was back if it was away since, until its tasks were there for whoever asks next: what
    the lease bounds. `handed`: from the kill until another worker, which may be busy until then,
    had asked for and been given one, absences of the server included; `resumed`: until another's
    device began it, which may be at another. `lost`: jobs
    begun and not submitted; `twice`: submitted more than once; `wrong`: with another result.
    `again`: tasks that a device began more than once. `server`: the share of its time that the
    queue's server was busy; `processor_seconds` and `simulated_seconds`: of all of it.
    """
    begun, processor = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory(
            prefix="proofmill-provers-", dir=MEMORY if MEMORY.is_dir() else None) as place, \
            uncollected():
        one = Simulation(Path(place), provers, piece_seconds, 60 * minutes, seed, progress)
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(one.run())
            simulated = runner.get_loop().time()
    records = one.records
    at_work = sum(_within(each.spans, one) for each in one.machines)
    there = provers * (one.end - one.begin) - sum(_within(each.away, one) for each in one.machines)
    submitted = records.submitted
    return {
        "provers": provers, "minutes": minutes, "piece_seconds": piece_seconds, "seed": seed,
        "kills": one.kills, "jobs": one.jobs, "tasks": len(records.begun),
        "again": sum(many > 1 for many in records.begun.values()),
        "busy": round(at_work / there, 4), "lease_seconds": LEASE_SECONDS,
        "offered": round(max(records.offers, default=0.0), 3), "offers": len(records.offers),
        "handed": round(max(records.given, default=0.0), 3),
        "resumed": round(max(records.resumed, default=0.0), 3),
        "lost": one.jobs - len(submitted), "wrong": records.wrong,
        "twice": sum(many > 1 for many in submitted.values()),
        "server": round(one.queue.busy_seconds / simulated, 4),
        "simulated_seconds": round(simulated, 1),
        "processor_seconds": round(time.process_time() - processor, 1),
        "seconds": round(time.perf_counter() - begun, 1)}


def _within(spans: list[tuple[float, float]], one: Simulation) -> float:
    return sum(max(0.0, min(stop, one.end) - max(start, one.begin)) for start, stop in spans)


async def _nothing() -> None:
    """Nobody else waits for the foreman."""
