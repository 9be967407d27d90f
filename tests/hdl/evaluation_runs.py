"""Runs of an accelerator's evaluation: matrices, and the words in and out."""

from random import Random

import numpy as np

from proofmill.hdl.commands import PHASES, split
from proofmill.hdl.evaluate import room_words
from proofmill.sim.commands import raw_load_words
from proofmill.sim.evaluation import Entry, evaluate
from proofmill.sim.evaluator import Matrices, Room, evaluate_words, program
from tests.hdl.transform_runs import values_of


def room_of(shape):
    return Room(**room_words(shape))


def matrices_of(power, entries):
    """`Matrices` of (row, wire, coefficient)s."""
    numbers: dict[int, int] = {}
    which = [numbers.setdefault(entry[2], len(numbers)) for entry in entries]
    rows, wires, numbered = (np.array(each, np.int64) for each in (
        [entry[0] for entry in entries], [entry[1] for entry in entries], which))
    return Matrices(power, rows, wires, numbered, list(numbers))


def random_entries(field, power, wires, count, seed):
    """Entries with 0, 1, -1 and others, and a witness with the field's edges."""
    rng, p = Random(seed), field.modulus
    values = [0, 1, p - 1, 2, *(rng.randrange(p) for _ in range(40))]
    return ([Entry(rng.randrange(2 << power), rng.randrange(wires), rng.choice(values))
             for _ in range(count)],
            [rng.choice([0, 1, p - 1, rng.randrange(p)]) for _ in range(wires)])


class Run:
    """One EVALUATE, with all that lies in the memory: a program, behind it a witness, behind that
    the results, if it `stays` there, and the tiles of its transform."""

    def __init__(self, shape, power, entries, witness, finish, address=0, words=None, stays=False):
        transform, field = shape.transform, shape.evaluator.field
        self.shape, self.power, self.witness, self.finish = shape, power, witness, finish
        self.room = room_of(shape)
        self.words = words if words is not None else program(
            self.room, field.modulus, matrices_of(power, entries)).tolist()
        values = [word for value in witness for word in split(value, self.room.value_words)]
        behind = address + len(self.words) + len(values)
        results = transform.value_words * ((1 if finish else 2) << power)
        tiles = (transform.room(power) if finish else 0) + stays * results
        self.behind = behind
        self.loads = [raw_load_words(address, self.words),
                      raw_load_words(address + len(self.words), values)]
        self.command = evaluate_words(
            (address, len(self.words)), (address + len(self.words), len(values)), power,
            finish=finish, stays=stays, tiles=(behind if tiles else 0, tiles))
        self.answers = 2 + (0 if stays else results) + len(PHASES)
        sums = evaluate(field, entries, witness, 2 << power)
        self.a, self.b = sums[:1 << power], sums[1 << power:]

    def split(self, words):
        """(first answer, values, last answer, cycles by phase)."""
        first, *values = words[:-1 - len(PHASES)]
        return (first, values_of(self.shape.transform, values), words[-1 - len(PHASES)],
                dict(zip(PHASES, words[-len(PHASES):], strict=True)))
