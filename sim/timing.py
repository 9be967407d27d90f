"""A waveform's cycles as a table of text, a row a signal, a column a cycle; and as a diagram."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from proofmill.sim.vcd import Variable, changes

LONGEST = 8
"""Digits of a value that are shown; of a longer one the first, and ``~``."""

SAME = "."
"""Stands for the value of the cycle before."""


def _shown(value: int | str, bits: int) -> str:
    if isinstance(value, str):
        return value
    text = f"{value:x}" if bits > 1 else str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST - 1]}~"


def values(dump: Path, variable: Variable, cycle_of: Callable[[int], int],
           cycles: range) -> list[int | str]:
    """What a variable is in each of `cycles`, which is what it is at the end of it."""
    found: list[int | str] = []
    now: int | str = 0
    coming = iter(changes(dump, variable))
    change = next(coming, None)
    for cycle in cycles:
        while change is not None and cycle_of(change[0]) <= cycle:
            now, change = change[1], next(coming, None)
        found.append(now)
    return found


def table(dump: Path, variables: Sequence[Variable], names: Sequence[str],
          cycle_of: Callable[[int], int], cycles: range) -> list[str]:
    """The lines: numbers in hexadecimal, `SAME` where nothing has changed."""
    rows = [["cycle", *map(str, cycles)]]
    for name, variable in zip(names, variables, strict=True):
        seen = values(dump, variable, cycle_of, cycles)
        rows.append([name, *(
            SAME if n and value == seen[n - 1] and variable.bits > 1 else
            _shown(value, variable.bits) for n, value in enumerate(seen))])
    left = max(len(row[0]) for row in rows)
    widths = [max(len(row[n]) for row in rows) for n in range(1, len(rows[0]))]
    return [f"{row[0]:{left}}  " + " ".join(
        f"{cell:>{width}}" for cell, width in zip(row[1:], widths, strict=True))
        for row in rows]


def wavejson(dump: Path, variables: Sequence[Variable], names: Sequence[str],
             cycle_of: Callable[[int], int], cycles: range) -> dict[str, Any]:
    """The same as a timing diagram in WaveJSON, WaveDrom's language; a number stands where it
    changes."""
    rows: list[dict[str, Any]] = [{"name": "clk", "wave": "p" + "." * (len(cycles) - 1)}]
    for name, variable in zip(names, variables, strict=True):
        seen = values(dump, variable, cycle_of, cycles)
        fresh = [n == 0 or value != seen[n - 1] for n, value in enumerate(seen)]
        if variable.bits == 1 and variable.kind != "string":
            rows.append({"name": name, "wave": "".join(
                str(value) if new else "." for value, new in zip(seen, fresh, strict=True))})
        else:
            rows.append({
                "name": name, "wave": "".join("=" if new else "." for new in fresh),
                "data": [_shown(value, variable.bits)
                         for value, new in zip(seen, fresh, strict=True) if new]})
    return {"signal": rows, "head": {"tick": cycles[0]}, "config": {"hscale": 2}}
