"""FFLONK's keys from a circuit and powers of tau, as `snarkjs fflonk setup` has them.

The gates are PLONK's; there is no ceremony for a circuit.
"""

import os
import struct
from collections.abc import Iterator

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.ground.kept import Content
from proofmill.host.ground.output import raw, write_atomically
from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.limbs import NUMBER_BYTES, Limbs
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.fflonk.verification_key import ROOTS, third_of_root
from proofmill.host.prover.fflonk.zkey import (
    C0_SECTION,
    FFLONK,
    FREE,
    IN_C0,
    PLACES,
    POWERS_SECTION,
    powers_count,
)
from proofmill.host.prover.groth16.container import Container
from proofmill.host.prover.groth16.plain_points import to_array
from proofmill.host.prover.groth16.r1cs import R1cs
from proofmill.host.prover.plonk.commitments import Committer
from proofmill.host.prover.plonk.gates import Gated, gates_of
from proofmill.host.prover.plonk.setup import (
    Monomials,
    Section,
    Step,
    circuit_sections,
    compared,
    counts_bytes,
    file_content,
    first_powers,
    lagrange_pieces,
    pieces,
    scalar_bytes,
    tau_of,
    values_of,
)
from proofmill.host.prover.plonk.zkey import LAGRANGE, Circuit, polynomial_bytes


def fflonk_setup(r1cs: R1cs, powers: Monomials, path: str | os.PathLike[str],
                 step: Step | None = None) -> Circuit:
    """Write the FFLONK key of `r1cs`; return its gates. As `host.prover.plonk.setup.plonk_setup`,
    with 9 powers of tau a gate."""
    step = step or (lambda what, done, total: None)
    step("making the gates", 0, 1)
    gated = gates_of(r1cs, FREE)
    write_atomically(path, file_content(_sections(gated, powers, step)))
    return gated.circuit


def first_difference(r1cs: R1cs, powers: Monomials, container: Container, step: Step | None = None
                     ) -> str | None:
    """Where an FFLONK key is another than `fflonk_setup` makes; None where it is that one."""
    sections = _sections(gates_of(r1cs, FREE), powers, step or (lambda *told: None))
    return compared(sections, container)


def _sections(gated: Gated, powers: Monomials, step: Step) -> list[Section]:
    """All of them in snarkjs' order."""
    circuit = gated.circuit
    size, lagrange = circuit.domain_size, max(1, circuit.public)
    points: Limbs = np.ascontiguousarray(first_powers(powers, powers_count(size), circuit.gates))
    tau = tau_of(powers)
    values, c0 = values_of(gated, FREE), scalars.zeros(8 * size)

    def polynomial(name: str) -> Iterator[Content]:
        step(f"polynomial {name}", len(IN_C0) - len(values), len(IN_C0))
        coefficients = scalars.inverse_transform(values.pop(name))
        c0[IN_C0.index(name)::8] = coefficients
        yield from pieces(coefficients)

    def header() -> Iterator[Content]:
        step("committing", len(IN_C0), len(IN_C0))
        commitment = Committer(CpuDevice(), points).commit([c0])[0]
        yield counts_bytes(circuit)
        yield scalar_bytes([*ROOTS.values(), third_of_root(circuit.power)])
        yield raw(tau)
        yield to_array(Group.G1, commitment).tobytes()

    found = [Section(1, 4, lambda: iter([struct.pack("<I", FFLONK)])), *circuit_sections(circuit)]
    for name, (kind, _) in PLACES.items():
        if name == LAGRANGE:
            found.append(Section(kind, lagrange * polynomial_bytes(size),
                                 lambda: lagrange_pieces(size, lagrange)))
        else:
            found.append(Section(kind, polynomial_bytes(size), lambda name=name: polynomial(name)))  # type: ignore[misc]
    head = len(counts_bytes(circuit)) + 4 * NUMBER_BYTES + tau.nbytes + points[0].nbytes
    return [*found,
            Section(POWERS_SECTION, points.nbytes, lambda: iter([raw(points)])),
            Section(C0_SECTION, 8 * size * NUMBER_BYTES, lambda: iter([raw(scalars.to_raw(c0))])),
            Section(2, head, header)]
