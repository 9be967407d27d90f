"""A multiplier between two AXI4-Streams (ARM IHI 0051A): for designs whose parts speak that."""

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.montgomery import MultiplierShape


def whole_bytes(bits: int) -> int:
    """`bits`, filled up to whole bytes, as TDATA has them."""
    return -(-bits // 8) * 8


class AxiStreamMultiplier(wiring.Component):
    """A product for every pair of operands, in order, with back-pressure on both sides.

    A multiplier has no handshake. It stands still while its product is there and not taken, and
    so does all behind it. A folded one begins in every `interval`-th of the cycles in which it does
    not stand still, with what there is: a transfer in one of these is a pair of operands.

    Parameters
    ----------
    shape : of the multiplier, of any kind.

    Members
    -------
    aclk, aresetn : clock, and a synchronous reset that is low, in
    s_axis_tdata : `a` in its lower half, `b` in its upper one, each filled up to whole bytes, in
    m_axis_tdata : the product, filled up with zeros to whole bytes, out
    s_axis_tvalid, s_axis_tready, m_axis_tvalid, m_axis_tready : the handshakes
    """

    def __init__(self, shape: MultiplierShape):
        self.shape = shape
        super().__init__({
            "aclk": In(1), "aresetn": In(1, init=1),
            "s_axis_tdata": In(2 * whole_bytes(shape.operand_bits)),
            "s_axis_tvalid": In(1), "s_axis_tready": Out(1),
            "m_axis_tdata": Out(whole_bytes(shape.product_bits)),
            "m_axis_tvalid": Out(1), "m_axis_tready": In(1)})

    def elaborate(self, platform):
        m = Module()
        shape, half = self.shape, whole_bytes(self.shape.operand_bits)
        m.domains.sync = ClockDomain()
        m.d.comb += [ClockSignal().eq(self.aclk), ResetSignal().eq(~self.aresetn)]
        advance, begins = Signal(), Signal()
        m.submodules.multiplier = multiplier = EnableInserter(advance)(shape.build())
        m.d.comb += [
            advance.eq(self.m_axis_tready | ~self.m_axis_tvalid),
            self.s_axis_tready.eq(advance & begins),
            multiplier.a.eq(self.s_axis_tdata[:shape.operand_bits]),
            multiplier.b.eq(self.s_axis_tdata[half:half + shape.operand_bits]),
            self.m_axis_tdata.eq(multiplier.product),
        ]
        phase = Signal(range(max(2, shape.interval)))
        m.d.comb += begins.eq(phase == 0)
        if "start" in multiplier.signature.members:
            m.d.comb += multiplier.start.eq(begins)
        there = Signal(shape.latency)  # which cycles began with a pair
        m.d.comb += self.m_axis_tvalid.eq(there[-1])
        with m.If(advance):
            m.d.sync += [there.eq(Cat(self.s_axis_tvalid & begins, there)),
                         phase.eq(Mux(phase == shape.interval - 1, 0, phase + 1))]
        return m
