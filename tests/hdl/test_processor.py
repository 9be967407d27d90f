# amaranth: UnusedElaboratable=no
"""The processor's gateware: the library's programs, and random ones beside the interpreter."""

from dataclasses import replace
from random import Random

import pytest

from proofmill.firmware import library
from proofmill.firmware.assembler import assemble
from proofmill.firmware.library import TARGETS
from proofmill.hdl.field import TOY as TOY_FIELD
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.inverter import InverterShape
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.processor import Processor, StandaloneProcessor
from proofmill.hdl.processor_shape import standalone
from proofmill.sim.processor import run
from proofmill.sim.processor_gateware import run_gateware
from tests.firmware.pairs import cases
from tests.firmware.random_programs import random_program

TOY = TARGETS["toy"]


@pytest.mark.parametrize("case", cases(), ids=str)
def test_a_program_does_what_its_expected_file_says(case):
    case.check(run_gateware(case.target.shape, case.assembled, case.words, entry=case.start,
                            limit=2 * case.cycles))


@pytest.mark.parametrize("case", [case for case in cases() if case.field == "toy"], ids=str)
def test_words_that_come_and_go_slowly_change_nothing_but_the_time(case):
    outcome = run_gateware(case.target.shape, case.assembled, case.words, entry=case.start,
                           pauses=Random(str(case)), limit=20 * case.cycles)
    assert outcome.sent == case.sent
    assert outcome.cycles >= case.cycles


@pytest.mark.parametrize("seed", range(60))
def test_random_programs_run_in_step_with_the_interpreter(seed):
    rng = Random(seed)
    # Some with a multiplier that is shared: further away, and not free in every cycle.
    folded = standalone(FoldedShape(field=TOY_FIELD, operand_bits=22, digit=6, limb=8,
                                    interval=rng.randrange(2, 4)))
    shape = rng.choice([
        TOY.shape, replace(TOY.shape, latency=TOY.shape.latency + 2, interval=rng.randrange(1, 6)),
        folded, replace(folded, latency=folded.latency + 1)])
    if seed >= 40:  # and with an inverter
        shape = replace(shape, inverter=InverterShape.of(shape.multiplier))
    program, words, registers = random_program(rng, replace(TOY, shape=shape))
    expected = run(shape, program, words, registers=registers)
    # A register may hold a residue or that plus the modulus.
    lifted = [value + TOY.shape.field.modulus * rng.randrange(2) for value in registers]
    outcome = run_gateware(shape, program, words, registers=lifted,
                           limit=2 * expected.cycles + 100)
    assert (outcome.registers, outcome.sent, outcome.cycles) == (
        expected.registers, expected.sent, expected.cycles)


def test_products_are_never_nearer_than_the_multiplier_takes_them():
    shape = replace(TOY.shape, interval=3)
    text = "multiply r1, r0, r0\nmultiply r2, r0, r0\nadd r3, r0, r0\nhalt"
    program = assemble(text, replace(TOY, shape=shape))
    assert [run(s, program, registers=[7] * 4).cycles for s in (TOY.shape, shape)] == [
        3 + 1 + TOY.shape.latency + 3, 3 + 3 + TOY.shape.latency + 3]
    assert run_gateware(shape, program, registers=[7] * 4).cycles == 3 + 3 + shape.latency + 3


@pytest.mark.parametrize(("change", "message"), [
    ({"latency": 1}, "latency 2 or more .* not 1 and 1"),
    ({"interval": 0}, "not 14 and 0"),
    ({"inverter": InverterShape(field=TOY_FIELD, operand_bits=22)},
     r"inverter divides radix \*\* 2 in toy, \d+, not 1 in toy: take InverterShape.of"),
])
def test_latencies_intervals_and_inverters_that_cannot_be_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(TOY.shape, **change)


@pytest.mark.parametrize("operand_bits", [9, 10, 16, 22])
@pytest.mark.parametrize("digit", [2, 3, 6])
def test_any_cut_of_the_multiplier_keeps_the_registers_bounds(operand_bits, digit):
    """The tightest multipliers, with the largest operands: `run_gateware` checks every register."""
    shape = standalone(MultiplierShape(field=TOY_FIELD, operand_bits=operand_bits, digit=digit,
                                       limb=8))
    widest, modulus = (1 << operand_bits) - 1, TOY_FIELD.modulus
    program = assemble("receive r1, r0\nmultiply r2, r0, r0\nadd r3, r0, r0\n"
                       "subtract r4, r5, r0\nsubtract r5, r0, r5\nhalt",
                       replace(TOY, shape=shape))
    outcome = run_gateware(shape, program, [widest], registers=[2 * modulus - 1] + [0] * 5)
    assert outcome == replace(run(shape, program, [widest], registers=[modulus - 1] + [0] * 5),
                              executed=0)


def test_programs_of_another_field_and_empty_ones_are_refused():
    program = library.program("invert", TARGETS["bn254-base"])
    with pytest.raises(ValueError, match="is not an element of toy: .*; assemble the program for"):
        Processor(TOY.shape, program)
    with pytest.raises(ValueError, match="a program has 1 to 1024 instructions, not 0"):
        Processor(TOY.shape, replace(program, instructions=()))
    with pytest.raises(ValueError, match="branches on values cannot run without a datapath"):
        Processor(TOY.shape, assemble("here: jump_if_zero r0, here", TOY), datapath=False)
    with pytest.raises(ValueError, match="a program that inverts cannot run without an inverter"):
        Processor(TOY.shape, library.program("invert", library.with_inverter(TOY)))
    with pytest.raises(ValueError, match="a multiplier of latency 14 cannot answer after 3 cycles"):
        StandaloneProcessor(replace(TOY.shape, latency=3), library.program("invert", TOY))
