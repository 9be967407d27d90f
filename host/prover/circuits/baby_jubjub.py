"""Baby Jubjub: the twisted Edwards curve whose coordinates are scalars of BN254 (EIP-2494).

    a x^2 + y^2 = 1 + d x^2 y^2      a = 168700, a square; d = 168696, no square

So the addition law has no exceptions (Bernstein, Birkner, Joye, Lange and Peters, "Twisted Edwards
curves", https://eprint.iacr.org/2008/013, section 6), with (0, 1) as its zero. There are 8 l
points, l prime; `BASE` generates the l of the subgroup. Plain integers: the definition that the
gadgets are held to, and what a wallet signs with.
"""

from functools import cache
from typing import NamedTuple

from proofmill.hdl import field
from proofmill.host.prover.circuits.constraints import MODULUS

EDWARDS_A = 168_700
EDWARDS_D = 168_696
COFACTOR = 8
ORDER = 2736030358979909402780800718157159386076813972158567259200215660948447373041
"""l, the prime order of the subgroup: 251 bits."""


class Point(NamedTuple):
    """An affine point; every curve point has one."""

    x: int
    y: int


ZERO = Point(0, 1)
BASE = Point(
    5299619240641551281634865583518297030282874472190772894086521144482721001553,
    16950150798460657717958625567821834550301663161624707787222815936182638968203)
"""circomlib's ``Base8``: 8 times the generator of EIP-2494."""
WINDOW = 16
"""Of the table of its multiples: four bits a step."""


def is_on_curve(point: Point) -> bool:
    """Whether the coordinates are canonical and fulfil the equation."""
    x, y = point
    if not (0 <= x < MODULUS and 0 <= y < MODULUS):
        return False
    x2, y2 = x * x, y * y
    return (EDWARDS_A * x2 + y2 - 1 - EDWARDS_D * x2 * y2) % MODULUS == 0


def is_in_subgroup(point: Point) -> bool:
    """Whether a point of the curve is a multiple of `BASE`."""
    return is_on_curve(point) and multiply(point, ORDER) == ZERO


def negate(point: Point) -> Point:
    """``-P = (-x, y)``."""
    return Point(-point.x % MODULUS, point.y)


def add(p: Point, q: Point) -> Point:
    """``P + Q``, complete::

        x3 = (x1 y2 + y1 x2) / (1 + d x1 x2 y1 y2)
        y3 = (y1 y2 - a x1 x2) / (1 - d x1 x2 y1 y2)
    """
    (x1, y1), (x2, y2) = p, q
    product = EDWARDS_D * x1 * x2 * y1 * y2 % MODULUS
    return Point((x1 * y2 + y1 * x2) * pow(1 + product, -1, MODULUS) % MODULUS,
                 (y1 * y2 - EDWARDS_A * x1 * x2) * pow(1 - product, -1, MODULUS) % MODULUS)


def multiply(point: Point, scalar: int) -> Point:
    """``scalar * P``, ``scalar >= 0``: one inversion, by projective coordinates (X : Y : Z).

    The doubling and the addition of Bernstein and others, section 6.
    """
    total, one = (0, 1, 1), (point.x, point.y, 1)
    for bit in bin(scalar)[2:]:
        total = _add_projective(total, total)
        if bit == "1":
            total = _add_projective(total, one)
    inverse = pow(total[2], -1, MODULUS)
    return Point(total[0] * inverse % MODULUS, total[1] * inverse % MODULUS)


def multiply_base(scalar: int) -> Point:
    """``scalar * BASE``, ``scalar >= 0``, by a table: a sixth of the work of `multiply`."""
    total, left = (0, 1, 1), scalar % ORDER
    for row in _base_multiples():
        total = _add_projective(total, row[left % WINDOW])
        left //= WINDOW
    inverse = pow(total[2], -1, MODULUS)
    return Point(total[0] * inverse % MODULUS, total[1] * inverse % MODULUS)


@cache
def _base_multiples() -> tuple[tuple[tuple[int, int, int], ...], ...]:
    """``digit * WINDOW^place * BASE`` by place and digit, with Z = 1."""
    rows: list[tuple[tuple[int, int, int], ...]] = []
    base = BASE
    while WINDOW ** len(rows) < ORDER:
        row = [ZERO]
        for _ in range(WINDOW - 1):
            row.append(add(row[-1], base))
        rows.append(tuple((each.x, each.y, 1) for each in row))
        base = add(row[-1], base)
    return tuple(rows)


def _add_projective(p: tuple[int, int, int], q: tuple[int, int, int]) -> tuple[int, int, int]:
    (x1, y1, z1), (x2, y2, z2) = p, q
    z = z1 * z2 % MODULUS
    zz, x, y = z * z % MODULUS, x1 * x2 % MODULUS, y1 * y2 % MODULUS
    product = EDWARDS_D * x * y % MODULUS
    low, high = zz - product, zz + product
    return (z * low * ((x1 + y1) * (x2 + y2) - x - y) % MODULUS,
            z * high * (y - EDWARDS_A * x) % MODULUS,
            low * high % MODULUS)


def pack(point: Point) -> bytes:
    """32 bytes as circomlibjs has them: y, little-endian, and in the top bit whether
    ``x > (r - 1) / 2``."""
    sign = point.x > MODULUS // 2
    return (point.y | sign << 255).to_bytes(32, "little")


def unpack(data: bytes) -> Point:
    """The point that `pack` wrote; `ValueError` where the bytes are of none."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (1 << 255) - 1
    if len(data) != 32 or y >= MODULUS:
        raise ValueError(f"{data.hex()}: no packed point: 32 bytes with y below the field's prime")
    y2 = y * y % MODULUS
    root = square_root((1 - y2) * pow(EDWARDS_A - EDWARDS_D * y2, -1, MODULUS) % MODULUS)
    if root is None or (root == 0 and sign):
        raise ValueError(f"{data.hex()}: no point of Baby Jubjub has this y")
    return Point(root if (root > MODULUS // 2) == sign else MODULUS - root, y)


def square_root(value: int) -> int | None:
    """A square root modulo r, or None."""
    try:
        return field.square_root(value, MODULUS)
    except ValueError:
        return None
