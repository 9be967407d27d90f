"""Small servers for whoever watches a node, on a thread of their own: nobody can hold them up.

A connection has one request and one answer, or one stream of news. How many there are at once, how
long a request may be and take, how long its answer may take to be read, and how many requests a
second are answered, all of it is bounded; and none of it keeps the node from its duties, whose
thread is another.
"""

import asyncio
import logging
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass

from proofmill.host.ground.closing import Closing
from proofmill.host.ground.errors import ProofmillError

log = logging.getLogger(__name__)

Whole = Callable[[bytes], bool]
"""Whether what has come is all of a request."""


@dataclass(frozen=True)
class Stream:
    """An answer without an end: `head`, then every `seconds` what `piece` gives, perhaps nothing,
    for as long as the client reads it."""

    head: bytes
    piece: Callable[[], bytes]
    seconds: float = 1.0


Answer = Callable[[bytes], bytes | Stream]
"""The answer to a request, of which nothing is trusted."""


@dataclass(frozen=True)
class Bounds:
    """What clients may take up together."""

    connections: int = 16
    streams: int = 6
    request_bytes: int = 4096
    request_seconds: float = 5.0
    answer_seconds: float = 5.0
    requests_a_second: float = 20.0
    burst: int = 40


@dataclass(frozen=True)
class Listener:
    """What listens on a port. `setting`: the table of the settings it comes from, for messages.

    `busy`: what is said instead of an answer beyond the rate. `bounds`: its own, or those of all.
    `tls`: what is spoken, None for plain text.
    """

    setting: str
    host: str
    port: int
    whole: Whole
    answer: Answer
    busy: bytes
    bounds: Bounds | None = None
    tls: ssl.SSLContext | None = None


class Listeners(Closing):
    """Runs listeners, from their making until they are closed."""

    def __init__(self, listeners: Sequence[Listener], bounds: Bounds | None = None) -> None:
        """`ProofmillError` where one cannot listen."""
        self._bounds = bounds or Bounds()
        self._listeners = tuple(listeners)
        self.ports: dict[str, int] = {}
        """Where each listens, by its `setting`."""
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True,
                                        name="proofmill-listeners")
        self._thread.start()
        ready.result()

    def close(self) -> None:
        """Listen no more."""
        with suppress(RuntimeError):  # closed already
            self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    def _run(self, ready: Future[None]) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve(ready))

    async def _serve(self, ready: Future[None]) -> None:
        servers: list[asyncio.Server] = []
        ports = []
        try:
            for each in self._listeners:
                bounds = each.bounds or self._bounds
                port = _Port(each, bounds)
                servers.append(await asyncio.start_server(
                    port.serve, each.host, each.port, limit=bounds.request_bytes))
                ports.append(port)
                self.ports[each.setting] = servers[-1].sockets[0].getsockname()[1]
        except OSError as error:
            ready.set_exception(ProofmillError(
                f"{each.setting}.host {each.host}, {each.setting}.port {each.port}: cannot be "
                f"listened on: {error.strerror or error}; end what listens there, set another "
                f"port, or {each.setting}.enabled = false"))
        else:
            ready.set_result(None)
            await self._end.wait()
        for server in servers:
            server.close()
        for port in ports:
            port.close()


class _Port:
    """The connections of one listener."""

    def __init__(self, listener: Listener, bounds: Bounds) -> None:
        self._listener, self._bounds = listener, bounds
        self._writers: set[asyncio.StreamWriter] = set()
        self._streams = 0
        self._allowed, self._since = float(bounds.burst), time.monotonic()

    def close(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bounds = self._bounds
        if len(self._writers) >= bounds.connections:
            writer.transport.abort()
            return
        self._writers.add(writer)
        # A client that reads nothing must not fill this process' memory either.
        writer.transport.set_write_buffer_limits(high=0)
        try:
            async with asyncio.timeout(bounds.request_seconds):
                if self._listener.tls is not None:
                    # Here, and not by the server: so that who dallies is counted, and left.
                    await writer.start_tls(self._listener.tls)
                request = await self._request(reader)
            answer = None if request is None else self._answer(request)
            if isinstance(answer, Stream):
                await self._follow(answer, writer)
            elif answer is not None:
                async with asyncio.timeout(bounds.answer_seconds):
                    writer.write(answer)
                    await writer.drain()
                    if writer.can_write_eof():
                        writer.write_eof()
                    else:  # TLS has no half of a connection
                        writer.close()
                        await writer.wait_closed()
                    # Closing with something unread would take the answer from the client.
                    while await reader.read(bounds.request_bytes):
                        pass
        except (OSError, TimeoutError, ValueError, asyncio.CancelledError):
            pass  # a client that is slow, or has gone; or the listeners end
        except Exception:  # a mistake in an answer ends no node
            log.exception("%s: no answer", self._listener.setting)
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _follow(self, stream: Stream, writer: asyncio.StreamWriter) -> None:
        self._streams += 1
        try:
            piece = stream.head
            while not writer.transport.is_closing():
                if piece:
                    async with asyncio.timeout(self._bounds.answer_seconds):
                        writer.write(piece)
                        await writer.drain()
                piece = stream.piece() if piece is stream.head else await self._next(stream)
        finally:
            self._streams -= 1

    async def _next(self, stream: Stream) -> bytes:
        await asyncio.sleep(stream.seconds)
        return stream.piece()

    async def _request(self, reader: asyncio.StreamReader) -> bytes | None:
        """All of a request; None where it is too long, or its sender has gone."""
        have = b""
        while not self._listener.whole(have):
            piece = await reader.read(self._bounds.request_bytes + 1 - len(have))
            have += piece
            if not piece or len(have) > self._bounds.request_bytes:
                return None
        return have

    def _answer(self, request: bytes) -> bytes | Stream:
        now = time.monotonic()
        self._allowed = min(self._allowed + (now - self._since) * self._bounds.requests_a_second,
                            self._bounds.burst)
        self._since = now
        if self._allowed < 1:
            return self._listener.busy
        self._allowed -= 1
        answer = self._listener.answer(request)
        # Who follows must leave room for those who ask once.
        full = isinstance(answer, Stream) and self._streams >= self._bounds.streams
        return self._listener.busy if full else answer
