"""Development keys: a trusted setup in which nobody has to be trusted, since nobody should.

Whoever makes such a key can forge proofs under it. It is for a local chain, tests and
measurements; it carries a mark in the file (`is_development_key`). Keys for others come from a
ceremony: `host.prover.groth16.phase2`.
"""

import hashlib
import os
import secrets
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.arithmetic import multiply_generator
from proofmill.host.prover.curve.combinations import NUMBER
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS, Limbs
from proofmill.host.prover.curve.points import generator, width
from proofmill.host.prover.curve.scalars import Vector
from proofmill.host.prover.groth16.coefficients import domain_power, entries
from proofmill.host.prover.groth16.proving_key import (
    DEVELOPMENT_NAME,
    Contribution,
    ProvingKey,
)
from proofmill.host.prover.groth16.r1cs import R1cs
from proofmill.host.prover.groth16.zkey import record_bytes
from proofmill.host.prover.groth16.zkey_layout import (
    ASCENDING,
    Shape,
    ZkeyMap,
    in_memory,
    new_zkey,
)
from proofmill.host.prover.native.library import Library, library_or_none
from proofmill.host.prover.native.sums import multiples_in_place

SEED_BYTES = 32

FEW = 128
"""Wires below which mcl is done before the native library has made its table."""

Step: TypeAlias = Callable[[str, int, int], None]
"""Told (what is being done, work done, work in all)."""


@dataclass(frozen=True)
class Secret:
    """The numbers that a ceremony makes sure nobody knows. Gamma is 1, as in snarkjs."""

    tau: int
    alpha: int
    beta: int
    delta: int


def development_setup(r1cs: R1cs, path: str | os.PathLike[str] | None = None,
                      seed: bytes | None = None, step: Step | None = None) -> ProvingKey:
    """Make a proving key for `r1cs`, marked as a development key; write it to `path` if given.

    The same circuit and `seed` make the same key, byte for byte; without a seed it is random. The
    points are computed where they lie in the mapped file. About 0.6 s for 4,000 constraints on two
    cores. `step` is told of the work. Raises `ProofmillError` where the circuit is too large for
    BN254's roots of unity, or the file cannot be written.

    Source of the formulas: J. Groth, "On the Size of Pairing-based Non-interactive Arguments",
    section 3.2; of the order and form of everything: snarkjs 0.7.
    """
    secret = derive(seed if seed is not None else secrets.token_bytes(SEED_BYTES))
    name = os.fspath(path) if path is not None else f"development key of {r1cs.name}"
    power = domain_power(r1cs)
    coefficients = entries(r1cs)
    code = library_or_none() if r1cs.wires >= FEW else None
    single = multiples(Group.G1, scalars.from_integers(
        [secret.alpha, secret.beta, secret.delta]), code)
    record = record_bytes(circuit_hash(r1cs), [Contribution(
        delta_g1=single[2], g1_s=generator(Group.G1), g1_sx=single[2],
        g2_spx=generator(Group.G2), transcript=bytes(64), kind=0,
        name=DEVELOPMENT_NAME)])
    shape = Shape(r1cs.wires, r1cs.public, 1 << power, len(coefficients), len(record))
    place = nullcontext(in_memory(ASCENDING, shape)) if path is None else new_zkey(
        path, ASCENDING, shape)
    with place as file:
        file.put(10, record)
        file.coefficients()[:] = coefficients
        del coefficients
        beta_g2, delta_g2 = multiples(
            Group.G2, scalars.from_integers([secret.beta, secret.delta]), code)
        file.put_header([single[0], single[1], beta_g2, generator(Group.G2), single[2], delta_g2])
        _fill(r1cs, secret, power, file, code, step or (lambda what, done, total: None))
        return file.key(name)


def _fill(r1cs: R1cs, secret: Secret, power: int, file: ZkeyMap, code: Library | None,
          step: Step) -> None:
    """Sections 3 and 5 to 9."""
    size, public = 1 << power, r1cs.public
    step("computing the scalars", 0, 1)
    alpha, beta, by_delta = (_constant(value) for value in (
        secret.alpha, secret.beta, pow(secret.delta, -1, SCALAR_MODULUS)))
    at_tau = lagrange(secret.tau, power, range(0, size))
    a = r1cs.a.left_times(at_tau, r1cs.wires)
    b = r1cs.b.left_times(at_tau, r1cs.wires)
    # One more row of A for each public wire keeps these independent of each other.
    a[:public + 1] += at_tau[r1cs.constraints:r1cs.constraints + public + 1]
    combined = r1cs.c.left_times(at_tau, r1cs.wires)
    combined += a * beta
    combined += b * alpha
    g1, g2 = Group.G1, Group.G2
    for kind, group, what, factors in (
            (3, g1, "public points", combined[:public + 1]), (5, g1, "A", a),
            (6, g1, "B in G1", b), (7, g2, "B in G2", b),
            (8, g1, "C", combined[public + 1:] * by_delta)):
        write_multiples(group, factors, file.points(kind, group), code, f"section {what}", step)
    odd = lagrange(secret.tau, power + 1, range(1, 2 * size, 2))
    write_multiples(g1, odd * by_delta, file.points(9, g1), code, "section H", step)


def multiples(group: Group, factors: Vector, code: Library | None) -> Limbs:
    """``factors[i] * generator`` for every i, shape (n, 8) or (n, 16); without `code` by mcl."""
    out = np.zeros((len(factors), width(group)), dtype=np.uint64)
    write_multiples(group, factors, out, code, "", lambda what, done, total: None)
    return out


def write_multiples(group: Group, factors: Vector, out: Limbs, code: Library | None, what: str,
                    step: Step) -> None:
    """`multiples` into `out`; `step` is told of the work as `what`."""
    plain = scalars.to_plain(factors)
    if code is None:
        out[:] = multiply_generator(group, plain)
        return
    multiples_in_place(
        NUMBER[group], generator(group).tobytes(), plain.ctypes.data, len(plain), out.ctypes.data,
        progress=lambda done, total: step(what, done, total), code=code)


def circuit_hash(r1cs: R1cs) -> bytes:
    """64 bytes that differ for circuits that differ: BLAKE2b of sizes and matrices."""
    digest = hashlib.blake2b(
        f"{r1cs.wires} {r1cs.public} {r1cs.constraints}".encode(), person=b"proofmill r1cs")
    for matrix in (r1cs.a, r1cs.b, r1cs.c):
        digest.update(len(matrix.rows).to_bytes(8, "little"))
        for part in (matrix.rows.astype("<i4"), matrix.columns.astype("<i4"), matrix.values):
            digest.update(np.ascontiguousarray(part).tobytes())
    return digest.digest()


def derive(seed: bytes) -> Secret:
    """The secret that follows from a seed."""
    def draw(name: str) -> int:
        # 512 bits, so that the remainder is as good as uniform.
        digest = hashlib.blake2b(name.encode() + seed, person=b"proofmill setup").digest()
        return 1 + int.from_bytes(digest, "little") % (SCALAR_MODULUS - 1)

    return Secret(tau=draw("tau:"), alpha=draw("alpha:"), beta=draw("beta:"),
                  delta=draw("delta:"))


def _constant(value: int) -> Vector:
    return scalars.from_integers([value])


def lagrange(tau: int, power: int, indices: range) -> Vector:
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
