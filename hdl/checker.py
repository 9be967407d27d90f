"""Check a proof within the accelerator: a processor whose program comes from the memory."""

from amaranth import *
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.check_shape import (
    PLANE_CYCLES,
    PLANES,
    QUEUE,
    SUM_AFTER,
    SUMS_QUEUE,
    Begin,
    CheckShape,
    Keep,
)
from proofmill.hdl.commands import PLACE, WORD
from proofmill.hdl.fetcher import REQUEST
from proofmill.hdl.inverter import Inverter
from proofmill.hdl.matrices import BURST
from proofmill.hdl.reducing_sum import ReducingSum
from proofmill.hdl.transform import PlanePort
from proofmill.hdl.wide_shape import TERMS

DRAIN = PLANE_CYCLES + 2
"""Cycles after the last word until what it looks at has been seen."""


class Checker(wiring.Component):
    """Run a straight-line program whose results have all to be zero.

    On a multiplier and in planes that are lent, which all hold the same, so that each word reads
    any three registers: words of a cycle, each carried out as it comes from the memory, which begin
    one thing and keep another. ::

        memory ─► values ─────────────────────────────────────► all planes
               └► words ─► a row of each plane ─┬─► 3 terms ═► reducing sum ─► queue ─► all planes
                                                ├─► a, b ═► multiplier ─► queue ─► all planes
                                                └─► a ═► inverter ─► all planes, or zero?

    A word is carried out when it has come, and waits for two things: for the multiplier to have
    taken the last a and b, if it names others; and for what it keeps, if that is under way at all.
    What it keeps the next word reads. So words may be late, and the multiplier take operands now
    and then and give its products when it likes: results depend on the words' order alone, and are
    those of `sim.checker.carried_out`.

    Values lie in rows from 1 on, the inputs' before the key's; row 0 is zero. There is no program
    that it would not come to an end with.

    Parameters
    ----------
    shape : with the number of rows.
    datapath : False leaves out values: the same cycles, and nothing is ever wrong.

    Members
    -------
    start : begin, in; only while `ready`
    program, inputs, key : words of the memory, `hdl.commands.PLACE`, in; to be held from `start`
        on. A value has ``shape.value_words``, the low one first, and counts modulo
        ``2 ** field.bits``.
    ready : nothing is under way, out
    wrong : something that was looked at was not zero, of what was begun last, out
    took : the cycles of that, out
    requests, points : to and from the memory
    slot : the multiplier takes operands in this cycle, in
    planes : see `hdl.transform.PlanePort`; only with a datapath, as are the following
    a, b, multiplying, product : to the multiplier, in a `slot`, and from it, its latency and one
        cycle later
    """

    count_bits = PLACE["count"].width
    """Of what is left of a place, and of its addresses: for proofs, which take fewer."""

    def __init__(self, shape: CheckShape, *, datapath: bool = True):
        self.shape, self.datapath = shape, datapath
        bits = shape.field.register_bits
        super().__init__({
            "start": In(1), "program": In(PLACE), "inputs": In(PLACE), "key": In(PLACE),
            "ready": Out(1), "wrong": Out(1), "took": Out(32),
            "requests": Out(stream.Signature(REQUEST)), "points": In(stream.Signature(WORD)),
            "slot": In(1, init=1),
            **({} if not datapath else {
                "planes": Out(PlanePort(1 << shape.row_bits, bits)).array(PLANES),
                "a": Out(bits), "b": Out(bits), "multiplying": Out(1), "product": In(bits)})})

    def elaborate(self, platform):
        m = Module()
        self.word = Signal(self.shape.instruction)
        self.carrying, self.step = Signal(), Signal()  # there is a word, and it is carried out
        self.owing = Signal()  # a and b are named, and not yet multiplied
        self.flying = {}  # how many were begun and have not come
        self._take(m)
        self._carry_out(m)
        if self.datapath:
            self._compute(m)
        return m

    def _take(self, m):
        """Values, and then words, from the memory."""
        shape, requests, points = self.shape, self.requests, self.points
        at, to_ask, to_come = (Signal(self.count_bits, name=name)
                               for name in ("at", "to_ask", "to_come"))
        self.to_ask, self.to_come = to_ask, to_come
        self.gathered = Signal(shape.value_words * WORD, reset_less=True)
        self.whole, self.row = Signal(), Signal(shape.row_bits)  # a value, and where it goes
        part, left = Signal(range(max(2, shape.value_words))), Signal(range(DRAIN + 1))
        taken, values = Signal(), Signal()
        self.left, self.part = left, part

        def turn_to(place, state):
            m.d.sync += [at.eq(place.address), to_ask.eq(place.count), to_come.eq(place.count),
                         part.eq(0)]
            m.next = state

        m.d.sync += self.whole.eq(0)
        with m.If(self.whole):
            m.d.sync += self.row.eq(self.row + 1)
        with m.FSM() as self.states:
            with m.State("IDLE"):
                with m.If(self.start):
                    # Row 0 is written as if a zero had come.
                    m.d.sync += [self.gathered.eq(0), self.whole.eq(1), self.row.eq(0),
                                 self.took.eq(0)]
                    turn_to(self.inputs, "INPUTS")
            with m.State("INPUTS"):
                m.d.comb += values.eq(1)
                with m.If(to_come == 0):
                    turn_to(self.key, "KEY")
            with m.State("KEY"):
                m.d.comb += values.eq(1)
                with m.If(to_come == 0):
                    turn_to(self.program, "PROGRAM")
            with m.State("PROGRAM"):
                m.d.sync += left.eq(DRAIN)
                with m.If((to_come == 0) & ~self.carrying):
                    m.next = "DRAIN"
            with m.State("DRAIN"):
                with m.If(left != 0):
                    m.d.sync += left.eq(left - 1)
                with m.Elif(~self.owing):
                    m.next = "IDLE"
        m.d.comb += [
            self.ready.eq(self.states.ongoing("IDLE")),
            requests.valid.eq(to_ask != 0), requests.payload.address.eq(at),
            requests.payload.words.eq(Mux(to_ask > BURST, BURST, to_ask)),
            points.ready.eq((to_come != 0) & (values | ~self.carrying | self.step)),
            taken.eq(points.valid & points.ready)]
        with m.If(requests.valid & requests.ready):
            m.d.sync += [at.eq(at + BURST), to_ask.eq(to_ask - requests.payload.words)]
        with m.If(~self.ready):
            m.d.sync += self.took.eq(self.took + 1)
        with m.If(self.step):
            m.d.sync += self.carrying.eq(0)
        with m.If(taken):
            m.d.sync += to_come.eq(to_come - 1)
            with m.If(values):
                last = part == shape.value_words - 1
                m.d.sync += [self.gathered.word_select(part, WORD).eq(points.payload),
                             part.eq(Mux(last, 0, part + 1)), self.whole.eq(last)]
            with m.Else():
                m.d.sync += [self.word.as_value().eq(points.payload), self.carrying.eq(1)]

    def _carry_out(self, m):
        """What a word waits for, what of it goes along with what it reads, and the places of what
        comes of it."""
        word, step, latency = self.word, self.step, self.shape.multiplier.latency
        begins = {kind: Signal(name=f"begins_{kind.name.lower()}") for kind in Begin}
        keeps = {kind: Signal(name=f"keeps_{kind.name.lower()}") for kind in Keep}
        m.d.comb += [*(each.eq(step & (word.begin == kind)) for kind, each in begins.items()),
                     *(each.eq(step & (word.keep == kind)) for kind, each in keeps.items())]
        factor = ((word.begin == Begin.PRODUCT) | (word.begin == Begin.INVERSE)
                  | (word.begin == Begin.LOOK))
        self.giving = Signal()
        self.pending = pending = Signal()  # a and b are there, and not yet multiplied
        self.on_the_way = on_the_way = Signal(latency + 1)
        self.adding = adding = Signal(SUM_AFTER)
        self.arrived, self.summed = on_the_way[-1], adding[-1]
        self.products, no_product = self._waiting(
            m, "product", QUEUE, latency + 2, begins[Begin.PRODUCT], self.arrived,
            keeps[Keep.PRODUCT])
        self.sums, no_sum = self._waiting(
            m, "sum", SUMS_QUEUE, PLANE_CYCLES + SUM_AFTER, begins[Begin.SUM], self.summed,
            keeps[Keep.SUM])
        self.inverter = inverter = Inverter(self.shape.inverter, datapath=self.datapath)
        m.submodules.inverter = ResetInserter(self.start)(inverter)
        self.inverting = inverting = Signal()  # one was begun and not kept
        m.d.comb += [
            step.eq(self.carrying & ~(factor & self.owing & ~self.giving)
                    & ~((word.keep == Keep.PRODUCT) & no_product)
                    & ~((word.keep == Keep.SUM) & no_sum)
                    & ~((word.keep == Keep.INVERSE) & inverting & ~inverter.results.valid)),
            self.giving.eq(pending & self.slot), inverter.results.ready.eq(keeps[Keep.INVERSE])]

        # What is named comes some cycles later, when there is another word.
        self.arrival = arrival = Signal(data.StructLayout({"begin": word.begin.shape(), **{
            f"{part}{n}": word[f"term{n}"][part].shape()
            for n in range(TERMS) for part in ("shift", "negative")}}))
        named = Signal.like(arrival)
        m.d.comb += [named.begin.eq(Mux(step, word.begin, Begin.NOTHING)), *(
            named[f"{part}{n}"].eq(word[f"term{n}"][part])
            for n in range(TERMS) for part in ("shift", "negative"))]
        stages = [named, *(Signal.like(arrival, name=f"named{n}") for n in range(1, PLANE_CYCLES)),
                  arrival]
        self.stages = stages[1:]
        for before, after in zip(stages, stages[1:], strict=False):
            m.d.sync += after.eq(before)
        self.looking = Signal()
        m.d.sync += [
            on_the_way.eq(Cat(self.giving, on_the_way)),
            adding.eq(Cat(arrival.begin == Begin.SUM, adding)),
            self.looking.eq(arrival.begin == Begin.LOOK),
            inverter.operands.valid.eq(arrival.begin == Begin.INVERSE)]
        with m.If(self.giving):
            m.d.sync += [pending.eq(0), self.owing.eq(0)]
        with m.If(begins[Begin.PRODUCT]):
            m.d.sync += self.owing.eq(1)
        with m.If(arrival.begin == Begin.PRODUCT):
            m.d.sync += pending.eq(1)
        with m.If(keeps[Keep.INVERSE]):
            m.d.sync += inverting.eq(0)
        with m.If(begins[Begin.INVERSE]):
            m.d.sync += inverting.eq(1)
        with m.If(self.start):
            m.d.sync += [inverting.eq(0), on_the_way.eq(0)]

    def _waiting(self, m, name, depth, most, begins, comes, leaves):
        """((where in a queue the next one comes, and is taken), whether it has to be waited for),
        of what takes its time: of at most so many at once."""
        put, taken = (Signal(range(depth), name=f"{name}_{end}") for end in ("put", "taken"))
        self.flying[name] = flying = Signal(range(most + 1), name=f"{name}s_flying")
        empty = put == taken
        m.d.sync += flying.eq(flying + begins - comes)
        with m.If(comes):
            m.d.sync += put.eq(put + 1)
        with m.If(leaves & ~empty):
            m.d.sync += taken.eq(taken + 1)
        with m.If(self.start):
            m.d.sync += [flying.eq(0), put.eq(0), taken.eq(0)]
        return (put, taken), empty & (flying != 0)

    def _compute(self, m):
        """Values."""
        shape, word, arrival, planes = self.shape, self.word, self.arrival, self.planes
        bits = shape.field.register_bits
        m.submodules.sum = unit = ReducingSum(shape.field)
        for number, plane in enumerate(planes):
            value = Signal(bits, name=f"value{number}", reset_less=True)
            parts = {f"{part}{number}": Signal.like(arrival[f"{part}{number}"],
                                                    name=f"{part}{number}", reset_less=True)
                     for part in ("shift", "negative")}
            m.d.comb += [plane.row.eq(word[f"term{number}"].row),
                         getattr(unit, f"term{number}").eq(value),
                         *(getattr(unit, name).eq(part) for name, part in parts.items())]
            with m.If(arrival.begin == Begin.SUM):
                m.d.sync += [value.eq(plane.word),
                             *(part.eq(arrival[name]) for name, part in parts.items())]
        a, b = (Signal(bits, name=name, reset_less=True) for name in "ab")
        with m.Switch(arrival.begin):
            with m.Case(Begin.PRODUCT):
                m.d.sync += [a.eq(planes[0].word), b.eq(planes[1].word)]
            with m.Case(Begin.INVERSE, Begin.LOOK):
                m.d.sync += a.eq(planes[0].word)
        product = self._held(m, "products", QUEUE, self.products, self.arrived, self.product)
        total = self._held(m, "sums", SUMS_QUEUE, self.sums, self.summed, unit.total)
        m.d.comb += [self.a.eq(a), self.b.eq(b), self.multiplying.eq(self.giving),
                     self.inverter.operands.payload.eq(a)]

        kept = Signal(bits)
        with m.Switch(word.keep):
            with m.Case(Keep.SUM):
                m.d.comb += kept.eq(total)
            with m.Case(Keep.PRODUCT):
                m.d.comb += kept.eq(product)
            with m.Case(Keep.INVERSE):
                m.d.comb += kept.eq(self.inverter.results.payload.value)
        for plane in planes:
            m.d.comb += [
                plane.enable.eq(self.whole | self.step & (word.keep != Keep.NOTHING)),
                plane.written.eq(Mux(self.whole, self.row, word.kept)),
                plane.value.eq(Mux(self.whole, self.gathered[:shape.field.bits], kept))]
        with m.If(self.start):
            m.d.sync += self.wrong.eq(0)
        with m.Elif(self.looking & (a != 0) & (a != shape.field.modulus)):
            m.d.sync += self.wrong.eq(1)

    def _held(self, m, name, depth, places, comes, value):
        """The value that is taken next of those that came and wait; see `_waiting`."""
        m.submodules[name] = held = memory.Memory(shape=len(value), depth=depth, init=[])
        put, take = held.write_port(), held.read_port(domain="comb")
        m.d.comb += [put.addr.eq(places[0]), put.data.eq(value), put.en.eq(comes),
                     take.addr.eq(places[1])]
        return take.data


def check_port() -> wiring.Signature:
    """What of a `Checker` within an accelerator is told and asked, see there."""
    return wiring.Signature({
        "start": Out(1), "program": Out(PLACE), "inputs": Out(PLACE), "key": Out(PLACE),
        "wrong": In(1), "took": In(32)})


def connect_checker(m, msm, checker, frames, unit, adder):
    """The check, while nothing else is under way, on the adder's first multiplier and in the first
    unit's memory."""
    port = msm.check
    m.d.comb += [
        *(getattr(checker, name).eq(getattr(port, name))
          for name in ("start", "program", "inputs", "key")),
        port.wrong.eq(checker.wrong), port.took.eq(checker.took),
        checker.slot.eq(checker.shape.multiplier.interval == 1)]
    with m.Switch(frames.cycle):
        with m.Case(*frames.slots()):
            m.d.comb += checker.slot.eq(1)
    if adder is None:
        return
    m.d.comb += checker.product.eq(adder.product)
    with m.If(~checker.ready):
        m.d.comb += unit.lending.eq(1)
    for own, plane in zip(checker.planes, unit.planes, strict=True):
        m.d.comb += own.word.eq(plane.word)
        with m.If(~checker.ready):
            m.d.comb += [getattr(plane, name).eq(getattr(own, name))
                         for name in ("row", "written", "enable", "value")]
    with m.If(checker.multiplying):
        m.d.comb += [adder.borrowed.eq(1), adder.borrowed_a.eq(checker.a),
                     adder.borrowed_b.eq(checker.b)]
