"""Powers of tau as snarkjs keeps them: ``.ptau`` files, what phase 1 of a ceremony leaves.

===== ======================================================================================
kind  content, for a file of power p
===== ======================================================================================
1     the prime of coordinates, p u32, the power of the ceremony u32
2     tau^i in G1, 2^(p+1) - 1 points
3     tau^i in G2, 2^p points
4, 5  alpha tau^i and beta tau^i in G1, 2^p points each
6     beta in G2
7     the contributions
12    L_i(tau) in G1, for domains of 2^0, 2^1, .. 2^(p+1), one after the other
13    L_i(tau) in G2, for domains of 2^0 .. 2^p
14,15 alpha L_i(tau) and beta L_i(tau) in G1, for domains of 2^0 .. 2^p
===== ======================================================================================

L_i is 1 at w^i and 0 at the other powers of w, the domain's root of unity. Sections 12 to 15 are
there once the file is prepared for phase 2. The file stays mapped.
"""

import os
from dataclasses import dataclass

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.arithmetic import negate
from proofmill.host.prover.curve.limbs import BASE_MODULUS, Limbs
from proofmill.host.prover.curve.pairing import product_is_one
from proofmill.host.prover.curve.points import generator, width
from proofmill.host.prover.curve.scalars import TWO_ADICITY
from proofmill.host.prover.curve.subgroup import all_in_subgroup
from proofmill.host.prover.curve.validity import first_off_curve
from proofmill.host.prover.groth16.container import Container, open_container

MAGIC = b"ptau"
VERSION = 1

MONOMIALS = {
    2: ("powers of tau in G1", Group.G1), 3: ("powers of tau in G2", Group.G2),
    4: ("alpha times powers of tau", Group.G1), 5: ("beta times powers of tau", Group.G1),
    6: ("beta in G2", Group.G2)}
LAGRANGE = {
    12: ("Lagrange points in G1", Group.G1), 13: ("Lagrange points in G2", Group.G2),
    14: ("Lagrange points times alpha", Group.G1), 15: ("Lagrange points times beta", Group.G1)}

TAU_G1, TAU_G2, ALPHA, BETA = 12, 13, 14, 15
"""Sections of Lagrange points."""


@dataclass(frozen=True)
class Powers:
    """The powers of a file of which everything is there and of the right size."""

    name: str
    power: int
    ceremony_power: int
    _container: Container

    @property
    def prepared(self) -> bool:
        """Whether it has Lagrange points."""
        return all(kind in self._container.sections for kind in LAGRANGE)

    def monomials(self, kind: int, start: int, count: int) -> Limbs:
        """Points start .. start + count - 1 of section 2 to 6, checked to be on the curve.

        Whether points of G2 are in the subgroup is not asked.
        """
        title, group = MONOMIALS[kind]
        return self._points(kind, title, group, start, count)

    def lagrange(self, kind: int, power: int) -> Limbs:
        """The 2^power points of section `kind`, 12 to 15, for the domain of that size.

        All are checked to be on the curve; in G2 to be in the subgroup.
        """
        title, group = LAGRANGE[kind]
        found = self._points(kind, title, group, (1 << power) - 1, 1 << power)
        if group is Group.G2 and not all_in_subgroup(found):
            self._container.reader(kind, title).fail(
                "points that are not in the subgroup of prime order")
        return found

    def raw_monomials(self, start: int, count: int) -> Limbs:
        """`count` times 64 bytes of the file from point `start` of section 2 on, whatever is there:
        snarkjs reads one point too many, see `host.prover.groth16.phase2`."""
        return self._container.raw(2, start * 64, count * 64).reshape(count, 8)

    def _points(self, kind: int, title: str, group: Group, start: int, count: int) -> Limbs:
        reader = self._container.reader(kind, title)
        reader.take(start * 8 * width(group), f"points before index {start}")
        place = reader.offset
        points = reader.points(group, count, f"points from index {start} on")
        bad = first_off_curve(group, points)
        if bad is not None:
            reader.fail(f"index {start + bad}: not on the curve", at=place + bad * 8 * width(group))
        return points


def read_powers(path: str | os.PathLike[str]) -> Powers:
    """Open a ``.ptau``: its header and all sizes are checked, and the first powers by pairings.

    Raises `ProofmillError`. That every power is the power it should be takes a pass over all of the
    file: `snarkjs powersoftau verify` does that.
    """
    container = open_container(path, MAGIC, (VERSION,))
    header = container.reader(1, "header")
    header.prime(BASE_MODULUS, "the prime of coordinates")
    power, ceremony_power = header.u32("power"), header.u32("power of the ceremony")
    if not 1 <= power <= TWO_ADICITY or ceremony_power < power:
        header.fail(f"powers of degree 2^{power}, of a ceremony for 2^{ceremony_power}, which "
                    f"should be 1 to {TWO_ADICITY}, and no less")
    header.finish()
    prepared = any(kind in container.sections for kind in LAGRANGE)
    for kind, count in counts(power).items():
        if kind in LAGRANGE and not prepared:
            continue
        title, group = (MONOMIALS | LAGRANGE)[kind]
        reader = container.reader(kind, title)
        reader.take(count * 8 * width(group), f"{count} points")
        reader.finish()
    powers = Powers(container.name, power, ceremony_power, container)
    _check_first(powers)
    return powers


def counts(power: int) -> dict[int, int]:
    """The points of each section in a file of a power."""
    return {2: 2**(power + 1) - 1, 3: 2**power, 4: 2**power, 5: 2**power, 6: 1,
            12: 2**(power + 2) - 1, **dict.fromkeys((13, 14, 15), 2**(power + 1) - 1)}


def _check_first(powers: Powers) -> None:
    """The first powers stand for one tau, and the betas of both groups for one beta."""
    g1, g2 = generator(Group.G1), generator(Group.G2)
    tau_g1, tau_g2 = powers.monomials(2, 0, 2), powers.monomials(3, 0, 2)
    beta_g1, beta_g2 = powers.monomials(5, 0, 1), powers.monomials(6, 0, 1)
    alpha = powers.monomials(4, 0, 1)
    place = f"{powers.name}: the powers"
    way_out = "the file is no result of a ceremony or damaged, copy it again"
    if not (np.array_equal(tau_g1[0], g1) and np.array_equal(tau_g2[0], g2)):
        raise ProofmillError(f"{place} do not begin with the generators; {way_out}")
    if not (tau_g1[1].any() and alpha.any() and beta_g1.any() and beta_g2.any()):
        raise ProofmillError(f"{place} have a secret that is zero; {way_out}")
    if not all_in_subgroup(np.concatenate((tau_g2, beta_g2))):
        raise ProofmillError(f"{place} in G2 are not in the subgroup of prime order; {way_out}")
    for what, left, right in (("tau", tau_g1[1], tau_g2[1]), ("beta", beta_g1[0], beta_g2[0])):
        if not product_is_one(np.array([left, negate(Group.G1, g1)]), np.array([g2, right])):
            raise ProofmillError(f"{place} of G1 and G2 have another {what}; {way_out}")


def check_prepared(powers: Powers, power: int, constraints: int) -> None:
    """Raise `ProofmillError` where `powers` do not do for phase 2 of a domain of 2^power."""
    if not powers.prepared:
        raise ProofmillError(
            f"{powers.name}: is not prepared for phase 2: it has no Lagrange points (sections 12 "
            f"to 15); run `snarkjs powersoftau prepare phase2 {powers.name} prepared.ptau`")
    if power > powers.power:
        raise ProofmillError(
            f"{powers.name}: is for 2^{powers.power} constraints, {constraints} and the public "
            f"signals need 2^{power}; give powers of tau of degree 2^{power} or more")
