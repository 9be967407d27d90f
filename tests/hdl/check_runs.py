"""Runs of an accelerator's check: random programs whose results are inputs too, and the words of
the memory for them."""

from random import Random

from proofmill.firmware.check_program import check_words
from proofmill.firmware.straight_line import Builder
from proofmill.firmware.wide_program import assemble
from proofmill.sim.checker import check_command, input_words, is_right, key_words
from proofmill.sim.commands import raw_load_words
from tests.firmware.wide_programs import random_recipe

ADDRESS = 1000
"""Where programs lie in the memory."""


class Run:
    """One CHECK: whether `results` are what a random program makes of `inputs` and a key."""

    def __init__(self, shape, seed, steps=24, address=ADDRESS):
        check, random = shape.checker, Random(seed)
        modulus, evaluate = check.field.modulus, random_recipe(random, steps)
        builder = Builder(check)
        inputs = [builder.input() for _ in range(4)]
        found = evaluate(inputs, builder.inverse, builder.key)
        for symbol in found:
            builder.output(symbol - builder.input())
        plain = [random.randrange(modulus) for _ in range(builder.keys)]
        self.key = [word * check.multiplier.radix % modulus for word in plain]
        self.program = assemble(builder, ahead=20)
        self.inputs = [random.choice([0, 1, modulus - 1, random.randrange(modulus)])
                       for _ in inputs]
        self.results = [value % modulus for value in evaluate(
            self.inputs, lambda x: pow(x, -1, modulus) if x % modulus else 0,
            iter(plain).__next__)]
        places, at = [], address
        self.loads = []
        for words in (check_words(self.program), self.words(0),
                      key_words(self.program, self.key)):
            self.loads.append(raw_load_words(at, words))
            places.append((at, len(words)))
            at += len(words) + len(words) % 2
        self.places = places
        self.command = check_command(*places)

    def words(self, wrong):
        """The inputs' words; where `wrong` is n, result n - 1 is another."""
        results = list(self.results)
        if wrong:
            results[wrong - 1] = (results[wrong - 1] + 1) % self.program.shape.field.modulus
        values = [*self.inputs, *results]
        assert is_right(self.program, values, self.key) == (not wrong)
        return input_words(self.program, values)

    def load_inputs(self, wrong):
        return raw_load_words(self.places[1][0], self.words(wrong))
