"""Runs inside the Verilog simulator, which run.py starts: a sum in each group of the toy curve."""

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge

from proofmill.hdl.commands import ANSWER, Command, unpack
from proofmill.hdl.curve import FILE_RADIX, TOY_CURVE, Group
from proofmill.hdl.windows import WindowPlan
from proofmill.sim.commands import load_words, multiply_words
from proofmill.sim.curve import equation
from proofmill.sim.msm import multi_scalar_product
from proofmill.sim.points import small_generator

P, ORDER = TOY_CURVE.base.modulus, TOY_CURVE.scalar.modulus


async def ask(dut, words, count):
    """Send a command's words; return so many answers."""
    answers = []

    async def listen():
        while len(answers) < count:
            await RisingEdge(dut.clk)
            if dut.answer_valid.value and dut.answer_ready.value:
                answers.append(dut.answer.value.to_unsigned())

    listening = cocotb.start_soon(listen())
    for word in words:
        dut.command.value, dut.command_valid.value = word, 1
        await RisingEdge(dut.clk)
        while not dut.command_ready.value:
            await RisingEdge(dut.clk)
    dut.command_valid.value = 0
    await listening
    return answers


def point_of(words, degree):
    """The affine point in the words of an answer: coordinates times 2^256, as in a `.zkey`."""
    numbers = [sum(word << 64 * k for k, word in enumerate(words[at:at + 4]))
               for at in range(0, len(words), 4)]
    values = [number * pow(FILE_RADIX, -1, P) % P for number in numbers]
    return (tuple(values[:degree]), tuple(values[degree:])) if any(values) else None


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def sums_are_right(dut):
    dut.rst.value, dut.command_valid.value, dut.answer_ready.value = 1, 0, 1
    Clock(dut.clk, 10, unit="ns").start()
    await ClockCycles(dut.clk, 4)
    dut.rst.value = 0
    for group in Group:
        law, base = equation(TOY_CURVE, group), small_generator(TOY_CURVE, group)
        points = [law.multiply(n, base) for n in (1, 2, 3, 50)]
        scalars = [ORDER - 1, 7, 0, 99]
        # How scalars are cut: see docs/link.md. The sum is finished on the chip.
        plan = WindowPlan(TOY_CURVE.scalar.bits, window=3 if group is Group.G1 else 2)
        loaded, = await ask(dut, load_words(TOY_CURVE, group, points), 1)
        assert unpack(ANSWER, loaded)["error"] == 0
        head, *words = await ask(dut, multiply_words(group, plan, scalars, finish=1),
                                 1 + 8 * group.degree)
        answer = unpack(ANSWER, head)
        assert (answer["command"], answer["last"], answer["error"]) == (Command.MULTIPLY, 1, 0)
        expected = multi_scalar_product(law, scalars, points)
        assert point_of(words, group.degree) == expected
        dut._log.info("%s: %s", group.value, expected)
