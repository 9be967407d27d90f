"""The field processor: microprograms on one Montgomery multiplier that it shares with others."""

from amaranth import *
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.inverter import Inverter, inverter_port
from proofmill.hdl.microcode import (
    ADDRESS_BITS,
    COUNTER_BITS,
    COUNTERS,
    DIGIT_BITS,
    INSTRUCTION,
    REGISTER_BITS,
    TABLE,
    Operand,
    Operation,
    Unit,
)
from proofmill.hdl.processor_datapath import Datapath
from proofmill.hdl.processor_shape import ProcessorShape

CLOCK_BITS = 32
"""Bits of the processor's own counters of cycles."""

IN_WORD = 6
BUSY_WORD = 1 << IN_WORD
"""Registers whose marks are kept in one signal."""


class Processor(wiring.Component):
    """Run a microprogram from `entry` to its ``halt``.

    Instructions are issued in order, one a cycle, each as soon as its registers are not waiting
    for a result; products overlap. Instructions that go elsewhere, or change a counter, refill
    the pipeline. `sim.processor` gives the same cycles.

    ::

        program ─► decode ─► issue ─► registers ─┬─► a, b ═► multiplier ═► product ─┐
                                 (in) ───────────┘                                  ▼
                                            └─► sum ───────────────► reduce ─► registers

    Parameters
    ----------
    shape : see there.
    program : a `firmware.program.Program`, or what looks like one.
    datapath : False leaves out registers and arithmetic. The same cycles without values, for
        programs that do not branch on values, nor index by a digit a register that is not ready.

    Members
    -------
    start : begin, in; only while `ready`
    entry : address of the first instruction, in, read at `start`
    ready : no program is running, out
    resting : the program waits for a word and for no result, so the multiplier is free, out
    i : stream of words, in; up to the multiplier's operand bits each
    o : stream of canonical values, out
    a, b : operands for the multiplier, out
    multiplying : `a` and `b` are operands in this cycle, out
    product : what came of those `latency` cycles ago, in
    accept : operands may be presented in the next cycle, in
    inverter : to the inverter, which is nobody else's from the operand to the result, and from it;
        only where ``shape.inverter``
    cycles : cycles from the start to the end, out
    waited : those in which only a stream was waited for, out
    """

    def __init__(self, shape: ProcessorShape, program, *, datapath: bool = True):
        self.shape, self.program, self.datapath = shape, program, datapath
        if not 1 <= len(program.instructions) <= 1 << ADDRESS_BITS:
            raise ValueError(f"a program has 1 to {1 << ADDRESS_BITS} instructions, not "
                             f"{len(program.instructions)}")
        branches = {Operation.JUMP_IF_ZERO, Operation.JUMP_IF_BIT}
        if not datapath and any(code["operation"] in branches for code in program.instructions):
            raise ValueError("a program that branches on values cannot run without a datapath")
        for number, value in program.constants.items():
            if not 0 <= value < shape.field.modulus:
                raise ValueError(f"constant r{number} is not an element of {shape.field.name}: "
                                 f"{value}; assemble the program for this field")
        if shape.inverter is None and any(
                code["operation"] is Operation.INVERT for code in program.instructions):
            raise ValueError("a program that inverts cannot run without an inverter; assemble it "
                             "for this processor's shape")
        count = max(2, program.registers)
        self.registers = memory.MemoryData(
            shape=shape.field.register_bits, depth=count,
            init=[program.constants.get(n, 0) for n in range(count)])
        super().__init__({
            "start": In(1), "entry": In(ADDRESS_BITS), "ready": Out(1),
            "resting": Out(1),
            "i": In(stream.Signature(shape.multiplier.operand_bits)),
            "o": Out(stream.Signature(shape.field.bits)),
            "a": Out(shape.multiplier.operand_bits),
            "b": Out(shape.multiplier.operand_bits),
            "multiplying": Out(1),
            "product": In(shape.value_bits),
            "accept": In(1, init=1),
            **({} if shape.inverter is None else {"inverter": Out(inverter_port(shape.inverter))}),
            "cycles": Out(CLOCK_BITS), "waited": Out(CLOCK_BITS),
        })

    def elaborate(self, platform):
        m = Module()
        shape, program = self.shape, self.program
        inverts = shape.inverter is not None
        count = self.registers.depth

        m.submodules.program_memory = program_memory = memory.Memory(
            shape=INSTRUCTION, depth=max(2, len(program.instructions)),
            init=list(program.instructions))
        fetch = program_memory.read_port()
        counters = Array(Const(0, COUNTER_BITS) if n == 0 else Signal(COUNTER_BITS, name=f"c{n}")
                         for n in range(COUNTERS))

        # Fetch and decode: the program's memory, then the instruction with its registers' numbers.
        address, fetched_address, following = (
            Signal(ADDRESS_BITS, name=name) for name in ("address", "fetched_address", "following"))
        fetched = Signal()
        valid = Signal()
        blocked = Signal()
        word = Signal(INSTRUCTION, reset_less=True)
        place = {name: Signal(REGISTER_BITS, name=f"{name}_register", reset_less=True)
                 for name in ("target", "left", "right")}
        moving = Signal()  # the instruction at issue goes on, or there is none
        kept = Signal()    # it is needed on, and nothing is issued after it until it says where
        running = Signal()
        aligning = Signal()
        # What the table says of the instruction at issue.
        table = {operation: entry for operation, entry in TABLE.items()
                 if inverts or entry.unit is not Unit.INVERSE}
        units = {unit: Signal(name=f"is_{unit.name.lower()}")
                 for unit in Unit if inverts or unit is not Unit.INVERSE}
        uses = {operand: Signal(name=f"uses_{operand.value}")
                for operand in Operand if operand.is_register}
        receives = Signal()
        takes = Signal()
        m.d.comb += [moving.eq(running & ~(valid & blocked)), fetch.addr.eq(address),
                     fetch.en.eq(moving)]
        with m.If(moving):
            m.d.sync += [address.eq(address + 1), fetched_address.eq(address),
                         fetched.eq(1), valid.eq(fetched)]
            with m.If(~kept):
                m.d.sync += [word.eq(fetch.data), following.eq(fetched_address + 1)]
                for name, signal in place.items():
                    m.d.sync += signal.eq(fetch.data[name] + counters[fetch.data[f"{name}_index"]])
                m.d.sync += [Cat(units.values(), uses.values()).eq(0),
                             receives.eq(fetch.data.operation == Operation.RECEIVE),
                             takes.eq(fetch.data.operation == Operation.TAKE)]
                with m.Switch(fetch.data.operation):
                    for operation, entry in table.items():
                        with m.Case(operation):
                            m.d.sync += units[entry.unit].eq(1)
                            m.d.sync += [uses[o].eq(1) for o in entry.operands if o.is_register]

        # Issue: registers that wait for a result are busy; a sum keeps clear of a product's slot.
        # The busy ones are kept in words that a simulator's own fit.
        busy = [Signal(min(BUSY_WORD, count - low), name=f"busy{low}")
                for low in range(0, count, BUSY_WORD)]
        issue = Signal()
        hazard = Signal()
        waiting = Signal()

        def is_busy(number):
            """Whether register `number` waits for a result."""
            found = Const(0, 1)
            for n, bits in enumerate(busy):
                there = bits.bit_select(number[:IN_WORD], 1)
                found = Mux(number[IN_WORD:] == n, there, found)
            return found

        def mark(number, value):
            """Register `number` waits, or no longer."""
            for n, bits in enumerate(busy):
                with m.If(number[IN_WORD:] == n):
                    m.d.sync += bits.bit_select(number[:IN_WORD], 1).eq(value)

        settles, sends = units[Unit.HALT], units[Unit.SEND]
        if inverts:
            settles, sends = settles | units[Unit.INVERSE], sends | units[Unit.INVERSE]
        flying = Signal(shape.latency + 1)  # bit n: a product was issued n + 1 cycles ago
        m.d.comb += [
            waiting.eq(Cat(busy).any()),
            hazard.eq(Cat(uses[operand] & is_busy(place[operand.value])
                          for operand in uses).any()
                      | (units[Unit.SUM] & flying[shape.latency - 2])
                      | (units[Unit.PRODUCT] & ~self.accept)
                      | (settles & waiting)),
            blocked.eq(hazard | ((receives | takes) & ~self.i.valid)),
            issue.eq(valid & ~blocked),
            self.i.ready.eq(valid & ~hazard & (receives | takes)),
            self.resting.eq(self.i.ready & ~self.i.valid & ~waiting),
        ]
        with m.If(issue & uses[Operand.TARGET]):
            mark(place["target"], 1)

        # Where results are on their way: products come in order, so their targets wait in a ring,
        # a sum's goes along one register, and both to the one that is written.
        rows = 1 << (shape.latency + 1).bit_length()
        m.submodules.targets = targets = memory.Memory(
            shape=REGISTER_BITS, depth=rows, init=[])
        put, take = targets.write_port(), targets.read_port(domain="comb")
        multiplied = flying[-1]
        m.d.comb += [put.data.eq(place["target"]), put.en.eq(issue & units[Unit.PRODUCT])]
        with m.If(put.en):
            m.d.sync += put.addr.eq(put.addr + 1)
        with m.If(multiplied):
            m.d.sync += take.addr.eq(take.addr + 1)
        adding = Signal()
        added = Signal()
        writing = Signal()
        adding_target, added_target, writing_target = (
            Signal(REGISTER_BITS, name=name, reset_less=True)
            for name in ("adding_target", "added_target", "writing_target"))
        m.d.sync += [
            flying.eq(Cat(put.en, flying[:-1])),
            adding.eq(issue & units[Unit.SUM]), adding_target.eq(place["target"]),
            added.eq(adding), added_target.eq(adding_target),
            writing.eq(multiplied | added),
            writing_target.eq(Mux(multiplied, take.data, added_target)),
        ]
        inverted = Signal()  # an inverse is there, and goes on as a sum does
        if inverts:
            m.d.sync += added.eq(adding | inverted)
        with m.If(writing):
            mark(writing_target, 0)
        m.d.comb += self.multiplying.eq(flying[0])

        looking = Signal(4)  # one bit for each cycle that looking into a register takes
        is_zero = Signal()
        digit = Signal(DIGIT_BITS)
        if self.datapath:
            m.submodules.values = values = Datapath(shape, self.registers)
            m.d.comb += [
                values.issue.eq(issue), values.operation.eq(word.operation),
                values.left.eq(place["left"]), values.right.eq(place["right"]),
                values.word.eq(self.i.payload), values.adding.eq(adding),
                values.product.eq(self.product), values.multiplied.eq(multiplied),
                values.added.eq(added), values.write.eq(writing),
                values.target.eq(writing_target), values.looking.eq(looking),
                values.position.eq(counters[word.position]),
                self.a.eq(values.a), self.b.eq(values.b), is_zero.eq(values.is_zero),
                digit.eq(values.digit), self.o.payload.eq(values.canonical),
            ]
            if inverts:
                m.d.comb += [self.inverter.operands.payload.eq(values.canonical),
                             values.inverse.eq(self.inverter.results.payload.value),
                             values.inverted.eq(inverted)]

        # Going elsewhere.
        sending = Signal()
        asking, awaiting = Signal(), Signal()
        outside = sending | asking | awaiting if inverts else sending
        m.d.comb += self.o.valid.eq(sending)
        go = Signal()
        target = Signal(ADDRESS_BITS)
        link = Signal(ADDRESS_BITS)
        counter = counters[word.counter]
        lower = Signal(COUNTER_BITS)
        counted = Signal(COUNTER_BITS)
        counting = Signal()
        m.d.comb += [target.eq(following), lower.eq(counter - 1), self.ready.eq(
            ~running & ~aligning)]
        m.d.sync += looking.eq(Cat(issue & (units[Unit.TEST] | sends), looking[0],
                                   looking[1] & units[Unit.TEST], looking[2]))
        with m.Switch(Mux(counting, word.counter, 0)):
            for n in range(1, COUNTERS):
                with m.Case(n):
                    m.d.sync += counters[n].eq(counted)
        with m.If(issue & units[Unit.CONTROL]):
            m.d.comb += [go.eq(1), kept.eq(1)]
            with m.Switch(word.operation):
                with m.Case(Operation.SET):
                    m.d.comb += [counting.eq(1), counted.eq(word.number)]
                with m.Case(Operation.STEP):
                    m.d.comb += [counting.eq(1), counted.eq(counter + word.number)]
                with m.Case(Operation.TAKE):
                    m.d.comb += [counting.eq(1), counted.eq(self.i.payload)]
                with m.Case(Operation.JUMP):
                    m.d.comb += target.eq(word.number)
                with m.Case(Operation.LOOP):
                    m.d.comb += [counting.eq(1), counted.eq(lower)]
                    with m.If(lower != 0):
                        m.d.comb += target.eq(word.number)
                with m.Case(Operation.JUMP_IF_NONE):
                    with m.If(counter == 0):
                        m.d.comb += target.eq(word.number)
                with m.Case(Operation.CALL):
                    m.d.comb += target.eq(word.number)
                    m.d.sync += link.eq(following)
                with m.Case(Operation.RETURN):
                    m.d.comb += target.eq(link)
        with m.Elif(issue & (units[Unit.TEST] | sends)):
            m.d.comb += kept.eq(1)
        with m.Elif(looking.any() | outside):
            m.d.comb += kept.eq(1)
            with m.If(looking[1] & units[Unit.SEND]):
                m.d.sync += sending.eq(1)
            with m.If(sending & self.o.ready):
                m.d.sync += sending.eq(0)
                m.d.comb += go.eq(1)
            if inverts:
                self._invert(m, looking[1] & units[Unit.INVERSE], asking, awaiting, inverted)
                with m.If(inverted):
                    m.d.comb += go.eq(1)
            with m.If(looking[3]):
                m.d.comb += go.eq(1)
                with m.Switch(word.operation):
                    with m.Case(Operation.DIGIT):
                        m.d.comb += [counting.eq(1), counted.eq(digit)]
                    with m.Case(Operation.JUMP_IF_ZERO):
                        with m.If(is_zero):
                            m.d.comb += target.eq(word.number)
                    with m.Case(Operation.JUMP_IF_BIT):
                        with m.If(digit[0]):
                            m.d.comb += target.eq(word.number)
        with m.If(running):
            m.d.sync += self.cycles.eq(self.cycles + 1)
            with m.If((valid & ~hazard & (receives | takes) & ~self.i.valid)
                      | (sending & ~self.o.ready)):
                m.d.sync += self.waited.eq(self.waited + 1)
        with m.If(issue & units[Unit.HALT]):
            m.d.sync += running.eq(0)
            m.d.comb += kept.eq(1)
        with m.If(~running):
            m.d.comb += kept.eq(1)
            with m.If(self.start & self.ready):
                m.d.sync += [aligning.eq(1), address.eq(self.entry), self.cycles.eq(0),
                             self.waited.eq(0)]
            with m.If(aligning & self.accept):
                m.d.sync += [aligning.eq(0), running.eq(1)]
        with m.If(go):
            m.d.sync += address.eq(target)
        with m.If(kept):
            m.d.sync += [fetched.eq(0), valid.eq(0)]
        return m

    def _invert(self, m, begins, asking, awaiting, inverted):
        """The operand goes to the inverter, and its result is taken, in one cycle each."""
        operands, results = self.inverter.operands, self.inverter.results
        m.d.comb += [operands.valid.eq(asking), results.ready.eq(awaiting),
                     inverted.eq(awaiting & results.valid)]
        with m.If(begins):
            m.d.sync += asking.eq(1)
        with m.If(asking & operands.ready):
            m.d.sync += [asking.eq(0), awaiting.eq(1)]
        with m.If(inverted):
            m.d.sync += awaiting.eq(0)


class StandaloneProcessor(wiring.Component):
    """A processor with a multiplier of its own: for programs called by themselves, and tests.

    Registers before the multiplier make up the latency that `shape` has beyond the multiplier's,
    and operands go in every `interval` cycles, as where the multiplier is shared. An inverter, if
    the shape has one, is its own too. Members are those of `Processor` without these ports.
    """

    def __init__(self, shape: ProcessorShape, program):
        self.shape = shape
        if shape.latency < shape.multiplier.latency:
            raise ValueError(f"a multiplier of latency {shape.multiplier.latency} cannot answer "
                             f"after {shape.latency} cycles")
        self.processor = Processor(shape, program)
        own = {"a", "b", "multiplying", "product", "accept", "inverter"}
        super().__init__({name: member for name, member in
                          self.processor.signature.members.items() if name not in own})

    def elaborate(self, platform):
        m = Module()
        m.submodules.processor = processor = self.processor
        m.submodules.multiplier = multiplier = self.shape.multiplier.build()
        m.d.comb += [
            processor.product.eq(multiplier.product),
            processor.start.eq(self.start), processor.entry.eq(self.entry),
            self.ready.eq(processor.ready), self.cycles.eq(processor.cycles),
            self.waited.eq(processor.waited), self.resting.eq(processor.resting),
        ]
        if self.shape.inverter is not None:
            m.submodules.inverter = inverter = Inverter(self.shape.inverter)
            wiring.connect(m, processor.inverter.operands, inverter.operands)
            wiring.connect(m, processor.inverter.results, inverter.results)
        phase = Signal(range(self.shape.interval + 1))
        accepted = Signal()
        m.d.sync += [phase.eq(Mux(phase == self.shape.interval - 1, 0, phase + 1)),
                     accepted.eq(processor.accept)]
        m.d.comb += processor.accept.eq(phase == 0)
        # What is not presented when it can be taken is lost.
        a, b = (Mux(accepted & processor.multiplying, operand, 0)
                for operand in (processor.a, processor.b))
        operands = Cat(accepted, a, b)
        for n in range(self.shape.latency - self.shape.multiplier.latency):
            held = Signal(len(operands), name=f"operands{n}")
            m.d.sync += held.eq(operands)
            operands = held
        bits = self.shape.multiplier.operand_bits
        m.d.comb += [multiplier.a.eq(operands[1:1 + bits]), multiplier.b.eq(operands[1 + bits:])]
        if "start" in multiplier.signature.members:
            m.d.comb += multiplier.start.eq(operands[0])
        wiring.connect(m, processor.i, wiring.flipped(self.i))
        wiring.connect(m, processor.o, wiring.flipped(self.o))
        return m
