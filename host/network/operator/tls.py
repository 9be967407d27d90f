"""TLS for listeners that others reach: both sides show a certificate, and only those that the
settings name get in (TLS 1.3, RFC 8446, section 4.3.2)."""

import ssl
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from proofmill.host.ground.errors import ProofmillError, not_read
from proofmill.host.network.operator.settings import Settings

MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class Tls:
    """What a listener speaks. `content`: the hash of the files it was made from, by which two are
    compared."""

    content: str
    context: ssl.SSLContext = field(compare=False, repr=False)


def read_tls(settings: Settings, base: Path) -> Tls | None:
    """As the settings say, None where they name no clients; `base`: what their paths are relative
    to. ProofmillError names the key and the file that does not fit."""
    table = settings.tls
    if not table.client_certificates:
        return None
    key, own = ("tls.certificate", base / table.certificate) if table.certificate else (
        "network.identity", base / settings.network.identity)
    clients = base / table.client_certificates
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    # A client's own certificate is as good as that of who has signed it.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    contents = [_content(own, key), _content(clients, "tls.client_certificates")]
    try:
        context.load_cert_chain(own, password="")
    except (OSError, ValueError) as error:
        raise ProofmillError(f"{key} {own}: no private key with its certificate in PEM: {error}; "
                             "put both into one file, without a password") from error
    try:
        context.load_verify_locations(cadata=contents[1].decode("ascii", "replace"))
    except (OSError, ValueError) as error:
        raise ProofmillError(f"tls.client_certificates {clients}: no certificates in PEM: {error}; "
                             "put one after the other into the file") from error
    return Tls(sha256(b"".join(sha256(each).digest() for each in contents)).hexdigest(), context)


def _content(path: Path, named: str) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(MOST_BYTES)
    except OSError as error:
        raise not_read(f"{named} {path}", error) from error
