"""What a light node knows, as files of its folder: JSON that says what it is of."""

import json
from pathlib import Path
from typing import TypeVar

import msgspec

from proofmill.host.ground.errors import ProofmillError, way_out
from proofmill.host.ground.json_text import JsonObject, parse_json
from proofmill.host.ground.output import write_atomically
from proofmill.host.ground.typed import typed

AGAIN = "start the node again in another folder"


class Kept(msgspec.Struct, forbid_unknown_fields=True):
    """Any such file; what else is in it a class of its own says."""

    kind: str
    version: int


T = TypeVar("T", bound=Kept)


def read_kept(path: Path, shape: type[T], kind: str, version: int, made_by: str) -> T:
    """What a file keeps. Raises `ProofmillError` where there is none, which the command `made_by`
    would make, or where it is of another kind or version."""
    try:
        document = parse_json(path.read_text("utf-8"))
    except OSError as error:
        raise ProofmillError(f"{path}: cannot be read: {error.strerror}; `{made_by}` makes one; or "
                             f"{way_out(error)}") from error
    except ValueError as error:
        raise ProofmillError(f"{path}: {error}; {AGAIN}") from error
    found = typed(document, shape, str(path))
    if (found.kind, found.version) != (kind, version):
        raise ProofmillError(f"{path}: is of {found.kind!r}, version {found.version}, not of "
                             f"{kind!r}, version {version}")
    return found


def write_kept(path: Path, kind: str, version: int, document: JsonObject) -> None:
    """Write what `read_kept` reads. Raises `ProofmillError`."""
    write_atomically(path, [json.dumps({"kind": kind, "version": version, **document},
                                       indent=1).encode() + b"\n"])
