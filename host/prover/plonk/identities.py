"""What holds at every gate of a circuit, on one coset of the domain at a time.

Coset j, from 0 to 3, of the domain of order n is ``w^(4 i + j)``, w of order 4 n; X^n is i^j there,
i of order 4. (ePrint 2019/953, section 8.1, names as there.)
"""

from collections.abc import Sequence

import numpy as np

from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS
from proofmill.host.prover.curve.scalars import Vector, geometric, root_of_unity
from proofmill.host.prover.plonk.polynomials import constant
from proofmill.host.prover.plonk.verification_key import KEY_POINTS
from proofmill.host.prover.plonk.zkey import Polynomials


def shift_of(coset: int, power: int) -> int:
    """w^j: what takes the domain of 2^power to a coset."""
    return pow(root_of_unity(power + 2), coset, SCALAR_MODULUS)


def over_vanishing(coset: int) -> Vector:
    """``1 / (X^n - 1)`` on a coset that is not the domain, shape (1,), to be broadcast."""
    return constant(pow(pow(root_of_unity(2), coset, SCALAR_MODULUS) - 1, -1, SCALAR_MODULUS))


def signal_values(public: Sequence[int], size: int) -> Vector:
    """PI on the domain: the negatives of the public signals at the first of its `size` places."""
    signals = scalars.zeros(size)
    signals[:len(public)] = scalars.from_integers(-value for value in public)
    return signals


def gate_sums(polynomials: Polynomials, wires: Sequence[Vector], coset: int) -> Vector:
    """``Qm a b + Ql a + Qr b + Qo c + Qc``, from the values on wires a, b, c there."""
    a, b, c = wires
    total = polynomials.values("Qm", coset) * b
    total += polynomials.values("Ql", coset)
    total *= a
    total += polynomials.values("Qr", coset) * b
    total += polynomials.values("Qo", coset) * c
    total += polynomials.values("Qc", coset)
    return total


def permutation_factors(polynomials: Polynomials, wires: Sequence[Vector], coset: int, beta: int,
                        gamma: int, columns: Sequence[int]) -> tuple[Vector, Vector]:
    """The products over the wires f of ``f + beta k X + gamma``, k in `columns`, and of
    ``f + beta S + gamma``, from the values on the wires there."""
    size = len(wires[0])
    power = size.bit_length() - 1
    places = geometric(root_of_unity(power), size) * constant(beta * shift_of(coset, power))
    above, below = (np.repeat(constant(1), size) for _ in range(2))
    for values, factor, name in zip(wires, columns, KEY_POINTS[5:], strict=True):
        known = values + constant(gamma)
        above *= known + places * constant(factor)
        below *= known + polynomials.values(name, coset) * constant(beta)
    return above, below
