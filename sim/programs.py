"""Programs for wide processors, from the cache: those of pairings take half a minute to make."""

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

from proofmill.firmware.wide_program import WideProgram
from proofmill.hdl.description import describe
from proofmill.hdl.wide_shape import WideShape
from proofmill.sim.compiling import BuildProgress, digest, untold
from proofmill.sim.kept import kept_content, sources_key

_opened: dict[tuple[Callable[[WideShape, int], WideProgram], WideShape, int], WideProgram] = {}
"""Those that this process has already asked for."""


def kept_program(make: Callable[[WideShape, int], WideProgram], shape: WideShape, argument: int,
                 tell: BuildProgress = untold) -> WideProgram:
    """``make(shape, argument)``, a function of `firmware`, from the cache if it was asked for
    there with the same sources. Raises as `sim.kept.kept_content`, and what `make` raises."""
    known = make, shape, argument
    if known not in _opened:
        name = [make.__module__, make.__qualname__, type(shape).__qualname__, describe(shape),
                argument]
        key = digest(sources_key(json.dumps(name)), Path(__file__).read_bytes())
        _opened[known] = _read(shape, kept_content(
            "programs", key, lambda: _written(make(shape, argument)), "scheduling the program",
            tell))
    return _opened[known]


def _written(program: WideProgram) -> bytes:
    """All but its shape, which is known."""
    found = {field.name: getattr(program, field.name) for field in fields(program)
             if field.name != "shape"}
    return json.dumps(found | {"constants": list(program.constants.items())}).encode()


def _read(shape: WideShape, content: bytes) -> WideProgram:
    found = json.loads(content)
    return WideProgram(shape, **found | {"constants": dict(map(tuple, found["constants"]))})
