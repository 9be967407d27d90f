"""Where certificates come from: folders and web servers, none of which is trusted.

A peer has a file for each epoch that it has a certificate for, ``<epoch>.certificate``, the bytes
of `certificate.Certificate`, or of `post_quantum.HashCertificate`. Any server of static files will
do, and so does the folder of a light node.
"""

from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from proofmill.host.ground.errors import ProofmillError, way_out

SUFFIX = ".certificate"
TIMEOUT_SECONDS = 10.0
MISSING = 404


def ask(peer: str, epoch: int, most: int) -> bytes | None:
    """What a peer has for an epoch, one byte more than `most` at most; None for nothing.

    Raises `ProofmillError` where the peer does not answer.
    """
    return ask_file(peer, f"{epoch}{SUFFIX}", most)


def ask_file(peer: str, name: str, most: int) -> bytes | None:
    """A peer's file, `most` bytes and one at most; None where it has none.

    Raises `ProofmillError` where the peer does not answer.
    """
    if peer.startswith(("http://", "https://")):
        return _ask_server(f"{peer.rstrip('/')}/{name}", most + 1)
    folder = Path(peer)
    if not folder.is_dir():
        raise ProofmillError(f"peer {peer}: no such folder, and no address such as "
                             "http://127.0.0.1:8000")
    try:
        with (folder / name).open("rb") as stream:
            return stream.read(most + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ProofmillError(f"peer {peer}: {name} cannot be read: {error.strerror}; "
                             f"{way_out(error)}") from error


def _ask_server(address: str, most: int) -> bytes | None:
    try:
        with urlopen(address, timeout=TIMEOUT_SECONDS) as answer:
            found: bytes = answer.read(most)
            return found
    except HTTPError as error:
        if error.code == MISSING:
            return None
        raise ProofmillError(f"peer {address}: answers with status {error.code}; ask another"
                             ) from error
    except (URLError, OSError, HTTPException, ValueError) as error:
        raise ProofmillError(f"peer {address}: does not answer: {error}; see whether it runs"
                             ) from error
