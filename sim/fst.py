"""A value change dump as FST, GTKWave's and Surfer's own format: a small part of its size."""

import re
from pathlib import Path
from typing import Any

from proofmill.sim.vcd import DECLARATION

TIMESCALE = re.compile(r"\$timescale\s+(\d+ ?[a-z]+)\s+\$end")


def to_fst(source: Path, target: Path) -> None:
    """Write what `source` says, a dump as `sim.vcd` knows them, to `target`.

    Signals of one code are one signal by several names. Raises ImportError where pylibfst is not
    installed, OSError where `target` cannot be written.
    """
    from pylibfst import ffi, lib

    writer = lib.fstWriterCreate(str(target).encode(), 1)
    if writer == ffi.NULL:
        raise OSError(f"{target} cannot be written")
    try:
        lib.fstWriterSetVersion(writer, b"proofmill")
        with source.open() as lines:
            _copy(lines, lib, ffi, writer)
    finally:
        lib.fstWriterClose(writer)


def _copy(lines: Any, lib: Any, ffi: Any, writer: Any) -> None:
    handles: dict[str, tuple[int, int]] = {}  # by code: the signal, and its bits; 0 of a string
    for line in lines:
        line = line.rstrip("\n")
        if not line:
            continue
        if line.startswith("$"):
            _declare(line, lib, writer, handles)
        elif line.startswith("#"):
            lib.fstWriterEmitTimeChange(writer, int(line[1:]))
        elif line[0] in "bs":
            value, code = line[1:].split()
            handle, bits = handles[code]
            if bits:
                lib.fstWriterEmitValueChange(writer, handle, value.rjust(bits, "0").encode())
            else:
                text = value.encode()
                lib.fstWriterEmitVariableLengthValueChange(writer, handle, text, len(text))
        else:
            lib.fstWriterEmitValueChange(writer, handles[line[1:]][0], line[:1].encode())


def _declare(line: str, lib: Any, writer: Any, handles: dict[str, tuple[int, int]]) -> None:
    word = line.split()
    if word[0] == "$scope":
        lib.fstWriterSetScope(writer, lib.FST_ST_VCD_MODULE, word[2].encode(), b"")
    elif word[0] == "$upscope":
        lib.fstWriterSetUpscope(writer)
    elif (scale := TIMESCALE.match(line)) is not None:
        lib.fstWriterSetTimescaleFromString(writer, scale[1].replace(" ", "").encode())
    elif (found := DECLARATION.match(line)) is not None:
        kind, bits, code, name = found.groups()
        text = kind == "string"
        handle = lib.fstWriterCreateVar(
            writer, lib.FST_VT_GEN_STRING if text else lib.FST_VT_VCD_WIRE,
            lib.FST_VD_IMPLICIT, 0 if text else int(bits), name.encode(),
            handles[code][0] if code in handles else 0)
        handles.setdefault(code, (handle, 0 if text else int(bits)))
