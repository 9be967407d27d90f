"""A node's workers for its threads: what they ask, the foreman does on a thread of its own."""

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any, TypeVar

from proofmill.host.ground.closing import Closing
from proofmill.host.network.workers import blobs
from proofmill.host.network.workers.access import Access
from proofmill.host.network.workers.book import Answered
from proofmill.host.network.workers.foreman import Foreman, Told
from proofmill.host.network.workers.server import Server
from proofmill.host.network.workers.wire import Alive, Task
from proofmill.host.prover.devices.device import DeviceError

log = logging.getLogger(__name__)

CLOSED = "the workers' queue is closed"
Content = TypeVar("Content")
Given = TypeVar("Given")


class Farm(Closing):
    """The workers of a node. May be used from several threads at once."""

    def __init__(self, book: Path, server: Server | Access, lease_seconds: float, program: str, *,
                 tell: Told | None = None) -> None:
        """Open the book and the queue. `server`: one of this node's own, which is begun here and
        ended with this, or the way into another's. `lease_seconds`: after which a task goes to
        another worker when nothing is heard of its own. `program`: this release.

        ProofmillError where the server cannot be begun or does not let the node in.
        """
        own = server if isinstance(server, Server) else None
        access = server.access if isinstance(server, Server) else server
        self._lease = lease_seconds
        self._lock, self._ended = threading.Lock(), False
        self._asked: set[asyncio.Task[Any]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=(
            lambda: Foreman(book, access, lease_seconds, program, server=own, tell=tell),),
            name="workers", daemon=True)
        self._begun = threading.Event()
        self._fault: BaseException | None = None
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
        return self._foreman.workers(self._loop.time())

    def aside(self) -> dict[str, str]:
        """Workers that are put aside, and why."""
        return self._foreman.aside()

    @property
    def waiting(self) -> int:
        """How many tasks somebody waits for."""
        return self._foreman.waiting

    def keep(self, content: bytes) -> str:
        """Let tasks refer to `content`; its address. It is handed in when the server is there."""
        address = blobs.address_of(content)
        self._ask(self._foreman.keep(address, content))
        return address

    def compute(self, tasks: Sequence[Task], seconds: float,
                done: Callable[[Task], None] | None = None) -> list[Answered]:
        """The answers, in the order of `tasks`; one that was had before is not asked for again.

        DeviceError where they are not there after `seconds`, or no worker is; nobody works on them
        then any more. `done` hears of each task that was answered.
        """
        return self._ask(self._foreman.compute(tasks, seconds, done or (lambda task: None)))

    def refuse(self, worker: str, reason: str) -> None:
        """Put a worker aside for a wrong answer: nothing of it is taken any more."""
        self._ask(self._foreman.refuse(worker, reason))

    def correct(self, answered: Answered) -> None:
        """Put this node's own answer in the place of a wrong one."""
        self._ask(_called(self._foreman.book.correct, answered.answer))

    def forget(self, identity: str) -> None:
        """Ask anew when the same is asked again."""
        self._ask(_called(self._foreman.book.forget, identity))

    def answered(self, identity: str) -> Answered | None:
        """What was answered, and by whom."""
        return self._ask(_called(self._foreman.book.answered, identity))

    def close(self) -> None:
        """Give back the connection, and end the server if it is this node's."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._foreman.end)
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
                raise DeviceError(CLOSED)
            made = asyncio.run_coroutine_threadsafe(noted(), self._loop)
        try:
            return made.result()
        except CancelledError as error:
            raise DeviceError(CLOSED) from error

    def _run(self, made: Callable[[], Foreman]) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._foreman = made()
            self._loop.run_until_complete(self._foreman.live(self._begun.set, self._let_go))
        except BaseException as error:
            if not self._begun.is_set():
                self._fault = error
            else:
                log.error("workers: %s", error, exc_info=error)
        finally:
            if self._fault is None:
                self._loop.run_until_complete(self._let_go())
            self._begun.set()
            self._loop.close()

    async def _let_go(self) -> None:
        """Tell everybody who waits, and whoever comes, that it is over."""
        with self._lock:
            self._ended = True
        self._foreman.give_up(DeviceError(CLOSED))
        await asyncio.sleep(0)
        if asked := list(self._asked):
            _, late = await asyncio.wait(asked, timeout=1)
            for each in late:
                each.cancel()
            await asyncio.gather(*late, return_exceptions=True)


async def _called(function: Callable[[Given], Content], given: Given) -> Content:
    """What the book, which is the farm's thread's, says there."""
    return function(given)
