"""Estimated paths: through tables, chains, blocks, from registers to registers."""

import pytest

from proofmill.boards.paths import (
    CARRY,
    CARRY_IN,
    CARRY_OUT,
    MEMORY_OUT,
    PRODUCT,
    PRODUCT_OUT,
    STARTS,
    TABLE,
    Timing,
    plain_name,
)
from proofmill.boards.source_lines import lines_of, place_of
from proofmill.hdl.framed_adder import FramedAdder
from proofmill.hdl.presets import TOY_SHAPE
from tests.conftest import ROOT


def module(*cells, **names):
    """Of (type, inputs, outputs, parameters) cells; wires are numbers from 2 on."""
    return {
        "cells": {f"{kind}_{n}": {
            "type": kind, "parameters": dict(*parameters),
            "port_directions": dict.fromkeys(inputs, "input") | dict.fromkeys(outputs, "output"),
            "connections": {port: [wire] for port, wire in (inputs | outputs).items()}}
            for n, (kind, inputs, outputs, *parameters) in enumerate(cells)},
        "netnames": {name: {"bits": [wire]} for name, wire in names.items()}}


def register(data, out):
    return "TRELLIS_FF", {"CLK": 2, "DI": data, "LSR": "0"}, {"Q": out}


def test_tables_between_registers():
    found, = Timing(module(
        register("0", 3), ("LUT4", {"A": 3, "B": "1"}, {"Z": 4}), ("LUT4", {"A": 4}, {"Z": 5}),
        register(5, 6), start=3)).groups()
    assert found.nanoseconds == pytest.approx(0.52 + 2 * TABLE + 3 * 0.6)
    assert (found.start, found.end, found.count) == ("start", "TRELLIS_FF_#", 1)
    assert (found.first, found.last) == ("start", "TRELLIS_FF_3")


def test_readers_make_a_wire_slower():
    cells = [register("0", 3), *(register(3, 10 + n) for n in range(8))]
    found, = Timing(module(*cells)).groups()
    assert found.count == 8 and found.nanoseconds == pytest.approx(0.52 + 0.6 + 3 * 0.3)


def test_a_carry_runs_without_wires():
    chain = [("CCU2C", {"A0": 3 if n == 0 else "0", "CIN": 20 + n}, {"COUT": 21 + n, "S0": 40 + n})
             for n in range(10)]
    found = Timing(module(register("0", 3), *chain, register(49, 60))).groups()
    assert found[0].nanoseconds == pytest.approx(
        0.52 + 0.6 + CARRY_IN + 8 * CARRY + CARRY_OUT + 0.6)


@pytest.mark.parametrize("parameters, expected", [
    ({}, 0.52 + 0.6 + PRODUCT + 0.6), ({"REG_OUTPUT_CLK": "CLK0"}, PRODUCT_OUT + 0.6)])
def test_a_block_with_and_without_registers(parameters, expected):
    block = ("MULT18X18D", {"A0": 3, "B0": "1", "CLK0": 2}, {"P0": 4}, parameters)
    found = Timing(module(register("0", 3), block, register(4, 5), product=4)).groups()
    assert found[0].nanoseconds == pytest.approx(expected)


@pytest.mark.parametrize("mode, expected", [
    ("NOREG", STARTS["DP16KD"]), ("OUTREG", MEMORY_OUT)])
def test_a_block_memory_with_and_without_registers(mode, expected):
    memory = ("DP16KD", {"ADA0": "0", "CLKA": 2}, {"DOA0": 4}, {"REGMODE_A": mode})
    found, = Timing(module(memory, register(4, 5), read=4)).groups()
    assert found.nanoseconds == pytest.approx(expected + 0.6)


def test_a_memorys_address_is_passed_on_and_its_data_taken_in():
    memory = ("TRELLIS_DPR16X4", {"RAD0": 3, "DI0": 4, "WCK": 2}, {"DO0": 5})
    found = Timing(module(register("0", 3), register("0", 4), memory, register(5, 6),
                          address=3, data=4)).groups()
    assert {(one.start, one.end) for one in found} == {
        ("address", "TRELLIS_FF_#"), ("data", "TRELLIS_DPR#X#_#")}
    assert found[0].start == "address"


def test_a_path_that_hangs_on_itself_is_told():
    loop = [("LUT4", {"A": 3, "B": 5}, {"Z": 4}), ("LUT4", {"A": 4}, {"Z": 5})]
    with pytest.raises(ValueError, match="itself hangs on itself"):
        Timing(module(register("0", 3), *loop, register(5, 6), itself=4)).groups()


def test_names_are_as_written_in_the_sources():
    assert plain_name("unit.row3_b2[5]_TRELLIS_FF_Q_1") == "unit.row#_b#"
    assert plain_name("core.$signal$41_LUT4_Z") == "core.$signal#"


def test_a_register_is_told_with_its_line():
    lines = lines_of(TOY_SHAPE.adder.multiplier.build())
    path, line = lines["stage1_b0"].split(":")
    assert path == "hdl/limbs.py" and "Signal(" in (ROOT / path).read_text().splitlines()[
        int(line) - 1]
    inner = lines_of(FramedAdder(TOY_SHAPE.adder))
    assert inner["adder.multiplier0.stage1_b0"] == lines["stage1_b0"]
    assert place_of("adder.multiplier0.stage1_b0_TRELLIS_FF_Q_3", inner) == (
        f"adder.multiplier0, stage1_b0 ({path}:{line})")
    assert place_of("something[3]", inner) == "the unit itself, something"
