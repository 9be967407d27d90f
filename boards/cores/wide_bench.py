"""What a wide processor must answer, from the definition of a short program on integers."""

from random import Random

from proofmill.boards.cores.bench import Bench, number, rows
from proofmill.firmware.wide_trial import INPUTS as WORDS
from proofmill.firmware.wide_trial import KEY, results, trial
from proofmill.hdl.commands import pack
from proofmill.hdl.wide_shape import INPUTS, WideShape
from proofmill.sim.field import to_montgomery

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
    given = [
        *(pack(shape.given, value=value, address=address)
          for address, value in program.constants.items()),
        *(pack(shape.given, value=to_montgomery(shape.multiplier, word), address=address, key=1)
          for address, word in enumerate(key))]
    first = len(given)
    for words in runs:
        given += [pack(shape.given, value=word, address=INPUTS + n, last=n == WORDS - 1)
                  for n, word in enumerate(words)]
    answers = [value for words in runs for value in results(p, words, key)]
    assert program.keys == KEY
    return Bench(
        parts=["wide_processor"], answers=len(answers),
        limit=8 * len(program.words) + 8 * len(given) + 2 * len(runs) * program.cycles,
        places={
            "WORDS": len(program.words), "WORD_MSB": shape.layout.bits - 1,
            "GIVEN": len(given), "GIVEN_MSB": shape.given.size - 1, "FIRST": first,
            "EACH": WORDS, "SENT": program.outputs, "RESULT_MSB": bits - 1,
            "ROWS": "\n".join([
                rows(word_of=[number(word, shape.layout.bits) for word in program.words]),
                rows(given_of=[number(word, shape.given.size) for word in given]),
                rows(result_of=[number(value, bits) for value in answers])])})
