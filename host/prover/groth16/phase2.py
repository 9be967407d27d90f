"""The first key of a circuit's ceremony, from powers of tau: what `snarkjs groth16 setup` makes.

Every point is a sum of Lagrange points with the circuit's coefficients, so no secret is known to
anybody who was not in phase 1. Delta and gamma are 1 until somebody contributes
(`host.prover.groth16.contribution`). The file is the one snarkjs writes, byte for byte.

Source of the formulas: J. Groth, "On the Size of Pairing-based Non-interactive Arguments", section
3.2; S. Bowe, A. Gabizon, I. Miers, "Scalable Multi-party Computation for zk-SNARK Parameters in the
Random Beacon Model", section 6; of the order and form of everything: snarkjs 0.7.
"""

import hashlib
import os
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve.combinations import combine, uncompressed
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS, Limbs, to_limbs
from proofmill.host.prover.curve.points import generator
from proofmill.host.prover.groth16.coefficients import domain_power, entries, extra_rows
from proofmill.host.prover.groth16.matrix import SparseMatrix
from proofmill.host.prover.groth16.powers import (
    ALPHA,
    BETA,
    TAU_G1,
    TAU_G2,
    Powers,
    check_prepared,
)
from proofmill.host.prover.groth16.proving_key import ProvingKey
from proofmill.host.prover.groth16.r1cs import R1cs
from proofmill.host.prover.groth16.unreduced import difference
from proofmill.host.prover.groth16.zkey import record_bytes
from proofmill.host.prover.groth16.zkey_layout import (
    SETUP_ORDER,
    Shape,
    ZkeyMap,
    in_memory,
    new_zkey,
)

Step: TypeAlias = Callable[[str, int, int], None]
"""Told (what is being done, work done, work in all)."""

HASHED_AT_ONCE = 1 << 14
"""Points of section 9 that snarkjs hashes at once, of a whole number of which it hashes the last
ones: one more than there are, where there are more than so many."""


def initial_setup(r1cs: R1cs, powers: Powers, path: str | os.PathLike[str],
                  step: Step | None = None) -> bytes:
    """Write the key of `r1cs` that a ceremony's phase 2 begins with; return the circuit's hash.

    `step` is told of the work. Memory holds the terms of one section; points are read from the
    mapped file and written to a mapped one. Raises `ProofmillError` where `powers` are not
    prepared, do not reach, or are damaged where they are used, and where the file cannot be
    written.
    """
    with new_zkey(path, SETUP_ORDER, _shape(r1cs, powers)) as file:
        return _fill(r1cs, powers, file, step or (lambda what, done, total: None))


def initial_key(r1cs: R1cs, powers: Powers, step: Step | None = None) -> ProvingKey:
    """`initial_setup` in memory alone."""
    file = in_memory(SETUP_ORDER, _shape(r1cs, powers))
    _fill(r1cs, powers, file, step or (lambda what, done, total: None))
    return file.key(f"first key of {r1cs.name}")


def _shape(r1cs: R1cs, powers: Powers) -> Shape:
    power = domain_power(r1cs)
    check_prepared(powers, power, r1cs.constraints)
    count = len(r1cs.a.rows) + len(r1cs.b.rows) + r1cs.public + 1
    return Shape(r1cs.wires, r1cs.public, 1 << power, count, len(record_bytes(bytes(64), [])))


def _fill(r1cs: R1cs, powers: Powers, file: ZkeyMap, step: Step) -> bytes:
    """Everything, the circuit's hash at last."""
    power = domain_power(r1cs)
    g1, g2 = generator(Group.G1), generator(Group.G2)
    alpha, beta, beta_g2 = (powers.monomials(kind, 0, 1)[0] for kind in (4, 5, 6))
    single = (alpha, beta, beta_g2, g2, g1, g2)
    file.put_header(single)
    file.coefficients()[:] = entries(r1cs)
    _fill_points(r1cs, powers, power, file, step)
    step("hashing", 0, 1)
    digest = _circuit_hash(single, powers, 1 << power, file)
    file.put(10, record_bytes(digest, []))
    return digest


def _fill_points(r1cs: R1cs, powers: Powers, power: int, file: ZkeyMap, step: Step) -> None:
    """Sections 3 and 5 to 9."""
    public, extra = r1cs.public, extra_rows(r1cs)
    step("reading the powers", 0, 1)
    tau, g1 = powers.lagrange(TAU_G1, power), Group.G1
    points_h = file.points(9, g1)
    points_h[:] = powers.lagrange(TAU_G1, power + 1)[1::2]
    _section("A", g1, tau, [(r1cs.a, 0), (extra, 0)], r1cs.wires, file.points(5, g1), step)
    _section("B in G1", g1, tau, [(r1cs.b, 0)], r1cs.wires, file.points(6, g1), step)
    _section("B in G2", Group.G2, powers.lagrange(TAU_G2, power), [(r1cs.b, 0)], r1cs.wires,
             file.points(7, Group.G2), step)
    size = 1 << power
    bases = np.concatenate((tau, powers.lagrange(ALPHA, power), powers.lagrange(BETA, power)))
    terms = [(r1cs.a, 2 * size), (extra, 2 * size), (r1cs.b, size), (r1cs.c, 0)]
    _section("C", g1, bases, terms, r1cs.wires, [file.points(3, g1), file.points(8, g1)], step)
    assert len(file.points(3, g1)) == public + 1


def _section(name: str, group: Group, bases: Limbs, matrices: Sequence[tuple[SparseMatrix, int]],
             wires: int, out: Limbs | Sequence[Limbs], step: Step) -> None:
    """``out[s] = sum(value * bases[offset + row])`` over the entries (row, s, value) of matrices,
    each with its offset. Several parts of `out` take the wires one after the other."""
    parts = [out] if isinstance(out, np.ndarray) else list(out)
    places, scalars, starts = by_wire(matrices, wires)
    first = 0
    for part in parts:
        last = first + len(part)
        begin, end = int(starts[first]), int(starts[last])
        combine(group, bases, places[begin:end], scalars[begin:end],
                starts[first:last + 1] - starts[first], part,
                lambda done, total: step(f"section {name}", done, total))
        first = last


def by_wire(matrices: Sequence[tuple[SparseMatrix, int]], wires: int
            ) -> tuple[NDArray[np.uint32], Limbs, NDArray[np.uint64]]:
    """The entries of `matrices`, each with an offset added to its rows, by wire: rows, values, and
    where each wire's begin, shape (wires + 1,)."""
    columns = np.concatenate([matrix.columns for matrix, _ in matrices])
    order = np.argsort(columns, kind="stable")
    rows = np.concatenate([matrix.rows.astype(np.uint32) + np.uint32(offset)
                           for matrix, offset in matrices])
    values = np.concatenate([matrix.values for matrix, _ in matrices])
    starts = np.concatenate(([0], np.cumsum(np.bincount(columns, minlength=wires))))
    return rows[order], values[order], starts.astype(np.uint64)


def _circuit_hash(single: Sequence[Limbs], powers: Powers, size: int, file: ZkeyMap) -> bytes:
    """64 bytes that a ceremony's contributions are for: BLAKE2b of all points, as snarkjs has it.

    Of section 9 it hashes tau^(n + i) - tau^i, and not the points themselves.
    """
    digest = hashlib.blake2b()
    g1, g2 = Group.G1, Group.G2
    for group, point in zip((g1, g1, g2, g2, g1, g2), single, strict=True):
        digest.update(uncompressed(group, point))
    sections: list[tuple[int, Iterator[bytes]]] = [
        (len(file.points(3, g1)), _pieces(g1, file.points(3, g1))),
        (size - 1, (uncompressed(g1, piece) for piece in differences(powers, size)))]
    for kind, group in ((8, g1), (5, g1), (6, g1), (7, g2)):
        points = file.points(kind, group)
        sections.append((len(points), _pieces(group, points)))
    for count, pieces in sections:
        digest.update(struct.pack(">I", count))
        for piece in pieces:
            digest.update(piece)
    return digest.digest()


def _pieces(group: Group, points: Limbs) -> Iterator[bytes]:
    for start in range(0, len(points), HASHED_AT_ONCE):
        yield uncompressed(group, points[start:start + HASHED_AT_ONCE])


def differences(powers: Powers, size: int) -> Iterator[Limbs]:
    """``tau^(size + i) - tau^i`` in G1 for i = 0 .. size - 2, in pieces; one more where snarkjs
    takes one more.

    It needs tau^(2 size - 1), which a file for just this size has not: there snarkjs reads what
    follows section 2, no point of the curve, and so is it read here.
    """
    piece = min(size - 1, HASHED_AT_ONCE)
    minus = np.tile(to_limbs([1, SCALAR_MODULUS - 1]), (piece, 1))
    places = np.arange(2 * piece, dtype=np.uint32).reshape(2, piece).T.reshape(-1)
    starts = np.arange(0, 2 * piece + 1, 2, dtype=np.uint64)
    for first in range(0, size - 1, piece):
        upper = powers.raw_monomials(size + first, piece)
        points = np.concatenate((upper, powers.monomials(2, first, piece)))
        beyond = size + first + piece > 2 * (1 << powers.power) - 1
        if beyond:
            points[piece - 1] = 0
        found = combine(Group.G1, points, places, minus, starts)
        if beyond:
            found[-1] = difference(upper[-1], points[-1])
        yield found
