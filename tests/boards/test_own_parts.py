# amaranth: UnusedElaboratable=no
"""A board of one's own with another clock, other pads or another memory than the ones here."""

from dataclasses import replace

import pytest

pytest.importorskip("amaranth_boards")

from amaranth import Instance, Signal  # noqa: E402
from amaranth.lib import wiring  # noqa: E402

from proofmill.boards.board import BoardTop, PlainTop, clocked, looked_at  # noqa: E402
from proofmill.boards.build import generate  # noqa: E402
from proofmill.boards.catalogue import board  # noqa: E402
from proofmill.boards.check import problems  # noqa: E402
from proofmill.boards.flows import nextpnr  # noqa: E402
from proofmill.boards.shapes import SMALL_TOY  # noqa: E402
from proofmill.hdl.block_memory import READ_CYCLES, BlockMemory  # noqa: E402

WORDS = 640


class Slow(BlockMemory):
    """A memory with a pad of its own, and twice the cycles."""

    read_cycles = 2 * READ_CYCLES[1]

    def __init__(self):
        super().__init__(WORDS)

    def elaborate(self, platform):
        m = super().elaborate(platform)
        if platform is not None:
            m.submodules.spare = Instance("MY_PAD", i_I=self.idle)
        return m


class Bare(wiring.Component):
    requests: wiring.In(1)


class OwnTop(BoardTop):
    """The clock through a cell of one's own, and no lamp."""

    def clock(self, m, platform):
        made = Signal()
        m.submodules.mine = Instance("MY_CLOCK", o_O=made)
        clocked(m, made)

    def lamp(self, m, platform):
        pass


class OwnPlainTop(PlainTop):
    """The chip's own oscillator, and one port more."""

    def __init__(self, board, core):
        super().__init__(board, core)
        self.ready = Signal(name="ready")

    @property
    def ports(self):
        return [*super().ports, self.ready]

    def clock(self, m):
        made = Signal()
        m.submodules.mine = Instance("OSCA", o_HFCLKOUT=made)
        clocked(m, made)


def test_a_top_of_its_own_makes_the_clock_and_the_pads(tmp_path):
    """At a rate that no PLL makes of the oscillator's."""
    mine = replace(board("ulx3s-85f"), shape=SMALL_TOY, top=OwnTop, clock_hz=61.7e6, baud=1_028_333,
                   timing=None, block_words=1024)
    assert problems(mine) == []
    generate(mine, mine.shape, tmp_path)
    text = (tmp_path / "top.il").read_text()
    assert "MY_CLOCK" in text and "EHXPLLL" not in text
    places = (tmp_path / "top.lpf").read_text()
    assert "uart_0__rx" in places and "led" not in places


def test_a_plain_top_of_its_own_has_its_clock_and_ports(tmp_path):
    nexus = board("crosslink-nx-evn")
    mine = replace(nexus, shape=SMALL_TOY, top=OwnPlainTop, input_hz=450e6,
                   pins={**nexus.pins, "ready": "E18"})
    assert problems(mine) == []
    assert "pins has ready" in problems(replace(mine, top=None))[-1]
    generate(mine, mine.shape, tmp_path)
    assert "OSCA" in (tmp_path / "top.il").read_text()
    assert "E18" in (tmp_path / "top.pdc").read_text()
    assert "router1" in nextpnr(mine, 1) and "router2" in nextpnr(nexus, 1)


def test_a_memory_of_its_own_is_what_the_board_has(tmp_path):
    mine = replace(board("crosslink-nx-evn"), shape=SMALL_TOY, memory=Slow, block_words=1 << 30)
    assert problems(mine) == [] and mine.memory_words == WORDS and mine.memory_cycles == 20
    core = looked_at(mine.core())
    looked_at(core.memory)
    assert (core.memory_words, core.memory_cycles) == (WORDS, 20)
    generate(mine, mine.shape, tmp_path)
    assert "MY_PAD" in (tmp_path / "top.il").read_text()


@pytest.mark.parametrize("memory,sentence", [
    (Bare, "memory has no points, no writes, no drop, no idle, no words, no read_cycles"),
    (lambda: {}["x"], "memory cannot be made: KeyError: 'x'"),
])
def test_a_memory_that_is_none_is_a_sentence(memory, sentence):
    lacks = problems(replace(board("crosslink-nx-evn"), memory=memory))
    assert any(sentence in each for each in lacks), lacks


def test_a_memory_beside_an_sdram_is_a_sentence():
    assert "memory stands in place of timing's SDRAM: leave timing out" in problems(
        replace(board("ulx3s-85f"), memory=Slow))
