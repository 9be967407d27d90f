"""A job's inputs, from where the job says they are."""

from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit
from urllib.request import url2pathname

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.contracts.market import check_inputs

MOST_BYTES = 1 << 20
DATA, FILE = "data:", "file:"


def fetch(place: str, digest: bytes, folder: Path | None) -> bytes:
    """The bytes at `place` with this hash. Raises `ProofmillError` where they cannot be had.

    `data:` URLs as they are (RFC 2397, without base64), and files below `folder`; nothing else is
    asked for: whoever posts a job must not have this node call addresses or read files.
    """
    if place.startswith(DATA):
        header, _, content = place.removeprefix(DATA).partition(",")
        if header.endswith(";base64"):
            raise ProofmillError("inputs in base64 are not read; give them as they are")
        found = unquote_to_bytes(content)
    elif place.startswith(FILE) and folder is not None:
        try:
            path = Path(url2pathname(urlsplit(place).path)).resolve()
            if not path.is_relative_to(folder.resolve()):
                raise ProofmillError(f"the inputs are at {place}, and only files below {folder} "
                                     "are read")
            with path.open("rb") as stream:
                found = stream.read(MOST_BYTES)
        except ValueError as error:
            raise ProofmillError(f"the inputs are at {place!r}, which is no file's URL: {error}"
                                 ) from error
        except OSError as error:
            raise ProofmillError(f"the inputs at {place} cannot be read: {error.strerror}"
                                 ) from error
    else:
        raise ProofmillError(f"the inputs are at {place[:60]}, and only data: URLs are read here")
    check_inputs(found, digest)
    return found
