"""Runs inside the Verilog simulator; test_verilog.py starts it."""

import os
from random import Random

import cocotb
from cocotb.triggers import RisingEdge

from proofmill.sim.wide_processor import given_words, input_words
from tests.cocotb_streams import Stream, start
from tests.firmware.wide_programs import FOLDED_WIDE, TOY_WIDE, random_program

SHAPE = {"pipelined": TOY_WIDE, **FOLDED_WIDE}[os.environ["SHAPE"]]
PAUSE = float(os.environ["PAUSE"])


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def programs_send_what_their_formulas_say(dut):
    """One program after another, each with a key of its own, and run on two lists of words."""
    rng = Random(cocotb.RANDOM_SEED)
    words, i, o = (Stream(dut, name) for name in ("words", "i", "o"))
    await start(dut, words.valid, i.valid, o.ready)
    for seed in range(2):
        program, key, formula = random_program(seed, shape=SHAPE)
        await words.send(program.words, rng, PAUSE)
        await i.send(given_words(program, key), rng, PAUSE)
        for _ in range(2):
            inputs = [rng.randrange(256) for _ in range(program.inputs)]
            begun = cycle(dut)
            await i.send(input_words(program, inputs), rng, PAUSE)
            assert await o.receive(program.outputs, rng, PAUSE) == formula(inputs)
            assert PAUSE or cycle(dut) - begun == program.cycles
            for _ in range(3):
                await RisingEdge(dut.clk)
                assert not o.valid.value  # a run sends no more than that


def cycle(dut):
    """Cycles so far."""
    return round(cocotb.utils.get_sim_time("ns")) // 10
