"""Registers moved into multiplier blocks: every output as before, in every cycle."""

from collections import Counter
from random import Random

import pytest

from proofmill.boards.packing import (
    BLOCK,
    BLOCK_MEMORY,
    MEMORY,
    OPERANDS,
    PRODUCT,
    REGISTER,
    absorb,
    duplicate,
    natural,
    prepare,
    untie,
)


class Netlist:
    """A netlist as Yosys writes it, of registers and multiplier blocks alone."""

    def __init__(self, inputs):
        self.wires = 10
        self.module = {"ports": {}, "cells": {}}
        self.clock = self.fresh(1)[0]
        self.enable = self.port("enable", "input", self.fresh(1))[0]
        self.inputs = {name: self.port(name, "input", self.fresh(18)) for name in inputs}

    def fresh(self, count):
        self.wires += count
        return list(range(self.wires - count, self.wires))

    def port(self, name, direction, bits):
        self.module["ports"][name] = {"direction": direction, "bits": bits}
        return bits

    def cell(self, kind, parameters, inputs, outputs):
        name = f"cell{len(self.module['cells'])}"
        self.module["cells"][name] = {
            "type": kind, "parameters": parameters,
            "port_directions": dict.fromkeys(inputs, "input") | dict.fromkeys(outputs, "output"),
            "connections": {port: [wire] for port, wire in (inputs | outputs).items()}}
        return name

    def register(self, bits, *, enabled=False, clock=None, reset="0"):
        after = self.fresh(len(bits))
        for bit, out in zip(bits, after, strict=True):
            self.cell(REGISTER, {"CEMUX": "CE" if enabled else "1 ", "CLKMUX": "CLK"},
                      {"CLK": clock or self.clock, "DI": bit, "LSR": reset}
                      | ({"CE": self.enable} if enabled else {}), {"Q": out})
        return after

    def remember(self, read, write, inputs, init="x" * 32 + "0" * 32):
        """Four bits of a memory of tables."""
        found = self.fresh(4)
        name = self.cell(MEMORY, {"INITVAL": init}, {"WRE": self.enable}, {})
        self.module["cells"][name]["connections"] |= {
            "RAD": list(read), "WAD": list(write), "DI": list(inputs), "DO": found}
        self.module["cells"][name]["port_directions"] |= {
            "RAD": "input", "WAD": "input", "DI": "input", "DO": "output"}
        return found

    def look_up(self, address, written):
        """Two bits of a block memory, written and read at one address."""
        found = self.fresh(2)
        self.cell(BLOCK_MEMORY, {"REGMODE_A": "NOREG"}, {
            "CLKA": self.clock, "WEA": self.enable, "OCEA": "1", "RSTA": "0",
            **{f"ADA{n}": bit for n, bit in enumerate(address)},
            **{f"DIA{n}": bit for n, bit in enumerate(written)}},
            {f"DOA{n}": bit for n, bit in enumerate(found)})
        return found

    def multiply(self, a, b):
        product = self.fresh(36)
        operands = [*a, *["0"] * (18 - len(a)), *b, *["0"] * (18 - len(b))]
        self.cell(BLOCK, {}, dict(zip(OPERANDS, operands, strict=True)),
                  dict(zip(PRODUCT, product, strict=True)))
        return product

    def run(self, cycles, seed):
        """The outputs in every cycle, for random inputs."""
        rng, held, rows = Random(seed), {}, []
        cells = self.module["cells"]
        outputs = [p["bits"] for p in self.module["ports"].values() if p["direction"] == "output"]
        for _ in range(cycles):
            drive = {bit: rng.getrandbits(1) for bits in [*self.inputs.values(), [self.enable]]
                     for bit in bits}

            def value(wire, drive=drive):
                if wire in ("0", "1", "x"):
                    return int(wire == "1")
                return drive[wire]

            for name, cell in cells.items():
                if cell["type"] == REGISTER:
                    drive[cell["connections"]["Q"][0]] = held.get(name, 0)
                elif "REG_OUTPUT_CLK" in cell["parameters"]:
                    self.spread(cell, held.get((name, "P"), 0), drive)
                elif cell["type"] == BLOCK_MEMORY:
                    last = "out" if cell["parameters"]["REGMODE_A"] == "OUTREG" else "found"
                    for n, bit in enumerate(held.get((name, last), [0, 0])):
                        drive[cell["connections"][f"DOA{n}"][0]] = bit
                elif cell["type"] == "LUT4":
                    assert len(set(cell["parameters"]["INIT"])) == 1
                    drive[cell["connections"]["Z"][0]] = int(cell["parameters"]["INIT"][0])
            for name, cell in cells.items():
                if cell["type"] == MEMORY:
                    # An input of a table that nothing is connected to is 1.
                    row = tuple(1 if wire == "x" else value(wire)
                                for wire in cell["connections"]["RAD"])
                    for bit, out in zip(held.get((name, row), [0] * 4), cell["connections"]["DO"],
                                        strict=True):
                        drive[out] = bit
            products = {}
            waiting = [name for name, cell in cells.items() if cell["type"] == BLOCK]
            tries = len(waiting) ** 2
            while waiting:  # blocks follow each other; one comes when its operands are there
                tries -= 1
                assert tries >= 0, "a block's operand comes from nowhere"
                name = waiting.pop(0)
                cell = cells[name]
                if "REG_INPUTA_CLK" in cell["parameters"]:
                    factors = held.get((name, "AB"), (0, 0))
                else:
                    try:
                        factors = self.factors(cell, value)
                    except KeyError:
                        waiting.append(name)
                        continue
                products[name] = factors[0] * factors[1]
                if "REG_OUTPUT_CLK" not in cell["parameters"]:
                    self.spread(cell, products[name], drive)
            rows.append([[value(bit) for bit in bits] for bits in outputs])
            for name, cell in cells.items():
                wires, parameters = cell["connections"], cell["parameters"]
                if cell["type"] == BLOCK_MEMORY:
                    row = tuple(value(wires[f"ADA{n}"][0]) for n in range(3))
                    held[name, "out"] = held.get((name, "found"), [0, 0])
                    held[name, "found"] = held.get((name, row), [0, 0])
                    if value(wires["WEA"][0]):
                        held[name, row] = [value(wires[f"DIA{n}"][0]) for n in range(2)]
                elif cell["type"] == MEMORY:
                    if value(wires["WRE"][0]):
                        assert "x" not in wires["WAD"], "what is written to hangs on a loose wire"
                        row = tuple(value(wire) for wire in wires["WAD"])
                        held[name, row] = [value(wire) for wire in wires["DI"]]
                elif cell["type"] == "LUT4":
                    pass
                elif cell["type"] == BLOCK:
                    held[name, "AB"] = self.factors(cell, value)
                    held[name, "P"] = products[name]
                elif parameters["CEMUX"] != "CE" or value(wires["CE"][0]):
                    held[name] = value(wires["DI"][0])
        return rows

    @staticmethod
    def factors(cell, value):
        bits = [value(cell["connections"][port][0]) for port in OPERANDS]
        return tuple(sum(bit << n for n, bit in enumerate(side)) for side in (bits[:18], bits[18:]))

    @staticmethod
    def spread(cell, product, drive):
        for n, port in enumerate(PRODUCT):
            drive[cell["connections"][port][0]] = product >> n & 1

    def check(self, expected):
        """Pack, and compare with what it was."""
        before = self.run(40, seed=1)
        found = absorb({"modules": {"top": self.module}}, "top")
        assert self.run(40, seed=1) == before
        assert found == expected
        return sum(cell["type"] == REGISTER for cell in self.module["cells"].values())


def test_registers_on_both_sides_are_moved():
    net = Netlist("ab")
    product = net.multiply(net.register(net.inputs["a"]), net.register(net.inputs["b"]))
    net.port("p", "output", net.register(net.register(product)))
    assert net.check((1, 1)) == 36  # the second register after the product stays


def test_a_register_that_others_read_stays_as_well():
    net = Netlist("abc")
    a, b, c = (net.register(net.inputs[name]) for name in "abc")
    for other, name in ((b, "p"), (c, "q")):
        net.port(name, "output", net.register(net.multiply(a, other)))
    net.port("later", "output", net.register(a))
    assert net.check((2, 2)) == 18 + 18  # a, for `later`, and `later`; b and c are gone


def test_a_product_that_is_the_next_ones_operand():
    net = Netlist("ab")
    first = net.register(net.multiply(net.register(net.inputs["a"]), net.register(net.inputs["b"])))
    second = net.multiply(first[:18], [*"0110"])
    net.port("p", "output", net.register(second))
    net.port("high", "output", net.register(first[18:]))
    # The register between the two goes into the first; the second keeps its operand from there.
    assert net.check((1, 2)) == 18


@pytest.mark.parametrize("hinder, expected", [
    ("an enable before", (0, 1)), ("an enable after", (1, 0)), ("one operand at once", (0, 1)),
    ("a product read twice", (1, 0)), ("a product read at once", (1, 0)),
    ("two clocks", (0, 1)), ("another clock after", (0, 1)),
])
def test_what_would_change_a_value_is_left(hinder, expected):
    net = Netlist("ab")
    a = net.register(net.inputs["a"], enabled=hinder == "an enable before")
    b = net.register(net.inputs["b"], clock=2 if hinder == "two clocks" else None)
    product = net.multiply(a, net.inputs["b"] if hinder == "one operand at once" else b)
    net.port("p", "output", net.register(
        product, enabled=hinder == "an enable after",
        clock=3 if hinder == "another clock after" else None))
    if hinder == "a product read twice":
        net.port("q", "output", net.register(product[5:6]))
    if hinder == "a product read at once":
        net.port("q", "output", product[:1])
    net.check(expected)


def test_a_register_with_many_readers_is_made_several():
    """All registers of a chain, each read by more than it may be, and outputs as before."""
    net = Netlist("a")
    bit = net.inputs["a"][0]
    for stage in range(3):
        bit = net.register([bit])[0]
        readers = net.register([bit] * 20, enabled=stage == 1)
        net.port(f"out{stage}", "output", readers)
    design = {"modules": {"top": net.module}}
    before = net.run(40, seed=1)
    assert duplicate(design, "top", most=8)
    assert net.run(40, seed=1) == before

    read = Counter(wire for cell in net.module["cells"].values() for port in ("DI",)
                   for wire in cell["connections"][port])
    outputs = [cell["connections"]["Q"][0] for cell in net.module["cells"].values()]
    assert len(set(outputs)) == len(outputs)
    assert max(read[wire] for wire in outputs) <= 8
    assert duplicate(design, "top", most=8) == 0


def test_copies_are_split_too_where_their_readers_become_more():
    """Each of 20 registers has copies, all of which read the one before, whichever comes first."""
    for order in (list, reversed):
        net = Netlist("a")
        first = net.register([net.inputs["a"][0]])[0]
        for number, bit in enumerate(net.register([first] * 20)):
            net.port(f"out{number}", "output", net.register([bit] * 20))
        net.module["cells"] = dict(order(net.module["cells"].items()))
        before = net.run(40, seed=1)
        duplicate({"modules": {"top": net.module}}, "top", most=4)
        assert net.run(40, seed=1) == before
        read = Counter(cell["connections"]["DI"][0] for cell in net.module["cells"].values())
        assert max(read[cell["connections"]["Q"][0]] for cell in net.module["cells"].values()) <= 4


def test_readers_are_shared_out_by_their_names():
    net = Netlist("a")
    net.port("out", "output", net.register(net.register([net.inputs["a"][0]]) * 12))
    duplicate({"modules": {"top": net.module}}, "top", most=4)
    by_wire = {}
    for name, cell in sorted(net.module["cells"].items(), key=lambda item: natural(item[0])):
        by_wire.setdefault(cell["connections"]["DI"][0], []).append(name)
    groups = sorted(by_wire.values(), key=lambda names: natural(names[0]))
    assert [name for names in groups[1:] for name in names] == [f"cell{n}" for n in range(1, 13)]


def test_all_of_it_leaves_the_outputs_as_they_were():
    net = Netlist("ab")
    a, b = net.inputs["a"], net.inputs["b"]
    net.enable = net.register(b[:1])[0]
    net.port("reads", "output", net.register(net.look_up(a[:3], b[:2])))
    net.port("products", "output", net.register(net.multiply(net.register(a), net.register(b))))
    net.port("rows", "output", net.remember([*a[:2], "0", "0"], [*b[:2], "0", "0"], a[4:8]))
    net.port("many", "output", net.register(net.register(a[:1]) * 200))
    net.port("enabled", "output", net.register(b[:1] * 300, enabled=True))
    before = net.run(40, seed=1)
    prepare({"modules": {"top": net.module}}, "top")
    assert net.run(40, seed=1) == before
    kinds = Counter(cell["type"] for cell in net.module["cells"].values())
    # 200 readers of at most 48 each, and 300 of at most 256 that it enables.
    assert kinds == {BLOCK: 1, BLOCK_MEMORY: 1, MEMORY: 1, "LUT4": 1, REGISTER: 200 + 5 + 300 + 2}


def test_enables_and_resets_are_shared_out_apart():
    """Slices share them: too many copies would keep registers from the same slice."""
    net = Netlist("a")
    net.enable, reset = net.register(net.inputs["a"][1:3])
    net.port("out", "output", net.register([net.inputs["a"][0]] * 30, enabled=True))
    net.port("reset", "output", net.register([net.inputs["a"][0]] * 30, reset=reset))
    design = {"modules": {"top": net.module}}
    before = net.run(40, seed=1)
    assert duplicate(design, "top", most=8) == 0
    assert duplicate(design, "top", most=8, shared=True) == 3 + 3
    assert net.run(40, seed=1) == before
    for port in ("CE", "LSR"):
        read = Counter(cell["connections"][port][0] for cell in net.module["cells"].values()
                       if cell["connections"].get(port, ["0"]) != ["0"])
        assert sorted(read.values()) == [7, 7, 8, 8]


def test_registers_behind_a_block_memory_are_moved_into_it():
    net = Netlist("ab")
    a, b = net.inputs["a"], net.inputs["b"]
    net.port("out", "output", net.register(net.look_up(a[:3], b[:2])))
    assert net.check((0, 0)) == 0


@pytest.mark.parametrize("hinder", [
    "an enable", "a reset", "read at once", "one bit at once", "another clock", "its own enable"])
def test_registers_that_must_stay_behind_a_block_memory(hinder):
    net = Netlist("ab")
    a, b = net.inputs["a"], net.inputs["b"]
    found = net.look_up(a[:3], b[:2])
    (memory,) = net.module["cells"].values()
    if hinder == "its own enable":
        memory["connections"]["OCEA"] = [net.enable]
    net.port("out", "output", net.register(
        found, enabled=hinder == "an enable", reset=b[3] if hinder == "a reset" else "0",
        clock=9 if hinder == "another clock" else None))
    if "at once" in hinder:
        net.port("now", "output", found if hinder == "read at once" else found[:1])
    before = net.run(40, seed=1)
    absorb({"modules": {"top": net.module}}, "top")
    assert memory["parameters"]["REGMODE_A"] == "NOREG"
    assert net.run(40, seed=1) == before


@pytest.mark.parametrize("rows", [2, 4, 8, 16])
def test_a_small_memory_needs_no_wire_for_the_rest_of_its_address(rows):
    """It is read where it is written, with the loose inputs at 1."""
    net = Netlist("ab")
    a, b = net.inputs["a"], net.inputs["b"]
    bits = rows.bit_length() - 1
    rest = ["0"] * (4 - bits)
    for n in range(3):
        net.port(f"out{n}", "output",
                 net.remember([*a[:bits], *rest], [*b[:bits], *rest], a[4 + n:8 + n]))
    before = net.run(200, seed=1)
    assert any(bit for row in before for bits in row for bit in bits)
    design = {"modules": {"top": net.module}}
    assert untie(design, "top") == (3 * 4 * len(rest), bool(rest))
    assert net.run(200, seed=1) == before
    for cell in net.module["cells"].values():
        if cell["type"] == MEMORY:
            assert not {"0", "1"} & {*cell["connections"]["RAD"], *cell["connections"]["WAD"]}


def test_a_memory_that_does_not_begin_with_zeros_keeps_its_rows():
    net = Netlist("ab")
    a, b = net.inputs["a"], net.inputs["b"]
    address = [[a[0], "0", "0", "0"], [b[0], "0", "0", "0"]]
    net.remember(*address, a[:4], init="0" * 63 + "1")
    net.remember([a[0], a[1], "0", "0"], [b[0], b[1], b[2], "0"], a[:4])  # half of it is read
    design = {"modules": {"top": net.module}}
    before = net.run(40, seed=1)
    assert untie(design, "top") == (4, 3)  # tables for what stays constant
    assert net.run(40, seed=1) == before
    first, second, *_ = net.module["cells"].values()
    assert first["connections"]["RAD"][1:] == first["connections"]["WAD"][1:]
    assert second["connections"]["RAD"][3] == "x" != second["connections"]["RAD"][2]


def test_constants_have_tables_of_their_own():
    net = Netlist("")
    for _ in range(20):
        net.multiply(["1"] * 18, ["1"] * 18)
    for cell in net.module["cells"].values():
        cell["connections"] |= {"SIGNEDA": ["0"], "SIGNEDB": ["1"]}
    assert untie({"modules": {"top": net.module}}, "top", most=8) == (0, 6)
    read = Counter(cell["connections"][port][0] for cell in net.module["cells"].values()
                   for port in ("SIGNEDA", "SIGNEDB") if port in cell["connections"])
    tables = {cell["connections"]["Z"][0]: cell["parameters"]["INIT"]
              for cell in net.module["cells"].values() if cell["type"] == "LUT4"}
    assert {tables[wire] for wire in read} == {"0" * 16, "1" * 16} and max(read.values()) <= 8
