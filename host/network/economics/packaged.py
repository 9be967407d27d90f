"""TOML files that come with the package, which users call by their names."""

from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.nearest import did_you_mean
from proofmill.host.ground.toml_text import TomlText, parse_toml, read_toml


def texts(package: str, folder: str) -> dict[str, str]:
    """Name and text of every such file in a folder of `package`."""
    place = resources.files(package) / folder
    return {entry.name.removesuffix(".toml"): entry.read_text("utf-8")
            for entry in sorted(place.iterdir(), key=lambda e: e.name)
            if entry.name.endswith(".toml")}


def document_of(name_or_path: str, what: str, known: Mapping[str, str], folder: Path | None = None
                ) -> TomlText:
    """The document of one of `known`, or of a file (from `folder` on).

    `what`: "study", say. ProofmillError where there is none.
    """
    if name_or_path in known:
        return parse_toml(known[name_or_path], f"{what} {name_or_path}")
    path = (folder or Path()) / name_or_path
    if not path.is_file():
        raise ProofmillError(f"{path}: no such file, nor a {what} of that name"
                             f"{did_you_mean(name_or_path, list(known))}; there are "
                             f"{', '.join(known)}")
    return read_toml(path, f"a {what}")
