"""Polynomials over BN254's scalar field by the native library: transforms, values, division.

A number is 32 bytes: v * 2^256 modulo r, little-endian. Where an argument is an address, whoever
passes it keeps what is there.
"""

import ctypes
from functools import lru_cache

from proofmill.host.ground.cores import cores
from proofmill.host.prover.native.faults import to_error
from proofmill.host.prover.native.library import Fault, Library

NUMBER_BYTES = 32

Place = int
"""An address."""


class _Tables:
    """What transforms of 2^power values need, for one library and its vector class."""

    def __init__(self, code: Library, power: int) -> None:
        self._free, self._key = code.let_go_tables, (code.vector, power)
        self.place = code.tables(*self._key, cores())
        if self.place is None:
            raise MemoryError(f"no memory for the tables of transforms of 2^{power} values")

    def __del__(self) -> None:
        if getattr(self, "place", None) is not None:
            self._free(*self._key, self.place)


_tables = lru_cache(maxsize=2)(_Tables)


def transform(code: Library, values: Place, power: int, shift: bytes, inverse: bool = False
              ) -> None:
    """In place: 2^power coefficients to the values at ``shift * w^i``, w of order 2^power; back if
    `inverse`.

    `power`: 0 to 28. Raises `ProofmillError` where memory is short.
    """
    fault = Fault()
    if code.transform(code.vector, values, power, _tables(code, power).place, inverse, shift,
                      cores(), fault):
        raise to_error(fault)


def value_at(code: Library, coefficients: Place, count: int, at: bytes) -> bytes:
    """The value of a polynomial with so many coefficients."""
    value = ctypes.create_string_buffer(NUMBER_BYTES)
    code.value_at(coefficients, count, at, value)
    return value.raw


def divide(code: Library, coefficients: Place, count: int, root: bytes) -> None:
    """In place: a polynomial divided by ``X - root``, the rest at place 0, the quotient after
    it."""
    code.divide(coefficients, count, root)
