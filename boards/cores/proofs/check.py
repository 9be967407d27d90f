"""The control of the check of a proof, proven: nothing of what comes or is made is lost, and any
program ends."""

from dataclasses import replace

from amaranth import *
from amaranth.hdl import Assert, Assume
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from proofmill.hdl import checker as checker_module
from proofmill.hdl.check_shape import PLANE_CYCLES, QUEUE, SUM_AFTER, SUMS_QUEUE, Begin, Keep
from proofmill.hdl.commands import PLACE, WORD
from proofmill.hdl.matrices import BURST
from proofmill.hdl.presets import TOY_SHAPE, with_check

DEPTH = 1
"""Of the induction."""

STATES = ("IDLE", "DRAIN", "PROGRAM", "KEY", "INPUTS")
"""From the last to the first of a check."""

COUNT_BITS = 7
"""Of addresses, and of what is counted: places have fewer words, several transfers. No more of the
control hangs on how many there are."""

CLAIMS = {"words": "a check's words come, each once, and are carried out in order, each once",
          "ends": "any program of a check ends, and then nothing is under way",
          "products": "what a word of a check keeps is the product that was begun in its turn",
          "sums": "... and likewise a sum"}
"""Parts of the proof, which are faster apart."""

LONG = 15
"""As many cycles since the last step, or more."""


def small():
    """The check of the toy curve's accelerator, with few rows: no more of it hangs on the shape."""
    return replace(with_check(TOY_SHAPE).checker, row_bits=2)


class Kept(wiring.Component):
    """The control between a memory and a multiplier that do as they like: they answer what they are
    asked for and take what is there, in time. One word of the program is watched, any, and what it
    is does not change.

    Claimed of any program. Of each of its three places all words are asked for, each once and none
    beside them, and all that is asked for is taken. Values go to rows one after another. Words are
    carried out as they came, in order, each once. No factor is overwritten before the multiplier
    has it. In every cycle in which neither memory nor multiplier is waited for, something is asked
    for, taken or carried out, or the end comes nearer (`_rank`). So it ends, as there are only so
    many words; then nothing is under way.

    And of one that is `fit`, of which no word keeps what was not begun before, and what is begun
    and not kept is less than a queue has places: what a word keeps is there, and is what was begun
    in its turn, as each queue's places are passed in order and none is taken twice.

    Parameters
    ----------
    shape : of the check.
    what : of `CLAIMS`.
    module : where `Checker` is from.
    """

    def __init__(self, shape, what, module=checker_module):
        self.shape, self.what, self.module = shape, what, module
        super().__init__({
            **dict.fromkeys(("start", "asked", "answered", "slot", "fit"), In(1)),
            **dict.fromkeys(("inputs", "key", "program"), In(PLACE)),
            "answer": In(WORD), "watched": In(COUNT_BITS), "value": In(shape.instruction.size)})

    def elaborate(self, platform):
        m = Module()
        self.dut = dut = self.module.Checker(self.shape, datapath=False)
        dut._MustUse__silence, dut.count_bits = True, COUNT_BITS
        m.submodules.dut = dut.elaborate(platform)  # here, as what is asserted is of its parts
        places = {"INPUTS": self.inputs, "KEY": self.key, "PROGRAM": self.program}
        m.d.comb += [
            dut.start.eq(self.start), dut.slot.eq(self.slot), dut.requests.ready.eq(self.asked),
            dut.points.valid.eq(self.answered), dut.points.payload.eq(self.answer),
            *(getattr(dut, name.lower()).eq(place) for name, place in places.items()),
            *(Assume(place.count >> COUNT_BITS == 0) for place in places.values()),
            Assume(~self.start | dut.ready), Assume(~ResetSignal())]
        known, within = Signal(), Signal()
        m.d.sync += [known.eq(1), within.eq(~dut.ready | self.start)]
        for value, when in ((self.watched, known), (self.value, known), (self.fit, known),
                            *((Value.cast(place), within) for place in places.values())):
            before = Signal.like(value)
            m.d.sync += before.eq(value)
            m.d.comb += Assume(~when | (value == before))
        self.state = {name: dut.states.ongoing(name) for name in STATES}
        self.taken = dut.points.valid & dut.points.ready
        self.asks = dut.requests.valid & dut.requests.ready
        self._memory(m, places)
        if self.what == "words":
            self._words(m)
        else:
            self._under_way(m)
            self._multiplier(m)
            self._sums(m)
        if self.what == "ends":
            self._inverter(m)
            self._ends(m)
        return m

    def _memory(self, m, places):
        """All words are asked for and taken; values get rows."""
        dut, state = self.dut, self.state
        owed = self.owed = Signal(COUNT_BITS)  # words that were asked for and have not come
        m.d.sync += owed.eq(owed + Mux(self.asks, dut.requests.payload.words, 0) - self.taken)
        at_rest = state["IDLE"] | state["DRAIN"]
        m.d.comb += [
            Assume(~self.answered | (owed != 0)),
            Assert(Cat(state.values()).any()), Assert(sum(state.values(), C(0, 3)) == 1),
            Assert(dut.to_ask <= dut.to_come), Assert(owed == dut.to_come - dut.to_ask),
            Assert(~at_rest | (dut.to_come == 0)),
            Assert(state["PROGRAM"] | ~dut.carrying), Assert(~dut.step | dut.carrying),
            Assert(dut.requests.payload.words == Mux(dut.to_ask > BURST, BURST, dut.to_ask))]
        for name, place in places.items():
            m.d.comb += [
                Assert(~state[name] | (dut.to_come <= place.count)),
                Assert(~(state[name] & dut.requests.valid) | (
                    dut.requests.payload.address
                    == (place.address + place.count - dut.to_ask)[:COUNT_BITS]))]
        values, zero = Signal.like(dut.row), Signal()  # that have come; row 0 is written
        given = Signal(WORD)
        m.d.sync += zero.eq(self.start)
        with m.If(self.start):
            m.d.sync += values.eq(0)
        with m.Elif(self.taken & ~state["PROGRAM"]):
            m.d.sync += [values.eq(values + 1), given.eq(self.answer)]
        began = Signal()
        with m.If(self.start):
            m.d.sync += began.eq(1)
        m.d.comb += [
            Assert(began | state["IDLE"] & ~dut.whole), Assert(~zero | dut.whole & (values == 0)),
            Assert(dut.part == 0),  # a value is a word here
            Assert(~began | (dut.row == Mux(dut.whole, values, values + 1)[:len(values)])),
            Assert(~dut.whole | (dut.gathered[:WORD] == Mux(zero, 0, given)))]

    def _words(self, m):
        """Words are carried out as they came, in order, each once."""
        dut, state, program = self.dut, self.state, self.program
        done, number = Signal(COUNT_BITS), Signal(COUNT_BITS)
        m.d.comb += number.eq(program.count - dut.to_come)  # of the word that is next
        with m.If(self.start):
            m.d.sync += done.eq(0)
        with m.Elif(dut.step):
            m.d.sync += done.eq(done + 1)
        begun = state["PROGRAM"] | state["DRAIN"]
        m.d.comb += [
            Assume(~(self.taken & state["PROGRAM"]) | (number != self.watched)
                   | (self.answer[:len(self.value)] == self.value)),
            Assert(~dut.carrying | (done != self.watched)
                   | (dut.word.as_value() == self.value)),
            Assert(~begun | (done + dut.carrying == number)),
            Assert(~(state["INPUTS"] | state["KEY"]) | (done == 0)),
            Assert(~state["DRAIN"] | (done == program.count))]

    def _under_way(self, m):
        """How long ago a word was carried out, and what of it there may be then."""
        dut, state = self.dut, self.state
        quiet = Signal(range(LONG + 1), init=LONG)
        m.d.sync += quiet.eq(Mux(dut.step, 0, Mux(quiet == LONG, LONG, quiet + 1)))
        later = PLANE_CYCLES
        m.d.comb += [
            *(Assert((stage.begin == Begin.NOTHING) | (quiet <= age))
              for age, stage in enumerate(dut.stages)),
            *(Assert(~bit | (quiet <= later + age)) for age, bit in enumerate(dut.adding)),
            Assert(~dut.inverter.operands.valid | (quiet <= later)),
            Assert(~dut.looking | (quiet <= later)),
            Assert(~state["DRAIN"] | (quiet + dut.left > self.module.DRAIN)),
            Assert(dut.left <= self.module.DRAIN),
            Assert(~(state["IDLE"] | state["INPUTS"] | state["KEY"])
                   | (quiet > self.module.DRAIN) & ~dut.owing),
            # What is claimed of the end.
            Assert(~dut.ready | ~(dut.carrying | dut.owing | dut.pending | dut.looking
                                  | dut.adding.any() | dut.inverter.operands.valid
                                  | self._of(Begin.PRODUCT, Begin.SUM, Begin.INVERSE, Begin.LOOK)
                                  | (self.owed != 0)))]

    def _of(self, *kinds, stages=None):
        """Whether a word that began one of these is on its way through `stages` (None: any)."""
        stages = self.dut.stages if stages is None else stages
        return Cat(stage.begin == kind for stage in stages for kind in kinds).any()

    def _multiplier(self, m):
        """Factors are there until they are taken, and products wait in their places."""
        dut, stages = self.dut, self.dut.stages
        factors = Begin.PRODUCT, Begin.INVERSE, Begin.LOOK
        products = sum((stage.begin == Begin.PRODUCT for stage in stages), C(0, 3))
        m.d.comb += [
            Assert(~dut.pending | ~self._of(*factors)),
            Assert(dut.owing == products + dut.pending),
            *(Assert((stage.begin != Begin.PRODUCT) | ~self._of(*factors, stages=stages[:age]))
              for age, stage in enumerate(stages) if age)]
        self._queue(m, "products", QUEUE, dut.products, dut.arrived, Begin.PRODUCT, Keep.PRODUCT,
                    dut.owing + sum(dut.on_the_way, C(0, 8)))

    def _sums(self, m):
        dut = self.dut
        self._queue(m, "sums", SUMS_QUEUE, dut.sums, dut.summed, Begin.SUM, Keep.SUM,
                    sum((stage.begin == Begin.SUM for stage in dut.stages), C(0, 3))
                    + sum(dut.adding, C(0, 3)))

    def _queue(self, m, name, depth, places, comes, begin, keep, on_their_way):
        """What is begun comes in order to a queue's places, and is taken from them likewise."""
        dut, (put, taken) = self.dut, places
        flying = dut.flying[name.removesuffix("s")]
        m.d.comb += Assert(flying == on_their_way)
        if self.what != name:
            return
        size = len(put) + 1
        begun, come, kept = (Signal(size, name=f"{name}_{what}")
                             for what in ("begun", "come", "kept"))
        begins = dut.step & (dut.word.begin == begin)
        keeps = dut.step & (dut.word.keep == keep)
        with m.If(self.start):
            m.d.sync += [begun.eq(0), come.eq(0), kept.eq(0)]
        with m.Else():
            m.d.sync += [begun.eq(begun + begins), come.eq(come + comes), kept.eq(kept + keeps)]
        left = (begun - kept)[:size]
        m.d.comb += [
            Assume(~self.fit | ~keeps | (left != 0)),
            Assume(~self.fit | ~begins | (left - keeps < depth - 1)),
            # Of any program.
            Assert(put == come[:len(put)]), Assert((begun - come)[:size] == flying),
            # Of one that is fit: there are fewer than places, and what is kept is there.
            Assert(~self.fit | (left < depth)), Assert(~self.fit | ((come - kept)[:size] <= left)),
            Assert(~self.fit | (taken == kept[:len(taken)])),
            Assert(~self.fit | ~keeps | (come != kept))]

    def _inverter(self, m):
        """Whoever waits for an inverse has one under way."""
        dut, inverter = self.dut, self.dut.inverter
        busy = (inverter.left != 0) | inverter.finishing | inverter.results.valid
        m.d.comb += [
            Assert(~dut.inverting | busy | inverter.operands.valid | self._of(Begin.INVERSE)),
            Assert(inverter.left <= self.shape.inverter.steps),
            Assert((inverter.left != 0) + inverter.finishing + inverter.results.valid <= 1)]

    def _youngest(self, m, name, cases):
        """How far the youngest is: of (whether there is one, how far), the first."""
        most = max(far for _, far in cases)
        found = Signal(range(most + 1), name=f"{name}_far")
        value = C(0, len(found))
        for there, far in reversed(cases):
            value = Mux(there, far, value)
        m.d.comb += found.eq(value)
        return found, most

    def _rank(self, m):
        """What falls while nothing happens: the cycles until all that is under way has come, those
        of the drain, and the states to come."""
        dut, latency = self.dut, self.shape.multiplier.latency
        inverter, stages = dut.inverter, dut.stages

        def of(kind, nearest):
            return [(stage.begin == kind, nearest + PLANE_CYCLES - 1 - age)
                    for age, stage in enumerate(stages)]

        steps = self.shape.inverter.steps
        ways = [
            self._youngest(m, "product", [
                *of(Begin.PRODUCT, latency + 3), (dut.pending, latency + 2),
                *((bit, latency + 1 - n) for n, bit in enumerate(dut.on_the_way))]),
            self._youngest(m, "sum", [
                *of(Begin.SUM, SUM_AFTER + 1),
                *((bit, SUM_AFTER - n) for n, bit in enumerate(dut.adding))]),
            self._youngest(m, "inverse", [
                *of(Begin.INVERSE, steps + 4), (inverter.operands.valid, steps + 3)])]
        inverting = Signal(range(steps + 2))
        m.d.comb += inverting.eq(Mux(inverter.left != 0, inverter.left + 1, inverter.finishing))
        (product, sums, inverse) = (far for far, _ in ways)
        most = sum(most for _, most in ways) + self.module.DRAIN + 1
        rank = Signal(range(most * len(STATES)))
        way = product + sums + Mux(inverse != 0, inverse, inverting)
        for number, (name, there) in enumerate(self.state.items()):
            with m.If(there):
                m.d.comb += rank.eq(number * most + (
                    0 if name == "IDLE" else way + dut.left if name == "DRAIN" else way))
        return rank

    def _ends(self, m):
        """Something happens, or the end comes nearer, where nobody is waited for."""
        dut = self.dut
        rank = self._rank(m)
        stalled = (dut.requests.valid & ~dut.requests.ready
                   | dut.points.ready & ~dut.points.valid & (self.owed != 0)
                   | dut.pending & ~dut.slot)
        was, moved, before = Signal(), Signal(), Signal.like(rank)
        m.d.sync += [was.eq(~dut.ready & ~(self.asks | self.taken | dut.step)),
                     moved.eq(~stalled), before.eq(rank)]
        m.d.comb += Assert(~was | Mux(moved, rank < before, rank <= before))
