"""What a board is here: its chip, its pins, its memory, and the accelerator that fits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from amaranth import (
    ClockDomain,
    ClockSignal,
    Elaboratable,
    Instance,
    Module,
    Mux,
    ResetSignal,
    Signal,
)
from amaranth.lib import io
from amaranth.lib.cdc import ResetSynchronizer

from proofmill.firmware.library import finishing_program
from proofmill.hdl.board_top import BoardCore, memory_cycles
from proofmill.hdl.msm import MsmShape
from proofmill.hdl.sdram import SdramTiming
from proofmill.hdl.uart import divisor

PAD_CYCLES = 2
"""Cycles that the registers in the pads add to a read of the SDRAM: one out, one in."""


@dataclass(frozen=True, kw_only=True)
class Board:
    """A board.

    Parameters
    ----------
    name, title, chip : as the user says it; in full; the part.
    flow : ``ecp5``, ``ice40``, ``gowin`` or ``nexus``: which tools build it.
    shape : the accelerator that is built for it by default.
    clock_hz, input_hz : of the accelerator, and of the oscillator.
    rip_up : the router takes up slow connections until all meet the clock, which has to be within
        reach: see `boards.measure.RipUp` (``ecp5`` alone).
    baud : of the serial line.
    timing : of the SDRAM chip; None where there is none that is used.
    block_words : words of the memory made of block memories where there is no SDRAM.
    platform : makes the Amaranth platform; None where `pins` says where the ports are.
    pins : port to pin, for flows without an Amaranth platform.
    top : a class of your own in place of `BoardTop` (or of `PlainTop`, where there are `pins`), for
        another clock or other pads.
    memory : makes a memory of your own in place of `timing` and `block_words`, see
        `hdl.board_top.BoardCore`; None where it is one of these.
    resources : what the chip has, by the names of `boards.resources.Resources`.
    loader : openFPGALoader's name for it.
    note : what there is to be said of it.
    measured : somebody has run it on hardware; else what is said of it is by model and tools alone.
    """

    name: str
    title: str
    chip: str
    flow: str
    shape: MsmShape
    clock_hz: float
    input_hz: float
    rip_up: bool = False
    baud: int = 3_000_000
    timing: SdramTiming | None = None
    block_words: int = 4096
    platform: Callable[[], Any] | None = None
    pins: Mapping[str, str] | None = None
    top: Callable[..., "BoardTop | PlainTop"] | None = None
    memory: Callable[[], Any] | None = None
    resources: Mapping[str, int]
    loader: str
    note: str = ""
    measured: bool = False

    @property
    def memory_words(self) -> int:
        """Words of 64 bits its memory holds."""
        if self.memory is not None:
            return int(looked_at(self.memory()).words)
        return self.timing.words if self.timing else self.block_words

    @property
    def memory_cycles(self) -> int:
        """Cycles it takes for a point of G1."""
        if self.memory is not None:
            return int(looked_at(self.memory()).read_cycles)
        return memory_cycles(self.timing, self.clock_hz, self.shape.port_words)

    def core(self, shape: MsmShape | None = None, **options: Any) -> BoardCore:
        """Everything between clock generator and pads."""
        options = {"divisor": divisor(self.clock_hz, self.baud)} | options
        shape = shape or self.shape
        return BoardCore(shape, finishing_program(shape), clock_hz=self.clock_hz,
                         timing=self.timing, block_words=self.block_words,
                         pad_cycles=PAD_CYCLES if self.timing else 0,
                         memory=self.memory and self.memory(), **options)


def looked_at(component: Any) -> Any:
    """A component of which no more is wanted than what it says of itself."""
    component._MustUse__silence = True
    return component


def ecp5_pll(input_hz: float, output_hz: float) -> tuple[int, int, int]:
    """(CLKI_DIV, CLKFB_DIV, CLKOP_DIV) of an EHXPLLL whose CLKOP feeds back.

    ``output = input * CLKFB_DIV / CLKI_DIV``, phase detector 3.125..400 MHz, oscillator
    ``output * CLKOP_DIV`` within 400..800 MHz and as near 600 MHz as can be (Lattice TN1263).
    Raises ValueError where no setting is exact.
    """
    best = None
    for divide in range(1, 129):
        if not 3.125e6 <= input_hz / divide <= 400e6:
            continue
        for multiply in range(1, 81):
            if abs(input_hz * multiply / divide - output_hz) > 1:
                continue
            for post in range(1, 129):
                if 400e6 <= output_hz * post <= 800e6:
                    off = abs(output_hz * post - 600e6)
                    if best is None or off < best[0]:
                        best = (off, divide, multiply, post)
    if best is None:
        near = " and ".join(f"{rate / 1e6:.10g}" for rate in _nearest_rates(input_hz, output_hz))
        raise ValueError(f"{output_hz / 1e6:g} MHz cannot be made from {input_hz / 1e6:g} MHz by "
                         f"an ECP5 PLL; the nearest that can: {near} MHz")
    return best[1], best[2], best[3]


def _nearest_rates(input_hz: float, output_hz: float) -> list[float]:
    """The rates that `ecp5_pll` makes, next below and above `output_hz`, as far as there are."""
    slowest, fastest = 3.125e6, 800e6
    rates = {input_hz * multiply / divide for divide in range(1, 129) for multiply in range(1, 81)
             if 3.125e6 <= input_hz / divide <= 400e6}
    made = [rate for rate in rates if slowest <= rate <= fastest]
    below, above = ([rate for rate in made if rate < output_hz],
                    [rate for rate in made if rate > output_hz])
    return [*([max(below)] if below else []), *([min(above)] if above else [])]


class PlainTop(Elaboratable):
    """A board's core with ports and no platform: `clk`, `rx`, `tx`, `active`.

    A board's own top may have another `clock`, and more `ports` than these.
    """

    def __init__(self, board: Board, core: BoardCore):
        self.board, self.core = board, core
        self.clk, self.rx = Signal(name="clk"), Signal(name="rx")
        self.tx, self.active = Signal(name="tx"), Signal(name="active")

    @property
    def ports(self):
        return [self.clk, self.rx, self.tx, self.active]

    def elaborate(self, platform):
        m = Module()
        m.submodules.core = core = self.core
        self.clock(m)
        m.d.comb += [core.rx.eq(self.rx), self.tx.eq(core.tx), self.active.eq(core.active)]
        return m

    def clock(self, m):
        """The ``sync`` domain: the pin's own clock."""
        clocked(m, self.clk)


def clocked(m: Any, clock: Any) -> None:
    """Make the ``sync`` domain of a clock that needs no wait, and reset it after power-up."""
    m.domains.sync = ClockDomain()
    count = Signal(8, reset_less=True)   # power-up: registers begin at their values
    m.d.sync += count.eq(Mux(count.all(), count, count + 1))
    m.d.comb += [ClockSignal().eq(clock), ResetSignal().eq(~count.all())]


class BoardTop(Elaboratable):
    """A board's core with the clock generator and the pads of an Amaranth platform.

    A board's own top may have another `clock`, `line`, `lamp` or `chip`: each gets the module and
    the platform, and finds the core in ``self.core``.
    """

    def __init__(self, board: Board, core: BoardCore):
        self.board, self.core = board, core

    def elaborate(self, platform):
        m = Module()
        m.submodules.core = self.core
        self.clock(m, platform)
        self.line(m, platform)
        self.lamp(m, platform)
        if self.board.timing:
            self.chip(m, platform)
        return m

    def line(self, m, platform):
        """The serial line."""
        uart = platform.request("uart", 0, dir={
            name: "-" for name in ("rx", "tx", "rts", "cts", "dtr", "dsr")
            if name in self._names(platform, "uart")})
        m.submodules.rx = rx = io.Buffer("i", uart.rx)
        m.submodules.tx = tx = io.FFBuffer("o", uart.tx)
        m.d.comb += [self.core.rx.eq(rx.i), tx.o.eq(self.core.tx)]

    def lamp(self, m, platform):
        """The lamp that glows while words move."""
        try:
            led = platform.request("led", 0, dir="-")
            m.submodules.led = led = io.Buffer("o", led)
            m.d.comb += led.o.eq(self.core.active)
        except Exception:  # a board without a plain lamp is none the worse
            pass

    @staticmethod
    def _names(platform, resource):
        return {sub.name for sub in platform.resources[resource, 0].ios}

    def clock(self, m, platform):
        """The ``sync`` domain: the oscillator itself, or a PLL behind it."""
        board = self.board
        m.submodules.oscillator = clock = io.Buffer(
            "i", platform.request(platform.default_clk, dir="-"))
        if board.flow != "ecp5" or board.clock_hz == board.input_hz:
            clocked(m, clock.i)
            return
        m.domains.sync = ClockDomain()
        divide, multiply, post = ecp5_pll(board.input_hz, board.clock_hz)
        made, locked = Signal(), Signal()
        m.submodules.pll = Instance(
            "EHXPLLL", p_CLKI_DIV=divide, p_CLKFB_DIV=multiply, p_CLKOP_DIV=post,
            p_CLKOP_CPHASE=post // 2 - 1 if post > 1 else 0, p_CLKOP_FPHASE=0,
            p_CLKOP_ENABLE="ENABLED", p_FEEDBK_PATH="CLKOP", p_PLLRST_ENA="DISABLED",
            p_INTFB_WAKE="DISABLED", p_STDBY_ENABLE="DISABLED", p_DPHASE_SOURCE="DISABLED",
            p_OUTDIVIDER_MUXA="DIVA", a_ICP_CURRENT="12", a_LPF_RESISTOR="8",
            i_CLKI=clock.i, i_CLKFB=made, i_RST=0, i_STDBY=0, i_PHASESEL0=0, i_PHASESEL1=0,
            i_PHASEDIR=0, i_PHASESTEP=0, i_PHASELOADREG=0, i_PLLWAKESYNC=0, i_ENCLKOP=0,
            o_CLKOP=made, o_LOCK=locked)
        m.d.comb += ClockSignal().eq(made)
        # nextpnr derives the made clock's rate from the oscillator's.
        m.submodules.reset = ResetSynchronizer(~locked)

    def chip(self, m, platform):
        """The chip's pads, all with registers; its clock is inverted in the pad."""
        names = self._names(platform, "sdram")
        ports = platform.request("sdram", 0, dir={name: "-" for name in names})
        pins = self.core.sdram

        def drive(name, port, value):
            m.submodules[f"sdram_{name}"] = buffer = io.FFBuffer("o", port)
            m.d.comb += buffer.o.eq(value)

        m.submodules.sdram_clk = clock = io.DDRBuffer("o", ports.clk)
        m.d.comb += [clock.o[0].eq(0), clock.o[1].eq(1)]
        # The command's bits are active low, and the platform's ports invert by themselves.
        drive("ras", ports.ras, ~pins.command[2])
        drive("cas", ports.cas, ~pins.command[1])
        drive("we", ports.we, ~pins.command[0])
        drive("ba", ports.ba, pins.bank)
        drive("a", ports.a, pins.address)
        for name, value in (("cs", 1), ("clk_en", 1), ("dqm", 0)):
            if name in names:
                drive(name, getattr(ports, name), value)
        m.submodules.sdram_dq = dq = io.FFBuffer("io", ports.dq)
        m.d.comb += [dq.o.eq(pins.write), dq.oe.eq(pins.drive), pins.read.eq(dq.i)]
