"""A multiplier's product comes of the operands of one cycle, `latency` before: proven."""

from amaranth import *
from amaranth.hdl import Assert, Assume
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.contracts import SYNTHESIS
from proofmill.hdl.montgomery import MultiplierShape

FREE = ("top.one", "top.other")
"""The modules of an `OneCycle` that begin in any state at all."""


class OneCycle(wiring.Component):
    """Two multipliers, each in any state, are given the same operands in one cycle and whatever
    there is in all others; `latency` cycles after that one they give the same product.

    So a product hangs on nothing else: on no operands that went in earlier or later, on no state
    that was left behind, and it is there in that cycle and no other. Operands are free in every
    cycle, and so is the one of them that is watched; a folded multiplier's `start` comes every
    `interval` cycles, in step with that one. Whether the product is the right one is what the
    bench and the bounds are for.

    Parameters
    ----------
    shape : of the multiplier, of any kind.
    latency : what is claimed; the shape's own where nothing is said.
    """

    def __init__(self, shape: MultiplierShape, latency: int | None = None):
        self.shape = shape
        self.latency = shape.latency if latency is None else latency
        operands = {"a": In(shape.operand_bits), "b": In(shape.operand_bits),
                    **({} if shape.second is None else {"second": In(1)})}
        super().__init__({"one": Out(wiring.Signature(operands)),
                          "other": Out(wiring.Signature(operands))})

    @property
    def depth(self) -> int:
        """Cycles that are looked at: all until the product of the watched one is there."""
        return self.before + self.latency + 1

    @property
    def before(self) -> int:
        """Cycles before the watched one: a folded multiplier wants to know whose turn it is."""
        return self.shape.interval if self.shape.interval > 1 else 0

    def elaborate(self, platform):
        m = Module()
        cycle = Signal(range(self.depth + 1))
        m.d.sync += cycle.eq(Mux(cycle == self.depth, cycle, cycle + 1))
        m.d.comb += Assume(~ResetSignal())
        products = []
        for name in ("one", "other"):
            unit, given = self.shape.build(), getattr(self, name)
            # Its own watch of `start` begins in any state too, and would complain.
            m.submodules[name] = Fragment.get(unit, SYNTHESIS)
            for port in given.signature.members:
                m.d.comb += getattr(unit, port).eq(getattr(given, port))
            if "start" in unit.signature.members:
                starts = Signal(range(self.shape.interval), name=f"{name}_turn")
                m.d.sync += starts.eq(Mux(starts == self.shape.interval - 1, 0, starts + 1))
                m.d.comb += unit.start.eq(starts == 0)
            products.append(unit.product)
        with m.If(cycle == self.before):
            m.d.comb += [Assume(getattr(self.one, port) == getattr(self.other, port))
                         for port in self.one.signature.members]
        with m.If(cycle == self.before + self.latency):
            m.d.comb += Assert(products[0] == products[1])
        return m
