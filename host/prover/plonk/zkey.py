"""PLONK's proving keys as snarkjs writes them: ``.zkey`` files of protocol 2.

===== ======================================================================================
kind  content
===== ======================================================================================
1     protocol u32: 2
2     both primes, variables u32, public u32, domain size n u32, additions u32, gates u32; k1, k2;
      the commitments Qm, Ql, Qr, Qo, Qc, S1, S2, S3; [tau] in G2
3     additions: of each two variables u32 and their factors
4..6  for every gate the variable on its wire a, b, c, u32 each
7..11 the polynomials Qm, Ql, Qr, Qo, Qc
12    the polynomials S1, S2, S3
13    the polynomials L_i, for every public signal, and one at least
14    n + 6 powers of tau in G1
===== ======================================================================================

A polynomial is its n coefficients, then its values at w^i, w the root of unity of order 4 n.
Numbers of the field are kept times 2^256 modulo r. The variables are the circuit's wires, of which
wire 0 is worth 0 here, then the sums of the additions; a gate holds where
``Qm a b + Ql a + Qr b + Qo c + Qc + PI = 0``. (PLONK, ePrint 2019/953, section 6; the sections are
as files of snarkjs 0.7 show them.)
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.limbs import (
    BASE_MODULUS,
    NUMBER_BYTES,
    SCALAR_MODULUS,
    Limbs,
    first_not_below,
)
from proofmill.host.prover.curve.scalars import TWO_ADICITY, Vector
from proofmill.host.prover.groth16.container import Container, Reader, open_container
from proofmill.host.prover.groth16.plain import Numbers
from proofmill.host.prover.groth16.plain_points import from_array, in_subgroup, on_curve
from proofmill.host.prover.groth16.zkey import MAGIC, VERSIONS
from proofmill.host.prover.plonk.systems import GROTH16, PROTOCOLS
from proofmill.host.prover.plonk.verification_key import KEY_POINTS, PlonkKey

PLONK = 2

ADDITION = np.dtype([
    ("left", "<u4"), ("right", "<u4"), ("left_factor", "<u8", (4,)),
    ("right_factor", "<u8", (4,))])
"""A variable that is the sum of two others times their factors, kept times 2^256 modulo r."""

SPREAD = 4
"""Values that a key has of a polynomial, a coefficient."""

LEAST_DOMAIN = 8
"""Gates of a key at least, as snarkjs pads them."""

MOST_DOMAIN = (1 << TWO_ADICITY) // SPREAD
"""The largest domain for which there are roots of unity of four times its order."""

LAGRANGE = "L"
"""The name of the polynomials L_i, by index."""

BLINDED = 6
"""Powers of tau beyond the domain's size, for the quotient's last part is so much longer."""

PLACES = {**{name: (7 + index, 0) for index, name in enumerate(KEY_POINTS[:5])},
          **{name: (12, index) for index, name in enumerate(KEY_POINTS[5:])}, LAGRANGE: (13, 0)}
"""The section that has a polynomial, and which one of the section's it is."""

POWERS_SECTION = 14


def polynomial_bytes(size: int) -> int:
    """Of a polynomial of `size` coefficients and its values."""
    return (1 + SPREAD) * size * NUMBER_BYTES


class Polynomials:
    """The polynomials of a key, read from its mapped file when they are asked for.

    `places`: the section that has each, and which one of the section's it is. Numbers are checked
    to be below r as they are read. Raises `ProofmillError`.
    """

    def __init__(self, container: Container, size: int, places: Mapping[str, tuple[int, int]],
                 lagrange: int) -> None:
        self._container, self._size, self._places = container, size, places
        counts: dict[int, int] = {}
        for name, (section, index) in places.items():
            most = lagrange if name == LAGRANGE else index + 1
            counts[section] = max(counts.get(section, 0), most)
        for section, count in counts.items():
            reader = container.reader(section, "polynomials")
            reader.take(count * polynomial_bytes(size),
                        f"{count} polynomials of {size} coefficients")
            reader.finish()

    def coefficients(self, name: str, index: int = 0) -> Vector:
        """The coefficients, lowest first, shape (n,); a view of the file where possible."""
        reader = self._at(name, index)
        return scalars.from_raw(reader.numbers(self._size, SCALAR_MODULUS, f"coefficients {name}"))

    def values(self, name: str, coset: int, index: int = 0) -> Vector:
        """The values at ``w^(4 i + coset)``, shape (n,), w of order 4 n."""
        reader = self._at(name, index)
        reader.take(self._size * NUMBER_BYTES, "coefficients")
        start = reader.offset
        every: Limbs = reader.array("<u8", 4 * SPREAD * self._size, f"values of {name}").reshape(
            -1, SPREAD, 4)
        limbs = np.ascontiguousarray(every[:, coset])
        bad = first_not_below(limbs, SCALAR_MODULUS)
        if bad is not None:
            reader.fail(f"value {SPREAD * bad + coset} of {name}: not below the field's prime",
                        at=start + (SPREAD * bad + coset) * NUMBER_BYTES)
        # Of one coset's values every page of all four has been read.
        self._container.release()
        return scalars.from_raw(limbs)

    def _at(self, name: str, index: int) -> Reader:
        section, first = self._places[name]
        reader = self._container.reader(section, f"polynomial {name}")
        reader.take((first + index) * polynomial_bytes(self._size), "polynomials before")
        return reader


@dataclass(frozen=True)
class Circuit:
    """The gates of a key: what is in sections 3 to 6, the same for PLONK and FFLONK.

    `variables`: how many there are, the last ``len(additions)`` of them sums; `additions`: of dtype
    `ADDITION`; `columns`: the variable on wire a, b, c of every gate, shape (3, gates).
    """

    variables: int
    public: int
    domain_size: int
    additions: NDArray[Any]
    columns: NDArray[np.uint32]

    @property
    def wires(self) -> int:
        """Values of a witness."""
        return self.variables - len(self.additions)

    @property
    def gates(self) -> int:
        """How many, those of public signals too, without the padding."""
        return int(self.columns.shape[1])

    @property
    def power(self) -> int:
        """n is 2 to it."""
        return self.domain_size.bit_length() - 1


@dataclass(frozen=True)
class PlonkProvingKey:
    """A PLONK proving key; what is large stays in the mapped file.

    `powers`: tau^i in G1, shape (n + 6, 8), as `host.prover.curve.points` lays points out.
    """

    circuit: Circuit
    verification_key: PlonkKey
    polynomials: Polynomials
    powers: Limbs
    name: str


def protocol_of(container: Container) -> int:
    """The number in section 1, which says for what system a key is."""
    reader = container.reader(1, "protocol")
    number = reader.u32("protocol")
    reader.finish()
    return number


def open_key(path: str | os.PathLike[str]) -> tuple[Container, str]:
    """A key's file, and the system it is of; of one that is unknown Groth16's reader tells."""
    container = open_container(path, MAGIC, VERSIONS)
    return container, PROTOCOLS.get(protocol_of(container), GROTH16)


def check_protocol(container: Container, protocol: int) -> None:
    """Raise `ProofmillError` where a key is not for the system of this number, PLONK or FFLONK."""
    if (number := protocol_of(container)) != protocol:
        system = PROTOCOLS[protocol]
        container.reader(1, "protocol").fail(
            f"the key is for {PROTOCOLS.get(number, f'protocol {number}')}, not {system.upper()}",
            f"run `proofmill setup --system {system}`")


def read_zkey(path: str | os.PathLike[str]) -> PlonkProvingKey:
    """Open a proving key. Raises `ProofmillError`."""
    return parse_zkey(open_container(path, MAGIC, VERSIONS))


def parse_zkey(container: Container) -> PlonkProvingKey:
    """The key in an opened ``.zkey``: sizes and all indices are checked, and the header's points;
    polynomials and powers of tau as they are read."""
    check_protocol(container, PLONK)
    header = container.reader(2, "header")
    variables, public, size, additions, gates = read_counts(header)
    k1, k2 = read_scalars(header, 2, "k1 and k2")
    points = read_points(header, Group.G1, len(KEY_POINTS), "commitments")
    tau = read_points(header, Group.G2, 1, "tau")[0]
    header.finish()
    circuit = read_circuit(container, variables, public, size, additions, gates)
    powers = container.reader(POWERS_SECTION, "powers of tau")
    found = powers.points(Group.G1, size + BLINDED, "powers of tau")
    powers.finish()
    return PlonkProvingKey(
        circuit=circuit, verification_key=PlonkKey(
            public=public, power=circuit.power, k1=k1, k2=k2,
            points=dict(zip(KEY_POINTS, points, strict=True)), tau=tau, name=container.name),
        polynomials=Polynomials(container, size, PLACES, max(1, public)), powers=found,
        name=container.name)


def read_counts(header: Reader) -> tuple[int, int, int, int, int]:
    """Variables, public signals, the domain's size, additions and gates, after both primes."""
    header.prime(BASE_MODULUS, "the prime of coordinates")
    header.prime(SCALAR_MODULUS, "the prime of scalars")
    variables, public, size, additions, gates = (header.u32(f"number of {what}") for what in (
        "variables", "public signals", "the domain", "additions", "gates"))
    if public + 1 + additions > variables:
        header.fail(f"{public} public signals, the constant 1 and {additions} additions do not fit "
                    f"{variables} variables")
    if not LEAST_DOMAIN <= size <= MOST_DOMAIN or size & (size - 1):
        header.fail(f"the domain size {size} is not a power of two from {LEAST_DOMAIN} to "
                    f"{MOST_DOMAIN}")
    if not public <= gates <= size:
        header.fail(f"{gates} gates do not fit {public} public signals and a domain of {size}")
    return variables, public, size, additions, gates


def read_scalars(header: Reader, count: int, what: str) -> list[int]:
    """Plain numbers below r."""
    limbs = header.numbers(count, SCALAR_MODULUS, what)
    return scalars.to_integers(scalars.from_raw(limbs))


def read_points(header: Reader, group: Group, count: int, what: str) -> list[Numbers]:
    """Points of the group in plain coordinates."""
    points = from_array(group, header.points(group, count, what))
    for index, point in enumerate(points):
        if not on_curve(group, point):
            header.fail(f"{what}, index {index}: not on the curve")
        if group is Group.G2 and not (any(point) and in_subgroup(group, point)):
            header.fail(f"{what}: not in the subgroup of prime order, or infinity")
    return points


def read_circuit(container: Container, variables: int, public: int, size: int, additions: int,
                 gates: int) -> Circuit:
    """Sections 3 to 6: every variable that is named comes before what is computed from it."""
    reader = container.reader(3, "additions")
    start = reader.offset
    found = reader.array(ADDITION, additions, "additions")
    reader.finish()
    own = np.arange(variables - additions, variables, dtype=np.int64)
    for side in ("left", "right"):
        bad = np.flatnonzero(found[side] >= own)
        if len(bad):
            reader.fail(f"addition {int(bad[0])}: variable {int(found[side][bad[0]])} is not there "
                        "yet", at=start + int(bad[0]) * ADDITION.itemsize)
        wrong = first_not_below(found[f"{side}_factor"], SCALAR_MODULUS)
        if wrong is not None:
            reader.fail(f"addition {wrong}: a factor is not below the field's prime",
                        at=start + wrong * ADDITION.itemsize)
    columns = []
    for kind, letter in zip((4, 5, 6), "abc", strict=True):
        reader = container.reader(kind, f"variables on wires {letter}")
        start = reader.offset
        column = reader.array("<u4", gates, "variables")
        reader.finish()
        bad = np.flatnonzero(column >= variables)
        if len(bad):
            reader.fail(f"gate {int(bad[0])}: variable {int(column[bad[0]])}, but there are "
                        f"{variables}", at=start + 4 * int(bad[0]))
        columns.append(column)
    return Circuit(variables=variables, public=public, domain_size=size, additions=found,
                   columns=np.array(columns, dtype=np.uint32).reshape(3, gates))
