"""What lets a worker in, and that it stays a secret."""

import asyncio
import json
import socket
import stat
import threading
from pathlib import Path

import msgspec
import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.node.identity import new_identity
from proofmill.host.network.workers import line
from proofmill.host.network.workers.access import Access, read_access, write_access
from proofmill.host.network.workers.server import Server

GOOD = {"url": "nats://127.0.0.1:4222", "user": "alpha", "password": "a secret", "queue": "mill"}


@pytest.mark.parametrize(("change", "told"), [
    ({"url": "http://127.0.0.1"}, "no address; write nats://HOST:4222"),
    ({"url": "nats://127.0.0.1:99999"}, "is no address: Port out of range"),
    ({"url": "nats://me:secret@127.0.0.1"}, "do not belong into an address"),
    ({"url": "nats://mill.example:4222"}, "would send the password unencrypted to mill.example"),
    ({"user": "a.b"}, r"not an access file of a queue .*\$.user"),
    ({"pasword": "x"}, "unknown field `pasword`"),
    ({"certificate": "none"}, ""),
])
def test_mistakes_are_told(change: dict[str, str], told: str, tmp_path: Path) -> None:
    path = tmp_path / "alpha.json"
    path.write_text(json.dumps(GOOD | change))
    if told:
        with pytest.raises(ProofmillError, match=told) as error:
            read_access(path)
        assert "a secret" not in str(error.value)
    else:
        with pytest.raises(ProofmillError, match="is none in PEM"):
            read_access(path).context()


def test_a_file_is_its_owners_alone_and_its_words_have_no_password(tmp_path: Path) -> None:
    path = tmp_path / "alpha.json"
    access = Access(**GOOD)
    write_access(path, access)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_access(path) == access and "secret" not in repr(access)
    assert read_access(path, "nats://localhost:5").url == "nats://localhost:5"
    with pytest.raises(ProofmillError, match="missing.json: cannot be read"):
        read_access(tmp_path / "missing.json")


def test_what_keeps_a_worker_out_is_told_apart(tmp_path: Path) -> None:
    """Nobody there, somebody else there, a wrong password, no TLS, another certificate."""
    identity = new_identity()

    async def come(access: Access) -> None:
        connection = await line.connect(access, "test")
        await connection.close()

    def told(access: Access, kind: type[ProofmillError], match: str) -> None:
        with pytest.raises(kind, match=match):
            asyncio.run(come(access))

    with Server(tmp_path / "plain", "mill", ["alpha"]) as plain, Server(
            tmp_path / "tls", "mill", ["alpha"], certificate=identity.certificate,
            key=identity.key) as hidden:
        plain.start()
        hidden.start()
        alpha = read_access(tmp_path / "plain" / "alpha.json")
        secret = read_access(tmp_path / "tls" / "alpha.json")
        asyncio.run(come(alpha))
        asyncio.run(come(secret))
        told(_with(alpha, password="another"), line.Refused, "user 'alpha' is not let in")
        told(_with(secret, certificate=""), line.Unreachable, "TLS")
        told(_with(secret, certificate=new_identity().certificate), line.Unreachable,
             "not the one in the access file")
        # What is made for it is nobody else's to read, and nothing of it is on the command line.
        for each in ("alpha.json", "node.json", "server.conf"):
            assert stat.S_IMODE((tmp_path / "tls" / each).stat().st_mode) == 0o600
        shown = Path(f"/proc/{hidden.pid}/cmdline")
        if shown.exists():
            assert secret.password.encode() not in shown.read_bytes()
        assert secret.password not in (tmp_path / "tls" / "server.log").read_text()
    told(alpha, line.Unreachable, "nobody answers there")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        def answer() -> None:
            taken, _ = other.accept()
            with taken:
                taken.sendall(b"220 mail.example ESMTP\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        told(_with(alpha, url=f"nats://127.0.0.1:{port}"), line.Unreachable,
             "no server of a queue answers")
        thread.join()


def _with(access: Access, **changes: str) -> Access:
    return msgspec.structs.replace(access, **changes)
