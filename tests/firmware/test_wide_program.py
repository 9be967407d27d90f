"""From formulas to the words of a wide processor."""

from dataclasses import replace
from random import Random

import pytest

from proofmill.firmware.list_schedule import schedule
from proofmill.firmware.straight_line import Builder, Kind, signed_digits
from proofmill.firmware.wide_program import assemble
from proofmill.hdl.commands import pack, unpack
from proofmill.hdl.wide_shape import WEIGHT, WideLayout
from proofmill.sim.wide_processor import run
from tests.firmware.wide_programs import FOLDED_WIDE, TOY_WIDE, random_program


@pytest.mark.parametrize("seed", range(30))
def test_random_formulas_give_what_they_say(seed):
    program, key, expected = random_program(seed)
    random = Random(seed)
    for _ in range(4):
        words = [random.choice([0, 1, 162, random.randrange(163), 255]) for _ in range(4)]
        assert run(program, words, key).sent == expected(words)


def test_every_quotient_of_the_toy_field():
    builder = Builder(TOY_WIDE)
    x, y = builder.input(), builder.input()
    builder.output(x * builder.inverse(y.times(-3)))
    program = assemble(builder)
    for y in range(0, 163):
        expected = 7 * pow(-3 * y, -1, 163) % 163 if y else 0
        assert run(program, [7, y]).sent == [expected]


def test_signed_digits_have_no_neighbours():
    for number in range(1, 500):
        digits = signed_digits(number)
        assert sum(digit << n for n, digit in enumerate(digits)) == number
        assert not any(a and b for a, b in zip(digits, digits[1:], strict=False))


@pytest.mark.parametrize("name", FOLDED_WIDE)
def test_folded_multipliers_give_the_same(name):
    for seed in range(4):
        program, key, expected = random_program(seed, shape=FOLDED_WIDE[name])
        assert run(program, [seed, 161, 7, 3], key).sent == expected([seed, 161, 7, 3])


def test_inverses_are_made_one_after_another():
    builder = Builder(TOY_WIDE)
    x, y = builder.input(), builder.input()
    one, two = builder.inverse(x), builder.inverse(y)
    builder.output(one * two)
    placed = schedule(builder)
    first, second = (placed.time[symbol.terms[0].node] for symbol in (one, two))
    assert second - first >= TOY_WIDE.inverse_latency
    assert run(assemble(builder), [3, 5]).sent == [pow(15, -1, 163)]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shape", [replace(TOY_WIDE, adders=2), FOLDED_WIDE["2 of 4"]],
                         ids=["pipelined", "folded"])
def test_units_take_one_operation_a_word_when_operands_are_there(shape, seed):
    random = Random(seed)
    builder = Builder(shape)
    values = [builder.input() for _ in range(4)]
    for _ in range(60):
        x, y = random.choice(values), random.choice(values)
        values.append((x - y.times(random.choice([3, 16, 21]))) * (x + y))
    for value in values[-3:]:
        builder.output(value)
    placed = schedule(builder)
    taken = set()
    for node, time in placed.time.items():
        unit = (time, "adder", placed.adder[node]) if node.kind is Kind.SUM else (time, "a", 0)
        assert unit not in taken
        taken.add(unit)
        assert node.kind is not Kind.PRODUCT or time % shape.product_words == 0
        for term in node.terms:
            assert placed.there[term.node] <= time
        if node.kind is Kind.SUM:
            assert 1 <= len(node.terms) <= 3
            assert sum(1 << term.shift for term in node.terms) <= WEIGHT


def test_what_does_not_fit_is_refused():
    builder = Builder(replace(TOY_WIDE, address_bits=2))
    for _ in range(3):
        builder.output(builder.input())
    with pytest.raises(ValueError, match="wants 6 registers of bank 0; give .* 2 address_bits"):
        assemble(builder)
    builder = Builder(TOY_WIDE)
    builder.output(builder.input() + builder.key())
    with pytest.raises(ValueError, match="read by the multiplier's second operand alone"):
        assemble(builder)
    builder = Builder(replace(TOY_WIDE, key_bits=1))
    for _ in range(3):
        builder.output(builder.input() * builder.key())
    with pytest.raises(ValueError, match="a key of 3 words; .* more than 1 key_bits"):
        assemble(builder)
    builder = Builder(replace(TOY_WIDE, store=8))
    builder.output(builder.input())
    with pytest.raises(ValueError, match="the processor room for 8: make its"):
        assemble(builder)


def test_words_that_a_program_does_not_take():
    program, key, _ = random_program(0)
    with pytest.raises(ValueError, match="takes 4 words, not 3"):
        run(program, [1, 2, 3], key)
    with pytest.raises(ValueError, match="word 2, 256, does not fit 8 bits"):
        run(program, [1, 2, 256, 3], key)
    with pytest.raises(ValueError, match=f"key has {len(key)} words, not {len(key) + 1}"):
        run(program, [1, 2, 3, 4], [*key, 0])
    with pytest.raises(ValueError, match="a word of the key does not fit 8 bits"):
        run(program, [1, 2, 3, 4], [256 for _ in key])


def test_a_words_fields_come_back():
    layout, random = WideLayout(TOY_WIDE), Random(1)
    values = {name: random.getrandbits(member.width) for name, member in layout.struct}
    word = layout.encode(values)
    assert layout.decode(word) == unpack(layout.struct, word) == values
    assert word == pack(layout.struct, **values)
    assert layout.struct.size == layout.bits
    with pytest.raises(ValueError, match="target0 = 256 does not fit 8 bits"):
        layout.encode({"target0": 256})
