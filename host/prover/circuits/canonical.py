"""A field element as bits, of which only the canonical ones are taken.

A number of n bits with 2^n > r stands for a field element in more than one way. These gadgets leave
one: the bits are those of an integer in a stated range no longer than r.
"""

from collections.abc import Sequence

from proofmill.host.prover.circuits.constraints import (
    MODULUS,
    ONE,
    ConstraintSystem,
    LinearCombination,
)
from proofmill.host.prover.circuits.range_check import from_bits


def bits_between(system: ConstraintSystem, value: LinearCombination, least: int, most: int,
                 label: str) -> list[LinearCombination]:
    """The bits, the least significant first, of the integer in ``least..most`` that is `value`
    modulo r; ``most - least < r``, so there is at most one.

    Upper bound, from the top bit down, `run` the product of the bits so far where `most` has ones::

        most has a 1:  b (b - 1) = 0,  run' = run b        most has a 0:  b (b - 1 + run) = 0

    so that while all bits equal those of `most`, a bit may not be 1 where `most` has 0 (the test of
    Zcash's Sapling circuit, protocol specification, A.3.2.2). The lower bound is the same on the
    complements. One wire a bit but for the topmost, which is what the others leave of `value`.
    """
    count = most.bit_length()
    if not 0 <= least <= most or most - least >= MODULUS:
        raise ValueError(f"{label}: a range from {least} to {most}: it must be shorter than r")
    lower = [system.internal(f"{label}: bit {place}") for place in range(count - 1)]

    def bits_of(values: list[int]) -> list[int]:
        number = least + (values[0] - least) % MODULUS
        return [number >> place & 1 for place in range(count - 1)]

    system.hint(bits_of, (value,), lower)
    top = (value - from_bits(lower)) * pow(2, 1 - count, MODULUS)
    bits = [*lower, top]
    _at_most(system, bits, most, f"{label}: at most")
    if least:
        complements = [1 - bit for bit in bits]
        _at_most(system, complements, (1 << count) - 1 - least, f"{label}: at least",
                 boolean=True)
    return bits


def _at_most(system: ConstraintSystem, bits: Sequence[LinearCombination], most: int, label: str,
             boolean: bool = False) -> None:
    """``sum(bits[i] 2^i) <= most``; and each bit is 0 or 1, which `boolean` says they are already.
    """
    trailing_ones = (most ^ most + 1).bit_length() - 1    # below them anything is small enough
    run: LinearCombination = ONE
    for place in reversed(range(len(bits))):
        bit = bits[place]
        if most >> place & 1 or place < trailing_ones:
            if not boolean:
                system.assert_boolean(bit, f"{label}: bit {place} is 0 or 1")
            if place > trailing_ones:
                run = system.multiply(run, bit, f"{label}: the same down to bit {place}")
        elif boolean:
            system.assert_product(bit, run, LinearCombination(), f"{label}: bit {place}")
        else:
            system.assert_product(bit, bit - 1 + run, LinearCombination(), f"{label}: bit {place}")
