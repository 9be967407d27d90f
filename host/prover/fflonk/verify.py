"""Checking an FFLONK proof: several polynomials in one commitment, opened at roots of a number.

(A. Gabizon, Z. J. Williamson, "fflonk: a Fast-Fourier inspired verifier efficient version of
PlonK", ePrint 2021/1167, section 7; the opening is that of D. Boneh, J. Drake, B. Fisch, A.
Gabizon, ePrint 2020/081, section 4.1.) The polynomials f_0 .. f_(k-1) are committed to as
``sum(X^i f_i(X^k))``, whose values at the k-th roots of xi determine all f_i(xi)::

    C0: ql, qr, qo, qm, qc, S1, S2, S3    C1: a, b, c, T0    C2: Z, T1, T2, at xi and xi w

with T0 the gates over X^n - 1, T1 ``(Z - 1) L_1`` over it, T2 the permutation over it.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce

from proofmill.host.prover.curve.scalars import root_of_unity
from proofmill.host.prover.fflonk.verification_key import (
    EVALUATIONS,
    ROOTS,
    FflonkKey,
    FflonkProof,
    R,
    third_of_root,
)
from proofmill.host.prover.groth16.plain import Numbers, check_public
from proofmill.host.prover.plonk.equation import GENERATOR, Equation
from proofmill.host.prover.plonk.transcript import challenge
from proofmill.host.prover.plonk.verify import lagrange_at

COMBINED = (("ql", "qr", "qo", "qm", "qc", "s1", "s2", "s3"), ("a", "b", "c", "t0"),
            ("z", "t1", "t2"))
"""What C0, C1 and C2 are made of, in order."""


class Draws:
    """The numbers the verifier draws, one round of the prover after the other, and the places that
    follow from them; each method takes what the prover commits to in its round."""

    beta: int
    gamma: int
    xi: int
    alpha: int
    y: int

    def __init__(self, power: int) -> None:
        self.power = power
        self._root = root_of_unity(power)

    def of_wires(self, c0: Numbers, public: Sequence[int], c1: Numbers) -> None:
        """beta and gamma."""
        self.beta = challenge(c0, *public, c1)
        self.gamma = challenge(self.beta)

    def of_product(self, c2: Numbers) -> None:
        """xi, the 24th power of a number, so that its roots are known."""
        seed = self._seed = challenge(self.gamma, c2)
        self.xi = pow(seed, 24, R)
        self.ahead = self.xi * self._root % R
        third = pow(seed, 8, R)
        self.places = [
            _around(pow(seed, 3, R), 8), _around(pow(seed, 6, R), 4),
            _around(third, 3) + _around(third * third_of_root(self.power) % R, 3)]

    def of_values(self, values: Sequence[int]) -> None:
        """alpha."""
        self.alpha = challenge(self._seed, *values)

    def of_opening(self, w1: Numbers) -> None:
        """y."""
        self.y = challenge(self.alpha, w1)

    def vanishing(self, at: int) -> tuple[int, int, int]:
        """At a number, the polynomials that are 0 at the places of C0, C1, C2: X^8 - xi, X^4 - xi,
        (X^3 - xi) (X^3 - xi w)."""
        cube = pow(at, 3, R)
        return ((pow(at, 8, R) - self.xi) % R, (pow(at, 4, R) - self.xi) % R,
                (cube - self.xi) * (cube - self.ahead) % R)

    def inverse(self, public: int) -> int:
        """What a contract multiplies by instead of inverting: 1 over the product of xi^n - 1, of
        the vanishing polynomials of C1 and C2 at y, of the denominators of the Lagrange polynomials
        at y on the places of C0, C1, C2, and of ``n (xi - w^i)`` for every signal, and one at
        least. ValueError where one is 0."""
        size = 1 << self.power
        factors = [pow(self.xi, size, R) - 1, *self.vanishing(self.y)[1:]]
        for places in self.places:
            for place in places:
                factors += [place - other for other in places if other != place]
                factors.append(self.y - place)
        factors += [size * (self.xi - pow(self._root, index, R))
                    for index in range(max(1, public))]
        return pow(reduce(lambda product, factor: product * factor % R, factors, 1), -1, R)


def remainders(draws: Draws, key: FflonkKey, public: Sequence[int], values: Mapping[str, int]
               ) -> tuple[Callable[[int], int], ...]:
    """The polynomials R0, R1, R2 that C0, C1, C2 equal at their places, as functions.

    ZeroDivisionError where xi is in the domain.
    """
    lagrange = lagrange_at(draws.xi, key.power, max(1, len(public)))
    over = pow(pow(draws.xi, 1 << key.power, R) - 1, -1, R)
    beta, gamma, xi = draws.beta, draws.gamma, draws.xi
    v = dict(values)
    a, b, c = v["a"], v["b"], v["c"]
    signals = sum(value * each for value, each in zip(public, lagrange, strict=False))
    v["t0"] = (v["ql"] * a + v["qr"] * b + v["qm"] * a * b + v["qo"] * c + v["qc"] - signals) * over
    v["t1"] = (v["z"] - 1) * lagrange[0] * over
    v["t2"] = ((a + beta * xi + gamma) * (b + beta * key.k1 * xi + gamma)
               * (c + beta * key.k2 * xi + gamma) * v["z"]
               - (a + beta * v["s1"] + gamma) * (b + beta * v["s2"] + gamma)
               * (c + beta * v["s3"] + gamma) * v["zw"]) * over
    first, second, third = ([v[name] % R for name in names] for names in COMBINED)
    ahead = [v[name] for name in ("zw", "t1w", "t2w")]
    apart = pow(xi - draws.ahead, -1, R)

    def last(at: int) -> int:
        cube = pow(at, 3, R)
        return (_value(third, at) * (cube - draws.ahead)
                - _value(ahead, at) * (cube - xi)) * apart % R

    return lambda at: _value(first, at), lambda at: _value(second, at), last


def equation(key: FflonkKey, public: Sequence[int], proof: FflonkProof) -> Equation:
    """What has to hold of a proof, with Z_i as `Draws.vanishing`, all at y::

        F = C0 + alpha Z_0 / Z_1 C1 + alpha^2 Z_0 / Z_2 C2
        E = R0 + alpha Z_0 / Z_1 R1 + alpha^2 Z_0 / Z_2 R2
        e(W2, [tau]) = e(F - E - Z_0 W1 + y W2, [1])

    Raises ZeroDivisionError or ValueError where a divisor is 0, of which a transcript has one
    chance in 2^226.
    """
    p = proof.points
    draws = draws_of(key, public, proof)
    zero, *others = draws.vanishing(draws.y)
    factors = [1, *(pow(draws.alpha, index + 1, R) * zero * pow(other, -1, R) % R
                    for index, other in enumerate(others))]
    opened = sum(factor * remainder(draws.y) for factor, remainder in zip(
        factors, remainders(draws, key, public, proof.values), strict=True))
    return Equation(
        at_tau=[(1, p["W2"])],
        at_one=[*zip(factors, (key.c0, p["C1"], p["C2"]), strict=True), (-opened, GENERATOR),
                (-zero, p["W1"]), (draws.y, p["W2"])],
        tau=key.tau)


def draws_of(key: FflonkKey, public: Sequence[int], proof: FflonkProof) -> Draws:
    """The challenges of a whole proof."""
    draws = Draws(key.power)
    draws.of_wires(key.c0, public, proof.points["C1"])
    draws.of_product(proof.points["C2"])
    draws.of_values([proof.values[name] for name in EVALUATIONS])
    draws.of_opening(proof.points["W1"])
    return draws


def verify(key: FflonkKey, public: Sequence[int], proof: FflonkProof) -> bool:
    """Whether `proof` shows that somebody knows a witness with the signals `public`; its `inverse`
    must be right too, though the equation does not need it.

    Raises `ProofmillError` where their number does not fit, and `NotValid` where one is not below
    r. The points must be on the curve, as all are that were read from JSON.
    """
    check_public(key.name, key.public, public)
    try:
        right = proof.inverse == draws_of(key, public, proof).inverse(key.public)
        return right and equation(key, public, proof).holds()
    except (ValueError, ZeroDivisionError):
        return False


def _around(place: int, order: int) -> list[int]:
    """A number times all roots of unity of an order."""
    return [place * pow(ROOTS[order], index, R) % R for index in range(order)]


def _value(coefficients: Sequence[int], at: int) -> int:
    """A polynomial's value."""
    return reduce(lambda total, each: (total * at + each) % R, reversed(coefficients), 0)
