"""Numbers as bits."""

from collections.abc import Sequence

from proofmill.host.prover.circuits.constraints import (
    MODULUS,
    ConstraintSystem,
    LinearCombination,
    weighted_sum,
)


def range_check(system: ConstraintSystem, value: LinearCombination, bits: int,
                label: str) -> list[LinearCombination]:
    """Constrain ``0 <= value < 2^bits``; return the bits, the least significant first.

    `bits` constraints and ``bits - 1`` wires: the topmost bit is no wire but
    ``(value - sum of the lower bits * 2^i) / 2^(bits - 1)``, constrained to be 0 or 1 as the others
    are. Sound where ``2^bits <= r``: then the sum of the bits does not wrap around, and a value
    out of range has no bits. Raises `ValueError` where `bits` is not in 1..253.
    """
    if not 1 <= bits < MODULUS.bit_length():
        raise ValueError(f"{label}: a range of {bits} bits, not 1 to {MODULUS.bit_length() - 1}")
    lower = [system.internal(f"{label}: bit {place}") for place in range(bits - 1)]
    system.hint(lambda values: [values[0] >> place & 1 for place in range(bits - 1)],
                (value,), lower)
    top = (value - from_bits(lower)) * pow(2, 1 - bits, MODULUS)
    for place, bit in enumerate((*lower, top)):
        system.assert_boolean(bit, f"{label}: bit {place} is 0 or 1")
    return [*lower, top]


def from_bits(bits: Sequence[LinearCombination]) -> LinearCombination:
    """``sum(bits[i] * 2^i)``: no constraint."""
    return weighted_sum((1 << place for place in range(len(bits))), bits)
