"""Whole programs of pairings, by the processor they are for."""

from functools import cache

from proofmill.firmware.pairing.exponentiation import final_exponentiation
from proofmill.firmware.pairing.miller import G1Point, G2Point, Loop
from proofmill.firmware.pairing.tower import Fp2, product, square
from proofmill.firmware.straight_line import Builder, Symbol
from proofmill.firmware.wide_program import WideProgram, assemble
from proofmill.hdl.field import BN254_BASE
from proofmill.hdl.wide_shape import WideShape

VALUES = 12
"""Words of an element of Fp12: re and im of the coefficients of 1, w, ..., w^5."""

MUST_BE_ZERO = 7
"""Words that `pairing` sends after the value, all 0 if both points lie on their curves and Q has
order r; two more follow, and then one of them is not."""


def _elements(builder: Builder, count: int) -> list[Fp2]:
    return [Fp2(builder.input(), builder.input()) for _ in range(count)]


def _of_base_field(shape: WideShape) -> Builder:
    if shape.field is not BN254_BASE:
        raise ValueError(f"the pairing is in {BN254_BASE.name}, not in {shape.field.name}")
    return Builder(shape)


@cache
def pairing(shape: WideShape) -> WideProgram:
    """The optimal ate pairing of P and Q to the power of `exponentiation.MULTIPLE`.

    In: x, y, z of P, (x / z, y / z), at infinity 0, 1, 0; re and im of x and of y of Q, which is
    finite. Out: the value, and what is said at `MUST_BE_ZERO`; where those words are not as they
    must be, the value is of no use.
    """
    builder = _of_base_field(shape)
    p = G1Point(builder.input(), builder.input(), builder.input())
    q = G2Point(*_elements(builder, 2))
    loop = Loop(builder, p, q)
    value = final_exponentiation(builder, loop.run()).unscaled()
    for part in value.f:
        _send(builder, part)
    builder.output(p.y * p.y * p.z - p.x * p.x * p.x - (p.z * p.z * p.z).times(3))
    # y^2 = x^3 + 3 / xi, times xi.
    curve = (q.y.square() - q.x.square().computed() * q.x).computed().by_xi()
    _send(builder, curve - Fp2(builder.constant(3), builder.nothing()))
    for part in loop.outside():
        _send(builder, part)
    return assemble(builder)


@cache
def tower_product(shape: WideShape) -> WideProgram:
    """Four times the product of two elements of Fp12; then the square of the first. A program
    that is short enough for slow simulators."""
    builder = _of_base_field(shape)
    f, g = _elements(builder, 6), _elements(builder, 6)
    for part in [*product(f, g), *square(f)]:
        _send(builder, part)
    return assemble(builder)


def _send(builder: Builder, part: Fp2) -> None:
    symbols: tuple[Symbol, ...] = (part.re, part.im)
    for symbol in symbols:
        builder.output(symbol)
