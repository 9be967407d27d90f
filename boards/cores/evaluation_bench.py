"""What the evaluation unit must answer, from the definition on integers."""

from random import Random

from proofmill.boards.cores.bench import Bench, number, rows
from proofmill.hdl.commands import pack
from proofmill.hdl.evaluation import EvaluationShape
from proofmill.sim.evaluation import Entry, evaluate, in_order, numbered
from proofmill.sim.field import to_montgomery

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
    words, answers = list[int](), list[int]()
    for run in (some, mirrored):
        ordered = in_order(run)
        words += [pack(shape.entry, **entry._asdict(), last=n == len(ordered) - 1)
                  for n, entry in enumerate(ordered)]
    found = evaluate(shape.field, entries, witness, ROWS)
    answers = [*found, *reversed(found)]
    given = [
        *(pack(shape.given, value=value, address=wire) for wire, value in enumerate(witness)),
        *(pack(shape.given, value=to_montgomery(shape.multiplier, value), address=at, coefficient=1)
          for at, value in dictionary.items())]
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
