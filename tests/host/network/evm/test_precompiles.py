"""The precompiles on mcl do what py-evm's own do, byte by byte, gas by gas, refusal by refusal."""

from collections.abc import Callable, Iterator
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from eth.exceptions import VMError
from eth.vm.forks.istanbul.computation import ISTANBUL_PRECOMPILES
from py_ecc import optimized_bn128 as reference

from proofmill.host.network.evm.precompiles import CURVE_PRECOMPILES
from proofmill.host.prover.curve.limbs import BASE_MODULUS, SCALAR_MODULUS

ADD, MULTIPLY, PAIRING = ((number).to_bytes(20, "big") for number in (6, 7, 8))


def run(function: Callable[[Any], Any], data: bytes) -> tuple[bytes | None, int]:
    """The output, None for a refusal, and the gas that was asked for."""
    gas: list[int] = []
    computation = SimpleNamespace(
        msg=SimpleNamespace(data=data, data_as_bytes=data), output=b"",
        consume_gas=lambda amount, reason: gas.append(amount))
    try:
        function(computation)
    except VMError:
        return None, sum(gas)
    return bytes(computation.output), sum(gas)


def same(address: bytes, data: bytes) -> bytes | None:
    ours = run(CURVE_PRECOMPILES[address], data)
    assert ours == run(ISTANBUL_PRECOMPILES[address], data)
    return ours[0]


def word(*values: int) -> bytes:
    return b"".join(value.to_bytes(32, "big") for value in values)


def g1(scalar: int) -> bytes:
    point = reference.normalize(reference.multiply(reference.G1, scalar))
    return word(*(each.n for each in point)) if scalar % SCALAR_MODULUS else bytes(64)


def g2(scalar: int) -> bytes:
    x, y = reference.normalize(reference.multiply(reference.G2, scalar))
    return word(*(int(each) for each in (*x.coeffs[::-1], *y.coeffs[::-1])))


def points(random: Random) -> Iterator[bytes]:
    yield from (g1(1), g1(2), g1(SCALAR_MODULUS - 1), bytes(64))
    for _ in range(3):
        yield g1(random.randrange(SCALAR_MODULUS))


WRONG = [
    word(1, 3), word(0, 1), word(BASE_MODULUS, BASE_MODULUS), word(1, 2 + BASE_MODULUS),
    word(2**256 - 1, 2), word(1)[:32], b"",
]


def test_sums() -> None:
    known = list(points(Random(1)))
    assert all(same(ADD, left + right) is not None for left in known for right in known)
    assert same(ADD, b"") == bytes(64) and same(ADD, g1(5)) == g1(5)
    assert same(ADD, g1(5) + g1(6) + b"more") == g1(11)
    for wrong in WRONG:
        same(ADD, wrong + g1(1))
        same(ADD, g1(1) + wrong)
    assert same(ADD, word(1, 3) + g1(1)) is None


@pytest.mark.parametrize("scalar", [
    0, 1, 2, SCALAR_MODULUS - 1, SCALAR_MODULUS, SCALAR_MODULUS + 3, 2**256 - 1,
    Random(2).getrandbits(256)])
def test_products(scalar: int) -> None:
    for point in points(Random(3)):
        assert same(MULTIPLY, point + word(scalar)) is not None
    for wrong in WRONG:
        same(MULTIPLY, wrong + word(scalar))


def test_pairings() -> None:
    assert same(PAIRING, b"") == word(1)
    assert same(PAIRING, g1(6) + g2(35) + g1(SCALAR_MODULUS - 14) + g2(15)) == word(1)
    assert same(PAIRING, g1(6) + g2(35) + g1(SCALAR_MODULUS - 14) + g2(16)) == word(0)
    assert same(PAIRING, bytes(64) + g2(3)) == same(PAIRING, g1(3) + bytes(128)) == word(1)
    assert same(PAIRING, g1(3) + g2(3)[:-1]) is None
    assert same(PAIRING, g1(3) + g2(3)[32:] + word(1)) is None
    for wrong in WRONG[:5]:
        assert same(PAIRING, wrong + g2(1)) is None
    large = bytearray(g2(1))
    large[:32] = word(int.from_bytes(large[:32], "big") + BASE_MODULUS)
    assert same(PAIRING, g1(1) + bytes(large)) is None


def square_root(real: int, imaginary: int) -> tuple[int, int] | None:
    """In Fp2, for p = 3 modulo 4: by the norm's root, as x^2 + y^2 = n and x^2 - y^2 = real."""
    p = BASE_MODULUS
    norm = pow(real * real + imaginary * imaginary, (p + 1) // 4, p)
    for half in ((real + norm) * pow(2, -1, p) % p, (real - norm) * pow(2, -1, p) % p):
        x = pow(half, (p + 1) // 4, p)
        if x and x * x % p == half:
            return x, imaginary * pow(2 * x, -1, p) % p
    return None


def test_a_point_of_another_order_is_refused() -> None:
    """On the twist, but not in the group of order r: almost every point is, which has a small x."""
    for real in range(1, 60):
        x = reference.FQ2([real, 0])
        square = x * x * x + reference.b2
        root = square_root(*(int(each) for each in square.coeffs))
        if root is not None and reference.FQ2(root) * reference.FQ2(root) == square:
            point = x, reference.FQ2(root), reference.FQ2.one()
            assert reference.is_on_curve(point, reference.b2)
            assert same(PAIRING, g1(1) + word(0, real, root[1], root[0])) is None
            return
    raise AssertionError("no such point was found")
