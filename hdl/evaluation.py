"""Sparse matrices times a vector: the sums A w and B w of a Groth16 prover, an entry a cycle."""

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

from amaranth import *
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.field import PrimeField
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.reducing_sum import ReducingSum

SPACING = 4
"""Entries from one of a row to the next of the same, at least: its sum is read, two cycles later
made, and then written."""


class Kind(IntEnum):
    """What the number of an entry's coefficient says: nothing is added, the wire's value, its
    negative; from `STORED` on, its product with a value of the dictionary."""

    NOTHING = 0
    ONE = 1
    MINUS_ONE = 2
    STORED = 3


@dataclass(frozen=True, kw_only=True)
class EvaluationShape:
    """A unit for so many wires, different coefficients and rows, 2 to the powers of the parameters.

    Parameters
    ----------
    multiplier : with a product a cycle; the sums are in its first field.
    wire_bits, number_bits, row_bits : of a wire's number, a coefficient's and a row's.
    """

    multiplier: MultiplierShape
    wire_bits: int = 12
    number_bits: int = 11
    row_bits: int = 13

    def __post_init__(self):
        if self.multiplier.interval != 1:
            raise ValueError(f"a {self.multiplier.kind} multiplier takes operands every "
                             f"{self.multiplier.interval} cycles, and entries come in every cycle; "
                             "take a pipelined one, or one by Karatsuba")
        if self.wire_bits < 1 or self.number_bits < 2 or self.row_bits < 1:
            raise ValueError("an evaluation has at least 2 wires, 4 numbers of coefficients and 2 "
                             f"rows, not 2 to the {self.wire_bits}, {self.number_bits} and "
                             f"{self.row_bits}")
        largest = self.field.modulus - 1
        if self.multiplier.product_bound(largest, largest) >> self.field.register_bits:
            raise ValueError(f"a product of {self.field.name} may have more than "
                             f"{self.field.register_bits} bits; take more operand bits than "
                             f"{self.multiplier.operand_bits}")

    @property
    def field(self) -> PrimeField:
        return self.multiplier.field

    @property
    def read(self) -> int:
        """Cycles from an entry's being taken to the one in which its row's sum is looked up."""
        return 1 + self.multiplier.latency

    @property
    def written(self) -> int:
        """... to the one at whose end that sum is written."""
        return self.read + SPACING - 1

    @cached_property
    def given(self) -> data.StructLayout:
        """What comes in before: a canonical `value`, of the wire `address`, or times the radix of
        the coefficient with that number."""
        return data.StructLayout({
            "value": self.field.bits, "address": max(self.wire_bits, self.number_bits),
            "coefficient": 1})

    @cached_property
    def entry(self) -> data.StructLayout:
        """An entry: a wire's value times the coefficient with that `number` (see `Kind`), to be
        added to a row. Results come after one that is `last`."""
        return data.StructLayout({"row": self.row_bits, "wire": self.wire_bits,
                                  "number": self.number_bits, "last": 1})


class Evaluation(wiring.Component):
    """Add up entries by rows, and send the rows.

    An entry goes through in as many cycles whatever it is: a value that is only added or taken
    away waits in a memory beside the multiplier. So sums are made in the order in which entries
    came, and those of one row have to be `SPACING` entries apart (`NOTHING` is one too); which
    order keeps to that is known once a matrix is (`sim.evaluation.in_order`). ::

        i ─► values ─┬─► multiplier ─┬─► sum of the row ═► reduced ═► rows ─► canonical ─► o
          └► numbers ┤               │        ▲                         │
             entries ┴─► waits ──────┘        └─────────────────────────┘

    Rows are zero again once they are sent; after a reset they are made so, in 2 ** `row_bits`
    cycles. `sim.evaluation.cycles` says when results come.

    Members
    -------
    i : stream of wires' values and coefficients, `EvaluationShape.given`, in
    entries : stream of entries, `EvaluationShape.entry`, in
    rows : how many rows are sent, in; it stays from the first entry to the last result
    o : stream of canonical sums, row 0 first, out
    """

    def __init__(self, shape: EvaluationShape):
        self.shape = shape
        super().__init__({
            "i": In(stream.Signature(shape.given)), "entries": In(stream.Signature(shape.entry)),
            "rows": In(range((1 << shape.row_bits) + 1)),
            "o": Out(stream.Signature(shape.field.bits))})

    def elaborate(self, platform):
        m = Module()
        shape, entry = self.shape, self.entries.payload
        m.submodules.sums = sums = memory.Memory(shape=shape.field.register_bits,
                                                 depth=1 << shape.row_bits, init=[])
        look, put = sums.read_port(), sums.write_port()
        taken = self.entries.valid & self.entries.ready
        # What is known of the entries that are on their way, by the cycles since they were taken.
        ages = [(taken & (entry.number != Kind.NOTHING), entry.row)]
        for age in range(1, shape.written + 1):
            valid, row = Signal(name=f"valid{age}"), Signal(shape.row_bits, name=f"row{age}",
                                                            reset_less=True)
            m.d.sync += [valid.eq(ages[-1][0]), row.eq(ages[-1][1])]
            ages.append((valid, row))
        under_way = Cat(valid for valid, _ in ages).any()
        m.submodules.sum = total = ReducingSum(shape.field)
        value, product, alone, negative = self._terms(m)
        m.d.comb += [
            total.term0.eq(look.data), total.term1.eq(Mux(alone, value, product)),
            total.negative1.eq(negative)]
        row, rest = Signal(shape.row_bits), Signal.like(self.rows)
        with m.FSM(init="EMPTY"):
            with m.State("EMPTY"):
                m.d.comb += [put.addr.eq(row), put.en.eq(1)]
                m.d.sync += row.eq(row + 1)
                with m.If(row == (1 << shape.row_bits) - 1):
                    m.next = "ADD"
            with m.State("ADD"):
                m.d.comb += [
                    self.entries.ready.eq(1), look.addr.eq(ages[shape.read][1]),
                    put.addr.eq(ages[-1][1]), put.data.eq(total.total), put.en.eq(ages[-1][0])]
                m.d.sync += [row.eq(0), rest.eq(self.rows)]
                with m.If(taken & entry.last):
                    m.next = "DRAIN"
            with m.State("DRAIN"):
                m.d.comb += [
                    look.addr.eq(ages[shape.read][1]),
                    put.addr.eq(ages[-1][1]), put.data.eq(total.total), put.en.eq(ages[-1][0])]
                with m.If(~under_way):
                    m.d.comb += look.addr.eq(row)
                    m.next = "SEND"
            with m.State("SEND"):
                # The row that was looked up goes out, and is zero; the next one is looked up.
                step = Signal()
                m.d.comb += [
                    step.eq((rest != 0) & (self.o.ready | ~self.o.valid)),
                    look.addr.eq(row + step), put.addr.eq(row), put.en.eq(step)]
                with m.If(self.o.ready):
                    m.d.sync += self.o.valid.eq(0)
                with m.If(step):
                    less = Signal(shape.field.register_bits + 1)  # the top bit is the borrow
                    m.d.comb += less.eq(look.data - shape.field.modulus)
                    m.d.sync += [
                        self.o.valid.eq(1), self.o.payload.eq(Mux(less[-1], look.data, less)),
                        row.eq(row + 1), rest.eq(rest - 1)]
                with m.If((rest == 0) & (self.o.ready | ~self.o.valid)):
                    m.next = "ADD"
        return m

    def _terms(self, m):
        """A wire's value that is added alone, a product, which of them an entry adds, and whether
        it takes it away; all when its row's sum is there."""
        shape, given, entry = self.shape, self.i.payload, self.entries.payload
        read = []
        for name, bits, number, coefficient in (
                ("values", shape.wire_bits, entry.wire, 0),
                ("coefficients", shape.number_bits, entry.number, 1)):
            m.submodules[name] = store = memory.Memory(shape=shape.field.bits, depth=1 << bits,
                                                       init=[])
            port, put = store.read_port(), store.write_port()
            m.d.comb += [
                port.addr.eq(number), put.addr.eq(given.address[:bits]), put.data.eq(given.value),
                put.en.eq(self.i.valid & (given.coefficient == coefficient))]
            read.append(port.data)
        m.d.comb += self.i.ready.eq(1)
        a, b = (Signal(shape.field.bits, name=name, reset_less=True) for name in "ab")
        number = Signal(shape.number_bits, reset_less=True)
        alone, negative = (Signal(name=name, reset_less=True) for name in ("alone", "negative"))
        m.d.sync += [
            b.eq(read[0]), a.eq(read[1]), number.eq(entry.number),
            alone.eq(number < Kind.STORED), negative.eq(number == Kind.MINUS_ONE)]
        m.submodules.multiplier = multiplier = shape.multiplier.build()
        m.d.comb += [multiplier.a.eq(a), multiplier.b.eq(b)]
        # What a cycle wrote is read, by the place after, as many cycles later as a product takes.
        latency = shape.multiplier.latency
        m.submodules.waiting = waiting = memory.Memory(shape=shape.field.bits + 2, depth=latency,
                                                       init=[])
        put, take, place = waiting.write_port(), waiting.read_port(), Signal(range(latency))
        following = Mux(place == latency - 1, 0, place + 1)
        m.d.sync += place.eq(following)
        m.d.comb += [put.addr.eq(place), put.data.eq(Cat(b, alone, negative)), put.en.eq(1),
                     take.addr.eq(following)]
        return take.data[:-2], multiplier.product, take.data[-2], take.data[-1]
