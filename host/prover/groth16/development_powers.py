"""Powers of tau from a secret that is known: for tests and measurements, as development keys are.

The file is prepared for phase 2 and has no contribution, by which anybody sees that it comes from
no ceremony; `snarkjs powersoftau verify` refuses it for that.
"""

import os
import struct

import numpy as np

from proofmill.host.ground.mapped import mapped
from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.limbs import BASE_MODULUS, Limbs
from proofmill.host.prover.curve.points import width
from proofmill.host.prover.curve.scalars import TWO_ADICITY, Vector
from proofmill.host.prover.groth16.container import prime_bytes
from proofmill.host.prover.groth16.powers import LAGRANGE, MAGIC, MONOMIALS, VERSION, counts
from proofmill.host.prover.groth16.setup import Step, derive, lagrange, write_multiples
from proofmill.host.prover.native.library import library


def development_powers(path: str | os.PathLike[str], power: int, seed: bytes,
                       step: Step | None = None) -> None:
    """Write the powers of tau of degree 2^power, prepared, that follow from `seed`.

    About 13 * 2^power points in G1 and 3 * 2^power in G2. Raises `ProofmillError` where the file
    cannot be written.
    """
    secret, code = derive(seed), library()
    factor = {kind: 1 for kind in (2, 3, 12, 13)} | {
        4: secret.alpha, 14: secret.alpha, 5: secret.beta, 6: secret.beta, 15: secret.beta}
    sections = MONOMIALS | LAGRANGE
    head = prime_bytes(BASE_MODULUS) + struct.pack("<II", power, power)
    sizes = {1: len(head), 7: 4} | {
        kind: count * 8 * width(sections[kind][1]) for kind, count in counts(power).items()}
    with mapped(path, 12 + sum(12 + size for size in sizes.values())) as file:
        file[:12] = MAGIC + struct.pack("<II", VERSION, len(sizes))
        place = 12
        for kind in sorted(sizes):
            file[place:place + 12] = struct.pack("<IQ", kind, sizes[kind])
            place += 12
            if kind == 1:
                file[place:place + len(head)] = head
            elif kind != 7:  # no contributions: four bytes that are zero
                title, group = sections[kind]
                out: Limbs = np.frombuffer(file, "<u8", sizes[kind] // 8, place).reshape(
                    -1, width(group))
                factors = _scalars(kind, secret.tau, len(out), power) * scalars.from_integers(
                    [factor[kind]])
                write_multiples(group, factors, out, code, title, step or (lambda *told: None))
            place += sizes[kind]


class DevelopmentMonomials:
    """The powers of tau alone that follow from `seed`, made as they are asked for: for setups that
    need no others (PLONK, FFLONK). No file, and as many as the field has roots of unity."""

    name, power = "development powers of tau", TWO_ADICITY - 1

    def __init__(self, seed: bytes) -> None:
        self._tau, self._code = derive(seed).tau, library()

    def monomials(self, kind: int, start: int, count: int) -> Limbs:
        """tau^i in the group of section `kind`, 2 or 3, for i from `start`."""
        title, group = MONOMIALS[kind]
        out: Limbs = np.zeros((count, width(group)), dtype=np.uint64)
        factors = scalars.geometric(self._tau, start + count)[start:]
        write_multiples(group, factors, out, self._code, title, lambda *told: None)
        return out


def _scalars(kind: int, tau: int, count: int, power: int) -> Vector:
    """What the points of a section are the generator's multiples by, but for alpha or beta."""
    if kind in MONOMIALS:
        return scalars.powers(tau, count)
    return np.concatenate([lagrange(tau, k, range(1 << k)) for k in range(
        count.bit_length())])
