"""A snapshot with figures that tell each other apart, and listeners that show it."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from proofmill.host.network.operator import dashboard, metrics, miner_api, web
from proofmill.host.network.operator.bounded import Bounds, Listener, Listeners
from proofmill.host.network.operator.conditions import Condition
from proofmill.host.network.operator.event_log import LoggedEvent
from proofmill.host.network.operator.figures import Snapshot, Tally
from proofmill.host.network.operator.miner_api import MinerApi

START = 1_000_000.0


def tally() -> Tally:
    """Two devices; the second has done nothing yet, and failed once."""
    made = Tally(("cpu", "serial:/dev/ttyUSB0"), START)
    for state, count in (("SEEN", 9), ("INCLUDED", 5), ("MISSED", 2), ("STALE", 1), ("SIGNED", 4)):
        for _ in range(count):
            made.take("job", {"job": "j", "state": state, "reason": ""}, START + 10)
    for seconds in (10, 90):
        made.take("proof", {"job": "j", "device": "cpu", "seconds": 0.5, "cycles": 7,
                            "constraints": 6_000_000}, START + seconds)
    made.take("fault", {"device": "serial:/dev/ttyUSB0", "reason": "no answer", "pause_ms": 12000},
              START + 20)
    made.take("block", {"root": "0x00"}, START + 20)
    made.take("skipped", {"steps": 3, "late_seconds": 1.0}, START + 20)
    made.take("unsigned", {"reason": "a double vote"}, START + 20)
    return made


def snapshot(after: float = 100.0) -> Snapshot:
    return tally().snapshot(
        {"slot": {"": 17}, "head_slot": {"": 16}, "peers": {"": 2}, "peers_known": {"": 3},
         "device_put_aside": {"cpu": 0, "serial:/dev/ttyUSB0": 1}},
        (Condition("device put aside", "serial:/dev/ttyUSB0: no answer, a=b|c\\d"),
         Condition("working", "proves slot 17")),
        {"name": "node-0", "chain": "a \"chain\"", "roles": "prover", "validators": "0"},
        START + after,
        (LoggedEvent(7, START, "fault", 5, {"device": "rtl", "reason": "<b>no answer</b>",
                                            "pause_ms": 12000}),))


@contextmanager
def listening(bounds: Bounds | None = None, token: str = "",
              shown: Callable[[], Snapshot] = snapshot) -> Iterator[tuple[int, int]]:
    """The ports of /metrics and of the miner API."""
    api = MinerApi(shown, "1.2.3")
    pages = web.Web([*metrics.routes(shown), *dashboard.routes(shown)], token)
    with Listeners([
            Listener("metrics", "127.0.0.1", 0, pages.whole, pages.answer, web.response(429)),
            Listener("miner", "127.0.0.1", 0, miner_api.whole, api.answer, b"busy\0")],
            bounds) as listeners:
        yield listeners.ports["metrics"], listeners.ports["miner"]


def ask(port: int, request: bytes, seconds: float = 20.0) -> bytes:
    """What comes for a request until the connection ends; a reset ends it too."""
    got = b""
    with socket.create_connection(("127.0.0.1", port), seconds) as line:
        try:
            line.sendall(request)
            while piece := line.recv(1 << 16):
                got += piece
        except (ConnectionResetError, BrokenPipeError):
            pass
    return got


def get(port: int, path: str = "/metrics", more: str = "", method: str = "GET") -> tuple[int, str]:
    """Status and content of a page."""
    head, _, body = ask(port, f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n".encode()
                        ).partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode()
