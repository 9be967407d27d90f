"""Random straight-line programs for wide processors of the toy field, and what they compute."""

from random import Random

from proofmill.firmware.straight_line import Builder
from proofmill.firmware.wide_program import assemble
from proofmill.hdl.field import TOY
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.wide_shape import WideShape

TOY_WIDE = WideShape(multiplier=MultiplierShape(field=TOY, operand_bits=22, digit=6, limb=8),
                     store=512)

FOLDED_WIDE = {
    f"{stride} of {interval}": WideShape(multiplier=FoldedShape(
        field=TOY, operand_bits=22, digit=6, limb=8, interval=interval),
        stride=stride, adders=adders, store=2048)
    for interval, stride, adders in ((3, 1, 2), (3, 3, 3), (4, 2, 1))}
"""... with a multiplier that takes operands every so many cycles, by the cycles of a word."""


def random_recipe(random, steps, inputs=4):
    """A function of symbols or integers, of a function that inverts, and of one that gives the
    key's next word: seven results, two inverses among its operations."""
    recipe = []
    for n in range(inputs, inputs + steps):
        kind = random.choice(["product", "key", "add", "subtract", "times", "negative", "computed"])
        recipe.append((kind, random.randrange(n), random.randrange(n),
                       random.choice([1, 2, 3, 5, 9, 12, 48, 163, -1, -6, -40, 0])))
    inverted = [random.randrange(inputs + steps) for _ in range(2)]
    results = [random.randrange(inputs + steps) for _ in range(5)]

    def evaluate(values, inverse, key):
        values = list(values)
        for kind, left, right, number in recipe:
            x, y = values[left], values[right]
            match kind:
                case "product":
                    made = x * y
                case "key":
                    made = x * key()
                case "add":
                    made = x + y
                case "subtract":
                    made = x - y
                case "negative":
                    made = -x
                case "computed":
                    made = x if isinstance(x, int) else x.computed()
                case "times":
                    made = x * number if isinstance(x, int) else x.times(number)
            values.append(made)
        one, two = (inverse(values[n]) for n in inverted)
        return [values[n] for n in results] + [one, one + two]

    return evaluate


def random_program(seed, steps=24, inputs=4, shape=TOY_WIDE):
    """(program, its key's words, a function from its inputs to what it sends)."""
    random = Random(seed)
    evaluate = random_recipe(random, steps, inputs)
    builder = Builder(shape)
    for symbol in evaluate([builder.input() for _ in range(inputs)],
                           builder.inverse, builder.key):
        builder.output(symbol)

    modulus = TOY.modulus

    def expected(words):
        found = evaluate(words, lambda x: pow(x, -1, modulus) if x % modulus else 0,
                         iter(plain).__next__)
        return [value % modulus for value in found]

    plain = [random.randrange(modulus) for _ in range(builder.keys)]
    key = [word * shape.multiplier.radix % modulus for word in plain]
    return assemble(builder), key, expected
