"""Constraint systems as circom writes them: ``.r1cs`` files, version 1.

Section 1: prime, wires u32, public outputs u32, public inputs u32, private inputs u32, labels u64,
constraints u32. Section 2: of each constraint A, B and C, each a count u32 and that many entries of
wire u32 and coefficient (32 bytes, plain). Section 3: a label u64 for every wire. Sections 4 and 5
list custom gates, which only PLONK proves.
"""

import os
import struct

import numpy as np
from numpy.typing import NDArray

from proofmill.host.ground.output import raw
from proofmill.host.prover.curve.limbs import LIMBS, SCALAR_MODULUS, first_not_below
from proofmill.host.prover.groth16.container import (
    Container,
    open_container,
    prime_bytes,
    write_container,
)
from proofmill.host.prover.groth16.matrix import SparseMatrix
from proofmill.host.prover.groth16.r1cs import R1cs

MAGIC = b"r1cs"
VERSION = 1

ENTRY_WORDS = 1 + 2 * LIMBS
"""32-bit words of an entry: the wire, then the coefficient."""


def read_r1cs(path: str | os.PathLike[str]) -> R1cs:
    """Read a constraint system. Raises `ProofmillError`."""
    return parse_r1cs(open_container(path, MAGIC, (VERSION,)))


def parse_r1cs(container: Container) -> R1cs:
    """The constraint system in an opened ``.r1cs``."""
    header = container.reader(1, "header")
    header.prime(SCALAR_MODULUS, "the prime")
    wires = header.u32("number of wires")
    outputs, inputs, private = (
        header.u32(f"number of {what}")
        for what in ("public outputs", "public inputs", "private inputs"))
    header.u64("number of labels")
    constraints = header.u32("number of constraints")
    header.finish()
    for kind in (4, 5):
        if kind in container.sections:
            gates = container.reader(kind, "custom gates")
            if gates.left >= 4 and gates.u32("number of custom gates"):
                gates.fail("the circuit uses custom gates, which Groth16 has not",
                           "compile it without them")
    labels = np.zeros(0, dtype=np.uint64)
    if 3 in container.sections:
        mapping = container.reader(3, "labels of wires")
        labels = mapping.array("<u8", wires, "labels")
        mapping.finish()
    a, b, c = _read_matrices(container, constraints)
    return R1cs(wires=wires, public_outputs=outputs, public_inputs=inputs, private_inputs=private,
                constraints=constraints, a=a, b=b, c=c, labels=labels, name=container.name)


def _read_matrices(container: Container, constraints: int) -> list[SparseMatrix]:
    reader = container.reader(2, "constraints")
    start = reader.offset
    if reader.left % 4 or reader.left < 12 * constraints:
        reader.fail(f"{reader.left} bytes cannot hold {constraints} constraints")
    words = np.require(reader.array("<u4", reader.left // 4, "constraints"), None, ("C", "A"))
    # Where a combination begins is known only from the one before: the one loop there is.
    view, counts, starts, position = words.data, [], [], 0
    try:
        for _ in range(3 * constraints):
            count = view[position]
            starts.append(position + 1)
            counts.append(count)
            position += 1 + ENTRY_WORDS * count
    except IndexError:
        pass
    if position != len(words) or len(counts) != 3 * constraints:
        reader.fail(f"the constraints do not end where the section does: constraint "
                    f"{max(len(counts) - 1, 0) // 3} of {constraints}",
                    at=start + 4 * min(position, len(words)))
    sizes = np.array(counts, dtype=np.int64)
    first = np.concatenate(([0], np.cumsum(sizes)))
    entries = (np.repeat(np.array(starts, dtype=np.int64) - ENTRY_WORDS * first[:-1], sizes)
               + ENTRY_WORDS * np.arange(first[-1]))
    combinations = np.repeat(np.arange(3 * constraints), sizes)
    rows = (combinations // 3).astype(np.int32)
    # A wire beyond int32 becomes negative and is refused with the others out of range.
    columns = words[entries].astype(np.int32)
    values = words[entries[:, None] + np.arange(1, ENTRY_WORDS)].view(np.uint64)
    bad = first_not_below(values, SCALAR_MODULUS)
    if bad is not None:
        reader.fail(f"constraint {int(rows[bad])}: a coefficient is not below the field's prime",
                    at=start + 4 * int(entries[bad]) + 4)
    return [SparseMatrix(rows[which], columns[which], values[which])
            for which in (combinations % 3 == letter for letter in range(3))]


def write_r1cs(path: str | os.PathLike[str], r1cs: R1cs) -> None:
    """Write a constraint system, which circom's and snarkjs' tools read. Raises `ProofmillError`.

    Labels that are missing are taken to be the wires' own numbers.
    """
    labels = r1cs.labels if len(r1cs.labels) else np.arange(r1cs.wires, dtype=np.uint64)
    header = prime_bytes(SCALAR_MODULUS) + struct.pack(
        "<IIIIQI", r1cs.wires, r1cs.public_outputs, r1cs.public_inputs, r1cs.private_inputs,
        int(labels.max()) + 1 if len(labels) else 0, r1cs.constraints)
    write_container(path, MAGIC, VERSION, [
        (1, [header]),
        (2, [raw(_matrix_words(r1cs))]),
        (3, [raw(labels)]),
    ])


def _matrix_words(r1cs: R1cs) -> NDArray[np.uint32]:
    """The content of section 2 in 32-bit words."""
    matrices = (r1cs.a, r1cs.b, r1cs.c)
    sizes = np.stack([np.bincount(matrix.rows, minlength=r1cs.constraints)
                      for matrix in matrices], axis=1)
    lengths = 1 + ENTRY_WORDS * sizes.reshape(-1)
    starts = np.concatenate(([0], np.cumsum(lengths)))
    words = np.zeros(int(starts[-1]), dtype=np.uint32)
    words[starts[:-1]] = sizes.reshape(-1)
    for letter, matrix in enumerate(matrices):
        of_row = starts[:-1].reshape(-1, 3)[:, letter]
        first = np.concatenate(([0], np.cumsum(sizes[:, letter])))
        within = np.arange(len(matrix.rows)) - first[matrix.rows]
        entries = of_row[matrix.rows] + 1 + ENTRY_WORDS * within
        words[entries] = matrix.columns
        words[entries[:, None] + np.arange(1, ENTRY_WORDS)] = np.ascontiguousarray(
            matrix.values).view(np.uint32)
    return words
