"""A worker's side of the queue: takes a task, holds it, carries it out, answers, takes the next."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.loop_time import loop_time
from proofmill.host.ground.pause import GrowingPause
from proofmill.host.network.workers import blobs, line
from proofmill.host.network.workers.access import Access
from proofmill.host.network.workers.blobs import Kept
from proofmill.host.network.workers.line import FAULTS
from proofmill.host.network.workers.wire import (
    ABOUT,
    ALIVE_SECONDS,
    CONSUMER,
    VERSION,
    About,
    Alive,
    Answer,
    OtherVersion,
    Queue,
    Task,
    read_about,
    read_task,
    to_bytes,
)
from proofmill.host.network.workers.work import Bench, Done

log = logging.getLogger(__name__)

TAKE_SECONDS = 1.0
"""How long one question for a task is open, and so at most until an idle worker ends."""
HEARTBEATS = 3
"""In the time of a lease."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""After a failure of a device."""
NOT_YET_SECONDS = 1.0
MANY = 16
"""Tasks that wait, from which on a worker takes one more than it can do now at once."""
AHEAD_SECONDS, AHEAD_FACTOR = 0.1, 2
"""The next task is fetched so long before the end of one, by what the last one like it took, but at
least as many times as long as fetching one takes: it waits here for no longer than that while
another worker might be idle."""
NOTHING = Done(b"", 0, 0)


@dataclass
class Tally:
    """What a worker has done. `busy_seconds`: of its devices, added up."""

    begun: float = 0.0
    """When, by the event loop's time."""
    done: int = 0
    failed: int = 0
    busy_seconds: float = 0.0
    fetched: int = 0


@dataclass(frozen=True)
class _Taken:
    """A task that is held here, its input, what it refers to, and how many waited behind it."""

    message: Msg
    holding: asyncio.Future[None]
    task: Task
    given: bytes
    path: Path
    waiting: int
    seconds: float
    """What fetching it took; 0 where it may have been waited for."""

    async def let_go(self) -> None:
        """Leave it to others, at once."""
        self.holding.cancel()
        await _ignore(self.message.nak())


class Worker:
    """One worker with its devices, until it is told to end.

    Each device takes a task by itself. A task is held by signs of life within its lease; if this
    process ends, another worker has it when the lease is over.
    """

    def __init__(self, access: Access, benches: Sequence[Bench], kept: Kept, program: str,
                 say: Callable[[str], None] | None = None,
                 connect: line.Connect = line.connect) -> None:
        """`kept`: what is fetched once; `program`: this release; `say` hears sentences; `connect`
        leads to the queue."""
        self.tally = Tally()
        self._access, self._queue, self._connect = access, Queue(access.queue), connect
        self._benches, self._kept, self._program = benches, kept, program
        self._say = say or (lambda sentence: None)
        self._stop = asyncio.Event()
        self._refusal: ProofmillError | None = None
        self._fetching: dict[str, asyncio.Lock] = {}
        self._known: dict[str, Path] = {}
        """Blobs whose hash this process has looked at."""

    def end(self) -> None:
        """Take no more tasks, and end after those that are being done."""
        self._stop.set()

    async def run(self) -> None:
        """Until `end`. What keeps it from working is raised, as `ProofmillError`."""
        self.tally.begun = loop_time()
        connection = await self._connect(
            self._access, self._access.user, None, self._refused)
        try:
            stream = line.stream(connection)
            about = await self._about(stream)
            if about is None:
                return
            self._say(f"{self._access.user} works for {self._queue.name} at {self._access.url}, on "
                      f"{', '.join(bench.name for bench in self._benches)}")
            alive = asyncio.ensure_future(self._live(connection.client))
            try:
                await asyncio.gather(*(
                    self._lane(stream, bench, about.lease_seconds) for bench in self._benches))
            finally:
                alive.cancel()
                await asyncio.gather(alive, return_exceptions=True)
            if self._refusal is not None:
                raise self._refusal
        finally:
            await connection.close()

    def _refused(self, refusal: ProofmillError) -> None:
        self._refusal = refusal
        self._stop.set()

    async def _about(self, stream: JetStreamContext) -> About | None:
        """What the node says of the queue, when it says it; None where the worker is to end."""
        told = False
        while not self._stop.is_set():
            try:
                found = await stream.get_last_msg(
                    self._queue.blobs, self._queue.blob(ABOUT, ABOUT), direct=True)
                return read_about(found.data or b"")
            except (NotFoundError, *FAULTS):
                if not told:
                    told = True
                    self._say(f"{self._access.url} is there, but not the queue "
                              f"{self._queue.name!r}: waiting for its node")
                await self._rest(NOT_YET_SECONDS)
        return None

    async def _live(self, client: Client) -> None:
        """Give signs of life."""
        while True:
            with suppress(NatsError):
                tally = self.tally
                lived = max(loop_time() - tally.begun, 1e-6) * len(self._benches)
                await client.publish(self._queue.alive(self._access.user), to_bytes(Alive(
                    VERSION, self._program, [bench.name for bench in self._benches], tally.done,
                    tally.busy_seconds / lived)))
            await asyncio.sleep(ALIVE_SECONDS)

    async def _lane(self, stream: JetStreamContext, bench: Bench, lease: float) -> None:
        """Take and do tasks on one device. While it works, its last answer is handed in, and its
        next task fetched: shortly before it is idle, or at once where so many wait that nobody else
        lacks it."""
        subscription = await stream.pull_subscribe_bind(CONSUMER, stream=self._queue.tasks)
        pause = GrowingPause(FIRST_PAUSE, LONGEST_PAUSE)
        coming: asyncio.Future[_Taken | None] | None = None
        answering: set[asyncio.Future[None]] = set()
        took: dict[tuple[str, str], float] = {}
        fetching = 0.0
        with ThreadPoolExecutor(1, thread_name_prefix=bench.name) as thread:
            while not self._stop.is_set():
                taken = await (coming or self._next(stream, subscription, lease))
                coming = None
                if taken is None:
                    continue
                if self._stop.is_set():
                    await taken.let_go()
                    break
                kind = taken.task.kind, taken.task.address
                computing = asyncio.ensure_future(self._computed(bench, thread, taken))
                fetching = taken.seconds or fetching
                alone: float | None = None  # until it is done
                if taken.waiting >= MANY:
                    alone = 0.0
                elif kind in took:
                    alone = max(0.0, took[kind] - max(AHEAD_SECONDS, AHEAD_FACTOR * fetching))
                await asyncio.wait([computing], timeout=alone)
                if not computing.done():
                    coming = asyncio.ensure_future(self._next(stream, subscription, lease))
                answer = await computing
                answering.add(handing := asyncio.ensure_future(
                    self._answer(stream, taken, answer)))
                handing.add_done_callback(answering.discard)
                if not answer.error:
                    took[kind] = answer.seconds
                    pause.reset()
                else:
                    await _let_go(coming)
                    coming = None
                    bench.failed()
                    await self._rest(pause.take())
            await _let_go(coming)
            if answering:
                await asyncio.wait(answering)

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stop.wait()

    async def _next(self, stream: JetStreamContext,
                    subscription: JetStreamContext.PullSubscription, lease: float
                    ) -> "_Taken | None":
        """A task, with all it needs; None where there is none to be had now."""
        begun = loop_time()
        try:
            (message,) = await subscription.fetch(1, timeout=TAKE_SECONDS)
        except TimeoutError:
            return None  # nothing was there to do
        except FAULTS:
            await asyncio.sleep(line.AGAIN_SECONDS)
            return None
        holding = asyncio.ensure_future(_hold(message, lease))
        try:
            task = read_task(message.data)
            given = task.input
            if task.input_address:
                given = (await self._blob(stream, task.input_address)).read_bytes()
            path, waiting = await self._blob(stream, task.address), message.metadata.num_pending
            return _Taken(message, holding, task, given, path, waiting,
                          loop_time() - begun if waiting else 0.0)
        except OtherVersion as error:
            self._refusal = error
            self._stop.set()
        except (blobs.NotThere, blobs.OtherContent, *FAULTS) as fault:
            # The node hands it in anew; meanwhile another may try.
            log.info("a task waits: %s", fault)
            if isinstance(fault, blobs.OtherContent):
                self._say(str(fault))
        holding.cancel()
        await _ignore(message.nak(delay=NOT_YET_SECONDS))
        return None

    async def _computed(self, bench: Bench, thread: ThreadPoolExecutor, taken: "_Taken") -> Answer:
        """What the device makes of a task."""
        task, loop, begun = taken.task, asyncio.get_running_loop(), loop_time()
        done, error = NOTHING, ""
        try:
            done = await loop.run_in_executor(
                thread, lambda: bench.do(task, taken.given, lambda: taken.path))
        except ProofmillError as fault:
            error = str(fault)
        except Exception as fault:  # of a device's driver, whatever it is
            error = repr(fault)
        seconds = loop_time() - begun
        self.tally.busy_seconds += seconds
        if error:
            log.warning("task %s: %s", task.identity, error)
            self._say(f"{bench.name}: {error}")
            self.tally.failed += 1
        return Answer(VERSION, task.identity, done.result, error, bench.name, seconds, done.cycles,
                      done.digits)

    async def _answer(self, stream: JetStreamContext, taken: "_Taken", answer: Answer) -> None:
        """Hand in an answer until the queue has it, and only then let go of the task."""
        pause = GrowingPause(line.AGAIN_SECONDS, 2.0)
        subject = self._queue.answer(self._access.user, answer.identity)
        while self._refusal is None:
            try:
                await stream.publish(subject, to_bytes(answer))
                break
            except FAULTS as error:
                log.debug("the answer to %s waits for the queue: %s", answer.identity, error)
                await asyncio.sleep(pause.take())
        await _ignore(taken.message.ack_sync(timeout=line.ANSWER_SECONDS))
        taken.holding.cancel()
        if not answer.error:
            self.tally.done += 1

    async def _blob(self, stream: JetStreamContext, address: str) -> Path:
        """Where a blob is on this machine; it is fetched once."""
        async with self._fetching.setdefault(address, asyncio.Lock()):
            known = self._known.get(address)
            if known is not None and known.exists():
                return known
            path = await asyncio.to_thread(self._kept.path, address)
            if path is None:
                content = await blobs.get(stream, self._queue, address)
                self.tally.fetched += 1
                path = await asyncio.to_thread(self._kept.put, address, content)
            self._known[address] = path
            return path


async def _hold(message: Msg, lease: float) -> None:
    """Keep a task from being given to another, as long as this process lives."""
    while True:
        await asyncio.sleep(lease / HEARTBEATS)
        await _ignore(message.in_progress())


async def _let_go(coming: "asyncio.Future[_Taken | None] | None") -> None:
    """Leave a task that is on its way to others."""
    if coming is not None and (taken := await coming) is not None:
        await taken.let_go()


async def _ignore(what: Coroutine[Any, Any, object]) -> None:
    """What the queue does not hear now, it does without: the lease ends."""
    with suppress(*FAULTS):
        await what
