"""PLONK's keys from a circuit and powers of tau, byte for byte as `snarkjs plonk setup` has them.

There is no ceremony for a circuit: whoever has the powers makes the same key.
"""

import os
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.kept import Content
from proofmill.host.ground.output import raw, write_atomically
from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.limbs import BASE_MODULUS, SCALAR_MODULUS, Limbs
from proofmill.host.prover.curve.scalars import Vector
from proofmill.host.prover.curve.subgroup import all_in_subgroup
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.groth16.container import Container, prime_bytes
from proofmill.host.prover.groth16.plain_points import to_array
from proofmill.host.prover.groth16.r1cs import R1cs
from proofmill.host.prover.groth16.zkey import MAGIC
from proofmill.host.prover.plonk.commitments import Committer
from proofmill.host.prover.plonk.gates import Gated, gates_of, permuted
from proofmill.host.prover.plonk.identities import shift_of
from proofmill.host.prover.plonk.polynomials import on_coset
from proofmill.host.prover.plonk.verification_key import KEY_POINTS
from proofmill.host.prover.plonk.zkey import (
    BLINDED,
    LAGRANGE,
    PLACES,
    PLONK,
    POWERS_SECTION,
    SPREAD,
    Circuit,
    polynomial_bytes,
)

VERSION = 1

K1, K2 = 2, 3
"""What tells columns of wires apart: in no two of 1, K1, K2 differs by a root of unity of order
2^28 or less."""

Step: TypeAlias = Callable[[str, int, int], None]
"""Told (what is being done, work done, work in all)."""


class Monomials(Protocol):
    """Powers of tau as far as a setup needs them: `host.prover.groth16.powers.Powers`, or made as
    they are asked for. There are 2^(power + 1) - 1 in G1."""

    @property
    def name(self) -> str: ...

    @property
    def power(self) -> int: ...

    def monomials(self, kind: int, start: int, count: int) -> Limbs:
        """Points start .. start + count - 1 of section `kind` of a ``.ptau``."""
        ...


@dataclass(frozen=True)
class Section:
    """A section to be written: its size is known before its content is computed."""

    kind: int
    size: int
    content: Callable[[], Iterator[Content]]


def plonk_setup(r1cs: R1cs, powers: Monomials, path: str | os.PathLike[str],
                step: Step | None = None) -> Circuit:
    """Write the PLONK key of `r1cs`; return its gates.

    `step` is told of the work. Memory holds the values of all gates and one polynomial more; points
    are read from the mapped file. Raises `ProofmillError` where the powers do not reach or are
    damaged where they are used, and where the circuit is too large or the file cannot be written.
    """
    step = step or (lambda what, done, total: None)
    step("making the gates", 0, 1)
    gated = gates_of(r1cs)
    circuit = gated.circuit
    points = first_powers(powers, circuit.domain_size + BLINDED, circuit.gates)
    write_atomically(path, file_content(_sections(gated, points, tau_of(powers), step)))
    return circuit


def first_difference(r1cs: R1cs, powers: Monomials, container: Container, step: Step | None = None
                     ) -> str | None:
    """Where a PLONK key is another than `plonk_setup` makes; None where it is that one.

    Raises `ProofmillError` as `plonk_setup`.
    """
    gated = gates_of(r1cs)
    points = first_powers(powers, gated.circuit.domain_size + BLINDED, gated.circuit.gates)
    return compared(_sections(gated, points, tau_of(powers), step or (lambda *told: None)),
                    container)


def compared(sections: Sequence[Section], container: Container) -> str | None:
    """The first section of a file that is not the one of `sections`; None if all are."""
    found: dict[int, str] = {}
    for section in sections:
        if section.kind not in container.sections:
            return f"section {section.kind} is missing"
        reader = container.reader(section.kind, "section")
        if reader.left != section.size:
            return f"section {section.kind} has {reader.left} bytes, not {section.size}"
        place = 0
        for piece in section.content():
            same = bytes(reader.take(len(piece), "section")) == bytes(piece)
            if not same:
                found.setdefault(section.kind, f"section {section.kind} differs in the {len(piece)}"
                                               f" bytes from byte {place} on")
            place += len(piece)
    return min(found.items())[1] if found else None


def first_powers(powers: Monomials, count: int, gates: int) -> Limbs:
    """tau^i in G1 for i below `count`, shape (count, 8), checked to be on the curve."""
    if count > (most := (2 << powers.power) - 1):
        raise ProofmillError(
            f"{powers.name}: has {most} powers of tau, {gates} gates need {count}; give powers of "
            f"tau of degree 2^{(count // 2).bit_length()} or more")
    return powers.monomials(2, 0, count)


def tau_of(powers: Monomials) -> Limbs:
    """tau in G2, shape (16,), checked to be in the subgroup."""
    point = powers.monomials(3, 1, 1)
    if not all_in_subgroup(point):
        raise ProofmillError(f"{powers.name}: tau in G2 is not in the subgroup of prime order; "
                             "copy the file again")
    return point.reshape(-1)


def file_content(sections: Sequence[Section]) -> Iterator[Content]:
    """The file of these sections, in their order, computed as it is written."""
    yield MAGIC + struct.pack("<II", VERSION, len(sections))
    for section in sections:
        yield struct.pack("<IQ", section.kind, section.size)
        yield from section.content()


def circuit_sections(circuit: Circuit) -> list[Section]:
    """Sections 3 to 6."""
    whole = [(3, circuit.additions), *zip((4, 5, 6), circuit.columns, strict=True)]
    return [Section(kind, array.nbytes, lambda array=array: iter([raw(array)]))  # type: ignore[misc]
            for kind, array in whole]


def pieces(coefficients: Vector) -> Iterator[Content]:
    """A polynomial in the file."""
    size = len(coefficients)
    yield raw(scalars.to_raw(coefficients))
    values = scalars.zeros(SPREAD * size)
    for coset in range(SPREAD):
        values[coset::SPREAD] = on_coset(coefficients, size,
                                         shift_of(coset, size.bit_length() - 1))
    yield raw(scalars.to_raw(values))


def lagrange_pieces(size: int, count: int) -> Iterator[Content]:
    """The polynomials L_0 .. L_(count - 1)."""
    for place in range(count):
        values = scalars.zeros(size)
        values[place:place + 1] = scalars.from_integers([1])
        yield from pieces(scalars.inverse_transform(values))


def values_of(gated: Gated, free: int = 0) -> dict[str, Vector]:
    """Selectors and permutation at the domain's places, by name; `free`: see `permuted`."""
    return gated.selectors | dict(zip(
        KEY_POINTS[5:], permuted(gated.circuit, (1, K1, K2), free), strict=True))


def counts_bytes(circuit: Circuit) -> bytes:
    """The start of section 2: primes and counts, k1 and k2."""
    return prime_bytes(BASE_MODULUS) + prime_bytes(SCALAR_MODULUS) + struct.pack(
        "<IIIII", circuit.variables, circuit.public, circuit.domain_size, len(circuit.additions),
        circuit.gates) + scalar_bytes([K1, K2])


def scalar_bytes(values: Sequence[int]) -> bytes:
    """Numbers of the field as a key has them."""
    return scalars.to_raw(scalars.from_integers(values)).tobytes()


def _sections(gated: Gated, points: Limbs, tau: Limbs, step: Step) -> list[Section]:
    """All of them in snarkjs' order."""
    circuit = gated.circuit
    size, lagrange = circuit.domain_size, max(1, circuit.public)
    values, each = values_of(gated), polynomial_bytes(circuit.domain_size)
    committer = Committer(CpuDevice(), points)
    commitments: dict[str, bytes] = {}
    by_section: dict[int, list[str]] = {}
    for name, (kind, _) in PLACES.items():
        by_section.setdefault(kind, []).append(name)

    def section(names: Sequence[str]) -> Iterator[Content]:
        for name in names:
            step(f"polynomial {name}", len(commitments), len(KEY_POINTS))
            coefficients = scalars.inverse_transform(values.pop(name))
            commitments[name] = to_array(
                Group.G1, committer.commit([coefficients])[0]).tobytes()
            yield from pieces(coefficients)

    def header(values: Mapping[str, bytes]) -> Iterator[Content]:
        yield counts_bytes(circuit)
        for name in KEY_POINTS:
            yield values[name]
        yield raw(tau)

    found = circuit_sections(circuit)
    for kind, names in by_section.items():
        if names == [LAGRANGE]:
            found.append(Section(kind, lagrange * each, lambda: lagrange_pieces(size, lagrange)))
        else:
            found.append(Section(kind, len(names) * each, lambda names=names: section(names)))  # type: ignore[misc]
    whole = np.ascontiguousarray(points)
    head = len(counts_bytes(circuit)) + len(KEY_POINTS) * points[0].nbytes + tau.nbytes
    return [*found,
            Section(POWERS_SECTION, whole.nbytes, lambda: iter([raw(whole)])),
            Section(1, 4, lambda: iter([struct.pack("<I", PLONK)])),
            Section(2, head, lambda: header(commitments))]
