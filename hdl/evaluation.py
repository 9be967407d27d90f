"""Sparse matrices times a vector: the sums A w and B w of a Groth16 prover, an entry a cycle."""

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

from amaranth import *
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.field import PrimeField
from proofmill.hdl.matrices import PLANE_LATE
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.reducing_sum import ReducingSum

SPACING = 4
"""Cycles from an entry of a row to the next of the same, at least, in memories of the unit's own:
its sum is read, two cycles later made, and then written."""


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
    multiplier : with a product a cycle; the sums are in its last field.
    wire_bits, number_bits, row_bits : of a wire's number, a coefficient's and a row's.
    lent : the multiplier and the memories are an accelerator's: a product comes a cycle later, what
        is read `hdl.matrices.PLANE_LATE` cycles, and entries as often as the multiplier takes
        operands.
    """

    multiplier: MultiplierShape
    wire_bits: int = 12
    number_bits: int = 11
    row_bits: int = 13
    lent: bool = False

    def __post_init__(self):
        if self.interval != 1 and not self.lent:
            raise ValueError(f"a {self.multiplier.kind} multiplier takes operands every "
                             f"{self.multiplier.interval} cycles, and entries come in every cycle; "
                             "take a pipelined one, or one by Karatsuba")
        if self.wire_bits < 1 or self.number_bits < 2 or self.row_bits < 1:
            raise ValueError("an evaluation has at least 2 wires, 4 numbers of coefficients and 2 "
                             f"rows, not 2 to the {self.wire_bits}, {self.number_bits} and "
                             f"{self.row_bits}")
        largest = self.field.modulus - 1
        if self.multiplier.product_bound(
                largest, largest,
                second=self.multiplier.second is not None) >> self.field.register_bits:
            raise ValueError(f"a product of {self.field.name} may have more than "
                             f"{self.field.register_bits} bits; take more operand bits than "
                             f"{self.multiplier.operand_bits}")

    @property
    def field(self) -> PrimeField:
        """The field computed in."""
        return self.multiplier.fields[-1]

    @property
    def interval(self) -> int:
        """Cycles from one entry to the next."""
        return self.multiplier.interval

    @property
    def late(self) -> int:
        """Cycles by which what is read comes later than in the cycle after."""
        return PLANE_LATE if self.lent else 0

    @property
    def spacing(self) -> int:
        """Entries from one of a row to the next of the same, at least."""
        return -(-(SPACING + self.late) // self.interval)

    @property
    def operands(self) -> int:
        """Cycles from an entry's being taken to its operands at the multiplier."""
        return 2 + self.late

    @property
    def product_latency(self) -> int:
        """Cycles from operands to product."""
        return self.multiplier.latency + self.lent

    @property
    def read(self) -> int:
        """Cycles from an entry's being taken to the one in which its row's sum is looked up."""
        return 1 + self.product_latency

    @property
    def written(self) -> int:
        """... to the one at whose end that sum is written."""
        return self.read + self.late + SPACING - 1

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


class Entries(wiring.Component):
    """Entries on their way to their rows' sums, on a multiplier and in memories beside it.

    An entry goes through in as many cycles whatever it is: a value that is only added or taken
    away waits in a memory beside the multiplier. So sums are made in the order in which entries
    came, and those of one row have to be `EvaluationShape.spacing` entries apart (`NOTHING` is one
    too); which order keeps to that is known once a matrix is (`sim.evaluation.in_order`).

    Parameters
    ----------
    shape : see there.
    datapath : False leaves out values: the same cycles.

    Members
    -------
    valid, entry : an entry is taken, in
    under_way : there are some whose sum is not yet written, out
    wire, value; number, coefficient : what is looked up, out, and what is there a cycle and
        ``shape.late`` more later, in
    a, b, multiplying : operands, and that they are of an entry, out
    product : ``shape.product_latency`` cycles later, in
    row, sum : likewise, of the sums
    written, enable, total : a row's sum to write, out, which a `row` of the next cycle on finds
    """

    def __init__(self, shape: EvaluationShape, *, datapath: bool = True):
        self.shape, self.datapath = shape, datapath
        field = shape.field
        super().__init__({
            "valid": In(1), "entry": In(shape.entry), "under_way": Out(1),
            **({} if not datapath else {
                "wire": Out(shape.wire_bits), "value": In(field.bits),
                "number": Out(shape.number_bits), "coefficient": In(field.bits),
                "a": Out(field.bits), "b": Out(field.bits), "multiplying": Out(1),
                "product": In(field.register_bits),
                "row": Out(shape.row_bits), "sum": In(field.register_bits),
                "written": Out(shape.row_bits), "enable": Out(1),
                "total": Out(field.register_bits)})})

    def elaborate(self, platform):
        m = Module()
        shape, entry = self.shape, self.entry
        # What is known of the entries that are on their way, by the cycles since they were taken.
        ages = [(self.valid & (entry.number != Kind.NOTHING), entry.row)]
        for age in range(1, shape.written + 1):
            valid, row = Signal(name=f"valid{age}"), Signal(shape.row_bits, name=f"row{age}",
                                                            reset_less=True)
            m.d.sync += [valid.eq(ages[-1][0]), row.eq(ages[-1][1])]
            ages.append((valid, row))
        m.d.comb += self.under_way.eq(Cat(valid for valid, _ in ages).any())
        if not self.datapath:
            return m
        m.submodules.sum = total = ReducingSum(shape.field)
        value, alone, negative = self._beside(m)
        m.d.comb += [
            self.wire.eq(entry.wire), self.number.eq(entry.number),
            self.multiplying.eq(ages[shape.operands][0]), self.row.eq(ages[shape.read][1]),
            total.term0.eq(self.sum), total.term1.eq(Mux(alone, value, self.product)),
            total.negative1.eq(negative), self.written.eq(ages[-1][1]),
            self.enable.eq(ages[-1][0]), self.total.eq(total.total)]
        return m

    def _beside(self, m):
        """A wire's value that is added alone, whether it is that, and whether it is taken away; all
        when the product and the row's sum are there."""
        shape, number = self.shape, self.entry.number
        alone, negative = number < Kind.STORED, number == Kind.MINUS_ONE
        for cycle in range(1, shape.operands + 1):
            kinds = [Signal(name=f"{name}{cycle}", reset_less=True)
                     for name in ("alone", "negative")]
            m.d.sync += [kinds[0].eq(alone), kinds[1].eq(negative)]
            alone, negative = kinds
        a, b = (Signal(shape.field.bits, name=name, reset_less=True)
                for name in ("operand_a", "operand_b"))
        m.d.sync += [b.eq(self.value), a.eq(self.coefficient)]
        m.d.comb += [self.a.eq(a), self.b.eq(b)]
        # What a cycle wrote is read, by the place after, as many cycles later as a product takes.
        latency = shape.product_latency
        m.submodules.waiting = waiting = memory.Memory(shape=shape.field.bits + 2, depth=latency,
                                                       init=[])
        put, take, place = waiting.write_port(), waiting.read_port(), Signal(range(latency))
        following = Mux(place == latency - 1, 0, place + 1)
        m.d.sync += place.eq(following)
        m.d.comb += [put.addr.eq(place), put.data.eq(Cat(b, alone, negative)), put.en.eq(1),
                     take.addr.eq(following)]
        return take.data[:-2], take.data[-2], take.data[-1]


class Evaluation(wiring.Component):
    """Add up entries by rows, and send the rows: `Entries` with all that they take. ::

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
        m.submodules.way = way = Entries(shape)
        m.submodules.multiplier = multiplier = shape.multiplier.build()
        m.d.comb += [
            way.valid.eq(taken), way.entry.eq(entry), way.sum.eq(look.data),
            multiplier.a.eq(way.a), multiplier.b.eq(way.b), way.product.eq(multiplier.product),
            self.i.ready.eq(1)]
        if shape.multiplier.second is not None:
            m.d.comb += multiplier.second.eq(1)
        self._memories(m, way)
        row, rest = Signal(shape.row_bits), Signal.like(self.rows)
        with m.FSM(init="EMPTY"):
            with m.State("EMPTY"):
                m.d.comb += [put.addr.eq(row), put.en.eq(1)]
                m.d.sync += row.eq(row + 1)
                with m.If(row == (1 << shape.row_bits) - 1):
                    m.next = "ADD"
            with m.State("ADD"):
                m.d.comb += [
                    self.entries.ready.eq(1), look.addr.eq(way.row), put.addr.eq(way.written),
                    put.data.eq(way.total), put.en.eq(way.enable)]
                m.d.sync += [row.eq(0), rest.eq(self.rows)]
                with m.If(taken & entry.last):
                    m.next = "DRAIN"
            with m.State("DRAIN"):
                m.d.comb += [
                    look.addr.eq(way.row), put.addr.eq(way.written), put.data.eq(way.total),
                    put.en.eq(way.enable)]
                with m.If(~way.under_way):
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

    def _memories(self, m, way):
        """Wires' values and coefficients, as they come in, for the entries that look them up."""
        shape, given = self.shape, self.i.payload
        for name, bits, number, found, coefficient in (
                ("values", shape.wire_bits, way.wire, way.value, 0),
                ("coefficients", shape.number_bits, way.number, way.coefficient, 1)):
            m.submodules[name] = store = memory.Memory(shape=shape.field.bits, depth=1 << bits,
                                                       init=[])
            port, put = store.read_port(), store.write_port()
            m.d.comb += [
                port.addr.eq(number), put.addr.eq(given.address[:bits]), put.data.eq(given.value),
                put.en.eq(self.i.valid & (given.coefficient == coefficient)), found.eq(port.data)]
