"""Sizes and domains of the consensus layer's polynomial commitments (EIP-4844, EIP-7594)."""

from functools import cache

from proofmill.host.prover.native.bls12_381 import ORDER, pack, powers_of

BLOB_POWER = 12
BLOB_ELEMENTS = 1 << BLOB_POWER
"""FIELD_ELEMENTS_PER_BLOB."""

ELEMENT_BYTES = 32
BLOB_BYTES = BLOB_ELEMENTS * ELEMENT_BYTES

EXTENDED_POWER = BLOB_POWER + 1
EXTENDED_ELEMENTS = 1 << EXTENDED_POWER
"""FIELD_ELEMENTS_PER_EXT_BLOB: a blob's polynomial at twice as many roots of unity."""

CELL_POWER = 6
CELL_ELEMENTS = 1 << CELL_POWER
"""FIELD_ELEMENTS_PER_CELL."""

CELL_BYTES = CELL_ELEMENTS * ELEMENT_BYTES

CELLS_POWER = EXTENDED_POWER - CELL_POWER
CELLS = 1 << CELLS_POWER
"""CELLS_PER_EXT_BLOB."""

GENERATOR = 7
"""PRIMITIVE_ROOT_OF_UNITY: it generates the scalars' multiplicative group."""


def root_of_unity(power: int) -> int:
    """``7^((r - 1) / 2^power)`` modulo r, of order 2^power."""
    return pow(GENERATOR, (ORDER - 1) >> power, ORDER)


@cache
def reversal(power: int) -> tuple[int, ...]:
    """The numbers below 2^power with their bits in reverse: where the specification has them."""
    return tuple(int(f"{i:0{power}b}"[::-1], 2) if power else 0 for i in range(1 << power))


@cache
def roots(power: int) -> tuple[int, ...]:
    """The powers of `root_of_unity`, in their order."""
    return tuple(powers_of(root_of_unity(power), 1 << power))


@cache
def blob_domain() -> bytes:
    """Where a blob's elements are values of its polynomial: roots in bit-reversed order, packed."""
    powers = roots(BLOB_POWER)
    return pack([powers[i] for i in reversal(BLOB_POWER)])


def coset_shift(cell: int) -> int:
    """h of a cell: it holds the polynomial's values at ``h * w``, w of order 64, bit-reversed."""
    return roots(EXTENDED_POWER)[reversal(CELLS_POWER)[cell]]
