"""The one equation by which a proof that opens KZG commitments is checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve.arithmetic import multi_scalar_multiplication
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS, Limbs, to_limbs
from proofmill.host.prover.curve.pairing import product_is_one
from proofmill.host.prover.curve.points import generator
from proofmill.host.prover.groth16.plain import Numbers
from proofmill.host.prover.groth16.plain_points import to_array
from proofmill.host.prover.native.library import G1, Library, library_if_there
from proofmill.host.prover.native.sums import weighted_sum

GENERATOR: Numbers = (1, 2)
"""The generator of G1: the commitment to 1."""

Term: TypeAlias = tuple[int, Numbers]
"""A factor, any integer, and the point of G1 it multiplies."""


@dataclass(frozen=True)
class Equation:
    """``e(sum(at_tau), [tau]_2) = e(sum(at_one), [1]_2)``, where a sum is of factor * point.

    `tau`: [tau]_2 in plain coordinates, real parts first. (A. Kate, G. M. Zaverucha, I. Goldberg,
    "Constant-Size Commitments to Polynomials and Their Applications", ASIACRYPT 2010, section 3.2.)
    """

    at_tau: Sequence[Term]
    at_one: Sequence[Term]
    tau: Numbers

    def holds(self) -> bool:
        """Whether it does; points must be on the curve, that of G2 in the subgroup.

        By the native library, or by mcl where that is not compiled yet: loading mcl takes more
        memory than a proof of some thousand gates.
        """
        code = library_if_there()
        left, right = (_total(terms, code) for terms in (
            self.at_tau, [(-factor, point) for factor, point in self.at_one]))
        g1 = np.array([left, right])
        g2 = np.array([to_array(Group.G2, self.tau), generator(Group.G2)])
        if code is None:
            return product_is_one(g1, g2)
        return bool(code.pairing(g1.ctypes.data, g2.ctypes.data, len(g1)))


def _total(terms: Sequence[Term], code: Library | None) -> Limbs:
    points = np.array([to_array(Group.G1, point) for _, point in terms])
    factors = to_limbs(factor % SCALAR_MODULUS for factor, _ in terms)
    if code is None:
        return multi_scalar_multiplication(Group.G1, points, factors)
    total = weighted_sum(G1, points.tobytes(), factors.tobytes(), threads=1, code=code)
    return np.frombuffer(total, dtype=np.uint64)
