"""What a proving key and a witness determine: the values A w, B w and the quotient's scalars."""

import numpy as np
from numpy.typing import NDArray

from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.curve.scalars import Vector
from proofmill.host.prover.groth16.matrix import sum_by
from proofmill.host.prover.groth16.proving_key import ProvingKey
from proofmill.sim.evaluator import Matrices

LARGEST_SHIFT = 25
"""The shift snarkjs takes at a domain of 2^28, where no root of unity of twice the order exists."""


class Evaluator:
    """The coefficients of a key, sorted once, to be multiplied by many witnesses."""

    def __init__(self, key: ProvingKey) -> None:
        self._size = key.domain_size
        power = key.domain_size.bit_length() - 1
        self._shift = (scalars.root_of_unity(power + 1) if power < scalars.TWO_ADICITY
                       else LARGEST_SHIFT)
        self._matrices = [_sorted(key, matrix) for matrix in (0, 1)]

    def evaluate(self, witness: Limbs) -> tuple[Vector, Vector]:
        """A w and B w, each of `domain_size` values; `witness` as `quotient` takes it."""
        values = scalars.from_raw(witness)
        a, b = (
            # Coefficients are stored times 2^512: the product with a plain number is a Vector.
            sum_by(constraints, coefficients * values[signals], self._size)
            for constraints, signals, coefficients in self._matrices)
        return a, b

    def quotient(self, witness: Limbs) -> Limbs:
        """The scalars of the points H, shape (domain_size, 4), plain integers.

        With a, b the polynomials through A w and B w on the domain of n-th roots of unity, and c
        the one through their products: ``a*b - c`` at those roots times w_2n, which are the
        odd ones of order 2n. There the vanishing polynomial is constant, -2, and the key's points H
        hold the division by it. (snarkjs 0.7, groth16_prove.js.)

        `witness`: shape (wires, 4), plain integers below r.
        """
        return quotient_of(*self.evaluate(witness), self._shift)


def quotient_of(a: Vector, b: Vector, shift: int) -> Limbs:
    """`Evaluator.quotient` from A w and B w; `shift` is w_2n."""
    shifted_a, shifted_b, shifted_c = (
        scalars.to_shifted_domain(each, shift) for each in (a, b, a * b))
    return scalars.to_plain(shifted_a * shifted_b - shifted_c)


def matrices_of(key: ProvingKey) -> Matrices:
    """The matrices A and B of a key, B's rows behind A's, for a device that evaluates."""
    found = key.coefficients
    values = np.ascontiguousarray(found["value"])
    different, which = np.unique(values.view(np.dtype((np.void, values.strides[0])))[:, 0],
                                 return_inverse=True)
    plain = scalars.to_integers(scalars.from_double_montgomery_limbs(
        different.view(np.uint64).reshape(-1, values.shape[1])))
    return Matrices(
        key.domain_size.bit_length() - 1,
        found["matrix"].astype(np.int64) * key.domain_size + found["constraint"],
        found["signal"].astype(np.int64), which.astype(np.int64), plain)


def _sorted(key: ProvingKey, matrix: int) -> tuple[NDArray[np.intp], NDArray[np.intp], Vector]:
    """Constraint, signal and coefficient of every entry of a matrix, by ascending constraint."""
    entries = key.coefficients[key.coefficients["matrix"] == matrix]
    constraints = entries["constraint"].astype(np.intp)
    if np.any(constraints[1:] < constraints[:-1]):
        order = np.argsort(constraints, kind="stable")
        entries, constraints = entries[order], constraints[order]
    return constraints, entries["signal"].astype(np.intp), scalars.from_raw(entries["value"])
