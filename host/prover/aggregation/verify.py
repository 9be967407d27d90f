"""Checking an aggregate: as many products as halvings, and a few pairings (see `prove`).

The elements of GT are checked against products of pairings, so one that is wrong is of no use to
whoever sends it; that all are of order r was checked as they were read.
"""

from collections.abc import Sequence

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.prover.aggregation.aggregate import Aggregate, rounds_of
from proofmill.host.prover.aggregation.challenges import (
    Challenges,
    inverses,
    key_of_w,
    padded,
    powers,
    value,
)
from proofmill.host.prover.aggregation.setup import Heads
from proofmill.host.prover.curve.arithmetic import (
    add,
    multi_scalar_multiplication,
    multiply,
    negate,
)
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS as R
from proofmill.host.prover.curve.limbs import Limbs, to_limbs
from proofmill.host.prover.curve.pairing import product, product_is_one
from proofmill.host.prover.curve.points import generator
from proofmill.host.prover.curve.target import product_of_powers
from proofmill.host.prover.groth16.plain import check_public
from proofmill.host.prover.groth16.verification_key import VerificationKey


def refusal(heads: Heads, key: VerificationKey, public: Sequence[Sequence[int]],
            shown: Aggregate) -> str:
    """Why `shown` does not prove that there is a proof under `key` for every row of `public`, or
    nothing.

    `shown` as `Aggregate.from_bytes` reads it. Raises `ProofmillError` where a row's number of
    public signals does not fit the key, and `NotValid` where one is not below r.
    """
    if len(public) != shown.count:
        return f"it is of {shown.count:,} proofs, and {len(public):,} rows of signals were given"
    for row in public:
        check_public(key.name, key.public, row)
    rounds = rounds_of(shown.count)
    size = 1 << rounds
    challenges = Challenges(heads, key, public)
    combination = challenges.combination(shown.committed)
    challenges.sums(shown.z_ab, shown.z_c)
    halvings = [challenges.halving(each) for each in shown.rounds]
    at = challenges.point(shown.folded)
    inverse = inverses(halvings)
    factors = to_limbs([1, *(each for pair in zip(halvings, inverse, strict=True)
                             for each in pair)])
    last = shown.folded
    (v1, v2), (w1, w2) = last.v, last.w

    def folded(first: Limbs, both: list[Limbs]) -> Limbs:
        """``first * prod(left^x right^(1/x))`` over the rounds, in GT."""
        return product_of_powers(np.concatenate([first.reshape(1, -1), *both]), factors)

    rows = shown.rounds
    for name, first, both, g1, g2 in (
            ("Z_AB", shown.z_ab, [each.z_ab for each in rows], [last.a], [last.b]),
            ("T_AB", shown.committed.t_ab, [each.t_ab for each in rows], [last.a, w1],
             [v1, last.b]),
            ("U_AB", shown.committed.u_ab, [each.u_ab for each in rows], [last.a, w2],
             [v2, last.b]),
            ("T_C", shown.committed.t_c, [each.t_c for each in rows], [last.c], [v1]),
            ("U_C", shown.committed.u_c, [each.u_c for each in rows], [last.c], [v2])):
        if not np.array_equal(folded(first, both), product(np.array(g1), np.array(g2))):
            return f"{name} does not fold to the last elements"
    z_c = multi_scalar_multiplication(
        Group.G1, np.concatenate([shown.z_c.reshape(1, -1), *(each.z_c for each in rows)]),
        factors)
    if not np.array_equal(z_c, multiply(Group.G1, last.c, value(inverse, combination))):
        return "Z_C does not fold to the last element"
    if not _keys_hold(heads, shown, inverse, key_of_w(halvings, combination), size, at):
        return "the folded keys are not those of the powers"
    if not _proofs_hold(key, padded(public, size), shown, powers(combination, size)):
        return "the combined proof does not hold for these public signals"
    return ""


def _keys_hold(heads: Heads, shown: Aggregate, of_v: Sequence[int], of_w: Sequence[int],
               size: int, at: int) -> bool:
    """``e(G1, v - f_v(z) G2) = e(s G1 - z G1, pi_v)`` and ``e(w - f_w(z) G1, G2) = e(pi_w, s G2 - z
    G2)``, for both secrets s (A. Kate, G. Zaverucha, I. Goldberg, ASIACRYPT 2010)."""
    g1, g2 = generator(Group.G1), generator(Group.G2)
    v_value = value(of_v, at)
    w_value = value(of_w, at) * pow(at, size, R)
    for index in range(2):
        v = add(Group.G2, shown.folded.v[index], multiply(Group.G2, g2, -v_value))
        shift = add(Group.G1, heads.g1[index], multiply(Group.G1, g1, -at))
        if not product_is_one(np.array([g1, negate(Group.G1, shift)]),
                              np.array([v, shown.opening_v[index]])):
            return False
        w = add(Group.G1, shown.folded.w[index], multiply(Group.G1, g1, -w_value))
        turned = add(Group.G2, heads.g2[index], multiply(Group.G2, g2, -at))
        if not product_is_one(np.array([w, negate(Group.G1, shown.opening_w[index])]),
                              np.array([g2, turned])):
            return False
    return True


def _proofs_hold(key: VerificationKey, public: Sequence[Sequence[int]], shown: Aggregate,
                 scale: Sequence[int]) -> bool:
    """``Z_AB = e(sum r^i alpha, beta) e(sum r^i L_i, gamma) e(Z_C, delta)``: Groth16's equation of
    every proof to the power of r^i, multiplied."""
    total = sum(scale) % R
    signals = [total] + [
        sum(factor * row[place] for factor, row in zip(scale, public, strict=True)) % R
        for place in range(key.public)]
    return bool(np.array_equal(shown.z_ab, product(
        np.array([multiply(Group.G1, key.alpha_g1, total), multi_scalar_multiplication(
            Group.G1, key.public_points, to_limbs(signals)), shown.z_c]),
        np.array([key.beta_g2, key.gamma_g2, key.delta_g2]))))
