"""Whom a foreman takes to be there, by signs of life alone."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from proofmill.host.network.workers import foreman as module
from proofmill.host.network.workers.access import Access
from proofmill.host.network.workers.foreman import Foreman
from proofmill.host.network.workers.wire import VERSION, Alive, to_bytes

ACCESS = Access(url="nats://127.0.0.1", user="node", password="", queue="mill")


def sign(worker: str) -> Any:
    """A sign of life."""
    return cast(Any, SimpleNamespace(subject=f"mill.alive.{worker}", data=to_bytes(
        Alive(VERSION, "1", ["cpu"], 0, 0.0))))


def test_the_worker_that_was_heard_last_tells_that_somebody_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where another was heard last and is put aside; nobody is there when all are."""
    now = [100.0]
    monkeypatch.setattr(module, "loop_time", lambda: now[0])
    foreman = Foreman(tmp_path / "book.sqlite", ACCESS, 10.0, "1")
    foreman._connected_now = lambda: True

    async def work() -> list[bool]:
        found = [foreman._anybody()]
        for worker in ("alpha", "beta"):
            await foreman._alive(sign(worker))
            now[0] += 1
        found.append(foreman._anybody())
        await foreman.refuse("beta", "a wrong answer")
        await foreman._alive(sign("beta"))  # who is put aside is not there, whatever it says
        found.append(foreman._anybody())
        now[0] += module.GONE_SECONDS
        found.append(foreman._anybody())
        await foreman._alive(sign("alpha"))
        found.append(foreman._anybody())
        await foreman.refuse("alpha", "another")
        return [*found, foreman._anybody()]

    with foreman.book:
        assert asyncio.run(work()) == [False, True, True, False, True, False]
