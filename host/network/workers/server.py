"""The queue's server, which a node starts: NATS with JetStream, in a process of its own.

Everything that is acknowledged is on the disk (``sync_interval: always``). Users, passwords and
what each may do stand in a file that its owner alone may read; the command line has none of it.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Collection
from contextlib import suppress
from functools import partial
from pathlib import Path

import msgspec

from proofmill.host.ground.closing import Closing
from proofmill.host.ground.errors import ProofmillError, how_to_install, not_written
from proofmill.host.ground.parent import end_with_parent
from proofmill.host.ground.secret import replace_secret
from proofmill.host.network.workers.access import LOOPBACK, Access, read_access, write_access
from proofmill.host.network.workers.wire import CONSUMER, Queue

MAX_PAYLOAD = 8 << 20
"""Bytes of a message: NATS advises against more."""
START_SECONDS = 20.0
EVERYWHERE = "0.0.0.0"
"""The host that is every address of this machine."""
NODE = "node"
"""The user that may do everything."""
PAUSE_SECONDS = 0.1


class Server(Closing):
    """A server with a folder of its own: the store, the settings, an access file for each user."""

    def __init__(self, folder: Path, queue: str, workers: Collection[str], *,
                 host: str = LOOPBACK[0], port: int = 0, certificate: str = "", key: str = "",
                 store_megabytes: int = 4096) -> None:
        """`port` 0: any free one. `certificate` and its `key`, in PEM: with them it speaks TLS
        alone. Passwords are made once, and kept. ProofmillError where there is no server to be
        had, or the folder cannot be written."""
        self.folder, self._queue = folder, Queue(queue)
        self._host, self._port = host, port or free_port(host)
        self._certificate, self._store_megabytes = certificate, store_megabytes
        self._process: subprocess.Popen[bytes] | None = None
        self._binary = server_program()
        self._revoked: set[str] = set()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
        except OSError as error:
            raise not_written(folder, error) from error
        if certificate:
            replace_secret(folder / "tls.pem", key + certificate)
        self._users = {name: self._access_of(name) for name in (NODE, *workers)}

    @property
    def access(self) -> Access:
        """The node's own."""
        return self._users[NODE]

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        assert self._process is not None
        return self._process.pid

    @property
    def _near(self) -> str:
        """Where this machine reaches it."""
        return LOOPBACK[0] if self._host == EVERYWHERE else self._host

    def start(self) -> None:
        """Begin, and wait until it listens; ProofmillError where it does not."""
        self._require_port()
        replace_secret(self.folder / "server.conf", self._settings())
        log = self.folder / "server.log"
        with log.open("ab") as stream:
            self._process = subprocess.Popen(
                [self._binary, "-c", str(self.folder / "server.conf")], stdin=subprocess.DEVNULL,
                stdout=stream, stderr=stream, preexec_fn=partial(_belong_to, os.getpid()),
                # A terminal's Ctrl-C is for the node, which ends it in order.
                start_new_session=True)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise ProofmillError(f"workers: the server ended at its start: {_last_line(log)}; "
                                     f"see {log}")
            with suppress(OSError), socket.create_connection((self._near, self._port), 1):
                return
            time.sleep(PAUSE_SECONDS / 4)
        raise ProofmillError(f"workers: the server does not listen on {self._near}:{self._port} "
                             f"after {START_SECONDS:.0f} s; see {log}")

    def _require_port(self) -> None:
        """Told before the server tries: what listens there would be taken for it."""
        try:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((self._host, self._port))
        except OSError as error:
            raise ProofmillError(
                f"workers.host {self._host}, workers.port {self._port}: cannot be listened on: "
                f"{error.strerror or error}; end what listens there, or set another port"
                ) from error

    def ended(self) -> bool:
        """Whether the process has ended, and not by `close`."""
        return self._process is not None and self._process.poll() is not None

    def revoke(self, worker: str) -> None:
        """Let a worker in no more, and end its connection."""
        self._revoked.add(worker)
        replace_secret(self.folder / "server.conf", self._settings())
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGHUP)

    def close(self) -> None:
        """End the process; the store stays."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _access_of(self, name: str) -> Access:
        path = self.folder / f"{name}.json"
        password = (read_access(path, "nats://127.0.0.1").password if path.exists()
                    else secrets.token_urlsafe(32))
        far = self._host == EVERYWHERE and name != NODE
        shown = socket.gethostname() if far else self._near
        access = Access(url=f"nats://{shown}:{self._port}", user=name, password=password,
                        queue=self._queue.name, certificate=self._certificate)
        write_access(path, access)
        return access

    def _settings(self) -> str:
        """The server's configuration; JSON is a subset of what it reads."""
        queue = self._queue
        users: list[dict[str, object]] = []
        for name, access in self._users.items():
            user: dict[str, object] = {"user": name, "password": access.password}
            if name in self._revoked:
                continue
            if name != NODE:
                user["permissions"] = {
                    "publish": {"allow": permitted(queue, name)},
                    "subscribe": {"allow": [f"_INBOX.{name}.>"]}}
            users.append(user)
        settings: dict[str, object] = {
            "host": self._host, "port": self._port, "server_name": queue.name,
            "pid_file": str(self.folder / "server.pid"),
            "max_payload": MAX_PAYLOAD, "max_pending": 8 * MAX_PAYLOAD, "write_deadline": "10s",
            "jetstream": {"store_dir": str(self.folder / "store"), "sync_interval": "always",
                          "max_file_store": self._store_megabytes << 20},
            "authorization": {"users": users}}
        if self._certificate:
            pem = str(self.folder / "tls.pem")
            settings["tls"] = {"cert_file": pem, "key_file": pem, "min_version": "1.3"}
        return msgspec.json.format(msgspec.json.encode(settings), indent=2).decode()


def _belong_to(parent: int) -> None:
    """In the child, before the server takes its place: end with this parent."""
    # What handles it there would handle it here, and let the server begin.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end_with_parent(signal.SIGTERM, parent)


def permitted(queue: Queue, worker: str) -> list[str]:
    """The subjects to which a worker may publish: taking tasks, holding and acknowledging them,
    reading blobs, answering and living under its own name."""
    return [f"$JS.API.CONSUMER.MSG.NEXT.{queue.tasks}.{CONSUMER}",
            f"$JS.ACK.{queue.tasks}.{CONSUMER}.>", f"$JS.API.DIRECT.GET.{queue.blobs}.>",
            queue.answer(worker, "*"), queue.alive(worker)]


def server_program() -> str:
    """The server's program: the wheel's, beside this Python, or one that is installed.
    ProofmillError where there is none."""
    found = shutil.which("nats-server", path=os.pathsep.join(
        (sysconfig.get_path("scripts"), os.path.dirname(sys.executable)))) or (
            shutil.which("nats-server"))
    if found is None:
        raise ProofmillError("workers need nats-server, which is not installed: "
                             f"{how_to_install('workers')}")
    return found


def free_port(host: str) -> int:
    """A port that nothing listens on now."""
    with socket.socket() as free:
        free.bind((host, 0))
        return int(free.getsockname()[1])


def _last_line(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
