"""Pairs on their way into a batch: they wait, and it is decided what each of them wants."""

from amaranth import *
from amaranth.lib import data, enum, fifo, stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.batch_shape import BatchShape


class Kind(enum.Enum, shape=2):
    """How a pair is added.

    CHORD : x differs; TANGENT : equal points; COPY : one of them is infinite, the sum is the other;
    NONE : opposite points, or both infinite: the sum is infinite.
    """

    CHORD = 0
    TANGENT = 1
    COPY = 2
    NONE = 3


def coordinate_bits(shape: BatchShape) -> int:
    """Bits of a coordinate, both parts of one over the second field."""
    return shape.degree * shape.multiplier.field.bits


def point_layout(shape: BatchShape, datapath: bool = True) -> data.StructLayout:
    """An affine point: canonical coordinates in Montgomery form, the real part lowest, which mean
    nothing at infinity; of no bits where there is no datapath."""
    bits = coordinate_bits(shape) if datapath else 0
    return data.StructLayout({"x": bits, "y": bits, "infinite": 1})


def pair_layout(shape: BatchShape, datapath: bool = True) -> data.StructLayout:
    """Two points to add, and what their sum is to be known by."""
    point = point_layout(shape, datapath)
    return data.StructLayout({"p": point, "q": point, "tag": shape.tag_bits})


def sum_layout(shape: BatchShape, datapath: bool = True) -> data.StructLayout:
    """A sum; at infinity its coordinates are 0."""
    bits = coordinate_bits(shape) if datapath else 0
    return data.StructLayout({"x": bits, "y": bits, "infinite": 1, "tag": shape.tag_bits})


class Intake(wiring.Component):
    """A queue of pairs, and the next one with its kind.

    Coordinates are compared as they are, so they have to be canonical. A point whose y is 0 is its
    own opposite. Of a pair that is copied, `pair.p` is what the sum is. Without a datapath every
    pair is a chord.

    Members
    -------
    pairs : stream of pairs, in
    pair, kind : the next one, out
    popped : it has left the queue, to be looked at, out
    known : there is one, out
    take : it is taken, in; it stays for one cycle more
    empty : nothing waits, out
    """

    def __init__(self, shape: BatchShape, *, datapath: bool = True):
        self.shape, self.layout = shape, pair_layout(shape, datapath)
        super().__init__({
            "pairs": In(stream.Signature(self.layout)), "pair": Out(self.layout),
            "kind": Out(Kind), "popped": Out(1), "known": Out(1), "take": In(1), "empty": Out(1)})

    def elaborate(self, platform):
        m = Module()
        width = Shape.cast(self.layout).width
        m.submodules.queue = queue = fifo.SyncFIFOBuffered(width=width, depth=self.shape.queue)
        # 0: none; 1: there; 2: compared; 3: known.
        age = Signal(2)
        pair = self.pair
        same_x, same_y, flat = Signal(), Signal(), Signal()
        m.d.comb += [
            queue.w_data.eq(self.pairs.payload.as_value()), queue.w_en.eq(self.pairs.valid),
            self.pairs.ready.eq(queue.w_rdy), queue.r_en.eq(age == 0),
            self.popped.eq(queue.r_rdy & (age == 0)),
            self.known.eq(age == 3), self.empty.eq((age == 0) & (queue.level == 0))]
        with m.Switch(age):
            with m.Case(0):
                m.d.sync += pair.as_value().eq(queue.r_data)
                with m.If(queue.r_rdy):
                    m.d.sync += age.eq(1)
            with m.Case(1):
                m.d.sync += [age.eq(2), same_x.eq(pair.p.x == pair.q.x),
                             same_y.eq(pair.p.y == pair.q.y), flat.eq(pair.p.y == 0)]
            with m.Case(2):
                m.d.sync += age.eq(3)
                with m.If(pair.p.infinite | pair.q.infinite):
                    m.d.sync += self.kind.eq(
                        Mux(pair.p.infinite & pair.q.infinite, Kind.NONE, Kind.COPY))
                with m.Elif(same_x):
                    m.d.sync += self.kind.eq(Mux(same_y & ~flat, Kind.TANGENT, Kind.NONE))
                with m.Else():
                    m.d.sync += self.kind.eq(Kind.CHORD)
                with m.If(pair.p.infinite):
                    m.d.sync += pair.p.eq(pair.q)
            with m.Case(3):
                with m.If(self.take):
                    m.d.sync += age.eq(0)
        return m
