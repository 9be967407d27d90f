"""An adder of a point adder: one sum or difference of up to three values a cycle."""

from amaranth import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.graph import TERMS
from proofmill.hdl.schedule import Operation


class SumUnit(wiring.Component):
    """``total = constant + sum(+-(operand << shift))``, for those of a schedule's operations alone.

    Operands are shifted and complemented as the operation says. The constant is the multiple of the
    modulus that keeps the sum from going below zero, and the ones that turn complements into
    negatives. Its bound is known, so the total never overflows.

    `latency` is counted from the cycle in which the operands are read to the one in which the sum
    can be read from its bank::

        2    operands ║ terms ─► sum ─────────────────────────────────► bank
        6    operands ║ terms ║ sums of pairs, ║ sum of the ║ carry ║ ─► bank
                              ║ low and high   ║ pairs      ║       ║

    Of 6, no cycle has more than one carry chain, and none is longer than half a value.

    Parameters
    ----------
    operations : what is asked of it.
    bits : of the total, as the operations' bounds want it.
    operand_bits : of the widest operand.
    modulus : of the field.
    latency : 2 or 6.

    Members
    -------
    word : what to do with the operands of this cycle, `layout`, in
    operands : in the cycle after they have been read, in
    total : out, ``latency - 2`` cycles after the operands
    """

    def __init__(self, operations: list[Operation], bits: int, operand_bits: int, modulus: int,
                 latency: int):
        self.bits, self.modulus, self.latency = bits, modulus, latency
        terms = [{o.port: o for o in operation.operands} for operation in operations]
        self.constants = sorted({self._constant(operation) for operation in operations})
        self.shifts = [sorted({o[port].shift for o in terms if port in o})
                       for port in range(TERMS)]
        self.kinds = [sorted({(o[port].negative, o[port].shift) for o in terms if port in o})
                      for port in range(TERMS)]
        self.layout = data.StructLayout({
            "constant": range(max(2, len(self.constants))),
            **{f"term{port}": data.StructLayout({
                "off": 1, "negative": 1, "shift": range(max(2, len(self.shifts[port])))})
               for port in range(TERMS)},
        })
        super().__init__({
            "word": In(self.layout), "operands": In(operand_bits).array(TERMS), "total": Out(bits)})

    def _constant(self, operation: Operation) -> int:
        return operation.node.lift * self.modulus + sum(operation.node.negative)

    def says(self, operation: Operation) -> dict:
        """The `word` of an operation."""
        fields = {"constant": self.constants.index(self._constant(operation)),
                  **{f"term{port}": {"off": 1} for port in range(TERMS)}}
        for o in operation.operands:
            fields[f"term{o.port}"] = {
                "negative": int(o.negative), "shift": self.shifts[o.port].index(o.shift)}
        return fields

    def elaborate(self, platform):
        m = Module()
        constant = Signal(self.bits)
        with m.Switch(self.word.constant):
            for n, value in enumerate(self.constants):
                with m.Case(n):
                    m.d.comb += constant.eq(value)
        terms = [constant, *(self._term(m, port) for port in range(TERMS) if self.kinds[port])]
        if self.latency == 2:
            total, *others = terms
            for term in others:
                total = (total + term)[:self.bits]
            m.d.comb += self.total.eq(total)
        else:
            self._sum_in_halves(m, terms)
        return m

    def _term(self, m, port):
        """The operand at `port` shifted, complemented, or nothing."""
        word, operand = self.word[f"term{port}"], self.operands[port]
        term = Signal(self.bits, name=f"term{port}")
        with m.Switch(Cat(word.negative, word.shift)):
            for negative, shift in self.kinds[port]:
                shifted = Cat(C(0, shift), operand, C(0, self.bits))[:self.bits]
                with m.Case(negative | self.shifts[port].index(shift) << 1):
                    m.d.comb += term.eq(~shifted if negative else shifted)
        with m.If(word.off):
            m.d.comb += term.eq(0)
        return term

    def _sum_in_halves(self, m, terms):
        def register(name, value):
            held = Signal.like(value, name=name, reset_less=True)
            m.d.sync += held.eq(value)
            return held

        half = self.bits // 2
        parts = [register(f"part{n}", term) for n, term in enumerate(terms)]
        low, high = [part[:half] for part in parts], [part[half:] for part in parts]
        for name in ("pairs", "sum"):
            low = [register(f"{name}_low{n}", sum(low[n + 1:n + 2], low[n]))
                   for n in range(0, len(low), 2)]
            high = [register(f"{name}_high{n}",
                             sum(high[n + 1:n + 2], high[n])[:self.bits - half])
                    for n in range(0, len(high), 2)]
        (low,), (high,) = low, high
        m.d.comb += self.total.eq(register(
            "carried", Cat(low[:half], (high + low[half:])[:self.bits - half])))
