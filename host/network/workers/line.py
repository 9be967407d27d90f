"""A connection to a queue's server, which comes back by itself, and what is wrong where it does
not come about."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

from nats.aio.client import Client
from nats.errors import AuthorizationError, NoServersError
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import APIError

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.workers.access import Access

CONNECT_SECONDS = 5.0
CLOSE_SECONDS = 2.0
AGAIN_SECONDS = 0.1
"""Between attempts to come back."""
ANSWER_SECONDS = 2.0
FAULTS = (NatsError, APIError, TimeoutError, OSError)
"""What the queue does when its server is away: what was wanted is tried again."""


class Refused(ProofmillError):
    """The server knows no such user, or no longer."""


class Unreachable(ProofmillError):
    """Nobody answers, or not as a server of this kind."""


async def within(seconds: float, work: Coroutine[Any, Any, None]) -> None:
    """`work`, or TimeoutError after so long. The library may swallow a cancellation: it is not
    waited for."""
    made = asyncio.ensure_future(work)
    try:
        await asyncio.wait([made], timeout=seconds)
        if not made.done():
            raise TimeoutError
    finally:
        made.cancel()
    made.result()


class Line:
    """A connection that is made again where it breaks, until `close`.

    `client` is the library's. It gives up where the server has said something against it: then
    `lost` is set, with `Refused` or what was said.
    """

    def __init__(self, access: Access, name: str, on_back: Callable[[], None] | None,
                 on_lost: Callable[[ProofmillError], None] | None) -> None:
        self.client = Client()
        self._access, self._name = access, name
        self._on_back = on_back or (lambda: None)
        self._on_lost = on_lost or (lambda why: None)
        self._closing = False
        self.last: Exception | None = None
        """What went wrong last."""

    async def open(self, again: bool) -> None:
        """Connect; `again`: and come back. Whatever the library raises."""
        try:
            # The library takes fractions of seconds, and says whole ones.
            connecting: Callable[..., Awaitable[None]] = self.client.connect
            await connecting(
                self._access.url, user=self._access.user, password=self._access.password,
                name=self._name, tls=self._access.context(), connect_timeout=CONNECT_SECONDS,
                inbox_prefix=f"_INBOX.{self._access.user}".encode(), allow_reconnect=again,
                max_reconnect_attempts=-1 if again else 1, reconnect_time_wait=AGAIN_SECONDS,
                error_cb=self._trouble, closed_cb=self._closed, reconnected_cb=self._back)
        except BaseException:
            self._drop()
            raise

    async def close(self) -> None:
        """Give it back, whatever state it is in."""
        self._closing = True
        with suppress(Exception):
            await within(CLOSE_SECONDS, self.client.close())
        self._drop()

    async def _trouble(self, error: Exception) -> None:
        self.last = error
        if not self.client.is_connected:
            self._drop()
        if _is_refusal(error) and not self._closing:
            self._on_lost(_refused(self._access))

    async def _closed(self) -> None:
        if not self._closing:
            said = [each for each in (self.client.last_error, self.last) if each is not None]
            refused = not said or any(map(_is_refusal, said))
            self._on_lost(_refused(self._access) if refused else Unreachable(
                f"{self._access.url}: the server ended the connection: {said[0]}"))

    async def _back(self) -> None:
        self._on_back()

    def _drop(self) -> None:
        """Close what the library leaves open where an attempt fails."""
        transport: Any = self.client._transport
        if transport is not None:
            with suppress(Exception):
                transport.close()


async def connect(
    access: Access, name: str, on_back: Callable[[], None] | None = None,
    on_lost: Callable[[ProofmillError], None] | None = None,
) -> Line:
    """A connection, made now: `Refused`, `Unreachable` or `ProofmillError` where that fails.

    It comes back by itself; then `on_back` is called, and `on_lost` where it does so no more.
    """
    # Once without coming back, so that what is wrong is told and not tried for ever.
    for again in (False, True):
        line = Line(access, name, on_back, on_lost)
        try:
            await within(2 * CONNECT_SECONDS, line.open(again))
        except Exception as error:
            await line.close()
            # What the library raises in the end may be that nobody is left to be asked.
            why = line.last if isinstance(error, NoServersError) and line.last else error
            raise _told(access, why) from error
        if not again:
            await line.close()
    return line


Connect = Callable[
    [Access, str, Callable[[], None] | None, Callable[[ProofmillError], None] | None],
    Awaitable[Line]]
"""As `connect`."""


def stream(line: Line) -> JetStreamContext:
    """JetStream on a connection."""
    return line.client.jetstream(timeout=ANSWER_SECONDS)


def _told(access: Access, error: Exception) -> ProofmillError:
    """What is wrong, and the way out."""
    if isinstance(error, ProofmillError):
        return error
    if _is_refusal(error):
        return _refused(access)
    if isinstance(error, ssl.SSLError):
        return Unreachable(
            f"{access.url}: TLS fails ({error.reason or error}); the server's certificate is not "
            "the one in the access file, or it speaks no TLS: copy the file anew from the node")
    if "secure" in str(error).lower() or "tls" in str(error).lower():
        return Unreachable(f"{access.url}: {error}; node and worker have to agree on TLS: copy the "
                           "access file anew from the node")
    if isinstance(error, OSError) and not isinstance(error, TimeoutError):
        return Unreachable(f"{access.url}: nobody answers there ({error.strerror or error}); "
                           "start the node first, and check the address and any firewall")
    return Unreachable(f"{access.url}: no server of a queue answers there "
                       f"({error or type(error).__name__}); check the address")


def _is_refusal(error: Exception) -> bool:
    said = str(error).lower()
    return isinstance(error, AuthorizationError) or "authorization" in said or (
        "authentication" in said)


def _refused(access: Access) -> Refused:
    return Refused(
        f"{access.url}: user {access.user!r} is not let in: the password is another, or the worker "
        "was put aside for a wrong answer; see the node's log, and copy its workers/"
        f"{access.user}.json anew")
