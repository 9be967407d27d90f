"""The queue's server by its rules, for a clock of the loop's: what `workers.server` runs is a
program of its own, whose time cannot be made to pass.

It is NATS JetStream as far as node and workers use it: streams that keep one message a subject,
work queues whose messages go when they are acknowledged, leases, pulls, signs of life. That it
does what the real server does is held by a test, which asks both the same.

The rules are those of the JetStream documentation (docs.nats.io, "Streams", "Consumers") and of
nats-server's `consumer.go`: what is redelivered comes before what is new; an acknowledgement counts
by whomever it comes, also after the lease.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace
from typing import Any

from nats.errors import ConnectionClosedError
from nats.errors import TimeoutError as QueueTimeout
from nats.js.api import ConsumerConfig, RetentionPolicy, StreamConfig
from nats.js.errors import BadRequestError, NotFoundError

from proofmill.host.bench.virtual_time import VirtualProcess, current_process
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.loop_time import loop_time
from proofmill.host.network.workers.access import Access
from proofmill.host.network.workers.line import AGAIN_SECONDS, ANSWER_SECONDS, Line

ROUND_TRIP_SECONDS = 0.0005
"""From a question to its answer, beside what the server is busy with."""
WRITE_SECONDS, READ_SECONDS = 0.0005, 0.00002
"""What a message takes of the server that has to be on the disk (``sync_interval: always``; 0.5 ms
a publish were measured on an NVMe disk), and one that has not. One after the other."""
MAX_PAYLOAD = 8 << 20

Delivered = Callable[[str, str], None]
"""Hears of a message that is handed out: its subject and to which user."""
Offered = Callable[[str], None]
"""Hears of the subject of a message whose lease is over: whoever asks next has it."""


@dataclass
class _Stream:
    config: StreamConfig
    messages: OrderedDict[int, tuple[str, bytes]] = field(default_factory=OrderedDict)
    by_subject: dict[str, int] = field(default_factory=dict)
    last_seq: int = 0


@dataclass
class _Consumer:
    ack_wait: float
    unsent: OrderedDict[int, None] = field(default_factory=OrderedDict)
    pending: dict[int, float] = field(default_factory=dict)
    """Until when each message that was handed out is leased."""
    again: OrderedDict[int, None] = field(default_factory=OrderedDict)
    """Whose lease is over, or was given back."""
    looked: dict[int, float] = field(default_factory=dict)
    """When each lease is looked at next: it may have been begun anew until then."""
    last_sent: int = 0


@dataclass
class _Pull:
    client: "SimulatedClient"
    future: "asyncio.Future[list[SimulatedMessage]]"
    most: int


class SimulatedQueue:
    """The server, its streams, and who is connected."""

    def __init__(self, delivered: Delivered | None = None,
                 offered: Offered | None = None) -> None:
        """Up and empty."""
        self.busy_seconds = 0.0
        self.up = True
        self._delivered = delivered or (lambda subject, user: None)
        self._offered = offered or (lambda subject: None)
        self._streams: dict[str, _Stream] = {}
        self._consumers: dict[tuple[str, str], _Consumer] = {}
        self._pulls: dict[tuple[str, str], deque[_Pull]] = {}
        self._lines: set[SimulatedLine] = set()
        self._listening: list[SimulatedClient] = []
        self._life, self._free_at = 0, 0.0

    async def connect(self, access: Access, name: str, on_back: Callable[[], None] | None = None,
                      on_lost: Callable[[ProofmillError], None] | None = None) -> Line:
        """A `line.Connect`."""
        while not self.up:
            await asyncio.sleep(AGAIN_SECONDS)
        made = SimulatedLine(self, access.user, on_back)
        self._lines.add(made)
        return made

    def left(self, line: "SimulatedLine") -> None:
        """A connection has ended."""
        self._lines.discard(line)
        self._listening = [each for each in self._listening if each is not line.client]

    async def restart(self, away_seconds: float, store: "Store | None" = None) -> None:
        """Be away for so long; what waits is forgotten, what is stored is there again, or what an
        older copy has of it."""
        self.up, self._life = False, self._life + 1
        self._pulls.clear()
        await asyncio.sleep(away_seconds)
        if store is not None:
            self._streams, self._consumers = deepcopy(store.streams), deepcopy(store.consumers)
        self.up, self._free_at = True, loop_time()
        for key, consumer in self._consumers.items():
            consumer.looked.clear()
            for seq in consumer.pending:
                self._lease(key, consumer, seq, consumer.ack_wait)
        for line in list(self._lines):
            asyncio.get_running_loop().call_later(AGAIN_SECONDS, line.back)

    def copy(self) -> "Store":
        """What is on the disk now."""
        return Store(deepcopy(self._streams), deepcopy(self._consumers))

    def ask(self, client: "SimulatedClient", write: bool, apply: Callable[[], Any],
            timeout: float = ANSWER_SECONDS) -> "asyncio.Future[Any]":
        """What `apply` gives when it is its turn; QueueTimeout where the server is away then."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        if client.closed:
            future.set_exception(ConnectionClosedError())
            return future

        def nobody() -> None:
            loop.call_later(timeout, _fail, future)

        def turn() -> None:
            try:
                found = apply()
            except Exception as error:
                if not future.done():
                    # Without this frame, which has the future: nobody looks for cycles here.
                    future.set_exception(error.with_traceback(None))
                return
            if not future.done():
                future.set_result(found)

        self._when_free(client, write, turn, nobody)
        return future

    def tell(self, client: "SimulatedClient", write: bool, apply: Callable[[], None]) -> None:
        """`apply` when it is its turn, of which the client does not hear."""
        if not client.closed:
            self._when_free(client, write, apply, lambda: None)

    def _when_free(self, client: "SimulatedClient", write: bool, turn: Callable[[], None],
                   nobody: Callable[[], None]) -> None:
        """`turn` after what came before, or `nobody` where the server is away then."""
        if not self.up:
            nobody()
            return
        takes = WRITE_SECONDS if write else READ_SECONDS
        loop = asyncio.get_running_loop()
        self._free_at = max(loop.time(), self._free_at) + takes
        self.busy_seconds += takes
        loop.call_at(self._free_at + ROUND_TRIP_SECONDS, self._turn, client, write, self._life,
                     turn, nobody)

    def _turn(self, client: "SimulatedClient", write: bool, life: int, turn: Callable[[], None],
              nobody: Callable[[], None]) -> None:
        if life != self._life:
            nobody()
        elif write or not client.closed:  # who is dead asks no more; what was sent has been sent
            turn()

    def add_stream(self, config: StreamConfig) -> None:
        """Make it, where it is not there."""
        assert config.name is not None
        self._streams.setdefault(config.name, _Stream(config))

    def add_consumer(self, stream: str, config: ConsumerConfig) -> None:
        """Make it, where it is not there."""
        assert config.durable_name is not None and config.ack_wait is not None
        if (key := (stream, config.durable_name)) not in self._consumers:
            made = self._consumers[key] = _Consumer(config.ack_wait)
            made.unsent.update((seq, None) for seq in self._stream(stream).messages)

    def publish(self, subject: str, content: bytes) -> int:
        """Keep a message; its number."""
        name, stream = self._of_subject(subject)
        if (old := stream.by_subject.get(subject)) is not None:
            if stream.config.discard_new_per_subject:
                raise BadRequestError(code=400, err_code=10077,
                                      description="maximum messages per subject exceeded")
            if stream.config.max_msgs_per_subject == 1:
                self._remove(name, stream, old)
        stream.last_seq += 1
        stream.messages[stream.last_seq] = subject, content
        stream.by_subject[subject] = stream.last_seq
        for (of, consumer), each in self._consumers.items():
            if of == name:
                each.unsent[stream.last_seq] = None
                self._hand_out((of, consumer), each)
        return stream.last_seq

    def purge(self, name: str, subject: str) -> None:
        """Take the messages of a subject away."""
        stream = self._stream(name)
        for seq in [seq for each, seq in stream.by_subject.items() if _matches(subject, each)]:
            self._remove(name, stream, seq)

    def last(self, name: str, subject: str) -> Any:
        """The message of a subject."""
        stream = self._stream(name)
        if subject not in stream.by_subject:
            raise NotFoundError(code=404, err_code=10037, description="no message found")
        return SimpleNamespace(data=stream.messages[stream.by_subject[subject]][1])

    def stream_info(self, name: str, subjects_filter: str | None) -> Any:
        """Last number, and messages by subject."""
        stream = self._stream(name)
        subjects = None if subjects_filter is None else {
            subject: 1 for subject in stream.by_subject if _matches(subjects_filter, subject)}
        return SimpleNamespace(state=SimpleNamespace(last_seq=stream.last_seq, subjects=subjects))

    def consumer_info(self, stream: str, name: str) -> Any:
        """What waits, and what is leased."""
        consumer = self._consumer(stream, name)
        floor = min(consumer.pending, default=consumer.last_sent + 1) - 1
        return SimpleNamespace(
            num_pending=len(consumer.unsent), num_ack_pending=len(consumer.pending),
            ack_floor=SimpleNamespace(stream_seq=floor))

    def pull(self, key: tuple[str, str], pull: _Pull) -> None:
        """Hand out what there is, or what comes."""
        try:
            consumer = self._consumer(*key)
        except NotFoundError as error:
            if not pull.future.done():
                pull.future.set_exception(error)
            return
        self._pulls.setdefault(key, deque()).append(pull)
        self._hand_out(key, consumer)

    def acknowledge(self, key: tuple[str, str], seq: int) -> None:
        """It is done; of a work queue it goes."""
        stream = self._stream(key[0])
        consumer = self._consumer(*key)
        consumer.pending.pop(seq, None)
        consumer.again.pop(seq, None)
        if stream.config.retention == RetentionPolicy.WORK_QUEUE:
            self._remove(key[0], stream, seq)

    def hold(self, key: tuple[str, str], seq: int) -> None:
        """The lease begins again, if it is not over."""
        consumer = self._consumer(*key)
        if seq in consumer.pending and seq not in consumer.again:
            self._lease(key, consumer, seq, consumer.ack_wait)

    def give_back(self, key: tuple[str, str], seq: int, delay: float) -> None:
        """For others, after so long."""
        consumer = self._consumer(*key)
        if seq not in consumer.pending:
            return
        if delay:
            self._lease(key, consumer, seq, delay)
            return
        consumer.again[seq] = None
        self._hand_out(key, consumer)

    def _hand_out(self, key: tuple[str, str], consumer: _Consumer) -> None:
        pulls, stream = self._pulls.get(key), self._streams[key[0]]
        while pulls and (consumer.again or consumer.unsent):
            pull = pulls.popleft()
            if pull.future.done() or pull.client.closed:
                continue
            found: list[SimulatedMessage] = []
            while len(found) < pull.most and (consumer.again or consumer.unsent):
                seq, _ = (consumer.again or consumer.unsent).popitem(last=False)
                subject, content = stream.messages[seq]
                consumer.last_sent = max(consumer.last_sent, seq)
                self._lease(key, consumer, seq, consumer.ack_wait)
                self._delivered(subject, pull.client.user)
                found.append(SimulatedMessage(pull.client, key, seq, subject, content))
            for each in found:
                each.metadata.num_pending = len(consumer.unsent)
            pull.future.set_result(found)

    def _lease(self, key: tuple[str, str], consumer: _Consumer, seq: int, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        until = consumer.pending[seq] = loop.time() + seconds
        looked = consumer.looked.get(seq)
        if looked is None or looked > until:
            consumer.looked[seq] = until
            loop.call_at(until, self._end_lease, key, seq, until, self._life)

    def _end_lease(self, key: tuple[str, str], seq: int, at: float, life: int) -> None:
        """Unless it was begun anew since, or its message is gone or given back."""
        if life != self._life:
            return
        consumer = self._consumers[key]
        if consumer.looked.get(seq) != at:
            return
        del consumer.looked[seq]
        until = consumer.pending.get(seq)
        if until is None or seq in consumer.again:
            return
        if until > at:
            consumer.looked[seq] = until
            asyncio.get_running_loop().call_at(until, self._end_lease, key, seq, until, life)
            return
        consumer.again[seq] = None
        self._offered(self._streams[key[0]].messages[seq][0])
        self._hand_out(key, consumer)

    def _remove(self, name: str, stream: _Stream, seq: int) -> None:
        gone = stream.messages.pop(seq, None)
        if gone is None:
            return
        if stream.by_subject.get(gone[0]) == seq:
            del stream.by_subject[gone[0]]
        for (of, _), consumer in self._consumers.items():
            if of == name:
                for each in (consumer.unsent, consumer.pending, consumer.again):
                    each.pop(seq, None)

    def _stream(self, name: str) -> _Stream:
        if name not in self._streams:
            raise NotFoundError(code=404, err_code=10059, description="stream not found")
        return self._streams[name]

    def _consumer(self, stream: str, name: str) -> _Consumer:
        if (stream, name) not in self._consumers:
            raise NotFoundError(code=404, err_code=10014, description="consumer not found")
        return self._consumers[stream, name]

    def _of_subject(self, subject: str) -> tuple[str, _Stream]:
        for name, stream in self._streams.items():
            if any(_matches(each, subject) for each in stream.config.subjects or []):
                return name, stream
        raise NotFoundError(code=404, err_code=10059, description="no stream for that subject")

    def say(self, subject: str, content: bytes) -> None:
        """To all who listen."""
        for client in self._listening:
            client.heard(subject, content)

    def listen(self, client: "SimulatedClient") -> None:
        """A client has subscribed."""
        if client not in self._listening:
            self._listening.append(client)


@dataclass(frozen=True)
class Store:
    """A copy of what a server has on its disk."""

    streams: dict[str, _Stream]
    consumers: dict[tuple[str, str], _Consumer]


class SimulatedMessage:
    """As a client has it."""

    def __init__(self, client: "SimulatedClient", key: tuple[str, str], seq: int, subject: str,
                 data: bytes) -> None:
        self.subject, self.data = subject, data
        self.metadata = SimpleNamespace(num_pending=0)
        self._client, self._key, self._seq = client, key, seq

    async def ack(self) -> None:
        """Sent, and not waited for."""
        self._client.tell(True, lambda: self._client.queue.acknowledge(self._key, self._seq))

    async def ack_sync(self, timeout: float) -> None:
        """Until the server has it."""
        await self._client.ask(True, lambda: self._client.queue.acknowledge(
            self._key, self._seq), timeout)

    async def nak(self, delay: float = 0.0) -> None:
        """Not done."""
        self._client.tell(False,
                          lambda: self._client.queue.give_back(self._key, self._seq, delay))

    async def in_progress(self) -> None:
        """Still at work."""
        self._client.tell(False, lambda: self._client.queue.hold(self._key, self._seq))


class SimulatedClient:
    """The library's client and its JetStream in one."""

    max_payload = MAX_PAYLOAD

    def __init__(self, queue: SimulatedQueue, user: str) -> None:
        self.queue, self.user = queue, user
        self._ended = False
        self._process: VirtualProcess | None = current_process()
        self._heard: list[tuple[str, asyncio.Queue[Any], asyncio.Task[None]]] = []

    @property
    def closed(self) -> bool:
        """Also by the end of its process."""
        return self._ended or (self._process is not None and self._process.killed)

    @property
    def is_connected(self) -> bool:
        """Whether the server is there."""
        return self.queue.up and not self.closed

    def end(self) -> None:
        """Close."""
        self._ended = True

    def ask(self, write: bool, apply: Callable[[], Any],
            timeout: float = ANSWER_SECONDS) -> "asyncio.Future[Any]":
        """See `SimulatedQueue.ask`."""
        return self.queue.ask(self, write, apply, timeout)

    def tell(self, write: bool, apply: Callable[[], None]) -> None:
        """See `SimulatedQueue.tell`."""
        self.queue.tell(self, write, apply)

    def jetstream(self, timeout: float) -> "SimulatedClient":
        """This."""
        return self

    async def add_stream(self, config: StreamConfig) -> None:
        """As the library's, as all that follow."""
        await self.ask(True, lambda: self.queue.add_stream(config))

    async def add_consumer(self, stream: str, config: ConsumerConfig) -> None:
        """See there."""
        await self.ask(True, lambda: self.queue.add_consumer(stream, config))

    async def publish(self, subject: str, content: bytes) -> Any:
        """To a stream, or a sign of life."""
        if ".alive." in subject:
            return self.tell(False, lambda: self.queue.say(subject, content))
        return await self.ask(True, lambda: self.queue.publish(subject, content))

    async def purge_stream(self, stream: str, subject: str) -> None:
        """See there."""
        await self.ask(True, lambda: self.queue.purge(stream, subject))

    async def get_last_msg(self, stream: str, subject: str, direct: bool = False) -> Any:
        """See there."""
        return await self.ask(False, lambda: self.queue.last(stream, subject))

    async def stream_info(self, stream: str, subjects_filter: str | None = None) -> Any:
        """See there."""
        return await self.ask(False, lambda: self.queue.stream_info(stream, subjects_filter))

    async def consumer_info(self, stream: str, name: str) -> Any:
        """See there."""
        return await self.ask(False, lambda: self.queue.consumer_info(stream, name))

    async def pull_subscribe_bind(self, durable: str, stream: str) -> "_Subscription":
        """See there."""
        return _Subscription(self, (stream, durable))

    async def subscribe(self, subject: str, cb: Callable[[Any], Awaitable[None]]) -> None:
        """See there."""
        inbox: asyncio.Queue[Any] = asyncio.Queue()

        async def listen() -> None:
            while not self._ended:
                await cb(await inbox.get())

        self._heard.append((subject, inbox, asyncio.ensure_future(listen())))
        self.queue.listen(self)

    def heard(self, subject: str, content: bytes) -> None:
        """By those who have subscribed."""
        for pattern, inbox, _ in self._heard:
            if _matches(pattern, subject):
                inbox.put_nowait(SimpleNamespace(subject=subject, data=content))


class _Subscription:
    def __init__(self, client: SimulatedClient, key: tuple[str, str]) -> None:
        self._client, self._key = client, key

    async def fetch(self, batch: int, timeout: float) -> list[SimulatedMessage]:
        """Up to `batch` messages, as soon as there is one."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[SimulatedMessage]] = loop.create_future()
        if self._client.closed:
            raise ConnectionClosedError
        self._client.tell(False, partial(self._client.queue.pull, self._key,
                                         _Pull(self._client, future, batch)))
        over = loop.call_later(timeout, _fail, future)
        try:
            return await future
        finally:
            over.cancel()
            del future  # of which an error would have this frame, and they the error


class SimulatedLine(Line):
    """A `line.Line` to a `SimulatedQueue`."""

    def __init__(self, queue: SimulatedQueue, user: str,
                 on_back: Callable[[], None] | None) -> None:
        self.client: Any = SimulatedClient(queue, user)
        self._on_back = on_back or (lambda: None)

    def back(self) -> None:
        """The server is there again."""
        if not self.client.closed:
            self._on_back()

    async def close(self) -> None:
        """Give it back."""
        self.client.end()
        self.client.queue.left(self)


def _matches(pattern: str, subject: str) -> bool:
    """By dots; ``*`` is one part."""
    if "*" not in pattern:
        return pattern == subject
    head, _, tail = pattern.rpartition("*")
    if not tail and "*" not in head:
        return subject.startswith(head) and "." not in subject[len(head):]
    ours, theirs = pattern.split("."), subject.split(".")
    return len(ours) == len(theirs) and all(
        each in ("*", other) for each, other in zip(ours, theirs, strict=True))


def _fail(future: "asyncio.Future[Any]") -> None:
    if not future.done():
        future.set_exception(QueueTimeout())
