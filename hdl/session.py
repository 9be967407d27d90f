"""Sessions of a host with an accelerator: a new one forgets what was under way in the last."""

from amaranth import *

REST = 16
"""Cycles for which a memory rests before an accelerator begins anew."""


def held_until_rest(m: Module, begins: Value, idle: Value, suffix: str = "") -> Signal:
    """Whether the accelerator is held in reset: since a session began, and until its memory has
    been `idle` for `REST` cycles. `suffix`: to the names of signals."""
    held = Signal(name=f"held{suffix}")
    since = Signal(range(REST), name=f"since{suffix}")
    with m.If(begins):
        m.d.sync += [held.eq(1), since.eq(0)]
    with m.Elif(held):
        m.d.sync += since.eq(Mux(idle, since + 1, 0))
        with m.If(since == REST - 1):
            m.d.sync += held.eq(0)
    return held


def join(m: Module, source, target, held: Value):
    """Connect two streams, nothing moving while the accelerator is `held`."""
    m.d.comb += [
        target.payload.eq(source.payload), target.valid.eq(source.valid & ~held),
        source.ready.eq(target.ready & ~held)]
