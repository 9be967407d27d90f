"""The container that ``.r1cs``, ``.wtns`` and ``.zkey`` files share (iden3's binary format).

Little-endian throughout::

    magic (4 bytes) | version u32 | sections u32 | each: kind u32, size u64, size bytes

Sections come in any order, each kind once. Files are mapped into memory, not copied: what is read
of a large key is what is used of it.
"""

import mmap
import os
import stat
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.kept import Content
from proofmill.host.ground.output import write_atomically
from proofmill.host.prover.curve.limbs import LIMBS, NUMBER_BYTES, Limbs, first_not_below
from proofmill.host.prover.curve.points import first_not_canonical, width

WAY_OUT = "the file is damaged or incomplete, copy or create it again"

KNOWN_PRIMES = {
    0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001:
        "the scalar field of BLS12-381",
    0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab:
        "the base field of BLS12-381",
    0xffffffff00000001: "Goldilocks",
    0x40000000000000000000000000000000224698fc094cf91b992d30ed00000001:
        "the base field of Pallas",
    0x40000000000000000000000000000000224698fc0994a8dd8c46eb2100000001:
        "the scalar field of Pallas",
    (1 << 256) - (1 << 32) - 977: "the base field of secp256k1",
}
"""Fields circom knows beside BN254's, named where a file turns out to be for one of them."""


@dataclass(frozen=True)
class Section:
    """Where a section's content lies."""

    offset: int
    size: int


class Container:
    """The sections of one file, found and checked for overlap with its end, not yet read."""

    def __init__(self, data: bytes | mmap.mmap, name: str, magic: bytes,
                 versions: Sequence[int]) -> None:
        self.name = name
        self._data = memoryview(data).cast("B").toreadonly()
        reader = self._reader(0, len(self._data), "head")
        found = bytes(reader.take(4, "file type"))
        if found != magic:
            raise ProofmillError(
                f"{name}: not a .{magic.decode()} file: it begins with {found!r}, not {magic!r}; "
                f"give the .{magic.decode()} file")
        version = reader.u32("version")
        if version not in versions:
            raise ProofmillError(
                f"{name}: .{magic.decode()} version {version} is not known, only "
                f"{', '.join(map(str, versions))}; use the snarkjs or circom it was made with")
        self.version = version
        self.sections: dict[int, Section] = {}
        for _ in range(reader.u32("number of sections")):
            kind = reader.u32("kind of a section")
            size = reader.u64("size of a section")
            if kind in self.sections:
                reader.fail(f"section {kind} comes a second time")
            self.sections[kind] = Section(reader.offset, size)
            reader.take(size, f"section {kind}")
        reader.finish()

    def reader(self, kind: int, title: str) -> "Reader":
        """The content of section `kind`, which messages call `title`."""
        if kind not in self.sections:
            raise ProofmillError(f"{self.name}: section {kind} ({title}) is missing; {WAY_OUT}")
        section = self.sections[kind]
        return self._reader(section.offset, section.size, f"section {kind} ({title})")

    def raw(self, kind: int, offset: int, size: int) -> Limbs:
        """`size` bytes from byte `offset` of section `kind` on, whatever is there, as words."""
        start = self.sections[kind].offset + offset
        words: Limbs = self._reader(start, len(self._data) - start, f"section {kind}").array(
            "<u8", size // 8, "bytes")
        return words

    def release(self) -> None:
        """Let the system take back the memory of what was read of a mapped file; what is read again
        comes from the file again."""
        if isinstance(self._data.obj, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            self._data.obj.madvise(mmap.MADV_DONTNEED)

    def _reader(self, offset: int, size: int, place: str) -> "Reader":
        return Reader(self._data, offset, offset + size, self.name, place)


class Reader:
    """Reads one section from its start to its end, and refuses what does not fit."""

    def __init__(self, data: memoryview, offset: int, end: int, name: str, place: str) -> None:
        self.offset = offset
        self._item = offset
        self._data = data
        self._end = end
        self._name = name
        self._place = place

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return self._end - self.offset

    def fail(self, problem: str, way_out: str = WAY_OUT, at: int | None = None) -> NoReturn:
        """Raise `ProofmillError` that names the file, the section and the byte.

        The byte is `at`, or where the item read last begins.
        """
        raise ProofmillError(
            f"{self._name}: {self._place}, byte {self._item if at is None else at}: "
            f"{problem}; {way_out}")

    def take(self, size: int, what: str) -> memoryview:
        """The next `size` bytes, not copied."""
        self._item = self.offset
        if size > self.left:
            self.fail(f"{what} takes {size} bytes, but only {self.left} are left")
        start = self.offset
        self.offset += size
        return self._data[start:self.offset]

    def u8(self, what: str) -> int:
        return self.take(1, what)[0]

    def u32(self, what: str) -> int:
        value: int = struct.unpack("<I", self.take(4, what))[0]
        return value

    def u64(self, what: str) -> int:
        value: int = struct.unpack("<Q", self.take(8, what))[0]
        return value

    def prime(self, expected: int, what: str) -> None:
        """Read a length and a prime of that length, and refuse every other prime."""
        size = self.u32(f"length of {what}")
        if not 0 < size <= 256:
            self.fail(f"{what} is said to have {size} bytes")
        found = int.from_bytes(self.take(size, what), "little")
        if found != expected or size != NUMBER_BYTES:
            known = KNOWN_PRIMES.get(found)
            self.fail(
                f"{what} is {found}{f' ({known})' if known else ''}, not BN254's {expected}",
                "compile and set up the circuit for bn128, the default of circom and snarkjs")

    def array(self, dtype: Any, count: int, what: str) -> np.ndarray[Any, np.dtype[Any]]:
        """The next `count` items, not copied and read-only."""
        dtype = np.dtype(dtype)
        data = self.take(count * dtype.itemsize, f"{what} ({count} entries)")
        return np.frombuffer(data, dtype=dtype, count=count)

    def numbers(self, count: int, modulus: int, what: str) -> Limbs:
        """The next `count` numbers below `modulus`, shape (count, 4), not copied."""
        start = self.offset
        limbs: Limbs = self.array("<u8", count * LIMBS, what).reshape(count, LIMBS)
        bad = first_not_below(limbs, modulus)
        if bad is not None:
            self.fail(f"{what}, index {bad}: not below the field's prime",
                      at=start + bad * NUMBER_BYTES)
        return limbs

    def points(self, group: Group, count: int, what: str) -> Limbs:
        """The next `count` affine points, shape (count, 8) or (count, 16), not copied.

        Coordinates are checked to be below p; `host.prover.curve.validity` tells more, and takes
        longer.
        """
        start, limbs = self.offset, width(group)
        points: Limbs = self.array("<u8", count * limbs, what).reshape(count, limbs)
        bad = first_not_canonical(group, points)
        if bad is not None:
            self.fail(f"{what}, index {bad}: a coordinate is not below the field's prime",
                      at=start + bad * limbs * 8)
        return points

    def finish(self) -> None:
        """Refuse bytes that nothing accounts for."""
        if self.left:
            self.fail(f"{self.left} bytes more than the header says", at=self.offset)


def open_container(path: str | os.PathLike[str], magic: bytes,
                   versions: Sequence[int]) -> Container:
    """Map the file at `path` and find its sections. Raises `ProofmillError`."""
    name = os.fspath(path)
    try:
        with open(path, "rb") as stream:
            status = os.fstat(stream.fileno())
            data: bytes | mmap.mmap
            if stat.S_ISREG(status.st_mode) and status.st_size:
                data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
            else:
                data = stream.read()
    except OSError as error:
        raise ProofmillError(f"{name}: cannot be read: {error.strerror or error}; "
                             "give the path of a file that is there") from error
    return Container(data, name, magic, versions)


def container_content(magic: bytes, version: int,
                      sections: Sequence[tuple[int, Sequence[Content]]]) -> Iterator[Content]:
    """A file's content, piece by piece, from its sections, each a kind and pieces."""
    yield magic + struct.pack("<II", version, len(sections))
    for kind, pieces in sections:
        yield struct.pack("<IQ", kind, sum(len(piece) for piece in pieces))
        yield from pieces


def write_container(path: str | os.PathLike[str], magic: bytes, version: int,
                    sections: Sequence[tuple[int, Sequence[Content]]]) -> None:
    """Write sections, each a kind and the pieces of its content, atomically."""
    write_atomically(path, container_content(magic, version, sections))


def prime_bytes(prime: int) -> bytes:
    """A field's prime as the headers have it: its length, then its bytes."""
    return struct.pack("<I", NUMBER_BYTES) + prime.to_bytes(NUMBER_BYTES, "little")
