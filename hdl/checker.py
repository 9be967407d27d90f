"""Check a proof within the accelerator: a wide processor whose program comes from the memory."""

from amaranth import *
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.check_shape import BANKS, PLANE_CYCLES, PORTS, QUEUE, WORDS, CheckShape
from proofmill.hdl.commands import PLACE, WORD
from proofmill.hdl.fetcher import REQUEST
from proofmill.hdl.inverter import Inverter
from proofmill.hdl.matrices import BURST
from proofmill.hdl.reducing_sum import ReducingSum
from proofmill.hdl.transform import PlanePort
from proofmill.hdl.wide_shape import GIVEN, PRODUCTS, TERMS

SUMS = PRODUCTS + 1
"""The plane of sums."""

SUM_AFTER = 3
"""Cycles from the one in which a sum's last term comes to the one in which the sum is there."""

DRAIN = 2 * len(PORTS)
"""Cycles after the last word until what it sends has been looked at."""


class Checker(wiring.Component):
    """Run a straight-line program whose results have all to be zero.

    It does what `hdl.wide_processor.WideProcessor` does with one adder, on a multiplier and in
    planes that are lent, a register a cycle: words of five cycles, which are carried out as they
    come from the memory. ::

        memory ─► values ─► plane of what is given ─┐
               └► words ─► a row a cycle, of all planes ─┬─► 3 terms ═► reducing sum ─► plane
                                                         ├─► a, b ═► multiplier ─► queue ─► plane
                                                         └─► a ═► inverter ─► plane, or zero?

    A word begins when the one before is over and it has come. It names a and b only when the last
    ones have gone to the multiplier, and ends when the product that it keeps has come, if one is
    under way at all: so words may be late, and the multiplier take operands now and then, and
    results are those of `sim.wide_processor`. Inverses come when they come, which is before the
    first word that reads them.

    Values lie in rows from 1 on, the inputs' before the key's; row 0 is zero. There is no program
    that it would not come to an end with.

    Parameters
    ----------
    shape : with a plane's rows.
    datapath : False leaves out values: the same cycles, and nothing is ever wrong.

    Members
    -------
    start : begin, in; only while `ready`
    program, inputs, key : words of the memory, `hdl.commands.PLACE`, in; to be held from `start`
        on. A value has ``shape.value_words``, the low one first, and counts modulo
        ``2 ** field.bits``.
    ready : nothing is under way, out
    wrong : something that was sent was not zero, of what was begun last, out
    took : the cycles of that, out
    requests, points : to and from the memory
    slot : the multiplier takes operands in this cycle, in
    planes : see `hdl.transform.PlanePort`; only with a datapath, as are the following
    a, b, multiplying, product : to the multiplier, in a `slot`, and from it, its latency and one
        cycle later
    """

    def __init__(self, shape: CheckShape, *, datapath: bool = True):
        self.shape, self.datapath = shape, datapath
        bits = shape.field.register_bits
        super().__init__({
            "start": In(1), "program": In(PLACE), "inputs": In(PLACE), "key": In(PLACE),
            "ready": Out(1), "wrong": Out(1), "took": Out(32),
            "requests": Out(stream.Signature(REQUEST)), "points": In(stream.Signature(WORD)),
            "slot": In(1, init=1),
            **({} if not datapath else {
                "planes": Out(PlanePort(1 << shape.row_bits, bits)).array(BANKS),
                "a": Out(bits), "b": Out(bits), "multiplying": Out(1), "product": In(bits)})})

    def elaborate(self, platform):
        m = Module()
        shape = self.shape
        self.word = Signal(shape.instruction)
        self.carrying, self.advance = Signal(), Signal()
        self.turn = Signal(range(len(PORTS)))
        self.arrival = Signal(data.StructLayout({
            "there": 1, "turn": self.turn.shape(), "bank": self.word.a.bank.shape(),
            "shift": self.word.term0.shift.shape(), "negative": 1, "multiply": 1, "invert": 1,
            "send": 1}))
        self._take(m)
        self._carry_out(m)
        if self.datapath:
            self._compute(m)
        return m

    def _take(self, m):
        """Values, and then words, from the memory."""
        shape, requests, points = self.shape, self.requests, self.points
        at, to_ask, to_come = (Signal(32, name=name) for name in ("at", "to_ask", "to_come"))
        self.gathered = Signal(shape.value_words * WORD, reset_less=True)
        self.whole, self.row = Signal(), Signal(shape.row_bits)  # a value, and where it goes
        part, left = Signal(range(max(2, shape.value_words))), Signal(range(DRAIN + 1))
        following, half, there = Signal(WORDS * WORD, reset_less=True), Signal(), Signal()
        begins, taken, values = Signal(), Signal(), Signal()

        def turn_to(place, state):
            m.d.sync += [at.eq(place.address), to_ask.eq(place.count), to_come.eq(place.count),
                         part.eq(0)]
            m.next = state

        m.d.sync += self.whole.eq(0)
        with m.If(self.whole):
            m.d.sync += self.row.eq(self.row + 1)
        with m.FSM() as states:
            with m.State("IDLE"):
                with m.If(self.start):
                    # Row 0 is written as if a zero had come.
                    m.d.sync += [self.gathered.eq(0), self.whole.eq(1), self.row.eq(0),
                                 half.eq(0), there.eq(0), self.took.eq(0)]
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
                with m.If((to_come == 0) & ~there & ~self.carrying):
                    m.next = "DRAIN"
            with m.State("DRAIN"):
                m.d.sync += left.eq(left - 1)
                with m.If(left == 0):
                    m.next = "IDLE"
        m.d.comb += [
            self.ready.eq(states.ongoing("IDLE")),
            requests.valid.eq(to_ask != 0), requests.payload.address.eq(at),
            requests.payload.words.eq(Mux(to_ask > BURST, BURST, to_ask)),
            points.ready.eq((to_come != 0) & (values | ~there | begins)),
            taken.eq(points.valid & points.ready),
            begins.eq(there & (~self.carrying | self.advance))]
        with m.If(requests.valid & requests.ready):
            m.d.sync += [at.eq(at + BURST), to_ask.eq(to_ask - requests.payload.words)]
        with m.If(~self.ready):
            m.d.sync += self.took.eq(self.took + 1)
        with m.If(self.advance | begins):
            m.d.sync += [self.carrying.eq(begins), self.turn.eq(0)]
        with m.If(begins):
            m.d.sync += [self.word.as_value().eq(following), there.eq(0)]
        with m.If(taken):
            m.d.sync += to_come.eq(to_come - 1)
            with m.If(values):
                last = part == shape.value_words - 1
                m.d.sync += [self.gathered.word_select(part, WORD).eq(points.payload),
                             part.eq(Mux(last, 0, part + 1)), self.whole.eq(last)]
            with m.Else():
                m.d.sync += [following.word_select(half, WORD).eq(points.payload),
                             half.eq(~half)]
                with m.If(half):
                    m.d.sync += there.eq(1)

    def _carry_out(self, m):
        """The turns of a word, what of it is told to what comes of it, and the multiplier's and the
        queue's places."""
        word, turn, arrival = self.word, self.turn, self.arrival
        latency = self.shape.multiplier.latency
        step = Signal()
        owing, pending = Signal(), Signal()  # a and b are named, are there, and not yet multiplied
        self.giving = giving = Signal()
        on_the_way = Signal(latency + 1)
        flying = Signal(range(QUEUE + latency + 2))  # products that were begun and have not come
        self.put, self.taken_out = (Signal(range(QUEUE), name=name) for name in ("put", "taken"))
        self.arrived, self.keeps = Signal(), Signal()
        uses = word.multiply | word.invert | word.send
        last = len(PORTS) - 1
        empty = self.put == self.taken_out
        m.d.comb += [
            step.eq(self.carrying & ~((turn == PORTS.index("a")) & uses & owing & ~giving)
                    & ~((turn == last) & (word.product != 0) & empty & (flying != 0))),
            self.advance.eq(step & (turn == last)), giving.eq(pending & self.slot),
            self.arrived.eq(on_the_way[-1]), self.keeps.eq(self.advance & (word.product != 0))]
        with m.If(step & (turn != last)):
            m.d.sync += turn.eq(turn + 1)
        begun = self.advance & word.multiply
        m.d.sync += [on_the_way.eq(Cat(giving, on_the_way)),
                     flying.eq(flying + begun - self.arrived)]
        with m.If(giving):
            m.d.sync += [pending.eq(0), owing.eq(0)]
        with m.If(begun):
            m.d.sync += owing.eq(1)
        with m.If(arrival.there & arrival.multiply & (arrival.turn == last)):
            m.d.sync += pending.eq(1)
        with m.If(self.arrived):
            m.d.sync += self.put.eq(self.put + 1)
        with m.If(self.keeps & ~empty):
            m.d.sync += self.taken_out.eq(self.taken_out + 1)

        # What is named comes some cycles later, when the word may be another.
        named = Signal.like(arrival)
        self.named_row = Signal(self.shape.row_bits)
        m.d.comb += [named.there.eq(step), named.turn.eq(turn), *(
            named[name].eq(word[name]) for name in ("multiply", "invert", "send"))]
        with m.Switch(turn):
            for number, port in enumerate(PORTS):
                with m.Case(number):
                    m.d.comb += [self.named_row.eq(word[port].row), named.bank.eq(word[port].bank)]
                    if number < TERMS:
                        m.d.comb += [named.shift.eq(word[port].shift),
                                     named.negative.eq(word[port].negative)]
        stages = [named, *(Signal.like(arrival, name=f"named{n}") for n in range(1, PLANE_CYCLES)),
                  arrival]
        for before, after in zip(stages, stages[1:], strict=False):
            m.d.sync += after.eq(before)

        # Inverses, one at a time.
        came = arrival.there & (arrival.turn == PORTS.index("a"))
        self.into = Signal(self.shape.row_bits)
        with m.If(step & (turn == PORTS.index("a")) & word.invert):
            m.d.sync += self.into.eq(word.b.row)
        self.inverter = inverter = Inverter(self.shape.inverter, datapath=self.datapath)
        m.submodules.inverter = ResetInserter(self.start)(inverter)
        m.d.sync += inverter.operands.valid.eq(came & arrival.invert)
        m.d.comb += inverter.results.ready.eq(1)
        self.sent = Signal()
        m.d.sync += self.sent.eq(came & arrival.send)
        with m.If(self.start):
            m.d.sync += [*(each.eq(0) for each in (
                pending, owing, on_the_way, flying, self.put, self.taken_out))]

    def _compute(self, m):
        """Values."""
        shape, arrival, planes = self.shape, self.arrival, self.planes
        bits = shape.field.register_bits
        value = Signal(bits)
        m.d.comb += [plane.row.eq(self.named_row) for plane in planes]
        with m.Switch(arrival.bank):
            for bank, plane in enumerate(planes):
                with m.Case(bank):
                    m.d.comb += value.eq(plane.word)
        m.submodules.sum = unit = ReducingSum(shape.field)
        terms = [Signal(data.StructLayout({
            "value": bits, "shift": arrival.shift.shape(), "negative": 1}),
                        name=f"term{n}", reset_less=True) for n in range(TERMS)]
        a, b = (Signal(bits, name=name, reset_less=True) for name in "ab")
        with m.If(arrival.there):
            with m.Switch(arrival.turn):
                for number, term in enumerate(terms):
                    with m.Case(number):
                        m.d.sync += [term.value.eq(value), term.shift.eq(arrival.shift),
                                     term.negative.eq(arrival.negative)]
                with m.Case(PORTS.index("a")):
                    with m.If(arrival.multiply | arrival.invert | arrival.send):
                        m.d.sync += a.eq(value)
                with m.Case(PORTS.index("b")):
                    with m.If(arrival.multiply):
                        m.d.sync += b.eq(value)
        for number, term in enumerate(terms):
            m.d.comb += [getattr(unit, f"term{number}").eq(term.value),
                         getattr(unit, f"shift{number}").eq(term.shift),
                         getattr(unit, f"negative{number}").eq(term.negative)]
        made, summed = Signal(bits, reset_less=True), Signal(SUM_AFTER)
        m.d.sync += summed.eq(Cat(arrival.there & (arrival.turn == TERMS - 1), summed))
        with m.If(summed[-1]):
            m.d.sync += made.eq(unit.total)

        m.submodules.queue = queue = memory.Memory(shape=bits, depth=QUEUE, init=[])
        put, take = queue.write_port(), queue.read_port(domain="comb")
        results, inverter = self.inverter.results, self.inverter
        m.d.comb += [
            put.addr.eq(self.put), put.data.eq(self.product), put.en.eq(self.arrived),
            take.addr.eq(self.taken_out),
            self.a.eq(a), self.b.eq(b), self.multiplying.eq(self.giving),
            inverter.operands.payload.eq(a),
            planes[GIVEN].enable.eq(self.whole | results.valid),
            planes[GIVEN].written.eq(Mux(self.whole, self.row, self.into)),
            planes[GIVEN].value.eq(Mux(self.whole, self.gathered[:shape.field.bits],
                                       results.payload.value)),
            planes[PRODUCTS].enable.eq(self.keeps), planes[PRODUCTS].written.eq(self.word.product),
            planes[PRODUCTS].value.eq(take.data),
            planes[SUMS].enable.eq(self.advance), planes[SUMS].written.eq(self.word.sum),
            planes[SUMS].value.eq(made)]
        with m.If(self.start):
            m.d.sync += self.wrong.eq(0)
        with m.Elif(self.sent & (a != 0) & (a != shape.field.modulus)):
            m.d.sync += self.wrong.eq(1)


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
