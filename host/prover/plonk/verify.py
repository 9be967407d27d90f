"""Checking a PLONK proof."""

from collections.abc import Sequence
from dataclasses import dataclass

from proofmill.hdl.field import BN254_SCALAR
from proofmill.host.prover.curve.scalars import root_of_unity
from proofmill.host.prover.groth16.plain import Numbers, check_public
from proofmill.host.prover.plonk.equation import GENERATOR, Equation
from proofmill.host.prover.plonk.transcript import challenge
from proofmill.host.prover.plonk.verification_key import (
    EVALUATIONS,
    KEY_POINTS,
    PlonkKey,
    PlonkProof,
    points_in_order,
)

R = BN254_SCALAR.modulus


class Challenges:
    """The numbers the verifier draws, one round of the prover after the other.

    Each method takes what the prover commits to in its round. (PLONK, section 8.1, rounds 1 to 5;
    snarkjs hashes each round's challenge into the next instead of all rounds again.)
    """

    beta: int
    gamma: int
    alpha: int
    xi: int
    v: int
    u: int

    def of_wires(self, key: Sequence[Numbers], public: Sequence[int],
                 wires: Sequence[Numbers]) -> None:
        """beta, gamma from the key's commitments, the signals, and A, B, C."""
        self.beta = challenge(*key, *public, *wires)
        self.gamma = challenge(self.beta)

    def of_product(self, z: Numbers) -> None:
        """alpha from Z."""
        self.alpha = challenge(self.beta, self.gamma, z)

    def of_quotient(self, parts: Sequence[Numbers]) -> None:
        """xi from T1, T2, T3."""
        self.xi = challenge(self.alpha, *parts)

    def of_values(self, values: Sequence[int]) -> None:
        """v from the values at xi and xi w."""
        self.v = challenge(self.xi, *values)

    def of_openings(self, openings: Sequence[Numbers]) -> None:
        """u from Wxi and Wxiw."""
        self.u = challenge(*openings)


@dataclass(frozen=True)
class Linear:
    """The factors of the linearised polynomial r and its constant, which is 0 at xi in all::

        r(X) = sum(selectors q(X)) + z Z(X) + s3 S3(X)
               - zero (T1(X) + x T2(X) + x^2 T3(X)) + constant

    `selectors`: of Qm, Ql, Qr, Qo, Qc; `zero`: xi^n - 1; `x`: xi^n. (PLONK, section 8.1, round 5.)
    """

    selectors: tuple[int, ...]
    z: int
    s3: int
    zero: int
    x: int
    constant: int


def linearise(draws: Challenges, values: Sequence[int], power: int, k1: int, k2: int,
              public: Sequence[int]) -> Linear:
    """`Linear` for the values in the order `EVALUATIONS`; xi is not in the domain."""
    a, b, c, s1, s2, zw = values
    beta, gamma, alpha, xi = draws.beta, draws.gamma, draws.alpha, draws.xi
    x = pow(xi, 1 << power, R)
    at_xi = lagrange_at(xi, power, max(1, len(public)))
    signals = -sum(value * each for value, each in zip(public, at_xi, strict=False))
    permuted = (a + beta * s1 + gamma) * (b + beta * s2 + gamma) % R * alpha % R * zw % R
    return Linear(
        selectors=(a * b % R, a, b, c, 1),
        z=((a + beta * xi + gamma) * (b + beta * k1 * xi + gamma)
           * (c + beta * k2 * xi + gamma) * alpha + at_xi[0] * alpha**2) % R,
        s3=-permuted * beta % R, zero=(x - 1) % R, x=x,
        constant=(signals - at_xi[0] * alpha**2 - permuted * (c + gamma)) % R)


def lagrange_at(xi: int, power: int, count: int) -> list[int]:
    """``L_i(xi) = w^i (xi^n - 1) / (n (xi - w^i))`` for i below `count`, n = 2^power.

    ZeroDivisionError where xi is in the domain, of which a transcript has one chance in 2^226.
    """
    root, size = root_of_unity(power), 1 << power
    zero = (pow(xi, size, R) - 1) % R
    if zero == 0:
        raise ZeroDivisionError("xi is in the domain")
    return [place * zero * pow(size * (xi - place), -1, R) % R
            for place in (pow(root, index, R) for index in range(count))]


def equation(key: PlonkKey, public: Sequence[int], proof: PlonkProof) -> Equation:
    """What has to hold of a proof::

        e(Wxi + u Wxiw, [tau]) = e(xi Wxi + u xi w Wxiw + F - E, [1])

    (A. Gabizon, Z. J. Williamson, O. Ciobotaru, "PLONK", ePrint 2019/953, section 8.1, steps 4 to
    12 of the verifier.) Raises ZeroDivisionError as `lagrange_at`.
    """
    p, k = proof.points, key.points
    values = [proof.values[name] for name in EVALUATIONS]
    draws = Challenges()
    draws.of_wires(points_in_order(k, KEY_POINTS), public, points_in_order(p, ("A", "B", "C")))
    draws.of_product(p["Z"])
    draws.of_quotient(points_in_order(p, ("T1", "T2", "T3")))
    draws.of_values(values)
    draws.of_openings(points_in_order(p, ("Wxi", "Wxiw")))
    xi, v, u = draws.xi, draws.v, draws.u
    linear = linearise(draws, values, key.power, key.k1, key.k2, public)
    opened = [pow(v, index + 1, R) for index in range(5)]
    claimed = (sum(factor * value for factor, value in zip(opened, values[:5], strict=True))
               - linear.constant + u * values[5])
    shifted = xi * root_of_unity(key.power)
    return Equation(
        at_tau=[(1, p["Wxi"]), (u, p["Wxiw"])],
        at_one=[
            *zip(linear.selectors, points_in_order(k, KEY_POINTS[:5]), strict=True),
            (linear.z + u, p["Z"]), (linear.s3, k["S3"]),
            *((-linear.zero * pow(linear.x, index, R), p[name])
              for index, name in enumerate(("T1", "T2", "T3"))),
            *zip(opened, (p["A"], p["B"], p["C"], k["S1"], k["S2"]), strict=True),
            (-claimed, GENERATOR), (xi, p["Wxi"]), (u * shifted, p["Wxiw"])],
        tau=key.tau)


def verify(key: PlonkKey, public: Sequence[int], proof: PlonkProof) -> bool:
    """Whether `proof` shows that somebody knows a witness with the signals `public`.

    Raises `ProofmillError` where their number does not fit, and `NotValid` where one is not below
    r. The points must be on the curve, as all are that were read from JSON.
    """
    check_public(key.name, key.public, public)
    try:
        return equation(key, public, proof).holds()
    except ZeroDivisionError:
        return False
