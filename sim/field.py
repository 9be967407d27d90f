"""Montgomery multiplication, and inversion, by their definitions."""

from proofmill.hdl.inverter import InverterShape
from proofmill.hdl.montgomery import MultiplierShape


def montgomery_product(shape: MultiplierShape, a: int, b: int) -> int:
    """``a * b / radix`` modulo the field's modulus, canonical."""
    modulus = shape.field.modulus
    return a * b * pow(shape.radix, -1, modulus) % modulus


def to_montgomery(shape: MultiplierShape, value: int) -> int:
    """What stands for `value` in the multiplier: ``value * radix``."""
    return value * shape.radix % shape.field.modulus


def from_montgomery(shape: MultiplierShape, value: int) -> int:
    """The field element that `value` stands for; `value` need not be reduced."""
    return montgomery_product(shape, value, 1)


def divided(shape: InverterShape, value: int) -> int | None:
    """``multiple / value`` modulo the field's modulus, canonical; None for zero's multiples."""
    modulus = shape.field.modulus
    return None if value % modulus == 0 else shape.multiple * pow(value, -1, modulus) % modulus
