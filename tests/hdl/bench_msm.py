"""Runs inside the Verilog simulator; test_verilog.py starts it."""

import os
from random import Random

import cocotb
from cocotb.triggers import RisingEdge

from proofmill.hdl.commands import POINT_WORDS
from proofmill.hdl.curve import Group
from proofmill.hdl.presets import TOY_SHAPE
from proofmill.hdl.windows import WindowPlan
from proofmill.sim.commands import scalar_words
from tests.cocotb_streams import Stream, start
from tests.hdl.cocotb_memory import memory
from tests.hdl.points import toy_points
from tests.hdl.words import Expected, copies_words, patterns

PAUSE = float(os.environ["PAUSE"])
CURVE = TOY_SHAPE.adder.curve
ADDRESS = 40


@cocotb.test(timeout_time=300, timeout_unit="us")
async def sums_match_the_definition(dut):
    rng, words = Random(cocotb.RANDOM_SEED), {}
    scalars, answers = Stream(dut, "scalars"), Stream(dut, "answers")
    inputs = ("group", "window", "windows", "first_window", "all_windows", "wide_windows",
              "last_window", "bias", "second_region", "address", "count", "stride", "copies",
              "point_words", "copy_words", "finish")
    await start(dut, dut.start, dut.clear, scalars.valid, scalars.payload, answers.ready,
                dut.points__valid, dut.points__payload, dut.requests__ready,
                *(dut[name] for name in inputs))
    cocotb.start_soon(memory(dut, words, Random(rng.random()), PAUSE))
    for group, window, stride in ((Group.G1, 3, 0), (Group.G2, 2, 2), (Group.G1, 4, 4)):
        plan = WindowPlan(CURVE.scalar.bits, window, stride=stride)
        points = [None, *rng.choices(toy_points(group), k=7)]
        _, _, *memory_words = copies_words(CURVE, group, plan, points)
        words.clear()
        words.update(enumerate(memory_words, ADDRESS))
        for chosen in list(patterns(CURVE.scalar.modulus, len(points), window).values())[:2]:
            run = Expected(TOY_SHAPE, group, plan, chosen, points)
            while not dut.ready.value:
                await RisingEdge(dut.clk)
            values = (TOY_SHAPE.adder.groups.index(group), plan.window, plan.windows, 0,
                      plan.windows, plan.wide, plan.last, plan.bias, plan.second_region, ADDRESS,
                      len(points), plan.stride or plan.bits, plan.copies,
                      POINT_WORDS * group.degree * plan.copies, POINT_WORDS * group.degree, 0)
            for name, value in zip(inputs, values, strict=True):
                dut[name].value = value
            dut.start.value = 1
            await RisingEdge(dut.clk)
            dut.start.value = 0
            sending = cocotb.start_soon(scalars.send(
                scalar_words(chosen), Random(rng.random()), PAUSE))
            run.check(await answers.receive(run.words, Random(rng.random()), PAUSE))
            await sending
            await RisingEdge(dut.clk)
