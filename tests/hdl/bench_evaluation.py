"""Runs inside the Verilog simulator; test_verilog.py starts it."""

import os
from random import Random

import cocotb
from cocotb.triggers import RisingEdge

from proofmill.hdl.commands import pack
from proofmill.sim.evaluation import evaluate, in_order, numbered
from tests.cocotb_streams import Stream, start
from tests.hdl.test_evaluation import TOY_EVALUATION, entry_words, given_words, random_run

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
        await i.send([pack(shape.given, **word) for word in given_words(
            shape, run[1], dictionary)], rng, PAUSE)
        await entries.send([pack(shape.entry, **word) for word in entry_words(in_order(some))],
                           rng, PAUSE)
        assert await o.receive(rows, rng, PAUSE) == evaluate(shape.field, *run)
        for _ in range(3):
            await RisingEdge(dut.clk)
            assert not o.valid.value
