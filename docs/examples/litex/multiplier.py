"""A multiplier behind AXI4-Lite as a module of LiteX, and a small SoC around it that tries it.

`axil_multiplier.sv` is what `proofmill verilog` wrote, and `registers.txt` the table that it
printed.
"""

import re
from pathlib import Path

from litex.build.generic_platform import Pins
from litex.build.sim import SimPlatform
from litex.gen import LiteXModule
from litex.soc.integration.soc import SoCRegion
from litex.soc.integration.soc_core import SoCMini
from litex.soc.interconnect import axi
from migen import (
    FSM,
    Array,
    ClockSignal,
    Constant,
    Display,
    Finish,
    If,
    Instance,
    NextState,
    NextValue,
    ResetSignal,
    Signal,
)
from migen.genlib.io import CRG

ORIGIN = 0x3000_0000


def registers(table: str) -> dict[str, tuple[int, int]]:
    """(address, bits) of every register, by name, from the printed table."""
    return {name: (int(address, 16), int(bits)) for address, name, bits in re.findall(
        r"^(0x\w+)\.\.\S+ +\S+ +(\w+)\[(\d+)\]", table, re.MULTILINE)}


class Multiplier(LiteXModule):
    """The Verilog, its bus as LiteX has it."""

    def __init__(self, platform, source="axil_multiplier.sv"):
        self.bus = bus = axi.AXILiteInterface(data_width=32, address_width=32)
        ports = {"i_aclk": ClockSignal("sys"), "i_aresetn": ~ResetSignal("sys")}
        for channel, prot in (("aw", True), ("w", False), ("b", False), ("ar", True), ("r", False)):
            stream = getattr(bus, channel)
            forth = channel in ("aw", "w", "ar")  # from the master
            ports[f"{'i' if forth else 'o'}_s_axil_{channel}valid"] = stream.valid
            ports[f"{'o' if forth else 'i'}_s_axil_{channel}ready"] = stream.ready
            if prot:
                ports[f"i_s_axil_{channel}prot"] = 0
        ports |= {"i_s_axil_awaddr": bus.aw.addr, "i_s_axil_araddr": bus.ar.addr,
                  "i_s_axil_wdata": bus.w.data, "i_s_axil_wstrb": bus.w.strb,
                  "o_s_axil_bresp": bus.b.resp, "o_s_axil_rresp": bus.r.resp,
                  "o_s_axil_rdata": bus.r.data}
        self.specials += Instance("axil_multiplier", **ports)
        platform.add_source(source)


class Driver(LiteXModule):
    """What a processor's program would do: write, start, wait, read; says what it read, and ends.

    Parameters
    ----------
    writes : (address, value) of each, in order; the last one is the start.
    status, result : addresses.
    wanted : what has to be read.
    """

    def __init__(self, writes, status, result, wanted):
        self.bus = bus = axi.AXILiteInterface(data_width=32, address_width=32)
        at, given, read = Signal(max=len(writes) + 1), Signal(2), Signal(32)
        addresses, values = (Array(Constant(value, 32) for value in column)
                             for column in zip(*writes, strict=True))
        self.fsm = fsm = FSM(reset_state="WRITE")
        fsm.act("WRITE",
                bus.aw.addr.eq(addresses[at]), bus.w.data.eq(values[at]), bus.w.strb.eq(0xf),
                bus.aw.valid.eq(~given[0]), bus.w.valid.eq(~given[1]),
                If(bus.aw.valid & bus.aw.ready, NextValue(given[0], 1)),
                If(bus.w.valid & bus.w.ready, NextValue(given[1], 1)),
                If(given == 3, NextState("WRITTEN")))
        fsm.act("WRITTEN",
                bus.b.ready.eq(1),
                If(bus.b.valid, NextValue(given, 0), NextValue(at, at + 1),
                   If(bus.b.resp != 0, NextState("FAILED")).Elif(
                       at == len(writes) - 1, NextState("ASK")).Else(NextState("WRITE"))))
        for ask, answer, address in (("ASK", "STATUS", status), ("READ", "RESULT", result)):
            fsm.act(ask, bus.ar.addr.eq(address), bus.ar.valid.eq(1),
                    If(bus.ar.ready, NextState(answer)))
        fsm.act("STATUS", bus.r.ready.eq(1),
                If(bus.r.valid, If(bus.r.data[1], NextState("READ")).Else(NextState("ASK"))))
        fsm.act("RESULT", bus.r.ready.eq(1),
                If(bus.r.valid, NextValue(read, bus.r.data),
                   If((bus.r.data == wanted) & (bus.r.resp == 0), NextState("RIGHT")).Else(
                       NextState("FAILED"))))
        fsm.act("RIGHT")
        fsm.act("FAILED")
        self.sync += [
            If(fsm.ongoing("RIGHT"), Display("PASS: the product is %d", read), Finish()),
            If(fsm.ongoing("FAILED"), Display("FAIL: the product is %d", read), Finish())]


class Soc(SoCMini):
    """A SoC without a processor: the driver is the master of its bus."""

    def __init__(self, platform, driver):
        self.crg = CRG(platform.request("sys_clk"))
        SoCMini.__init__(self, platform, clk_freq=int(100e6), bus_standard="axi-lite",
                         ident="multiplier")
        self.multiplier = Multiplier(platform)
        self.bus.add_slave("multiplier", self.multiplier.bus,
                           SoCRegion(origin=ORIGIN, size=0x1000, cached=False))
        self.driver = driver
        self.bus.add_master("driver", master=driver.bus)


def platform() -> SimPlatform:
    """LiteX' platform for simulations, with a clock."""
    return SimPlatform("SIM", [("sys_clk", 0, Pins(1))])


def write(soc: Soc, path: str) -> None:
    """The SoC's Verilog, as LiteX writes it, and what its memories hold."""
    soc.finalize()
    soc.platform.get_verilog(soc, name="soc").write(path)


def table() -> dict[str, tuple[int, int]]:
    """The registers of `registers.txt`."""
    return registers(Path("registers.txt").read_text())
