"""Programs for a check within an accelerator, as they lie in its memory."""

from dataclasses import replace

import pytest

from proofmill.firmware.check_program import check_words, key_values
from proofmill.firmware.straight_line import Builder
from proofmill.firmware.wide_program import assemble
from proofmill.hdl.check_shape import CheckShape
from proofmill.hdl.commands import WORD, unpack
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.presets import TOY_SHAPE, with_check
from proofmill.sim.wide_processor import run
from tests.firmware.wide_programs import TOY_WIDE, random_program

SHAPE = with_check(TOY_SHAPE).checker
FOLDED = CheckShape(row_bits=6, multiplier=FoldedShape(
    field=SHAPE.field, operand_bits=22, digit=6, limb=8, interval=7))


@pytest.mark.parametrize("shape", [SHAPE, FOLDED], ids=["pipelined", "folded"])
@pytest.mark.parametrize("seed", range(10))
def test_random_formulas_give_what_they_say(shape, seed):
    program, key, expected = random_program(seed, shape=shape)
    for words in ([0, 1, 2, 3], [162, 162, 5, 77]):
        assert run(program, words, key).sent == expected(words)


def test_a_word_says_what_the_program_says():
    builder = Builder(SHAPE)
    x, k = builder.input(), builder.key()
    builder.output(x * k - builder.constant(5))
    program = assemble(builder)
    words = check_words(program)
    assert len(words) == 2 * len(program.words)
    codes = [unpack(SHAPE.instruction, words[n] | words[n + 1] << WORD)
             for n in range(0, len(words), 2)]
    assert sum(code["multiply"] for code in codes) == program.products == 3
    assert [code["send"] for code in codes] == [0] * (len(codes) - 1) + [1]
    # The key is behind all that is given: zero, the input and the constants.
    given = program.depths[0]
    rows = {code["b"] >> 2 for code in codes if code["multiply"]}
    assert given in rows and max(rows) == given
    values = list(key_values(program, [77]))
    assert len(values) == given - 2 + 1 and values[-1] == 77
    assert set(values[:-1]) == set(program.constants.values()) - {0}


def test_what_does_not_fit():
    program, key, _ = random_program(1)
    with pytest.raises(ValueError, match="for a wide processor of its own"):
        check_words(program)
    program, key, _ = random_program(1, steps=40, shape=replace(SHAPE, row_bits=4))
    with pytest.raises(ValueError, match="wants .* rows of a plane, and there are 16"):
        check_words(program)
    with pytest.raises(ValueError, match=f"has {program.keys} words, not {program.keys - 1}"):
        key_values(program, key[1:])
    with pytest.raises(ValueError, match="for one adder; not 5, for 2"):
        replace(SHAPE, adders=2)
    with pytest.raises(ValueError, match="more products under way than the 32"):
        replace(SHAPE, multiplier=FoldedShape(
            field=SHAPE.field, operand_bits=22, digit=6, limb=8, interval=2, least_loop=99))
    assert TOY_WIDE.field == SHAPE.field
