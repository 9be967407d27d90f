"""The five rounds of a PLONK proof. (ePrint 2019/953, section 8.1, names as there.)

Polynomials stay in coefficients; of their values, those on one coset of the domain at a time are
in memory, and the key's are read from its file there.
"""

from collections.abc import Sequence

import numpy as np

from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS
from proofmill.host.prover.curve.scalars import Vector, geometric, root_of_unity
from proofmill.host.prover.plonk.commitments import Committer
from proofmill.host.prover.plonk.identities import (
    gate_sums,
    over_vanishing,
    permutation_factors,
    signal_values,
)
from proofmill.host.prover.plonk.polynomials import (
    blinded,
    constant,
    divide,
    evaluate,
    running_product,
)
from proofmill.host.prover.plonk.verification_key import (
    EVALUATIONS,
    KEY_POINTS,
    PROOF_POINTS,
    PlonkProof,
    points_in_order,
)
from proofmill.host.prover.plonk.verify import Challenges, linearise
from proofmill.host.prover.plonk.zkey import (
    BLINDED,
    LAGRANGE,
    SPREAD,
    PlonkProvingKey,
    Polynomials,
)

BLINDINGS = 11
"""Random numbers of a proof: two for each wire, three for the product, two for the quotient."""

SUMS = len(PROOF_POINTS)
"""Sums of a proof, of n + 6 points each."""

_HALF = (SCALAR_MODULUS + 1) // 2


class Rounds:
    """One proof in the making; `blinding`: `BLINDINGS` numbers below r.

    `wires`: the values on wires a, b and c, shape (n,) each; they are let go after the second
    round. Raises `BrokenKey` where the polynomials of a key do not belong together.
    """

    def __init__(self, key: PlonkProvingKey, committer: Committer, blinding: Sequence[int]) -> None:
        self._key, self._commit, self._blinding = key, committer.commit, blinding
        self._size, self._root = key.circuit.domain_size, root_of_unity(key.circuit.power)
        self._transforms, self._draws = committer.transforms, Challenges()

    def prove(self, wires: list[Vector], public: Sequence[int]) -> PlonkProof:
        """All rounds. Raises `DeviceError`."""
        b, made = self._blinding, self._transforms.coefficients
        coefficients = [blinded(made(values), (b[2 * place + 1], b[2 * place]))
                        for place, values in enumerate(wires)]
        points = self._commit(coefficients)
        key_points = points_in_order(self._key.verification_key.points, KEY_POINTS)
        self._draws.of_wires(key_points, public, points)

        product = permutation_product(wires, self._key.polynomials, self._draws.beta,
                                      self._draws.gamma, self._columns)
        z = blinded(made(product), (b[8], b[7], b[6]))
        del product
        wires.clear()
        points += self._commit([z])
        self._draws.of_product(points[-1])

        parts = self._quotient(coefficients, z, public)
        points += self._commit(parts)
        self._draws.of_quotient(points[-3:])

        values = self._values(coefficients, z)
        self._draws.of_values(values)

        points += self._commit(self._openings(coefficients, z, parts, values, public))
        return PlonkProof(points=dict(zip(PROOF_POINTS, points, strict=True)),
                          values=dict(zip(EVALUATIONS, values, strict=True)))

    @property
    def _columns(self) -> tuple[int, int, int]:
        """What tells the columns of wires apart: 1, k1, k2."""
        return 1, self._key.verification_key.k1, self._key.verification_key.k2

    def _quotient(self, wires: Sequence[Vector], z: Vector, public: Sequence[int]) -> list[Vector]:
        """Round 3: T1, T2, T3 of ``T = T1 + X^n T2 + X^2n T3``, blinded.

        With i of order 4 and w of order 4 n, T is N over (i^j - 1) on the coset w^j, and the
        values there give T modulo X^n - i^j. The coset j = 0, where N and X^n - 1 are 0, is left
        out: the 6 coefficients of T from X^3n on are those of N from X^4n on, and the other 3 n
        follow from j = 1, 2, 3.
        """
        signals = self._transforms.coefficients(signal_values(public, self._size))
        top = self._top(wires, z)
        rests = []
        for coset in range(1, SPREAD):
            values = self._numerator(wires, z, signals, coset)
            rest = self._transforms.from_coset(values * over_vanishing(coset), coset)
            rest[:BLINDED] -= top * constant(pow(root_of_unity(2), 3 * coset, SCALAR_MODULUS))
            rests.append(rest)
        low, odd, high = three_parts(rests)
        # What is added at the end of one part is taken away at the start of the next.
        first, second = (constant(value) for value in self._blinding[9:11])
        odd[:1] -= first
        high[:1] -= second
        return [np.concatenate((low, first)), np.concatenate((odd, second)),
                np.concatenate((high, top))]

    def _numerator(self, wires: Sequence[Vector], z: Vector, signals: Vector, coset: int
                   ) -> Vector:
        """N on a coset: the gates, alpha times the permutation, alpha^2 times (Z - 1) L_1."""
        draws, key, size = self._draws, self._key.polynomials, self._size
        on_coset = self._transforms.on_coset
        values = [on_coset(each, size, coset) for each in wires]
        total = gate_sums(key, values, coset)
        total += on_coset(signals, size, coset)
        above, below = permutation_factors(key, values, coset, draws.beta, draws.gamma,
                                           self._columns)
        del values
        product = on_coset(z, size, coset)
        above *= product
        above -= np.roll(product, -1) * below
        total += above * constant(draws.alpha)
        product -= constant(1)
        total += product * key.values(LAGRANGE, coset) * constant(draws.alpha ** 2)
        return total

    def _top(self, wires: Sequence[Vector], z: Vector) -> Vector:
        """The coefficients 4 n .. 4 n + 5 of N: only those of the permutation reach as far."""
        draws, size = self._draws, self._size
        degree = [size + 1, size + 1, size + 1, size + 2]

        def ends(polynomials: Sequence[Vector]) -> list[int]:
            product = [1]
            for place, each in enumerate(polynomials):
                last = scalars.to_integers(each[max(0, degree[place] + 1 - BLINDED):])
                last = [0] * (BLINDED - len(last)) + last
                product = [sum(product[-1 - i] * last[-1 - k + i] for i in range(k + 1)
                               if i < len(product))
                           for k in reversed(range(BLINDED))]
            return product

        identity, permuted = [], []
        for values, factor, name in zip(wires, self._columns, KEY_POINTS[5:], strict=True):
            known = values.copy()
            known[:1] += constant(draws.gamma)
            turned = known.copy()
            known[1:2] += constant(draws.beta * factor)
            turned[:size] += self._key.polynomials.coefficients(name) * constant(draws.beta)
            identity.append(known)
            permuted.append(turned)
        ahead = z * geometric(self._root, len(z))
        return scalars.from_integers(
            draws.alpha * (one - other) for one, other in zip(
                ends([*identity, z]), ends([*permuted, ahead]), strict=True))

    def _values(self, wires: Sequence[Vector], z: Vector) -> list[int]:
        """Round 4: the values at xi, of Z at xi w."""
        xi, key = self._draws.xi, self._key.polynomials
        return [*(evaluate(each, xi) for each in wires),
                *(evaluate(key.coefficients(name), xi) for name in KEY_POINTS[5:7]),
                evaluate(z, xi * self._root % SCALAR_MODULUS)]

    def _openings(self, wires: Sequence[Vector], z: Vector, parts: Sequence[Vector],
                  values: Sequence[int], public: Sequence[int]) -> list[Vector]:
        """Round 5: the quotients by X - xi and X - xi w."""
        draws, key, plain = self._draws, self._key.polynomials, self._key.verification_key
        linear = linearise(draws, values, plain.power, plain.k1, plain.k2, public)
        opened = [pow(draws.v, index + 1, SCALAR_MODULUS) for index in range(5)]
        total = scalars.zeros(self._size + BLINDED)

        def add(factor: int, coefficients: Vector) -> None:
            total[:len(coefficients)] += coefficients * constant(factor)

        for factor, name in zip(linear.selectors, KEY_POINTS[:5], strict=True):
            add(factor, key.coefficients(name))
        add(linear.z, z)
        add(linear.s3, key.coefficients(KEY_POINTS[7]))
        for index, part in enumerate(parts):
            add(-linear.zero * pow(linear.x, index, SCALAR_MODULUS), part)
        for factor, each in zip(opened, wires, strict=False):
            add(factor, each)
        for factor, name in zip(opened[3:], KEY_POINTS[5:7], strict=True):
            add(factor, key.coefficients(name))
        add(1, constant(linear.constant - sum(
            factor * value for factor, value in zip(opened, values[:5], strict=True))))
        shifted = z.copy()
        shifted[:1] -= constant(values[5])
        ahead = draws.xi * self._root % SCALAR_MODULUS
        try:
            return [divide(total, draws.xi), divide(shifted, ahead)]
        except ValueError:
            raise BrokenKey("the values of its polynomials are not those of their coefficients"
                            ) from None


def three_parts(rests: Sequence[Vector]) -> tuple[Vector, Vector, Vector]:
    """T_0, T_1, T_2 of ``T_0 + X^n T_1 + X^2n T_2`` from the remainders by X^n - i^j for j = 1, 2,
    3, i of order 4."""
    middle = (rests[0] - rests[2]) * constant(pow(2 * root_of_unity(2), -1, SCALAR_MODULUS))
    difference = (rests[0] + rests[2]) * constant(_HALF)
    both = rests[1] + middle
    return (both + difference) * constant(_HALF), middle, (both - difference) * constant(_HALF)


def permutation_product(wires: Sequence[Vector], polynomials: Polynomials, beta: int, gamma: int,
                        columns: Sequence[int]) -> Vector:
    """Z at the domain's places, shape (n,): the running product of (f + beta k id + gamma) over
    (f + beta S + gamma) for the three wires, k in `columns`. Raises `BrokenKey`."""
    try:
        product = running_product(*permutation_factors(
            polynomials, wires, 0, beta, gamma, columns))
    except ZeroDivisionError:
        raise BrokenKey("a denominator of the permutation is zero") from None
    if scalars.to_integers(product[-1:]) != [1]:
        raise BrokenKey("its permutation is none of the wires")
    return product[:-1]


class BrokenKey(Exception):
    """Why no proof can be made with a key whose gates all hold."""
