"""What a wide processor must answer, from the definition of a short program on integers."""

from random import Random

from proofmill.boards.cores.bench import Bench, number, rows
from proofmill.firmware.wide_trial import results, trial
from proofmill.hdl.wide_shape import WideShape
from proofmill.sim.field import to_montgomery
from proofmill.sim.wide_processor import given_words, input_words

RANDOM = 6
"""Runs with random words, beside those of the field's edges."""


def wide_bench(shape: WideShape) -> Bench:
    """Runs of `firmware.wide_trial.trial`: of the edges of the field and of the words' range, of
    equal words, and of random ones."""
    rng, p, bits = Random(shape.field.modulus), shape.field.modulus, shape.field.bits
    program, greatest = trial(shape), (1 << bits) - 1
    runs = [(0, 0, 0), (p - 1, p - 1, 1), (greatest, p, p + 1 & greatest), (2, 3, 3)]
    runs += [(rng.getrandbits(bits), rng.getrandbits(bits), rng.getrandbits(bits))
             for _ in range(RANDOM)]
    key = (rng.randrange(p), p - 1)
    given = given_words(program, [to_montgomery(shape.multiplier, word) for word in key])
    first = len(given)
    for words in runs:
        given += input_words(program, words)
    answers = [value for words in runs for value in results(p, words, key)]
    return Bench(
        parts=["wide_processor"], answers=len(answers),
        limit=8 * len(program.words) + 8 * len(given) + 2 * len(runs) * program.cycles,
        places={
            "WORDS": len(program.words), "WORD_MSB": shape.layout.bits - 1,
            "GIVEN": len(given), "GIVEN_MSB": shape.given.size - 1, "FIRST": first,
            "EACH": program.inputs, "SENT": program.outputs, "RESULT_MSB": bits - 1,
            "ROWS": "\n".join([
                rows(word_of=[number(word, shape.layout.bits) for word in program.words]),
                rows(given_of=[number(word, shape.given.size) for word in given]),
                rows(result_of=[number(value, bits) for value in answers])])})
