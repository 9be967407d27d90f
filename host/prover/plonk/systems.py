"""Which proof system a file is of; without NumPy, which takes longer to start than a proof."""

import os
import struct

GROTH16, PLONK, FFLONK = "groth16", "plonk", "fflonk"

PROTOCOLS = {1: GROTH16, 2: PLONK, 10: FFLONK}
"""By the number in a key's section 1."""

SYSTEMS = tuple(PROTOCOLS.values())

MOST_SECTIONS = 64


def key_system(path: str | os.PathLike[str]) -> str:
    """The system of a ``.zkey`` that is an ordinary file; of what is none `GROTH16`, whose reader
    says what is wrong with it."""
    try:
        with open(path, "rb") as stream:
            magic, _, count = struct.unpack("<4sII", stream.read(12))
            for _ in range(min(count, MOST_SECTIONS) if magic == b"zkey" else 0):
                kind, size = struct.unpack("<IQ", stream.read(12))
                if kind == 1:
                    return PROTOCOLS.get(struct.unpack("<I", stream.read(4))[0], GROTH16)
                stream.seek(size, os.SEEK_CUR)
    except (OSError, OverflowError, struct.error, ValueError):
        pass
    return GROTH16


def json_system(value: object) -> str:
    """The system that a parsed verification key says it is of; `GROTH16` where it says none that
    is known."""
    named = value.get("protocol") if isinstance(value, dict) else None
    return str(named) if named in SYSTEMS else GROTH16
