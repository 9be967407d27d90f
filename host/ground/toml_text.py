"""TOML that users write."""

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
