"""Making an aggregate: SnarkPack (N. Gailly, M. Maller, A. Nitulescu, FC 2022; eprint 2021/529).

Of proofs (A_i, B_i, C_i), i < n: commitments to all under keys of two secrets; a challenge r;
``Z_AB = prod e(A_i, B_i)^(r^i)`` and ``Z_C = sum r^i C_i``; then both inner products are proven in
l halvings (sections 4 and 5), each with one challenge for the two. v is common to both: r^i goes
into B, and its inverse into w. A halving's ten products of pairings and the sums are computed
on all cores by mcl, or by a device (`computing`); folded points by the native library.
"""

from collections.abc import Callable, Sequence

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.aggregation.aggregate import (
    Aggregate,
    Committed,
    Folded,
    Round,
    rounds_of,
)
from proofmill.host.prover.aggregation.challenges import (
    Challenges,
    coefficients,
    inverses,
    key_of_w,
    padded,
    powers,
)
from proofmill.host.prover.aggregation.computing import Computing, OnThisMachine, Pairs
from proofmill.host.prover.aggregation.setup import Powers
from proofmill.host.prover.aggregation.verify import refusal
from proofmill.host.prover.curve.combinations import combine, multiply_each
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS as R
from proofmill.host.prover.curve.limbs import Limbs, to_limbs
from proofmill.host.prover.groth16.plain import check_public
from proofmill.host.prover.groth16.verification_key import Proof, VerificationKey
from proofmill.host.prover.groth16.verify import verify

Progress = Callable[[int, int], None]
"""Called with (steps done, steps in all)."""


def aggregate(setup: Powers, key: VerificationKey, public: Sequence[Sequence[int]],
              proofs: Sequence[Proof], progress: Progress | None = None,
              computing: Computing | None = None) -> Aggregate:
    """The aggregate of `proofs` of one key, each with its row of `public`; verified before it is
    given. `computing`: what computes sums and pairings (default: this machine).

    Raises `ProofmillError` where the numbers do not fit, names the first proof that does not hold,
    and says so where the powers are not what they should be; `NoLibrary` without native library.
    """
    count = len(proofs)
    if not count or len(public) != count:
        raise ProofmillError(f"{count} proofs and {len(public)} rows of public signals cannot be "
                             "aggregated; give as many of both, and one at least")
    for row in public:
        check_public(key.name, key.public, row)
    rounds = rounds_of(count)
    size = 1 << rounds
    if len(setup.g2[0]) < size:
        raise ProofmillError(f"{count:,} proofs take powers for {size:,}, and there are those for "
                             f"{len(setup.g2[0]):,}; read more of the ceremonies' files")
    made = _made(setup, key, public, proofs, rounds, progress or (lambda done, total: None),
                 computing or OnThisMachine())
    if reason := refusal(setup.heads, key, public, made):
        for index, (row, proof) in enumerate(zip(public, proofs, strict=True)):
            if not verify(key, row, proof):
                raise ProofmillError(f"proof {index} does not hold under {key.name} with its "
                                     "public signals; leave it out, or give its own signals")
        raise ProofmillError(f"the aggregate does not verify ({reason}), and every proof does: the "
                             "powers of tau are damaged; copy their files again")
    return made


def _made(setup: Powers, key: VerificationKey, public: Sequence[Sequence[int]],
          proofs: Sequence[Proof], rounds: int, progress: Progress,
          computing: Computing) -> Aggregate:
    size, steps = 1 << rounds, rounds + 3
    every = padded(proofs, size)
    a, c = np.array([each.a for each in every]), np.array([each.c for each in every])
    b = np.array([each.b for each in every])
    v = [points[:size] for points in setup.g2]
    w = [points[size:2 * size] for points in setup.g1]

    def products(*several: Sequence[Pairs]) -> list[Limbs]:
        """Of each of `several`, the product of all its pairs' pairings."""
        return computing.products(several)

    committed = Committed(*products(
        [(a, v[0]), (w[0], b)], [(a, v[1]), (w[1], b)], [(c, v[0])], [(c, v[1])]))
    progress(1, steps)
    challenges = Challenges(setup.heads, key, public)
    combination = challenges.combination(committed)
    scale = powers(combination, size)
    b = multiply_each(Group.G2, b, to_limbs(scale))
    rescale = to_limbs(powers(pow(combination, -1, R), size))
    w = [multiply_each(Group.G1, each, rescale) for each in w]
    (z_ab,) = products([(a, b)])
    (z_c,) = computing.sums(Group.G1, [(c, to_limbs(scale))])
    challenges.sums(z_ab, z_c)
    progress(2, steps)
    halvings: list[int] = []
    told: list[Round] = []
    for index in range(rounds):
        half = len(a) // 2
        low, high = slice(None, half), slice(half, None)
        values = products(*(each for (left, right) in ((high, low), (low, high)) for each in (
            [(a[left], b[right])],
            [(a[left], v[0][right]), (w[0][left], b[right])],
            [(a[left], v[1][right]), (w[1][left], b[right])],
            [(c[left], v[0][right])], [(c[left], v[1][right])])))
        sums = np.array(computing.sums(Group.G1, [
            (c[left], to_limbs(scale[right])) for left, right in ((high, low), (low, high))]))
        z, t_ab, u_ab, t_c, u_c = (np.array(both) for both in zip(values[:5], values[5:],
                                                                  strict=True))
        told.append(Round(z, t_ab, u_ab, t_c, u_c, sums))
        x = challenges.halving(told[-1])
        inverse = pow(x, -1, R)
        a, c = _folded(Group.G1, a, x), _folded(Group.G1, c, x)
        b = _folded(Group.G2, b, inverse)
        v = [_folded(Group.G2, each, inverse) for each in v]
        w = [_folded(Group.G1, each, x) for each in w]
        scale = [(first + inverse * second) % R
                 for first, second in zip(scale[low], scale[high], strict=True)]
        halvings.append(x)
        progress(3 + index, steps)
    folded = Folded(a[0], b[0], c[0], np.concatenate(v), np.concatenate(w))
    at = challenges.point(folded)
    of_v = _quotient(coefficients(inverses(halvings)), at)
    of_w = _quotient([0] * size + coefficients(key_of_w(halvings, combination)), at)
    opening_v = computing.sums(Group.G2, [
        (points[:len(of_v)], to_limbs(of_v)) for points in setup.g2])
    opening_w = computing.sums(Group.G1, [
        (points[:len(of_w)], to_limbs(of_w)) for points in setup.g1])
    progress(steps, steps)
    return Aggregate(len(proofs), committed, z_ab, z_c, tuple(told), folded, np.array(opening_v),
                     np.array(opening_w))


def _folded(group: Group, points: Limbs, factor: int) -> Limbs:
    """The first half plus `factor` times the second."""
    half = len(points) // 2
    places = np.arange(2 * half, dtype=np.uint32).reshape(2, half).T.reshape(-1)
    return combine(group, points, places, np.tile(to_limbs([1, factor]), (half, 1)),
                   2 * np.arange(half + 1, dtype=np.uint64))


def _quotient(polynomial: Sequence[int], at: int) -> list[int]:
    """``(f - f(at)) / (X - at)``, the lowest coefficient first."""
    found, carry = [], 0
    for coefficient in reversed(polynomial[1:]):
        carry = (coefficient + carry * at) % R
        found.append(carry)
    return found[::-1]
