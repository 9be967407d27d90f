"""A transform unit by itself: with a multiplier and memories of its own."""

from amaranth import *
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.block_memory import BlockMemory
from proofmill.hdl.commands import WORD
from proofmill.hdl.transform import Transform
from proofmill.hdl.transform_passes import WAY
from proofmill.hdl.transform_shape import OPERANDS_AFTER, TransformShape
from proofmill.hdl.transform_tiles import Tiles


class TransformUnit(wiring.Component):
    """From A w and B w to the scalars of H: `hdl.transform.Transform` with all that it takes; where
    the shape says so also from a polynomial's coefficients to its values, or back.

    Members are those of `Transform` without the memory's and the multiplier's. Where the shape has
    tiles, they are of the larger transforms too, which have a memory of their own here.
    """

    def __init__(self, shape: TransformShape):
        self.shape = shape
        words = stream.Signature(WORD)
        super().__init__({
            "start": In(1), "power": In(range(shape.most + 1)), "words": In(words),
            "answers": Out(words), "ready": Out(1), "computing": Out(1),
            **({"way": In(WAY)} if shape.one_way else {})})

    def elaborate(self, platform):
        m = Module()
        shape = self.shape
        m.submodules.transform = transform = Transform(shape)
        m.submodules.multiplier = multiplier = shape.multiplier.build()
        operands = Cat(transform.a, transform.b)
        for n in range(shape.more):
            held = Signal.like(operands, name=f"operands{n}", reset_less=True)
            m.d.sync += held.eq(operands)
            operands = held
        width = shape.multiplier.operand_bits
        m.d.comb += [
            transform.power.eq(self.power), self.computing.eq(transform.computing),
            multiplier.a.eq(operands[:width]), multiplier.b.eq(operands[width:]),
            transform.product.eq(multiplier.product),
        ]
        if shape.one_way:
            m.d.comb += transform.way.eq(self.way)
        outer = transform
        if shape.tiled:
            m.submodules.tiles = outer = tiles = Tiles(shape)
            m.submodules.store = store = BlockMemory(shape.room(shape.most))
            tiles.connect(m, transform)
            for one, other in ((tiles.requests, store.requests), (store.points, tiles.points),
                               (tiles.writes, store.writes)):
                wiring.connect(m, one, other)
            m.d.comb += tiles.power.eq(self.power)
        wiring.connect(m, outer.words, wiring.flipped(self.words))
        wiring.connect(m, outer.answers, wiring.flipped(self.answers))
        m.d.comb += [outer.start.eq(self.start), self.ready.eq(outer.ready)]
        if shape.multiplier.second is not None:
            m.d.comb += multiplier.second.eq(1)
        if shape.interval > 1:
            phase = Signal(range(shape.interval))
            m.d.sync += phase.eq(Mux(phase == shape.interval - 1, 0, phase + 1))
            m.d.comb += [
                transform.slot.eq(phase == 0),
                multiplier.start.eq(phase == (OPERANDS_AFTER + shape.more) % shape.interval)]
        for n, port in enumerate(transform.planes):
            m.submodules[f"plane{n}"] = plane = memory.Memory(
                shape=len(port.value), depth=shape.rows, init=[])
            read, write = plane.read_port(), plane.write_port()
            m.d.sync += [read.addr.eq(port.row), write.addr.eq(port.written),
                         write.data.eq(port.value), write.en.eq(port.enable)]
            word = Signal(len(port.value), name=f"word{n}", reset_less=True)
            m.d.sync += word.eq(read.data)
            m.d.comb += port.word.eq(word)
        return m
