"""What callers hand in, checked once: elements of blobs and cells, points, indices.

Whatever the specification asserts is an error here that names the value, the place and the way out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.kzg.parameters import (
    BLOB_BYTES,
    CELL_BYTES,
    CELLS,
    ELEMENT_BYTES,
)
from proofmill.host.prover.native.bls12_381 import (
    COMPRESSED_BYTES,
    ORDER,
    POINT_BYTES,
    compress,
    decompress,
    pieces,
)


@dataclass(frozen=True)
class Point:
    """A point of G1 of order r, or infinity: its 48 bytes, and its 96 for the native library."""

    compressed: bytes
    words: bytes

    @classmethod
    def of_words(cls, words: bytes) -> "Point":
        """The point that the native library computed."""
        return cls(compress(words), words)


@dataclass(frozen=True)
class Elements:
    """Numbers below r, with the bytes that they were read from."""

    data: bytes
    values: tuple[int, ...]


def blob_of(data: bytes, name: str = "the blob") -> Elements:
    """A blob: 4,096 elements of 32 bytes, big-endian, each below r."""
    return _elements(data, BLOB_BYTES, "a blob", name)


def cell_of(data: bytes, name: str = "the cell") -> Elements:
    """A cell: 64 elements of 32 bytes, big-endian, each below r."""
    return _elements(data, CELL_BYTES, "a cell", name)


def element_of(data: bytes, name: str) -> int:
    """One number of 32 bytes, big-endian, below r."""
    return _elements(data, ELEMENT_BYTES, "a field element", name).values[0]


def _elements(data: bytes, size: int, kind: str, name: str) -> Elements:
    if len(data) != size:
        raise ProofmillError(f"{name}: {len(data):,} bytes, {kind} has {size:,}; give all of "
                             f"{'them' if size > ELEMENT_BYTES else 'it'}, big-endian")
    values = tuple([int.from_bytes(each, "big") for each in pieces(data, ELEMENT_BYTES)])
    if max(values) >= ORDER:
        index = next(i for i, value in enumerate(values) if value >= ORDER)
        where = f"element {index} (byte {index * ELEMENT_BYTES})" if len(values) > 1 else "value"
        raise ProofmillError(
            f"{name}: {where} is {values[index]:#x}, which is not below the group's order r = "
            f"{ORDER:#x}; put at most 254 bits into an element")
    return Elements(data, values)


def points_of(data: Sequence[bytes], name: str) -> list[Point]:
    """Compressed points of G1, of order r or infinity; `name` is what each is called.

    Equal ones are looked at once: cells of one blob have one commitment.
    """
    for index, each in enumerate(data):
        if len(each) != COMPRESSED_BYTES:
            raise ProofmillError(f"{_numbered(name, index, data)}: {len(each)} bytes, a compressed "
                                 f"point of G1 has {COMPRESSED_BYTES}; give all of them")
    different = list(dict.fromkeys(data))
    words, wrong = decompress(b"".join(different))
    if wrong is not None:
        index, reason = data.index(different[wrong[0]]), wrong[1]
        raise ProofmillError(f"{_numbered(name, index, data)}: 0x{data[index].hex()} is no point "
                             f"of G1: {reason}; copy it again from where it was made")
    points = dict(zip(different, map(Point, different, pieces(words, POINT_BYTES)), strict=True))
    return [points[each] for each in data]


def point_of(data: bytes, name: str) -> Point:
    """One compressed point; see `points_of`."""
    return points_of([data], name)[0]


def same_length(**given: Sequence[object]) -> None:
    """Raise unless all sequences have as many items as the first."""
    (first, items), *others = given.items()
    for name, each in others:
        if len(each) != len(items):
            raise ProofmillError(f"{len(each)} {name} do not belong to {len(items)} {first}; "
                                 "give as many of each")


def cell_index_of(index: int, name: str = "the cell index") -> int:
    """A cell's number, below 128."""
    if not 0 <= index < CELLS:
        raise ProofmillError(f"{name}: {index} is none of a blob's {CELLS} cells; give a number "
                             f"from 0 to {CELLS - 1}")
    return index


def _numbered(name: str, index: int, of: Sequence[object]) -> str:
    return name if len(of) == 1 else f"{name} {index}"
