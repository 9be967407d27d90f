"""An event loop whose clock stands still while anything is done, and jumps while nothing is.

What runs on it is not changed for it: sleeps, timeouts and timers are asyncio's own. Hours of
thousands of tasks pass in as long as their steps take, in an order that follows from their times.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import Context, ContextVar, copy_context
from heapq import heappop, heappush
from itertools import count
from typing import Any, TypeVar

log = logging.getLogger(__name__)

Found = TypeVar("Found")

_PROCESS: ContextVar["VirtualProcess | None"] = ContextVar("process", default=None)


class Deadlock(RuntimeError):
    """Everything waits, and nothing is due any more."""


class VirtualProcess:
    """Tasks that end together, as those of a process that is killed."""

    def __init__(self) -> None:
        self.killed = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self._first: asyncio.Task[Any] | None = None

    def begin(self, make: Callable[[], Any]) -> None:
        """Run the coroutine of `make`; what it begins belongs to this process."""
        context = Context()
        context.run(_PROCESS.set, self)
        self._first = asyncio.get_running_loop().create_task(make(), context=context)

    def fault(self) -> BaseException | None:
        """What ended it, if it did not end in order and was not killed."""
        if self._first is None or not self._first.done() or self.killed:
            return None
        return self._first.exception()

    def add(self, task: "asyncio.Task[Any]") -> None:
        """Of this process."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def kill(self) -> None:
        """End all of it; nothing that it does on its way out is heard of (see `killed`)."""
        self.killed = True
        while self._tasks:
            ending = list(self._tasks)
            for task in ending:
                task.cancel()
            await asyncio.gather(*ending, return_exceptions=True)


def current_process() -> VirtualProcess | None:
    """That of the task which runs."""
    return _PROCESS.get()


class _Due:
    """A callback that waits for its turn."""

    __slots__ = ("args", "callback", "context")

    def __init__(self, callback: Callable[..., object], args: tuple[Any, ...],
                 context: Context | None) -> None:
        self.callback: Callable[..., object] | None = callback
        self.args, self.context = args, context or copy_context()

    def cancel(self) -> None:
        """Do not call it."""
        self.callback, self.args = None, ()

    def cancelled(self) -> bool:
        """Whether it is not called any more."""
        return self.callback is None


class VirtualLoop(asyncio.AbstractEventLoop):
    """A loop of one thread; what others would carry out beside it is carried out at once, and is
    done when the seconds are over that it said it takes (`take`).

    Callbacks come in the order of their times, those of one time in the order in which they were
    asked for. There is nothing but tasks, futures and timers: no files, sockets, signals.
    """

    def __init__(self) -> None:
        self._now = 0.0
        self._taken = 0.0
        self._ready: deque[_Due] = deque()
        self._timers: list[tuple[float, int, _Due]] = []
        self._number = count()
        self._stopping = False

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._now

    def take(self, seconds: float) -> None:
        """Called by what `run_in_executor` carries out: it takes so long."""
        self._taken += seconds

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., Found], *args: Any
    ) -> "asyncio.Future[Found]":
        """Carry out `func` now; its result is there after the time that it takes."""
        future: asyncio.Future[Found] = self.create_future()
        self._taken = 0.0
        try:
            found = func(*args)
        except Exception as error:
            future.set_exception(error)
            return future
        if self._taken:
            self.call_later(self._taken, _settle, future, found)
        else:
            future.set_result(found)
        return future

    def call_soon(self, callback: Callable[..., object], *args: Any,  # type: ignore[override]
                  context: Context | None = None) -> _Due:
        """As a loop's."""
        self._ready.append(due := _Due(callback, args, context))
        return due

    call_soon_threadsafe = call_soon  # type: ignore[assignment]
    """Of this thread, from a handler of signals."""

    def call_at(self, when: float, callback: Callable[..., object],  # type: ignore[override]
                *args: Any, context: Context | None = None) -> _Due:
        """As a loop's."""
        due = _Due(callback, args, context)
        heappush(self._timers, (when, next(self._number), due))
        return due

    def call_later(self, delay: float, callback: Callable[..., object],  # type: ignore[override]
                   *args: Any, context: Context | None = None) -> _Due:
        """As a loop's."""
        return self.call_at(self._now + delay, callback, *args, context=context)

    def create_future(self) -> "asyncio.Future[Any]":
        """As a loop's."""
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, **given: Any) -> "asyncio.Task[Any]":
        """As a loop's; of the process that its context has."""
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=self, **given)
        context = given.get("context")
        process = _PROCESS.get() if context is None else context.get(_PROCESS)
        if process is not None:
            process.add(task)
        return task

    def run_forever(self) -> None:
        """Until `stop`. Deadlock where nothing would ever be called any more."""
        asyncio._set_running_loop(self)
        self._stopping = False
        try:
            while not self._stopping:
                if not self._ready:
                    self._move_on()
                for _ in range(len(self._ready)):
                    due = self._ready.popleft()
                    if due.callback is None:
                        continue
                    try:
                        due.context.run(due.callback, *due.args)
                    except Exception as error:
                        self.call_exception_handler({
                            "message": f"{due.callback!r} failed", "exception": error})
        finally:
            asyncio._set_running_loop(None)

    def _move_on(self) -> None:
        """To the time of the next timer, and of all that are due then."""
        timers, ready = self._timers, self._ready
        while timers and timers[0][2].callback is None:
            heappop(timers)
        if not timers:
            raise Deadlock("nothing is due any more, and something is waited for")
        self._now = max(self._now, timers[0][0])
        while timers and timers[0][0] <= self._now:
            ready.append(heappop(timers)[2])

    def run_until_complete(self, future: Any) -> Any:
        """What comes of it."""
        made = asyncio.ensure_future(future, loop=self)
        made.add_done_callback(self._end)
        try:
            self.run_forever()
        finally:
            made.remove_done_callback(self._end)
        return made.result()

    def _end(self, future: "asyncio.Future[Any]") -> None:
        self.stop()

    def stop(self) -> None:
        """End `run_forever`, after what is due now."""
        self._stopping = True

    def close(self) -> None:
        """Forget what is due."""
        self._ready.clear()
        self._timers.clear()

    def get_debug(self) -> bool:
        """Never."""
        return False

    def set_debug(self, enabled: bool) -> None:
        """There is nothing to see."""

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Say what nobody has taken."""
        log.error("%s", context["message"], exc_info=context.get("exception"))

    async def shutdown_asyncgens(self) -> None:
        """There are none."""

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """There is none."""


def _settle(future: "asyncio.Future[Found]", found: Found) -> None:
    if not future.done():
        future.set_result(found)
