"""Where in the sources a register of a flattened netlist is from."""

import re
from pathlib import Path
from typing import Any

from amaranth.back import rtlil

from proofmill import hdl
from proofmill.boards.paths import MAPPED
from proofmill.hdl.contracts import SYNTHESIS

WIRE = re.compile(r'^ *attribute \\src "(?P<src>[^"]*)"\n(?: *attribute .*\n)*'
                  r"^ *(?:wire .*|memory .*)\\(?P<name>\S+)$|^module \\(?P<module>\S+)$",
                  re.MULTILINE)
"""A wire or memory with the line that made it, or the module that it is in."""

PACKAGE = f"{Path(list(hdl.__path__)[0]).parent}/"


def lines_of(component: Any) -> dict[str, str]:
    """``hdl/limbs.py:92`` for every signal and memory of `component`, by its path in it:
    ``adder.multiplier0.stage3_total2``."""
    text = rtlil.convert(component, name="unit", platform=SYNTHESIS, emit_src=True)
    found, scope = {}, ""
    for each in WIRE.finditer(text):
        if each["module"] is not None:
            scope = each["module"].removeprefix("unit").lstrip(".")
        else:
            found[f"{scope}.{each['name']}" if scope else each["name"]] = (
                each["src"].removeprefix(PACKAGE))
    return found


def place_of(name: str, lines: dict[str, str]) -> str:
    """``adder.multiplier0, stage3_total2 (hdl/limbs.py:92)`` of a wire or cell of a mapped
    netlist; the name as it is where no signal is called so."""
    plain = MAPPED.split(name)[0]
    instance, _, signal = plain.rpartition(".")
    where = f" ({lines[plain]})" if plain in lines else ""
    return f"{instance or 'the unit itself'}, {signal}{where}"
