"""The accelerator: a stream of command words in, a stream of answers out, memory beside it."""

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from proofmill.hdl.check import CHECK_PLACES, check_states
from proofmill.hdl.commands import (
    ANSWER,
    BIAS_WORDS,
    COUNTERS,
    HEADER,
    IDENTITY,
    IDENTITY_PLACEHOLDER,
    MAGIC,
    NUMBER,
    PLACE,
    REGION,
    SIZE,
    SLICES,
    STORED,
    SUM_COUNTERS,
    TRANSFORM_COUNTERS,
    VERSION,
    WORD,
    Command,
    Error,
    errors,
    name_word,
)
from proofmill.hdl.counters import COUNTER_BITS
from proofmill.hdl.curve import Group
from proofmill.hdl.description import describe
from proofmill.hdl.evaluate import PLACES, evaluate_states, room_words, scalars_extent
from proofmill.hdl.exchange import exchange
from proofmill.hdl.extent import Extent
from proofmill.hdl.fetcher import REQUEST, WRITE
from proofmill.hdl.matmul import array_words, matmul_states, matmul_words
from proofmill.hdl.msm import Msm, MsmShape
from proofmill.hdl.one_way import one_way_states
from proofmill.hdl.prove import Performance, performed
from proofmill.hdl.windows import MAX_WINDOW


def identity_words(shape: MsmShape, gateware_hash: int, *, memory_words: int = 0,
                   memory_cycles: int = 0, clock_hz: float = 0) -> dict[str, int]:
    """What `shape` says of itself on a board; see `hdl.commands.IDENTITY`. `memory_cycles` of 0: as
    many as the loader takes."""
    words = describe(shape)
    intervals = dict(words["adder"]["intervals"])
    found = words["adder"]["multiplier"] | words["adder"] | words | {
        "magic": MAGIC, "version": VERSION, "hash": gateware_hash,
        "curve": name_word(shape.adder.curve.name),
        **{f"interval_{group.value}": intervals.get(group.value, 0) for group in Group},
        "coordinate_bits": shape.adder.coordinate_bits, "tile": shape.transforms or 0,
        "transforms": 0 if shape.transform is None else shape.transform.most,
        "batch": shape.batch or 0, "scale": shape.scale,
        "memory_words": memory_words, "clock_hz": clock_hz,
        "memory_cycles": max(memory_cycles, 8 // shape.port_words)}
    return {name: int(found[name]) for name in IDENTITY}


class Accelerator(wiring.Component):
    """Decode commands and carry them out, one after another.

    Parameters
    ----------
    shape : of the multi-scalar multiplication.
    program : its finisher's, see `hdl.msm.Msm`.
    memory_words, memory_cycles, clock_hz : of the board, for its identity; see
        `hdl.commands.IDENTITY`.

    Members
    -------
    commands : stream of words from the host, in
    answers : stream of words to the host, out
    requests, points : the memory is asked for words; they come in order
    writes : words to write to the memory
    """

    def __init__(self, shape: MsmShape, program=None, *, memory_words: int = 0,
                 memory_cycles: int = 0, clock_hz: float = 0):
        self.shape, self.program = shape, program
        self.memory_words, self.memory_cycles = memory_words, memory_cycles
        self.clock_hz = clock_hz
        words = stream.Signature(WORD)
        super().__init__({
            "commands": In(words), "answers": Out(words),
            "requests": Out(stream.Signature(REQUEST)),
            "points": In(stream.Signature(WORD * shape.port_words)),
            "writes": Out(stream.Signature(WRITE)),
        })

    def parts(self):
        """(What carries commands out, what says whether the memory has their words): where a proof
        of the states puts others."""
        return Msm(self.shape, self.program), Extent(self.memory_words)

    def elaborate(self, platform):
        m = Module()
        shape = self.shape
        msm, extent = self.parts()
        m.submodules.msm = msm
        proves = Performance(m, self, msm) if shape.proves else None
        if proves is None:
            wiring.connect(m, msm.requests, wiring.flipped(self.requests))
            wiring.connect(m, msm.points, wiring.flipped(self.points))

        # The words of commands, wherever they come from.
        self.words = self.commands if proves is None else proves.words
        commands, answers = self.words, self.answers
        header = Signal(HEADER)
        place = Signal(PLACE)
        region = Signal(REGION)
        slices = Signal(SLICES)
        stored = Signal(STORED)
        size = Signal(SIZE)
        bias = Signal(BIAS_WORDS * WORD, reset_less=True)
        m.submodules.extent = extent
        error = Signal(errors(matrices=bool(shape.matrices),
                              evaluation=bool(shape.evaluation), check=bool(shape.check)))
        reply = Signal(ANSWER)
        index = Signal(range(max(len(IDENTITY), len(COUNTERS)) + 1))
        group = Signal.like(msm.group)
        known_group = Signal()
        groups = [list(Group).index(g) for g in shape.adder.groups]
        with m.Switch(header.group):
            for n, number in enumerate(groups):
                with m.Case(number):
                    m.d.comb += [group.eq(n), known_group.eq(1)]
        held = None
        if shape.evaluator is not None:  # scalars may lie in the memory
            held = Signal()
            here = header.finish[1]
            if proves is not None:
                here |= proves.performing
            m.d.comb += [held.eq((header.command == Command.MULTIPLY) & here),
                         msm.stored.eq(held), msm.scalars_at.eq(stored.words)]

        def finish():
            return header.finish != 0 if held is None else header.finish[0]

        def words_left():
            none = held if proves is None else held | proves.performing
            return stored.words if held is None else Mux(none, 0, stored.words)

        batches = C(0)
        if shape.batches:
            m.d.comb += [msm.batched.eq(slices.batched), msm.based.eq(slices.stride == 0)]
            batches = C(1)
        if shape.sums_answers:
            m.d.comb += msm.as_answered.eq(header.finish[3])
            batches = ~header.finish[3]
        m.d.comb += [
            reply.command.eq(header.command), reply.last.eq(1), reply.error.eq(error),
            msm.group.eq(group), msm.window.eq(header.window), msm.windows.eq(header.windows),
            msm.first_window.eq(header.first), msm.all_windows.eq(region.all),
            msm.wide_windows.eq(region.wide), msm.finish.eq(finish()),
            msm.bias.eq(bias),
            msm.last_window.eq(slices.last), msm.stride.eq(slices.stride),
            msm.copies.eq(slices.copies), msm.point_words.eq(stored.point_words),
            msm.copy_words.eq(stored.copy_words),
            msm.second_region.eq(region.second_region), msm.address.eq(place.address),
            msm.count.eq(place.count), msm.scalars.payload.eq(commands.payload),
            self.writes.payload.address.eq(place.address),
            self.writes.payload.word.eq(commands.payload),
            extent.address.eq(place.address), extent.point_words.eq(stored.point_words),
            extent.copies.eq(slices.copies - 1), extent.copy_words.eq(stored.copy_words),
        ]
        # A LOAD names `count` words, and a TRANSFORM; a MULTIPLY the last point's words, and what
        # lies before.
        of_words = (header.command == Command.LOAD) | (header.command == Command.TRANSFORM)
        if shape.matrix is not None:
            of_words = of_words | (header.command == Command.MATMUL)
        if shape.evaluator is not None:
            of_words = of_words | (header.command == Command.EVALUATE)
        if proves is not None:
            of_words = of_words | (header.command == Command.PROVE)
        if shape.checker is not None:
            of_words = of_words | (header.command == Command.CHECK)
        with m.If(of_words):
            m.d.comb += [extent.words.eq(place.count), extent.copies.eq(0)]
        with m.Else():
            m.d.comb += [extent.words.eq(
                Array(shape.adder.curve.point_words(g) for g in shape.adder.groups)[group]),
                         extent.points.eq(place.count - 1)]

        uncut = slices.stride == 0
        if shape.batches:  # digits may be to a base, in one window
            uncut &= (header.windows != 1) | (header.first != 0) | (region.wide == 0)
        fits = extent.fits
        if within := exact_log2(shape.port_words):
            # A port of several words takes none but whole transfers; a LOAD writes word by word.
            splits = Signal()
            with m.Switch(header.command):
                with m.Case(Command.MULTIPLY):
                    m.d.comb += splits.eq(
                        (place.address | stored.point_words | stored.copy_words)[:within].any())
                with m.Case(Command.TRANSFORM):
                    m.d.comb += splits.eq(place.address[:within].any())
                if shape.matrix is not None:
                    with m.Case(Command.MATMUL):
                        m.d.comb += splits.eq((place.address | place.count)[:within].any())
                if shape.evaluator is not None:
                    with m.Case(Command.EVALUATE):
                        m.d.comb += splits.eq(place.address[:within].any())
                if proves is not None:
                    with m.Case(Command.PROVE):
                        m.d.comb += splits.eq(proves.place.address[:within].any())
                if shape.checker is not None:
                    with m.Case(Command.CHECK):
                        m.d.comb += splits.eq((place.address | place.count)[:within].any())
            fits &= ~splits

        def record(name, values):
            """Answer with a header and `values`, a word each."""
            with m.State(name):
                m.d.comb += [answers.valid.eq(1), answers.payload.eq(reply)]
                with m.If(answers.ready):
                    m.next = f"{name}_WORDS"
            with m.State(f"{name}_WORDS"):
                m.d.comb += answers.valid.eq(1)
                with m.Switch(index):
                    for n, value in enumerate(values):
                        with m.Case(n):
                            m.d.comb += answers.payload.eq(value)
                with m.If(answers.ready):
                    m.d.sync += index.eq(index + 1)
                    with m.If(index == len(values) - 1):
                        m.next = "COMMAND"

        transform = self._count_transform(m, msm, size)
        words = None if shape.matrix is None else matmul_words(m, self, msm)
        with m.FSM() as states:
            with m.State("COMMAND"):
                m.d.comb += commands.ready.eq(msm.ready)
                with m.If(commands.valid & msm.ready):
                    m.d.sync += [header.as_value().eq(commands.payload), error.eq(Error.NONE),
                                 index.eq(0)]
                    m.next = "DECODE"
                if proves is not None:
                    proves.end(m, msm, error)
            with m.State("DECODE"):
                with m.Switch(header.command):
                    with m.Case(Command.IDENTIFY):
                        m.next = "IDENTITY"
                    with m.Case(Command.COUNTERS):
                        m.next = "COUNTERS"
                    with m.Case(Command.LOAD, Command.MULTIPLY, Command.TRANSFORM):
                        m.next = "PLACE"
                    if shape.matrix is not None:
                        with m.Case(Command.MATMUL):
                            m.next = "PLACE"
                        with m.Case(Command.MATRICES):
                            m.next = "ARRAY"
                    if shape.evaluator is not None:
                        with m.Case(Command.EVALUATE):
                            m.next = "PROGRAM"
                        with m.Case(Command.EVALUATION):
                            m.next = "ROOM"
                    if shape.one_way:
                        with m.Case(Command.ONE_WAY):
                            m.next = "ONE_WAY"
                    if proves is not None:
                        with m.Case(Command.PROVE):
                            m.next = "PLACE"
                    if shape.checker is not None:
                        with m.Case(Command.CHECK):
                            m.next = "CHECK"
                    with m.Case(Command.RESET):
                        m.d.comb += msm.clear.eq(1)
                        m.next = "CLEARING"
                    with m.Default():
                        m.d.sync += error.eq(Error.UNKNOWN_COMMAND)
                        m.next = "REPLY"
                if proves is not None:
                    with m.If(proves.performing & Cat(
                            header.command != each for each in performed(shape)).all()):
                        m.d.comb += msm.clear.eq(0)
                        m.d.sync += error.eq(Error.UNKNOWN_COMMAND)
                        m.next = "REPLY"
            with m.State("PLACE"):
                m.d.comb += commands.ready.eq(1)
                with m.If(commands.valid):
                    m.d.sync += place.as_value().eq(commands.payload)
                    m.next = "EXTENT"
                    with m.If(header.command == Command.MULTIPLY):
                        m.next = "REGION"
                    with m.Elif(header.command == Command.TRANSFORM):
                        m.next = "SIZE"
                    if shape.matrix is not None:
                        with m.Elif(header.command == Command.MATMUL):
                            m.next = "MATRIX"
                    if proves is not None:
                        with m.Elif(header.command == Command.PROVE):
                            m.next = "SCRIPT"
            with m.State("LOAD"):
                with m.If(place.count == 0):
                    m.next = "REPLY"
                    if proves is not None:
                        with m.If(header.command == Command.PROVE):
                            m.next = "PERFORM"
                with m.Else():
                    m.d.comb += [self.writes.valid.eq(commands.valid),
                                 commands.ready.eq(self.writes.ready)]
                    with m.If(commands.valid & self.writes.ready):
                        m.d.sync += [place.address.eq(place.address + 1),
                                     place.count.eq(place.count - 1)]
            for name, word, following in (
                    ("REGION", region, "SLICES"), ("SLICES", slices, "STORED"),
                    ("STORED", stored, "BIAS")):
                with m.State(name):
                    m.d.comb += commands.ready.eq(1)
                    with m.If(commands.valid):
                        m.d.sync += [word.as_value().eq(commands.payload), index.eq(0)]
                        m.next = following
            with m.State("BIAS"):
                m.d.comb += commands.ready.eq(1)
                with m.If(commands.valid):
                    m.d.sync += [bias.eq(Cat(bias[WORD:], commands.payload)), index.eq(index + 1)]
                    with m.If(index == BIAS_WORDS - 1):
                        m.d.sync += index.eq(0)
                        m.next = "START"
            self._transform_states(m, msm, place, size, stored, error, reply)
            with m.State("START"):
                with m.If((header.window < 2) | (header.window > MAX_WINDOW)
                          | uncut | (slices.stride > NUMBER)
                          | (slices.copies == 0)):
                    m.d.sync += error.eq(Error.WINDOW)
                    m.next = "REFUSE"
                with m.Elif(~known_group):
                    m.d.sync += error.eq(Error.GROUP)
                    m.next = "REFUSE"
                with m.Elif(region.second_region >= 1 << shape.mailbox_bits):
                    m.d.sync += error.eq(Error.MAILBOXES)
                    m.next = "REFUSE"
                with m.Elif(finish() & (not shape.finisher)):
                    m.d.sync += error.eq(Error.FINISH)
                    m.next = "REFUSE"
                if proves is not None:
                    with m.Elif(header.finish[2] & ~(finish() & proves.performing)):
                        m.d.sync += error.eq(Error.FINISH)
                        m.next = "REFUSE"
                with m.Elif((slices.batched != 0) & ~batches):
                    m.d.sync += error.eq(Error.BATCHES)
                    m.next = "REFUSE"
                with m.Else():
                    m.next = "EXTENT"
                if proves is not None:
                    proves.refuse_cut(m, error)
            with m.State("EXTENT"):
                m.d.comb += extent.start.eq(1)
                m.next = "WITHIN"
            with m.State("WITHIN"):
                with m.If(extent.ready):
                    with m.If(~fits & (place.count != 0)):
                        m.d.sync += error.eq(Error.MEMORY)
                        with m.If(header.command == Command.LOAD):
                            m.d.sync += stored.words.eq(place.count)
                        if proves is not None:
                            with m.Elif(header.command == Command.PROVE):
                                m.d.sync += stored.words.eq(place.count)
                        m.next = "REFUSE"
                    with m.Elif(header.command == Command.LOAD):
                        m.next = "LOAD"
                    if proves is not None:
                        with m.Elif(header.command == Command.PROVE):
                            m.next = "SCRIPT_EXTENT"
                    if shape.transform is not None:
                        with m.Elif(header.command == Command.TRANSFORM):
                            m.next = "TRANSFORM"
                    if shape.matrix is not None:
                        with m.Elif(header.command == Command.MATMUL):
                            m.next = "MATMUL"
                    if held is not None:
                        with m.Elif(held):
                            m.next = "SCALARS_EXTENT"
                    with m.Else():
                        m.d.comb += msm.start.eq(1)
                        m.next = "MULTIPLY"
            if held is not None:
                scalars_extent(m, self, msm, extent, place, stored, error,
                               None if proves is None else header.finish[2])
            with m.State("REFUSE"):  # take the words that follow, so that the link stays in step
                m.d.comb += commands.ready.eq(words_left() != 0)
                with m.If(words_left() == 0):
                    m.next = "REPLY"
                with m.Elif(commands.valid):
                    m.d.sync += stored.words.eq(stored.words - 1)
            with m.State("MULTIPLY"):
                wanted = words_left() != 0  # what comes after the last word is the next command
                m.d.comb += [
                    msm.scalars.valid.eq(commands.valid & wanted),
                    commands.ready.eq(msm.scalars.ready & wanted),
                    answers.valid.eq(msm.answers.valid),
                    answers.payload.eq(msm.answers.payload),
                    msm.answers.ready.eq(answers.ready),
                ]
                if proves is not None:
                    proves.keep(m, self, msm, header.finish[2])
                with m.If(commands.valid & commands.ready):
                    m.d.sync += stored.words.eq(stored.words - 1)
                with m.If(msm.refused):
                    m.d.sync += error.eq(Error.MAILBOXES)
                    m.next = "REFUSE"
                with m.Elif(msm.ready):
                    m.next = "COMMAND"
            with m.State("CLEARING"):
                with m.If(msm.ready):
                    m.next = "REPLY"
            with m.State("REPLY"):
                m.d.comb += [answers.valid.eq(1), answers.payload.eq(reply)]
                with m.If(answers.ready):
                    m.next = "COMMAND"
            record("IDENTITY", identity_words(
                shape, IDENTITY_PLACEHOLDER, memory_words=self.memory_words,
                memory_cycles=self.memory_cycles, clock_hz=self.clock_hz).values())
            if shape.matrix is not None:
                matmul_states(m, self, msm, words, place, stored, error, reply)
                record("ARRAY", array_words(shape.matrix).values())
            if shape.evaluator is not None:
                evaluate_states(m, self, msm, header, place, size, stored, error, reply, extent,
                                fits, proves)
                record("ROOM", room_words(shape).values())
                record("PHASES", msm.evaluation.phases)
            if shape.one_way:
                one_way_states(m, self, msm, header, size, stored, error, reply, proves)
            if shape.checker is not None:
                check_states(m, self, msm, header, place, error, reply, extent, fits, proves)
            if proves is not None:
                proves.states(m, self, msm, place, stored, error, reply, extent, fits)
                proves.wanted(m, states, (
                    "COMMAND", "PLACE", "REGION", "SLICES", "STORED", "BIAS", *PLACES, "RESULTS",
                    *([] if shape.checker is None else CHECK_PLACES)), msm.ready, error)
            record("COUNTERS", [*(msm.counters[name] for name in SUM_COUNTERS), *transform])
        self.header, self.error, self.index = header, error, index
        self.states, self.performance = states, proves
        return m

    def _count_transform(self, m, msm, size):
        """The counters of TRANSFORM."""
        if self.shape.transform is None:
            return [Const(0, COUNTER_BITS) for _ in TRANSFORM_COUNTERS]
        counts = {name: Signal(COUNTER_BITS, name=f"{name}_counter") for name in TRANSFORM_COUNTERS}
        for name, counted in (("transform", msm.transforming), ("moved", msm.moving)):
            with m.If(counted):
                m.d.sync += counts[name].eq(counts[name] + 1)
            with m.If(msm.transform):
                m.d.sync += counts[name].eq(0)
        m.d.comb += [msm.power.eq(size.power), msm.values.payload.eq(self.words.payload)]
        with m.If(msm.writes.valid):
            m.d.comb += [self.writes.valid.eq(1), self.writes.payload.eq(msm.writes.payload)]
        m.d.comb += msm.writes.ready.eq(self.writes.ready)
        return [*counts.values()]

    def _transform_states(self, m, msm, place, size, stored, error, reply):
        """The states of TRANSFORM, those of its words and its answer."""
        shape, commands = self.shape.transform, self.words
        with m.State("SIZE"):
            m.d.comb += commands.ready.eq(1)
            with m.If(commands.valid):
                m.d.sync += size.as_value().eq(commands.payload)
                m.next = "START_TRANSFORM"
        if shape is None:
            with m.State("START_TRANSFORM"):
                m.d.sync += [error.eq(Error.TRANSFORM), stored.words.eq(size.words)]
                m.next = "REFUSE"
            return
        fits = Signal()
        with m.State("START_TRANSFORM"):
            m.d.sync += stored.words.eq(size.words)
            with m.Switch(size.power):
                for power in range(1, shape.most + 1):
                    with m.Case(power):
                        m.d.comb += fits.eq((size.words == shape.value_words << power + 1)
                                            & (place.count == shape.room(power)))
            with m.If(fits):
                m.next = "EXTENT"
            with m.Else():
                m.d.sync += error.eq(Error.TRANSFORM)
                m.next = "REFUSE"
        with m.State("TRANSFORM"):
            m.d.comb += msm.transform.eq(1)
            m.next = "VALUES"
        exchange(m, self, msm, ("VALUES", "TRANSFORMED"), stored.words, reply, msm.values,
                 msm.transformed)
