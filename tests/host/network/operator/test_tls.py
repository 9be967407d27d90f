"""Listeners beyond loopback: who shows a certificate that is listed gets in, nobody else."""

import json
import socket
import ssl
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.node.identity import new_identity
from proofmill.host.network.operator.bounded import Bounds, Listeners
from proofmill.host.network.operator.chain_view import ChainView
from proofmill.host.network.operator.interfaces import interfaces
from proofmill.host.network.operator.prepared import Prepared, prepared
from proofmill.host.network.operator.settings import Settings, read_settings
from proofmill.host.network.operator.tls import read_tls
from tests.host.network.operator.service import folders
from tests.host.network.operator.watched import snapshot


def certificate(name: str, issuer: tuple[str, ec.EllipticCurvePrivateKey] | None = None
                ) -> tuple[str, str, ec.EllipticCurvePrivateKey]:
    """A certificate and its key in PEM, and the key; its own, or signed by an issuer."""
    key = ec.generate_private_key(ec.SECP256R1())
    by, signs = issuer or (name, key)

    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    now = datetime.now(UTC)
    made = (x509.CertificateBuilder().subject_name(named(name)).issuer_name(named(by))
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), True)
            .sign(signs, hashes.SHA256()))
    return (made.public_bytes(serialization.Encoding.PEM).decode(),
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                              serialization.NoEncryption()).decode(), key)


class Client:
    """Asks over TLS, trusting the node's certificate alone. `shows`: its own, and its key."""

    def __init__(self, folder: Path, trusts: Path, shows: str) -> None:
        self._context = ssl.create_default_context(cafile=trusts)
        self._context.check_hostname = False
        if shows:
            file = folder / "shown.pem"
            file.write_text(shows)
            self._context.load_cert_chain(file)

    def ask(self, port: int, request: bytes) -> bytes:
        """What comes until the end; nothing from who refuses."""
        got = b""
        try:
            with socket.create_connection(("127.0.0.1", port), 20) as line, \
                    self._context.wrap_socket(line) as secret:
                secret.sendall(request)
                while piece := secret.recv(1 << 16):
                    got += piece
        except (ssl.SSLError, ConnectionError):
            pass
        return got


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folders(tmp_path_factory.mktemp("mill"))[0]


def everywhere(home: Path) -> Settings:
    """Settings whose listeners others may reach."""
    settings = read_settings(home / "node.toml", {})
    change = msgspec.structs.replace
    return change(settings, **{name: change(getattr(settings, name), host="0.0.0.0", port=0)
                               for name in ("metrics", "miner", "api")},
                  tls=change(settings.tls, client_certificates="clients.pem"))


def listeners(made: Prepared, bounds: Bounds | None = None) -> Listeners:
    return Listeners(interfaces(made, snapshot, ChainView), bounds)


METRICS = b"GET /metrics HTTP/1.1\r\n\r\n"
STATS = b'{"command": "stats"}'


def test_a_certificate_is_asked_for(home: Path, tmp_path: Path) -> None:
    """One that is listed, and one whose signer is; a stranger's, none and plain text are refused,
    by each listener."""
    listed, authority, stranger = new_identity(), certificate("authority"), new_identity()
    signed = certificate("client", ("authority", authority[2]))
    (home / "clients.pem").write_text(listed.certificate + authority[0])
    made = prepared(everywhere(home), home, "1.2.3")
    with listeners(made) as listening:
        ports = listening.ports
        for shows in (listed.certificate + listed.key, signed[0] + signed[1]):
            client = Client(tmp_path, home / "certificate.pem", shows)
            for name in ("metrics", "api"):
                answer = client.ask(ports[name], METRICS)
                assert answer.startswith(b"HTTP/1.1 200") and b"proofs_accepted" in answer
            stats = json.loads(client.ask(ports["miner"], STATS)[:-1])["STATS"]
            assert stats[0]["proofs_accepted"] == 5
        for shows in ("", stranger.certificate + stranger.key):
            client = Client(tmp_path, home / "certificate.pem", shows)
            assert [client.ask(port, METRICS) for port in ports.values()] == [b"", b"", b""]
        for port in ports.values():
            with socket.create_connection(("127.0.0.1", port), 20) as line:
                line.sendall(METRICS)
                with pytest.raises(ConnectionResetError):
                    while line.recv(1 << 16):
                        pass
                    raise ConnectionResetError  # or the end, after what TLS says of it
    # The node is who its certificate says: a client that expects another leaves.
    other = tmp_path / "other.pem"
    other.write_text(stranger.certificate)
    with listeners(made) as listening:
        client = Client(tmp_path, other, listed.certificate + listed.key)
        assert client.ask(listening.ports["metrics"], METRICS) == b""


def test_who_dallies_before_the_certificate_is_left(home: Path) -> None:
    """And counted meanwhile: others cannot be kept out for longer than a request may take."""
    (home / "clients.pem").write_text(new_identity().certificate)
    made = prepared(everywhere(home), home, "1.2.3")
    with listeners(made, Bounds(connections=1, request_seconds=0.3)) as listening, \
            socket.create_connection(("127.0.0.1", listening.ports["metrics"]), 20) as line:
        time.sleep(0.1)
        with socket.create_connection(("127.0.0.1", listening.ports["metrics"]), 20) as second, \
                pytest.raises(ConnectionResetError):
            second.recv(1)
            raise ConnectionResetError
        begun = time.monotonic()
        try:
            assert line.recv(1) == b""
        except ConnectionResetError:
            pass
        assert time.monotonic() - begun < 10


def test_another_certificate_than_the_nodes(home: Path, tmp_path: Path) -> None:
    """For clients that ask for a name in it."""
    listed, shown = new_identity(), certificate("mill.example")
    (home / "clients.pem").write_text(listed.certificate)
    (home / "server.pem").write_text(shown[1] + shown[0])
    (tmp_path / "server.pem").write_text(shown[0])
    settings = everywhere(home)
    settings = msgspec.structs.replace(settings, tls=msgspec.structs.replace(
        settings.tls, certificate="server.pem"))
    with listeners(prepared(settings, home, "1.2.3")) as listening:
        client = Client(tmp_path, tmp_path / "server.pem", listed.certificate + listed.key)
        assert client.ask(listening.ports["api"], METRICS).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(("clients", "own", "said"), [
    (None, "", "tls.client_certificates .*cannot be read: No such file"),
    ("nothing", "", "tls.client_certificates .*no certificates in PEM"),
    ("good", "certificate.pem", "tls.certificate .*no private key with its certificate"),
    ("good", "nowhere.pem", "tls.certificate .*nowhere.pem: cannot be read")])
def test_a_file_that_does_not_fit_is_named(
    home: Path, clients: str | None, own: str, said: str
) -> None:
    (home / "clients.pem").unlink(missing_ok=True)
    if clients is not None:
        (home / "clients.pem").write_text(
            new_identity().certificate if clients == "good" else clients)
    settings = everywhere(home)
    with pytest.raises(ProofmillError, match=said):
        read_tls(msgspec.structs.replace(settings, tls=msgspec.structs.replace(
            settings.tls, certificate=own)), home)
