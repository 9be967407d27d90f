"""The file that lets somebody into a queue: where it is, as whom, with what password."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from proofmill.host.ground.errors import ProofmillError, not_read
from proofmill.host.ground.secret import replace_secret

if TYPE_CHECKING:
    import ssl

NAME = "^[A-Za-z0-9][A-Za-z0-9_-]{0,59}$"
"""Of workers and queues: what NATS takes as part of a subject."""
PORT = 4222
SCHEMES = ("nats", "tls")
MOST_BYTES = 1 << 20
LOOPBACK = ("127.0.0.1", "::1", "localhost")

Name = Annotated[str, Meta(pattern=NAME)]


class Access(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`certificate`: the server's own, in PEM, and no other is taken; `authority`: of those that
    sign its certificate, which then has to have the address's name. With neither, ``tls://``
    trusts the system's authorities and ``nats://`` is not encrypted.
    """

    url: str
    user: Name
    password: str
    queue: Name
    certificate: str = ""
    authority: str = ""

    def __repr__(self) -> str:
        """Without the password: it may come into a log."""
        return f"Access({self.url}, {self.user}, {self.queue})"

    @property
    def encrypted(self) -> bool:
        """Whether the connection is to be."""
        return bool(self.certificate or self.authority or self.url.startswith("tls:"))

    def context(self) -> "ssl.SSLContext | None":
        """TLS as it is to be, None for none."""
        import ssl  # here: whoever reads settings does without

        if not self.encrypted:
            return None
        try:
            context = ssl.create_default_context(cadata=self.certificate or self.authority or None)
        except ssl.SSLError as error:
            raise ProofmillError(f"{self.url}: the certificate in the access file is none in PEM "
                                 f"({error.reason}); copy the file anew from the node") from error
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        if self.certificate:
            context.check_hostname = False  # pinned by its key, not by its name
        return context


@dataclass(frozen=True)
class Place:
    """Where a server listens."""

    host: str
    port: int


def read_access(path: str | os.PathLike[str], url: str | None = None) -> Access:
    """What the file says, with another `url` in its place; ProofmillError names file and key."""
    where = os.fspath(path)
    try:
        with Path(path).open("rb") as stream:
            content = stream.read(MOST_BYTES)
    except OSError as error:
        raise not_read(where, error) from error
    try:
        access = msgspec.json.decode(content, type=Access)
    except msgspec.MsgspecError as error:
        raise ProofmillError(
            f"{where}: not an access file of a queue ({error}); a node keeps one for each of its "
            "workers in its folder, workers/NAME.json") from error
    if url is not None:
        access = msgspec.structs.replace(access, url=url)
    place_of(access.url, where if url is None else "the address")
    _check_secrecy(access)
    return access


def write_access(path: Path, access: Access) -> None:
    """Make the file, for its owner's eyes alone; one that is there is replaced."""
    replace_secret(path, msgspec.json.format(msgspec.json.encode(access), indent=2).decode() + "\n")


def place_of(url: str, where: str) -> Place:
    """Where ``nats://HOST:PORT`` is; ProofmillError, which begins with `where`, for what is no such
    address, or has a password in it."""
    try:
        parts = urlsplit(url)
        port = parts.port or PORT
    except ValueError as error:
        raise ProofmillError(f"{where}: {url!r} is no address: {error}; write nats://HOST:{PORT}"
                             ) from error
    if parts.username or parts.password:
        raise ProofmillError(f"{where}: user and password do not belong into an address, which "
                             "everybody on this machine can see; put them into the access file")
    if parts.scheme not in SCHEMES or not parts.hostname or parts.path.strip("/"):
        raise ProofmillError(f"{where}: {url!r} is no address; write nats://HOST:{PORT}, or "
                             f"tls://HOST:{PORT}")
    return Place(parts.hostname, port)


def _check_secrecy(access: Access) -> None:
    place = place_of(access.url, "the address")
    if not access.encrypted and place.host not in LOOPBACK:
        raise ProofmillError(
            f"{access.url}: would send the password unencrypted to {place.host}; use the access "
            "file of a node that listens beyond loopback (it has a certificate), or tls://, or a "
            "tunnel to 127.0.0.1")
