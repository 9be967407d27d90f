"""A signature of `eddsa` as constraints.

    S B - h (8 A) = R,    h = Poseidon(R.x, R.y, A.x, A.y, message)

R comes out as the sum of two points of the subgroup, so it needs no check of its own. A must be on
the curve, and 4 A must have an x other than 0: the points with x = 0 are zero and the one of order
2, so 8 A is not zero, and A of no order that divides 8. S is below l, so that a signature has no
second form.

h is a number below r, and its multiple is meant as that integer, not as one r higher. The ladder
starts at 2^253 (`edwards_gadget.multiple`) and multiplies Q = 4 A, whose order divides 2 l. So it
is given ``n = 2^253 + b`` with ``b = h + m l - 2^253``, m l the least multiple of l above 2^253:
its result ``(2 n + 1) Q = h (8 A) + m l (8 A) + Q`` is ``h (8 A) + 4 A``. The bits of b are those
of the integer in ``m l - 2^253 .. m l - 2^253 + r - 1``.
"""

from proofmill.host.prover.circuits.baby_jubjub import ORDER
from proofmill.host.prover.circuits.canonical import bits_between
from proofmill.host.prover.circuits.constraints import MODULUS, ConstraintSystem, LinearCombination
from proofmill.host.prover.circuits.edwards_gadget import (
    LADDER_BITS,
    EdwardsWires,
    assert_not_zero,
    assert_on_curve,
    edwards_add,
    edwards_double,
    multiple,
    multiple_of_base,
)
from proofmill.host.prover.circuits.poseidon_gadget import poseidon_gadget

_START = 1 << LADDER_BITS - 1
_SHIFT = -(-_START // ORDER) * ORDER - _START
"""b - h: from the ladder's start to the next multiple of l."""
assert _SHIFT + MODULUS <= 1 << LADDER_BITS


def assert_signature(
    system: ConstraintSystem, public: EdwardsWires, message: LinearCombination,
    nonce_point: EdwardsWires, scalar: LinearCombination, label: str,
) -> None:
    """Constrain ``(nonce_point, scalar)`` to be a signature of `message` under `public`.

    3,488 constraints, message and all; circomlib's EdDSAPoseidonVerifier takes 4,217.
    """
    assert_on_curve(system, public, f"{label}: A")
    doubled = edwards_double(system, public, f"{label}: 2 A")
    fourfold = edwards_double(system, doubled, f"{label}: 4 A")
    assert_not_zero(system, fourfold.x, f"{label}: x of 4 A")
    challenge = poseidon_gadget(system, (*nonce_point, *public, message), f"{label}: h")
    bits = bits_between(system, challenge + _SHIFT, _SHIFT, _SHIFT + MODULUS - 1, f"{label}: b")
    more = multiple(system, fourfold, bits, f"{label}: h 8 A + 4 A")
    taken = edwards_add(system, EdwardsWires(more.x * -1, more.y), fourfold, f"{label}: -h 8 A")
    signed = multiple_of_base(
        system, bits_between(system, scalar, 0, ORDER - 1, f"{label}: S"), f"{label}: S B")
    edwards_add(system, signed, taken, f"{label}: R", nonce_point)
