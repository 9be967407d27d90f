"""Proving keys of Groth16 as gnark writes them, over BN254, in its three forms.

(`ProvingKey.WriteTo`, `WriteRawTo` and `WriteDump` of gnark's backend/groth16/bn254.) With n the
size of the domain, w wires of which each that A (or B) has nothing of is left out, and numbers
big-endian:

    n in 8 bytes; 1/n, the n-th root of unity, its inverse, a shift, its inverse in 32 each; a byte
    [alpha]1 [beta]1 [delta]1 A B Z K in G1, [beta]2 [delta]2 B in G2
    w, those without A, those without B in 8 bytes each; w bytes that say which have no A; w for B
    how many commitments there are in 4 bytes, and of each two lists of points of G1

A list of points has its length in 4 bytes before it. Z is [tau^k (tau^n - 1) / delta]1 for k below
n - 1, in the order of k's bits reversed; K is as C of a ``.zkey``, but without wires that are
committed to. A dump begins with 8 bytes that say so, has the lists after all else, their lengths in
8 little-endian bytes, and points as memory has them: as in a ``.zkey``.
"""

import enum
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve.limbs import (
    LIMBS,
    SCALAR_MODULUS,
    Limbs,
    coordinate_bytes,
    from_coordinate_bytes,
    from_coordinates,
)
from proofmill.host.prover.curve.points import width
from proofmill.host.prover.curve.scalars import TWO_ADICITY, root_of_unity
from proofmill.host.prover.curve.validity import first_off_curve
from proofmill.host.prover.groth16.gnark_points import (
    NUMBER_BYTES,
    Reader,
    encoded,
    flag_and_numbers,
    number_bytes,
    numbers,
    point_of,
)
from proofmill.host.prover.groth16.json_fields import NotValid
from proofmill.host.prover.groth16.plain import Numbers
from proofmill.host.prover.groth16.plain_points import from_array

MARKER = struct.pack("<Q", 0xdeadbeef)
"""What a dump begins with."""


class Form(enum.Enum):
    """How a key's points are written."""

    COMPRESSED = "compressed"
    RAW = "raw"
    DUMP = "dump"


@dataclass(frozen=True)
class GnarkProvingKey:
    """A proving key. Lists of points are as `host.prover.curve.points` lays them out; `a`, `b_1`
    and `b_2` have no point for the wires of which `without_a`, `without_b` say so; `z` has
    domain_size - 1 points. `commitments`: two lists of points each.

    `shift`: of the second domain gnark uses, and `precomputed`, whether it keeps tables of it: no
    other prover needs them.
    """

    name: str
    domain_size: int
    shift: int
    precomputed: bool
    alpha: Numbers
    beta_1: Numbers
    delta_1: Numbers
    beta: Numbers
    delta: Numbers
    a: Limbs
    b_1: Limbs
    z: Limbs
    k: Limbs
    b_2: Limbs
    without_a: NDArray[np.bool_]
    without_b: NDArray[np.bool_]
    commitments: tuple[tuple[Limbs, Limbs], ...] = ()

    @property
    def wires(self) -> int:
        """The constant 1 and all others."""
        return len(self.without_a)


def is_dump(data: bytes) -> bool:
    """Whether a file is a dump."""
    return data.startswith(MARKER)


def parse_proving_key(data: bytes, name: str = "proving key") -> GnarkProvingKey:
    """Read a proving key in any of the forms.

    All points are checked to be on their curve; whether those of `b_2` are in the group is not, as
    for a ``.zkey``. Points that are compressed take a root each. Raises `ProofmillError` with the
    place of what is wrong.
    """
    reader, dump = Reader(data, name), is_dump(data)
    if dump:
        reader.bytes(len(MARKER), "the mark of a dump")
    domain_size, shift, precomputed = _read_domain(reader)
    alpha, beta_1, delta_1 = (reader.point(Group.G1, what) for what in (
        "alpha in g1", "beta in g1", "delta in g1"))
    found: dict[str, Limbs] = {}
    if not dump:
        found |= {part: _read_points(reader, Group.G1, what) for part, what in _LISTS.items()}
    beta, delta = (reader.point(Group.G2, what) for what in ("beta in g2", "delta in g2"))
    if not dump:
        found["b_2"] = _read_points(reader, Group.G2, "B in g2")
    wires, no_a, no_b = (reader.number(">Q", what) for what in (
        "the number of wires", "those without A", "those without B"))
    without_a, without_b = (_read_flags(reader, wires, absent, what) for absent, what in (
        (no_a, "wires without A"), (no_b, "wires without B")))
    count = reader.count("commitments")
    if dump:
        found |= {part: _read_memory(reader, Group.G1, what) for part, what in _LISTS.items()}
        found["b_2"] = _read_memory(reader, Group.G2, "B in g2")
    read = _read_memory if dump else _read_points
    commitments = tuple((read(reader, Group.G1, "a commitment's points"),
                         read(reader, Group.G1, "a commitment's second points"))
                        for _ in range(count))
    for part, expected in (("a", wires - no_a), ("b_1", wires - no_b), ("b_2", wires - no_b),
                           ("z", domain_size - 1)):
        if len(found[part]) != expected:
            reader.fail(f"{len(found[part])} points of {part}, not {expected}")
    if reader.left:
        reader.fail(f"{reader.left} bytes come after the key")
    return GnarkProvingKey(
        name, domain_size, shift, precomputed, alpha, beta_1, delta_1, beta, delta,
        without_a=without_a, without_b=without_b, commitments=commitments, **found)


_LISTS = {"a": "A", "b_1": "B in g1", "z": "Z", "k": "K"}
"""The lists of points of G1, in the file's order."""


def proving_key_content(key: GnarkProvingKey, form: Form) -> Iterator[bytes]:
    """As `WriteTo`, `WriteRawTo` or `WriteDump` writes it, piece by piece."""
    dump, raw = form is Form.DUMP, form is not Form.COMPRESSED
    if dump:
        yield MARKER
    size, root = key.domain_size, root_of_unity(key.domain_size.bit_length() - 1)
    yield struct.pack(">Q", size) + number_bytes(
        (_inverse(size), root, _inverse(root), key.shift, _inverse(key.shift)))
    yield bytes([key.precomputed])
    yield from (encoded(point, raw) for point in (key.alpha, key.beta_1, key.delta_1))
    lists = [getattr(key, part) for part in _LISTS]
    if not dump:
        for points in lists:
            yield from _encoded_list(Group.G1, points, raw)
    yield from (encoded(point, raw) for point in (key.beta, key.delta))
    if not dump:
        yield from _encoded_list(Group.G2, key.b_2, raw)
    flags = key.without_a, key.without_b
    yield struct.pack(">QQQ", key.wires, *(int(each.sum()) for each in flags))
    yield from (each.astype(np.uint8).tobytes() for each in flags)
    yield struct.pack(">I", len(key.commitments))
    committed = [points for pair in key.commitments for points in pair]
    if dump:
        for points in (*lists, key.b_2, *committed):
            yield struct.pack("<Q", len(points))
            yield np.ascontiguousarray(points, dtype="<u8").tobytes()
    else:
        for points in committed:
            yield from _encoded_list(Group.G1, points, raw)


def _read_domain(reader: Reader) -> tuple[int, int, bool]:
    size = reader.number(">Q", "the size of the domain")
    if size < 2 or size & (size - 1) or size >> TWO_ADICITY > 1:
        reader.fail(f"the domain size {size} is not a power of two from 2 to 2^{TWO_ADICITY}", 8)
    read = numbers(reader.bytes(5 * NUMBER_BYTES, "the domain"))
    by_size, root, by_root, shift, by_shift = read
    if max(read) >= SCALAR_MODULUS or (by_size, root, by_root, by_shift) != (
            _inverse(size), root_of_unity(size.bit_length() - 1), _inverse(root), _inverse(shift)):
        reader.fail(f"the numbers of the domain of {size} are not gnark's", 5 * NUMBER_BYTES)
    return size, shift, bool(reader.bytes(1, "the domain's tables")[0])


def _inverse(value: int) -> int:
    """1 / value modulo r; of 0, 0, as gnark-crypto's `Inverse` has it."""
    return pow(value, -1, SCALAR_MODULUS) if value else 0


def _read_flags(reader: Reader, wires: int, absent: int, what: str) -> NDArray[np.bool_]:
    flags = np.frombuffer(reader.bytes(wires, what), dtype=np.uint8)
    if wires and int(flags.max()) > 1 or int(flags.sum()) != absent:
        reader.fail(f"{what}: not the {absent} that the bytes before say", back=wires)
    return flags.astype(np.bool_)


def _read_points(reader: Reader, group: Group, what: str) -> Limbs:
    """A list of points that are all compressed, or none of them."""
    size = NUMBER_BYTES * group.degree
    count = reader.number(">I", f"points of {what}")
    first = reader.ahead() if count else 0
    raw = first >> 6 == 0
    data = reader.bytes(count * size * (2 if raw else 1), what)
    if raw:
        # In G2 imaginary parts are first here, and last with us.
        parts = np.frombuffer(data, dtype=np.uint8).reshape(-1, group.degree, NUMBER_BYTES)
        limbs = from_coordinate_bytes(parts[:, ::-1].tobytes()) if count else np.zeros(0, "<u8")
        if limbs is None:
            reader.fail(f"{what}: a coordinate is not below p, or not all are written alike",
                        back=len(data))
        points: Limbs = limbs.reshape(-1, width(group))
    else:
        points = from_coordinates(
            part for at in range(0, len(data), size)
            for part in _decompressed(reader, group, data[at:at + size], f"{what} {at // size}")
        ).reshape(-1, width(group))
    return _on_curve(reader, group, points, what)


def _decompressed(reader: Reader, group: Group, data: bytes, what: str) -> Numbers:
    flag, parts = flag_and_numbers(data)
    point = point_of(group, flag, parts) if flag else None
    if point is None:
        raise NotValid(f"{reader.name}: {what} is not on the curve of {group.value}, or not "
                       "written as those before")
    return point


def _read_memory(reader: Reader, group: Group, what: str) -> Limbs:
    """A list of points as memory has them."""
    count, size = reader.number("<Q", f"points of {what}"), 8 * width(group)
    data = reader.bytes(count * size, what)
    points: Limbs = np.frombuffer(data, dtype="<u8").reshape(-1, width(group))
    return _on_curve(reader, group, points, what)


def _on_curve(reader: Reader, group: Group, points: Limbs, what: str) -> Limbs:
    wrong = first_off_curve(group, points)
    if wrong is not None:
        raise NotValid(f"{reader.name}: {what} {wrong} is not on the curve of {group.value}")
    return points


def _encoded_list(group: Group, points: Limbs, raw: bool) -> Iterator[bytes]:
    yield struct.pack(">I", len(points))
    for start in range(0, len(points), PIECE):
        piece = points[start:start + PIECE]
        if raw:
            parts = np.frombuffer(coordinate_bytes(piece.reshape(-1, LIMBS)), dtype=np.uint8)
            yield parts.reshape(-1, group.degree, NUMBER_BYTES)[:, ::-1].tobytes()
        else:
            yield b"".join(encoded(point, False) for point in from_array(group, piece))


PIECE = 1 << 12
"""Points that are written at once."""
