"""A sum of three terms, modulo the modulus: never above twice of it, however often."""

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.field import PrimeField
from proofmill.hdl.wide_shape import LARGEST_SHIFT, TERMS, WEIGHT


class ReducingSum(wiring.Component):
    """``total = sum(+-(term << shift))`` modulo the modulus p, terms and total below 2 p.

    A negative term becomes ``(2 p - term) << shift``: its complement in the n bits of a register,
    and ``2 p + 1 - 2^n`` as often as its power of two says. So no sum is below zero, and with
    powers of two that come to `WEIGHT` at most none is above ``2 WEIGHT p``. The multiple of p that
    is taken away is a table's, by the bits from 2^s on, 2^s <= p the largest such: for the number h
    of these bits it is ``floor(h 2^s / p)`` times p, and what is left is below
    ``p + 2^s <= 2 p``. ::

        terms ─► complement, shift ║ sum, with what complements lack ║ less the table's ─► total
                                   ║                                 ║

    Members
    -------
    term0, shift0, negative0, ... : in
    total : out, two cycles later
    """

    def __init__(self, field: PrimeField):
        self.field = field
        super().__init__({
            **{f"term{n}": In(field.register_bits) for n in range(TERMS)},
            **{f"shift{n}": In(range(LARGEST_SHIFT + 1)) for n in range(TERMS)},
            **{f"negative{n}": In(1) for n in range(TERMS)},
            "total": Out(field.register_bits)})

    def elaborate(self, platform):
        m = Module()
        modulus, bits = self.field.modulus, self.field.register_bits
        wide = (2 * WEIGHT * modulus).bit_length()
        lack = 2 * modulus + 1 - (1 << bits)
        weight = Signal(range(WEIGHT + 1))
        m.d.comb += weight.eq(sum(
            Mux(getattr(self, f"negative{n}"), Const(1, WEIGHT.bit_length())
                << getattr(self, f"shift{n}"), 0) for n in range(TERMS)))
        terms = [Signal(wide, name=f"shifted{n}", reset_less=True) for n in range(TERMS)]
        lacking = Signal(wide, reset_less=True)
        for n, term in enumerate(terms):
            given = getattr(self, f"term{n}")
            turned = Mux(getattr(self, f"negative{n}"), (~given)[:bits], given)
            with m.Switch(getattr(self, f"shift{n}")):
                for shift in range(LARGEST_SHIFT + 1):
                    with m.Case(shift):
                        m.d.sync += term.eq(turned << shift)
        with m.Switch(weight):
            for number in range(WEIGHT + 1):
                with m.Case(number):
                    m.d.sync += lacking.eq(number * lack % (1 << wide))
        total = Signal(wide, reset_less=True)
        m.d.sync += total.eq(terms[0] + terms[1] + terms[2] + lacking)

        low = modulus.bit_length() - 1
        multiple = Signal(wide)
        with m.Switch(total[low:]):
            for high in range((2 * WEIGHT * modulus >> low) + 1):
                with m.Case(high):
                    m.d.comb += multiple.eq((high << low) // modulus * modulus)
        m.d.comb += self.total.eq(total - multiple)
        return m
