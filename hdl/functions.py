"""Units as functions: operands in one word of a stream, what comes of them in one word of another.

So a bus needs to know nothing of the unit behind it: see `hdl.axi_stream` and `hdl.axi_lite`.
"""

from amaranth import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.batch_intake import coordinate_bits
from proofmill.hdl.batch_shape import BatchShape
from proofmill.hdl.curve import Group
from proofmill.hdl.framed_adder import FIRST_LOAD, FramedAdder, Timetable
from proofmill.hdl.inverter import Inverter, InverterShape
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.point_adder import AdderShape
from proofmill.hdl.processor import StandaloneProcessor
from proofmill.hdl.processor_shape import ProcessorShape
from proofmill.hdl.quadratic_adder import adder_of


class Function(wiring.Component):
    """A result for every word of operands, in order; either side may pause the other.

    Parameters
    ----------
    operands, results : bits of each, by name, in the order in which a bus has them.

    Members
    -------
    i : stream of the operands, in
    o : stream of the results, out
    """

    def __init__(self, operands: dict[str, int], results: dict[str, int]):
        self.operands, self.results = operands, results
        super().__init__({"i": In(stream.Signature(data.StructLayout(operands))),
                          "o": Out(stream.Signature(data.StructLayout(results)))})


class MultiplierFunction(Function):
    """Operands `a`, `b` (and `second`, where there are two moduli), result `product`.

    A multiplier has no handshake. It stands still while its product is there and not taken, and
    so does all behind it. A folded one begins in every `interval`-th of the cycles in which it does
    not stand still, with what there is: a word taken in one of these is a pair of operands.
    """

    def __init__(self, shape: MultiplierShape):
        self.shape = shape
        super().__init__(
            {"a": shape.operand_bits, "b": shape.operand_bits,
             **({} if shape.second is None else {"second": 1})}, {"product": shape.product_bits})

    def elaborate(self, platform):
        m = Module()
        shape = self.shape
        advance, begins = Signal(), Signal()
        m.submodules.multiplier = multiplier = EnableInserter(advance)(shape.build())
        m.d.comb += [
            advance.eq(self.o.ready | ~self.o.valid), self.i.ready.eq(advance & begins),
            self.o.payload.product.eq(multiplier.product),
            *(getattr(multiplier, name).eq(self.i.payload[name]) for name in self.operands)]
        phase = Signal(range(max(2, shape.interval)))
        m.d.comb += begins.eq(phase == 0)
        if "start" in multiplier.signature.members:
            m.d.comb += multiplier.start.eq(begins)
        there = Signal(shape.latency)  # which cycles began with a pair
        m.d.comb += self.o.valid.eq(there[-1])
        with m.If(advance):
            m.d.sync += [there.eq(Cat(self.i.valid & begins, there)),
                         phase.eq(Mux(phase == shape.interval - 1, 0, phase + 1))]
        return m


class InverterFunction(Function):
    """Operand `x`, results `value` and `zero`: see `hdl.inverter.Inverter`."""

    def __init__(self, shape: InverterShape):
        self.shape = shape
        super().__init__({"x": shape.operand_bits}, {"value": shape.field.bits, "zero": 1})

    def elaborate(self, platform):
        m = Module()
        m.submodules.inverter = inverter = Inverter(self.shape)
        m.d.comb += [
            inverter.operands.payload.eq(self.i.payload.x),
            inverter.operands.valid.eq(self.i.valid), self.i.ready.eq(inverter.operands.ready),
            self.o.payload.eq(inverter.results.payload),
            self.o.valid.eq(inverter.results.valid), inverter.results.ready.eq(self.o.ready)]
        return m


class ProcessorFunction(Function):
    """A program that takes `count` words and sends one: operands `word0` ..., result `result`.

    A run begins with the words; they are taken with the last that the program reads.
    """

    def __init__(self, shape: ProcessorShape, program, count: int):
        self.shape, self.program, self.count = shape, program, count
        bits = shape.multiplier.operand_bits
        super().__init__({f"word{n}": bits for n in range(count)}, {"result": shape.field.bits})

    def elaborate(self, platform):
        m = Module()
        m.submodules.processor = processor = StandaloneProcessor(self.shape, self.program)
        running, given = Signal(), Signal(range(self.count + 1))
        words = Array(self.i.payload[name] for name in self.operands)
        m.d.comb += [
            processor.entry.eq(self.program.entry), processor.start.eq(
                self.i.valid & processor.ready & ~running),
            processor.i.valid.eq(running & (given < self.count) & self.i.valid),
            processor.i.payload.eq(words[given]),
            self.i.ready.eq(processor.i.valid & processor.i.ready & (given == self.count - 1)),
            self.o.valid.eq(processor.o.valid), self.o.payload.result.eq(processor.o.payload),
            processor.o.ready.eq(self.o.ready)]
        with m.If(processor.start):
            m.d.sync += [running.eq(1), given.eq(0)]
        with m.Elif(running & (given == self.count) & processor.ready):
            m.d.sync += running.eq(0)
        with m.Elif(processor.i.valid & processor.i.ready):
            m.d.sync += given.eq(given + 1)
        return m


class AdderFunction(Function):
    """P + Q in one group, a pair at a time: operands and results are homogeneous coordinates.

    Operands `p_x`, `p_y`, `p_z`, `q_x`, ... and results `x`, `y`, `z`; over Fp2 each is two,
    `p_x0` and `p_x1`. A pair waits for the beginning of a frame, and the next one for its sum; for
    a pair every `interval` cycles take `hdl.framed_adder.FramedAdder`, which says what a sum is.
    """

    def __init__(self, shape: AdderShape, group: Group):
        self.shape, self.group = shape, group
        parts = [f"{name}{part}" if group.degree > 1 else name
                 for name in "xyz" for part in range(group.degree)]
        super().__init__({f"{point}_{part}": shape.coordinate_bits
                          for point in "pq" for part in parts},
                         dict.fromkeys(parts, shape.coordinate_bits))

    def elaborate(self, platform):
        m = Module()
        m.submodules.adder = adder = FramedAdder(self.shape)
        table = Timetable(self.shape, self.group)
        totals = table.totals(0)
        running = Signal()
        at = Signal(range(totals[-1] + 2))    # cycle of the pair's own frame, its first being 0
        held = Signal.like(self.i.payload)
        pair, first = adder.pairs[0], Signal()
        m.d.comb += [
            adder.group.eq(self.shape.groups.index(self.group)),
            first.eq((adder.cycle == 0) & (adder.turn == 0)),
            self.i.ready.eq(first & ~running & ~self.o.valid)]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [running.eq(1), at.eq(1), held.eq(self.i.payload)]
        with m.Elif(running):
            m.d.sync += at.eq(at + 1)
        names = list(self.operands)
        for n in range(table.beats):
            with m.If(running & (at == FIRST_LOAD + n)):
                m.d.comb += [pair.load.eq(1), pair.position.eq(n), pair.p.eq(held[names[n]]),
                             pair.q.eq(held[names[table.beats + n]])]
        for n, (name, cycle) in enumerate(zip(self.results, totals, strict=True)):
            with m.If(running & (at == cycle)):
                m.d.sync += self.o.payload[name].eq(adder.totals[table.lane(n)])
        with m.If(running & (at == totals[-1])):
            m.d.sync += [running.eq(0), self.o.valid.eq(1)]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        return m


def affine_pair(shape: BatchShape) -> dict[str, int]:
    """The bits of a pair of affine points, by what a bus calls them."""
    bits = coordinate_bits(shape)
    return {f"{point}_{name}": width for point in "pq"
            for name, width in (("x", bits), ("y", bits), ("infinite", 1))}


def affine_sum(shape: BatchShape) -> dict[str, int]:
    """... and of a sum; `fault` as `hdl.batch_adder.BatchAdder` has it."""
    bits = coordinate_bits(shape)
    return {"x": bits, "y": bits, "infinite": 1, "fault": 1}


class BatchFunction(Function):
    """P + Q of affine points, a pair at a time, so every batch is of one.

    Operands `p_x`, `p_y`, `p_infinite`, `q_x`, ... and results `x`, `y`, `infinite`, `fault`: see
    `hdl.batch_adder.BatchAdder`. For batches take `hdl.axi_stream.AxiStreamBatch`.
    """

    def __init__(self, shape: BatchShape):
        self.shape = shape
        super().__init__(affine_pair(shape), affine_sum(shape))

    def elaborate(self, platform):
        m = Module()
        m.submodules.adder = adder = adder_of(self.shape)
        running, pair, total = Signal(), adder.pairs.payload, adder.sums.payload
        m.d.comb += [
            adder.drain.eq(1), adder.pairs.valid.eq(self.i.valid & ~running),
            self.i.ready.eq(adder.pairs.ready & ~running),
            *(pair[name[0]][name[2:]].eq(self.i.payload[name]) for name in self.operands),
            self.o.valid.eq(adder.sums.valid), adder.sums.ready.eq(self.o.ready),
            *(self.o.payload[name].eq(total[name]) for name in ("x", "y", "infinite")),
            self.o.payload.fault.eq(adder.fault)]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += running.eq(1)
        with m.Elif(self.o.valid & self.o.ready):
            m.d.sync += running.eq(0)
        return m
