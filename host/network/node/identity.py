"""Who a node is to its peers: an Ed25519 key with a certificate of its own making, pinned by all.

There is no authority: a node's configuration lists the certificates of its peers, and TLS 1.3 lets
in nobody else. What is pinned is the public key, by its SHA-256.
"""

import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from proofmill.host.ground.errors import StorageError

LIFETIME = timedelta(days=3650)


@dataclass(frozen=True)
class Identity:
    """A node's certificate and key in PEM, for itself alone."""

    certificate: str
    key: str

    @property
    def name(self) -> str:
        """What peers know it by (see `peer_name`)."""
        return peer_name(ssl.PEM_cert_to_DER_cert(self.certificate))


def new_identity() -> Identity:
    """A new key and its certificate."""
    key = Ed25519PrivateKey.generate()
    # OpenSSL looks a certificate up by its name, so every one has its own.
    raw = key.public_key().public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw
    )
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, sha256(raw).hexdigest())])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # Clocks of two machines differ.
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LIFETIME)
        .sign(key, None)
    )
    return Identity(
        certificate.public_bytes(serialization.Encoding.PEM).decode(),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
    )


def peer_name(certificate: bytes) -> str:
    """The SHA-256 of the certificate's public key, in hexadecimal; `certificate` in DER."""
    key = x509.load_der_x509_certificate(certificate).public_key()
    return sha256(
        key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    ).hexdigest()


def called(peers: Mapping[str, str]) -> dict[str, str]:
    """What to call each peer, by its `peer_name`; `peers`: certificates in PEM, by what to call
    them."""
    return {peer_name(ssl.PEM_cert_to_DER_cert(certificate)): name
            for name, certificate in peers.items()}


def contexts(
    identity: Identity, peers: Iterable[str], folder: Path
) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """TLS for what comes in and for what goes out: both sides show a pinned certificate.

    `peers`: their certificates in PEM. `folder`: the node's own; the key is kept there, readable by
    its owner only, since OpenSSL takes keys from files alone. StorageError where it cannot be kept.
    """
    file = folder / "identity.pem"
    try:
        file.touch(mode=0o600)
        file.write_text(identity.key + identity.certificate)
    except OSError as error:
        raise StorageError(f"{file}: cannot be written: {error.strerror}; make room there and "
                           "start again") from error
    trusted = "".join(peers)
    made = []
    for purpose in (ssl.PROTOCOL_TLS_SERVER, ssl.PROTOCOL_TLS_CLIENT):
        context = ssl.SSLContext(purpose)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.check_hostname = False  # pinned by key, not by name
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_cert_chain(file)
        if trusted:
            context.load_verify_locations(cadata=trusted)
        made.append(context)
    return made[0], made[1]
