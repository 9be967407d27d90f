"""What the challenges of an aggregate hash, and what follows from them, for prover and verifier.

With n = 2^l proofs, r the challenge of the combination and x_1, ..., x_l those of the halvings, the
folded keys are the powers' values of

    f_v(X) = prod(1 + x_j^-1 X^(2^(l - j)))              v_i = s^i G2
    f_w(X) = X^n prod(1 + x_j (X / r)^(2^(l - j)))       w_i = r^-i s^(n + i) G1

and the vector r^i folds to f_v(r), since it is halved as v is.
"""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.prover.aggregation.aggregate import Committed, Folded, Round
from proofmill.host.prover.aggregation.elements import to_bytes
from proofmill.host.prover.aggregation.setup import Heads
from proofmill.host.prover.aggregation.transcript import Transcript
from proofmill.host.prover.curve import target
from proofmill.host.prover.curve.limbs import NUMBER_BYTES, Limbs
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS as R
from proofmill.host.prover.groth16.verification_key import VerificationKey

T = TypeVar("T")

DOMAIN = b"proofmill aggregation of Groth16 proofs on BN254, 1"


class Challenges:
    """The challenges in their order, each after what it depends on."""

    def __init__(self, heads: Heads, key: VerificationKey,
                 public: Sequence[Sequence[int]]) -> None:
        """Begins with everything that is stated: setup, key, number and public signals."""
        self._transcript = Transcript(DOMAIN)
        self._transcript.challenge(
            heads.to_bytes(), to_bytes(Group.G1, np.array([key.alpha_g1, *key.public_points])),
            to_bytes(Group.G2, np.array([key.beta_g2, key.gamma_g2, key.delta_g2])),
            len(public).to_bytes(8, "big"),
            b"".join([value.to_bytes(NUMBER_BYTES, "big") for row in public for value in row]))

    def combination(self, committed: Committed) -> int:
        """r, by whose powers the proofs are combined."""
        return self._transcript.challenge(committed.to_bytes())

    def sums(self, z_ab: Limbs, z_c: Limbs) -> None:
        """Take in what the combination gives, before the first halving."""
        self._transcript.challenge(target.compress(z_ab), to_bytes(Group.G1, z_c))

    def halving(self, both: Round) -> int:
        """x of a round."""
        return self._transcript.challenge(both.to_bytes())

    def point(self, folded: Folded) -> int:
        """z, at which the folded keys' polynomials are opened."""
        return self._transcript.challenge(folded.to_bytes())


def inverses(values: Sequence[int]) -> list[int]:
    """Modulo r; none is 0."""
    return [pow(value, -1, R) for value in values]


def value(factors: Sequence[int], at: int) -> int:
    """``prod(1 + factors[j - 1] at^(2^(l - j)))``, j from 1 to l."""
    found = 1
    for factor in reversed(factors):
        found = found * (1 + factor * at) % R
        at = at * at % R
    return found


def coefficients(factors: Sequence[int]) -> list[int]:
    """Those of the polynomial that `value` evaluates, the lowest first: 2^l of them."""
    found = [1]
    for factor in reversed(factors):
        found += [factor * each % R for each in found]
    return found


def key_of_w(halvings: Sequence[int], combination: int) -> list[int]:
    """The factors of f_w / X^n, by its own argument X: ``x_j r^-(2^(l - j))``."""
    scale, factors = pow(combination, -1, R), []
    for each in reversed(halvings):
        factors.append(each * scale % R)
        scale = scale * scale % R
    return factors[::-1]


def powers(base: int, count: int) -> list[int]:
    """1, base, ..., base^(count - 1) modulo r."""
    found = [1]
    for _ in range(count - 1):
        found.append(found[-1] * base % R)
    return found


def padded(each: Sequence[T], size: int) -> list[T]:
    """The last proof, or its public signals, repeated: so an aggregate of a number that is no power
    of two has it several times."""
    return [*each, *[each[-1]] * (size - len(each))]
