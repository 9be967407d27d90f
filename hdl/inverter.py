"""Inversion modulo a prime in logic: no multiplier, one step a cycle, always as many of them."""

from dataclasses import dataclass
from functools import cached_property

from amaranth import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.field import PrimeField
from proofmill.hdl.montgomery import MultiplierShape


@dataclass(frozen=True, kw_only=True)
class InverterShape:
    """``multiple / x`` modulo the field's modulus p, by division steps.

    A step takes (delta, f, g), f odd, from (1, p, x) on::

        delta > 0 and g odd:  (1 - delta, g, (g - f) / 2)
        otherwise:            (1 + delta, f, (g + (g mod 2) f) / 2)

    and keeps d and e with ``d x = multiple f`` and ``e x = multiple g`` modulo p. After `steps` of
    them g is 0 and f is the greatest common divisor, or its negative (Bernstein and Yang, "Fast
    constant-time gcd computation and modular inversion", 2019: the step is that of section 8, the
    number of them theorem 11.2). What is done depends on the lowest bits and on delta, so no two
    numbers are ever compared.

    Parameters
    ----------
    field : of the modulus p.
    operand_bits : of x, which need not be reduced.
    multiple : what is divided, below p.
    """

    field: PrimeField
    operand_bits: int
    multiple: int = 1

    def __post_init__(self):
        if self.operand_bits < self.field.bits:
            raise ValueError(f"operands of {self.operand_bits} bits cannot hold the values of "
                             f"{self.field.name}, which have {self.field.bits} bits")
        if not 0 < self.multiple < self.field.modulus:
            raise ValueError(f"{self.multiple} is not in 1 ... {self.field.modulus - 1}: it cannot "
                             "be what is divided")

    @classmethod
    def of(cls, multiplier: MultiplierShape) -> "InverterShape":
        """For what a multiplier gives: x stands for ``x / radix``, and so does the result for the
        inverse of that, since it is ``radix ** 2 / x``."""
        return cls(field=multiplier.field, operand_bits=multiplier.product_bits,
                   multiple=multiplier.radix ** 2 % multiplier.field.modulus)

    @cached_property
    def steps(self) -> int:
        """Steps after which g is 0, whatever x was.

        With ``p^2 + 4 x^2 <= 5 * 4^b`` they are (49 b + 57) / 17, or where b < 46 (49 b + 80) / 17,
        rounded down.
        """
        largest, b = (1 << self.operand_bits) - 1, 0
        while self.field.modulus ** 2 + 4 * largest ** 2 > 5 << 2 * b:
            b += 1
        return (49 * b + (80 if b < 46 else 57)) // 17

    @property
    def latency(self) -> int:
        """Cycles from the one in which x is taken to the first in which the result is there."""
        return self.steps + 2


def results_layout(shape: InverterShape) -> data.StructLayout:
    """The quotient, and whether there is none."""
    return data.StructLayout({"value": shape.field.bits, "zero": 1})


def inverter_port(shape: InverterShape) -> wiring.Signature:
    """What an `Inverter` is given and gives, at whoever it is lent to."""
    return wiring.Signature({
        "operands": Out(stream.Signature(shape.operand_bits)),
        "results": In(stream.Signature(results_layout(shape)))})


class Inverter(wiring.Component):
    """``multiple / x`` modulo p, `InverterShape.latency` cycles after x was taken.

    One at a time: a new operand is taken once the last result is. The result is canonical; of a
    multiple of p it is 0, and `zero` says so.

    d and e keep between -p and p: a step halves ``e``, ``e + d`` or ``e - d``, and where that is
    odd adds p first if e is negative, and takes p away if it is not. ::

        f, g ── lowest bit of g, delta ──► g + {0, f, -f} ─────────────► half
        d, e ──────────────────────────── e + {0, d, -d} + {0, p, -p} ─► half

    Parameters
    ----------
    shape : what is divided, and by what.
    datapath : False leaves out all numbers: the same cycles, without a result.

    Members
    -------
    operands : stream of x, in
    results : stream of {value, zero}, out
    """

    def __init__(self, shape: InverterShape, *, datapath: bool = True):
        self.shape, self.datapath = shape, datapath
        super().__init__({
            "operands": In(stream.Signature(shape.operand_bits)),
            "results": Out(stream.Signature(results_layout(shape)))})
        # Told to proofs:
        self.left = Signal(range(shape.steps + 1))  # steps to come, this one included
        self.finishing = Signal()

    def elaborate(self, platform):
        m = Module()
        left, finishing = self.left, self.finishing
        m.d.comb += self.operands.ready.eq(
            (left == 0) & ~finishing & ~self.results.valid)
        with m.If(self.operands.valid & self.operands.ready):
            m.d.sync += left.eq(self.shape.steps)
        with m.Elif(left != 0):
            m.d.sync += [left.eq(left - 1), finishing.eq(left == 1)]
        with m.If(finishing):
            m.d.sync += [finishing.eq(0), self.results.valid.eq(1)]
        with m.Elif(self.results.ready):
            m.d.sync += self.results.valid.eq(0)
        if self.datapath:
            self._divide(m)
        return m

    def _divide(self, m):
        shape, p, left = self.shape, self.shape.field.modulus, self.left
        value = signed(shape.operand_bits + 1)
        f, g = (Signal(value, name=name, reset_less=True) for name in "fg")
        d, e = (Signal(signed(shape.field.bits + 1), name=name, reset_less=True) for name in "de")
        delta = Signal(signed((shape.steps + 1).bit_length() + 1), reset_less=True)

        # Whether delta is above 0, known a cycle before: after a swap it is not, otherwise it is
        # where it was not below 0.
        positive = Signal(reset_less=True)
        odd, swap = g[0], Signal()
        m.d.comb += swap.eq(odd & positive)
        added = Mux(odd, Mux(swap, ~f, f), 0)
        beside = Mux(odd, Mux(swap, ~d, d), 0)
        # What makes the sum even, and the one that turns a complement into a negative.
        constant = Signal(signed(shape.field.bits + 2))
        with m.Switch(Cat(swap, e[0] ^ (odd & d[0]), e < 0)):
            for case in range(8):
                with m.Case(case):
                    even = (p if case & 4 else -p) if case & 2 else 0
                    m.d.comb += constant.eq(even + (case & 1))

        with m.If(self.operands.valid & self.operands.ready):
            m.d.sync += [f.eq(p), g.eq(self.operands.payload), d.eq(0), e.eq(shape.multiple),
                         delta.eq(1), positive.eq(1)]
        with m.Elif(left != 0):
            m.d.sync += [
                g.eq((g + added + swap) >> 1), e.eq((e + beside + constant) >> 1),
                delta.eq(Mux(swap, 1 - delta, 1 + delta)), positive.eq(~swap & (delta >= 0))]
            with m.If(swap):
                m.d.sync += [f.eq(g), d.eq(e)]

        # f is 1 or -1 now, or a multiple of p: d, or -d, from 0 to p - 1.
        result = self.results.payload
        none, turned, below = Signal(), Signal(), Signal()
        m.d.comb += [none.eq((f != 1) & (f != -1)), turned.eq(f < 0),
                     below.eq((d < 0) ^ turned)]
        with m.If(self.finishing):
            m.d.sync += [
                result.zero.eq(none),
                result.value.eq(Mux(none, 0, Mux(turned, ~d, d) + Mux(below, p, 0) + turned))]
