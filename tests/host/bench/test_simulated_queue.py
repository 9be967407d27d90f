"""The simulated queue does what the server does: the same questions have the same answers."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from nats.js.errors import APIError, NotFoundError

from proofmill.host.bench.simulated_queue import SimulatedQueue
from proofmill.host.bench.virtual_time import VirtualLoop
from proofmill.host.network.workers import line
from proofmill.host.network.workers.access import Access, read_access
from proofmill.host.network.workers.server import Server
from proofmill.host.network.workers.streams import consumers_of, streams_of
from proofmill.host.network.workers.wire import CONSUMER, READER, Queue

QUEUE, LEASE = Queue("q"), 1.0
Script = Callable[[Any, Any], Coroutine[Any, Any, list[object]]]
"""What is done with JetStream and a client, and all that is seen of it."""


async def prepared(stream: Any) -> None:
    """The streams and consumers that a node makes."""
    for config in streams_of(QUEUE):
        await stream.add_stream(config)
    for name, consumer in consumers_of(QUEUE, LEASE).items():
        await stream.add_consumer(name, consumer)


async def told(work: Coroutine[Any, Any, Any]) -> str:
    """How a question ends that may fail."""
    try:
        await work
    except NotFoundError:
        return "not found"
    except APIError as error:
        return f"refused {error.err_code}"
    except TimeoutError:
        return "nothing came"
    return "done"


async def taken(subscription: Any, many: int = 1, timeout: float = 0.3) -> list[Any]:
    try:
        found: list[Any] = await subscription.fetch(many, timeout=timeout)
    except TimeoutError:
        return []
    return found


def names(messages: list[Any]) -> list[tuple[str, bytes]]:
    return [(each.subject, bytes(each.data)) for each in messages]


async def one_of_a_subject(stream: Any, client: Any) -> list[object]:
    """A task that waits, or is leased, is not taken twice; one that is done is."""
    seen: list[object] = []
    subscription = await stream.pull_subscribe_bind(CONSUMER, stream="q-tasks")
    for _ in range(2):
        seen.append(await told(stream.publish("q.task.a", b"1")))
    seen.append((await stream.stream_info("q-tasks", subjects_filter="q.task.*")).state.subjects)
    (message,) = await taken(subscription)
    seen += [names([message]), await told(stream.publish("q.task.a", b"2"))]
    await message.ack_sync(timeout=2)
    seen.append(await told(stream.publish("q.task.a", b"3")))
    seen.append(names(await taken(subscription)))
    info = await stream.stream_info("q-tasks", subjects_filter="q.task.*")
    return [*seen, info.state.last_seq, dict(info.state.subjects)]


async def leases(stream: Any, client: Any) -> list[object]:
    """Who says nothing loses its task to another; who holds it does not; what comes again comes
    before what is new, and what waits is counted."""
    seen: list[object] = []
    subscription = await stream.pull_subscribe_bind(CONSUMER, stream="q-tasks")
    for name in "abc":
        await stream.publish(f"q.task.{name}", name.encode())
    (first,) = await taken(subscription)
    (second,) = await taken(subscription)
    seen += [names([first, second]), first.metadata.num_pending, second.metadata.num_pending]
    await asyncio.sleep(0.6 * LEASE)
    await second.in_progress()
    await asyncio.sleep(0.6 * LEASE)
    again = await taken(subscription)
    seen += [names(again), names(await taken(subscription))]
    # The lease of `first` was over, and another has it; its acknowledgement counts all the same.
    await first.ack_sync(timeout=2)
    info = await stream.stream_info("q-tasks", subjects_filter="q.task.*")
    return [*seen, sorted(info.state.subjects)]


async def one_lease_of_two(stream: Any, client: Any) -> list[object]:
    """It ends in its time, where nothing is left of the one before it and nothing else happens."""
    subscription = await stream.pull_subscribe_bind(CONSUMER, stream="q-tasks")
    for name in "ab":
        await stream.publish(f"q.task.{name}", b"1")
    (first,) = await taken(subscription)
    await asyncio.sleep(0.3 * LEASE)
    (second,) = await taken(subscription)
    await first.ack_sync(timeout=2)
    return [names([first, second]), names(await taken(subscription, timeout=1.5 * LEASE))]


async def given_back(stream: Any, client: Any) -> list[object]:
    """At once, or after a while."""
    subscription = await stream.pull_subscribe_bind(CONSUMER, stream="q-tasks")
    await stream.publish("q.task.a", b"1")
    (message,) = await taken(subscription)
    await message.nak()
    (message,) = await taken(subscription)
    await message.nak(delay=0.5)
    early = await taken(subscription, timeout=0.2)
    late = await taken(subscription, timeout=2.0)
    return [names(early), names(late)]


async def purged(stream: Any, client: Any) -> list[object]:
    """What is taken away is not handed out, and may come again."""
    subscription = await stream.pull_subscribe_bind(CONSUMER, stream="q-tasks")
    for name in "ab":
        await stream.publish(f"q.task.{name}", b"1")
    await stream.purge_stream("q-tasks", subject="q.task.a")
    seen: list[object] = [names(await taken(subscription)), names(await taken(subscription)),
                          await told(stream.publish("q.task.a", b"2"))]
    (message,) = await taken(subscription)
    await stream.purge_stream("q-tasks", subject="q.task.a")
    seen += [names([message]), names(await taken(subscription, timeout=1.5 * LEASE))]
    return seen


async def waits(stream: Any, client: Any) -> list[object]:
    """Who asks first has what comes; several at once; how far the reader is."""
    subscription = await stream.pull_subscribe_bind(READER, stream="q-answers")
    asked = asyncio.ensure_future(taken(subscription, timeout=2.0))
    await asyncio.sleep(0.1)
    for number in range(4):
        await stream.publish(f"q.answer.w.{number}", str(number).encode())
    seen: list[object] = [names(await asked), names(await taken(subscription, 2))]
    info = await stream.consumer_info("q-answers", READER)
    return [*seen, info.num_pending, info.num_ack_pending, info.ack_floor.stream_seq]


async def blobs(stream: Any, client: Any) -> list[object]:
    """The newest of a subject, and what is not there."""
    seen: list[object] = [
        await told(stream.get_last_msg("q-blobs", "q.blob.a.0", direct=True))]
    for content in (b"old", b"new"):
        seen.append(await told(stream.publish("q.blob.a.0", content)))
    await stream.publish("q.blob.b.0", b"other")
    found = await stream.get_last_msg("q-blobs", "q.blob.a.0", direct=True)
    info = await stream.stream_info("q-blobs", subjects_filter="q.blob.a.*")
    return [*seen, found.data, dict(info.state.subjects), client.max_payload]


async def signs_of_life(stream: Any, client: Any) -> list[object]:
    heard: list[object] = []

    async def hear(message: Any) -> None:
        heard.append((message.subject, bytes(message.data)))

    await client.subscribe("q.alive.*", cb=hear)
    await client.publish("q.alive.one", b"1")
    await client.publish("q.alive.two", b"2")
    await asyncio.sleep(0.3)
    return heard


SCRIPTS = [one_of_a_subject, leases, one_lease_of_two, given_back, purged, waits, blobs,
           signs_of_life]


async def played(script: Script, connect: line.Connect, access: Access) -> list[object]:
    connection = await connect(access, "test", None, None)
    try:
        stream = line.stream(connection)
        await prepared(stream)
        return await script(stream, connection.client)
    finally:
        await connection.close()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
def test_it_answers_as_the_server_does(script: Script, tmp_path: Path) -> None:
    with Server(tmp_path / "workers", "q", ["w"]) as server:
        server.start()
        real = asyncio.run(played(script, line.connect, read_access(
            tmp_path / "workers" / "node.json")))
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        simulated = runner.run(played(script, SimulatedQueue().connect, Access(
            url="nats://127.0.0.1", user="node", password="", queue="q")))
    assert simulated == real
