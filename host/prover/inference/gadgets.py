"""Integers of eight bits as constraints: rounding, the greatest of some, a commitment to many."""

from collections.abc import Sequence

from proofmill.host.prover.circuits.constraints import (
    MODULUS,
    ConstraintSystem,
    LinearCombination,
    as_combination,
    weighted_sum,
)
from proofmill.host.prover.circuits.poseidon import MAXIMUM_INPUTS, poseidon
from proofmill.host.prover.circuits.poseidon_gadget import poseidon_gadget
from proofmill.host.prover.circuits.range_check import from_bits, range_check
from proofmill.host.prover.inference.rounding import WIDTH, Rule

COMMITMENT_DOMAIN = int.from_bytes(b"proofmill.model-input.1", "big")
"""Keeps commitments to inputs apart from every other use of Poseidon."""

WEIGHTS_DOMAIN = int.from_bytes(b"proofmill.model-weights.1", "big")
"""And those to weights."""

WORD = 31
"""Integers of eight bits in an element of the field."""

FEW = 4
"""Bits whose products cost no more than an inverse."""


def all_zero(system: ConstraintSystem, bits: Sequence[LinearCombination], label: str
             ) -> LinearCombination:
    """1 where all of `bits` are 0, else 0: a constraint less than there are bits, and at most 3."""
    if len(bits) > FEW:
        return is_zero(system, from_bits(bits), label)
    found = 1 - bits[0]
    for place, bit in enumerate(bits[1:], 1):
        found = system.multiply(found, 1 - bit, f"{label}: none to {place}")
    return found


def is_zero(system: ConstraintSystem, value: LinearCombination, label: str) -> LinearCombination:
    """1 where `value` is 0, else 0: 3 constraints, with its inverse, or 0::

        value * inverse = 1 - zero,    value * zero = 0,    inverse * zero = 0

    of which the last says that the inverse of 0 is 0, so that all wires are determined.
    """
    zero = system.internal(f"{label}: zero")
    inverse = system.internal(f"{label}: inverse")
    system.hint(lambda values: (int(values[0] == 0),
                                pow(values[0], -1, MODULUS) if values[0] else 0),
                (value,), (zero, inverse))
    system.assert_product(value, inverse, 1 - zero, f"{label}: not zero")
    system.assert_product(value, zero, LinearCombination(), f"{label}: zero")
    system.assert_product(inverse, zero, LinearCombination(), f"{label}: no inverse")
    return zero


def rounded(system: ConstraintSystem, sums: LinearCombination, bounds: tuple[int, int],
            rule: Rule, label: str, output: LinearCombination | None = None
            ) -> LinearCombination:
    """``rule.apply(sums)`` for a sum within `bounds`; where `output` is given, it is that.

    The bits of ``sums * multiplier + addend`` are, from below: the remainder; the integer; what it
    is too large by; and, where it can be negative and a power of two was added, whether it is not.
    As many constraints as bits, up to 8 for a tie, 3 for each exception, up to 4 for what is too
    large, and 1 for the sign. Sound: the bits are those of one number of the field, so neither
    remainder nor quotient can be another, and all that follows is computed from them.
    """
    low, high = (bound * rule.multiplier + rule.addend for bound in bounds)
    total = sums * rule.multiplier + rule.addend
    size = max(rule.shift + 1, high.bit_length() if high > 0 else 0,
               (-low - 1).bit_length() if low < 0 else 0)
    signed = low < 0
    bits = range_check(system, total + (1 << size if signed else 0), size + signed, label)
    remainder, above = bits[:rule.shift], bits[rule.shift:size]
    integer, beyond = above[:rule.width], above[rule.width:]
    value = from_bits(integer)
    if rule.ties:
        down = system.multiply(all_zero(system, remainder, f"{label}: tie"),
                               1 - above[0] if rule.parity else above[0],
                               f"{label}: down")
        if rule.parity:  # 0 counts as odd, and stays
            none = all_zero(system, above, f"{label}: least")
            down = system.multiply(down, 1 - none, f"{label}: down from above")
        value = value - down
    for number, more in rule.exceptions:
        value = value + more * is_zero(system, sums - number, f"{label}: exception {number}")
    if beyond:
        fits = all_zero(system, beyond, f"{label}: beyond")
        most = (1 << rule.width) - 1
        value = most + system.multiply(value - most, fits, f"{label}: at most")
    if not signed:
        return value + rule.least if output is None else same(system, value + rule.least, output,
                                                              label)
    if output is None:
        return system.multiply(value, bits[size], f"{label}: at least") + rule.least
    system.hint(lambda values: ((values[0] * values[1] + rule.least) % MODULUS,),
                (value, bits[size]), (output,))
    system.assert_product(value, bits[size], output - rule.least, f"{label}: output")
    return output


def same(system: ConstraintSystem, value: LinearCombination, output: LinearCombination,
         label: str) -> LinearCombination:
    """Let the wire `output` be `value`: 1 constraint."""
    system.hint(lambda values: values, (value,), (output,))
    system.assert_equal(value, output, f"{label}: output")
    return output


def greatest(system: ConstraintSystem, values: Sequence[LinearCombination], label: str
             ) -> LinearCombination:
    """The greatest of some integers of eight bits; 10 constraints for each but the first.

    Of two: ``a + (b - a) * [b >= a]``, the bit being the topmost of ``b - a + 2^8``.
    """
    found = values[0]
    for number, value in enumerate(values[1:], 1):
        more = value - found
        bits = range_check(system, more + (1 << WIDTH), WIDTH + 1, f"{label}: {number}")
        found = found + system.multiply(more, bits[WIDTH], f"{label}: {number}, gain")
    return found


def commitment(integers: Sequence[int], salt: int, domain: int = COMMITMENT_DOMAIN) -> int:
    """A Poseidon commitment to integers from 0 to 255, hidden by a salt below the modulus.

    ``poseidon((domain, salt, w0, ..., w13))``, then ``poseidon((so far, 15 more))`` and so on, with
    words ``w = sum(integer[i] * 256^i)`` of 31 integers each.
    """
    words = [int.from_bytes(bytes(integers[start:start + WORD]), "little")
             for start in range(0, len(integers), WORD)]
    elements = (domain, salt, *words)
    found = poseidon(elements[:MAXIMUM_INPUTS])
    for start in range(MAXIMUM_INPUTS, len(elements), MAXIMUM_INPUTS - 1):
        found = poseidon((found, *elements[start:start + MAXIMUM_INPUTS - 1]))
    return found


def commitment_gadget(system: ConstraintSystem, integers: Sequence[LinearCombination],
                      salt: LinearCombination, output: LinearCombination | int,
                      domain: int = COMMITMENT_DOMAIN) -> None:
    """Constrain `output` to be the `commitment` to integers that are 0 to 255 for certain.

    It is a wire that is computed here, or a number.
    """
    parts = [integers[start:start + WORD] for start in range(0, len(integers), WORD)]
    words = [weighted_sum((1 << WIDTH * place for place in range(len(part))), part)
             for part in parts]
    what = "commitment" if domain == COMMITMENT_DOMAIN else "weights' commitment"
    elements = (as_combination(domain), salt, *words)
    inputs = elements[:MAXIMUM_INPUTS]
    starts = range(MAXIMUM_INPUTS, len(elements), MAXIMUM_INPUTS - 1)
    for number, start in enumerate(starts):
        found = poseidon_gadget(system, inputs, f"{what} {number}")
        inputs = (found, *elements[start:start + MAXIMUM_INPUTS - 1])
    last = f"{what} {len(starts)}"
    if isinstance(output, int):
        system.assert_equal(poseidon_gadget(system, inputs, last), output, f"{what}: is it")
        return
    system.hint(lambda values: (poseidon(values),), inputs, (output,))
    poseidon_gadget(system, inputs, last, output)
