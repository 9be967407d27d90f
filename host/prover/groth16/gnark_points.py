"""Points of BN254 as gnark-crypto writes them (`ecc/bn254`), one after the other.

Numbers are big-endian. A coordinate has 32 bytes, in G2 its imaginary part first. Below p two bits
of the first byte are free, which say what follows:

    00    x and y; of infinity all zeros
    01    infinity, compressed: the rest is zero
    10    x alone, y is the smaller one of y and -y
    11    x alone, y is the greater one
"""

import struct
from collections.abc import Iterable, Sequence
from typing import NoReturn

from proofmill.hdl.curve import Group
from proofmill.hdl.field import BN254_BASE
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.points_by_x import CURVES, is_larger, point_at
from proofmill.host.prover.groth16.json_fields import NotValid
from proofmill.host.prover.groth16.plain import Numbers
from proofmill.host.prover.groth16.plain_points import in_subgroup, on_curve

P = BN254_BASE.modulus
NUMBER_BYTES = 32
INFINITY, SMALLER, GREATER = 1, 2, 3
"""Of a point that is compressed, what its first two bits say."""

MOST_POINTS = 1 << 16
"""Of a verification key: more public signals nobody has."""


class Reader:
    """Bytes that are taken one thing after the other; `name` is what messages call them."""

    def __init__(self, data: bytes, name: str) -> None:
        self._data, self.name, self._at = data, name, 0

    @property
    def left(self) -> int:
        """Bytes that have not been taken."""
        return len(self._data) - self._at

    def ahead(self) -> int:
        """The next byte, which stays; 0 at the end."""
        return self._data[self._at] if self.left else 0

    def fail(self, what: str, back: int = 0) -> NoReturn:
        """Raise for something at this place, or so many bytes before it."""
        raise ProofmillError(f"{self.name}: byte {self._at - back}: {what}; give a file as gnark "
                             "writes it, of Groth16 over BN254")

    def bytes(self, count: int, what: str) -> bytes:
        """The next ones."""
        if self.left < count:
            self.fail(f"the file ends before {what}")
        self._at += count
        return self._data[self._at - count:self._at]

    def number(self, form: str, what: str) -> int:
        """A number in one of `struct`'s forms."""
        (number,) = struct.unpack(form, self.bytes(struct.calcsize(form), what))
        return int(number)

    def count(self, what: str) -> int:
        """A number of 4 bytes."""
        count = self.number(">I", what)
        if count > MOST_POINTS:
            self.fail(f"{count:,} {what}, which is more than {MOST_POINTS:,}", back=4)
        return count

    def point(self, group: Group, what: str) -> Numbers:
        """A point of the group, compressed or not."""
        start, size = self._at, NUMBER_BYTES * group.degree
        data = self.bytes(size, what)
        if data[0] >> 6 == 0:
            data += self.bytes(size, what)
        flag, parts = flag_and_numbers(data)
        self._at, end = start, self._at
        if max(parts) >= P:
            self.fail(f"{what}: a coordinate is not below p")
        point = point_of(group, flag, parts)
        if point is None or not on_curve(group, point):
            raise NotValid(f"{self.name}: byte {start}: {what} is not on the curve of "
                           f"{group.value}")
        if not in_subgroup(group, point):
            raise NotValid(f"{self.name}: byte {start}: {what} is on the curve of {group.value}, "
                           "but not of order r")
        self._at = end
        return point


def numbers(data: bytes) -> list[int]:
    """Numbers of 32 bytes."""
    return [int.from_bytes(data[at:at + NUMBER_BYTES], "big")
            for at in range(0, len(data), NUMBER_BYTES)]


def number_bytes(values: Iterable[int]) -> bytes:
    """What `numbers` takes."""
    return b"".join(value.to_bytes(NUMBER_BYTES, "big") for value in values)


def flag_and_numbers(data: bytes) -> tuple[int, list[int]]:
    """What a point's first two bits say, and its numbers."""
    return data[0] >> 6, numbers(bytes([data[0] & 0x3f]) + data[1:])


def point_of(group: Group, flag: int, parts: Sequence[int]) -> Numbers | None:
    """The point, real parts first; None where there is none with this x."""
    degree = group.degree
    x, y = tuple(reversed(parts[:degree])), tuple(reversed(parts[degree:]))
    if flag == 0:
        return x + y
    if flag == INFINITY:
        return None if any(x) else (0,) * (2 * degree)
    found = point_at(CURVES[group], x, larger=flag == GREATER)
    return None if found is None else found[0] + found[1]


def encoded(point: Numbers, raw: bool) -> bytes:
    """As `Reader.point` reads it; `raw`: with x and y."""
    degree = len(point) // 2
    x, y = point[:degree], point[degree:]
    if raw:
        return number_bytes((*reversed(x), *reversed(y)))
    flag = INFINITY if not any(point) else GREATER if is_larger(y, P) else SMALLER
    data = number_bytes(reversed(x))
    return bytes([data[0] | flag << 6]) + data[1:]
