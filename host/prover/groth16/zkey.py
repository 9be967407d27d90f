"""Proving keys as snarkjs writes them: ``.zkey`` files of Groth16, versions 1 and 2.

===== ======================================================================================
kind  content
===== ======================================================================================
1     protocol u32: 1
2     both primes, wires u32, public u32, domain size u32, then alpha (G1), beta (G1, G2),
      gamma (G2), delta (G1, G2)
3     public points (snarkjs: IC)
4     number of coefficients u32, the coefficients of A and B (44 bytes each); those of A have
      one more row for each public wire and the constant, which keeps these independent
5..9  A, B in G1, B in G2, C, H
10    64 bytes that bind the circuit, number of contributions u32, the contributions
===== ======================================================================================
"""

import os
import struct
from collections.abc import Iterator, Sequence

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.ground.kept import Content
from proofmill.host.ground.output import raw, write_atomically
from proofmill.host.prover.curve.limbs import BASE_MODULUS, SCALAR_MODULUS, first_not_below
from proofmill.host.prover.curve.scalars import TWO_ADICITY
from proofmill.host.prover.groth16.container import (
    Container,
    Reader,
    container_content,
    open_container,
    prime_bytes,
)
from proofmill.host.prover.groth16.proving_key import (
    COEFFICIENT,
    Coefficients,
    Contribution,
    ProvingKey,
)

MAGIC = b"zkey"
VERSIONS = (1, 2)
GROTH16 = 1
PROTOCOLS = {2: "PLONK", 10: "FFLONK"}

NAME, ITERATIONS, BEACON = 1, 2, 3
"""The parameters a contribution may carry."""


def read_zkey(path: str | os.PathLike[str]) -> ProvingKey:
    """Open a proving key; its points stay in the mapped file. Raises `ProofmillError`.

    Sizes, indices and ranges of all values are checked. Whether the points are on the curve is
    for those to ask that compute with them, see `host.prover.devices.inputs`; whether those of G2
    are in the group takes longer than a proof, see `host.prover.groth16.diagnosis`.
    """
    return parse_zkey(open_container(path, MAGIC, VERSIONS))


def parse_zkey(container: Container) -> ProvingKey:
    """The key in an opened ``.zkey``."""
    protocol = container.reader(1, "protocol")
    number = protocol.u32("protocol")
    if number != GROTH16:
        protocol.fail(f"the key is for {PROTOCOLS.get(number, f'protocol {number}')}, not Groth16",
                      "run `snarkjs groth16 setup`")
    protocol.finish()
    header = container.reader(2, "header")
    header.prime(BASE_MODULUS, "the prime of coordinates")
    header.prime(SCALAR_MODULUS, "the prime of scalars")
    wires, public, domain_size = (
        header.u32(what) for what in ("number of wires", "number of public signals", "domain size"))
    if public + 1 > wires:
        header.fail(f"{public} public signals and the constant 1 do not fit {wires} wires")
    if domain_size < 2 or domain_size & (domain_size - 1) or domain_size >> TWO_ADICITY > 1:
        header.fail(f"the domain size {domain_size} is not a power of two from 2 to 2^28")
    g1, g2 = Group.G1, Group.G2
    single = {
        name: header.points(group, 1, name).reshape(-1)
        for name, group in (("alpha_g1", g1), ("beta_g1", g1), ("beta_g2", g2), ("gamma_g2", g2),
                            ("delta_g1", g1), ("delta_g2", g2))}
    header.finish()
    many = {}
    for kind, name, group, count in (
            (3, "public_points", g1, public + 1), (5, "a", g1, wires), (6, "b_g1", g1, wires),
            (7, "b_g2", g2, wires), (8, "c", g1, wires - public - 1), (9, "h", g1, domain_size)):
        reader = container.reader(kind, f"points {name}")
        many[name] = reader.points(group, count, "points")
        reader.finish()
    coefficients = _read_coefficients(
        container.reader(4, "coefficients"), wires, domain_size)
    circuit_hash = bytes(64)
    contributions: tuple[Contribution, ...] = ()
    if 10 in container.sections:
        circuit_hash, contributions = _read_contributions(container.reader(10, "contributions"))
    return ProvingKey(
        name=container.name, wires=wires, public=public, domain_size=domain_size,
        coefficients=coefficients, circuit_hash=circuit_hash, contributions=contributions,
        **single, **many)


def _read_coefficients(reader: Reader, wires: int, domain_size: int) -> Coefficients:
    count = reader.u32("number of coefficients")
    start = reader.offset
    coefficients = reader.array(COEFFICIENT, count, "coefficients")
    for field, bound in (("matrix", 2), ("constraint", domain_size), ("signal", wires)):
        # One pass; the place is looked for only where there is one.
        if count and int(coefficients[field].max()) >= bound:
            bad = int(np.flatnonzero(coefficients[field] >= bound)[0])
            reader.fail(f"coefficient {bad}: {field} {int(coefficients[field][bad])} "
                        f"is not below {bound}", at=start + bad * COEFFICIENT.itemsize)
    not_below = first_not_below(coefficients["value"], SCALAR_MODULUS)
    if not_below is not None:
        reader.fail(f"coefficient {not_below}: value not below the field's prime",
                    at=start + not_below * COEFFICIENT.itemsize)
    reader.finish()
    return coefficients


def _read_contributions(reader: Reader) -> tuple[bytes, tuple[Contribution, ...]]:
    circuit_hash = bytes(reader.take(64, "hash of the circuit"))
    contributions = tuple(
        _read_contribution(reader) for _ in range(reader.u32("number of contributions")))
    reader.finish()
    return circuit_hash, contributions


def _read_contribution(reader: Reader) -> Contribution:
    delta_g1, g1_s, g1_sx = (
        reader.points(Group.G1, 1, what).reshape(-1) for what in ("delta", "g1_s", "g1_sx"))
    g2_spx = reader.points(Group.G2, 1, "g2_spx").reshape(-1)
    transcript = bytes(reader.take(64, "transcript"))
    kind = reader.u32("kind of contribution")
    end = reader.u32("length of parameters") + reader.offset
    name, iterations, beacon = None, None, None
    last = 0
    while reader.offset < end:
        parameter = reader.u8("parameter")
        if parameter <= last:
            reader.fail(f"a contribution's parameter {parameter} comes after {last}")
        last = parameter
        if parameter == NAME:
            data = reader.take(reader.u8("length of the name"), "name")
            name = bytes(data).decode("utf-8", "replace")
        elif parameter == ITERATIONS:
            iterations = reader.u8("exponent of iterations")
        elif parameter == BEACON:
            beacon = bytes(reader.take(reader.u8("length of the beacon"), "beacon"))
        else:
            reader.fail(f"a contribution has the unknown parameter {parameter}")
    if reader.offset != end:
        reader.fail("a contribution's parameters do not end where they should")
    return Contribution(delta_g1=delta_g1, g1_s=g1_s, g1_sx=g1_sx, g2_spx=g2_spx,
                        transcript=transcript, kind=kind, name=name, iterations=iterations,
                        beacon=beacon)


def write_zkey(path: str | os.PathLike[str], key: ProvingKey) -> None:
    """Write a proving key that snarkjs and rapidsnark read. Raises `ProofmillError`."""
    write_atomically(path, zkey_content(key))


def zkey_content(key: ProvingKey) -> Iterator[Content]:
    """What the file of a proving key holds, piece by piece."""
    header = b"".join((
        prime_bytes(BASE_MODULUS), prime_bytes(SCALAR_MODULUS),
        struct.pack("<III", key.wires, key.public, key.domain_size)))
    single = (key.alpha_g1, key.beta_g1, key.beta_g2, key.gamma_g2, key.delta_g1, key.delta_g2)
    sections: list[tuple[int, Sequence[Content]]] = [
        (1, [struct.pack("<I", GROTH16)]),
        (2, [header, *(raw(point) for point in single)]),
        (3, [raw(key.public_points)]),
        (4, [struct.pack("<I", len(key.coefficients)), raw(key.coefficients)]),
        (5, [raw(key.a)]),
        (6, [raw(key.b_g1)]),
        (7, [raw(key.b_g2)]),
        (8, [raw(key.c)]),
        (9, [raw(key.h)]),
        (10, [record_bytes(key.circuit_hash, key.contributions)]),
    ]
    return container_content(MAGIC, VERSIONS[0], sections)


def record_bytes(circuit_hash: bytes, contributions: Sequence[Contribution]) -> bytes:
    """The content of section 10."""
    pieces = [circuit_hash, struct.pack("<I", len(contributions))]
    for contribution in contributions:
        pieces += _contribution_bytes(contribution)
    return b"".join(pieces)


def _contribution_bytes(contribution: Contribution) -> list[bytes]:
    parameters = b""
    if contribution.name is not None:
        name = contribution.name.encode()
        parameters += bytes((NAME, len(name))) + name
    if contribution.iterations is not None:
        parameters += bytes((ITERATIONS, contribution.iterations))
    if contribution.beacon is not None:
        parameters += bytes((BEACON, len(contribution.beacon))) + contribution.beacon
    points = (contribution.delta_g1, contribution.g1_s, contribution.g1_sx, contribution.g2_spx)
    return [*(point.tobytes() for point in points), contribution.transcript,
            struct.pack("<II", contribution.kind, len(parameters)), parameters]
