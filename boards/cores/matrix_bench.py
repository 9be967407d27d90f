"""What a matrix unit must answer, from the definition on integers."""

from random import Random

import numpy as np

from proofmill.boards.cores.bench import Bench, number, rows
from proofmill.boards.cores.field_benches import product_places
from proofmill.hdl.commands import WORD
from proofmill.hdl.matrix_unit import MatrixUnitShape
from proofmill.sim.matrix import Plan, product, product_words, sum_words

PAIRS = 8
"""Products in the field before the matrices, and as many after them."""


def matrix_bench(shape: MatrixUnitShape) -> Bench:
    """Three products of matrices, one of them of the greatest elements, between products in the
    field."""
    array = shape.multiplier
    rng, p = Random(array.field.modulus), array.field.modulus
    most, greatest = (1 << array.element) - 1, (1 << array.operand_bits) - 1
    steps = 2 * array.step_terms
    sizes = [(1, 1, 1), (array.loop + 1, steps + 1, array.columns + 1), (1, steps, 2)]
    words, sums = list[int](), list[str]()
    for number_of, (height, terms, width) in enumerate(sizes):
        x, w = (np.array([[most if number_of == 2 else rng.randint(0, most) for _ in range(columns)]
                          for _ in range(lines)]) for lines, columns in ((height, terms),
                                                                         (terms, width)))
        plan = Plan(shape, height, terms, width)
        plan.check()
        words += product_words(plan, x, w).tolist()
        sums += [number(int(word), WORD) for word in sum_words(plan, product(x, w))]
        sums.append(number(plan.cycles, WORD))
    pairs = [(0, greatest), (1, p), *((rng.randint(0, greatest), rng.randint(0, greatest))
                                      for _ in range(PAIRS - 2))]
    return Bench(
        parts=["products", "matrix"], answers=len(sums) + 2 * PAIRS,
        limit=4 * (len(words) + len(sums)) + 60 * array.latency + len(sums) * array.loop,
        places=product_places(array, pairs) | {
            "WORDS": len(words), "SUMS": len(sums),
            "MATRIX_ROWS": "\n".join([
                rows(word_of=[number(word, WORD) for word in words]), rows(sum_of=sums)])})
