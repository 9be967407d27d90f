"""A key's sparse matrices times a witness, both from the memory, beside sums and transforms."""

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.commands import ENTRY, FIRST, PHASES, PLACE, SEGMENT, WORD, Segment
from proofmill.hdl.counters import COUNTER_BITS
from proofmill.hdl.evaluation import Entries, EvaluationShape
from proofmill.hdl.fetcher import REQUEST
from proofmill.hdl.matrices import BURST
from proofmill.hdl.transform import PlanePort
from proofmill.hdl.transform_shape import PLANES, TransformShape
from proofmill.hdl.unit_windows import product

WIRES, NUMBERS, SUMS = range(PLANES)
"""What lies in which plane."""

OUT = PLANES + 1
"""Cycles from a row's being looked up to its canonical sum."""


class Evaluator(wiring.Component):
    """Run a program of segments, `hdl.commands.Segment`, on a multiplier and in planes that are
    lent: a witness' values lie in the first, coefficients in the second, and the third has the sums
    of rows.

    Of a segment the first two words are asked for, once all entries before it are summed up, then
    what follows, in bursts. A program that ends too early or names rows beyond the last result is
    none: then `fault` is 1, and results that are missing are 0, so that as many come as are waited
    for. It reads nothing but its own words and the witness'.

    Parameters
    ----------
    shape : lent; as many wires, numbers and rows as a plane has.
    transform : whose vectors the results are.
    datapath : False leaves out what is computed: the same cycles, and results of 0.

    Members
    -------
    start : begin, in; only while `ready`
    program, witness : words of the memory, `hdl.commands.PLACE`, in; these and the following are to
        be held from `start` on
    power : there are ``2 * 2 ** power`` results, in
    direct : results go to the transform in its planes, a value a cycle; else they are words, in
    ready : nothing is under way, out
    fault : see above, of what was begun last, out
    phases : `hdl.commands.PHASES` of that, out
    results : stream of words, a value's low word first, out
    given, value : a result for the transform, out
    requests, points : to and from the memory
    slot : an entry may be taken, in; every ``shape.interval`` cycles
    planes : see `hdl.transform.PlanePort`; only with a datapath, as are the following
    a, b, multiplying, product : see `hdl.evaluation.Entries`; `TAKEN` cycles after a `slot`
    """

    TAKEN = 1
    """Cycles from a slot to an entry's being looked up."""

    def __init__(self, shape: EvaluationShape, transform: TransformShape, *,
                 datapath: bool = True):
        self.shape, self.transform, self.datapath = shape, transform, datapath
        words = stream.Signature(WORD)
        field = shape.field
        super().__init__({
            "start": In(1), "program": In(PLACE), "witness": In(PLACE),
            "power": In(range(transform.most + 1)), "direct": In(1),
            "ready": Out(1), "fault": Out(1), "phases": Out(COUNTER_BITS).array(len(PHASES)),
            "results": Out(words), "given": Out(1), "value": Out(field.bits),
            "requests": Out(stream.Signature(REQUEST)), "points": In(words),
            "slot": In(1, init=1),
            **({} if not datapath else {
                "planes": Out(PlanePort(1 << shape.row_bits, field.register_bits)).array(PLANES),
                "a": Out(field.bits), "b": Out(field.bits), "multiplying": Out(1),
                "product": In(field.register_bits)})})

    def elaborate(self, platform):
        m = Module()
        shape, size = self.shape, self.transform.value_words
        requests, points = self.requests, self.points
        segment, first = Signal(SEGMENT), Signal(FIRST)
        at, left = Signal(32), Signal(32)            # of the program: the next word, how many more
        ask_at, to_ask, to_come = Signal(32), Signal(32), Signal(32)
        place = Signal(shape.row_bits)               # where what comes goes, or the row to look up
        rest = Signal(32)                            # rows to look up
        missing = Signal(self.transform.most + 2)    # results
        clearing, cleared = Signal(), Signal(shape.row_bits)
        taken, whole = Signal(), Signal()
        part = Signal(range(max(2, size)))
        gathered = Signal(size * WORD, reset_less=True)
        m.submodules.way = way = Entries(shape, datapath=self.datapath)
        entering, entry = Signal(), Signal(ENTRY, reset_less=True)
        m.d.sync += [entering.eq(0), whole.eq(0), entry.eq(points.payload)]
        m.d.comb += [way.valid.eq(entering), way.entry.row.eq(entry.row[:shape.row_bits]),
                     way.entry.wire.eq(entry.wire[:shape.wire_bits]),
                     way.entry.number.eq(entry.number[:shape.number_bits]),
                     taken.eq(points.valid & points.ready)]
        with m.If(whole):
            m.d.sync += place.eq(place + 1)
        with m.If(clearing):
            m.d.sync += [cleared.eq(cleared + 1), clearing.eq(~cleared.all())]

        look = Signal()
        padding, going, self.sending = Signal(), Signal(), Signal(name="sending")
        self._results(m, look, padding, going)
        of_entries = segment.kind == Segment.ENTRIES
        words = Signal(32 + (size - 1).bit_length())
        end = Signal(len(words) + 1)
        m.d.comb += [
            words.eq(Mux(of_entries, segment.count, product(segment.count, size))),
            end.eq(product(first.first + segment.count, size))]
        with m.FSM() as states:
            with m.State("IDLE"):
                with m.If(self.start):
                    m.d.sync += [at.eq(self.program.address), left.eq(self.program.count),
                                 clearing.eq(1), missing.eq(2 << self.power), self.fault.eq(0)]
                    m.next = "HEAD"
            with m.State("HEAD"):
                m.d.comb += [requests.payload.address.eq(at), requests.payload.words.eq(2)]
                with m.If(~way.under_way):
                    with m.If(left < 2):
                        m.d.sync += self.fault.eq((left != 0) | (missing != 0))
                        m.next = "PAD"
                    with m.Else():
                        m.d.comb += requests.valid.eq(1)
                        with m.If(requests.ready):
                            m.d.sync += [at.eq(at + 2), left.eq(left - 2)]
                            m.next = "SEGMENT"
            for name, word, following in (("SEGMENT", segment, "FIRST"),
                                          ("FIRST", first, "DECODE")):
                with m.State(name):
                    m.d.comb += points.ready.eq(1)
                    with m.If(points.valid):
                        m.d.sync += word.as_value().eq(points.payload)
                        m.next = following
            with m.State("DECODE"):
                m.d.sync += [place.eq(segment.at), part.eq(0), rest.eq(segment.count),
                             ask_at.eq(at), to_ask.eq(words), to_come.eq(words)]
                m.next = "FAULT"
                with m.Switch(segment.kind):
                    with m.Case(Segment.NUMBERS, Segment.ENTRIES):
                        with m.If((words <= left) & ~(of_entries & segment.count[0])):
                            m.d.sync += [at.eq(at + words), left.eq(left - words)]
                            m.next = "TAKE"
                    with m.Case(Segment.WIRES):
                        m.d.sync += ask_at.eq(self.witness.address + product(first.first, size))
                        with m.If(end <= self.witness.count):
                            m.next = "TAKE"
                    with m.Case(Segment.ROWS):
                        with m.If(segment.count <= missing):
                            m.next = "ROWS"
            with m.State("TAKE"):
                m.d.comb += [
                    requests.valid.eq(to_ask != 0), requests.payload.address.eq(ask_at),
                    requests.payload.words.eq(Mux(to_ask > BURST, BURST, to_ask)),
                    points.ready.eq((to_come != 0) & (~of_entries | (self.slot & ~clearing)))]
                with m.If(requests.valid & requests.ready):
                    m.d.sync += [ask_at.eq(ask_at + BURST),
                                 to_ask.eq(to_ask - requests.payload.words)]
                with m.If(taken):
                    m.d.sync += [to_come.eq(to_come - 1), entering.eq(of_entries),
                                 gathered.word_select(part, WORD).eq(points.payload),
                                 part.eq(Mux(part == size - 1, 0, part + 1)),
                                 whole.eq(~of_entries & (part == size - 1))]
                with m.If((to_come == 0) | (taken & (to_come == 1))):
                    m.next = "HEAD"
            with m.State("ROWS"):
                with m.If(rest == 0):
                    with m.If(~going):
                        m.next = "HEAD"
                with m.Elif(~clearing):
                    m.d.comb += look.eq(self.direct | ~going)
            with m.State("FAULT"):
                m.d.sync += self.fault.eq(1)
                m.next = "PAD"
            with m.State("PAD"):
                m.d.comb += padding.eq(1)
                with m.If(missing != 0):
                    m.d.comb += look.eq(~clearing & (self.direct | ~going))
                with m.Elif(~going & ~self.sending):
                    m.next = "IDLE"
        with m.If(look):
            m.d.sync += [place.eq(place + 1), rest.eq(rest - 1), missing.eq(missing - 1)]
        m.d.comb += self.ready.eq(states.ongoing("IDLE"))
        self._count(m, states, of_entries, way)
        if self.datapath:
            self._planes(m, way, look, place, gathered, whole, segment, clearing, cleared)
        return m

    def _results(self, m, look, padding, going):
        """From rows that are looked up to their values, in words or direct; `going` as long as no
        other row is to be looked up for words, or is on its way to the transform."""
        shape, size = self.shape, self.transform.value_words
        ages = [look]
        for age in range(1, OUT + 1):
            ages.append(Signal(name=f"looked{age}"))
            m.d.sync += ages[-1].eq(ages[-2])
        value = Signal(shape.field.bits, reset_less=True)
        if self.datapath:
            less = Signal(shape.field.register_bits + 1)  # the top bit is the borrow
            found = self.planes[SUMS].word
            m.d.comb += less.eq(found - shape.field.modulus)
            with m.If(ages[OUT - 1]):
                m.d.sync += value.eq(Mux(padding, 0, Mux(less[-1], found, less)))
        held, words, left = (Signal(), Signal(size * WORD, reset_less=True),
                             Signal(range(size + 1)))
        there = held | ages[OUT]
        out = Signal()
        m.d.comb += [
            self.results.valid.eq(left != 0), self.results.payload.eq(words),
            out.eq(~self.direct & there & ((left == 0) | (left == 1) & self.results.ready)),
            self.given.eq(self.direct & ages[OUT]), self.value.eq(value),
            going.eq(Mux(self.direct, Cat(ages[1:]).any(), Cat(*ages[1:], held).any() & ~out)),
            self.sending.eq(left != 0)]
        m.d.sync += held.eq(~self.direct & there & ~out)
        with m.If(self.results.valid & self.results.ready):
            m.d.sync += [words.eq(words >> WORD), left.eq(left - 1)]
        with m.If(out):
            m.d.sync += [words.eq(value), left.eq(size)]

    def _count(self, m, states, of_entries, way):
        """The cycles of each phase."""
        given = states.ongoing("ROWS") | states.ongoing("PAD")
        summing = (states.ongoing("TAKE") & of_entries) | way.under_way
        for number, now in enumerate((~self.ready & ~summing & ~given, summing, given)):
            with m.If(now):
                m.d.sync += self.phases[number].eq(self.phases[number] + 1)
            with m.If(self.start):
                m.d.sync += self.phases[number].eq(0)

    def _planes(self, m, way, look, place, gathered, whole, segment, clearing, cleared):
        """What is read and written, and operands."""
        shape, (wires, numbers, sums) = self.shape, self.planes
        looked, last = Signal(), Signal.like(place)
        m.d.sync += [looked.eq(look & ~self.direct), last.eq(place)]
        m.d.comb += [
            wires.row.eq(way.wire), numbers.row.eq(way.number), way.value.eq(wires.word),
            way.coefficient.eq(numbers.word), sums.row.eq(Mux(look, place, way.row)),
            way.sum.eq(sums.word), self.a.eq(way.a), self.b.eq(way.b),
            self.multiplying.eq(way.multiplying), way.product.eq(self.product)]
        for plane, kind in ((wires, Segment.WIRES), (numbers, Segment.NUMBERS)):
            m.d.comb += [plane.written.eq(place), plane.value.eq(gathered[:shape.field.bits]),
                         plane.enable.eq(whole & (segment.kind == kind))]
        m.d.comb += [
            sums.enable.eq(way.enable | clearing | looked),
            sums.written.eq(Mux(clearing, cleared, Mux(looked, last, way.written))),
            sums.value.eq(Mux(clearing | looked, 0, way.total))]


def evaluation_port() -> wiring.Signature:
    """What of an `Evaluator` within an accelerator is told and asked, see there."""
    return wiring.Signature({
        "start": Out(1), "program": Out(PLACE), "witness": Out(PLACE), "fault": In(1),
        "phases": In(COUNTER_BITS).array(len(PHASES)), "results": In(stream.Signature(WORD))})


def connect_evaluator(m, msm, evaluator, transforms, tiles, frames, unit, adder):
    """Evaluation, while no sum is under way, on the adder's first multiplier and in the first
    unit's memory; `msm` is told where results go, by whether a transform is begun with it."""
    port, shape = msm.evaluation, evaluator.shape
    onward, to_tiles = Signal(), Signal()
    with m.If(port.start):
        m.d.sync += onward.eq(msm.transform)
    m.d.comb += [
        *(getattr(evaluator, name).eq(getattr(port, name))
          for name in ("start", "program", "witness")),
        port.fault.eq(evaluator.fault), evaluator.power.eq(msm.power),
        *(ours.eq(theirs) for ours, theirs in zip(port.phases, evaluator.phases, strict=True)),
        evaluator.direct.eq(onward & (msm.power <= transforms.shape.power)),
        transforms.given.eq(evaluator.given), transforms.value.eq(evaluator.value),
        to_tiles.eq(onward & ~evaluator.ready),
        port.results.payload.eq(evaluator.results.payload),
        port.results.valid.eq(evaluator.results.valid & ~to_tiles),
        evaluator.results.ready.eq(Mux(to_tiles, tiles.words.ready, port.results.ready))]
    if tiles.port_words > 1:
        with m.If(tiles.given):
            m.d.comb += [transforms.given.eq(1), transforms.value.eq(tiles.value)]
    with m.If(to_tiles):
        m.d.comb += [tiles.words.valid.eq(evaluator.results.valid),
                     tiles.words.payload.eq(evaluator.results.payload)]
    m.d.comb += evaluator.slot.eq(shape.interval == 1)
    with m.Switch(frames.cycle):
        with m.Case(*frames.slots(-(evaluator.TAKEN + shape.operands))):
            m.d.comb += evaluator.slot.eq(1)
    if adder is None:
        return
    m.d.comb += evaluator.product.eq(adder.product)
    with m.If(~evaluator.ready):
        m.d.comb += unit.lending.eq(1)
    for own, plane in zip(evaluator.planes, unit.planes, strict=True):
        m.d.comb += own.word.eq(plane.word)
        with m.If(~evaluator.ready):
            m.d.comb += plane.row.eq(own.row)
        with m.If(own.enable):
            m.d.comb += [plane.written.eq(own.written), plane.value.eq(own.value),
                         plane.enable.eq(1)]
    with m.If(evaluator.multiplying):
        m.d.comb += [adder.borrowed.eq(1), adder.borrowed_second.eq(1),
                     adder.borrowed_a.eq(evaluator.a), adder.borrowed_b.eq(evaluator.b)]
