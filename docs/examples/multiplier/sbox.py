"""The S-box of Poseidon, x^5, over any prime field: a value a cycle, with back-pressure.

Three of Proofmill's multipliers in a row; the third waits for the second with x itself.
"""

from amaranth import Cat, EnableInserter, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.field import BN254_SCALAR, PrimeField
from proofmill.hdl.montgomery import MultiplierShape

BN254 = MultiplierShape(field=BN254_SCALAR, operand_bits=260, digit=17, limb=26)
"""For blocks of 18 x 27 signed bits; another device's have other digits and limbs."""

SMALL = MultiplierShape(field=PrimeField(name="small", modulus=65_537), operand_bits=22, digit=6,
                        limb=8)
"""The same of few bits, which Amaranth's simulator runs in seconds."""


class SBox(wiring.Component):
    """``o = i^5`` modulo the field's modulus, both in Montgomery form and not reduced.

    A value x goes in as ``x * shape.radix % modulus``; what comes out is congruent to ``x^5 *
    shape.radix``, and has `shape.product_bits` bits. So products may go into a multiplier again
    as they are, where `shape.operand_bits` has room for them.

    Parameters
    ----------
    shape : of each multiplier; one that takes operands in every cycle.

    Members
    -------
    i : stream of values, in
    o : stream of fifth powers, out, `latency` cycles later while nobody holds it up
    """

    def __init__(self, shape: MultiplierShape):
        if shape.product_bits > shape.operand_bits or shape.interval > 1:
            raise ValueError("a product has to fit an operand, and go in every cycle")
        self.shape, self.latency = shape, 3 * shape.latency
        super().__init__({"i": In(stream.Signature(shape.operand_bits)),
                          "o": Out(stream.Signature(shape.product_bits))})

    def elaborate(self, platform):
        m = Module()
        shape = self.shape
        # A multiplier has no handshake. Where the output is not taken, all of them stand still.
        advance = Signal()
        m.d.comb += [advance.eq(self.o.ready | ~self.o.valid), self.i.ready.eq(advance)]
        square, fourth, fifth = (EnableInserter(advance)(shape.build()) for _ in range(3))
        m.submodules.square, m.submodules.fourth, m.submodules.fifth = square, fourth, fifth

        later = self.i.payload  # x beside its fourth power
        there = Signal(self.latency)  # which places of the row hold a value
        with m.If(advance):
            m.d.sync += there.eq(Cat(self.i.valid, there))
            for _ in range(2 * shape.latency):
                held = Signal(shape.operand_bits, reset_less=True)
                m.d.sync += held.eq(later)
                later = held
        m.d.comb += [
            square.a.eq(self.i.payload), square.b.eq(self.i.payload),
            fourth.a.eq(square.product), fourth.b.eq(square.product),
            fifth.a.eq(fourth.product), fifth.b.eq(later),
            self.o.payload.eq(fifth.product), self.o.valid.eq(there[-1]),
        ]
        return m
