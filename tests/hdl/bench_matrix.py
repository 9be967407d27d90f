"""Runs inside the Verilog simulator; test_verilog.py starts it."""

import os
from random import Random

import cocotb

from proofmill.hdl.commands import WORD
from tests.cocotb_streams import Stream, start
from tests.hdl.matrix_runs import TOYS, check, matrices, unit, words_of

SHAPE = TOYS[os.environ["SHAPE"]]
PAUSE = float(os.environ["PAUSE"])


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def sums_match_the_definition(dut):
    rng = Random(cocotb.RANDOM_SEED)
    await start(dut, dut.start, dut.a, dut.b, dut.commands__valid, dut.answers__ready)
    commands, answers = Stream(dut, "commands"), Stream(dut, "answers")
    for seed, size in enumerate([(1, 1, 1), (7, 9, 5), (3, 20, 2)]):
        case = matrices(SHAPE, *size, seed)
        plan, words = words_of(unit(SHAPE), *case)
        assert max(words).bit_length() <= WORD
        cocotb.start_soon(commands.send(words, rng, PAUSE))
        found = await answers.receive(plan.sums + 1, rng, PAUSE)
        check(plan, found, *case, exact_cycles=not PAUSE)
