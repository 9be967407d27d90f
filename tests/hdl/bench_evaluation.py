"""Runs inside the Verilog simulator; test_verilog.py starts it."""

import os
from random import Random

import cocotb
from cocotb.triggers import RisingEdge

from proofmill.sim.evaluation import entry_words, evaluate, given_words, in_order, numbered
from tests.cocotb_streams import Stream, start
from tests.hdl.test_evaluation import TOY_EVALUATION, random_run

PAUSE = float(os.environ["PAUSE"])


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def sums_are_the_definitions(dut):
    rng, shape = Random(cocotb.RANDOM_SEED), TOY_EVALUATION
    i, entries, o = (Stream(dut, name) for name in ("i", "entries", "o"))
    await start(dut, i.valid, entries.valid, o.ready, dut.rows)
    for seed, (count, rows) in enumerate([(60, 16), (30, 7)]):
        run = random_run(shape, seed, count, rows)
        some, dictionary = numbered(shape, run[0])
        dut.rows.value = rows
        await i.send(given_words(shape, run[1], dictionary), rng, PAUSE)
        await entries.send(entry_words(shape, in_order(some)), rng, PAUSE)
        assert await o.receive(rows, rng, PAUSE) == evaluate(shape.field, *run)
        for _ in range(3):
            await RisingEdge(dut.clk)
            assert not o.valid.value
