"""Development keys: a trusted setup in which nobody has to be trusted, since nobody should.

Whoever makes such a key can forge proofs under it. It is for a local chain, tests and
measurements; it carries a mark in the file (`is_development_key`).
"""

import hashlib
import os
import secrets
from dataclasses import dataclass

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.arithmetic import multiply_generator
from proofmill.host.prover.curve.limbs import LIMBS, SCALAR_MODULUS, Limbs, to_limbs
from proofmill.host.prover.curve.points import generator, width
from proofmill.host.prover.curve.scalars import Vector
from proofmill.host.prover.groth16.proving_key import (
    COEFFICIENT,
    DEVELOPMENT_NAME,
    Coefficients,
    Contribution,
    ProvingKey,
)
from proofmill.host.prover.groth16.r1cs import R1cs
from proofmill.host.prover.groth16.zkey import write_zkey
from proofmill.host.prover.native.library import G1, G2, library_or_none
from proofmill.host.prover.native.sums import multiples

SEED_BYTES = 32

FEW = 128
"""Points below which mcl is done before the native library has made its table."""


@dataclass(frozen=True)
class _Secret:
    """The numbers that a ceremony makes sure nobody knows. Gamma is 1, as in snarkjs."""

    tau: int
    alpha: int
    beta: int
    delta: int


def development_setup(r1cs: R1cs, path: str | os.PathLike[str] | None = None,
                      seed: bytes | None = None) -> ProvingKey:
    """Make a proving key for `r1cs`, marked as a development key; write it to `path` if given.

    The same circuit and `seed` make the same key, byte for byte; without a seed it is random. About
    0.6 s for 4,000 constraints on two cores. Raises `ProofmillError` where the circuit is too large
    for BN254's roots of unity, or the file cannot be written.

    Source of the formulas: J. Groth, "On the Size of Pairing-based Non-interactive Arguments",
    section 3.2; of the order and form of everything: snarkjs 0.7.
    """
    secret = _derive(seed if seed is not None else secrets.token_bytes(SEED_BYTES))
    public, private = r1cs.public, r1cs.wires - r1cs.public - 1
    power = max(1, (r1cs.constraints + r1cs.public).bit_length())
    if power >= scalars.TWO_ADICITY:
        raise ProofmillError(
            f"{r1cs.name}: {r1cs.constraints} constraints need a domain of 2^{power}, the largest "
            f"here is 2^{scalars.TWO_ADICITY - 1}; split the circuit")
    size = 1 << power
    lagrange = _lagrange(secret.tau, power, range(0, size))
    a = r1cs.a.left_times(lagrange, r1cs.wires)
    b = r1cs.b.left_times(lagrange, r1cs.wires)
    c = r1cs.c.left_times(lagrange, r1cs.wires)
    # One more row of A for each public wire keeps these independent of each other.
    a[:public + 1] += lagrange[r1cs.constraints:r1cs.constraints + public + 1]
    combined = a * _constant(secret.beta) + b * _constant(secret.alpha) + c
    by_delta = _constant(pow(secret.delta, -1, SCALAR_MODULUS))
    odd = _lagrange(secret.tau, power + 1, range(1, 2 * size, 2))
    g1_scalars = (
        scalars.from_integers([secret.alpha, secret.beta, secret.delta]),
        combined[:public + 1], a, b, combined[public + 1:] * by_delta, odd * by_delta)
    # One call, so that no core waits between the parts.
    points = _multiples(
        Group.G1, np.concatenate([scalars.to_plain(each) for each in g1_scalars]))
    single, public_points, points_a, points_b, points_c, points_h = np.split(
        points, np.cumsum([len(each) for each in g1_scalars])[:-1])
    assert len(points_c) == private
    b_g2 = _multiples(Group.G2, np.concatenate([
        to_limbs([secret.beta, secret.delta]), scalars.to_plain(b)]))
    mark = Contribution(
        delta_g1=single[2], g1_s=generator(Group.G1), g1_sx=single[2],
        g2_spx=generator(Group.G2), transcript=bytes(64), kind=0, name=DEVELOPMENT_NAME)
    key = ProvingKey(
        name=os.fspath(path) if path is not None else f"development key of {r1cs.name}",
        wires=r1cs.wires, public=public, domain_size=size,
        alpha_g1=single[0], beta_g1=single[1], beta_g2=b_g2[0], gamma_g2=generator(Group.G2),
        delta_g1=single[2], delta_g2=b_g2[1], public_points=public_points,
        coefficients=_coefficients(r1cs), a=points_a, b_g1=points_b,
        b_g2=b_g2[2:], c=points_c, h=points_h,
        circuit_hash=circuit_hash(r1cs), contributions=(mark,))
    if path is not None:
        write_zkey(path, key)
    return key


def _multiples(group: Group, factors: Limbs) -> Limbs:
    """``factors[i] * generator`` for every i, shape (n, 8) or (n, 16)."""
    code = library_or_none() if len(factors) >= FEW else None
    if code is None:
        return multiply_generator(group, factors)
    found = multiples(G1 if group is Group.G1 else G2, generator(group).tobytes(),
                      factors.tobytes(), code=code)
    return np.frombuffer(found, dtype=np.uint64).reshape(-1, width(group))


def circuit_hash(r1cs: R1cs) -> bytes:
    """64 bytes that differ for circuits that differ: BLAKE2b of sizes and matrices."""
    digest = hashlib.blake2b(
        f"{r1cs.wires} {r1cs.public} {r1cs.constraints}".encode(), person=b"proofmill r1cs")
    for matrix in (r1cs.a, r1cs.b, r1cs.c):
        digest.update(len(matrix.rows).to_bytes(8, "little"))
        for part in (matrix.rows.astype("<i4"), matrix.columns.astype("<i4"), matrix.values):
            digest.update(np.ascontiguousarray(part).tobytes())
    return digest.digest()


def _derive(seed: bytes) -> _Secret:
    def draw(name: str) -> int:
        # 512 bits, so that the remainder is as good as uniform.
        digest = hashlib.blake2b(name.encode() + seed, person=b"proofmill setup").digest()
        return 1 + int.from_bytes(digest, "little") % (SCALAR_MODULUS - 1)

    return _Secret(tau=draw("tau:"), alpha=draw("alpha:"), beta=draw("beta:"),
                   delta=draw("delta:"))


def _constant(value: int) -> Vector:
    return scalars.from_integers([value])


def _lagrange(tau: int, power: int, indices: range) -> Vector:
    """The Lagrange polynomials of the 2^power-th roots of unity w^i at tau, for i in `indices`::

        L_i(tau) = (tau^n - 1) / n * w^i / (tau - w^i),    n = 2^power
    """
    size = 1 << power
    roots = scalars.powers(scalars.root_of_unity(power), size)[
        indices.start:indices.stop:indices.step]
    # Zero if tau is a root of unity, of which there is one chance in 2^226.
    scale = (pow(tau, size, SCALAR_MODULUS) - 1) * pow(size, -1, SCALAR_MODULUS)
    values: Vector = roots * _constant(scale) / (_constant(tau) - roots)
    return values


def _coefficients(r1cs: R1cs) -> Coefficients:
    """Section 4 of a ``.zkey``: the entries of A and B by constraint, then A's additional rows."""
    added = r1cs.public + 1
    count_a, count_b = len(r1cs.a.rows), len(r1cs.b.rows)
    entries = np.zeros(count_a + count_b + added, dtype=COEFFICIENT)
    one = np.zeros((added, LIMBS), dtype=np.uint64)
    one[:, 0] = 1
    entries["matrix"][count_a:count_a + count_b] = 1
    entries["constraint"] = np.concatenate(
        (r1cs.a.rows, r1cs.b.rows, r1cs.constraints + np.arange(added)))
    entries["signal"] = np.concatenate((r1cs.a.columns, r1cs.b.columns, np.arange(added)))
    values: Limbs = np.concatenate((r1cs.a.values, r1cs.b.values, one))
    entries["value"] = scalars.to_double_montgomery_limbs(values)
    return entries[np.argsort(entries["constraint"], kind="stable")]
