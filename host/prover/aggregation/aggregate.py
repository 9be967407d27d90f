"""The object itself: what stands for n Groth16 proofs, and its bytes.

    "proofmill agg 1\\0"                        16 bytes
    number of proofs                           8, big-endian
    T_AB, U_AB, T_C, U_C, Z_AB                 192 each (`host.prover.curve.target`)
    Z_C                                        64
    a round for each halving, first to last:   left and right of Z_AB, T_AB, U_AB, T_C, U_C (192
                                               each) and of Z_C (64 each)
    A, C, w_1, w_2, openings of w_1 and w_2    64 each
    B, v_1, v_2, openings of v_1 and v_2       128 each

In all 2,072 bytes and 2,048 a round: 22,552 for 1,024 proofs. Every element has one spelling.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.aggregation import elements
from proofmill.host.prover.aggregation.setup import MOST_ROUNDS
from proofmill.host.prover.curve import target
from proofmill.host.prover.curve.limbs import Limbs

MAGIC = b"proofmill agg 1\0"
COUNT_BYTES = 8


def rounds_of(count: int) -> int:
    """The halvings of an aggregate of so many proofs, padded to a power of two: 1 or more."""
    return max(1, (count - 1).bit_length())


@dataclass(frozen=True)
class Round:
    """Left and right of each halving: elements of GT, shape (2, 48), and `z_c` of G1, (2, 8)."""

    z_ab: Limbs
    t_ab: Limbs
    u_ab: Limbs
    t_c: Limbs
    u_c: Limbs
    z_c: Limbs

    def to_bytes(self) -> bytes:
        """As it is kept, and hashed."""
        return b"".join(target.compress(each) for pair in (
            self.z_ab, self.t_ab, self.u_ab, self.t_c, self.u_c) for each in pair
        ) + elements.to_bytes(Group.G1, self.z_c)


@dataclass(frozen=True)
class Committed:
    """Commitments to the vectors A and B, and to C, under both secrets: of GT, shape (48,)."""

    t_ab: Limbs
    u_ab: Limbs
    t_c: Limbs
    u_c: Limbs

    def to_bytes(self) -> bytes:
        """As it is kept, and hashed."""
        return b"".join(map(target.compress, (self.t_ab, self.u_ab, self.t_c, self.u_c)))


@dataclass(frozen=True)
class Folded:
    """What is left of the vectors after the last halving: of one element each.

    `a`, `c`: (8,); `b`: (16,); `v`: (2, 16), `w`: (2, 8), the keys under the two secrets.
    """

    a: Limbs
    b: Limbs
    c: Limbs
    v: Limbs
    w: Limbs

    def to_bytes(self) -> bytes:
        """As it is hashed."""
        return (elements.to_bytes(Group.G1, np.array([self.a, self.c, *self.w]))
                + elements.to_bytes(Group.G2, np.array([self.b, *self.v])))


@dataclass(frozen=True)
class Aggregate:
    """What stands for `count` proofs.

    `z_ab`: ``prod e(A_i, B_i)^(r^i)``; `z_c`: ``sum r^i C_i``; `opening_v`, (2, 16), and
    `opening_w`, (2, 8): that the folded keys are what the challenges make of the powers.
    """

    count: int
    committed: Committed
    z_ab: Limbs
    z_c: Limbs
    rounds: tuple[Round, ...]
    folded: Folded
    opening_v: Limbs
    opening_w: Limbs

    def to_bytes(self) -> bytes:
        """As it is kept."""
        last = self.folded
        return b"".join((
            MAGIC, self.count.to_bytes(COUNT_BYTES, "big"), self.committed.to_bytes(),
            target.compress(self.z_ab), elements.to_bytes(Group.G1, self.z_c),
            *(each.to_bytes() for each in self.rounds),
            elements.to_bytes(Group.G1, np.array([last.a, last.c, *last.w, *self.opening_w])),
            elements.to_bytes(Group.G2, np.array([last.b, *last.v, *self.opening_v]))))

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "aggregate") -> "Aggregate":
        """The aggregate in these bytes; `ProofmillError` where they are none. Proves nothing.

        Every element is in its group of order r.
        """
        head = len(MAGIC) + COUNT_BYTES
        if data[:len(MAGIC)] != MAGIC:
            raise ProofmillError(f"{name}: does not begin as an aggregate of proofs; "
                                 "`proofmill history aggregate` makes one")
        count = int.from_bytes(data[len(MAGIC):head], "big")
        if not 1 <= count <= 1 << MOST_ROUNDS:
            raise ProofmillError(f"{name}: is of {count} proofs, which should be 1 to "
                                 f"{1 << MOST_ROUNDS:,}; copy the file again")
        if len(data) != size(count):
            raise ProofmillError(f"{name}: has {len(data):,} bytes, an aggregate of {count:,} "
                                 f"proofs {size(count):,}; copy the file again")
        reader = _Reader(data[head:], name)
        committed = Committed(reader.target(), reader.target(), reader.target(), reader.target())
        z_ab, z_c = reader.target(), reader.point(Group.G1)
        rounds = tuple(Round(reader.targets(), reader.targets(), reader.targets(),
                             reader.targets(), reader.targets(), reader.points(Group.G1))
                       for _ in range(rounds_of(count)))
        a, c = reader.points(Group.G1)
        w, opening_w = reader.points(Group.G1), reader.points(Group.G1)
        b, v, opening_v = (reader.point(Group.G2), reader.points(Group.G2),
                           reader.points(Group.G2))
        return cls(count, committed, z_ab, z_c, rounds, Folded(a, b, c, v, w), opening_v,
                   opening_w)


def size(count: int) -> int:
    """Bytes of an aggregate of so many proofs."""
    return len(MAGIC) + COUNT_BYTES + sum(width for _, width in parts(rounds_of(count)))


def parts(rounds: int) -> Iterator[tuple[str, int]]:
    """What comes after the count, in order: a name and the bytes of each element."""
    gt, g1, g2 = target.COMPRESSED_BYTES, elements.point_bytes(Group.G1), elements.point_bytes(
        Group.G2)
    for name in ("T_AB", "U_AB", "T_C", "U_C", "Z_AB"):
        yield name, gt
    yield "Z_C", g1
    for index in range(rounds):
        for name in ("Z_AB", "T_AB", "U_AB", "T_C", "U_C", "Z_C"):
            for side in ("left", "right"):
                yield f"{name} {side} of round {index}", g1 if name == "Z_C" else gt
    for name in ("A", "C", "w_1", "w_2", "opening of w_1", "opening of w_2"):
        yield name, g1
    for name in ("B", "v_1", "v_2", "opening of v_1", "opening of v_2"):
        yield name, g2


class _Reader:
    """Takes element after element from bytes that are long enough."""

    def __init__(self, data: bytes, name: str) -> None:
        self._data, self._name, self._place = data, name, 0

    def target(self) -> Limbs:
        return self._checked(target.decompress(self._take(target.COMPRESSED_BYTES)), "GT")

    def targets(self) -> Limbs:
        return np.array([self.target(), self.target()])

    def point(self, group: Group) -> Limbs:
        return self._checked(elements.from_bytes(group, self._take(elements.point_bytes(group))),
                             group.name)

    def points(self, group: Group) -> Limbs:
        return np.array([self.point(group), self.point(group)])

    def _take(self, count: int) -> bytes:
        self._place += count
        return self._data[self._place - count:self._place]

    def _checked(self, value: Limbs | None, group: str) -> Limbs:
        if value is None:
            raise ProofmillError(f"{self._name}: what ends at byte "
                                 f"{len(MAGIC) + COUNT_BYTES + self._place} is no element of "
                                 f"{group}; copy the file again")
        return value
