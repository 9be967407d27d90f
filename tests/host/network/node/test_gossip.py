"""Peers are who they say, and what they send can put them out but never harm anybody."""

import asyncio
import random
import ssl
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from proofmill.host.network.node.gossip import LOOPBACK, Gossip, Limits, Reception
from proofmill.host.network.node.identity import Identity, contexts, new_identity
from proofmill.host.network.node.standing import HALF_LIFE_SECONDS, REJECTED, Standing
from proofmill.host.network.node.wire import LIMITS, Malformed, Topic, frame, read_frame

NAMES = ["a", "b", "c", "rogue"]


class Net:
    """Three nodes a, b, c, and the identity of a fourth, known to all, that tests play."""

    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        self.folder = folder
        self.limits = limits
        self.identities = {name: new_identity() for name in NAMES}
        self.nodes: dict[str, Gossip] = {}
        self.ports: dict[str, int] = {}
        self.taken: dict[str, list[tuple[Topic, bytes, str]]] = {name: [] for name in NAMES}
        self.verdict: Callable[[bytes], tuple[Reception, str]] = lambda data: (Reception.ACCEPT, "")

    async def start(self, *links: str) -> None:
        known = {identity.name: name for name, identity in self.identities.items()}
        for name in NAMES[:3]:
            def handler(topic: Topic, data: bytes, peer: str,
                        name: str = name) -> tuple[Reception, str]:
                self.taken[name].append((topic, data, peer))
                return self.verdict(data)

            node = Gossip(known, handler, self.tls(self.identities[name], name), self.limits)
            self.nodes[name] = node
            self.ports[name] = await node.start()
        for link in links:
            one, two = link[0], link[1]
            await self.nodes[one].connect(self.ports[two])
            await until(partial(self.linked, one, two))

    def linked(self, one: str, two: str) -> bool:
        return one in self.nodes[two].peers

    def tls(self, identity: Identity, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return contexts(identity, [each.certificate for each in self.identities.values()], folder)

    async def dial(
        self, to: str, identity: Identity
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        client = self.tls(identity, "rogue")[1]
        return await asyncio.open_connection(LOOPBACK, self.ports[to], ssl=client)

    async def rogue(self, data: bytes, end: bool = False) -> str:
        """Send `data` to b as the fourth peer; why b dropped it, "" if it did not."""
        b = self.nodes["b"]
        reader, writer = await self.dial("b", self.identities["rogue"])
        await until(lambda: "rogue" in b.peers)
        writer.write(data)
        if end:
            await writer.drain()
            writer.transport.close()
        try:
            await until(lambda: "rogue" not in b.peers, seconds=1)
        except TimeoutError:
            pass
        reason = b.standing.faults.pop("rogue", "")
        b.standing.__init__()  # type: ignore[misc]  # each is a story of its own
        writer.transport.abort()
        await until(lambda: "rogue" not in b.peers)
        return reason

    async def works(self) -> None:
        """What a publishes still reaches c through b."""
        data = random.randbytes(40)
        self.nodes["a"].publish(Topic.PROOF, data)
        await until(lambda: (Topic.PROOF, data, "b") in self.taken["c"])


async def until(condition: Callable[[], bool], seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


def play(net: Net, story: Callable[[Net], Awaitable[None]], *links: str) -> None:
    async def run() -> None:
        try:
            await net.start(*(links or ("ab", "bc")))
            await story(net)
        finally:
            for node in net.nodes.values():
                await node.close()
            await asyncio.sleep(0.01)

    asyncio.run(run())


def test_messages_go_on_and_come_once(tmp_path: Path) -> None:
    async def story(net: Net) -> None:
        for _ in range(3):
            await net.works()
        assert net.taken["a"] == []
        assert len(net.taken["b"]) == len(net.taken["c"]) == 3
        assert net.nodes["b"].forwarded == 3
        assert net.nodes["a"].counts() == {"b": (3, 0)}
        assert net.nodes["b"].counts() == {"a": (0, 3), "c": (3, 0)}

    play(Net(tmp_path), story)


def test_a_ring_does_not_echo(tmp_path: Path) -> None:
    async def story(net: Net) -> None:
        await net.works()
        await asyncio.sleep(0.05)
        assert [len(net.taken[name]) for name in "abc"] == [0, 1, 1]

    play(Net(tmp_path), story, "ab", "bc", "cb")


@pytest.mark.parametrize("verdict", [Reception.IGNORE, Reception.KEEP, Reception.REJECT])
def test_only_what_is_accepted_goes_on(tmp_path: Path, verdict: Reception) -> None:
    net = Net(tmp_path)
    net.verdict = lambda data: (verdict, "it is wrong")

    async def story(net: Net) -> None:
        net.nodes["a"].publish(Topic.PROOF, b"x")
        await until(lambda: len(net.taken["b"]) == 1)
        await asyncio.sleep(0.05)
        assert net.taken["c"] == []
        expected = {"a": "PROOF: it is wrong"} if verdict is Reception.REJECT else {}
        assert net.nodes["b"].standing.faults == expected
        # Nobody is put out for one message.
        assert net.nodes["b"].peers == ["a", "c"] and net.nodes["b"].dropped == {}

    play(net, story)


def test_a_peer_that_goes_on_is_put_out_for_a_while(tmp_path: Path) -> None:
    net = Net(tmp_path)
    net.verdict = lambda data: (Reception.REJECT, "it is wrong")
    now = 0.0

    async def story(net: Net) -> None:
        nonlocal now
        b = net.nodes["b"]
        b.standing = Standing(lambda: now)
        for number in range(2):
            net.nodes["a"].publish(Topic.PROOF, bytes([number]))
            await until(lambda number=number: len(net.taken["b"]) == number + 1)
        assert b.peers == ["a", "c"] and b.standing.score("a") == 80
        now = HALF_LIFE_SECONDS
        net.nodes["a"].publish(Topic.PROOF, b"a third")
        await until(lambda: len(net.taken["b"]) == 3)
        assert b.peers == ["a", "c"] and b.standing.score("a") == 80
        net.nodes["a"].publish(Topic.PROOF, b"a fourth, at once")
        await until(lambda: net.nodes["a"].peers == [])
        assert b.dropped == {"a": "PROOF: it is wrong"}
        await net.nodes["a"].connect(net.ports["b"])
        await until(lambda: net.nodes["a"].peers == [])
        assert b.peers == ["c"]
        now += 2 * HALF_LIFE_SECONDS
        await net.nodes["a"].connect(net.ports["b"])
        await until(partial(net.linked, "a", "b"))

    play(net, story)


def test_who_is_out_most_often_is_in_again_after_three_minutes() -> None:
    now = 0.0
    standing = Standing(lambda: now)
    for _ in range(100):
        standing.fault("a", REJECTED, "a lie")
    assert not standing.may_enter("a") and standing.may_enter("b")
    now = 3 * HALF_LIFE_SECONDS + 1
    assert standing.may_enter("a")


def test_strangers_do_not_get_in(tmp_path: Path) -> None:
    async def story(net: Net) -> None:
        stranger = new_identity()
        with pytest.raises((OSError, ssl.SSLError, asyncio.IncompleteReadError)):
            reader, writer = await net.dial("b", stranger)
            writer.write(frame(Topic.PROOF, b"x"))
            # TLS 1.3: the refusal comes with the first read.
            await asyncio.wait_for(reader.readexactly(1), 5)
        # Nor does who speaks no TLS at all, or nothing.
        reader, writer = await asyncio.open_connection(LOOPBACK, net.ports["b"])
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        await asyncio.wait_for(reader.read(), 5)
        writer.transport.abort()
        assert net.nodes["b"].peers == ["a", "c"] and net.taken["b"] == []
        await net.works()

    play(Net(tmp_path), story)


def header(length: int, topic: int) -> bytes:
    return (length + 1).to_bytes(4, "little") + bytes([topic])


MALFORMED = {
    "unknown topic": (header(3, 99) + b"abc", "topic 99 is unknown"),
    "too long": (header(LIMITS[Topic.PROOF] + 1, Topic.PROOF), "a PROOF of 4,097 bytes"),
    "huge": (b"\xff" * 4 + bytes([Topic.BLOCK]), "a BLOCK of 4,294,967,294 bytes"),
    "empty": (header(0, Topic.PROOF), "a PROOF of 0 bytes"),
    "no length": (b"\x00" * 4 + bytes([Topic.BLOCK]), "a BLOCK of -1 bytes"),
}


def test_malformed_frames_break_the_connection(tmp_path: Path) -> None:
    async def story(net: Net) -> None:
        for data, reason in MALFORMED.values():
            assert reason in await net.rogue(data)
            await net.works()

    play(Net(tmp_path), story)


def test_a_peer_that_dies_is_let_in_again(tmp_path: Path) -> None:
    """Its disk may be full, or its machine have lost its power, in the middle of a message."""
    async def story(net: Net) -> None:
        for cut in (b"", b"ab", header(9, Topic.PROOF), header(9, Topic.PROOF) + b"abc"):
            assert await net.rogue(cut, end=True) == ""
            await net.works()
        _, writer = await net.dial("b", net.identities["rogue"])
        writer.write(frame(Topic.PROOF, b"back"))
        await until(lambda: (Topic.PROOF, b"back", "rogue") in net.taken["b"])
        writer.transport.abort()

    play(Net(tmp_path), story)


def test_noise_never_harms(tmp_path: Path) -> None:
    draw = random.Random(5)

    async def story(net: Net) -> None:
        for _ in range(40):
            data = draw.randbytes(draw.randint(1, 200))
            if draw.random() < 0.5:
                data = header(draw.randint(1, 50), draw.choice(list(Topic))) + data
            await net.rogue(data, end=True)
        await net.works()

    play(Net(tmp_path), story)


def test_a_flood_breaks_the_connection(tmp_path: Path) -> None:
    async def story(net: Net) -> None:
        flood = b"".join(frame(Topic.PROOF, bytes([n])) for n in range(60))
        assert await net.rogue(flood) == "more messages than the limit allows"
        assert len([entry for entry in net.taken["b"] if entry[2] == "rogue"]) <= 50
        big = b"".join(frame(Topic.BLOCK, bytes(30_000) + bytes([n])) for n in range(4))
        assert await net.rogue(big) == "more messages than the limit allows"
        await net.works()

    play(Net(tmp_path, Limits(messages=1, burst_messages=50, bytes=1, burst_bytes=100_000)), story)


def test_frames_are_read_as_written() -> None:
    async def story() -> None:
        reader = asyncio.StreamReader()
        reader.feed_data(frame(Topic.SYNC, b"one") + frame(Topic.BLOCK, b"two"))
        reader.feed_eof()
        assert await read_frame(reader) == (Topic.SYNC, b"one")
        assert await read_frame(reader) == (Topic.BLOCK, b"two")
        assert await read_frame(reader) is None

    asyncio.run(story())
    with pytest.raises(ValueError, match="limit"):
        frame(Topic.PROOF, bytes(LIMITS[Topic.PROOF] + 1))
    assert issubclass(Malformed, Exception)
