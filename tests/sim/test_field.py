from random import Random

import pytest

from proofmill.hdl.field import BLS12_377_BASE, BLS12_381_BASE, BN254_BASE, TOY
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.sim.field import from_montgomery, montgomery_product, to_montgomery


@pytest.mark.parametrize("field", [TOY, BN254_BASE, BLS12_381_BASE, BLS12_377_BASE],
                         ids=lambda field: field.name)
def test_montgomery_form_there_and_back(field):
    shape = MultiplierShape(field=field, operand_bits=field.bits + 5, digit=17, limb=17)
    rng = Random(1)
    for _ in range(20):
        a, b = rng.randrange(field.modulus), rng.randrange(field.modulus)
        assert from_montgomery(shape, to_montgomery(shape, a)) == a
        product = montgomery_product(shape, to_montgomery(shape, a), to_montgomery(shape, b))
        assert from_montgomery(shape, product) == a * b % field.modulus
        assert montgomery_product(shape, a, b) * shape.radix % field.modulus == (
            a * b % field.modulus)
