"""The rounds of an FFLONK proof. (ePrint 2021/1167, section 7; see `host.prover.fflonk.verify`.)

As in PLONK's (`host.prover.plonk.rounds`), polynomials stay in coefficients, and of their values
those on one coset of the domain at a time are in memory.
"""

from collections.abc import Sequence

import numpy as np

from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS as R
from proofmill.host.prover.curve.scalars import Vector, root_of_unity
from proofmill.host.prover.fflonk.verification_key import (
    EVALUATIONS,
    PROOF_POINTS,
    FflonkProof,
)
from proofmill.host.prover.fflonk.verify import Draws, remainders
from proofmill.host.prover.fflonk.zkey import FREE, IN_C0, FflonkProvingKey
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
    quotient_and_rest,
)
from proofmill.host.prover.plonk.rounds import BrokenKey, permutation_product, three_parts
from proofmill.host.prover.plonk.zkey import LAGRANGE, SPREAD

BLINDINGS = 3 * FREE + 3
"""Random numbers of a proof: on the free places of the three wires, and three for Z."""

SUMS = len(PROOF_POINTS)
"""Sums of a proof, of 9 n + 18 points each."""


class Rounds:
    """One proof in the making; `blinding`: `BLINDINGS` numbers below r.

    Raises `host.prover.plonk.rounds.BrokenKey` where the key's polynomials do not fit together.
    """

    def __init__(self, key: FflonkProvingKey, committer: Committer, blinding: Sequence[int]
                 ) -> None:
        self._key, self._commit, self._blinding = key, committer.commit, blinding
        self._size, self._power = key.circuit.domain_size, key.circuit.power
        self._transforms, self._draws = committer.transforms, Draws(self._power)

    def prove(self, wires: list[Vector], public: Sequence[int]) -> FflonkProof:
        """All rounds; `wires`: the values on wires a, b and c, shape (n,) each. Raises
        `DeviceError`."""
        draws, plain = self._draws, self._key.verification_key
        for place, values in enumerate(wires):
            values[-FREE:] = scalars.from_integers(
                self._blinding[FREE * place:FREE * (place + 1)])
        first = [self._transforms.coefficients(values) for values in wires]
        first.append(self._gates(first, public))
        points = self._commit([combined(first)])
        draws.of_wires(plain.c0, public, points[0])

        product = permutation_product(wires, self._key.polynomials, draws.beta, draws.gamma,
                                      self._columns)
        wires.clear()
        z = blinded(self._transforms.coefficients(product), self._blinding[3 * FREE:])
        del product
        second = [z, *self._permuted(first[:3], z)]
        points += self._commit([combined(second)])
        draws.of_product(points[1])

        values_at = self._values(first, second)
        draws.of_values([values_at[name] for name in EVALUATIONS])
        opened = self._opened(first, second)
        points += self._commit([opened])
        draws.of_opening(points[2])

        points += self._commit([self._last(first, second, opened, values_at, public)])
        return FflonkProof(points=dict(zip(PROOF_POINTS, points, strict=True)), values=values_at,
                           inverse=draws.inverse(len(public)))

    @property
    def _columns(self) -> tuple[int, int, int]:
        """What tells the columns of wires apart: 1, k1, k2."""
        return 1, self._key.verification_key.k1, self._key.verification_key.k2

    def _gates(self, wires: Sequence[Vector], public: Sequence[int]) -> Vector:
        """T0, of fewer than 2 n coefficients, from two cosets of the domain, on which X^n is i and
        -i."""
        size, transforms = self._size, self._transforms
        signals = transforms.coefficients(signal_values(public, size))
        rests = []
        for coset in (1, 3):
            values = [transforms.on_coset(each, size, coset) for each in wires]
            total = gate_sums(self._key.polynomials, values, coset)
            total += transforms.on_coset(signals, size, coset)
            rests.append(transforms.from_coset(total * over_vanishing(coset), coset))
        return _two_parts(rests)

    def _permuted(self, wires: Sequence[Vector], z: Vector) -> tuple[Vector, Vector]:
        """T1, of fewer than 2 n coefficients, and T2, of 3 n."""
        size, draws, key = self._size, self._draws, self._key.polynomials
        transforms = self._transforms
        ones, twos = [], []
        for coset in range(1, SPREAD):
            over = over_vanishing(coset)
            above, below = permutation_factors(
                key, [transforms.on_coset(each, size, coset) for each in wires], coset, draws.beta,
                draws.gamma, self._columns)
            product = transforms.on_coset(z, size, coset)
            above *= product
            above -= np.roll(product, -1) * below
            twos.append(transforms.from_coset(above * over, coset))
            if coset != 2:
                product -= constant(1)
                ones.append(transforms.from_coset(
                    product * key.values(LAGRANGE, coset) * over, coset))
        return _two_parts(ones), np.concatenate(three_parts(twos))

    def _values(self, first: Sequence[Vector], second: Sequence[Vector]) -> dict[str, int]:
        """The values at xi and xi w."""
        xi, ahead, key = self._draws.xi, self._draws.ahead, self._key.polynomials
        found = {name.lower(): evaluate(key.coefficients(name), xi) for name in IN_C0}
        found |= {name: evaluate(each, xi) for name, each in zip("abc", first, strict=False)}
        found["z"] = evaluate(second[0], xi)
        found |= {name: evaluate(each, ahead)
                  for name, each in zip(("zw", "t1w", "t2w"), second, strict=True)}
        return found

    def _opened(self, first: Sequence[Vector], second: Sequence[Vector]) -> Vector:
        """W1, the sum of ``alpha^i (C_i - R_i) / Z_i``: f_i over X - xi, in C2 over X - xi w
        too."""
        draws, key = self._draws, self._key.polynomials
        alpha = constant(draws.alpha)
        total = scalars.zeros(self._key.powers.shape[0])
        for factor, polynomials, roots in (
                (constant(1), (key.coefficients(name) for name in IN_C0), (draws.xi,)),
                (alpha, first, (draws.xi,)), (alpha * alpha, second, (draws.xi, draws.ahead))):
            quotients = []
            for each in polynomials:
                for root in roots:
                    each, _ = quotient_and_rest(each, root)
                quotients.append(each * factor)
            part = combined(quotients)
            total[:len(part)] += part
        return total

    def _last(self, first: Sequence[Vector], second: Sequence[Vector], opened: Vector,
              values: dict[str, int], public: Sequence[int]) -> Vector:
        """W2, ``(C0 - R0 + alpha Z_0 / Z_1 (C1 - R1) + alpha^2 Z_0 / Z_2 (C2 - R2) - Z_0 W1) /
        (X - y)`` with all but C and W1 at y."""
        draws = self._draws
        zero, *others = draws.vanishing(draws.y)
        total = opened * constant(-zero)
        at_y = remainders(draws, self._key.verification_key, public, values)
        claimed = 0
        for index, (part, remainder) in enumerate(zip(
                (self._key.c0(), combined(first), combined(second)), at_y, strict=True)):
            factor = 1 if index == 0 else (
                pow(draws.alpha, index, R) * zero * pow(others[index - 1], -1, R) % R)
            total[:len(part)] += part * constant(factor)
            claimed += factor * remainder(draws.y)
        total[:1] -= constant(claimed)
        try:
            return divide(total, draws.y)
        except ValueError:
            raise BrokenKey("the values of its polynomials are not those of their coefficients"
                            ) from None


def combined(polynomials: Sequence[Vector]) -> Vector:
    """``sum(X^i f_i(X^k))`` of k polynomials."""
    count = len(polynomials)
    result = scalars.zeros(count * max(map(len, polynomials)))
    for place, each in enumerate(polynomials):
        result[place:count * len(each):count] = each
    return result


def _two_parts(rests: Sequence[Vector]) -> Vector:
    """``T_0 + X^n T_1`` from the remainders by X^n - i and X^n + i, i of order 4."""
    half = pow(2, -1, R)
    by_root = constant(half * pow(root_of_unity(2), -1, R))
    return np.concatenate(((rests[0] + rests[1]) * constant(half), (rests[0] - rests[1]) * by_root))
