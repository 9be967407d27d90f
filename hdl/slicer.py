"""Scalars come in, word by word, and go on as slices, each with the copy of the point it is for."""

from amaranth import *
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from proofmill.hdl.commands import CODE_BITS, CODE_WORDS, CODES, NUMBER, WORD
from proofmill.hdl.unit_windows import product
from proofmill.hdl.windows import BASE_BITS, WIDTHS

SLICE = data.StructLayout({
    "scalar": NUMBER, "highest": exact_log2(NUMBER), "begin": exact_log2(NUMBER), "final": 1})
"""A slice of a scalar: its windows begin at bit `begin`.

`scalar` is all of it, plus the bias of `hdl.windows`. `highest` is the highest bit in which that
differs from the bias: so a digit that is not zero holds it, and all above are zero. The slice is
the scalar's last, of the bits that there are, if it is `final`.
"""

POINT = data.StructLayout({"address": 32, "slice": SLICE})
"""A slice and the word at which the copy of the point begins that it is for."""


class Step(enum.Enum, shape=3):
    """What the slicer does."""

    REST = 0
    CODES = 1    # a word of codes is taken
    NEXT = 2     # the next point's code is looked at
    TAKE = 3     # a word of the scalar, or a zero for one that was not sent, gets its bias
    SETTLE = 4   # the highest bit of the last word is found
    SLICES = 5   # the slices are handed on


class Slicer(wiring.Component):
    """Cut scalars into slices; leave out zeros, and slices above the scalar's highest digit.

    ::

        words ─► code: how many words ─► + bias ─► scalar ─┬─► slice, address of the copy
                   0: no point                             └─► ...

    Codes and words lie on the link as `hdl.commands.CODES` says. A zero is passed over in a cycle;
    another scalar takes 7 cycles, and one for each slice, of which the reader takes one a cycle at
    the most. No copy is asked for beyond `copies`, however long the scalar is.

    Where digits may be to any base (`base`), what comes is not the scalar but a fraction: so many
    times 2 ** -256. Times the base, its whole part is the first digit with a bias of half the base,
    and what is left goes on::

        word ─► * base ─► + carry ─┬─► word, in the same place a turn later
                                   └─► carry; that of the highest word is the digit

    A word goes through in a cycle, so there is a digit every four, and 5 cycles more for a scalar;
    of a digit that is zero no slice is made.

    Parameters
    ----------
    any_base : digits may be to any base.

    Members
    -------
    start : begin, with so many points, in
    count, bias, stride, copies, address, point_words, copy_words : see `hdl.commands`, in
    words : stream of words, in
    points : stream of `POINT`, out
    skipped : a scalar was zero, out
    done : no slice is left, out
    based : digits are to the base that `bias` is, in; only with `any_base`, as the next
    window : bits of a digit, of which a slice has one, so that the base is below 2 ** window, in

    Attributes
    ----------
    step : what it does, for a proof to look at
    """

    def __init__(self, *, any_base: bool = False):
        self.any_base = any_base
        super().__init__({
            **({"based": In(1), "window": In(WIDTHS)} if any_base else {}),
            "start": In(1), "count": In(32), "bias": In(NUMBER), "stride": In(16),
            "copies": In(16), "address": In(32), "point_words": In(16), "copy_words": In(16),
            "words": In(stream.Signature(WORD)), "points": Out(stream.Signature(POINT)),
            "skipped": Out(1), "done": Out(1)})
        self.step = Signal(Step)

    def elaborate(self, platform):
        m = Module()
        step, words, points = self.step, self.words, self.points
        left = Signal(32)
        codes = Signal(WORD)
        code_number = Signal(range(CODES))
        here = Signal(32)     # where the point begins
        address = Signal(32)  # ... and the copy at hand
        wanted = Signal(range(max(CODE_WORDS) + 1))
        m.d.comb += self.done.eq(step == Step.REST)

        def to_the_next_point():
            m.d.sync += [
                left.eq(left - 1), here.eq(here + self.point_words), codes.eq(codes >> CODE_BITS),
                code_number.eq(code_number + 1),
                step.eq(Mux(code_number == CODES - 1, Step.CODES, Step.NEXT)),
            ]
            with m.If(left == 1):
                m.d.sync += step.eq(Step.REST)

        # A word and its bias, and a cycle later the highest bit in which the two differ.
        number = Signal(range(4))
        scalar = Signal(NUMBER, reset_less=True)
        carry = Signal()
        bias = Signal(WORD)
        biased = Signal(WORD + 1)
        sent = Signal()
        differs = Signal(WORD)
        differs_number = Signal.like(number)
        highest = Signal(exact_log2(NUMBER))
        something = Signal()
        m.d.comb += [
            sent.eq(number < wanted), bias.eq(self.bias.word_select(number, WORD)),
            biased.eq(Mux(sent, words.payload, 0) + bias + carry),
        ]
        m.d.sync += differs.eq(0)
        for bit in range(WORD):  # the last that is set decides
            with m.If(differs[bit]):
                m.d.sync += [highest.eq(Cat(C(bit, exact_log2(WORD)), differs_number)),
                             something.eq(1)]

        copy = Signal(16)
        over = Signal()  # the last copy that there is has had its slice
        begin = Signal(exact_log2(NUMBER) + 2)
        m.d.comb += [
            points.payload.address.eq(address),
            points.payload.slice.scalar.eq(scalar), points.payload.slice.highest.eq(highest),
            points.payload.slice.begin.eq(begin[:exact_log2(NUMBER)]),
            points.payload.slice.final.eq(copy + 1 == self.copies),
        ]
        def slices():
            m.d.comb += points.valid.eq(something & ~over & (begin <= highest))
            with m.If(points.valid & points.ready):
                m.d.sync += [begin.eq(begin + self.stride), copy.eq(copy + 1),
                             over.eq(points.payload.slice.final),
                             address.eq(address + self.copy_words)]
            with m.If(~points.valid):
                m.d.comb += self.skipped.eq(~something)
                to_the_next_point()

        with m.Switch(step):
            with m.Case(Step.REST):
                with m.If(self.start & (self.count != 0)):
                    m.d.sync += step.eq(Step.CODES)
            with m.Case(Step.CODES):
                m.d.comb += words.ready.eq(1)
                m.d.sync += codes.eq(words.payload)
                with m.If(words.valid):
                    m.d.sync += step.eq(Step.NEXT)
            with m.Case(Step.NEXT):
                with m.Switch(codes[:CODE_BITS]):
                    for code, count in enumerate(CODE_WORDS):
                        with m.Case(code):
                            m.d.sync += wanted.eq(count)
                            if count:
                                m.d.sync += step.eq(Step.TAKE)
                            else:
                                m.d.comb += self.skipped.eq(1)
                                to_the_next_point()
                m.d.sync += [carry.eq(0), number.eq(0), copy.eq(0), begin.eq(0), something.eq(0),
                             over.eq(0), address.eq(here)]
            with m.Case(Step.TAKE):
                m.d.comb += words.ready.eq(sent)
                with m.If(words.valid | ~sent):
                    m.d.sync += [
                        scalar.eq(Cat(scalar[WORD:], biased[:WORD])), carry.eq(biased[WORD]),
                        differs.eq(biased[:WORD] ^ bias), differs_number.eq(number),
                        number.eq(number + 1),
                    ]
                    with m.If(number == 3):
                        m.d.sync += step.eq(Step.SETTLE)
            with m.Case(Step.SETTLE):
                m.d.sync += step.eq(Step.SLICES)
            with m.Case(Step.SLICES):
                if self.any_base:
                    with m.If(~self.based):
                        slices()
                else:
                    slices()
        if self.any_base:
            taken = (step == Step.TAKE) & (words.valid | ~sent) & (number == 3)
            self._to_a_base(m, scalar, bias, taken, address, copy, to_the_next_point)
        with m.If(self.start):
            m.d.sync += [left.eq(self.count), here.eq(self.address), code_number.eq(0)]
        return m

    def _to_a_base(self, m, scalar, bias, taken, address, copy, to_the_next_point):
        """Digits of a fraction; its last word is `taken`, while its first one is multiplied."""
        points, base = self.points, self.bias[:BASE_BITS]
        made = Signal()  # a digit, which may be zero, of the point at `place`
        digit, place = Signal(BASE_BITS), Signal(32)
        word = Signal(WORD + BASE_BITS, reset_less=True)  # times the base
        carry, turn = Signal(BASE_BITS), Signal(2)
        total, on = Signal(WORD + BASE_BITS), Signal()
        half, middle = Signal(BASE_BITS), Signal(BASE_BITS)
        valid = Signal()
        m.d.sync += [half.eq(base >> 1), middle.eq((C(1, BASE_BITS) << self.window >> 1) - half)]
        m.d.comb += [
            total.eq(word + carry), valid.eq(made & (digit != half)),
            on.eq(self.based & ((self.step == Step.SETTLE) | (self.step == Step.SLICES))
                  & ~((turn == 0) & made))]
        with m.If(self.based):
            m.d.comb += [
                bias.eq(0), self.done.eq((self.step == Step.REST) & ~made),
                points.valid.eq(valid), points.payload.address.eq(place),
                points.payload.slice.scalar.eq(digit + middle), points.payload.slice.highest.eq(0),
                points.payload.slice.begin.eq(0), points.payload.slice.final.eq(0)]
            with m.If(~valid | points.ready):
                m.d.sync += made.eq(0)
        with m.If(taken | on):
            m.d.sync += [word.eq(product(scalar.word_select(1, WORD), base)), turn.eq(turn + 1)]
        with m.If(taken):
            m.d.sync += [carry.eq(0), turn.eq(1)]
        with m.If(on):
            m.d.sync += [scalar.eq(Cat(scalar[WORD:], total[:WORD])), carry.eq(total[WORD:])]
            with m.If(turn == 0):
                m.d.sync += [carry.eq(0), made.eq(1), digit.eq(total[WORD:]), place.eq(address),
                             address.eq(address + self.copy_words), copy.eq(copy + 1)]
                with m.If(copy + 1 == self.copies):
                    to_the_next_point()
