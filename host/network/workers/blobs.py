"""Bytes that are fetched by their hash: in pieces, in a stream of the queue."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.workers.wire import Queue

PIECE = 512 << 10
"""Bytes of a piece: below every server's limit of a message."""
LENGTH = "length"
"""The piece that says how many bytes there are; written last, so that it tells of a whole."""
AT_ONCE = 8


class NotThere(ProofmillError):
    """The queue has no such blob, or not yet."""


class OtherContent(ProofmillError):
    """What was fetched does not have the hash that was asked for."""


def address_of(content: bytes | memoryview) -> str:
    """The name of a blob: the SHA-256 of its bytes, in hexadecimal."""
    return sha256(content).hexdigest()


async def has(stream: JetStreamContext, queue: Queue, address: str) -> bool:
    """Whether the queue has the whole of it."""
    info = await stream.stream_info(queue.blobs, subjects_filter=queue.blob(address, "*"))
    subjects = info.state.subjects or {}
    if queue.blob(address, LENGTH) not in subjects:
        return False
    length = await stream.get_last_msg(queue.blobs, queue.blob(address, LENGTH), direct=True)
    return len(subjects) == 1 + -(-int(length.data or b"0") // PIECE)


async def put(stream: JetStreamContext, queue: Queue, address: str, content: bytes) -> None:
    """Hand in a blob; what is there stays as it is."""
    for start in range(0, len(content), PIECE * AT_ONCE):
        await asyncio.gather(*(
            stream.publish(queue.blob(address, place // PIECE), content[place:place + PIECE])
            for place in range(start, min(len(content), start + PIECE * AT_ONCE), PIECE)))
    await stream.publish(queue.blob(address, LENGTH), str(len(content)).encode())


async def remove(stream: JetStreamContext, queue: Queue, address: str) -> None:
    """Take a blob away."""
    await stream.purge_stream(queue.blobs, subject=queue.blob(address, "*"))


async def get(stream: JetStreamContext, queue: Queue, address: str) -> bytes:
    """Fetch a blob. `NotThere` where there is none; `OtherContent` for one of another hash."""
    try:
        said = await stream.get_last_msg(queue.blobs, queue.blob(address, LENGTH), direct=True)
        length = int(said.data or b"0")
        pieces: list[bytes] = []
        count = -(-length // PIECE)
        for start in range(0, count, AT_ONCE):
            pieces += [found.data or b"" for found in await asyncio.gather(*(
                stream.get_last_msg(queue.blobs, queue.blob(address, place), direct=True)
                for place in range(start, min(count, start + AT_ONCE))))]
    except NotFoundError as error:
        raise NotThere(f"the queue {queue.name} has no {address[:16]} (yet); the node hands it in "
                       "when it is asked for") from error
    content = b"".join(pieces)
    if address_of(content) != address:
        raise OtherContent(
            f"what the queue {queue.name} has as {address[:16]} has the hash "
            f"{address_of(content)[:16]}: it is not the key that the node means; start the node "
            "again, which hands it in anew")
    return content


class Kept:
    """Blobs in a folder of this machine, each fetched once."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        """`most_bytes`: of the folder; those that were used longest ago go first."""
        self._folder, self._most = folder, most_bytes
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, address: str) -> Path | None:
        """Where the blob is, if its bytes are still those."""
        path = self._folder / address
        with suppress(OSError):
            if address_of(path.read_bytes()) == address:
                path.touch()
                return path
        return None

    def put(self, address: str, content: bytes) -> Path:
        """Keep a blob."""
        from proofmill.host.ground.output import write_atomically

        self._make_room(len(content))
        path = self._folder / address
        write_atomically(path, [content])
        return path

    def _make_room(self, size: int) -> None:
        there = sorted(((each.stat().st_mtime, each.stat().st_size, each)
                        for each in self._folder.iterdir()), reverse=True)
        for _, length, path in there:
            size += length
            if size > self._most:
                with suppress(OSError):
                    path.unlink()


Fetched = Callable[[str, int], None]
"""Hears of a blob that was fetched: its address and its bytes."""
