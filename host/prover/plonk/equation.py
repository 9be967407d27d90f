"""The one equation by which a proof that opens KZG commitments is checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve.arithmetic import multi_scalar_multiplication, negate
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS, Limbs, to_limbs
from proofmill.host.prover.curve.pairing import product_is_one
from proofmill.host.prover.curve.points import generator
from proofmill.host.prover.groth16.plain import Numbers
from proofmill.host.prover.groth16.plain_points import to_array

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
        """Whether it does, by mcl; points must be on the curve, that of G2 in the subgroup."""
        left, right = _total(self.at_tau), negate(Group.G1, _total(self.at_one))
        return product_is_one(np.array([left, right]), np.array([
            to_array(Group.G2, self.tau), generator(Group.G2)]))


def _total(terms: Sequence[Term]) -> Limbs:
    points = np.array([to_array(Group.G1, point) for _, point in terms])
    return multi_scalar_multiplication(
        Group.G1, points, to_limbs(factor % SCALAR_MODULUS for factor, _ in terms))
