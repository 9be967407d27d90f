"""Products of matrices on a multiplier's blocks, between two streams of words."""

from dataclasses import dataclass
from enum import IntEnum

from amaranth import *
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.commands import MATRIX, WORD
from proofmill.hdl.matrix_control import ROOM, MatrixControl
from proofmill.hdl.matrix_shape import MatrixShape, control_port
from proofmill.hdl.montgomery import ports


class Operation(IntEnum):
    """What a header asks for."""

    WEIGHTS = 1
    """Write `count` entries of w from `address` on; they follow."""
    ELEMENTS = 2
    """... of x."""
    MULTIPLY = 3
    """Multiply by the entries of w from `address` on; a word with its
    sizes follows, `hdl.commands.MATRIX`, each at least 1."""


HEADER = data.StructLayout({"operation": 8, "address": ROOM, "count": 32})
"""The first word of a command."""

@dataclass(frozen=True, kw_only=True)
class MatrixUnitShape:
    """A `MatrixShape` with memories for its operands.

    Parameters
    ----------
    multiplier : whose blocks multiply.
    weight_bits, element_bits : 2 ** so many entries of w and of x; an entry of w is what a row of
        hardware needs for a step, one of x what all rows need for a sum's step.
    late : cycles by which entries come later than in the cycle after their address.
    """

    multiplier: MatrixShape
    weight_bits: int
    element_bits: int
    late: int = 0

    def __post_init__(self) -> None:
        for name in ("weight_bits", "element_bits"):
            if not 1 <= getattr(self, name) <= ROOM:
                raise ValueError(f"{name} must be in 1 to {ROOM}, not {getattr(self, name)}")

    @property
    def weight_words(self) -> int:
        """Words of an entry of w."""
        return -(-self.multiplier.word_bits // WORD)

    @property
    def element_words(self) -> int:
        """Words of an entry of x."""
        return -(-self.multiplier.elements_bits // WORD)


class MatrixUnit(wiring.Component):
    """Multiply matrices of unsigned integers; between commands, multiply in the field.

    A command is a `HEADER` and what it says follows. MULTIPLY answers a word for each sum, and then
    the cycles that it took. With R rows of hardware, L = ``loop`` and S steps, row r of it has in
    step s the terms ``k = 2 (s R + r)`` and ``k + 1``; so w lies in memory as ::

        entry (tile S + s) R + r:   for each limb w[k], w[k + 1]

    and x as ::

        entry (group S + s) L + c:  for each r  x[group L + c, k], x[group L + c, k + 1]

    Sums come in the order that `hdl.matrix_control.MatrixControl` says.

    Members
    -------
    commands : stream of words, in
    answers : stream of words, out
    start, a, b, product : as of `hdl.folded.FoldedMultiplier`; nothing is to start while `busy`
    busy : the blocks are at a MULTIPLY, or wait for one, out
    """

    def __init__(self, shape: MatrixUnitShape):
        self.shape = shape
        super().__init__({
            "commands": In(stream.Signature(WORD)), "answers": Out(stream.Signature(WORD)),
            "start": In(1), **ports(shape.multiplier), "busy": Out(1)})

    def elaborate(self, platform):
        m = Module()
        shape = self.shape
        m.submodules.multiplier = array = shape.multiplier.build()
        m.submodules.control = control = MatrixControl(
            shape.multiplier, shape.weight_bits, shape.element_bits, shape.late)
        for port in ("start", "a", "b", *(["second"] if shape.multiplier.second else [])):
            m.d.comb += getattr(array, port).eq(getattr(self, port))
        control_port(m, control.array, array)

        header, size = Signal(HEADER), Signal(MATRIX)
        write_weights, write_elements = Signal(), Signal()
        entry = Signal(WORD * max(shape.weight_words, shape.element_words), reset_less=True)
        self._memories(m, array, control, header, entry, write_weights, write_elements)
        m.d.comb += [
            self.product.eq(array.product), self.busy.eq(control.busy),
            control.base.eq(header.address), control.steps.eq(size.steps),
            control.groups.eq(size.groups), control.tiles.eq(size.tiles)]
        part = Signal(range(max(shape.weight_words, shape.element_words) + 1))
        commands, answers = self.commands, self.answers
        with m.FSM():
            with m.State("HEADER"):
                m.d.comb += commands.ready.eq(1)
                with m.If(commands.valid):
                    m.d.sync += [header.as_value().eq(commands.payload), part.eq(0)]
                    m.next = "DECODE"
            with m.State("DECODE"):
                with m.If(header.operation == Operation.MULTIPLY):
                    m.next = "SIZE"
                with m.Elif(header.count == 0):
                    m.next = "HEADER"
                with m.Else():
                    m.next = "ENTRY"
            with m.State("ENTRY"):
                m.d.comb += commands.ready.eq(1)
                with m.If(commands.valid):
                    for operation, words, write in (
                            (Operation.WEIGHTS, shape.weight_words, write_weights),
                            (Operation.ELEMENTS, shape.element_words, write_elements)):
                        with m.If(header.operation == operation):
                            m.d.sync += [
                                part.eq(Mux(part == words - 1, 0, part + 1)),
                                write.eq(part == words - 1),
                                entry.word_select(part, WORD).eq(commands.payload)]
                            with m.If(part == words - 1):
                                m.d.sync += header.count.eq(header.count - 1)
                                with m.If(header.count == 1):
                                    m.next = "HEADER"
            with m.State("SIZE"):
                m.d.comb += commands.ready.eq(1)
                with m.If(commands.valid):
                    m.d.sync += size.as_value().eq(commands.payload)
                    m.d.comb += control.start.eq(1)
                    m.next = "RUN"
            with m.State("RUN"):
                with m.If(control.answered(m, answers)):
                    m.next = "HEADER"
        return m

    def _memories(self, m, array, control, header, entry, write_weights, write_elements):
        """Entries of w and of x."""
        shape = self.shape.multiplier
        with m.If(write_weights | write_elements):
            m.d.sync += [header.address.eq(header.address + 1), write_weights.eq(0),
                         write_elements.eq(0)]
        m.d.comb += [
            array.word.eq(entries(
                m, "weights", shape.word_bits, self.shape.weight_bits, header.address,
                entry[:shape.word_bits], write_weights, control.weight, self.shape.late)),
            array.elements.eq(elements_of(
                m, self.shape, control, header.address, entry, write_elements))]


def entries(m, name, bits, depth_bits, address, value, write, wanted, late):
    """2 ** `depth_bits` entries of `bits` bits: `value` is written where `write` is 1; the one that
    is `wanted`, one cycle and `late` more later."""
    m.submodules[name] = cells = memory.Memory(shape=bits, depth=1 << depth_bits, init=[])
    port, read = cells.write_port(), cells.read_port()
    m.d.comb += [port.addr.eq(address), port.data.eq(value), port.en.eq(write),
                 read.addr.eq(wanted)]
    found = read.data
    for n in range(late):
        held = Signal(bits, name=f"{name}_read{n}", reset_less=True)
        m.d.sync += held.eq(found)
        found = held
    return found


def elements_of(m, shape: MatrixUnitShape, control, address, entry, write):
    """What all rows of hardware multiply by: entries of x, once for each, which reads by itself."""
    bits = 2 * shape.multiplier.element
    return Cat(entries(m, f"elements{row}", bits, shape.element_bits, address,
                       entry.word_select(row, bits), write, wanted, shape.late)
               for row, wanted in enumerate(control.elements))
