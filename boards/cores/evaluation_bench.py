"""What the evaluation unit must answer, from the definition on integers."""

from random import Random

from proofmill.boards.cores.bench import Bench, number, rows
from proofmill.hdl.evaluation import EvaluationShape
from proofmill.sim.evaluation import (
    Entry,
    entry_words,
    evaluate,
    given_words,
    in_order,
    numbered,
)

WIRES, ROWS, ENTRIES = 8, 6, 60
"""Of every run; one row has no entry."""


def evaluation_bench(shape: EvaluationShape) -> Bench:
    """Two runs of one matrix in two orders of its rows: entries of 0, 1, -1 and others times the
    field's edges and random values."""
    rng, p, bits = Random(shape.field.modulus), shape.field.modulus, shape.field.bits
    witness = [0, 1, p - 1, *(rng.randrange(p) for _ in range(WIRES - 3))]
    values = [0, 1, p - 1, *(rng.randrange(2, p - 1) for _ in range(4))]
    entries = [Entry(rng.randrange(ROWS - 1), rng.randrange(WIRES), rng.choice(values))
               for _ in range(ENTRIES)]
    some, dictionary = numbered(shape, entries)
    mirrored = [entry._replace(row=ROWS - 1 - entry.row) for entry in some]
    words = [word for run in (some, mirrored) for word in entry_words(shape, in_order(run))]
    found = evaluate(shape.field, entries, witness, ROWS)
    answers = [*found, *reversed(found)]
    given = given_words(shape, witness, dictionary)
    return Bench(
        parts=["evaluation"], answers=len(answers),
        limit=4 * (len(given) + len(words) + len(answers)) + 4 * shape.written
        + (1 << shape.row_bits),
        places={
            "GIVEN": len(given), "RUNS": 2, "ENTRIES": len(words) // 2, "ROW_COUNT": ROWS,
            "ROWS_PORT": number(ROWS, shape.row_bits + 1),
            "GIVEN_MSB": shape.given.size - 1, "ENTRY_MSB": shape.entry.size - 1,
            "RESULT_MSB": bits - 1,
            "ROWS": "\n".join([
                rows(given_of=[number(word, shape.given.size) for word in given]),
                rows(entry_of=[number(word, shape.entry.size) for word in words]),
                rows(result_of=[number(value, bits) for value in answers])])})
