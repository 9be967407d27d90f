"""TOML that users write."""

import re
import tomllib
from pathlib import Path
from typing import Any

from proofmill.host.ground.errors import ProofmillError


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """The document in a file; ProofmillError names the file. `what` it is, in words: "a study"."""
    try:
        return parse_toml(path.read_text("utf-8"), str(path))
    except OSError as error:
        raise ProofmillError(f"{path}: {error.strerror}; name {what}") from error
    except UnicodeDecodeError as error:
        raise ProofmillError(f"{path}: not UTF-8 text; {what} is a TOML file") from error


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """The document that `text` says; `where` names it in errors."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProofmillError(f"{where}: not TOML: {error}") from error


def line_of(text: str, key: str) -> int | None:
    """The line, from 1 on, in which `text` (valid TOML) sets a key such as ``metrics.port`` or
    ``peers[1].address``, or begins that table; None where it does not."""
    wanted = _parts(key)
    table: tuple[str | int, ...] = ()
    counts: dict[str, int] = {}
    best: tuple[int, int] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if found := re.match(r"\s*\[\[\s*([\w.-]+)\s*\]\]", line):
            counts[found[1]] = counts.get(found[1], -1) + 1
            table = (*found[1].split("."), counts[found[1]])
            here = table
        elif found := re.match(r"\s*\[\s*([\w.-]+)\s*\]", line):
            here = table = tuple(found[1].split("."))
        elif found := re.match(r"""\s*["']?([\w-]+)["']?\s*=""", line):
            here = (*table, found[1])
        else:
            continue
        # The key itself, or the longest part of it that there is.
        if here == wanted[:len(here)] and (best is None or len(here) > best[0]):
            best = len(here), number
    return None if best is None else best[1]


def _parts(key: str) -> tuple[str | int, ...]:
    return tuple(int(index) if index else name
                 for name, index in re.findall(r"([\w-]+)|\[(\d+)\]", key))
