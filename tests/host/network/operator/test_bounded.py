"""Listeners: slow, silent, greedy and many clients take nothing from the others."""

import socket
import time
from base64 import b64encode

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.operator.bounded import Bounds, Listener, Listeners
from tests.host.network.operator.watched import ask, get, listening

BOUNDS = Bounds(connections=3, request_bytes=200, request_seconds=0.5, answer_seconds=0.5,
                requests_a_second=0.001, burst=4)


def test_a_client_that_says_nothing_is_left() -> None:
    with listening(BOUNDS) as (metrics, miner):
        for port, part in ((metrics, b"GET /met"), (miner, b'{"command"'), (metrics, b""),
                           (miner, b"")):
            begun = time.monotonic()
            assert ask(port, part) == b""
            assert time.monotonic() - begun < 15
        assert get(metrics)[0] == 200


def test_connections_are_counted_and_freed() -> None:
    with listening(BOUNDS) as (metrics, _):
        silent = [socket.create_connection(("127.0.0.1", metrics)) for _ in range(3)]
        time.sleep(0.1)
        assert ask(metrics, b"GET /metrics HTTP/1.1\r\n\r\n") == b""  # one too many
        for each in silent:
            each.settimeout(15)
            try:
                assert each.recv(1) == b""  # left after half a second
            except ConnectionResetError:
                pass
            each.close()
        assert get(metrics)[0] == 200


def test_a_request_that_is_too_long_is_not_read_on() -> None:
    with listening(BOUNDS) as (metrics, miner):
        assert ask(metrics, b"GET /metrics HTTP/1.1\r\n" + b"X: y\r\n" * 1000) == b""
        assert ask(miner, b'{"command": "' + b"x" * 1000) == b""
        assert get(metrics)[0] == 200


def test_requests_beyond_the_rate_are_refused() -> None:
    with listening(BOUNDS) as (metrics, miner):
        assert [get(metrics)[0] for _ in range(6)] == [200] * 4 + [429] * 2
        # Each listener has its own rate.
        assert [ask(miner, b"version") == b"busy\0" for _ in range(5)] == [False] * 4 + [True]


def test_a_client_that_does_not_read_is_left() -> None:
    """An answer that fits into no buffer, and nobody who takes it."""
    large = b"x" * (32 << 20)
    with Listeners([Listener("large", "127.0.0.1", 0, lambda request: b"\n" in request,
                             lambda request: large if request == b"large\n" else b"small",
                             b"busy")], BOUNDS) as listeners:
        with socket.socket() as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            line.connect(("127.0.0.1", listeners.ports["large"]))
            line.sendall(b"large\n")
            time.sleep(1.5)
            got = 0
            try:
                while piece := line.recv(1 << 16):
                    got += len(piece)
            except ConnectionResetError:
                pass
        assert got < len(large)
        assert ask(listeners.ports["large"], b"small\n") == b"small"


@pytest.mark.parametrize("request_", [
    b"\0\n", b"{}\n", b"{\"command\": 3}\n", b"{\"command\": \"x\"}\n", b"[" * 150 + b"\n",
    b"{" * 150 + b"\n", b"nothing|x\n", b"\xff\xfe|\n", b"{\"command\": \"summary+nothing\"}\n"])
def test_nonsense_has_an_answer_from_the_miner_api(request_: bytes) -> None:
    with listening() as (_, miner):
        answer = ask(miner, request_.replace(b"\0", b"x"))
        assert answer.endswith(b"\0") and b"STATUS" in answer


@pytest.mark.parametrize(("request_", "status"), [
    (b"\r\n\r\n", 400), (b"GET\r\n\r\n", 400), (b"GET /none HTTP/1.1\r\n\r\n", 404),
    (b"GET /metrics SPDY/3\r\n\r\n", 400), (b"POST /metrics HTTP/1.1\r\n\r\n", 405),
    (b"GET /\xff HTTP/1.1\r\n\r\n", 404), (b"GET /../metrics HTTP/1.1\r\n\r\n", 404),
    (b"GET /metrics?x=1 HTTP/1.0\r\n\r\n", 200), (b"HEAD /metrics HTTP/1.1\r\n\r\n", 200)])
def test_nonsense_has_an_answer_over_http(request_: bytes, status: int) -> None:
    with listening() as (metrics, _):
        answer = ask(metrics, request_)
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        if request_.startswith(b"HEAD"):
            assert answer.endswith(b"\r\n\r\n")


def test_a_token_is_asked_for() -> None:
    with listening(token="a secret") as (metrics, _):
        assert get(metrics)[0] == 401
        assert get(metrics, more="Authorization: Bearer another\r\n")[0] == 401
        assert get(metrics, more="Authorization: Basic a secret\r\n")[0] == 401
        assert get(metrics, more="authorization: bearer a secret\r\n")[0] == 200
        assert get(metrics, "/nothing")[0] == 401
        for password, status in ((b"x:a secret", 200), (b"a secret:x", 401), (b"a secret", 401)):
            basic = f"Authorization: Basic {b64encode(password).decode()}\r\n"
            assert get(metrics, "/", more=basic)[0] == status


def test_a_port_that_is_taken_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ProofmillError, match=rf"metrics.port {port}: cannot be listened on: "
                                                 r".*or metrics.enabled = false"):
            Listeners([Listener("metrics", "127.0.0.1", port, bool, bytes, b"")])
