"""From a witness to the values on the wires of a key's gates."""

import numpy as np

from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.curve.scalars import Vector
from proofmill.host.prover.plonk.identities import gate_sums
from proofmill.host.prover.plonk.zkey import Circuit, Polynomials


def variables(circuit: Circuit, witness: Limbs) -> Vector:
    """The value of every variable, shape (variables,): the wires, and the sums of additions.

    Wire 0, on the places that a gate leaves free, is worth 0.
    """
    values = scalars.zeros(circuit.variables)
    values[:circuit.wires] = scalars.from_plain(witness)
    values[:1] = scalars.zeros(1)
    additions = circuit.additions
    factors = [scalars.from_raw(additions[side]) for side in ("left_factor", "right_factor")]
    left, right = (additions[side].astype(np.intp) for side in ("left", "right"))
    for level in _levels(circuit):
        values[circuit.wires + level] = (factors[0][level] * values[left[level]]
                                         + factors[1][level] * values[right[level]])
    return values


def _levels(circuit: Circuit) -> list[np.ndarray[tuple[int], np.dtype[np.intp]]]:
    """The additions by how many others come before them, so that each level is one product."""
    heights = [0] * circuit.variables
    place = circuit.wires
    for left, right in zip(circuit.additions["left"].tolist(), circuit.additions["right"].tolist(),
                           strict=True):
        heights[place] = 1 + max(heights[left], heights[right])
        place += 1
    found = np.array(heights[circuit.wires:], dtype=np.intp)
    return [np.flatnonzero(found == height) for height in range(1, int(found.max(initial=0)) + 1)]


def columns(circuit: Circuit, values: Vector) -> list[Vector]:
    """The values on wires a, b and c of all gates, those of the padding too, shape (n,) each."""
    found = []
    for column in circuit.columns:
        padded = scalars.zeros(circuit.domain_size)
        padded[:circuit.gates] = values[column.astype(np.intp)]
        found.append(padded)
    return found


def first_unsatisfied(circuit: Circuit, polynomials: Polynomials, wires: list[Vector],
                      public: Vector) -> int | None:
    """The first gate that does not hold with the values of `columns` and public signals; None if
    all do."""
    total = gate_sums(polynomials, wires, 0)
    total[:len(public)] -= public
    broken = np.flatnonzero(total != scalars.zeros(1))
    return int(broken[0]) if len(broken) else None
