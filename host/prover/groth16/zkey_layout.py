"""Where everything of a ``.zkey`` lies, so that its sections can be filled in out of order.

snarkjs writes sections in two orders: `SETUP_ORDER` in a setup, ascending in a contribution.
"""

import mmap
import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.ground.mapped import mapped
from proofmill.host.prover.curve.limbs import BASE_MODULUS, SCALAR_MODULUS, Limbs
from proofmill.host.prover.curve.points import width
from proofmill.host.prover.groth16.container import Container, prime_bytes
from proofmill.host.prover.groth16.proving_key import COEFFICIENT, Coefficients, ProvingKey
from proofmill.host.prover.groth16.zkey import GROTH16, MAGIC, VERSIONS, parse_zkey

SETUP_ORDER = (1, 2, 4, 3, 9, 8, 5, 6, 7, 10)
ASCENDING = tuple(range(1, 11))

HEAD_BYTES, SECTION_HEAD_BYTES = 12, 12


@dataclass(frozen=True)
class Shape:
    """The counts that a key's sizes follow from; `record`: bytes of section 10."""

    wires: int
    public: int
    domain_size: int
    coefficients: int
    record: int

    @property
    def header(self) -> bytes:
        """What section 2 has before its points."""
        return prime_bytes(BASE_MODULUS) + prime_bytes(SCALAR_MODULUS) + struct.pack(
            "<III", self.wires, self.public, self.domain_size)

    @property
    def sizes(self) -> dict[int, int]:
        """Bytes of each section."""
        g1, g2 = 8 * width(Group.G1), 8 * width(Group.G2)
        return {
            1: 4, 2: len(self.header) + 3 * (g1 + g2), 3: g1 * (self.public + 1),
            4: 4 + COEFFICIENT.itemsize * self.coefficients,
            5: g1 * self.wires, 6: g1 * self.wires, 7: g2 * self.wires,
            8: g1 * (self.wires - self.public - 1), 9: g1 * self.domain_size, 10: self.record}

    @property
    def total(self) -> int:
        """Bytes of the file."""
        sizes = self.sizes
        return HEAD_BYTES + sum(SECTION_HEAD_BYTES + size for size in sizes.values())


class ZkeyMap:
    """A ``.zkey`` in memory that is being filled in: every section is an array of the file."""

    def __init__(self, content: mmap.mmap, order: Sequence[int], shape: Shape) -> None:
        self._content, self._shape, self._sizes = content, shape, shape.sizes
        self._places: dict[int, int] = {}
        content[:HEAD_BYTES] = MAGIC + struct.pack("<II", VERSIONS[0], len(order))
        position = HEAD_BYTES
        for kind in order:
            content[position:position + SECTION_HEAD_BYTES] = struct.pack(
                "<IQ", kind, self._sizes[kind])
            position += SECTION_HEAD_BYTES
            self._places[kind] = position
            position += self._sizes[kind]
        self.put(1, struct.pack("<I", GROTH16))
        place = self._places[4]
        content[place:place + 4] = struct.pack("<I", shape.coefficients)

    def put(self, kind: int, content: bytes) -> None:
        """Fill in a whole section."""
        place = self._places[kind]
        if len(content) != self._sizes[kind]:
            raise ValueError(f"section {kind} has {self._sizes[kind]} bytes, not {len(content)}")
        self._content[place:place + len(content)] = content

    def put_header(self, points: Sequence[Limbs]) -> None:
        """Fill in section 2: alpha in G1, beta in G1 and G2, gamma in G2, delta in G1 and G2."""
        self.put(2, self._shape.header + b"".join(point.tobytes() for point in points))

    def points(self, kind: int, group: Group) -> Limbs:
        """The points of a section, shape (n, 8) or (n, 16), to be written to."""
        found: Limbs = np.frombuffer(
            self._content, dtype="<u8", count=self._sizes[kind] // 8,
            offset=self._places[kind]).reshape(-1, width(group))
        return found

    def coefficients(self) -> Coefficients:
        """The entries of section 4, to be written to."""
        return np.frombuffer(self._content, dtype=COEFFICIENT, count=self._shape.coefficients,
                             offset=self._places[4] + 4)

    def key(self, name: str) -> ProvingKey:
        """The key, once everything is filled in; its points stay where they are."""
        return parse_zkey(Container(self._content, name, MAGIC, VERSIONS))


@contextmanager
def new_zkey(path: str | os.PathLike[str], order: Sequence[int], shape: Shape
             ) -> Iterator[ZkeyMap]:
    """A new ``.zkey``, mapped, with sections in `order`; under its name once the block has ended.

    Raises `ProofmillError` where it cannot be written.
    """
    with mapped(path, shape.total) as content:
        yield ZkeyMap(content, order, shape)


def in_memory(order: Sequence[int], shape: Shape) -> ZkeyMap:
    """The same in memory alone."""
    return ZkeyMap(mmap.mmap(-1, shape.total), order, shape)
