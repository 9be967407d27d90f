"""Test benches in Verilog: text with places in it, and the rows of numbers that fill them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amaranth.hdl import Shape

FOLDER = Path(__file__).with_name("benches")

PLACE = re.compile(r"@([A-Z_]+)@")


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What fills a bench's text.

    Parameters
    ----------
    parts : the files of ``benches`` it is made of, after ``head``.
    places : what stands for each ``@NAME@``.
    answers : how many known answers are checked.
    limit : cycles after which it gives up.
    modules : text of modules that stand beside it.
    """

    parts: Sequence[str]
    answers: int
    limit: int
    places: Mapping[str, object] = field(default_factory=dict)
    modules: str = ""


def fill(top: str, title: str, bench: Bench) -> str:
    """The text of a bench for module `top`."""
    places = dict(bench.places) | {"TOP": top, "TITLE": title, "ANSWERS": bench.answers,
                                   "LIMIT": bench.limit}
    text = "\n".join((FOLDER / f"{part}.sv").read_text() for part in ("head", *bench.parts))
    return PLACE.sub(lambda found: str(places[found[1]]), text) + bench.modules


def width(component: Any, *path: str | int) -> int:
    """Bits of the port of `component` that `path` leads to; it is asked, and never built."""
    component._MustUse__silence = True
    return next(int(Shape.cast(member.shape).width)
                for found, member, _ in component.signature.flatten(component) if found == path)


def number(value: int, bits: int) -> str:
    """A number of Verilog; raises ValueError where it does not fit."""
    if value < 0 or value >> bits:
        raise ValueError(f"{value} does not fit {bits} bits")
    return f"{bits}'h{value:x}"


def rows(**columns: Sequence[str | int]) -> str:
    """Assignments ``name[n] = value;``, a line for each n of the columns."""
    return "\n".join("    " + " ".join(f"{name}[{n}] = {value};" for name, value in zip(
        columns, values, strict=True)) for n, values in enumerate(zip(
            *columns.values(), strict=True)))
