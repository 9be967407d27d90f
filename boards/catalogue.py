"""The boards by the names users give them; one file each."""

from importlib import import_module

from proofmill.boards.board import Board

BOARDS = ("ulx3s-85f", "ecpix5-85f", "icesugar-pro", "tang-primer-25k", "icebreaker")


def board(name: str) -> Board:
    """The board called `name`; raises KeyError for a name that is none."""
    if name not in BOARDS:
        raise KeyError(name)
    return import_module(f"proofmill.boards.{name.replace('-', '_')}").BOARD
