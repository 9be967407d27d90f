"""What is offered on a bus stays until it is taken, and every question has one answer: proven."""

from amaranth import *
from amaranth.hdl import Assert, Assume
from amaranth.lib import wiring
from amaranth.lib.wiring import Flow, In

DEPTH = 2
"""Of the induction."""

ANSWERS = {"b": ("aw", "w"), "r": ("ar",)}
"""The channels of AXI4-Lite that answer, and those that ask."""


class Handshakes(wiring.Component):
    """A unit behind a bus, whatever is done to it, resets at any time among it.

    A transfer that a channel offers and that is not taken is offered in the next cycle too, and is
    the same, unless a reset came. Of AXI4-Lite: a write is taken with its address and not
    otherwise, and there is one answer for each write and each read, as none is taken while one
    waits.

    Parameters
    ----------
    unit : of `hdl.axi_stream` or `hdl.axi_lite`.
    """

    def __init__(self, unit):
        self.unit = unit
        super().__init__({name: In(member.shape) for name, member in unit.signature.members.items()
                          if member.flow is Flow.In and name != "aclk"})

    def elaborate(self, platform):
        m = Module()
        m.submodules.dut = dut = self.unit
        m.d.comb += [dut.aclk.eq(ClockSignal()), Assume(~ResetSignal())]
        for name in self.signature.members:
            m.d.comb += getattr(dut, name).eq(getattr(self, name))
        prefixes = [name.removesuffix("valid") for name, member in dut.signature.members.items()
                    if name.endswith("valid") and member.flow is Flow.Out]
        for prefix in prefixes:
            valid, ready = (getattr(dut, prefix + part) for part in ("valid", "ready"))
            what = Cat(getattr(dut, name) for name, member in dut.signature.members.items()
                       if name.startswith(prefix) and member.flow is Flow.Out and name not in (
                           f"{prefix}valid", f"{prefix}ready"))
            waited, before = Signal(name=f"{prefix}waited"), Signal.like(what, name=f"{prefix}was")
            m.d.sync += [waited.eq(valid & ~ready & self.aresetn), before.eq(what)]
            with m.If(waited):
                m.d.comb += Assert(valid & (what == before))
        if "s_axil_bvalid" in dut.signature.members:
            for answer, asks in ANSWERS.items():
                taken = [getattr(dut, f"s_axil_{ask}valid") & getattr(dut, f"s_axil_{ask}ready")
                         for ask in asks]
                valid, ready = (getattr(dut, f"s_axil_{answer}{part}")
                                for part in ("valid", "ready"))
                owed = Signal(2, name=f"{answer}_owed")
                with m.If(~self.aresetn):
                    m.d.sync += owed.eq(0)
                with m.Else():
                    m.d.sync += owed.eq(owed + taken[0] - (valid & ready))
                m.d.comb += [Assert(owed == valid), Assert(Cat(taken).all() == Cat(taken).any())]
        return m
