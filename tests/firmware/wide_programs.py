"""Random straight-line programs for wide processors of the toy field, and what they compute."""

from random import Random

from proofmill.firmware.straight_line import Builder
from proofmill.firmware.wide_program import assemble
from proofmill.hdl.field import TOY
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.wide_shape import WideShape

TOY_WIDE = WideShape(multiplier=MultiplierShape(field=TOY, operand_bits=22, digit=6, limb=8),
                     store=512)


def random_program(seed, steps=24, inputs=4):
    """(program, a function from its inputs to what it sends)."""
    random = Random(seed)
    recipe = []
    for n in range(inputs, inputs + steps):
        kind = random.choice(["product", "add", "subtract", "times", "negative", "computed"])
        recipe.append((kind, random.randrange(n), random.randrange(n),
                       random.choice([1, 2, 3, 5, 9, 12, 48, 163, -1, -6, -40, 0])))
    inverted = random.randrange(inputs + steps)
    results = [random.randrange(inputs + steps) for _ in range(5)]

    def evaluate(values, inverse):
        values = list(values)
        for kind, left, right, number in recipe:
            x, y = values[left], values[right]
            values.append(
                x * y if kind == "product" else x + y if kind == "add" else x - y
                if kind == "subtract" else -x if kind == "negative" else x
                if kind == "computed" and isinstance(x, int) else x.computed()
                if kind == "computed" else x * number if isinstance(x, int) else x.times(number))
        return [values[n] for n in results] + [inverse(values[inverted])]

    builder = Builder(TOY_WIDE)
    for symbol in evaluate([builder.input() for _ in range(inputs)], builder.inverse):
        builder.output(symbol)

    def expected(words):
        modulus = TOY.modulus
        found = evaluate(words, lambda x: pow(x, -1, modulus) if x % modulus else 0)
        return [value % modulus for value in found]
    return assemble(builder), expected
