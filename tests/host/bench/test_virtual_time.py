"""Time that passes while nothing is done, and processes that end as a whole."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from proofmill.host.bench.virtual_time import Deadlock, VirtualLoop, VirtualProcess

Found = TypeVar("Found")


def run(work: Coroutine[Any, Any, Found]) -> Found:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


def test_a_day_passes_at_once_and_in_order() -> None:
    async def day() -> list[tuple[str, float]]:
        loop, seen = asyncio.get_running_loop(), []

        async def each(name: str, seconds: float) -> None:
            await asyncio.sleep(seconds)
            seen.append((name, loop.time()))

        await asyncio.gather(each("b", 86_400.0), each("a", 3.25))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(10):
                await asyncio.Event().wait()
        return [*seen, ("c", loop.time())]

    assert run(day()) == [("a", 3.25), ("b", 86_400.0), ("c", 86_410.0)]


def test_what_takes_its_time_beside_the_loop_takes_it_on_the_clock() -> None:
    async def work() -> tuple[str, float, str]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)

        def carry_out() -> str:
            loop.take(40.0)
            return "done"

        async def beside() -> str:
            await asyncio.sleep(39.0)
            return "before" if not computing.done() else "after"

        computing = asyncio.ensure_future(asyncio.to_thread(carry_out))
        other = await beside()
        return await computing, loop.time(), other

    assert run(work()) == ("done", 40.0, "before")

    async def wrong() -> None:
        await asyncio.to_thread(int, "no number")

    with pytest.raises(ValueError, match="no number"):
        run(wrong())


def test_nothing_that_a_killed_process_began_goes_on() -> None:
    async def kill() -> tuple[list[float], bool]:
        loop, ticks = asyncio.get_running_loop(), []

        async def tick() -> None:
            while True:
                await asyncio.sleep(1)
                ticks.append(loop.time())

        async def main() -> None:
            held.append(asyncio.ensure_future(tick()))
            await asyncio.Event().wait()

        held: list[asyncio.Future[None]] = []
        process, other = VirtualProcess(), VirtualProcess()
        process.begin(main)
        other.begin(lambda: asyncio.sleep(100))
        await asyncio.sleep(2.5)
        await process.kill()
        await asyncio.sleep(10)
        return ticks, other.fault() is None and process.killed and held[0].cancelled()

    assert run(kill()) == ([1.0, 2.0], True)


def test_who_waits_for_nothing_is_told() -> None:
    async def wait() -> None:
        await asyncio.Event().wait()

    loop = VirtualLoop()
    try:
        with pytest.raises(Deadlock):
            loop.run_until_complete(wait())
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.call_soon(loop.stop)
        loop.run_forever()
        loop.close()
