"""An event loop whose clock stands still while anything is done, and jumps while nothing is.

What runs on it is not changed for it: sleeps, timeouts and timers are the loop's own. Hours of
thousands of tasks pass in as long as their steps take, in an order that follows from their times.
"""

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import Context, ContextVar
from typing import Any, TypeVar

Found = TypeVar("Found")

_PROCESS: ContextVar["VirtualProcess | None"] = ContextVar("process", default=None)


class Deadlock(RuntimeError):
    """Everything waits, and nothing is due any more."""


class _Selector(selectors.SelectSelector):
    """Instead of waiting, lets the loop's time pass."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Deadlock("nothing is due any more, and something is waited for")
        self.now += max(0.0, timeout)
        return []


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


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop of one thread; what others would carry out beside it is carried out at once, and is
    done when the seconds are over that it said it takes (`take`)."""

    def __init__(self) -> None:
        self._clock = _Selector()
        self._taken = 0.0
        super().__init__(self._clock)
        self.set_task_factory(_of_process)

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._clock.now

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


def _settle(future: "asyncio.Future[Found]", found: Found) -> None:
    if not future.done():
        future.set_result(found)


def _of_process(loop: asyncio.AbstractEventLoop, made: Any, **given: Any) -> "asyncio.Task[Any]":
    task: asyncio.Task[Any] = asyncio.Task(made, loop=loop, **given)
    context = given.get("context")
    process = _PROCESS.get() if context is None else context.get(_PROCESS)
    if process is not None:
        process.add(task)
    return task
