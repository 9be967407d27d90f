"""Products of matrices on a multiplier's blocks, between two streams of words."""

from dataclasses import dataclass
from enum import IntEnum

from amaranth import *
from amaranth.lib import data, fifo, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.commands import WORD
from proofmill.hdl.matrix_multiplier import MatrixShape
from proofmill.hdl.montgomery import ports

QUEUE = 8
"""Sums that wait to be taken."""

ROOM = 24
"""Bits of an address, and of a count of tiles."""


class Operation(IntEnum):
    """What a header asks for."""

    WEIGHTS = 1
    """Write `count` entries of w from `address` on; they follow."""
    ELEMENTS = 2
    """... of x."""
    MULTIPLY = 3
    """Multiply by the entries of w from `address` on; a `SIZE` follows."""


HEADER = data.StructLayout({"operation": 8, "address": ROOM, "count": 32})
"""The first word of a command."""

SIZE = data.StructLayout({"steps": 16, "groups": ROOM, "tiles": ROOM})
"""The second word of MULTIPLY: steps of a sum, groups of ``loop`` rows of x, and tiles of
``columns`` columns of w; each at least 1."""


@dataclass(frozen=True, kw_only=True)
class MatrixUnitShape:
    """A `MatrixShape` with memories for its operands.

    Parameters
    ----------
    multiplier : whose blocks multiply.
    weight_bits, element_bits : 2 ** so many entries of w and of x; an entry of w is what a row of
        hardware needs for a step, one of x what all rows need for a sum's step.
    """

    multiplier: MatrixShape
    weight_bits: int
    element_bits: int

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
        return -(-2 * self.multiplier.element * self.multiplier.rows // WORD)

    @property
    def settling(self) -> int:
        """Cycles until products have left the multiplier, and until the mode has gone through it.
        """
        return max(self.multiplier.latency, self.multiplier.rows + 8)


class MatrixUnit(wiring.Component):
    """Multiply matrices of unsigned integers; between commands, multiply in the field.

    A command is a `HEADER` and what it says follows. MULTIPLY answers a word for each sum, and then
    the cycles that it took. With R rows of hardware, L = ``loop`` and S steps, row r of it has in
    step s the terms ``k = 2 (s R + r)`` and ``k + 1``; so w lies in memory as ::

        entry (tile S + s) R + r:   for each limb w[k], w[k + 1]

    and x as ::

        entry (group S + s) L + c:  for each r  x[group L + c, k], x[group L + c, k + 1]

    A tile of sums, L by ``columns``, takes S steps of L cycles in the first row, then S in the
    next one, while the first one is at the next tile. Its sums come out row by row; the tiles of
    all groups come one after another, for the first tile of w, then for the next. A tile that would
    leave the last row before the sums of the one before it have been taken waits, all rows with it.

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
        m.submodules.sums = sums = fifo.SyncFIFOBuffered(
            width=shape.multiplier.sum_bits * shape.multiplier.products, depth=QUEUE)
        for port in ("a", "b", *(["second"] if shape.multiplier.second else [])):
            m.d.comb += getattr(array, port).eq(getattr(self, port))
        m.d.comb += self.product.eq(array.product)
        started, gated = Signal(), Signal()  # a cycle after `moving`, and after the mode
        m.d.sync += started.eq(array.moving)
        # In the mode's first cycle a last start is let through: none is missed before it.
        m.d.sync += gated.eq(array.mode)
        m.d.comb += array.start.eq(Mux(gated, started, self.start))

        header, size = Signal(HEADER), Signal(SIZE)
        write_weights, write_elements = Signal(), Signal()
        entry = Signal(WORD * max(shape.weight_words, shape.element_words), reset_less=True)
        running, finished, cycles = Signal(), Signal(), Signal(32)
        weights, elements = self._memories(m, array, header, entry, write_weights, write_elements)
        self._sequence(m, array, sums, header, size, running, finished, weights, elements)
        part = Signal(range(max(shape.weight_words, shape.element_words) + 1))
        left = Signal(range(shape.settling + 1))
        commands, answers = self.commands, self.answers
        m.d.sync += cycles.eq(cycles + 1)
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
                    m.d.sync += [size.as_value().eq(commands.payload), cycles.eq(1),
                                 self.busy.eq(1), left.eq(shape.settling)]
                    m.next = "EMPTY"
            for name, mode, following in (("EMPTY", 1, "ENTER"), ("ENTER", 1, "RUN"),
                                          ("LEAVE", 0, "LEFT")):
                with m.State(name):
                    m.d.sync += left.eq(left - 1)
                    with m.If(left == 0):
                        m.d.sync += [array.mode.eq(mode), left.eq(shape.settling)]
                        m.next = following
            with m.State("RUN"):
                m.d.comb += [running.eq(1), answers.valid.eq(sums.r_rdy),
                             answers.payload.eq(sums.r_data), sums.r_en.eq(answers.ready)]
                with m.If(finished):
                    m.d.sync += left.eq(0)
                    m.next = "LEAVE"
            with m.State("LEFT"):
                m.d.sync += left.eq(left - 1)
                with m.If(left == 0):
                    m.d.sync += self.busy.eq(0)
                    m.next = "CYCLES"
            with m.State("CYCLES"):
                m.d.comb += [answers.valid.eq(1), answers.payload.eq(cycles)]
                m.d.sync += cycles.eq(cycles)
                with m.If(answers.ready):
                    m.next = "HEADER"
        return m

    def _memories(self, m, array, header, entry, write_weights, write_elements):
        """(the port that reads w, those that read x, one for each row of hardware)."""
        shape = self.shape.multiplier
        with m.If(write_weights | write_elements):
            m.d.sync += [header.address.eq(header.address + 1), write_weights.eq(0),
                         write_elements.eq(0)]

        def kept(name, bits, depth_bits, written, write):
            m.submodules[name] = cells = memory.Memory(shape=bits, depth=1 << depth_bits, init=[])
            port, read = cells.write_port(), cells.read_port()
            m.d.comb += [port.addr.eq(header.address), port.data.eq(written), port.en.eq(write)]
            return read

        weights = kept("weights", shape.word_bits, self.shape.weight_bits,
                       entry[:shape.word_bits], write_weights)
        m.d.comb += array.word.eq(weights.data)
        bits = 2 * shape.element
        elements = [kept(f"elements{row}", bits, self.shape.element_bits,
                         entry.word_select(row, bits), write_elements)
                    for row in range(shape.rows)]
        m.d.comb += array.elements.eq(Cat(port.data for port in elements))
        return weights, elements

    def _sequence(self, m, array, sums, header, size, running, finished, weights, elements):
        """What is read, multiplied and sent while `running`."""
        shape = self.shape.multiplier
        loop, rows = shape.loop, shape.rows

        def chain(name, bits):
            """A number for each row of hardware, that goes with its tile."""
            return [Signal(bits, name=f"{name}{row}") for row in range(rows)]

        # The step whose w is read, in the last cycles of the step before it.
        turn = Signal(range(loop))
        w_bits, x_bits = self.shape.weight_bits, self.shape.element_bits
        step, first = Signal(w_bits), Signal()
        group, tile = Signal(x_bits), Signal(w_bits)
        w_bases, x_bases = chain("w_base", w_bits), chain("x_base", x_bits)
        w_step, x_step = Signal(w_bits), Signal(x_bits)
        valid = chain("valid", 1)
        leaves = Signal()     # a tile leaves the last row at the step, if it is the first
        # The step that is multiplied.
        active, moving, left = Signal(), Signal(), Signal()
        x_reads, x_offset = chain("x_read", x_bits), Signal(x_bits)
        taken = Signal()      # all sums have been read
        go = Signal()
        m.d.comb += go.eq(~(first & leaves) | taken)
        # Counts stand for at least two cycles before they are asked.
        last_step, last_group, last_tile = Signal(), Signal(), Signal()
        m.d.sync += [last.eq(count == (most - 1)[:len(count)]) for last, count, most in (
            (last_step, step, size.steps), (last_group, group, size.groups),
            (last_tile, tile, size.tiles))]

        with m.If(~running):
            m.d.sync += [
                turn.eq(0), step.eq(0), first.eq(1), group.eq(0), tile.eq(0),
                w_step.eq(0), x_step.eq(0), leaves.eq(0), active.eq(0), moving.eq(0), left.eq(0),
                w_bases[0].eq(header.address), x_bases[0].eq(0), valid[0].eq(1),
                *(each.eq(0) for each in valid[1:])]
        ended = Signal()
        with m.If(running):
            m.d.sync += [turn.eq(Mux(turn == loop - 1, 0, turn + 1)), x_offset.eq(x_offset + 1)]
            with m.If(turn == loop - 1):
                m.d.sync += [active.eq(go & ~ended), moving.eq(go & first & ~ended),
                             left.eq(go & first & leaves & ~ended)]
                with m.If(go & ~ended):
                    m.d.sync += [x_offset.eq(x_step), w_step.eq(w_step + rows),
                                 x_step.eq(x_step + loop), step.eq(step + 1), first.eq(0)]
                    m.d.sync += [one.eq(other) for one, other in zip(x_reads, x_bases, strict=True)]
                    with m.If(first & leaves & ~Cat(valid).any()):
                        m.d.sync += ended.eq(1)
                    with m.If(last_step):
                        self._next_tile(m, last_group, last_tile, group, tile, w_bases, x_bases,
                                        valid, w_step, x_step)
                        m.d.sync += [step.eq(0), first.eq(1), leaves.eq(valid[-1])]
        with m.Else():
            m.d.sync += ended.eq(0)

        # Words of w, one a cycle, the last one in the step's last cycle but one: with it comes the
        # load, a cycle later, when it has been read.
        with m.Switch(turn):
            for row in range(rows):
                with m.Case((loop - rows + row) % loop):
                    m.d.comb += weights.addr.eq(w_bases[row] + w_step + row)
        m.d.comb += [array.load.eq(active & (turn == 0)), array.moving.eq(moving)]
        for row, port in enumerate(elements):
            m.d.comb += port.addr.eq(x_reads[row] + x_offset)
        m.d.sync += array.active.eq(active)
        sent = self._read_out(m, array, sums, left & (turn == loop - 1), taken)
        with m.If(~running):
            m.d.sync += taken.eq(1)
        with m.Elif(go & ~ended & first & leaves & (turn == loop - 1)):
            m.d.sync += taken.eq(0)
        m.d.comb += finished.eq(ended & taken & sent)

    def _next_tile(self, m, last_group, last_tile, group, tile, w_bases, x_bases, valid,
                   w_step, x_step):
        """Each row's next tile is the one that the row before had."""
        shape = self.shape.multiplier
        m.d.sync += [w_step.eq(0), x_step.eq(0)]
        for numbers in (w_bases, x_bases, valid):
            m.d.sync += [one.eq(other) for one, other in
                         zip(numbers[1:], numbers, strict=False)]
        with m.If(last_group):
            m.d.sync += [group.eq(0), tile.eq(tile + 1), x_bases[0].eq(0),
                         w_bases[0].eq(w_bases[0] + w_step + shape.rows)]
            with m.If(last_tile):
                m.d.sync += valid[0].eq(0)
        with m.Else():
            m.d.sync += [group.eq(group + 1),
                         x_bases[0].eq(x_bases[0] + x_step + shape.loop)]

    def _read_out(self, m, array, sums, come, taken):
        """Send the sums that have `come`, row by row; then say that all are `taken`.

        Returns whether none waits to be sent.
        """
        shape = self.shape.multiplier
        begun, reading, pause = Signal(), Signal(), Signal()
        column, row = Signal(range(shape.limbs)), Signal(range(shape.loop))
        room = Signal(range(QUEUE + 1), init=QUEUE)
        ask, asked = Signal(), Signal(2)
        last, sent = Signal(), Signal()
        m.d.comb += [
            ask.eq(reading & ~pause & (room != 0)), last.eq(column == shape.limbs - 1),
            sent.eq(room == QUEUE), array.column.eq(column), array.advance.eq(ask & last),
            sums.w_en.eq(asked[-1]), sums.w_data.eq(array.sums)]
        m.d.sync += [begun.eq(come), asked.eq(Cat(ask, asked)), pause.eq(ask & last),
                     room.eq(room - ask + (sums.r_en & sums.r_rdy))]
        with m.If(begun):
            m.d.sync += reading.eq(1)
        with m.If(ask):
            m.d.sync += column.eq(Mux(last, 0, column + 1))
            with m.If(last):
                m.d.sync += row.eq(Mux(row == shape.loop - 1, 0, row + 1))
                with m.If(row == shape.loop - 1):
                    m.d.sync += [reading.eq(0), taken.eq(1)]
        return sent
