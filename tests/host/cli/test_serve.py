"""A key that is held for many proofs: requests, what is wrong with them, and the end."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from proofmill.host.cli.main import main
from proofmill.host.cli.serve import MOST_BYTES, Service
from proofmill.host.prover.native.faults import InvalidProof
from proofmill.host.prover.native.library import Library, library
from proofmill.host.prover.native.prove import HeldKey
from tests.host.prover.groth16.files import VECTORS

FILES = VECTORS / "chain4"
ZKEY, WITNESS = FILES / "circuit.zkey", FILES / "witness.wtns"
COMMAND = [sys.executable, "-m", "proofmill.host.cli.main", "serve", str(ZKEY)]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sockets in a folder")


def line(**fields: object) -> bytes:
    return json.dumps({name: str(value) for name, value in fields.items()}).encode() + b"\n"


def verified(proof: Path, public: Path) -> bool:
    return main(["verify", str(FILES / "verification_key.json"), str(public), str(proof)]) == 0


def test_lines_on_stdin_are_answered_one_by_one(tmp_path: Path) -> None:
    library()
    proof, public = tmp_path / "proof.json", tmp_path / "public.json"
    requests = line(witness=WITNESS, proof=proof, public=public) + line(witness=WITNESS)
    done = subprocess.run([*COMMAND, "-"], input=requests, capture_output=True, check=True)
    first, second = map(json.loads, done.stdout.splitlines())
    assert first.keys() == {"seconds", "cpu_seconds"} and verified(proof, public)
    assert second["public"] == json.loads((FILES / "public.json").read_text())
    proof.write_text(json.dumps(second["proof"]))
    assert verified(proof, public) and b"is held in 0." in done.stderr


class Client:
    """A connection that speaks lines."""

    def __init__(self, place: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(str(place))
        self.lines = self.socket.makefile("rb")

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *error: object) -> None:
        self.lines.close()
        self.socket.close()

    def ask(self, request: bytes) -> dict[str, object]:
        self.socket.sendall(request)
        return dict(json.loads(self.lines.readline()))


@pytest.fixture
def service(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    library()
    place = tmp_path / "socket"
    process = subprocess.Popen([*COMMAND, str(place)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None and b"is held" in process.stdout.readline()
        yield process, place
    finally:
        process.kill()
        process.wait()
        process.stdout.close()  # type: ignore[union-attr]


def test_a_socket_has_several_clients_and_outlives_their_mistakes(
        service: tuple[subprocess.Popen[bytes], Path], tmp_path: Path) -> None:
    process, place = service
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    with Client(place) as idle, Client(place) as client, Client(place) as rude:
        speak(idle, client, rude, tmp_path)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 143 and not place.exists()
    assert process.stdout is not None
    assert b"3 proofs, 10 requests refused, 0 proofs made a second" in process.stdout.read()


def speak(idle: Client, client: Client, rude: Client, tmp_path: Path) -> None:
    idle.socket.sendall(b'{"wit')  # and nothing more: it holds up nobody
    rude.socket.sendall(b"x" * MOST_BYTES)
    assert "longer than" in str(json.loads(rude.lines.readline())["error"])
    assert rude.lines.readline() == b""  # it is left
    damaged = tmp_path / "damaged.wtns"
    content = bytearray(WITNESS.read_bytes())
    content[-32] ^= 1
    damaged.write_bytes(content)
    for request, said in [
            (b"[]\n", 'names no "witness"'), (b"\xff\n", "is not JSON"), (b"{\n", "is not JSON"),
            (line(witness=WITNESS, key="k"), "no field 'key'"),
            (b'{"witness": 1}\n', "should be a path, not 1"),
            (line(witness=tmp_path / "none"), "cannot be read"),
            (line(witness=ZKEY), "not a .wtns file"),
            (line(witness=damaged), "the proof does not verify"),
            (line(witness=WITNESS, proof=WITNESS), "are one file"),
            (line(witness=WITNESS, proof=tmp_path / "no" / "p.json"), "cannot be written")]:
        assert said in str(client.ask(request)["error"])
    both = line(witness=WITNESS)
    client.socket.sendall(both[:9])
    time.sleep(0.05)
    assert "proof" in client.ask(both[9:] + both) and b"proof" in client.lines.readline()
    assert "proof" in idle.ask(b'ness": "' + str(WITNESS).encode() + b'"}\n')


def test_a_signal_ends_it_within_a_proof(service: tuple[subprocess.Popen[bytes], Path]) -> None:
    process, place = service
    with Client(place) as client:
        client.socket.sendall(line(witness=WITNESS) * 200)
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130 and not place.exists()


def test_the_place_must_be_free(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taken = tmp_path / "file"
    taken.write_text("kept")
    assert main(["serve", str(ZKEY), str(taken)]) == 2
    assert "there is a file of that name" in capsys.readouterr().err
    assert taken.read_text() == "kept"
    place = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(place))
        other.listen()
        assert main(["serve", str(ZKEY), str(place)]) == 2
        assert "another program listens there" in capsys.readouterr().err
    process = subprocess.Popen([*COMMAND, str(place)], stdout=subprocess.PIPE)
    with process:  # whoever listened has gone
        assert process.stdout is not None and b"is held" in process.stdout.readline()
        with Client(place) as client:
            assert "proof" in client.ask(line(witness=WITNESS))
        process.terminate()


def test_a_proof_that_does_not_verify_is_made_again(capsys: pytest.CaptureFixture[str],
                                                    tmp_path: Path) -> None:
    """As where a vector class computes wrongly: counted, and told of."""
    class Broken(HeldKey):
        def prove(self, *given: object, **more: object) -> None:  # type: ignore[override]
            raise InvalidProof("the proof does not verify")

    code = library()
    with Broken(ZKEY) as key:
        service = Service(key, str(ZKEY), code, None)
        request = line(witness=WITNESS, proof=tmp_path / "p.json", public=tmp_path / "q.json")
        answer = json.loads(service.answer(request))
        if code.vector:
            assert "error" not in answer and (service.made, service.wrong) == (1, 1)
            assert verified(tmp_path / "p.json", tmp_path / "q.json")
            assert "did not verify and was made again without them" in capsys.readouterr().err
        scalar = Service(key, str(ZKEY), Library(code.path, "scalar"), None)
        assert "does not verify" in json.loads(scalar.answer(request))["error"]
        assert (scalar.made, scalar.wrong, scalar.refused) == (0, 0, 1)
