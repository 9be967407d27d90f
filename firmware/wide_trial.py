"""A short program that has all of a wide processor work, in any field."""

from functools import cache

from proofmill.firmware.straight_line import Builder
from proofmill.firmware.wide_program import WideProgram, assemble
from proofmill.hdl.wide_shape import WideShape

INPUTS, KEY = 3, 2
"""Words that come in, and words of the key."""


@cache
def trial(shape: WideShape) -> WideProgram:
    """What `results` says of three inputs and two words of a key."""
    builder = Builder(shape)
    x, y, z = (builder.input() for _ in range(INPUTS))
    k, n = (builder.key() for _ in range(KEY))
    builder.output(x * y + z.times(5))
    builder.output((x - y.times(3)) * k - z * n)
    builder.output((z.times(9) - x) * builder.inverse(y - z))
    power = x + y
    for _ in range(4):
        power = power * power - z.times(16)
    builder.output(-power)
    return assemble(builder)


def results(modulus: int, inputs: tuple[int, int, int], key: tuple[int, int]) -> list[int]:
    """The definition of what `trial` sends, on integers."""
    (x, y, z), (k, n) = inputs, key
    difference = (y - z) % modulus
    inverse = pow(difference, -1, modulus) if difference else 0
    power = x + y
    for _ in range(4):
        power = (power * power - 16 * z) % modulus
    return [value % modulus for value in (
        x * y + 5 * z, (x - 3 * y) * k - z * n, (9 * z - x) * inverse, -power)]
