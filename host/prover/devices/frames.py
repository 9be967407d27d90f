"""Frames as `hdl.framing` has them: words to bytes and back, and nothing damaged gets through."""

import zlib
from dataclasses import dataclass

import numpy as np

from proofmill.hdl.commands import pack, unpack
from proofmill.hdl.framing import DELIMITER, ESCAPE, ESCAPED, FRAME, MOST_WORDS, Flag
from proofmill.host.prover.curve.limbs import Limbs

_SPECIAL = ((bytes([ESCAPE]), bytes([ESCAPE, ESCAPE ^ ESCAPED])),
            (bytes([DELIMITER]), bytes([ESCAPE, DELIMITER ^ ESCAPED])))
"""What is replaced by what; the escape itself first."""

LONGEST = 2 * (8 + 8 * MOST_WORDS + 4)
"""Bytes between two delimiters, at most."""


@dataclass(frozen=True)
class Frame:
    """A frame; the fields are those of `hdl.framing.FRAME`, `words` are the words themselves."""

    flags: Flag
    session: int
    most: int
    sequence: int
    acknowledge: int
    limit: int
    words: Limbs


def encode(frame: Frame) -> bytes:
    """The bytes of a frame, delimiters included. Raises ValueError for a field too large."""
    header = pack(FRAME, flags=int(frame.flags), session=frame.session, words=len(frame.words),
                  most=frame.most, sequence=frame.sequence, acknowledge=frame.acknowledge,
                  limit=frame.limit)
    body = header.to_bytes(8, "little") + np.asarray(frame.words, dtype="<u8").tobytes()
    body += zlib.crc32(body).to_bytes(4, "little")
    for plain, escaped in _SPECIAL:
        body = body.replace(plain, escaped)
    mark = bytes([DELIMITER])
    return mark + body + mark


def decode(body: bytes) -> Frame | None:
    """The frame between two delimiters, or None where it is damaged."""
    parts = body.split(bytes([ESCAPE]))
    plain = parts[0] + b"".join(bytes([part[0] ^ ESCAPED]) + part[1:] if part else b"\0"
                                for part in parts[1:])
    if (len(plain) < 12 or len(plain) % 8 != 4
            or zlib.crc32(plain[:-4]) != int.from_bytes(plain[-4:], "little")):
        return None
    fields = unpack(FRAME, int.from_bytes(plain[:8], "little"))
    if len(plain) != 12 + 8 * fields.pop("words"):
        return None
    words = np.frombuffer(plain[8:-4], dtype="<u8").astype(np.uint64)
    return Frame(flags=Flag(fields.pop("flags")), words=words, **fields)


class FrameFinder:
    """Finds frames in bytes as they come; counts what was damaged."""

    def __init__(self) -> None:
        self._rest = b""
        self.damaged = 0

    def feed(self, received: bytes) -> list[Frame]:
        """The frames that these bytes complete."""
        *bodies, rest = (self._rest + received).split(bytes([DELIMITER]))
        # What is longer than any frame has lost its end: no need to keep it.
        self._rest = rest[-LONGEST - 1:]
        frames = []
        for body in bodies:
            if not body:
                continue
            frame = decode(body)
            if frame is None:
                self.damaged += 1
            else:
                frames.append(frame)
        return frames
