"""FFLONK's proving keys as snarkjs writes them: ``.zkey`` files of protocol 10.

===== ======================================================================================
kind  content
===== ======================================================================================
1     protocol u32: 10
2     both primes, variables u32, public u32, domain size n u32, additions u32, gates u32; k1, k2;
      the roots of unity w3, w4, w8, wr; [tau] in G2; the commitment C0
3..6  additions, and the variables on the wires, as PLONK's (`host.prover.plonk.zkey`)
7..11 the polynomials Ql, Qr, Qm, Qo, Qc
12..14 the polynomials S1, S2, S3
15    the polynomials L_i, for every public signal, and one at least
16    9 n + 18 powers of tau in G1
17    the 8 n coefficients of C0
===== ======================================================================================
"""

import os
from dataclasses import dataclass

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.limbs import NUMBER_BYTES, SCALAR_MODULUS, Limbs
from proofmill.host.prover.curve.scalars import Vector
from proofmill.host.prover.fflonk.verification_key import ROOTS, FflonkKey, third_of_root
from proofmill.host.prover.groth16.container import Container, open_container
from proofmill.host.prover.groth16.zkey import MAGIC, VERSIONS
from proofmill.host.prover.plonk.verification_key import KEY_POINTS
from proofmill.host.prover.plonk.zkey import (
    LAGRANGE,
    Circuit,
    Polynomials,
    check_protocol,
    read_circuit,
    read_counts,
    read_points,
    read_scalars,
)

FFLONK = 10

PLACES = {**{name: (7 + index, 0) for index, name in enumerate(
    ("Ql", "Qr", "Qm", "Qo", "Qc", *KEY_POINTS[5:]))}, LAGRANGE: (15, 0)}
"""The section that has a polynomial."""

IN_C0 = ("Ql", "Qr", "Qo", "Qm", "Qc", "S1", "S2", "S3")
"""The polynomials of C0, in order."""

FREE = 2
"""Gates at the domain's end whose wires have random values, which hide the others."""

POWERS_SECTION, C0_SECTION = 16, 17


def powers_count(size: int) -> int:
    """Powers of tau in a key of a domain."""
    return 9 * size + 18


@dataclass(frozen=True)
class FflonkProvingKey:
    """An FFLONK proving key; what is large stays in the mapped file.

    `powers`: tau^i in G1, shape (9 n + 18, 8), as `host.prover.curve.points` lays points out.
    """

    circuit: Circuit
    verification_key: FflonkKey
    polynomials: Polynomials
    powers: Limbs
    name: str
    _container: Container

    def c0(self) -> Vector:
        """The coefficients of C0, shape (8 n,); raises `ProofmillError` where one is not below
        r."""
        reader = self._container.reader(C0_SECTION, "C0")
        return scalars.from_raw(reader.numbers(8 * self.circuit.domain_size, SCALAR_MODULUS,
                                               "coefficients of C0"))


def read_zkey(path: str | os.PathLike[str]) -> FflonkProvingKey:
    """Open a proving key. Raises `ProofmillError`."""
    return parse_zkey(open_container(path, MAGIC, VERSIONS))


def parse_zkey(container: Container) -> FflonkProvingKey:
    """The key in an opened ``.zkey``, checked as `host.prover.plonk.zkey.parse_zkey` does."""
    check_protocol(container, FFLONK)
    header = container.reader(2, "header")
    variables, public, size, additions, gates = read_counts(header)
    k1, k2 = read_scalars(header, 2, "k1 and k2")
    roots = read_scalars(header, 4, "roots of unity")
    if roots != [*ROOTS.values(), third_of_root(size.bit_length() - 1)]:
        header.fail("the roots of unity are not those that snarkjs takes")
    tau = read_points(header, Group.G2, 1, "tau")[0]
    c0 = read_points(header, Group.G1, 1, "C0")[0]
    header.finish()
    circuit = read_circuit(container, variables, public, size, additions, gates)
    reader = container.reader(POWERS_SECTION, "powers of tau")
    powers = reader.points(Group.G1, powers_count(size), "powers of tau")
    reader.finish()
    reader = container.reader(C0_SECTION, "C0")
    reader.take(8 * size * NUMBER_BYTES, "coefficients")
    reader.finish()
    return FflonkProvingKey(
        circuit=circuit, verification_key=FflonkKey(
            public=public, power=circuit.power, k1=k1, k2=k2, c0=c0, tau=tau,
            name=container.name),
        polynomials=Polynomials(container, size, PLACES, max(1, public)), powers=powers,
        name=container.name, _container=container)
