"""The reducing adder: every sum of the toy field's registers stays below twice the modulus."""

import numpy as np
import pytest

from proofmill.hdl.reducing_sum import ReducingSum
from proofmill.hdl.wide_shape import LARGEST_SHIFT, WEIGHT
from tests.firmware.wide_programs import TOY_WIDE
from tests.hdl.compiled import Compiled

MODULUS = TOY_WIDE.field.modulus
REGISTERS = 2 * MODULUS


@pytest.fixture(scope="module")
def unit():
    return Compiled(ReducingSum(TOY_WIDE.field))


def totals(unit, **inputs):
    """What comes out for columns of inputs; the rest are 0."""
    count = max(len(column) for column in inputs.values())
    rest = np.zeros(2, dtype=np.uint64)
    columns = {name: np.concatenate([column, rest]) for name, column in inputs.items()}
    return unit.run(count + 2, **columns)["total"][2:]


def held(unit, terms, shifts, negatives):
    """Every total is the sum modulo the modulus, and a register."""
    found = totals(unit, **{
        f"{name}{n}": column for name, columns in
        (("term", terms), ("shift", shifts), ("negative", negatives))
        for n, column in enumerate(columns)}).astype(np.int64)
    expected = sum(term.astype(np.int64) * (1 << shift.astype(np.int64))
                   * np.where(negative, -1, 1)
                   for term, shift, negative in zip(terms, shifts, negatives, strict=True))
    assert (found < REGISTERS).all()
    assert ((found - expected) % MODULUS == 0).all()


def test_every_pair_of_registers_with_every_sign(unit):
    x, y, signs = (part.reshape(-1) for part in np.meshgrid(
        np.arange(REGISTERS), np.arange(REGISTERS), np.arange(4)))
    nothing = np.zeros_like(x)
    held(unit, [x, y, nothing], [nothing, nothing, nothing], [signs & 1, signs >> 1, nothing])


def test_every_shift_and_sign_at_the_edges_and_beyond_the_middle(unit):
    edges = [0, 1, MODULUS - 1, MODULUS, MODULUS + 1, REGISTERS - 1]
    kinds = [(shift, sign) for shift in range(LARGEST_SHIFT + 1) for sign in range(2)]
    rows = [(x, y, z, *a, *b, *c)
            for x in edges for y in edges for z in edges for a in kinds for b in kinds
            for c in kinds if (1 << a[0]) + (1 << b[0]) + (1 << c[0]) <= WEIGHT]
    columns = np.array(rows, dtype=np.uint64).T
    held(unit, columns[:3], columns[3::2], columns[4::2])


def test_every_register_sixteen_times(unit):
    x, signs = (part.reshape(-1) for part in np.meshgrid(np.arange(REGISTERS), np.arange(2)))
    nothing = np.zeros_like(x)
    held(unit, [nothing, x, nothing], [nothing, np.full_like(x, 4), nothing],
         [nothing, signs, nothing])
