"""A node's side of the queue: tasks go out, answers come in, and nothing is lost on the way.

The book (`book.Book`) is the truth. A task is open from the moment it is in the book until an
answer for it is; while it is open and neither in the queue nor among the answers that wait there,
it is handed in again for whoever waits for it, and forgotten where nobody does: after the node's
own end its job log has it asked for again.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from nats.aio.msg import Msg
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DiscardPolicy,
    RetentionPolicy,
    StreamConfig,
)
from nats.js.errors import APIError

from proofmill.host.ground.closing import Closing
from proofmill.host.ground.database import StorageError
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.workers import blobs, line
from proofmill.host.network.workers.access import Access
from proofmill.host.network.workers.book import Answered, Book
from proofmill.host.network.workers.line import FAULTS
from proofmill.host.network.workers.server import START_SECONDS, Server
from proofmill.host.network.workers.wire import (
    ABOUT,
    ALIVE_SECONDS,
    CONSUMER,
    READER,
    VERSION,
    About,
    Alive,
    Queue,
    Task,
    read_alive,
    read_answer,
    to_bytes,
)
from proofmill.host.prover.devices.device import DeviceError

log = logging.getLogger(__name__)

ATTEMPTS = 5
"""Workers that may fail at a task before it is given up."""
GONE_SECONDS = 3 * ALIVE_SECONDS
NOBODY_SECONDS = 10.0
"""How long a task waits for a first worker to be there."""
READ_SECONDS = 1.0
AT_ONCE = 16
"""Tasks that are on their way into the queue at one time, and answers out of it."""
LEAST_SWEEP_SECONDS = 1.0
SMALL = 1024
"""Bytes left for what a message has beside its input."""
Told = Callable[[str, str, str], None]
"""Hears of a worker: its name, its state (came, gone, aside, failed) and why."""
Content = TypeVar("Content")
Given = TypeVar("Given")


@dataclass
class Seen:
    """A worker as it was last heard of."""

    at: float
    alive: Alive


class Farm(Closing):
    """The workers of a node. May be used from several threads at once."""

    def __init__(self, book: Path, server: Server | Access, lease_seconds: float, program: str, *,
                 tell: Told | None = None) -> None:
        """Open the book and the queue. `server`: one of this node's own, which is begun here and
        ended with this, or the way into another's. `lease_seconds`: after which a task goes to
        another worker when nothing is heard of its own. `program`: this release.

        ProofmillError where the server cannot be begun or does not let the node in.
        """
        self._server = server if isinstance(server, Server) else None
        self._access = server.access if isinstance(server, Server) else server
        self._queue = Queue(self._access.queue)
        self._lease, self._program = lease_seconds, program
        self._tell = tell or (lambda worker, state, reason: None)
        self._wanted: dict[str, bytes] = {}
        """Blobs that tasks may refer to, by their address."""
        self._waiting: dict[str, list[asyncio.Future[Answered]]] = {}
        self._asked_for: dict[str, Task] = {}
        """Tasks that somebody waits for, with their inputs."""
        self._seen: dict[str, Seen] = {}
        self._aside: dict[str, str] = {}
        self._most_message = 1 << 20
        self._lock, self._ended = threading.Lock(), False
        self._asked: set[asyncio.Task[Any]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=(book,), name="workers",
                                        daemon=True)
        self._begun = threading.Event()
        self._fault: BaseException | None = None
        self._stop = asyncio.Event()
        self._back, self._lost = asyncio.Event(), asyncio.Event()
        self._thread.start()
        self._begun.wait()
        if self._fault is not None:
            self._thread.join()
            raise self._fault

    @property
    def lease_seconds(self) -> float:
        """After which a task goes to another worker."""
        return self._lease

    def workers(self) -> dict[str, Alive]:
        """Workers that are there now."""
        now = time.monotonic()
        return {name: seen.alive for name, seen in list(self._seen.items())
                if now - seen.at < GONE_SECONDS and name not in self._aside}

    def aside(self) -> dict[str, str]:
        """Workers that are put aside, and why."""
        return dict(self._aside)

    @property
    def waiting(self) -> int:
        """How many tasks somebody waits for."""
        return len(self._waiting)

    def keep(self, content: bytes) -> str:
        """Let tasks refer to `content`; its address. It is handed in when the server is there."""
        address = blobs.address_of(content)
        self._ask(self._keep(address, content))
        return address

    def compute(self, tasks: Sequence[Task], seconds: float,
                done: Callable[[Task], None] | None = None) -> list[Answered]:
        """The answers, in the order of `tasks`; one that was had before is not asked for again.

        DeviceError where they are not there after `seconds`, or no worker is; nobody works on them
        then any more. `done` hears of each task that was answered.
        """
        return self._ask(self._compute(tasks, seconds, done or (lambda task: None)))

    def refuse(self, worker: str, reason: str) -> None:
        """Put a worker aside for a wrong answer: nothing of it is taken any more."""
        self._ask(self._refuse(worker, reason))

    def correct(self, answered: Answered) -> None:
        """Put this node's own answer in the place of a wrong one."""
        self._ask(_called(self._book.correct, answered.answer))

    def forget(self, identity: str) -> None:
        """Ask anew when the same is asked again."""
        self._ask(_called(self._book.forget, identity))

    def answered(self, identity: str) -> Answered | None:
        """What was answered, and by whom."""
        return self._ask(_called(self._book.answered, identity))

    def close(self) -> None:
        """Give back the connection, and end the server if it is this node's."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()

    def _ask(self, work: Coroutine[Any, Any, Content]) -> Content:
        async def noted() -> Content:
            current = asyncio.current_task()
            assert current is not None
            self._asked.add(current)
            try:
                return await work
            finally:
                self._asked.discard(current)

        with self._lock:
            if self._ended:
                work.close()
                raise DeviceError("the workers' queue is closed")
            made = asyncio.run_coroutine_threadsafe(noted(), self._loop)
        try:
            return made.result()
        except CancelledError as error:
            raise DeviceError("the workers' queue is closed") from error

    def _run(self, book: Path) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._live(book))
        except BaseException as error:
            if not self._begun.is_set():
                self._fault = error
            else:
                log.error("workers: %s", error, exc_info=error)
        finally:
            self._loop.run_until_complete(self._let_go())
            self._begun.set()
            self._loop.close()

    async def _live(self, path: Path) -> None:
        with Book(path) as self._book:
            self._aside = self._book.aside()
            try:
                if self._server is not None:
                    for worker in self._aside:
                        self._server.revoke(worker)
                    self._server.start()
                while not self._stop.is_set():
                    try:
                        await self._connected()
                    except (ProofmillError, *FAULTS) as error:
                        if not self._begun.is_set() or isinstance(error, StorageError):
                            raise
                        log.error("workers: %s", error)
                        await asyncio.sleep(1)
            finally:
                if self._server is not None:
                    self._server.close()

    async def _connected(self) -> None:
        """Work with one connection, until it or this farm ends."""
        self._lost.clear()
        connection = await line.connect(self._access, "node", self._back.set, self._on_lost)
        try:
            self._stream = line.stream(connection)
            self._most_message = connection.client.max_payload - SMALL
            await self._prepare()
            await connection.client.subscribe(self._queue.alive("*"), cb=self._alive)
            self._begun.set()
            self._back.set()
            ends = [asyncio.ensure_future(each) for each in (
                self._stop.wait(), self._lost.wait())]
            tasks = [asyncio.ensure_future(each) for each in (
                self._read(), self._sweep(), self._watch())]
            await asyncio.wait([*ends, *tasks], return_when=asyncio.FIRST_COMPLETED)
            broken = [each for each in tasks if each.done()]
            # The library makes errors of its own of cancellations, where the connection is gone.
            open_still = {*ends, *tasks}
            while open_still := {each for each in open_still if not each.done()}:
                for each in open_still:
                    each.cancel()
                await asyncio.wait(open_still, timeout=line.AGAIN_SECONDS)
            for each in broken:
                each.result()
        finally:
            if self._stop.is_set():
                await self._let_go()
            await connection.close()

    async def _let_go(self) -> None:
        """Tell everybody who waits, and whoever comes, that it is over."""
        with self._lock:
            self._ended = True
        for futures in self._waiting.values():
            for future in futures:
                if not future.done():
                    future.set_exception(DeviceError("the workers' queue is closed"))
        await asyncio.sleep(0)
        if asked := list(self._asked):
            _, late = await asyncio.wait(asked, timeout=1)
            for each in late:
                each.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _on_lost(self, why: ProofmillError) -> None:
        log.error("workers: the connection to the queue is lost: %s", why)
        self._lost.set()

    async def _prepare(self) -> None:
        """The streams and consumers, made where they are not there."""
        queue, js = self._queue, self._stream
        for config in (
            StreamConfig(
                name=queue.tasks, subjects=[queue.task("*")], retention=RetentionPolicy.WORK_QUEUE,
                discard=DiscardPolicy.NEW, max_msgs_per_subject=1, discard_new_per_subject=True),
            StreamConfig(name=queue.answers, subjects=[queue.answer("*", "*")],
                         retention=RetentionPolicy.WORK_QUEUE),
            StreamConfig(name=queue.blobs, subjects=[queue.blob("*", "*")], allow_direct=True,
                         max_msgs_per_subject=1),
        ):
            try:
                await _patiently(js.add_stream, config)
            except APIError as error:
                raise ProofmillError(
                    f"{self._access.url}: the stream {config.name} cannot be made: "
                    f"{error.description}; let the user {self._access.user!r} use JetStream, and "
                    "take away a stream of that name that is another's") from error
            except FAULTS as error:
                raise line.Unreachable(
                    f"{self._access.url}: JetStream does not answer ({error or 'no answer'}); "
                    "enable it in the server's settings") from error
        await js.add_consumer(queue.tasks, ConsumerConfig(
            durable_name=CONSUMER, ack_policy=AckPolicy.EXPLICIT, ack_wait=self._lease,
            max_ack_pending=100_000, max_waiting=100_000))
        await js.add_consumer(queue.answers, ConsumerConfig(
            durable_name=READER, ack_policy=AckPolicy.EXPLICIT, ack_wait=30))
        await js.publish(queue.blob(ABOUT, ABOUT), to_bytes(
            About(VERSION, self._program, self._lease)))

    async def _keep(self, address: str, content: bytes) -> None:
        self._wanted[address] = content
        with suppress(*FAULTS):  # the next sweep does it
            if not await blobs.has(self._stream, self._queue, address):
                await blobs.put(self._stream, self._queue, address, content)

    async def _compute(self, tasks: Sequence[Task], seconds: float,
                       done: Callable[[Task], None]) -> list[Answered]:
        found: dict[str, Answered] = {}
        futures: dict[str, asyncio.Future[Answered]] = {}
        begin = time.monotonic()
        for task in tasks:
            if (answered := self._book.answered(task.identity)) is not None \
                    and answered.worker not in self._aside:
                found[task.identity] = answered
                done(task)
                continue
            if answered is not None:
                self._book.forget(task.identity)
            future = self._loop.create_future()
            self._waiting.setdefault(task.identity, []).append(future)
            futures[task.identity] = future
            future.add_done_callback(_when_answered(task, done))
        asked = [await self._short(task) for task in tasks if task.identity in futures]
        self._asked_for |= {task.identity: task for task in asked}
        try:
            if asked:
                self._book.open(asked)
                await self._hand_in_all(asked)
            while any(not future.done() for future in futures.values()):
                left = begin + seconds - time.monotonic()
                if left <= 0:
                    raise DeviceError(
                        f"workers: {sum(not each.done() for each in futures.values())} of "
                        f"{len(tasks)} tasks were not answered within {seconds:.0f} s")
                if not self.workers() and time.monotonic() - begin > NOBODY_SECONDS:
                    raise DeviceError("workers: no worker is connected; start `proofmill worker`")
                await asyncio.wait(futures.values(), timeout=min(left, READ_SECONDS),
                                   return_when=asyncio.FIRST_EXCEPTION)
                for future in futures.values():
                    if future.done():
                        future.result()
            return [found.get(task.identity) or futures[task.identity].result() for task in tasks]
        except BaseException:
            for identity, future in futures.items():
                if not future.done():
                    await self._withdraw(identity)
            raise
        finally:
            for identity, future in futures.items():
                self._waiting[identity].remove(future)
                if not self._waiting[identity]:
                    del self._waiting[identity]
                    self._asked_for.pop(identity, None)
                future.cancel()

    async def _short(self, task: Task) -> Task:
        """The task as one message can carry it."""
        import msgspec

        if len(task.input) <= self._most_message:
            return task
        address = blobs.address_of(task.input)
        await self._keep(address, task.input)
        return msgspec.structs.replace(task, input=b"", input_address=address)

    async def _hand_in_all(self, tasks: Sequence[Task]) -> None:
        """Put tasks into the queue in their order, some on their way at one time."""
        places = asyncio.Semaphore(AT_ONCE)

        async def one(task: Task) -> None:
            async with places:
                await self._hand_in(task)

        await asyncio.gather(*map(one, tasks))

    async def _hand_in(self, task: Task) -> None:
        """Put an open task into the queue, once; what fails is made good by the next sweep."""
        with suppress(*FAULTS):  # that it is there already among them
            await self._stream.publish(self._queue.task(task.identity), to_bytes(task))

    async def _withdraw(self, identity: str) -> None:
        self._book.forget(identity)
        with suppress(*FAULTS):
            await self._stream.purge_stream(self._queue.tasks, subject=self._queue.task(identity))

    async def _again(self, identity: str) -> None:
        """Let others do a task that is open still: what its worker has of it counts no more."""
        task = self._still_open(identity)
        if task is None:
            return
        with suppress(*FAULTS):
            await self._stream.purge_stream(self._queue.tasks, subject=self._queue.task(identity))
            await self._hand_in(task)

    def _still_open(self, identity: str) -> Task | None:
        """A task that somebody waits for an answer to; one of a former life is forgotten: who asks
        for it again opens it again."""
        if not self._book.is_open(identity):
            return None
        task = self._asked_for.get(identity)
        if task is None:
            self._book.forget(identity)
        return task

    async def _read(self) -> None:
        """Take answers, as long as the queue is there."""
        subscription = await self._stream.pull_subscribe_bind(
            READER, stream=self._queue.answers)
        while True:
            try:
                messages = await subscription.fetch(1, timeout=READ_SECONDS)
                # Of more than there are, the library would wait for the rest.
                more = min(messages[0].metadata.num_pending, AT_ONCE - 1)
                if more:
                    with suppress(*FAULTS):
                        messages += await subscription.fetch(more, timeout=READ_SECONDS)
                await self._take(messages)
            except TimeoutError:
                continue
            except FAULTS:
                await asyncio.sleep(line.AGAIN_SECONDS)

    async def _take(self, messages: Sequence[Msg]) -> None:
        """Answers, into the book before they leave the queue."""
        good = []
        for message in messages:
            worker, identity = message.subject.rsplit(".", 2)[-2:]
            try:
                answer = read_answer(message.data)
                if answer.identity != identity:
                    raise ValueError(f"an answer to {identity} says it is to {answer.identity}")
            except Exception as error:
                await self._refuse(worker, f"its answer cannot be read: {error}")
                continue
            if worker in self._aside:
                await self._again(identity)
            elif answer.error:
                await self._failed(worker, identity, answer.error)
            else:
                good.append(Answered(worker, answer))
        # One transaction: it waits for the disk once.
        for answered, taken in zip(good, self._book.take(good) if good else (), strict=True):
            if taken:
                self._resolve(answered.answer.identity, answered)
        for message in messages:
            await message.ack()

    async def _failed(self, worker: str, identity: str, error: str) -> None:
        if not self._book.is_open(identity):
            return
        self._tell(worker, "failed", error)
        log.warning("worker %s could not do a task: %s", worker, error)
        if self._book.failed(identity) < ATTEMPTS:
            await self._again(identity)
            return
        fault = DeviceError(f"workers: {ATTEMPTS} attempts failed, the last by {worker}: {error}")
        await self._withdraw(identity)
        for future in self._waiting.get(identity, []):
            if not future.done():
                future.set_exception(fault)

    def _resolve(self, identity: str, answered: Answered) -> None:
        for future in self._waiting.get(identity, []):
            if not future.done():
                future.set_result(answered)

    async def _refuse(self, worker: str, reason: str) -> None:
        if worker in self._aside or not worker:
            return
        log.warning("worker %s is put aside: %s", worker, reason)
        self._book.put_aside(worker, reason)
        self._aside[worker] = reason
        if self._server is not None:
            self._server.revoke(worker)
        self._tell(worker, "aside", reason)

    async def _alive(self, message: Msg) -> None:
        worker = message.subject.rpartition(".")[2]
        with suppress(Exception):  # who sends what cannot be read is not there
            alive = read_alive(message.data)
            if worker not in self.workers() and worker not in self._aside:
                self._tell(worker, "came", ", ".join(alive.devices))
                log.info("worker %s is there, with %s", worker, ", ".join(alive.devices))
            self._seen[worker] = Seen(time.monotonic(), alive)

    async def _sweep(self) -> None:
        """Look now and then, and when the server is back, for open tasks that the queue lost."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(max(self._lease, LEAST_SWEEP_SECONDS)):
                    await self._back.wait()
            back = self._back.is_set()
            self._back.clear()
            try:
                if back:
                    await self._prepare()
                await self._make_good()
            except (*FAULTS, ProofmillError) as error:
                log.debug("workers: the queue is not to be had: %s", error)
                await asyncio.sleep(line.AGAIN_SECONDS)
                self._back.set()
            self._notice_gone()

    async def _make_good(self) -> None:
        """Hand in what is open and neither in the queue nor answered.

        A worker's answer is in its stream before its task leaves the other: a task that is missing
        now has been answered, if it was not lost, by the answers that are there now.
        """
        queue, js = self._queue, self._stream
        for address, content in list(self._wanted.items()):
            if not await blobs.has(js, queue, address):
                await blobs.put(js, queue, address, content)
        open_before = self._book.open_identities()
        if not open_before:
            return
        info = await js.stream_info(queue.tasks, subjects_filter=queue.task("*"))
        there = {subject.rpartition(".")[2] for subject in info.state.subjects or {}}
        missing = [identity for identity in open_before if identity not in there]
        if not missing:
            return
        last = (await js.stream_info(queue.answers)).state.last_seq
        for _ in range(int(self._lease / READ_SECONDS * 50) + 50):
            read = await js.consumer_info(queue.answers, READER)
            if not read.num_pending and not read.num_ack_pending or (
                    read.ack_floor is not None and read.ack_floor.stream_seq >= last):
                break
            await asyncio.sleep(READ_SECONDS / 50)
        for identity in missing:
            task = self._still_open(identity)
            if task is not None:
                log.info("a task that the queue lost is handed in again: %s", identity)
                await self._hand_in(task)

    def _notice_gone(self) -> None:
        now = time.monotonic()
        for name, seen in list(self._seen.items()):
            if now - seen.at >= GONE_SECONDS:
                del self._seen[name]
                self._tell(name, "gone", "no sign of life")

    async def _watch(self) -> None:
        """Begin this node's own server anew when it has ended."""
        while True:
            await asyncio.sleep(line.AGAIN_SECONDS)
            if self._server is not None and self._server.ended():
                log.warning("the workers' server has ended; it is begun anew")
                try:
                    await asyncio.to_thread(self._server.start)
                except ProofmillError as error:
                    log.error("%s", error)
                    await asyncio.sleep(1)


async def _called(function: Callable[[Given], Content], given: Given) -> Content:
    """What the book, which is the farm's thread's, says there."""
    return function(given)


async def _patiently(make: Callable[[StreamConfig], Coroutine[Any, Any, object]],
                     config: StreamConfig) -> None:
    """Make a stream; on a busy machine a server that has just begun takes its time."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            await make(config)
            return
        except APIError:
            raise
        except FAULTS:
            if time.monotonic() > deadline:
                raise


def _when_answered(
    task: Task, done: Callable[[Task], None]
) -> Callable[[asyncio.Future[Answered]], None]:
    def told(future: asyncio.Future[Answered]) -> None:
        if not future.cancelled() and future.exception() is None:
            done(task)

    return told
