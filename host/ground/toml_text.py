"""TOML that users write, and the lines in which its keys stand."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proofmill.host.ground.errors import ProofmillError

_KEY = r"""(?:[\w-]+|"[^"]*"|'[^']*')"""
_DOTTED = rf"({_KEY}(?:\s*\.\s*{_KEY})*)"
_TABLE = re.compile(rf"\s*(\[?)\[\s*{_DOTTED}\s*\]")
_SETS = re.compile(rf"\s*{_DOTTED}\s*=")
_STRINGS = re.compile(r"""\"(?:\\.|[^"\\])*"|'[^']*'|#.*""")
_TRIPLE = re.compile(r"\"{3}|'{3}")

Step = str | int
"""Of the way to a key: a table's or a key's name, or the place in a list."""


@dataclass(frozen=True)
class TomlText:
    """A document and the text that says it; `where` names it in errors."""

    text: str
    where: str
    document: dict[str, Any]

    def place(self, key: str | Sequence[Step]) -> str:
        """What an error about a key names: ``where, line N``; without a line where the text does
        not have it. `key`: as `line_of` takes it."""
        line = line_of(self.text, key)
        return self.where if line is None else f"{self.where}, line {line}"


def read_toml(path: Path, what: str) -> TomlText:
    """The document in a file; ProofmillError names the file. `what` it is, in words: "a study"."""
    try:
        return parse_toml(path.read_text("utf-8"), str(path))
    except OSError as error:
        raise ProofmillError(f"{path}: {error.strerror}; name {what}") from error
    except UnicodeDecodeError as error:
        raise ProofmillError(f"{path}: not UTF-8 text; {what} is a TOML file") from error


def parse_toml(text: str, where: str) -> TomlText:
    """The document that `text` says; `where` names it in errors."""
    try:
        return TomlText(text, where, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ProofmillError(f"{where}: not TOML: {error}") from error


def line_of(text: str, key: str | Sequence[Step]) -> int | None:
    """The line, from 1 on, in which `text` (valid TOML) sets a key such as ``metrics.port`` or
    ``peers[1].address``, or begins that table; of the nearest table or list around it where the key
    has no line of its own. None where there is none of these.

    `key`: also as its steps, for names that have dots in them.
    """
    wanted = _parts(key) if isinstance(key, str) else tuple(key)
    table: tuple[Step, ...] = ()
    last: dict[tuple[Step, ...], int] = {}
    best: tuple[int, int] | None = None
    depth, quotes = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        if quotes or depth:  # within a value of several lines
            depth, quotes = _left_open(line, depth, quotes)
            continue
        if found := _TABLE.match(line):
            table = _within(_names(found[2]), last)
            if found[1]:
                last[table] = last.get(table, -1) + 1
                table = (*table, last[table])
            here = table
        elif found := _SETS.match(line):
            here = (*table, *_names(found[1]))
            depth, quotes = _left_open(line[found.end():], depth, quotes)
        else:
            continue
        if here[:-1] == wanted and here[-1] == 0:
            return number  # a list of tables begins with its first
        # The key itself, or the longest part of it that there is.
        if here == wanted[:len(here)] and (best is None or len(here) > best[0]):
            best = len(here), number
    return None if best is None else best[1]


def _within(names: tuple[str, ...], last: dict[tuple[Step, ...], int]) -> tuple[Step, ...]:
    """The way to a table, by the latest of each list of tables on it."""
    way: tuple[Step, ...] = ()
    for place, name in enumerate(names):
        way = (*way, name)
        if way in last and place < len(names) - 1:
            way = (*way, last[way])
    return way


def _left_open(rest: str, depth: int, quotes: str) -> tuple[int, str]:
    """The brackets, and the quotes of a text of several lines, that are open after `rest`."""
    if quotes:
        before, closed, rest = rest.partition(quotes)
        if not closed:
            return depth, quotes
    if found := _TRIPLE.search(rest):
        inner = _left_open(rest[found.end():], 0, found[0])
        return depth + inner[0], inner[1]
    rest = _STRINGS.sub("", rest)
    return depth + sum(map(rest.count, "[{")) - sum(map(rest.count, "]}")), ""


def _names(dotted: str) -> tuple[str, ...]:
    return tuple(name.strip("\"'") for name in re.findall(_KEY, dotted))


def _parts(key: str) -> tuple[Step, ...]:
    return tuple(int(index) if index else name
                 for name, index in re.findall(r"([\w-]+)|\[(\d+)\]", key))
