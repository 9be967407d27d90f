"""GT: powers, products and compressed elements, beside the definition on plain integers."""

import numpy as np
import pytest

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve.arithmetic import multiply
from proofmill.host.prover.curve.limbs import (
    BASE_MODULUS,
    RADIX_INVERSE,
    Limbs,
    from_limbs,
    to_limbs,
)
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS as R
from proofmill.host.prover.curve.pairing import product
from proofmill.host.prover.curve.points import ONE, generator
from proofmill.host.prover.curve.target import (
    COMPRESSED_BYTES,
    compress,
    decompress,
    is_in_group,
    one,
    product_of_powers,
    times,
)
from proofmill.sim import pairing as golden


def pair(a: int, b: int) -> Limbs:
    """e(a G1, b G2)."""
    return product(multiply(Group.G1, generator(Group.G1), a).reshape(1, -1),
                   multiply(Group.G2, generator(Group.G2), b).reshape(1, -1))


def plain(value: Limbs) -> list[int]:
    """As `golden` has it: coefficients of 1, w, ..., w^5, where v = w^2."""
    parts = [part * RADIX_INVERSE % BASE_MODULUS for part in from_limbs(value)]
    pairs = [parts[start:start + 2] for start in range(0, 12, 2)]
    return [part for k in range(6) for part in pairs[3 * (k % 2) + k // 2]]


def test_it_is_the_definition() -> None:
    value = pair(1, 1)
    left = plain(value)
    assert plain(times(value, value)) == golden.multiply(left, left)
    assert plain(product_of_powers(np.array([value, pair(2, 3)]), to_limbs([5, 7]))
                 ) == golden.power(left, 5 + 6 * 7)
    assert np.array_equal(product_of_powers(np.array([value, value]), to_limbs([0, 0])), one())


@pytest.mark.parametrize("exponent", [0, 1, 2, R - 1, 3**150 % R])
def test_an_element_has_one_spelling(exponent: int) -> None:
    value = product_of_powers(pair(1, 1).reshape(1, -1), to_limbs([exponent]))
    data = compress(value)
    again = decompress(data)
    assert len(data) == COMPRESSED_BYTES and again is not None and np.array_equal(again, value)
    first = int.from_bytes(data[:32], "big")
    if first + BASE_MODULUS < 1 << 256:
        assert decompress((first + BASE_MODULUS).to_bytes(32, "big") + data[32:]) is None
    assert decompress(data[1:]) is None


def test_elements_of_other_orders_are_none() -> None:
    draw = np.random.default_rng(1)
    for _ in range(4):  # of norm 1, as all that can be written, and of another order
        parts = [int.from_bytes(draw.bytes(32), "big") % BASE_MODULUS for _ in range(6)]
        assert decompress(b"".join(part.to_bytes(32, "big") for part in parts)) is None
    minus = np.zeros(48, dtype=np.uint64)
    minus[:4] = to_limbs([BASE_MODULUS - from_limbs(ONE)[0]])[0]
    assert not is_in_group(minus) and is_in_group(one())
    # A good element times -1: of norm 1, of order 2 r.
    assert decompress(compress(times(pair(1, 1), minus))) is None
