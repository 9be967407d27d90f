"""The interpreter: every program of the library against its .expected file and its definition."""

import pytest

from proofmill.firmware.assembler import assemble
from proofmill.firmware.library import TARGETS, program, with_inverter
from proofmill.sim.processor import ProcessorError, run
from tests.firmware.pairs import cases

TOY = TARGETS["toy"]


@pytest.mark.parametrize("case", cases(), ids=str)
def test_a_program_does_what_its_expected_file_says(case):
    case.check(run(case.target.shape, case.assembled, case.words, entry=case.start))


def test_every_inverse_and_product_of_the_toy_field():
    modulus = TOY.shape.field.modulus
    beside = with_inverter(TOY)
    for value in range(1, modulus):
        inverse = [pow(value, -1, modulus)]
        assert run(TOY.shape, program("invert", TOY), [value]).sent == inverse
        assert run(beside.shape, program("invert", beside), [value]).sent == inverse
        for other in range(0, modulus, 9):
            assert run(TOY.shape, program("multiply", TOY), [value, other]).sent == [
                value * other % modulus]


def test_every_power_of_some_bases():
    modulus = TOY.shape.field.modulus
    for base in (0, 1, 2, modulus - 1):
        for exponent in range(modulus):
            assert run(TOY.shape, program("power", TOY), [base, exponent]).sent == [
                pow(base, exponent, modulus)]


@pytest.mark.parametrize(("text", "message"), [
    ("jump next\nnext:", "goes to address 1, past its end"),
    ("set c1, 9\nmove r0[c1], r1\nhalt", "address 1 uses register r9, of which there are 2"),
    (".constant one = 1\nreceive r1, one\nhalt", "address 0 wants more than the 0 words"),
])
def test_programs_that_cannot_go_on_are_named(text, message):
    with pytest.raises(ProcessorError, match=message):
        run(TOY.shape, assemble(text, TOY))


def test_an_inversion_without_an_inverter_is_refused():
    inverts = program("invert", with_inverter(TOY))
    with pytest.raises(ProcessorError, match="inverts, and the processor has no inverter"):
        run(TOY.shape, inverts, [7])
