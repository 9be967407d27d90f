"""Verification keys and proofs of Groth16 as gnark writes them, over BN254.

(`WriteTo` and `WriteRawTo` of gnark's backend/groth16/bn254; points as gnark-crypto's ecc/bn254
has them.) Numbers are big-endian. A coordinate has 32 bytes, in G2 its imaginary part first. Below
p two bits of the first byte are free, which say what follows:

    00    x and y; of infinity all zeros
    01    infinity, compressed: the rest is zero
    10    x alone, y is the smaller one of y and -y
    11    x alone, y is the greater one

(of an imaginary part, where it is not zero). A key is

    [alpha]1 [beta]1 [beta]2 [gamma]2 [delta]1 [delta]2, a count in 4 bytes, the signals' points

and, since circuits may have commitments to wires, which wires each is to, and the commitments'
keys. A proof is A, B, C, and since then a count in 4 bytes, its commitments, and a proof of
knowledge of what they are to.
"""

import enum
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from proofmill.hdl.curve import Group
from proofmill.hdl.field import BN254_BASE
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.groth16.json_fields import NotValid
from proofmill.host.prover.groth16.plain import Numbers, PlainKey, PlainProof
from proofmill.host.prover.groth16.plain_points import in_subgroup, on_curve
from proofmill.host.prover.groth16.points_by_x import is_larger, point_at

P = BN254_BASE.modulus
NUMBER_BYTES = 32
INFINITY, SMALLER, GREATER = 1, 2, 3
"""Of a point that is compressed, what its first two bits say."""

NO_POINT: Numbers = (0, 0)
"""Infinity in G1."""

MOST_POINTS = 1 << 16
"""Of a key: more public signals nobody has."""


class Form(enum.Enum):
    """What comes after a key's points, which has changed twice: nothing; commitments and one key
    for them; commitments, and a key for each."""

    NOTHING = 0
    ONE_KEY = 1
    KEYS = 2


@dataclass(frozen=True)
class GnarkKey:
    """A verification key. `beta_1`, `delta_1`: no verifier needs them. `committed`: of each
    commitment the numbers of the public wires that it is to; `commitment_keys`: two points of G2
    each."""

    plain: PlainKey
    beta_1: Numbers
    delta_1: Numbers
    committed: tuple[tuple[int, ...], ...] = ()
    commitment_keys: tuple[tuple[Numbers, Numbers], ...] = ()
    form: Form = Form.KEYS


@dataclass(frozen=True)
class GnarkProof:
    """A proof. `commitments`, `knowledge`: None in what older releases write."""

    plain: PlainProof
    commitments: tuple[Numbers, ...] | None = ()
    knowledge: Numbers = NO_POINT


class _Reader:
    """Bytes that are taken one thing after the other; `name` is what messages call them."""

    def __init__(self, data: bytes, name: str) -> None:
        self._data, self._name, self._at = data, name, 0

    @property
    def left(self) -> int:
        """Bytes that have not been taken."""
        return len(self._data) - self._at

    def fail(self, what: str) -> NoReturn:
        """Raise for something at this place."""
        raise ProofmillError(f"{self._name}: byte {self._at}: {what}; give a file as gnark writes "
                             "it, of Groth16 over BN254")

    def bytes(self, count: int, what: str) -> bytes:
        """The next ones."""
        if self.left < count:
            self.fail(f"the file ends before {what}")
        self._at += count
        return self._data[self._at - count:self._at]

    def count(self, what: str) -> int:
        """A number of 4 bytes."""
        (count,) = struct.unpack(">I", self.bytes(4, what))
        if count > MOST_POINTS:
            self._at -= 4
            self.fail(f"{count:,} {what}, which is more than {MOST_POINTS:,}")
        return int(count)

    def point(self, group: Group, what: str) -> Numbers:
        """A point of the group, compressed or not."""
        start, size = self._at, NUMBER_BYTES * group.degree
        data = self.bytes(size, what)
        flag = data[0] >> 6
        if flag == 0:
            data += self.bytes(size, what)
        parts = _numbers(bytes([data[0] & 0x3f]) + data[1:])
        self._at, end = start, self._at
        if max(parts) >= P:
            self.fail(f"{what}: a coordinate is not below p")
        point = _point(group, flag, parts)
        if point is None or not on_curve(group, point):
            raise NotValid(f"{self._name}: byte {start}: {what} is not on the curve of "
                           f"{group.value}")
        if not in_subgroup(group, point):
            raise NotValid(f"{self._name}: byte {start}: {what} is on the curve of {group.value}, "
                           "but not of order r")
        self._at = end
        return point


def _numbers(data: bytes) -> list[int]:
    return [int.from_bytes(data[at:at + NUMBER_BYTES], "big")
            for at in range(0, len(data), NUMBER_BYTES)]


def _point(group: Group, flag: int, parts: Sequence[int]) -> Numbers | None:
    """The point, real parts first; None where there is none with this x."""
    degree = group.degree
    x, y = tuple(reversed(parts[:degree])), tuple(reversed(parts[degree:]))
    if flag == 0:
        return x + y
    if flag == INFINITY:
        return None if any(x) else (0,) * (2 * degree)
    found = point_at(group, x, larger=flag == GREATER)
    return None if found is None else found[0] + found[1]


def parse_key(data: bytes, name: str = "verification key") -> GnarkKey:
    """Read a verification key of any of the forms, compressed or not.

    Raises `ProofmillError` with the place of what is wrong.
    """
    reader = _Reader(data, name)
    alpha, beta_1 = (reader.point(Group.G1, what) for what in ("alpha in g1", "beta in g1"))
    beta, gamma = (reader.point(Group.G2, what) for what in ("beta in g2", "gamma in g2"))
    delta_1, delta = reader.point(Group.G1, "delta in g1"), reader.point(Group.G2, "delta in g2")
    count = reader.count("points of signals")
    if count == 0:
        reader.fail("there is no point for the constant 1")
    points = tuple(reader.point(Group.G1, f"point {n} of the signals") for n in range(count))
    committed: tuple[tuple[int, ...], ...] = ()
    keys: tuple[tuple[Numbers, Numbers], ...] = ()
    form = Form.NOTHING
    if reader.left:
        committed = tuple(
            tuple(struct.unpack(f">{(wires := reader.count('committed wires'))}Q",
                                reader.bytes(8 * wires, "the committed wires")))
            for _ in range(reader.count("commitments")))
        form = Form.ONE_KEY if reader.left in (4 * NUMBER_BYTES, 8 * NUMBER_BYTES) else Form.KEYS
        how_many = 1 if form is Form.ONE_KEY else reader.count("keys of commitments")
        keys = tuple((reader.point(Group.G2, "a commitment's key"),
                      reader.point(Group.G2, "a commitment's key")) for _ in range(how_many))
    if reader.left:
        reader.fail(f"{reader.left} bytes come after the key")
    return GnarkKey(PlainKey(alpha, beta, gamma, delta, points, name), beta_1, delta_1, committed,
                    keys, form)


def parse_proof(data: bytes, name: str = "proof") -> GnarkProof:
    """Read a proof, compressed or not.

    Raises `ProofmillError` with the place of what is wrong; `NotValid` for what is no point.
    """
    reader = _Reader(data, name)
    proof = PlainProof(a=reader.point(Group.G1, "A"), b=reader.point(Group.G2, "B"),
                       c=reader.point(Group.G1, "C"))
    if not reader.left:
        return GnarkProof(proof, None)
    commitments = tuple(reader.point(Group.G1, f"commitment {n}")
                        for n in range(reader.count("commitments")))
    knowledge = reader.point(Group.G1, "the proof of knowledge")
    if reader.left:
        reader.fail(f"{reader.left} bytes come after the proof")
    return GnarkProof(proof, commitments, knowledge)


def plain_key(key: GnarkKey) -> PlainKey:
    """What a verifier without commitments needs; `ProofmillError` for a key that has some."""
    if key.committed:
        raise ProofmillError(
            f"{key.plain.name}: the circuit has {len(key.committed)} commitments, whose challenges "
            "are public signals that gnark's verifier computes; this one verifies keys without")
    return key.plain


def plain_proof(proof: GnarkProof) -> PlainProof:
    """The same of a proof."""
    if proof.commitments:
        raise ProofmillError(f"the proof has {len(proof.commitments)} commitments; there is no "
                             "verifier of those here")
    return proof.plain


def key_bytes(key: GnarkKey, raw: bool = False) -> bytes:
    """As ``WriteTo`` writes it, in the form that it was read in; `raw`: as ``WriteRawTo``."""
    plain = key.plain
    parts = [_encoded(point, raw) for point in (
        plain.alpha, key.beta_1, plain.beta, plain.gamma, key.delta_1, plain.delta)]
    parts += [struct.pack(">I", len(plain.public_points)),
              *(_encoded(point, raw) for point in plain.public_points)]
    if key.form is not Form.NOTHING:
        parts.append(struct.pack(">I", len(key.committed)))
        parts += [struct.pack(f">I{len(wires)}Q", len(wires), *wires) for wires in key.committed]
    if key.form is Form.KEYS:
        parts.append(struct.pack(">I", len(key.commitment_keys)))
    parts += [_encoded(point, raw) for pair in key.commitment_keys for point in pair]
    return b"".join(parts)


def proof_bytes(proof: GnarkProof, raw: bool = False) -> bytes:
    """As ``WriteTo`` writes it; `raw`: as ``WriteRawTo``."""
    parts = [_encoded(point, raw) for point in (proof.plain.a, proof.plain.b, proof.plain.c)]
    if proof.commitments is not None:
        parts += [struct.pack(">I", len(proof.commitments)),
                  *(_encoded(point, raw) for point in (*proof.commitments, proof.knowledge))]
    return b"".join(parts)


def _encoded(point: Numbers, raw: bool) -> bytes:
    degree = len(point) // 2
    x, y = point[:degree], point[degree:]
    if raw:
        return b"".join(part.to_bytes(NUMBER_BYTES, "big")
                        for coordinate in (x, y) for part in reversed(coordinate))
    flag = INFINITY if not any(point) else GREATER if is_larger(y) else SMALLER
    data = b"".join(part.to_bytes(NUMBER_BYTES, "big") for part in reversed(x))
    return bytes([data[0] | flag << 6]) + data[1:]
