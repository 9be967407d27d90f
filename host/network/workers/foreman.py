"""What a node does with its queue: tasks go out, answers come in, and nothing is lost on the way.

The book (`book.Book`) is the truth. A task is open from the moment it is in the book until an
answer for it is; while it is open and neither in the queue nor among the answers that wait there,
it is handed in again for whoever waits for it, and forgotten where nobody does: after the node's
own end its job log has it asked for again.

Time is the event loop's, and nothing waits otherwise: a loop with a clock of its own carries out
the same (`proofmill bench scale --provers`).
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nats.aio.msg import Msg
from nats.js.api import StreamConfig
from nats.js.errors import APIError

from proofmill.host.ground.errors import ProofmillError, StorageError
from proofmill.host.ground.loop_time import loop_time
from proofmill.host.network.workers import blobs, line
from proofmill.host.network.workers.access import Access
from proofmill.host.network.workers.book import Answered, Book
from proofmill.host.network.workers.line import FAULTS
from proofmill.host.network.workers.server import START_SECONDS, Server
from proofmill.host.network.workers.streams import consumers_of, streams_of
from proofmill.host.network.workers.wire import (
    ABOUT,
    ALIVE_SECONDS,
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


@dataclass
class Seen:
    """A worker as it was last heard of."""

    at: float
    alive: Alive


class Foreman:
    """Hands a node's tasks to its workers and takes their answers, on one event loop."""

    def __init__(self, book: Path, access: Access, lease_seconds: float, program: str, *,
                 server: Server | None = None, tell: Told | None = None,
                 connect: line.Connect = line.connect) -> None:
        """Open the book. As `farm.Farm`; `server` is begun and ended with this, `access` leads to
        it, and `connect` goes there."""
        self._server, self._access = server, access
        self._queue = Queue(access.queue)
        self._lease, self._program, self._connect = lease_seconds, program, connect
        self._tell = tell or (lambda worker, state, reason: None)
        self._wanted: dict[str, bytes] = {}
        """Blobs that tasks may refer to, by their address."""
        self._waiting: dict[str, list[asyncio.Future[Answered]]] = {}
        self._asked_for: dict[str, Task] = {}
        """Tasks that somebody waits for, with their inputs."""
        self._seen: dict[str, Seen] = {}
        self._latest = ""
        """Of the workers that are not put aside, the one that was heard last."""
        self._most_message = 1 << 20
        self._has_begun = False
        self._connected_now: Callable[[], bool] = lambda: False
        self._away_at = -GONE_SECONDS
        """When the queue was last away, by the event loop's time."""
        self._stop, self._back, self._lost = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.book = Book(book)
        self._aside = self.book.aside()

    def workers(self, now: float) -> dict[str, Alive]:
        """Workers that are there, at a time of the loop's."""
        return {name: seen.alive for name, seen in list(self._seen.items())
                if self._is_there(name, now)}

    def aside(self) -> dict[str, str]:
        """Workers that are put aside, and why."""
        return dict(self._aside)

    @property
    def waiting(self) -> int:
        """How many tasks somebody waits for."""
        return len(self._waiting)

    def give_up(self, why: DeviceError) -> None:
        """Tell everybody who waits for an answer that there will be none."""
        for futures in self._waiting.values():
            for future in futures:
                if not future.done():
                    future.set_exception(why)

    def _is_there(self, worker: str, now: float) -> bool:
        seen = self._seen.get(worker)
        return (seen is not None and now - seen.at < GONE_SECONDS
                and worker not in self._aside)

    def _anybody(self) -> bool:
        """Whether a worker is there, or may be: while the queue is away, and until they would be
        heard again, workers are as they were. Of thousands the one that was heard last tells."""
        return (self._is_there(self._latest, loop_time())
                or bool(self._seen and not self._hears()))

    def _hears(self) -> bool:
        """Whether signs of life have come through for long enough to say who is gone."""
        return self._connected_now() and loop_time() - self._away_at >= GONE_SECONDS

    async def live(self, begun: Callable[[], None],
                   let_go: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Work until `end`. `begun` is called when the queue is there for the first time; until
        then whatever keeps it away is raised, and from then on only `StorageError`. `let_go` is
        awaited at the end, while the queue can still be spoken to."""
        self._begun, self._let_go = begun, let_go
        with self.book:
            try:
                if self._server is not None:
                    for worker in self._aside:
                        self._server.revoke(worker)
                    self._server.start()
                while not self._stop.is_set():
                    try:
                        await self._connected()
                    except (ProofmillError, *FAULTS) as error:
                        if not self._has_begun or isinstance(error, StorageError):
                            raise
                        log.error("workers: %s", error)
                        await asyncio.sleep(1)
            finally:
                if self._server is not None:
                    self._server.close()

    def end(self) -> None:
        """Stop, from this loop."""
        self._stop.set()

    async def _connected(self) -> None:
        """Work with one connection, until it or this farm ends."""
        self._lost.clear()
        connection = await self._connect(self._access, "node", self._back.set, self._on_lost)
        try:
            self._stream = line.stream(connection)
            self._connected_now = lambda: connection.client.is_connected
            self._most_message = connection.client.max_payload - SMALL
            await self._prepare()
            await connection.client.subscribe(self._queue.alive("*"), cb=self._alive)
            await self._read_waiting()
            self._has_begun = True
            self._begun()
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

    def _on_lost(self, why: ProofmillError) -> None:
        log.error("workers: the connection to the queue is lost: %s", why)
        self._lost.set()

    async def _prepare(self) -> None:
        """The streams and consumers, made where they are not there."""
        queue, js = self._queue, self._stream
        for config in streams_of(queue):
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
        for name, consumer in consumers_of(queue, self._lease).items():
            await js.add_consumer(name, consumer)
        await js.publish(queue.blob(ABOUT, ABOUT), to_bytes(
            About(VERSION, self._program, self._lease)))

    async def keep(self, address: str, content: bytes) -> None:
        """Let tasks refer to `content`, which has this address."""
        self._wanted[address] = content
        with suppress(*FAULTS):  # the next sweep does it
            if not await blobs.has(self._stream, self._queue, address):
                await blobs.put(self._stream, self._queue, address, content)

    async def compute(self, tasks: Sequence[Task], seconds: float,
                      done: Callable[[Task], None]) -> list[Answered]:
        """As `farm.Farm.compute`."""
        found: dict[str, Answered] = {}
        futures: dict[str, asyncio.Future[Answered]] = {}
        loop = asyncio.get_running_loop()
        begin = loop.time()
        for task in tasks:
            if (answered := self.book.answered(task.identity)) is not None \
                    and answered.worker not in self._aside:
                found[task.identity] = answered
                done(task)
                continue
            if answered is not None:
                self.book.forget(task.identity)
            future = loop.create_future()
            self._waiting.setdefault(task.identity, []).append(future)
            futures[task.identity] = future
            future.add_done_callback(_when_answered(task, done))
        asked = [await self._short(task) for task in tasks if task.identity in futures]
        self._asked_for |= {task.identity: task for task in asked}
        try:
            if asked:
                self.book.open(asked)
                await self._hand_in_all(asked)
            settled = _settled(futures.values())
            while not settled.done():
                left = begin + seconds - loop.time()
                if left <= 0:
                    raise DeviceError(
                        f"workers: {sum(not each.done() for each in futures.values())} of "
                        f"{len(tasks)} tasks were not answered within {seconds:.0f} s")
                if not self._anybody() and loop.time() - begin > NOBODY_SECONDS:
                    raise DeviceError("workers: no worker is connected; start `proofmill worker`")
                await asyncio.wait([settled], timeout=min(left, READ_SECONDS))
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
        await self.keep(address, task.input)
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
        self.book.forget(identity)
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
        if not self.book.is_open(identity):
            return None
        task = self._asked_for.get(identity)
        if task is None:
            self.book.forget(identity)
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

    async def _read_waiting(self) -> None:
        """Take the answers that came while this node was not there, before somebody asks anew for
        what has been answered: its task has left the queue, and would be done again."""
        answers = self._queue.answers
        subscription = await self._stream.pull_subscribe_bind(READER, stream=answers)
        with suppress(*FAULTS):  # the others are read with those that come
            left = (await self._stream.consumer_info(answers, READER)).num_pending or 0
            while left > 0:
                messages = await subscription.fetch(min(left, AT_ONCE), timeout=READ_SECONDS)
                await self._take(messages)
                left -= len(messages)

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
                await self.refuse(worker, f"its answer cannot be read: {error}")
                continue
            if worker in self._aside:
                await self._again(identity)
            elif answer.error:
                await self._failed(worker, identity, answer.error)
            else:
                good.append(Answered(worker, answer))
        # One transaction: it waits for the disk once.
        for answered, taken in zip(good, self.book.take(good) if good else (), strict=True):
            if taken:
                self._resolve(answered.answer.identity, answered)
        for message in messages:
            await message.ack()

    async def _failed(self, worker: str, identity: str, error: str) -> None:
        if not self.book.is_open(identity):
            return
        self._tell(worker, "failed", error)
        log.warning("worker %s could not do a task: %s", worker, error)
        if self.book.failed(identity) < ATTEMPTS:
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

    async def refuse(self, worker: str, reason: str) -> None:
        """As `farm.Farm.refuse`."""
        if worker in self._aside or not worker:
            return
        log.warning("worker %s is put aside: %s", worker, reason)
        self.book.put_aside(worker, reason)
        self._aside[worker] = reason
        self._latest = max((each for each in self._seen if each not in self._aside),
                           key=lambda each: self._seen[each].at, default="")
        if self._server is not None:
            self._server.revoke(worker)
        self._tell(worker, "aside", reason)

    async def _alive(self, message: Msg) -> None:
        worker = message.subject.rpartition(".")[2]
        with suppress(Exception):  # who sends what cannot be read is not there
            alive = read_alive(message.data)
            now = loop_time()
            if worker not in self._aside and not self._is_there(worker, now):
                self._tell(worker, "came", ", ".join(alive.devices))
                log.info("worker %s is there, with %s", worker, ", ".join(alive.devices))
            self._seen[worker] = Seen(now, alive)
            if worker not in self._aside:
                self._latest = worker

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
        open_before = self.book.open_identities()
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
        now = loop_time()
        if not self._hears():
            return
        for name, seen in list(self._seen.items()):
            if now - seen.at >= GONE_SECONDS:
                del self._seen[name]
                self._tell(name, "gone", "no sign of life")

    async def _watch(self) -> None:
        """Note when the queue is away, and begin this node's own server anew when it has ended."""
        while True:
            await asyncio.sleep(line.AGAIN_SECONDS)
            if not self._connected_now():
                self._away_at = loop_time()
            if self._server is not None and self._server.ended():
                self._away_at = loop_time()
                log.warning("the workers' server has ended; it is begun anew")
                try:
                    await asyncio.to_thread(self._server.start)
                except ProofmillError as error:
                    log.error("%s", error)
                    await asyncio.sleep(1)


async def _patiently(make: Callable[[StreamConfig], Coroutine[Any, Any, object]],
                     config: StreamConfig) -> None:
    """Make a stream; on a busy machine a server that has just begun takes its time."""
    deadline = loop_time() + START_SECONDS
    while True:
        try:
            await make(config)
            return
        except APIError:
            raise
        except FAULTS:
            if loop_time() > deadline:
                raise


def _settled(futures: Iterable[asyncio.Future[Answered]]) -> asyncio.Future[None]:
    """Done as soon as all are, or one has failed."""
    settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    still = {future for future in futures if not future.done()}

    def ended(future: asyncio.Future[Answered]) -> None:
        still.discard(future)
        failed = future.cancelled() or future.exception() is not None
        if (failed or not still) and not settled.done():
            settled.set_result(None)

    for future in list(futures):
        future.add_done_callback(ended)
    if not still:
        settled.set_result(None)
    return settled


def _when_answered(
    task: Task, done: Callable[[Task], None]
) -> Callable[[asyncio.Future[Answered]], None]:
    def told(future: asyncio.Future[Answered]) -> None:
        if not future.cancelled() and future.exception() is None:
            done(task)

    return told
