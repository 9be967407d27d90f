"""Where points and scalars come in, word by word, to be put into the mailbox units' rings."""

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.commands import NUMBER, WORD
from proofmill.hdl.point_adder import AdderShape

LOAD = wiring.Signature({
    "write": Out(1), "row": Out(3), "coordinate": Out(NUMBER), "negative": Out(NUMBER),
    "scalar": Out(NUMBER), "top": Out(2), "commit": Out(1)})
"""A point on its way to the rings, and its scalar.

While `write`, coordinate number `row`, and the modulus minus it (not of z). With `commit` all of
them have been written, and neither the point nor the scalar is zero: then `scalar` is the scalar
plus the bias, and `top` the highest of its four words that is not zero.
"""


class PointLoader(wiring.Component):
    """Collect a point and its scalar from their two streams of words, coordinate by coordinate.

    Members
    -------
    group : which group, in
    start, count : begin with so many points, in
    enable : there is room for a point, in
    scalars, points : streams of words, in
    bias : what is added to every scalar, in: see `hdl.windows`
    load : the point and its scalar, see `LOAD`, out
    skipped : they were complete, and one was zero, out
    done : no point is left, out
    arrived : all words of a point have come, told a cycle late, out
    """

    def __init__(self, shape: AdderShape):
        self.shape = shape
        words = stream.Signature(WORD)
        super().__init__({
            "group": In(range(max(2, len(shape.groups)))),
            "start": In(1),
            "count": In(32),
            "enable": In(1),
            "scalars": In(words),
            "points": In(words),
            "bias": In(NUMBER),
            "load": Out(LOAD),
            "skipped": Out(1),
            "done": Out(1, init=1),
            "arrived": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        shape, load = self.shape, self.load
        left = Signal(32)
        last_row = Signal(3)  # of an affine point; the group does not change meanwhile
        for index, group in enumerate(shape.groups):
            with m.If(self.group == index):
                m.d.sync += last_row.eq(2 * group.degree - 1)

        scalar_words = Signal(3)
        point_words = Signal(2)
        row = Signal(3)
        # A word of a point that has come, and how many have: what hundreds of registers do with
        # one does not hang on whether it has just been offered.
        word = Signal(WORD, reset_less=True)
        came = Signal()
        came_words = Signal(2)
        m.d.sync += [word.eq(self.points.payload), came.eq(self.points.valid & self.points.ready)]
        with m.If(self.points.valid & self.points.ready):
            m.d.sync += came_words.eq(came_words + 1)
        gathered, negated = (Signal(3 * WORD, reset_less=True, name=name)
                             for name in ("gathered", "negated"))
        borrow = Signal()
        difference = Signal(WORD + 1)  # of the modulus and the word at hand
        m.d.comb += difference.eq(
            Const(shape.curve.base.modulus, NUMBER).word_select(point_words, WORD)
            - word - borrow)
        # A word of the point coming in was not zero; one of the point that has come was not.
        something = Signal()
        point_something = Signal()
        affine_there = Signal()  # x and y have come; z, a constant, is written after them
        point_there = Signal()   # z has been written too
        scalar_there = Signal()
        working = Signal()       # there is room, told a cycle late, and a point to come
        m.d.comb += [
            scalar_there.eq(scalar_words == 4),
            self.scalars.ready.eq(working & ~scalar_there),
            # The next point's words come in meanwhile, up to the one that completes a coordinate.
            self.points.ready.eq(working & ~(affine_there & (came_words == 3))),
        ]
        carry = Signal()
        scalar_something = Signal()
        biased = Signal(WORD + 1)
        m.d.comb += biased.eq(
            self.scalars.payload + self.bias.word_select(scalar_words[:2], WORD) + carry)
        with m.If(self.scalars.valid & self.scalars.ready):
            m.d.sync += [
                load.scalar.eq(Cat(load.scalar[WORD:], biased[:WORD])),
                carry.eq(biased[WORD]),
                scalar_words.eq(scalar_words + 1),
            ]
            with m.If(self.scalars.payload.any()):
                m.d.sync += [scalar_something.eq(1), load.top.eq(scalar_words)]
        m.d.sync += [
            load.write.eq(0), self.arrived.eq(0), load.row.eq(row),
            load.negative.eq(Cat(negated, difference[:WORD])),
            load.coordinate.eq(Cat(gathered, word)),
        ]
        with m.If(came):
            m.d.sync += [
                gathered.eq(Cat(gathered[WORD:], word)),
                negated.eq(Cat(negated[WORD:], difference[:WORD])),
                borrow.eq(difference[WORD] & (point_words != 3)),
                point_words.eq(point_words + 1),
                something.eq(something | word.any()),
            ]
            with m.If(point_words == 3):
                m.d.sync += [load.write.eq(1), row.eq(row + 1)]
                with m.If(row == last_row):
                    m.d.sync += [
                        affine_there.eq(1), self.arrived.eq(1), something.eq(0),
                        point_something.eq(something | word.any())]
        # The constant z, one row a cycle; then wait for the scalar.
        complete = Signal()
        m.d.comb += complete.eq(point_there & scalar_there)
        m.d.sync += working.eq(self.enable & ~self.done & ~(complete & (left == 1)))
        with m.If(affine_there):
            for index, group in enumerate(shape.groups):
                constants = shape.curve.unit[group]
                with m.If(self.group == index):
                    # The parts of z have even rows and odd ones.
                    m.d.sync += load.coordinate.eq(Mux(row[0], constants[-1], constants[0]))
                    with m.If(~point_there):
                        m.d.sync += point_there.eq(row[0] == len(constants) - 1)
            with m.If(~point_there):
                m.d.sync += [load.write.eq(1), row.eq(row + 1)]
        wanted = Signal()
        m.d.comb += [
            wanted.eq(point_something & scalar_something),
            load.commit.eq(complete & wanted),
            self.skipped.eq(complete & ~wanted),
        ]
        with m.If(complete):
            m.d.sync += [left.eq(left - 1), self.done.eq(left == 1)]
        with m.If(self.start):
            m.d.sync += [left.eq(self.count), self.done.eq(self.count == 0), point_words.eq(0),
                         came_words.eq(0), came.eq(0), borrow.eq(0), something.eq(0)]
        with m.If(complete | self.start):
            m.d.sync += [row.eq(0), scalar_words.eq(0), scalar_something.eq(0),
                         carry.eq(0), load.top.eq(0), affine_there.eq(0), point_there.eq(0)]
        return m
