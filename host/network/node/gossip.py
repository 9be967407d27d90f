"""Gossip between nodes that know each other's keys and trust each other in nothing.

A message is handed to the node once; if the node accepts it, it goes on to the other peers. What
two nodes ask and answer each other (`wire.DIRECTED`) stays between them. What the protocol forbids,
malformed messages, too many, or those that the node's own check rejects, counts against the peer
that sent them (`standing`): one that goes on with it is put out for a while, with a reason, and
nobody else notices. A connection that breaks, or is broken because nothing on it can be read any
more, may be made again.
"""

import asyncio
import logging
import ssl
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass, field
from enum import Enum
from hashlib import sha256

from proofmill.host.network.node.identity import peer_name
from proofmill.host.network.node.standing import MALFORMED, REJECTED, SILENT, TOO_MUCH, Standing
from proofmill.host.network.node.wire import DIRECTED, Malformed, Topic, frame, read_frame

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
REMEMBERED = 1 << 14
"""Messages whose hashes are kept, so that none is handled twice."""
QUEUE = 256
"""Messages that wait to be handled before peers' streams are read no further."""
HANDSHAKE_SECONDS = 20.0
MOST_UNSENT_BYTES = 16 << 20
"""The connection to a peer that does not read is broken when this much waits for it."""


class Reception(Enum):
    """What the node says of a message."""

    ACCEPT = "accept"  # valid and new: it goes on to the others
    IGNORE = "ignore"  # no fault of the peer's: too early, too late, or not needed
    KEEP = "keep"  # valid and used, but not forwarded: the others need only the first
    REJECT = "reject"  # invalid by itself: the peer should have checked


Handler = Callable[[Topic, bytes, str], tuple[Reception, str]]
"""Takes a message in: (topic, SSZ bytes, name of the peer) to the verdict and its reason."""


@dataclass(frozen=True)
class Limits:
    """What a peer may send a second, on average, and at once."""

    messages: float = 500
    burst_messages: int = 4_000
    bytes: float = 4 << 20
    burst_bytes: int = 32 << 20


@dataclass
class Counts:
    """Messages exchanged with one peer: put on the wire, and taken off it and dealt with."""

    sent: int = 0
    handled: int = 0


@dataclass
class _Peer:
    name: str
    writer: asyncio.StreamWriter
    counts: Counts
    messages: float
    bytes: float
    since: float = field(default_factory=time.monotonic)


class Gossip:
    """The connections of a node to its peers."""

    def __init__(
        self,
        names: Mapping[str, str],
        handler: Handler,
        contexts: tuple[ssl.SSLContext, ssl.SSLContext],
        limits: Limits | None = None,
        on_peer: Callable[[str], None] | None = None,
        on_trouble: Callable[[BaseException], None] | None = None,
        standing: Standing | None = None,
        askers: Collection[str] = (),
    ) -> None:
        """`names`: what to call each peer, by `identity.peer_name`; nobody else gets in. `askers`:
        those of them that get nothing but what is sent to them alone.

        `on_peer` hears of every connection that is made, by the peer's name. What the handler or
        `on_peer` raises is the node's own trouble: no peer is blamed for it, nothing is handled
        any more, and `on_trouble` hears of it.
        """
        self._names = dict(names)
        self._handler = handler
        self._contexts = contexts
        self._limits = limits or Limits()
        self._on_peer = on_peer or (lambda name: None)
        self._on_trouble = on_trouble or (lambda error: None)
        self._peers: dict[str, _Peer] = {}
        self._seen: OrderedDict[bytes, None] = OrderedDict()
        self._queue: asyncio.Queue[tuple[_Peer, Topic, bytes]] = asyncio.Queue(QUEUE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.askers = frozenset(askers)
        self.standing = standing or Standing()
        self.forwarded = 0
        """Messages passed on."""

    async def start(self, host: str = LOOPBACK, port: int = 0) -> int:
        """Listen on a port of `host`, 0 for a free one, and return it; OSError where that cannot
        be."""
        self._server = await asyncio.start_server(
            self._accepted, host, port, ssl=self._contexts[0],
            ssl_handshake_timeout=HANDSHAKE_SECONDS)
        self._spawn(self._handle())
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def connect(self, port: int, host: str = LOOPBACK) -> None:
        """Dial a peer; OSError where nobody answers or TLS fails."""
        reader, writer = await asyncio.open_connection(
            host, port, ssl=self._contexts[1], ssl_handshake_timeout=HANDSHAKE_SECONDS)
        self._welcome(reader, writer)

    @property
    def peers(self) -> list[str]:
        """Who is connected, by the names given."""
        return sorted(self._peers)

    def counts(self) -> dict[str, tuple[int, int]]:
        """Messages (sent to, handled from) each connected peer."""
        return {name: (peer.counts.sent, peer.counts.handled)
                for name, peer in self._peers.items()}

    def publish(self, topic: Topic, data: bytes) -> None:
        """Send the node's own message to everyone; it is not handed to the node again."""
        self._remember(topic, data)
        self._send(frame(topic, data), None)

    def send(self, name: str, topic: Topic, data: bytes) -> None:
        """Send to one peer alone, if it is connected."""
        peer = self._peers.get(name)
        if peer is not None:
            self._write(peer, frame(topic, data))

    def answer(self, name: str, topic: Topic, data: bytes) -> None:
        """`send`, counted against what the peer may send: asking is no way around that."""
        peer = self._peers.get(name)
        if peer is None:
            return
        if self._within_limits(peer, len(data)):
            self._write(peer, frame(topic, data))
        else:
            self.fault(name, TOO_MUCH, "it asks for more than the limit allows")

    def cut(self, names: Collection[str]) -> None:
        """Break connections, as a failing network does; they can be made again."""
        for name in names:
            peer = self._peers.pop(name, None)
            if peer is not None:
                peer.writer.transport.abort()

    @property
    def dropped(self) -> Mapping[str, str]:
        """Peers that were put out for what they did, and why; some may be in again."""
        return self.standing.put_out

    def silent(self, name: str, reason: str) -> None:
        """A peer has not answered what it owes an answer to."""
        self.fault(name, SILENT, reason)

    def fault(self, name: str, points: float, reason: str) -> None:
        """Count what a peer has done against it, and put it out if that is enough."""
        if self.standing.fault(name, points, reason):
            log.warning("put out for now: %s", reason, extra={"peer": name})
            self._break(name)
        else:
            log.warning("counted against it: %s", reason, extra={"peer": name})

    def _break(self, name: str) -> None:
        """End a connection; another may be made."""
        peer = self._peers.pop(name, None)
        if peer is not None:
            peer.writer.transport.abort()

    async def close(self) -> None:
        """End every connection and task."""
        if self._server is not None:
            self._server.close()
        for peer in list(self._peers.values()):
            peer.writer.transport.abort()
        self._peers.clear()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, coroutine: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._on_trouble(error)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._welcome(reader, writer)

    def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take on a connection whose certificate TLS has checked."""
        tls = writer.get_extra_info("ssl_object")
        certificate = tls.getpeercert(binary_form=True)
        name = self._names.get(peer_name(certificate)) if certificate else None
        if name is None or not self.standing.may_enter(name) or name in self._peers:
            log.info("a connection is refused: %s", "a stranger's" if name is None else
                     "there is one already" if name in self._peers else "put out for now",
                     extra={} if name is None else {"peer": name})
            writer.transport.abort()
            return
        limits = self._limits
        peer = _Peer(name, writer, Counts(), limits.burst_messages, limits.burst_bytes)
        self._peers[name] = peer
        log.info("connected", extra={"peer": name})
        self._spawn(self._read(peer, reader))

    async def _read(self, peer: _Peer, reader: asyncio.StreamReader) -> None:
        self._on_peer(peer.name)
        try:
            while (message := await read_frame(reader)) is not None:
                # What this node has asked for is bounded by its asking, and what it has not costs
                # the peer its place.
                size = 0 if message[0] is Topic.RANGE else len(message[1])
                if not self._within_limits(peer, size):
                    self.fault(peer.name, TOO_MUCH, "more messages than the limit allows")
                    break
                await self._queue.put((peer, *message))
        except Malformed as error:
            self.fault(peer.name, MALFORMED, str(error))
        except (OSError, ssl.SSLError) as error:
            # Nobody's fault that could be told.
            log.info("the connection broke: %s", error, extra={"peer": peer.name})
        if self._peers.get(peer.name) is peer:
            del self._peers[peer.name]
        peer.writer.transport.abort()

    def _within_limits(self, peer: _Peer, count: int) -> bool:
        """Token buckets of messages and bytes, filled with time."""
        limits, now = self._limits, time.monotonic()
        passed, peer.since = now - peer.since, now
        peer.messages = min(peer.messages + passed * limits.messages, limits.burst_messages) - 1
        peer.bytes = min(peer.bytes + passed * limits.bytes, limits.burst_bytes) - count
        return peer.messages >= 0 and peer.bytes >= 0

    async def _handle(self) -> None:
        while True:
            peer, topic, data = await self._queue.get()
            # What a peer that was put out left in the queue is no longer looked at.
            if self._peers.get(peer.name) is peer:
                self._take(peer, topic, data)
                peer.counts.handled += 1
            # Let timers and the node's clock in between two messages.
            await asyncio.sleep(0)

    def again(self, name: str, topic: Topic, data: bytes) -> None:
        """Hand a peer's message that was ignored to the node once more, as if it had just come."""
        peer = self._peers.get(name)
        if peer is not None:
            self._take(peer, topic, data)

    def _take(self, peer: _Peer, topic: Topic, data: bytes) -> None:
        key = b"" if topic in DIRECTED else self._remember(topic, data)
        if key is None:
            return
        verdict, reason = self._handler(topic, data, peer.name)
        log.debug("%s, %d bytes: %s%s", topic.name, len(data), verdict.value,
                  f", {reason}" if reason else "", extra={"peer": peer.name})
        if verdict is Reception.ACCEPT and topic not in DIRECTED:
            self.forwarded += 1
            self._send(frame(topic, data), peer.name)
        elif verdict is Reception.REJECT:
            self.fault(peer.name, REJECTED, f"{topic.name}: {reason}")
        elif verdict is Reception.IGNORE:
            # It may come again when its time has come.
            self._seen.pop(key, None)

    def _remember(self, topic: Topic, data: bytes) -> bytes | None:
        """The message's hash, None if it is known."""
        key = sha256(bytes([topic]) + data).digest()
        if key in self._seen:
            return None
        self._seen[key] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return key

    def _send(self, message: bytes, without: str | None) -> None:
        for name, peer in list(self._peers.items()):
            if name != without and name not in self.askers:
                self._write(peer, message)

    def _write(self, peer: _Peer, message: bytes) -> None:
        peer.writer.write(message)
        peer.counts.sent += 1
        if peer.writer.transport.get_write_buffer_size() > MOST_UNSENT_BYTES:
            log.info("it does not read what is sent to it", extra={"peer": peer.name})
            self._break(peer.name)
