"""Matrix units over two bits, small enough to be exhausted, and the words of a product."""

from dataclasses import replace

import numpy as np

from proofmill.hdl.field import TOY, TOY_ROOTS, TOY_SCALAR
from proofmill.hdl.matrix_shape import MatrixShape
from proofmill.hdl.matrix_unit import MatrixUnitShape
from proofmill.hdl.presets import MATRICES
from proofmill.sim.matrix import Plan, product_words, sums_of

CUT = dict(operand_bits=10, digit=5, limb=5, element=2)
TOYS = {
    "one row": MatrixShape(field=TOY, interval=2, **CUT),
    "two rows": MatrixShape(field=TOY, interval=1, **CUT),
    "two products": MatrixShape(field=TOY_ROOTS, operand_bits=16, digit=4, limb=8, interval=4,
                                element=2, products=2),
    # A limb's total is wider than the sums in it.
    "wide digits": MatrixShape(field=TOY_ROOTS, operand_bits=16, digit=6, limb=8, interval=3,
                               element=2, products=2),
}
TOYS["two moduli"] = replace(TOYS["two rows"], second=TOY_SCALAR)

FULL = {name: shape.multiplier for name, shape in MATRICES.items()}


def unit(shape, bits=6):
    """With 2 ** `bits` entries of either operand."""
    return MatrixUnitShape(multiplier=shape, weight_bits=bits, element_bits=bits)


def matrices(shape, rows, terms, columns, seed=1):
    """(x, w), random."""
    rng = np.random.default_rng(seed)
    most = 1 << shape.element
    return rng.integers(0, most, (rows, terms)), rng.integers(0, most, (terms, columns))


def words_of(unit_shape, x, w):
    """(the product's plan, the words that ask for it)."""
    plan = Plan(unit_shape, *x.shape, w.shape[1])
    plan.check()
    return plan, product_words(plan, x, w).tolist()


def check(plan, answers, x, w, exact_cycles=True):
    """The answers to a product's words are its sums and cycles."""
    *sums, cycles = answers
    assert np.array_equal(sums_of(plan, np.array(sums, dtype=np.uint64)), x @ w)
    assert cycles == plan.cycles if exact_cycles else cycles > plan.cycles
