"""Checking a Groth16 proof."""

from collections.abc import Sequence

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve.arithmetic import add, multi_scalar_multiplication, negate
from proofmill.host.prover.curve.limbs import Limbs, to_limbs
from proofmill.host.prover.curve.pairing import product_is_one
from proofmill.host.prover.curve.points import first_not_canonical, width
from proofmill.host.prover.curve.validity import in_subgroup
from proofmill.host.prover.groth16.plain import check_public
from proofmill.host.prover.groth16.verification_key import Proof, VerificationKey


def verify(key: VerificationKey, public: Sequence[int], proof: Proof) -> bool:
    """Whether ``e(A, B) = e(alpha, beta) e(L, gamma) e(C, delta)``; about a millisecond.

    L is ``public_points[0] + sum(public[i] * public_points[i + 1])``. A proof with a point that is
    not in its group is wrong. Raises `ProofmillError` where the number of public signals does not
    fit, and `NotValid` where one is not below r: such a number would stand for another, so that one
    proof could be shown under several.
    """
    check_public(key.name, key.public, public)
    if not (is_valid_point(Group.G1, proof.a) and is_valid_point(Group.G2, proof.b)
            and is_valid_point(Group.G1, proof.c)):
        return False
    signals = add(Group.G1, key.public_points[0], multi_scalar_multiplication(
        Group.G1, key.public_points[1:], to_limbs(public)))
    return product_is_one(
        np.array([negate(Group.G1, proof.a), key.alpha_g1, signals, proof.c]),
        np.array([proof.b, key.beta_g2, key.gamma_g2, key.delta_g2]))


def is_valid_point(group: Group, point: Limbs) -> bool:
    """Whether `point` has the right shape, canonical coordinates, and is in its group."""
    if point.shape != (width(group),) or point.dtype != np.uint64:
        return False
    points = point.reshape(1, -1)
    return first_not_canonical(group, points) is None and bool(in_subgroup(group, points)[0])
