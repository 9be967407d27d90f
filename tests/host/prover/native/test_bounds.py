"""The bounds of source/bounds.h, proven by interval arithmetic on the algorithms.

A checked build follows the intervals of the code as it is; here they follow from the text of the
algorithms alone, with the same numbers.
"""

import re
from fractions import Fraction
from math import ceil

import pytest

from proofmill.host.prover.curve.limbs import BASE_MODULUS, SCALAR_MODULUS
from proofmill.host.prover.native.build import SOURCES

WORD = 1 << 64
MODULI = pytest.mark.parametrize("p", [BASE_MODULUS, SCALAR_MODULUS])


def bounds(namespace: str) -> dict[str, int]:
    text = (SOURCES / "bounds.h").read_text()
    body = text[text.index(f"namespace {namespace} {{"):]
    body = body[:body.index("}  // namespace")]
    values: dict[str, int] = {}
    for name, value in re.findall(r"constexpr (?:int|u64) (\w+) = ([^;]+);", body):
        values[name] = eval(value, {}, values)  # products of names defined above
    return values


AVX2, IFMA = bounds("avx2"), bounds("ifma")
UNIT = 1 << AVX2["LIMB_BITS"]


def limbs(number: int, bits: int, count: int) -> list[int]:
    low = [number >> bits * k & (1 << bits) - 1 for k in range(count - 1)]
    return [*low, number >> bits * (count - 1)]


def spread(times: int, units: int, p: int) -> list[int]:
    """times * p with `units` units lent from each limb to the one below."""
    found = limbs(times * p, 29, 9)
    return [limb + (units << 29 if k < 8 else 0) - (units if k else 0)
            for k, limb in enumerate(found)]


def test_the_header_is_read() -> None:
    assert (AVX2["RADIX_BITS"], IFMA["RADIX_BITS"]) == (261, 260)


def product_columns(a: int, b: int, one: list[int], two: list[int], p: list[int]) -> list[int]:
    """The largest columns of the AVX2 product for limbs of at most `a` and `b`; each is checked."""
    def fits(value: int) -> int:
        assert value < WORD
        return value

    t = [0] * 10
    for _ in range(4):
        t = [fits(t[j] + a * b) for j in range(9)] + [0]
        t = [t[0]] + [fits(t[j + 1] + a * b) for j in range(8)] + [a * b]
        t[1] = fits(t[1] + (t[0] >> 29))
        carry = t[1] >> 29
        low = high = UNIT - 1
        t = [fits(t[j + 2] + low * two[j]) for j in range(8)] + [fits(low * two[8]), 0]
        t[0] = fits(t[0] + carry)
        t = [fits(t[j] + high * one[j]) for j in range(9)] + [0]
    t = [fits(t[j] + a * b) for j in range(9)]
    carry = fits(t[0] + (UNIT - 1) * p[0]) >> 29
    for j in range(1, 9):
        carry = fits(t[j] + (UNIT - 1) * p[j] + carry) >> 29
    return t


@MODULI
def test_columns_of_the_avx2_product(p: int) -> None:
    one, two = (limbs(pow(2, -bits, p), 29, 9) for bits in (29, 58))
    for units in range(1, AVX2["OPERAND_UNITS"] + 1):
        other = AVX2["OPERAND_UNITS"] // units
        product_columns(units * UNIT - 1, other * UNIT - 1, one, two, limbs(p, 29, 9))
    with pytest.raises(AssertionError):
        product_columns(8 * UNIT, UNIT, one, two, limbs(p, 29, 9))


@MODULI
def test_columns_of_a_sum_of_two_avx2_products(p: int) -> None:
    """Those of G2: 16 p - a, whose limbs are those of a difference, times b, plus a product of
    carried limbs."""
    one, two = (limbs(pow(2, -bits, p), 29, 9) for bits in (29, 58))
    negated = max(spread(AVX2["DIFFERENCE"], AVX2["DIFFERENCE_UNITS"], p)[:8])
    units = negated // UNIT + 1
    assert units + 1 <= AVX2["OPERAND_UNITS"]
    product_columns((units + 1) * UNIT - 1, UNIT - 1, one, two, limbs(p, 29, 9))


@MODULI
def test_what_is_negated_for_g2_is_below_the_difference(p: int) -> None:
    """A product of Fp2, negated as 16 p - a: of a product below 16 p and an operand below 18 p."""
    most = Fraction(AVX2["PRODUCT_BASE"]) + Fraction(
        2 * AVX2["DIFFERENCE"] * (AVX2["DIFFERENCE"] + 2), AVX2["PRODUCT_SHRINK"])
    assert most < AVX2["DIFFERENCE"]
    assert most * p < spread(AVX2["DIFFERENCE"], AVX2["DIFFERENCE_UNITS"], p)[8] << 232


@MODULI
def test_value_of_the_avx2_product(p: int) -> None:
    """Below 3 p + a b / (169 p): the algorithm is linear in what is added before each shift."""
    reductions = sum(Fraction(2 * (UNIT - 1) * p, 1 << 58 * later + 29) for later in range(4))
    reductions += Fraction((UNIT - 1) * p, 1 << 29)
    assert reductions < AVX2["PRODUCT_BASE"] * p + Fraction(p, 1 << 50)
    for a, b in ((p, p), (6 * p, 17 * p), (40 * p, 40 * p)):
        assert Fraction(a * b, 1 << 261) < Fraction(a * b, AVX2["PRODUCT_SHRINK"] * p)


@MODULI
def test_differences_do_not_go_below_zero(p: int) -> None:
    subtrahend = AVX2["DIFFERENCE_UNITS"] * (UNIT - 1)
    constant = spread(AVX2["DIFFERENCE"], AVX2["DIFFERENCE_UNITS"], p)
    assert sum(limb << 29 * k for k, limb in enumerate(constant)) == AVX2["DIFFERENCE"] * p
    assert all(limb >= subtrahend for limb in constant[:8])
    negation = spread(AVX2["NEGATION"], 1, p)
    assert all(limb >= UNIT - 1 for limb in negation[:8])
    # What a negation gives may be subtracted, and subtracted from.
    assert all(n <= c for n, c in zip(negation, constant, strict=True))
    assert all(n + c < AVX2["OPERAND_UNITS"] * UNIT
               for n, c in zip(negation[:8], constant, strict=False))


@MODULI
def test_estimated_quotients(p: int) -> None:
    """The rest after the estimate is from 0 to below 1.01 p, wherever the value lies."""
    for bits, count, shift, reducible, estimate_bits in (
            (29, 9, 232, AVX2["REDUCIBLE"], 44), (52, 5, 208, IFMA["REDUCIBLE"], 97)):
        estimate = (1 << estimate_bits) // ((p >> shift) + 1)
        assert estimate < 1 << (32 if bits == 29 else 52)
        for times in range(reducible):
            for value in (times * p, times * p + 1, times * p + p - 1, times * p + p // 2):
                # Uncarried limbs hide up to 7 units of the top limb (below 2^32).
                for hidden in ((0, 7) if bits == 29 else (0,)):
                    top = max(0, (value >> shift) - hidden)
                    if bits == 29:
                        quotient = top * estimate >> 44
                    else:
                        quotient = (top * estimate >> 52) >> 45
                    assert 0 <= value - quotient * p < ceil(1.01 * p)
        assert reducible * p < 1 << bits * count


@MODULI
def test_ifma_columns(p: int) -> None:
    """Sums of low and high halves: five rows of four terms below 2^52 and a carry fit a word."""
    assert 5 * 4 * (1 << 52) + (1 << 12) < 1 << 63
    assert all(limb * IFMA["DIFFERENCE"] + (1 << 53) < 1 << 63 for limb in limbs(p, 52, 5))
    assert p * IFMA["PRODUCT_SHRINK"] < 1 << IFMA["RADIX_BITS"]
    assert p * AVX2["PRODUCT_SHRINK"] < 1 << AVX2["RADIX_BITS"]
