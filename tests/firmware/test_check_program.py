"""Programs for a check within an accelerator, as they lie in its memory."""

from dataclasses import replace

import pytest

from proofmill.firmware.check_program import check_words, key_values
from proofmill.firmware.straight_line import Builder
from proofmill.firmware.wide_program import assemble
from proofmill.hdl.check_shape import Begin, CheckShape, Keep
from proofmill.hdl.commands import unpack
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.presets import TOY_SHAPE, with_check
from proofmill.sim.checker import carried_out
from proofmill.sim.wide_processor import run
from tests.firmware.wide_programs import TOY_WIDE, random_program

SHAPE = with_check(TOY_SHAPE).checker
FOLDED = CheckShape(row_bits=6, multiplier=FoldedShape(
    field=SHAPE.field, operand_bits=22, digit=6, limb=8, interval=7))


@pytest.mark.parametrize("shape", [SHAPE, FOLDED], ids=["pipelined", "folded"])
@pytest.mark.parametrize("seed", range(10))
def test_random_formulas_give_what_they_say(shape, seed):
    program, key, expected = random_program(seed, shape=shape)
    words, given = check_words(program), list(key_values(program, key))
    for inputs in ([0, 1, 2, 3], [162, 162, 5, 77]):
        assert run(program, inputs, key).sent == expected(inputs)
        assert carried_out(shape, words, [*inputs, *given])[0] == expected(inputs)


def test_a_word_says_what_the_program_says():
    builder = Builder(SHAPE)
    x, k = builder.input(), builder.key()
    builder.output(x * k - builder.constant(5))
    program = assemble(builder)
    codes = [unpack(SHAPE.instruction, word) for word in check_words(program)]
    # Nobody can begin anything before the last thing is kept; they are an even number.
    assert [(Begin(code["begin"]), Keep(code["keep"])) for code in codes] == [
        (Begin.PRODUCT, Keep.NOTHING), (Begin.NOTHING, Keep.PRODUCT),
        (Begin.PRODUCT, Keep.NOTHING), (Begin.NOTHING, Keep.PRODUCT),
        (Begin.SUM, Keep.NOTHING), (Begin.NOTHING, Keep.SUM),
        (Begin.PRODUCT, Keep.NOTHING), (Begin.NOTHING, Keep.PRODUCT), (Begin.LOOK, Keep.NOTHING),
        (Begin.NOTHING, Keep.NOTHING)]
    # The key is behind all that is given: zero, the input and the constants; what is made follows.
    given = program.depths[0]
    assert codes[2]["term1"] == given
    assert {code["kept"] for code in codes if code["keep"]} <= set(
        range(given + 1, given + 1 + sum(program.depths[1:])))
    values = list(key_values(program, [77]))
    assert len(values) == given - 2 + 1 and values[-1] == 77
    assert set(values[:-1]) == set(program.constants.values()) - {0}


def test_there_is_a_word_for_each_operation():
    shape = replace(SHAPE, row_bits=9)
    program, _, _ = random_program(3, steps=300, shape=shape)
    codes = [unpack(shape.instruction, word) for word in check_words(program)]
    begun, kept = ([code[name] for code in codes] for name in ("begin", "keep"))
    assert begun.count(Begin.SUM) == kept.count(Keep.SUM) == program.sums
    assert begun.count(Begin.PRODUCT) == kept.count(Keep.PRODUCT) == program.products
    assert begun.count(Begin.INVERSE) == kept.count(Keep.INVERSE) == 2
    assert begun.count(Begin.LOOK) == program.outputs


def test_what_does_not_fit():
    program, key, _ = random_program(1)
    with pytest.raises(ValueError, match="for a wide processor of its own"):
        check_words(program)
    program, key, _ = random_program(1, steps=40, shape=replace(SHAPE, row_bits=4))
    with pytest.raises(ValueError, match="wants .* rows of a plane, and there are 16"):
        check_words(program)
    with pytest.raises(ValueError, match=f"has {program.keys} words, not {program.keys - 1}"):
        key_values(program, key[1:])
    with pytest.raises(ValueError, match="a product and 3 sums; not 4, with 2"):
        replace(SHAPE, adders=2)
    with pytest.raises(ValueError, match="more products under way than the 32"):
        replace(SHAPE, multiplier=FoldedShape(
            field=SHAPE.field, operand_bits=22, digit=6, limb=8, interval=2, least_loop=99))
    assert TOY_WIDE.field == SHAPE.field
