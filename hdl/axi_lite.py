"""A unit behind AXI4-Lite (ARM IHI 0022): operands, start, status and results as registers."""

from collections.abc import Iterator
from dataclasses import dataclass

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.axi_stream import clocked
from proofmill.hdl.functions import Function

DATA = 32
"""Bits of a word of the bus."""

OKAY, SLVERR = 0, 2
"""Responses; SLVERR has changed nothing."""


@dataclass(frozen=True)
class Register:
    """A register: its first address, its bits, the lowest word first, and who writes it."""

    name: str
    address: int
    bits: int
    written: bool
    meaning: str

    @property
    def words(self) -> int:
        return -(-self.bits // DATA)

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.address + self.words * DATA // 8


def registers_of(function: Function) -> list[Register]:
    """The table of registers, of which the gateware and its documentation are made."""
    table: list[Register] = []

    def add(name: str, bits: int, written: bool, meaning: str) -> None:
        address = table[-1].end if table else 0
        table.append(Register(name, address, bits, written, meaning))

    add("start", 1, True, "write 1: begin with the operands there are, and forget the last results")
    add("status", 2, False, "bit 0: busy, bit 1: the results are there")
    for name, bits in function.operands.items():
        add(name, bits, True, "operand; not to be written while it is busy")
    for name, bits in function.results.items():
        add(name, bits, False, "result, once status says so")
    return table


def lines_of(function: Function) -> Iterator[str]:
    """The table as lines."""
    for each in registers_of(function):
        yield (f"0x{each.address:03x}..0x{each.end - 1:03x}  {'rw' if each.written else 'r '}  "
               f"{each.name}[{each.bits}]  {each.meaning}")


def slave(address_bits: int) -> dict:
    """The members of an AXI4-Lite slave, for addresses of so many bits."""
    return {"aclk": In(1), "aresetn": In(1, init=1), **{
        f"s_axil_{name}": member for name, member in {
            "awaddr": In(address_bits), "awprot": In(3), "awvalid": In(1), "awready": Out(1),
            "wdata": In(DATA), "wstrb": In(DATA // 8), "wvalid": In(1), "wready": Out(1),
            "bresp": Out(2), "bvalid": Out(1), "bready": In(1),
            "araddr": In(address_bits), "arprot": In(3), "arvalid": In(1), "arready": Out(1),
            "rdata": Out(DATA), "rresp": Out(2), "rvalid": Out(1), "rready": In(1)}.items()}}


def answered(m: Module, bus) -> tuple[Signal, Signal, Signal, Signal]:
    """Carry out the handshakes of `bus`: (a write is taken now, it is refused, which it is unless
    something says otherwise, the word at the address that is read, there is none)."""
    # A write is taken with its address, once the answer to the last one is.
    write, refused = Signal(), Signal()
    m.d.comb += [
        write.eq(bus.s_axil_awvalid & bus.s_axil_wvalid
                 & (~bus.s_axil_bvalid | bus.s_axil_bready)),
        bus.s_axil_awready.eq(write), bus.s_axil_wready.eq(write), refused.eq(1)]
    with m.If(bus.s_axil_bready):
        m.d.sync += bus.s_axil_bvalid.eq(0)
    with m.If(write):
        m.d.sync += [bus.s_axil_bvalid.eq(1), bus.s_axil_bresp.eq(Mux(refused, SLVERR, OKAY))]
    word, unknown = Signal(DATA), Signal()
    m.d.comb += bus.s_axil_arready.eq(~bus.s_axil_rvalid | bus.s_axil_rready)
    with m.If(bus.s_axil_rready):
        m.d.sync += bus.s_axil_rvalid.eq(0)
    with m.If(bus.s_axil_arvalid & bus.s_axil_arready):
        m.d.sync += [bus.s_axil_rvalid.eq(1), bus.s_axil_rdata.eq(word),
                     bus.s_axil_rresp.eq(Mux(unknown, SLVERR, OKAY))]
    return write, refused, word, unknown


class AxiLite(wiring.Component):
    """One run at a time, called through registers: see `registers_of`.

    Words are 32 bits, WSTRB says which bytes are written. An address behind the table, a write to
    a register that is only read, and a write while it is busy are answered by SLVERR and change
    nothing. A run cannot be stopped but by a reset, which puts back all but the operands' values.

    Parameters
    ----------
    function : the unit, see `hdl.functions.Function`.

    Members
    -------
    aclk, aresetn : clock, and a synchronous reset that is low, in
    s_axil_aw*, w*, b*, ar*, r* : the five channels
    """

    def __init__(self, function: Function):
        self.function, self.table = function, registers_of(function)
        super().__init__(slave((self.table[-1].end - 1).bit_length()))

    def elaborate(self, platform):
        m = Module()
        m.submodules.function = function = self.function
        start, busy, done = Signal(), Signal(), Signal()
        held = {each.name: Signal(each.words * DATA, name=f"held_{each.name}", reset_less=True)
                for each in self.table[2:]}
        m.d.comb += [function.i.valid.eq(start), function.o.ready.eq(busy & ~start),
                     *(function.i.payload[name].eq(held[name]) for name in function.operands)]
        with m.If(function.i.ready):
            m.d.sync += start.eq(0)
        with m.If(function.o.valid & function.o.ready):
            m.d.sync += [busy.eq(0), done.eq(1),
                         *(held[name].eq(function.o.payload[name]) for name in function.results)]

        write, refused, word, unknown = answered(m, self)
        with m.Switch(self.s_axil_awaddr[2:]):
            for each in self.table:
                for n in range(each.words if each.written else 0):
                    with m.Case(each.address // 4 + n):
                        m.d.comb += refused.eq(busy)
                        with m.If(write & ~busy):
                            if each.name == "start":
                                with m.If(self.s_axil_wstrb[0] & self.s_axil_wdata[0]):
                                    m.d.sync += [start.eq(1), busy.eq(1), done.eq(0)]
                                continue
                            written = held[each.name][n * DATA:(n + 1) * DATA]
                            for byte in range(DATA // 8):
                                with m.If(self.s_axil_wstrb[byte]):
                                    m.d.sync += written[8 * byte:8 * byte + 8].eq(
                                        self.s_axil_wdata[8 * byte:8 * byte + 8])

        values = {"start": Const(0, 1), "status": Cat(busy, done), **{
            each.name: held[each.name][:each.bits] for each in self.table[2:]}}
        with m.Switch(self.s_axil_araddr[2:]):
            for each in self.table:
                for n in range(each.words):
                    with m.Case(each.address // 4 + n):
                        m.d.comb += word.eq(values[each.name][n * DATA:(n + 1) * DATA])
            with m.Default():
                m.d.comb += unknown.eq(1)
        return clocked(m, self)
