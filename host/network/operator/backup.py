"""A copy of what a node keeps, whole at one moment each, also while it runs."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

from proofmill.host.ground.database import copy_whole
from proofmill.host.ground.errors import ProofmillError, way_out
from proofmill.host.ground.kept import sync_folder
from proofmill.host.network.operator.settings import Settings

ENDING = ".sqlite"


def back_up(
    settings: Settings, config: Path, to: Path, progress: Callable[[int, int], None] | None = None
) -> list[Path]:
    """Copy the databases of a node's folder, its settings and the chain's description into `to`, a
    new folder; the files made. `progress`: files done, and in all.

    Each database is copied in one transaction (SQLite's online backup) and checked. Keys are not
    copied: they do not change, and belong in a place of their own. ProofmillError where there is
    nothing to copy, or no room.
    """
    base = config.absolute().parent
    folder = base / settings.node.folder
    found = sorted(folder.glob(f"*{ENDING}"))
    if not found:
        raise ProofmillError(f"node.folder {folder}: there is nothing in it to copy; name the "
                             "settings of a node that has run")
    made = []
    try:
        to.mkdir(parents=True, exist_ok=True)
        if (other := next(to.iterdir(), None)) is not None:
            raise ProofmillError(f"{to}: is not empty ({other.name}); give each copy a folder of "
                                 "its own")
        os.chmod(to, 0o700)
        for done, path in enumerate(found):
            if progress is not None:
                progress(done, len(found))
            _copy(path, to / path.name)
            made.append(to / path.name)
        for path in (config, base / settings.node.chain):
            made.append(Path(shutil.copyfile(path, to / path.name)))
        sync_folder(to)
    except OSError as error:
        raise ProofmillError(f"{error.filename or to}: {error.strerror}; {way_out(error)}"
                             ) from error
    return made


def _copy(source: Path, to: Path) -> None:
    try:
        said = copy_whole(source, to)
    except sqlite3.Error as error:
        raise ProofmillError(f"{source}: cannot be copied to {to}: {error}; see whether it is "
                             "damaged (`proofmill doctor`), and make room there") from error
    if said != "ok":
        raise ProofmillError(f"{source}: is damaged ({said}); keep the copies that you have")
    with to.open("rb") as stream:
        os.fsync(stream.fileno())
