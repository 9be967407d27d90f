"""A board's gateware under Verilator, its serial line on a pseudo-terminal.

What the host opens is a serial port like any other. The clock generator and the pads are left
out; everything between them is the board's own text, the SDRAM chip is `sim.sdram`'s.
"""

import ctypes
import os
import threading
import tty
from pathlib import Path
from typing import Any

from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.board_top import BoardCore
from proofmill.hdl.emit import emit_verilog
from proofmill.hdl.sdram import SdramPins
from proofmill.sim.compiling import BuildProgress, untold
from proofmill.sim.dump import Dump
from proofmill.sim.loaded import Loaded
from proofmill.sim.sdram import CELLS, Rule, SdramChip
from proofmill.sim.verilated import library_of, with_hash

HARNESS = Path(__file__).with_name("board_harness.cpp")
START_CYCLES = 1_000
"""The pause after power-up, in place of the chip's 200 microseconds: short, and at any board's
clock less than refreshes may be late, since the chip stays awake when the reset button is
pressed."""

SLICE = 20_000
"""Cycles simulated between two looks at what the user wants."""


class PaddedChip(wiring.Component):  # type: ignore[misc]
    """The SDRAM chip of a `BoardCore`, behind the registers of the pads, which are clocked by
    ``sync``: half of them on the way out, half on the way back.

    Members
    -------
    pins : to the controller, in
    broken : the rule of the chip that was broken, out
    """

    def __init__(self, core: BoardCore) -> None:
        assert core.timing is not None
        self.core, self.timing = core, core.timing
        super().__init__({"pins": In(SdramPins()), "broken": Out(4)})  # type: ignore[no-untyped-call]

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        core = self.core
        m.submodules.chip = chip = SdramChip(
            core.clock_hz, self.timing, start_cycles=core.start_cycles, verilog_cells=True)
        for name in ("command", "bank", "address", "write", "drive"):
            value = getattr(self.pins, name)
            for n in range(core.pad_cycles // 2):
                late = Signal.like(value, name=f"{name}_pad{n}")
                m.d.sync += late.eq(value)
                value = late
            m.d.comb += getattr(chip.pins, name).eq(value)
        value = chip.pins.read
        for n in range(core.pad_cycles - core.pad_cycles // 2):
            late = Signal.like(value, name=f"read_pad{n}")
            m.d.sync += late.eq(value)
            value = late
        m.d.comb += [self.pins.read.eq(value), self.broken.eq(chip.broken)]
        return m


class SimulatedBoard(wiring.Component):  # type: ignore[misc]
    """A `BoardCore` with the chip it needs.

    Members
    -------
    rx, tx, active : the board's pins
    broken : the rule of the SDRAM chip that was broken, out
    """

    def __init__(self, core: BoardCore) -> None:
        self.core = core
        super().__init__({"rx": In(1, init=1), "tx": Out(1), "active": Out(1), "broken": Out(4)})

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.core = core = self.core
        m.d.comb += [core.rx.eq(self.rx), self.tx.eq(core.tx), self.active.eq(core.active)]
        if core.timing is not None:
            m.submodules.chip = chip = PaddedChip(core)
            wiring.connect(m, core.sdram, chip.pins)
            m.d.comb += self.broken.eq(chip.broken)
        return m


def build_board(core: BoardCore, progress: BuildProgress | None = None, *,
                traced: bool = False) -> Path:
    """The library that simulates `core`, from the cache or built now, `traced` for waveforms.

    Raises `BuildError`.
    """
    tell = progress or untold
    tell("emitting Verilog", 0, 1)
    verilog, _ = with_hash(emit_verilog(SimulatedBoard(core), "board") + CELLS)
    return library_of(verilog, "board", HARNESS, tell, traced=traced)


class RunningBoard(Loaded):
    """A simulated board that runs in a thread; `path` is the serial port to open.

    `close` ends it; `reset` presses its reset button; `unplug` pulls its cable, after which
    `path` is gone. What went wrong inside, if anything, is in `fault`. `dump` is a waveform to be
    written, of a library that was built for it.
    """

    def __init__(self, library: Path, divisor: int, dump: Dump | None = None) -> None:
        self._master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(self._master, False)
        # Kept open, so that the port outlives those who open and close it.
        self._slave: int | None = slave
        self.path = os.ttyname(slave)
        self.fault: str | None = None
        self.cycle = 0
        self.active = False
        super().__init__(
            library, "board", self._master, divisor, reset=([], None),
            cycle=([], ctypes.c_uint64), broken=([], ctypes.c_int), active=([], ctypes.c_int),
            run=([ctypes.c_uint64], ctypes.c_int))
        self._dump = dump
        if dump is not None:
            dump.begin(self._code.board_trace, self._handle)
        self._stop, self._press = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="proofmill-board", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            if self._press.is_set():
                self._call("reset")
                self._press.clear()
            if self._call("run", SLICE):
                self.fault = self.fault or "the pseudo-terminal is gone"
                break
            self.cycle = int(self._call("cycle"))
            self.active = bool(self._call("active"))
            broken = Rule(self._call("broken"))
            if broken is not Rule.NONE:
                self.fault = f"the memory controller broke the chip's rule {broken.name}"
                break

    def reset(self) -> None:
        """Press the reset button; returns when it has been."""
        self._press.set()
        while self._press.is_set() and self._thread.is_alive():
            self._stop.wait(0.001)

    def unplug(self) -> None:
        """Pull the cable; nothing answers any more and the port is gone."""
        self._stop.set()
        self._thread.join()
        self._close_line()

    def _close_line(self) -> None:
        if self._slave is not None:
            os.close(self._master)
            os.close(self._slave)
            self._slave = None

    def close(self) -> None:
        """End the simulation; calling it again does nothing."""
        self.unplug()
        if self._handle is not None and self._dump is not None:
            self._dump.ran = int(self._call("cycle"))
        super().close()
