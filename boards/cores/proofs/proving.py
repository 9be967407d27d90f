"""A proof's commands from the memory: every word comes once and in order, from its place and no
other, none is lost, and whatever they are they end with an answer: proven."""

from dataclasses import replace

from amaranth import *
from amaranth.hdl import Assert, Assume
from amaranth.lib import wiring
from amaranth.lib.wiring import Flow, In

from proofmill.hdl import accelerator as accelerator_module
from proofmill.hdl import prove as prove_module
from proofmill.hdl.commands import (
    ANSWER,
    HEADER,
    PLACE,
    REGION,
    SLICES,
    STORED,
    WORD,
    WORDS,
    Command,
    Error,
)
from proofmill.hdl.extent import Extent
from proofmill.hdl.msm import Msm
from proofmill.hdl.presets import TOY_SHAPE, with_evaluation, with_one_way

DEPTH = 1
"""Of the inductions."""


def small(shape):
    """The states of such an accelerator over the toy curve: what they do with words is the same."""
    toy = with_evaluation(TOY_SHAPE)
    return with_one_way(toy) if shape.one_way else toy


class FromItsPlace(wiring.Component):
    """A `Script` between a memory and a reader that do as they like. One word of the memory is
    watched, any, and what it is does not change.

    Claimed: transfers are asked for within the place, from its first to its last; words come one
    after another, each once, and are those of the memory; what is offered stays; and who takes one
    behind the last is told so.

    Parameters
    ----------
    port_words : that the memory answers in a cycle.
    module : where `Script` is from.
    """

    def __init__(self, port_words=1, module=prove_module):
        self.port_words, self.module = port_words, module
        super().__init__({
            **dict.fromkeys(("start", "wanted", "within", "taken", "request_ready", "answered"),
                            In(1)),
            "place": In(PLACE), "answer": In(WORD * port_words),
            "watched": In(32), "value": In(WORD)})

    def elaborate(self, platform):
        m = Module()
        size = self.port_words
        m.submodules.dut = dut = self.module.Script(size)
        m.d.comb += [
            dut.start.eq(self.start), dut.place.eq(self.place), dut.wanted.eq(self.wanted),
            dut.within.eq(self.within), dut.words.ready.eq(self.taken),
            dut.requests.ready.eq(self.request_ready), dut.points.valid.eq(self.answered),
            dut.points.payload.eq(self.answer), Assume(~ResetSignal())]
        known, begun = Signal(), Signal()
        place, number = Signal(PLACE), Signal(33)  # of the words that have been taken
        watched, value = Signal.like(self.watched), Signal.like(self.value)
        m.d.sync += [known.eq(1), watched.eq(self.watched), value.eq(self.value)]
        took = dut.words.valid & dut.words.ready
        wanted, within = Signal(), Signal()  # ... and no word was taken
        m.d.sync += [wanted.eq(self.wanted & ~took), within.eq(self.within & ~took)]
        m.d.comb += [
            Assume(~known | (self.watched == watched) & (self.value == value)),
            # The reader: `within` a command it wants words, and what it wants it goes on wanting.
            Assume(~self.within | self.wanted), Assume(~wanted | self.wanted),
            Assume(~within | self.within), Assume(~self.taken | self.wanted),
            Assume(~wanted | within | ~self.within),
            Assume(~self.start | ~self.wanted & ~dut.asking),
            Assume(begun | ~self.wanted)]
        # The place is in the memory, and begins with a transfer.
        end = Signal(33)
        m.d.comb += [end.eq(place.address + place.count),
                     Assume(self.place.address + self.place.count <= 1 << 32),
                     Assume(self.place.address % size == 0)]
        # The memory answers what was asked, once.
        asked, at = Signal(), Signal(32)
        m.d.comb += [Assume(~self.answered | asked), *(
            Assume((at + part != self.watched)
                   | (self.answer.word_select(part, WORD) == self.value))
            for part in range(size))]
        with m.If(self.answered & dut.points.ready):
            m.d.sync += asked.eq(0)
        with m.If(dut.requests.valid & dut.requests.ready):
            m.d.sync += [asked.eq(1), at.eq(dut.requests.payload.address)]
        short = Signal()
        with m.If(took):
            m.d.sync += number.eq(number + (number < place.count))
            m.d.sync += short.eq(short | (number == place.count))
        with m.If(self.start):
            m.d.sync += [begun.eq(1), place.eq(self.place), number.eq(0), short.eq(0)]
        following = (place.address + number)[:33]  # the word that is next
        offered, request = Signal(), Signal()
        payload, address = Signal(WORD), Signal(32)
        m.d.sync += [offered.eq(dut.words.valid & ~dut.words.ready),
                     request.eq(dut.requests.valid & ~dut.requests.ready),
                     payload.eq(dut.words.payload), address.eq(dut.requests.payload.address)]
        requests = dut.requests.payload
        inside = number < place.count
        within_transfer = 0 if size == 1 else number[:size.bit_length() - 1]
        m.d.comb += [
            # What is claimed.
            Assert(~dut.requests.valid | inside & (requests.words == size)
                   & (requests.address == following) & (requests.address % size == 0)),
            Assert(~dut.words.valid | inside | self.within),
            Assert(~(dut.words.valid & inside) | (following != self.watched)
                   | (dut.words.payload == self.value)),
            Assert(~offered | dut.words.valid & (~inside | (dut.words.payload == payload))),
            Assert(~request | dut.requests.valid & (requests.address == address)),
            Assert(dut.done == ~inside), Assert(dut.short == short),
            Assert(dut.points.ready == asked),
            Assert(dut.asking == (dut.requests.valid | asked)),
            # What holds it together, for the induction.
            Assert(begun | (number == 0) & (place.count == 0)),
            Assert(number <= place.count), Assert(dut.left == place.count - number),
            Assert(end <= 1 << 32), Assert(place.address % size == 0),
            Assert(dut.at == following[:32]), Assert(dut.asked == asked),
            Assert(~asked | inside & self.wanted & (at == dut.at) & ~dut.there),
            Assert(~dut.there | inside),
            Assert(dut.there | ~inside | (within_transfer == 0)),
            *(Assert(~dut.there | ((following - within_transfer + part)[:32] != self.watched)
                     | (dut.held.word_select(part, WORD) == self.value))
              for part in range(size))]
        return m


TAKING = ("PLACE", "REGION", "SLICES", "STORED", "BIAS", "PROGRAM", "WITNESS", "TILES", "RESULTS")
"""The states in which a command of the memory has another of its words taken."""

OF_MULTIPLY = ("REGION", "SLICES", "STORED", "BIAS", "START", "EXTENT", "WITHIN", "SCALARS_EXTENT",
               "SCALARS_WITHIN", "KEPT_EXTENT", "KEPT_WITHIN", "MULTIPLY")
OF_EVALUATE = ("PROGRAM", "PROGRAM_EXTENT", "PROGRAM_WITHIN", "WITNESS", "WITNESS_EXTENT",
               "WITNESS_WITHIN", "TILES", "TILES_EXTENT", "TILES_WITHIN", "RESULTS",
               "START_EVALUATE", "EVALUATE", "EVALUATING", "EVALUATED", "PHASES", "PHASES_WORDS")
SOUND = ("DECODE", "SIZE", "START_TRANSFORM", "LOAD", "SCRIPT", "SCRIPT_EXTENT",
         "SCRIPT_WITHIN", "PERFORM", *TAKING[:5], *OF_MULTIPLY, "COUNTERS", "COUNTERS_WORDS")
"""The states in which nothing has gone wrong."""

OF_COUNTERS = ("COUNTERS", "COUNTERS_WORDS")

RANKS = {
    "DECODE": 20, "START": 19, "EXTENT": 18, "WITHIN": 17, "SCALARS_EXTENT": 16,
    "SCALARS_WITHIN": 15, "KEPT_EXTENT": 14, "KEPT_WITHIN": 13, "MULTIPLY": 12,
    "PROGRAM_EXTENT": 19, "WITNESS_EXTENT": 19, "TILES_EXTENT": 19, "PROGRAM_WITHIN": 18,
    "WITNESS_WITHIN": 18, "TILES_WITHIN": 18, "START_EVALUATE": 19, "EVALUATE": 18,
    "EVALUATING": 17, "EVALUATED": 12, "PHASES": 11, "PHASES_WORDS": 11, "COUNTERS": 11,
    "COUNTERS_WORDS": 11, "REFUSE": 11, "REPLY": 10, "COMMAND": 9, "PERFORMED": 8,
    **dict.fromkeys(TAKING, 9)}
"""The states of a PROVE that carries out its commands. From one to the next, without a word that is
taken, answered or written, the number falls; so there is one within so many cycles."""

WAITING = ("MULTIPLY", "EVALUATED", "COMMAND")
"""... in which what carries commands out is waited for."""

PHASES = 4
"""Of a word that is wanted: asked for, on its way, there."""


class Stand(wiring.Component):
    """Stands for a part: the same ports, and nothing within. Who has it drives its outputs."""

    def __init__(self, part):
        self._MustUse__silence = part._MustUse__silence = True  # whose ports are wanted, no more
        super().__init__(part.signature)

    def elaborate(self, platform):
        return Module()


class Ends(wiring.Component):
    """The accelerator's states, with what computes and what knows the memory's extent doing as they
    like, and so the host and the memory.

    Claimed of a PROVE from where its commands are begun: in every cycle in which nobody is waited
    for, host, memory or what carries out, a word of the commands is taken, a word is answered or
    written, or the end comes nearer (`RANKS`). So it ends, as commands have only so many words, and
    the last word that it answers is its own ANSWER, with the error of the last command, and nothing
    else. A command is begun with all of its words as they came, in their places, and with none that
    came from behind the last; nothing else is begun, and the host's words are left alone.

    Parameters
    ----------
    shape : of an accelerator that proves.
    module : where `Accelerator` is from.
    """

    def __init__(self, shape, module=accelerator_module):
        msm, extent = self.parts = [Stand(part) for part in (
            Msm(replace(shape, finisher=False)), Extent())]

        class Alone(module.Accelerator):
            def parts(self):
                return msm, extent

        self.shape, self.dut = shape, Alone(shape)
        self.dut._MustUse__silence = True  # it is elaborated here
        free = {}
        for name, part, flow in (("msm", msm, Flow.Out), ("extent", extent, Flow.Out),
                                 ("dut", self.dut, Flow.In)):
            for path, member, value in part.signature.flatten(part):
                if member.flow is flow:
                    free["__".join(map(str, (name, *path)))] = value
        self._free = free
        super().__init__({name: In(Value.cast(value).shape()) for name, value in free.items()})

    def elaborate(self, platform):
        m = Module()
        dut, (msm, extent) = self.dut, self.parts
        m.submodules.dut = dut.elaborate(platform)
        m.d.comb += [*(Value.cast(value).eq(getattr(self, name))
                       for name, value in self._free.items()), Assume(~ResetSignal())]
        proves, script = dut.performance, dut.performance.script
        state = {name: dut.states.ongoing(name) for name in {*RANKS, *SOUND}}
        self.performing, self.took = proves.performing, Signal()
        command = dut.header.command
        answered = dut.answers.valid & dut.answers.ready
        written = dut.writes.valid & dut.writes.ready
        m.d.comb += self.took.eq(script.words.valid & script.words.ready)

        def any_of(names):
            return Cat(state[name] for name in names).any()

        idle = Signal()
        begun = msm.start | msm.transform | msm.evaluation.start | msm.clear
        m.d.sync += idle.eq(msm.ready & ~begun)
        m.d.comb += [
            Assume(~idle | msm.ready),  # what carries out is at rest until it is begun
            Assert(~script.asked | (script.left != 0) & ~script.there & script.wanted),
            Assert(~script.there | (script.left != 0)),
            Assert(~self.performing | any_of(RANKS) & ~state["PERFORMED"]),
            *(Assert(~(self.performing & any_of(names)) | (command == own)) for names, own in (
                (OF_MULTIPLY, Command.MULTIPLY), (OF_EVALUATE, Command.EVALUATE),
                (OF_COUNTERS, Command.COUNTERS), (("PLACE",), Command.MULTIPLY))),
            Assert(~self.performing | ~dut.commands.ready & ~msm.clear),
            Assert(~self.performing | ~script.words.ready | any_of(("COMMAND", *TAKING))),
            Assert(self.performing | ~script.words.ready & ~script.asking)]
        self._ends(m, state, any_of, answered, written, extent, msm)
        self._answers(m, state, answered)
        self._words(m, state, any_of, msm)
        return m

    def _ends(self, m, state, any_of, answered, written, extent, msm):
        """Something happens, or it comes nearer."""
        dut, script = self.dut, self.dut.performance.script
        rank = Signal(range(PHASES * (max(RANKS.values()) + 1)))
        phase = Mux(script.words.valid, 0, Mux(script.asked, 1, 2))
        for name, value in RANKS.items():
            with m.If(state[name]):
                m.d.comb += rank.eq(PHASES * value + (
                    phase if name in TAKING or name == "COMMAND" else 0))
        stalled = Cat(
            dut.answers.valid & ~dut.answers.ready, dut.writes.valid & ~dut.writes.ready,
            dut.requests.valid & ~dut.requests.ready, script.asked & ~dut.points.valid,
            any_of(name for name in RANKS if name.endswith("WITHIN")) & ~extent.ready,
            any_of(WAITING) & ~msm.ready & ~(state["MULTIPLY"] & msm.refused) & ~Cat(
                dut.answers.valid, dut.writes.valid).any()).any()
        within = self.performing | state["PERFORMED"]
        was, moved, before = Signal(), Signal(), Signal.like(rank)
        m.d.sync += [was.eq(within & ~(self.took | answered | written)), moved.eq(~stalled),
                     before.eq(rank)]
        m.d.comb += [
            Assert(~was | within & Mux(moved, rank < before, rank <= before)),
            # The end of one that has begun is its answer.
            Assert(~(self.performing & state["COMMAND"] & msm.ready & (
                script.done | (dut.error != Error.NONE))) | ~self.took)]

    def _answers(self, m, state, answered):
        """... which says what the last command's did."""
        dut = self.dut
        failed, reply = Signal(8), Signal(ANSWER)
        with m.If(answered & (state["REPLY"] | state["PHASES"])):
            m.d.sync += failed.eq(reply.error)
        with m.If(state["PERFORM"]):
            m.d.sync += failed.eq(Error.NONE)
        m.d.comb += [
            reply.eq(dut.answers.payload),
            Assert(~state["PERFORMED"] | dut.answers.valid & (reply.command == Command.PROVE)
                   & (reply.last == 1) & (reply.error == failed) & (reply.unit == 0)
                   & (reply.group == 0)),
            Assert(~(self.performing & state["REPLY"]) | (reply.unit == 0) & (reply.last == 1)
                   & (reply.command == dut.header.command) & (reply.error != Error.NONE)),
            Assert(~(self.performing & state["COMMAND"] | state["PERFORMED"])
                   | (dut.error == failed)),
            Assert(~(self.performing & state["PHASES_WORDS"]) | (dut.error == failed)),
            Assert(~self.performing | state["COMMAND"] | state["PHASES_WORDS"]
                   | (failed == Error.NONE)),
            Assert(~Cat(state[name] for name in SOUND).any() | (dut.error == Error.NONE)),
            Assert(~state["REFUSE"] | (dut.error != Error.NONE))]

    def _words(self, m, state, any_of, msm):
        """What is begun has the words that came."""
        dut, taken = self.dut, Signal(range(16))
        words = [Signal(WORD, name=f"word{n}") for n in range(len(WORDS[Command.MULTIPLY]))]
        with m.If(self.took):
            m.d.sync += taken.eq(Mux(state["COMMAND"], 1, taken + 1))
            for n, word in enumerate(words):
                with m.If(Mux(state["COMMAND"], 0, taken) == n):
                    m.d.sync += word.eq(dut.performance.script.words.payload)

        def field(number, layout, name):
            member = layout[name]
            return words[number][member.offset:member.offset + member.width]

        multiply = (
            (0, (HEADER, (("window", msm.window), ("windows", msm.windows),
                          ("first", msm.first_window)))),
            (1, (PLACE, (("address", msm.address), ("count", msm.count)))),
            (2, (REGION, (("second_region", msm.second_region), ("all", msm.all_windows),
                          ("wide", msm.wide_windows)))),
            (3, (SLICES, (("stride", msm.stride), ("copies", msm.copies),
                          ("last", msm.last_window)))),
            (4, (STORED, (("point_words", msm.point_words), ("copy_words", msm.copy_words),
                          ("words", msm.scalars_at)))))
        states = dict(zip(("PLACE", "REGION", "SLICES", "STORED", "BIAS"), range(1, 6),
                          strict=True))
        whole = OF_MULTIPLY[OF_MULTIPLY.index("START"):]
        bias = msm.bias
        own, summing = self.performing, any_of(("PLACE", *OF_MULTIPLY))
        for number, (layout, members) in multiply:
            for name, value in members:
                width = min(len(Value.cast(value)), layout[name].width)
                # Where there is room for less, a command that says more is refused.
                m.d.comb += Assert(~(own & summing & (taken > number)) | (
                    Value.cast(value)[:width] == field(number, layout, name)[:width]))
        for n in range(1, 5):
            m.d.comb += Assert(~(own & summing & (taken == 5 + n)) | (
                bias[(4 - n) * WORD:] == Cat(words[5:5 + n])))
        evaluating = self.performing & any_of(OF_EVALUATE)
        port = msm.evaluation
        counts = {"PROGRAM": 1, "PROGRAM_EXTENT": 2, "PROGRAM_WITHIN": 2, "WITNESS": 2,
                  "WITNESS_EXTENT": 3, "WITNESS_WITHIN": 3, "TILES": 3, "TILES_EXTENT": 4,
                  "TILES_WITHIN": 4, "RESULTS": 4}
        counts |= dict.fromkeys(("START_EVALUATE", "EVALUATE"), 5)
        m.d.comb += [
            *(Assert(~(own & state[name]) | (taken == count + (dut.index if name == "BIAS" else 0)))
              for name, count in states.items()),
            Assert(~(own & state["BIAS"]) | (dut.index < 4)),
            *(Assert(~(own & state[name]) | (taken == 9)) for name in whole),
            *(Assert(~(own & state[name]) | (taken == count)) for name, count in counts.items()),
            Assert(~(own & state["DECODE"]) | (taken == 1)),
            Assert(~(own & (state["DECODE"] | summing | any_of(OF_EVALUATE)))
                   | (dut.header.as_value() == words[0])),
            Assert(~(own & msm.start) | (taken == 9) & ~dut.performance.cut & (
                words[0][:8] == Command.MULTIPLY)),
            Assert(~(own & port.start) | (taken == 5) & ~dut.performance.cut & evaluating
                   & (port.program.as_value() == words[1])
                   & (port.witness.as_value() == words[2])),
            Assert(~(own & msm.transform) | port.start),
            *(Assert(~(own & any_of(names)) | (register.as_value() == words[number]))
              for register, number, names in (
                  (port.program, 1, OF_EVALUATE[OF_EVALUATE.index("WITNESS"):]),
                  (port.witness, 2, OF_EVALUATE[OF_EVALUATE.index("TILES"):]))),
            Assert(~(own & any_of(("PROGRAM_EXTENT", "PROGRAM_WITHIN")))
                   | (Cat(msm.address, msm.count) == words[1])),
            Assert(~(own & any_of(("WITNESS_EXTENT", "WITNESS_WITHIN")))
                   | (Cat(msm.address, msm.count) == words[2])),
            Assert(~(own & any_of(whole[1:])) | ~dut.performance.cut)]
