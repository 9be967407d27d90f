"""Where points come in, word by word, to be put into the mailbox units' rings with their slices."""

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.commands import WORD
from proofmill.hdl.point_adder import AdderShape
from proofmill.hdl.slicer import SLICE


class Load(wiring.Signature):
    """A point on its way to the rings, and the slice it is for.

    While `write`, coordinate number `row`, of so many `words`, and the modulus minus it (not of z).
    With `commit` all of them have been written, and the point is not zero.
    """

    def __init__(self, words: int):
        super().__init__({
            "write": Out(1), "row": Out(3), "coordinate": Out(words * WORD),
            "negative": Out(words * WORD), "slice": Out(SLICE), "commit": Out(1)})


class PointLoader(wiring.Component):
    """Collect points from a stream of words, coordinate by coordinate.

    A point of G1 takes a cycle a word, one of G2 one more, or none more if that matters, where its
    words come in as many.

    Parameters
    ----------
    shape : the adder.
    unit : z of a point by group, a tuple of its parts.
    soon : the last word of the next point's first coordinate is taken while the last part of z is
        written, and not only after it: so one of G2 takes a cycle a word.

    Members
    -------
    group : which group, in
    enable : there is room for a point, in
    points : stream of words, in
    slice : of the point that is coming, in
    load : the point and its slice, see `Load`, out
    loaded : a point has come, out
    skipped : ... and was zero, out
    """

    def __init__(self, shape: AdderShape, unit, *, soon: bool = False):
        self.shape, self.unit, self.soon = shape, unit, soon
        super().__init__({
            "group": In(range(max(2, len(shape.groups)))), "enable": In(1),
            "points": In(stream.Signature(WORD)), "slice": In(SLICE),
            "load": Out(Load(shape.curve.words)),
            "loaded": Out(1), "skipped": Out(1)})

    def elaborate(self, platform):
        m = Module()
        shape, load = self.shape, self.load
        last_row = Signal(3)  # of an affine point; the group does not change meanwhile
        for index, group in enumerate(shape.groups):
            with m.If(self.group == index):
                m.d.sync += last_row.eq(2 * group.degree - 1)

        words, modulus = shape.curve.words, shape.curve.base.modulus

        def after(word: Signal):
            """The number of the word after this one, of a part of a coordinate."""
            return (word + 1 if words & (words - 1) == 0
                    else Mux(word == words - 1, 0, word + 1))

        point_words = Signal(range(words))
        row = Signal(3)
        # A word of a point that has come, and how many have: what hundreds of registers do with
        # one does not hang on whether it has just been offered.
        word = Signal(WORD, reset_less=True)
        came = Signal()
        came_words = Signal(range(words))
        m.d.sync += [word.eq(self.points.payload), came.eq(self.points.valid & self.points.ready)]
        with m.If(self.points.valid & self.points.ready):
            m.d.sync += came_words.eq(after(came_words))
        gathered, negated = (Signal((words - 1) * WORD, reset_less=True, name=name)
                             for name in ("gathered", "negated"))
        borrow = Signal()
        difference = Signal(WORD + 1)  # of the modulus and the word at hand
        m.d.comb += difference.eq(
            Const(modulus, words * WORD).word_select(point_words, WORD)
            - word - borrow)
        # A word of the point coming in was not zero; one of the point that has come was not.
        something = Signal()
        point_something = Signal()
        affine_there = Signal()  # x and y have come; z, a constant, is written after them
        point_there = Signal()   # z has been written too
        working = Signal()       # there is room, told a cycle late
        m.d.comb += [
            # The next point's words come in meanwhile, up to the one that completes a coordinate.
            self.points.ready.eq(working & ~(
                (affine_there & ~point_there if self.soon else affine_there)
                & (came_words == words - 1))),
        ]
        m.d.sync += [
            working.eq(self.enable), load.write.eq(0), load.row.eq(row),
            load.negative.eq(Cat(negated, difference[:WORD])),
            load.coordinate.eq(Cat(gathered, word)),
        ]
        with m.If(came):
            m.d.sync += [
                gathered.eq(Cat(gathered[WORD:], word)),
                negated.eq(Cat(negated[WORD:], difference[:WORD])),
                borrow.eq(difference[WORD] & (point_words != words - 1)),
                point_words.eq(after(point_words)),
                something.eq(something | word.any()),
            ]
            with m.If(point_words == words - 1):
                m.d.sync += [load.write.eq(1), row.eq(row + 1)]
                with m.If(row == last_row):
                    m.d.sync += [affine_there.eq(1), something.eq(0),
                                 point_something.eq(something | word.any())]
        # The constant z, one row a cycle.
        with m.If(affine_there):
            for index, group in enumerate(shape.groups):
                constants = self.unit[group]
                with m.If(self.group == index):
                    # The parts of z have even rows and odd ones.
                    m.d.sync += load.coordinate.eq(Mux(row[0], constants[-1], constants[0]))
                    with m.If(~point_there):
                        m.d.sync += point_there.eq(row[0] == len(constants) - 1)
            with m.If(~point_there):
                m.d.sync += [load.write.eq(1), row.eq(row + 1)]
        m.d.comb += [
            load.slice.eq(self.slice), load.commit.eq(point_there & point_something),
            self.loaded.eq(point_there), self.skipped.eq(point_there & ~point_something),
        ]
        with m.If(point_there):
            m.d.sync += [row.eq(0), affine_there.eq(0), point_there.eq(0)]
        return m
