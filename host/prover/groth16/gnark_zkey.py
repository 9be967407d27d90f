"""A ``.zkey`` of what gnark writes for a circuit: proving key, verification key, constraints.

gnark computes h, with h (X^n - 1) = (A w)(B w) - C w, in coefficients, and its Z is a point for
each: [tau^k (tau^n - 1) / delta]1. A ``.zkey`` has points for the values of h (X^n - 1) at the odd
powers g w^i, g^2 = w, of the 2n-th root of unity:

    H_i = [L_i(tau) / delta]1 = -1/2 sum over k of x^-k / n Z_k,   x = g w^i

L_i is of degree n - 1 in the points x^n = -1, so Z would need one more, of k = n - 1, than gnark
has. h is of degree n - 2 at most: whatever is taken for it drops out of a proof, and here that is
infinity. A and B are those of gnark, without the rows that snarkjs adds for public signals.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.combinations import combine, multiply_each
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS, Limbs, to_limbs
from proofmill.host.prover.curve.points import width
from proofmill.host.prover.curve.scalars import root_of_unity
from proofmill.host.prover.groth16.coefficients import matrix_entries
from proofmill.host.prover.groth16.gnark import GnarkKey
from proofmill.host.prover.groth16.gnark_proving_key import GnarkProvingKey
from proofmill.host.prover.groth16.plain_points import to_array
from proofmill.host.prover.groth16.proving_key import ProvingKey
from proofmill.host.prover.groth16.r1cs import R1cs
from proofmill.host.prover.groth16.setup import circuit_hash

Progress = Callable[[int, int], None]


def proving_key(key: GnarkProvingKey, verification: GnarkKey, r1cs: R1cs,
                progress: Progress | None = None) -> ProvingKey:
    """The key as a ``.zkey`` has it. A domain of n takes n log2(n) / 2 products of points.

    `progress` is told (done, in all) of them. Raises `ProofmillError` where the three are not of
    one circuit or one setup, or there are commitments, and `NoLibrary` without the native library.
    """
    _check(key, verification, r1cs)
    g1, g2, plain = Group.G1, Group.G2, verification.plain
    return ProvingKey(
        name=key.name, wires=key.wires, public=plain.public, domain_size=key.domain_size,
        alpha_g1=to_array(g1, key.alpha), beta_g1=to_array(g1, key.beta_1),
        beta_g2=to_array(g2, key.beta), gamma_g2=to_array(g2, plain.gamma),
        delta_g1=to_array(g1, key.delta_1), delta_g2=to_array(g2, key.delta),
        public_points=np.stack([to_array(g1, point) for point in plain.public_points]),
        coefficients=matrix_entries((r1cs.a, r1cs.b)),
        a=_of_all_wires(g1, key.a, key.without_a), b_g1=_of_all_wires(g1, key.b_1, key.without_b),
        b_g2=_of_all_wires(g2, key.b_2, key.without_b), c=key.k,
        h=values_of_coefficients(key.z, progress), circuit_hash=circuit_hash(r1cs))


def _check(key: GnarkProvingKey, verification: GnarkKey, r1cs: R1cs) -> None:
    plain = verification.plain
    if key.commitments or verification.committed:
        raise ProofmillError(f"{key.name}: the circuit has commitments to wires, which only "
                             "gnark's own prover makes; compile it without")
    if (key.alpha, key.beta, key.delta) != (plain.alpha, plain.beta, plain.delta):
        raise ProofmillError(f"{key.name} and {plain.name} have not the same alpha, beta and "
                             "delta; give the two keys of one setup")
    size = key.domain_size
    if (key.wires, plain.public, len(key.k)) != (
            r1cs.wires, r1cs.public, r1cs.wires - r1cs.public - 1) or not (
            size // 2 < r1cs.constraints <= size):
        raise ProofmillError(
            f"{key.name} is for {key.wires} wires, {plain.public} public signals and "
            f"{size // 2 + 1} to {size} constraints, {r1cs.name} has {r1cs.wires}, {r1cs.public} "
            f"and {r1cs.constraints}; give the constraint system that the key was made of")
    for letter, matrix, without in (("A", r1cs.a, key.without_a), ("B", r1cs.b, key.without_b)):
        # A wire may also cancel out at tau; none does by chance.
        found = np.ones(key.wires, dtype=np.bool_)
        found[matrix.columns] = False
        if np.any(found != without):
            wire = int(np.flatnonzero(found != without)[0])
            raise ProofmillError(
                f"{key.name} has {'no' if without[wire] else 'a'} point for wire {wire} in "
                f"{letter}, {r1cs.name} {'does not use' if found[wire] else 'uses'} it there; give "
                "the constraint system that the key was made of")


def _of_all_wires(group: Group, points: Limbs, without: NDArray[np.bool_]) -> Limbs:
    every = np.zeros((len(without), width(group)), dtype=np.uint64)
    every[~without] = points
    return every


def values_of_coefficients(z: Limbs, progress: Progress | None = None) -> Limbs:
    """H of a ``.zkey`` from gnark's Z, n - 1 points in the order of k's bits reversed.

    By stages of butterflies (u, v) to (u + t v, u - t v) (J. Cooley, J. Tukey, 1965).
    """
    size = len(z) + 1
    power = size.bit_length() - 1
    work = size + size // 2 * power
    g, by_n = root_of_unity(power + 1), pow(-2 * size, -1, SCALAR_MODULUS)
    order = np.zeros(1, dtype=np.int64)
    for _ in range(power):
        order = np.concatenate((2 * order, 2 * order + 1))
    twisted = scalars.geometric(pow(g, -1, SCALAR_MODULUS), size)[order] * scalars.from_integers(
        [by_n])
    points = np.zeros((size, width(Group.G1)), dtype=np.uint64)
    points[:-1] = z
    points = multiply_each(Group.G1, points, scalars.to_plain(twisted))
    done = size
    # Of every (u, t v), which lie size / 2 points apart, the sum and the difference.
    places = np.tile(np.arange(size, dtype=np.uint32).reshape(2, -1).T, 2).reshape(-1)
    signs = np.tile(to_limbs([1, 1, 1, SCALAR_MODULUS - 1]), (size // 2, 1))
    for stage in range(power):
        half = 1 << stage
        turns = scalars.geometric(pow(root_of_unity(stage + 1), -1, SCALAR_MODULUS), half)
        blocks = points.reshape(-1, 2, half, width(Group.G1))
        factors = np.tile(scalars.to_plain(turns), (len(blocks), 1))
        products = multiply_each(Group.G1, blocks[:, 1].reshape(size // 2, -1), factors)
        found = combine(Group.G1, np.concatenate((blocks[:, 0].reshape(size // 2, -1), products)),
                        places, signs, 2 * np.arange(size + 1, dtype=np.uint64))
        points = found.reshape(-1, half, 2, width(Group.G1)).swapaxes(1, 2).reshape(size, -1)
        done += size // 2
        if progress is not None:
            progress(done, work)
    return points
