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
    words come in as many. Over a port of two words it takes half as many, and a cycle for every
    part of z that is written.

    Parameters
    ----------
    shape : the adder.
    unit : z of a point by group, a tuple of its parts.
    soon : the last word of the next point's first coordinate is taken while the last part of z is
        written, and not only after it: so one of G2 takes a cycle a word.
    port_words : words that come in a cycle, 1 or 2.
    other : another z by group, which points may have that are not affine; None: none have.

    Members
    -------
    group : which group, in
    affine : z is not written, in; only with `soon`
    as_other : points have the other z, in; only where there is one
    enable : there is room for a point, in
    points : stream of `port_words` words, the first lowest, in
    slice : of the point that is coming, in
    load : the point and its slice, see `Load`, out
    loaded : a point has come, out
    skipped : ... and was zero, out
    """

    def __init__(self, shape: AdderShape, unit, *, soon: bool = False, port_words: int = 1,
                 other=None):
        self.shape, self.unit, self.soon, self.port_words = shape, unit, soon, port_words
        self.other = other
        super().__init__({
            "group": In(range(max(2, len(shape.groups)))), "enable": In(1),
            "points": In(stream.Signature(WORD * port_words)), "slice": In(SLICE),
            **({"affine": In(1)} if soon else {}),
            **({} if other is None else {"as_other": In(1)}),
            "load": Out(Load(shape.curve.words)),
            "loaded": Out(1), "skipped": Out(1)})

    def elaborate(self, platform):
        m = Module()
        shape, load = self.shape, self.load
        last_row = Signal(3)  # of an affine point; the group does not change meanwhile
        for index, group in enumerate(shape.groups):
            with m.If(self.group == index):
                m.d.sync += last_row.eq(2 * group.degree - 1)

        # What comes in a cycle, a word or two, is a part of a coordinate; parts are counted.
        bits, size = WORD * self.port_words, WORD * shape.curve.words
        parts, modulus = size // bits, shape.curve.base.modulus

        def after(part: Signal):
            """The number of the part after this one, of a coordinate."""
            return (part + 1 if parts & (parts - 1) == 0
                    else Mux(part == parts - 1, 0, part + 1))

        point_words = Signal(range(parts))
        row = Signal(3)
        # A part of a point that has come, and how many have: what hundreds of registers do with
        # one does not hang on whether it has just been offered.
        word = Signal(bits, reset_less=True)
        came = Signal()
        came_words = Signal(range(parts))
        m.d.sync += [word.eq(self.points.payload), came.eq(self.points.valid & self.points.ready)]
        with m.If(self.points.valid & self.points.ready):
            m.d.sync += came_words.eq(after(came_words))
        gathered, negated = (Signal(size - bits, reset_less=True, name=name)
                             for name in ("gathered", "negated"))
        borrow = Signal()
        difference = Signal(bits + 1)  # of the modulus and the part at hand
        m.d.comb += difference.eq(
            Const(modulus, size).word_select(point_words, bits) - word - borrow)
        # A part of the point coming in was not zero; one of the point that has come was not.
        something = Signal()
        point_something = Signal()
        affine_there = Signal()  # x and y have come; z, a constant, is written after them
        point_there = Signal()   # z has been written too
        working = Signal()       # there is room, told a cycle late
        m.d.comb += [
            # The next point's parts come in meanwhile, up to the one that completes a coordinate.
            self.points.ready.eq(working & ~(
                (affine_there & ~point_there if self.soon else affine_there)
                & (came_words == parts - 1))),
        ]
        m.d.sync += [
            working.eq(self.enable), load.write.eq(0), load.row.eq(row),
            load.negative.eq(Cat(negated, difference[:bits])),
            load.coordinate.eq(Cat(gathered, word)),
        ]
        with m.If(came):
            m.d.sync += [
                gathered.eq(Cat(gathered[bits:], word)),
                negated.eq(Cat(negated[bits:], difference[:bits])),
                borrow.eq(difference[bits] & (point_words != parts - 1)),
                point_words.eq(after(point_words)),
                something.eq(something | word.any()),
            ]
            with m.If(point_words == parts - 1):
                m.d.sync += [load.write.eq(1), row.eq(row + 1)]
                with m.If(row == last_row):
                    m.d.sync += [affine_there.eq(1), something.eq(0),
                                 point_something.eq(something | word.any())]
                    if self.soon:
                        m.d.sync += point_there.eq(self.affine)
        # The constant z, one row a cycle.
        with m.If(affine_there):
            for index, group in enumerate(shape.groups):
                constants = self.unit[group]
                with m.If(self.group == index):
                    # The parts of z have even rows and odd ones.
                    m.d.sync += load.coordinate.eq(Mux(row[0], constants[-1], constants[0]))
                    if self.other is not None:
                        constants = self.other[group]
                        with m.If(self.as_other):
                            m.d.sync += load.coordinate.eq(
                                Mux(row[0], constants[-1], constants[0]))
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
