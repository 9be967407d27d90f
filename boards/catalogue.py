"""The boards by the names users give them: modules here, installed packages' own, and files.

A module of this package that sets ``BOARD`` is a board, and its file's name is the board's, with
``_`` for ``-``. Another package names its boards in the entry points `GROUP`, and any file that
sets ``BOARD`` can be named by its path.
"""

import ast
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from proofmill import boards
from proofmill.boards.board import Board
from proofmill.host.ground.python_file import load_python, place_in

GROUP = "proofmill.boards"
"""The group of entry points: ``my-board = "my_package.my_board:BOARD"``."""


class BoardError(Exception):
    """What names a board does not lead to one; the message says why."""


def here() -> dict[str, str]:
    """Name to module of the boards in this package; none of them is imported."""
    return {path.stem.replace("_", "-"): f"proofmill.boards.{path.stem}"
            for folder in boards.__path__ for path in sorted(Path(folder).glob("*.py"))
            if _sets_board(path.read_text(encoding="utf-8"))}


def _sets_board(text: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == "BOARD"
               for statement in ast.parse(text).body if isinstance(statement, ast.Assign)
               for target in statement.targets)


def elsewhere() -> dict[str, EntryPoint]:
    """Boards of installed packages, by name."""
    return {point.name: point for point in entry_points(group=GROUP)}


def names() -> list[str]:
    """The boards that can be named without a path."""
    return sorted(here().keys() | elsewhere().keys())


def board(name: str) -> Board:
    """The board called `name`, or in the file of that path if it ends in ``.py``.

    Raises KeyError for a name that is none, and `BoardError` for what holds no board.
    """
    if name.endswith(".py"):
        return _board_in(Path(name))
    modules, points = here(), elsewhere()
    if name in modules:
        return _checked(import_module(modules[name]).BOARD, modules[name])
    point = points[name]
    where = f"{point.value}, the entry point {name} of {GROUP}"
    try:
        found = point.load()
    except ModuleNotFoundError:
        raise
    except Exception as error:
        raise BoardError(f"{where}: {type(error).__name__}: {error}") from error
    return _checked(found, where)


def _board_in(path: Path) -> Board:
    if not path.is_file():
        raise BoardError(f"{path}: there is no such file")
    try:
        module = load_python(path, f"proofmill_board_{path.stem}")
    except ModuleNotFoundError:
        raise
    except Exception as error:
        raise BoardError(
            f"{path}{place_in(error, path)}: {type(error).__name__}: {error}") from error
    if not hasattr(module, "BOARD"):
        raise BoardError(f"{path}: it sets no BOARD; a board's file ends in BOARD = Board(...), as "
                         "docs/boards.md shows")
    return _checked(module.BOARD, str(path))


def _checked(found: Any, where: str) -> Board:
    if not isinstance(found, Board):
        raise BoardError(f"{where}: BOARD is {found!r}, which is no proofmill.boards.board.Board")
    return found
