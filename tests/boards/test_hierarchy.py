"""The tree of a unit's parts: from modules' names, and from a real netlist."""

import re
from xml.etree import ElementTree

import pytest
from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from proofmill.boards import hierarchy
from proofmill.boards.hierarchy import Part, drawn, parts_of, tree
from proofmill.boards.hierarchy_picture import ROW, WIDTH, picture
from proofmill.boards.resources import TARGETS, Resources
from proofmill.host.cli.main import main


def resources(lut, ff=0, dsp=0, bram=0):
    return Resources(dsp=dsp, lut=lut, carry=0, ff=ff, bram=bram)


OWN = {"unit": resources(1), "unit.b": resources(10, ff=2), "unit.a": resources(4),
       "unit.a.deep": resources(20, dsp=3), "unit.ab": resources(5), "elsewhere": resources(99)}


def test_a_part_has_what_its_parts_have():
    assert tree(OWN) == [
        Part("", resources(40, ff=2, dsp=3), resources(1)),
        Part("a", resources(24, dsp=3), resources(4)),
        Part("a.deep", resources(20, dsp=3), resources(20, dsp=3)),
        Part("ab", resources(5), resources(5)),
        Part("b", resources(10, ff=2), resources(10, ff=2))]


def test_it_is_drawn_as_deep_as_is_asked():
    assert drawn(tree(OWN), 1) == [
        "        DSP   tables  registers  memories",
        "unit      3       40          2         0  ####################",
        "  a       3       24          0         0  ############",
        "  ab      0        5          0         0  ##",
        "  b       0       10          2         0  #####"]
    assert [line.split()[0] for line in drawn(tree(OWN), 2)[1:]] == [
        "unit", "a", "deep", "ab", "b"]


def test_a_picture_has_the_shares():
    """A part lies below what it is a part of, beside its neighbours."""
    text = picture(tree(OWN), 1)
    boxes = re.findall(r'<title>(\w+): .*?x="([\d.]+)" y="(\d+)" width="([\d.]+)"', text)
    assert [(name, float(x), int(y), float(width)) for name, x, y, width in boxes] == [
        ("unit", 0, 0, WIDTH), ("a", 0, ROW, 0.6 * WIDTH),
        ("ab", 0.6 * WIDTH, ROW, 0.125 * WIDTH), ("b", 0.725 * WIDTH, ROW, 0.25 * WIDTH)]
    assert "a: 24 tables, 3 DSP blocks, 0 registers, 0 memories" in text
    ElementTree.fromstring(text)


class Counter(wiring.Component):
    """A register of `bits` bits that counts."""

    def __init__(self, bits):
        super().__init__({"count": Out(bits)})

    def elaborate(self, platform):
        m = Module()
        m.d.sync += self.count.eq(self.count + 1)
        return m


class Two(wiring.Component):
    """Two counters and a register of its own."""

    def __init__(self):
        super().__init__({"i": In(3), "o": Out(16)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.small = small = Counter(3)
        m.submodules.large = large = Counter(16)
        held = Signal(3)
        m.d.sync += held.eq(self.i)
        m.d.comb += self.o.eq(large.count ^ small.count ^ held)
        return m


@pytest.mark.parametrize("target", ["ice40", "xcup"])
def test_registers_are_counted_where_they_are(target, tmp_path):
    pytest.importorskip("pyosys")
    found = {part.path: (part.total.ff, part.own.ff)
             for part in parts_of(Two(), target, tmp_path)}
    assert found == {"": (22, 3), "large": (16, 16), "small": (3, 3)}


def test_every_family_can_keep_parts_apart():
    """The options by which Yosys' commands make a design one are known."""
    for target in TARGETS.values():
        assert "xilinx" in target.synthesis or "-flatten" not in target.synthesis


def test_the_command(monkeypatch, capsys):
    pytest.importorskip("amaranth_boards")

    def counted(component, *rest):
        component._MustUse__silence = True  # it is counted without being looked at
        return tree(OWN)

    monkeypatch.setattr(hierarchy, "parts_of", counted)
    assert main("measure adder --preset toy --hierarchy 1".split()) == 0
    said = capsys.readouterr().out
    assert "  a       3       24" in said and "deep" not in said and "mapped apart" in said
    assert main("measure adder --preset toy --hierarchy --record x.json".split()) == 2
    assert "leave --place and --record out" in capsys.readouterr().err
