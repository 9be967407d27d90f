"""``proofmill serve``: one key, held in memory, for proofs as they are asked for."""

import argparse
import errno
import json
import os
import selectors
import socket
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from proofmill.host.cli.arguments import input_file, whole
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject, parse_json
from proofmill.host.ground.output import write_atomically
from proofmill.host.prover.native.library import Library, library
from proofmill.host.prover.native.prove import HeldKey, Proof, proof_json, prove_again, public_json

STANDARD = "-"
"""The name of stdin and stdout, where a socket's could be."""

MOST_BYTES = 1 << 16
"""A request's greatest length; paths are no longer than 4,096."""

MOST_CLIENTS = 64
"""Connections at once; others wait in the system's queue."""

SEND_SECONDS = 5.0
"""How long a client may take to read an answer; then it is left."""

FIELDS = ("witness", "proof", "public")


def register(commands: Commands) -> None:
    """Add the command."""
    serve = commands.add_parser(
        "serve", help="hold a key in memory and prove what is asked for",
        description="Hold a key in memory, its points as this processor takes them, and prove what "
                    "requests name: a JSON object a line, on a Unix socket or stdin. The second "
                    "proof of a key then costs neither a start nor reading the key.",
        epilog="example: echo '{\"witness\": \"w.wtns\", \"proof\": \"proof.json\", "
               "\"public\": \"public.json\"}' | proofmill serve circuit.zkey -")
    serve.add_argument("zkey", metavar="CIRCUIT.zkey", type=input_file(), help="the proving key")
    serve.add_argument("place", metavar="SOCKET",
                       help="where requests come from: a Unix socket to be made, for this user "
                            "alone, or - for stdin, with answers on stdout")
    serve.add_argument("--threads", type=whole(1), metavar="N",
                       help="threads of a proof (default: one a core)")
    serve.add_argument("--memory", type=whole(0), default=0, metavar="MB",
                       help="keep as many multiples of the key's points as fit in MB of memory "
                            "with it: a proof takes a fifth less, but reading the key as long as "
                            "many proofs (default: 0, none)")
    serve.set_defaults(run=run_serve, logs_later=True)


class Service:
    """Answers requests, a JSON object a line::

        {"witness": "w.wtns", "proof": "proof.json", "public": "public.json"}

    Paths are those of this process. Where "proof" or "public" is left out, the answer holds what
    would be in the file. The answer is a line too: seconds and cpu_seconds, or error and nothing
    else. A proof that does not verify is made again with the scalar class before it is an error.
    """

    def __init__(self, key: HeldKey, zkey: str, code: Library, threads: int | None) -> None:
        self._key, self._zkey, self._code, self._threads = key, zkey, code, threads
        self.made, self.refused, self.wrong = 0, 0, 0
        """Proofs, requests that were none or could not be met, and proofs made a second time."""

    def answer(self, line: bytes) -> bytes:
        """The answer to a request, ended by a newline."""
        try:
            reply = self._answer(line)
        except ProofmillError as error:
            self.refused += 1
            reply = {"error": str(error)}
        return json.dumps(reply).encode() + b"\n"

    def _answer(self, line: bytes) -> JsonObject:
        request = _request(line)
        start, before = time.perf_counter(), time.process_time()
        proof = self._prove(request["witness"])
        reply: JsonObject = {"seconds": time.perf_counter() - start,
                             "cpu_seconds": time.process_time() - before}
        for name, text in (("proof", proof_json(proof)), ("public", public_json(proof.public))):
            if name in request:
                write_atomically(request[name], [text.encode()], to_disk=False)
            else:
                reply[name] = json.loads(text)
        self.made += 1
        return reply

    def _prove(self, witness: str) -> Proof:
        proof, again = prove_again(self._zkey, witness, self._threads, None, self._code,
                                   lambda: self._key.prove(witness, self._threads))
        if again:
            self.wrong += 1
            print(f"proofmill: warning: {again}", file=sys.stderr, flush=True)
        return proof


def _request(line: bytes) -> dict[str, str]:
    """The fields of a request. Raises `ProofmillError`."""
    try:
        request = parse_json(line.decode())
    except ValueError as error:
        raise ProofmillError(f"the request is not JSON: {error}; send a line such as "
                             '{"witness": "w.wtns"}') from None
    if not isinstance(request, dict) or "witness" not in request:
        raise ProofmillError('the request names no "witness"; send a line such as '
                             '{"witness": "w.wtns"}')
    for name, value in request.items():
        if name not in FIELDS:
            raise ProofmillError(f"a request has no field {name!r}, only {', '.join(FIELDS)}")
        if not isinstance(value, str) or not value or "\0" in value:
            raise ProofmillError(f"{name!r} should be a path, not {value!r}; send a text")
    places = [os.path.realpath(value) for value in request.values()]
    if len(set(places)) < len(places):
        raise ProofmillError("two fields of the request are one file; name different ones")
    return request


def run_serve(options: argparse.Namespace) -> int:
    """Hold the key; answer until stdin ends, or a signal comes."""
    screen = Screen(machine=options.place == STANDARD)
    with screen.bar("preparing") as bar:
        code = library(bar.step)
    start = time.perf_counter()
    with screen.bar("reading the key") as bar:
        key = HeldKey(options.zkey, options.threads, bar, code, options.memory * 1_000_000)
    with key:
        service = Service(key, options.zkey, code, options.threads)
        seconds = time.perf_counter() - start
        held = f"{options.zkey} is held in {key.size / 1e6:,.1f} MB, read in {seconds:.2f} s"
        if options.place == STANDARD:
            screen.line(f"{held}; a request a line on stdin")
            _serve_lines(service, sys.stdin.buffer, sys.stdout.buffer)
        else:
            with _listening(options.place) as listener:
                screen.line(f"{held}; a request a line on {options.place}")
                try:
                    _serve_clients(service, listener)
                finally:
                    screen.line(f"{service.made} proofs, {service.refused} requests refused, "
                                f"{service.wrong} proofs made a second time")
    return 0


def _serve_lines(service: Service, source: BinaryIO, to: BinaryIO) -> None:
    while line := source.readline(MOST_BYTES):
        if not line.endswith(b"\n") and len(line) == MOST_BYTES:
            to.write(_too_long())
            to.flush()
            return
        to.write(service.answer(line))
        to.flush()


def _too_long() -> bytes:
    return json.dumps({"error": f"the request is longer than {MOST_BYTES} bytes; send a line with "
                                "paths"}).encode() + b"\n"


@contextmanager
def _listening(path: str) -> Iterator[socket.socket]:
    """A socket at `path` for this user alone, gone afterwards."""
    _remove_abandoned(path)
    listener = socket.socket(socket.AF_UNIX)
    mask = os.umask(0o177)
    try:
        listener.bind(path)
    except OSError as error:
        listener.close()
        raise ProofmillError(f"SOCKET {path}: {error.strerror or error}; name a socket in a "
                             "folder that may be written to") from error
    finally:
        os.umask(mask)
    try:
        listener.listen()
        yield listener
    finally:
        listener.close()
        with suppress(OSError):
            os.unlink(path)


def _remove_abandoned(path: str) -> None:
    """Remove a socket that nobody listens on; raise where there is anything else."""
    try:
        kind = os.stat(path).st_mode
    except OSError:
        return
    if not stat.S_ISSOCK(kind):
        raise ProofmillError(f"SOCKET {path}: there is a file of that name; name another")
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except OSError as error:
            if error.errno == errno.ECONNREFUSED:
                os.unlink(path)
            return
    raise ProofmillError(f"SOCKET {path}: another program listens there; end it, or name another "
                         "socket")


def _serve_clients(service: Service, listener: socket.socket) -> None:
    """One proof at a time, in the order of requests; no client can hold up the others for long."""
    waiting: dict[socket.socket, bytearray] = {}
    listener.setblocking(False)
    with selectors.DefaultSelector() as chosen:
        chosen.register(listener, selectors.EVENT_READ)
        try:
            while True:
                for each, _ in chosen.select():
                    client = each.fileobj
                    assert isinstance(client, socket.socket)
                    if client is not listener:
                        if not _serve_client(service, client, waiting[client]):
                            chosen.unregister(client)
                            del waiting[client]
                            client.close()
                            if len(waiting) == MOST_CLIENTS - 1:
                                chosen.register(listener, selectors.EVENT_READ)
                        continue
                    with suppress(BlockingIOError, ConnectionError):
                        new, _ = listener.accept()
                        new.settimeout(SEND_SECONDS)
                        waiting[new] = bytearray()
                        chosen.register(new, selectors.EVENT_READ)
                        if len(waiting) == MOST_CLIENTS:
                            chosen.unregister(listener)
        finally:
            for client in waiting:
                client.close()


def _serve_client(service: Service, client: socket.socket, have: bytearray) -> bool:
    """Read what is there and answer whole lines; False where the client has gone."""
    try:
        piece = client.recv(MOST_BYTES)
        have += piece
        while (end := have.find(b"\n")) >= 0 and end < MOST_BYTES:
            line = bytes(have[:end + 1])
            del have[:end + 1]
            client.sendall(service.answer(line))
        if len(have) >= MOST_BYTES:
            client.sendall(_too_long())
            return False
        return bool(piece)
    except OSError:
        return False
