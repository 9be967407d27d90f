"""Registers moved into multiplier blocks: every output as before, in every cycle."""

from collections import Counter
from random import Random

import pytest

from boards.packing import BLOCK, OPERANDS, PRODUCT, REGISTER, absorb, duplicate, natural, prepare


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

    def register(self, bits, *, enabled=False, clock=None):
        after = self.fresh(len(bits))
        for bit, out in zip(bits, after, strict=True):
            self.cell(REGISTER, {"CEMUX": "CE" if enabled else "1 ", "CLKMUX": "CLK"},
                      {"CLK": clock or self.clock, "DI": bit, "LSR": "0"}
                      | ({"CE": self.enable} if enabled else {}), {"Q": out})
        return after

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
                if cell["type"] == BLOCK:
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


def test_copies_are_made_only_where_they_are_wanted():
    net = Netlist("a")
    net.port("out", "output", net.register(net.register([net.inputs["a"][0]]) * 200))
    design, cells = {"modules": {"top": net.module}}, net.module["cells"]
    prepare(design, "top")
    assert len(cells) == 201
    prepare(design, "top", copies=True)
    assert len(cells) == 205    # 200 readers of at most 48 each


def test_control_inputs_keep_their_wire():
    """Slices share them: copies would keep registers from the same slice."""
    net = Netlist("a")
    net.enable = net.register([net.enable])[0]
    net.port("out", "output", net.register([net.inputs["a"][0]] * 30, enabled=True))
    assert duplicate({"modules": {"top": net.module}}, "top", most=8) == 0
