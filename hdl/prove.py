"""The accelerator's states for PROVE, and where the commands in its memory come from."""

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from proofmill.hdl.commands import PLACE, WORD, Command, Error
from proofmill.hdl.fetcher import REQUEST

PERFORMED = (Command.MULTIPLY, Command.EVALUATE, Command.COUNTERS)
"""The commands that may lie in the memory: none takes words besides its own there."""


def performed(shape) -> tuple[Command, ...]:
    """... of an accelerator of `shape`, an `hdl.msm.MsmShape`."""
    return PERFORMED if shape.checker is None else (*PERFORMED, Command.CHECK)


class Script(wiring.Component):
    """Words of the memory one by one, asked for a transfer at a time, while nobody else asks.

    Parameters
    ----------
    port_words : that the memory answers in a cycle.

    Members
    -------
    start, place : the next word is the first of `place`, in
    wanted : a word may be asked for, in; what is wanted stays so until a word is taken
    within : ... for a command of which there has been one, in: where there are none left, it is a
        word that is worth nothing
    words : stream of them, out
    done : there are none left, out
    short : a word was taken behind the last, out
    asking : the memory is this one's, out
    requests, points : to and from the memory
    """

    def __init__(self, port_words: int = 1):
        self.port_words = port_words
        words = stream.Signature(WORD)
        super().__init__({
            "start": In(1), "place": In(PLACE), "wanted": In(1), "within": In(1),
            "words": Out(words), "done": Out(1), "short": Out(1), "asking": Out(1),
            "requests": Out(stream.Signature(REQUEST)),
            "points": In(stream.Signature(WORD * port_words))})
        self.at, self.left = Signal(PLACE["address"].width), Signal(PLACE["count"].width)
        self.held = Signal(WORD * port_words, reset_less=True)
        self.there, self.asked = Signal(), Signal()  # words of the last transfer; one on its way

    def elaborate(self, platform):
        m = Module()
        at, left, held, there, asked = self.at, self.left, self.held, self.there, self.asked
        part = at[:exact_log2(self.port_words)]  # of a transfer
        asks = self.wanted & ~there & (left != 0)
        m.d.comb += [
            self.done.eq(left == 0), self.asking.eq(asks | asked),
            self.requests.valid.eq(asks & ~asked),
            self.requests.payload.address.eq(at), self.requests.payload.words.eq(self.port_words),
            self.points.ready.eq(asked),
            self.words.valid.eq(self.wanted & there | self.within & self.done),
            self.words.payload.eq(held.word_select(part, WORD) if len(part) else held)]
        with m.If(self.requests.valid & self.requests.ready):
            m.d.sync += asked.eq(1)
        with m.If(asked & self.points.valid):
            m.d.sync += [asked.eq(0), there.eq(1), held.eq(self.points.payload)]
        with m.If(self.wanted & there & self.words.ready):
            m.d.sync += [at.eq(at + 1), left.eq(left - 1)]
            with m.If(part.all() | (left == 1)):
                m.d.sync += there.eq(0)
        with m.If(self.within & self.done & self.words.ready):
            m.d.sync += self.short.eq(1)
        with m.If(self.start):
            m.d.sync += [at.eq(self.place.address), left.eq(self.place.count), there.eq(0),
                         self.short.eq(0)]
        return m


class Performance:
    """What an accelerator has for PROVE: the commands' words come from the host, or from `script`.

    Attributes
    ----------
    performing : they come from the memory
    cut : the words of the command at hand went on behind the last
    words : stream of them, for the states that take some
    place : of those in the memory
    put : where the next point goes that stays there
    """

    def __init__(self, m, accelerator, msm):
        self.performing, self.place = Signal(name="performing"), Signal(PLACE, name="script_place")
        self.put = Signal(PLACE["address"].width, name="put_point")
        m.submodules.script = self.script = script = Script(accelerator.shape.port_words)
        self.words = words = stream.Signature(WORD).create(path=("taken",))
        outside = accelerator.commands
        self.cut = self.performing & script.short
        m.d.comb += [
            script.place.eq(self.place),
            words.valid.eq(Mux(self.performing, script.words.valid, outside.valid)),
            words.payload.eq(Mux(self.performing, script.words.payload, outside.payload)),
            outside.ready.eq(words.ready & ~self.performing),
            script.words.ready.eq(words.ready & self.performing)]
        requests, points = accelerator.requests, accelerator.points
        m.d.comb += [
            requests.valid.eq(Mux(script.asking, script.requests.valid, msm.requests.valid)),
            requests.payload.eq(Mux(script.asking, script.requests.payload,
                                    msm.requests.payload)),
            msm.requests.ready.eq(requests.ready & ~script.asking),
            script.requests.ready.eq(requests.ready),
            msm.points.valid.eq(points.valid & ~script.asking),
            script.points.valid.eq(points.valid & script.asking),
            *(each.points.payload.eq(points.payload) for each in (msm, script)),
            points.ready.eq(Mux(script.asking, script.points.ready, msm.points.ready))]

    def wanted(self, m, states, names, ready, error):
        """Words are asked for in the `states` with these `names`, the first of which takes the
        header of a command: once what is before is `ready`, and without `error`."""
        first, *others = (states.ongoing(name) for name in names)
        m.d.comb += [
            self.script.within.eq(self.performing & Cat(others).any()),
            self.script.wanted.eq(self.script.within | self.performing & first & ready & (
                error == Error.NONE))]

    def end(self, m, msm, error):
        """After the last command, in the state that waits for one."""
        with m.If(self.performing & msm.ready & (self.script.done | (error != Error.NONE))):
            m.d.comb += self.words.ready.eq(0)
            m.d.sync += [self.performing.eq(0), error.eq(error)]
            m.next = "PERFORMED"

    def refuse_cut(self, m, error):
        """In the state in which a command's words are looked at, behind whatever else is said."""
        with m.If(self.cut):
            m.d.sync += error.eq(Error.MEMORY)
            m.next = "REFUSE"

    def states(self, m, accelerator, msm, place, stored, error, reply, extent, fits):
        """Those of PROVE, from its second PLACE on; see `extent` and `fits` in
        `hdl.accelerator.Accelerator`."""
        commands, answers = self.words, accelerator.answers
        with m.State("SCRIPT"):
            m.d.comb += commands.ready.eq(1)
            with m.If(commands.valid):
                m.d.sync += self.place.as_value().eq(commands.payload)
                m.next = "EXTENT"
        with m.State("SCRIPT_EXTENT"):
            m.d.comb += [extent.start.eq(1), extent.address.eq(self.place.address),
                         extent.words.eq(self.place.count)]
            m.next = "SCRIPT_WITHIN"
        with m.State("SCRIPT_WITHIN"):
            with m.If(extent.ready):
                m.next = "LOAD"
                with m.If(~fits & (self.place.count != 0)):
                    m.d.sync += [error.eq(Error.MEMORY), stored.words.eq(place.count)]
                    m.next = "REFUSE"
        with m.State("PERFORM"):
            m.d.comb += self.script.start.eq(1)
            m.d.sync += [self.performing.eq(1),
                         self.put.eq(self.place.address + self.place.count)]
            m.next = "COMMAND"
        with m.State("PERFORMED"):
            m.d.comb += [answers.valid.eq(1), answers.payload.eq(reply),
                         reply.command.eq(Command.PROVE)]
            if accelerator.shape.one_way:  # whose header may be the last word that came
                m.d.comb += reply.unit.eq(0)
            with m.If(answers.ready):
                m.next = "COMMAND"
        # Has the memory the words of a point that stays?
        alone = [each.eq(0) for each in (extent.points, extent.point_words, extent.copies)]
        with m.State("KEPT_EXTENT"):
            m.d.comb += [extent.start.eq(1), extent.address.eq(self.put), *alone]
            m.next = "KEPT_WITHIN"
        with m.State("KEPT_WITHIN"):
            m.d.comb += alone
            with m.If(extent.ready):
                with m.If(extent.fits):
                    m.d.comb += msm.start.eq(1)
                    m.next = "MULTIPLY"
                with m.Else():
                    m.d.sync += error.eq(Error.MEMORY)
                    m.next = "REFUSE"

    def keep(self, m, accelerator, msm, keeps):
        """The words of a MULTIPLY's point on their way to the host: if it `keeps` it, each goes to
        the memory before. Used in the state in which `msm` answers."""
        source, writes = msm.answers, accelerator.writes
        headed, written = Signal(), Signal()
        there = source.valid & keeps & headed & ~written
        with m.If(there):
            m.d.comb += [accelerator.answers.valid.eq(0), source.ready.eq(0), writes.valid.eq(1),
                         writes.payload.address.eq(self.put),
                         writes.payload.word.eq(source.payload)]
            with m.If(writes.ready):
                m.d.sync += [written.eq(1), self.put.eq(self.put + 1)]
        with m.If(source.valid & source.ready):
            m.d.sync += [headed.eq(1), written.eq(0)]
        with m.If(msm.ready | msm.refused):
            m.d.sync += headed.eq(0)
