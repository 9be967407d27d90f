"""Which windows of a slice are each mailbox unit's, and at which bits they begin."""

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.windows import (
    BIT_NUMBER_BITS,
    MAX_WINDOW,
    WIDTHS,
    WINDOW_NUMBER_BITS,
    WINDOWS_BITS,
)

WINDOWS = wiring.Signature({
    "begin": Out(WINDOW_NUMBER_BITS), "end": Out(WINDOW_NUMBER_BITS),
    "last": Out(WINDOW_NUMBER_BITS), "wide": Out(WINDOW_NUMBER_BITS),
    "begin_bit": Out(BIT_NUMBER_BITS), "step_bits": Out(BIT_NUMBER_BITS)})
"""The windows of a unit: every so many from one on.

`begin` is the first of them, `end` the first that is no longer this pass's, `last` the one of the
scalar's last digit in the last slice, and from `wide` on they have one bit less than the others.
The unit's first begins at bit `begin_bit` of a slice, and it is `step_bits` bits to the next where
none of those between is wide.
"""


def product(number, factor):
    """``number * factor`` as a sum, for small numbers, which a device makes of tables, where a
    product would take one of its blocks."""
    if isinstance(factor, int):
        return sum((number << bit for bit in range(factor.bit_length()) if factor >> bit & 1),
                   C(0, 1))
    return sum((Mux(factor[bit], number << bit, 0) for bit in range(len(factor))), C(0, 1))


class UnitWindows(wiring.Component):
    """Cut the windows of a pass among `units` mailbox units.

    A window begins where all before it are `window` bits less one wide, and the wide ones among
    them one more: at bit ``number * (window - 1) + min(number, wide)``. That is known long before
    the first scalar, so it is made by registers, each unit's a cycle after the one's before.

    Members
    -------
    window, windows, first, last, wide : see `hdl.msm.Msm`, in
    of : for each unit, see `WINDOWS`, out
    """

    def __init__(self, units: int):
        self.units = units
        super().__init__({
            "window": In(WIDTHS), "windows": In(WINDOWS_BITS), "first": In(WINDOWS_BITS),
            "last": In(WINDOWS_BITS), "wide": In(WINDOWS_BITS), "of": Out(WINDOWS).array(units)})

    def elaborate(self, platform):
        m = Module()
        # No scalar has more windows than these bits say: see `hdl.windows`.
        first, wide = self.first[:WINDOW_NUMBER_BITS], self.wide[:WINDOW_NUMBER_BITS]
        end, last = ((self.first + self.windows)[:WINDOW_NUMBER_BITS],
                     self.last[:WINDOW_NUMBER_BITS])
        narrow = Signal(range(MAX_WINDOW))
        step_bits = Signal(BIT_NUMBER_BITS)
        m.d.sync += [narrow.eq(self.window - 1), step_bits.eq(product(narrow, self.units))]
        narrow_bits = product(first, narrow)
        for unit, windows in enumerate(self.of):
            number, wider = (Signal(WINDOW_NUMBER_BITS, name=f"window{unit}"),
                             Signal(WINDOW_NUMBER_BITS, name=f"wider{unit}"))
            before, begin_bit = (Signal(BIT_NUMBER_BITS, name=f"narrow_bits{unit}"),
                                 Signal(BIT_NUMBER_BITS, name=f"begin_bit{unit}"))
            m.d.sync += [
                number.eq((first + unit)[:WINDOW_NUMBER_BITS]),
                wider.eq(Mux(number < wide, number, wide)),
                before.eq(narrow_bits[:BIT_NUMBER_BITS]),
                begin_bit.eq((before + wider)[:BIT_NUMBER_BITS]),
            ]
            narrow_bits = before + narrow
            m.d.comb += [
                windows.begin.eq(number), windows.end.eq(end), windows.last.eq(last),
                windows.wide.eq(wide), windows.begin_bit.eq(begin_bit),
                windows.step_bits.eq(step_bits),
            ]
        return m
