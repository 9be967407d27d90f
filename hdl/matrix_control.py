"""What is read, multiplied and sent in a product of matrices, cycle by cycle."""

from functools import cached_property

from amaranth import *
from amaranth.lib import enum, fifo, stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.commands import MATRIX
from proofmill.hdl.matrix_shape import ArrayPort, MatrixShape

QUEUE = 8
"""Sums that wait to be taken."""

ROOM = MATRIX["tiles"].width
"""Bits of an address of an entry, and of a count of groups or tiles."""


def settling(shape: MatrixShape) -> int:
    """Cycles until products have left the multiplier, and until the mode has gone through it."""
    return max(shape.latency, shape.rows + 8)


class Stage(enum.Enum, shape=3):
    """What a product is at."""

    IDLE = 0
    EMPTY = 1  # products leave the blocks
    ENTER = 2  # the mode goes through them
    RUN = 3
    LEAVE = 4  # the mode is about to change back
    LEFT = 5   # ... and what is in the blocks leaves them


NEXT = {Stage.EMPTY: (1, Stage.ENTER), Stage.ENTER: (1, Stage.RUN), Stage.LEAVE: (0, Stage.LEFT)}
"""The mode after a stage that ends by itself, and the next one."""

SETTLED = (Stage.EMPTY, Stage.LEAVE)
"""Those of them after which what is in the blocks, or the mode, has to go through."""


class MatrixControl(wiring.Component):
    """Multiply what lies in two memories; see `hdl.matrix_unit.MatrixUnit` for how it lies there.

    The blocks are everybody's while it is not `busy`. From `start` on it lets their products leave,
    changes the mode, multiplies, changes it back, and lets what is in them leave again.

    A tile of sums, L by ``columns``, takes S steps of L cycles in the first row, then S in the
    next one, while the first one is at the next tile. Its sums come out row by row; the tiles of
    all groups come one after another, for the first tile of w, then for the next. A tile that would
    leave the last row before the sums of the one before it have been taken waits, all rows with it.

    Parameters
    ----------
    shape : of the multiplier.
    weight_bits, element_bits : 2 ** so many entries of w and of x have an address.
    late : cycles by which what is read comes later than in the cycle after its address.

    Members
    -------
    start : begin, in; only while not `busy`
    steps, groups, tiles : of the product, each at least 1, in; from the cycle after `start` on, to
        be held
    base : the first entry of w, in; likewise
    busy : the blocks are at a product, or wait for one, out
    cycles : that it has been so, out
    array : to the blocks, all but the operands, see `hdl.matrix_shape.ArrayPort`
    weight, elements : the entry of w that is read, and for each row of hardware that of x, out
    sums : stream of sums, out

    Attributes
    ----------
    What a proof may look at, besides the members:

    stage, wait : what a product is at, and cycles until the next one
    turn : the cycle of a step
    first, ended : the step that is prepared is a tile's first; none is left
    valid : each row of hardware has a tile in it
    leaves, left : a tile has gone through the last row when that step begins; ... when this one
        did
    active, moving, load : a step is multiplied; sums move in it; its w is loaded; each so many
        cycles later
    come, reading, taken : the sums of a tile can be read, are being read, have all been read
    column, row, pause : which is read; not in this cycle
    asked, room : sums that are on their way to the queue; how many it has room for besides
    """

    def __init__(self, shape: MatrixShape, weight_bits: int, element_bits: int, late: int = 0):
        self.shape, self.late = shape, late
        self.weight_bits, self.element_bits = weight_bits, element_bits
        super().__init__({
            "start": In(1), **{name: In(MATRIX[name].shape) for name, _ in MATRIX},
            "base": In(weight_bits), "busy": Out(1), "cycles": Out(32),
            "array": Out(ArrayPort(shape)), "weight": Out(weight_bits),
            "elements": Out(element_bits).array(shape.rows),
            "sums": Out(stream.Signature(shape.sum_bits * shape.products))})
        self.stage = Signal(Stage)
        self.wait = Signal(range(settling(shape) + 1))
        self.turn = Signal(range(shape.loop))
        self.first, self.ended = Signal(init=1), Signal()
        self.valid = [Signal(name=f"valid{row}") for row in range(shape.rows)]
        self.leaves, self.left, self.taken = Signal(), Signal(), Signal(init=1)
        self.active, self.moving, self.load = (
            [Signal(name=f"{name}{n}") for n in range(late + 1)]
            for name in ("active", "moving", "load"))
        self.come = [Signal(name=f"come{n}") for n in range(late + 1)]
        self.reading, self.pause, self.asked = Signal(), Signal(), Signal(2)
        self.column, self.row = Signal(range(shape.limbs)), Signal(range(shape.loop))
        self.room = Signal(range(QUEUE + 1), init=QUEUE)

    @cached_property
    def queue(self):
        """Of sums that wait to be taken; made when it is first looked at, as `hdl.mailboxes`' flags
        are."""
        return fifo.SyncFIFOBuffered(width=self.shape.sum_bits * self.shape.products, depth=QUEUE)

    def elaborate(self, platform):
        m = Module()
        m.submodules.queue = queue = self.queue
        running, finished = Signal(), Signal()
        self._sequence(m, running, finished)
        m.d.comb += [self.sums.valid.eq(queue.r_rdy), self.sums.payload.eq(queue.r_data),
                     queue.r_en.eq(self.sums.ready), running.eq(self.stage == Stage.RUN)]
        most = settling(self.shape)
        begins, over = self.start & (self.stage == Stage.IDLE), self.wait == 0
        settles = Cat(self.stage == stage for stage in SETTLED).any() & over
        with m.If(begins):
            m.d.sync += self.cycles.eq(1)
        with m.Elif(self.busy):
            m.d.sync += self.cycles.eq(self.cycles + 1)
        with m.If(begins | settles):
            m.d.sync += self.wait.eq(most)
        with m.Elif(~over):
            m.d.sync += self.wait.eq(self.wait - 1)
        with m.Switch(self.stage):
            with m.Case(Stage.IDLE):
                with m.If(begins):
                    m.d.sync += [self.busy.eq(1), self.stage.eq(Stage.EMPTY)]
            for stage, (mode, following) in NEXT.items():
                with m.Case(stage):
                    with m.If(over):
                        m.d.sync += [self.array.mode.eq(mode), self.stage.eq(following)]
            with m.Case(Stage.RUN):
                with m.If(finished):
                    m.d.sync += self.stage.eq(Stage.LEAVE)
            with m.Case(Stage.LEFT):
                with m.If(over):
                    m.d.sync += [self.busy.eq(0), self.stage.eq(Stage.IDLE)]
        return m

    def answered(self, m, answers):
        """Send `answers`, from the cycle after `start` on, in module `m`: the sums, and when it is
        not `busy` any more the `cycles`. Whether these are taken."""
        m.d.comb += [answers.valid.eq(self.sums.valid | ~self.busy),
                     answers.payload.eq(Mux(self.busy, self.sums.payload, self.cycles)),
                     self.sums.ready.eq(answers.ready)]
        return ~self.busy & answers.ready

    def _sequence(self, m, running, finished):
        """What is read, multiplied and sent while `running`."""
        shape, array = self.shape, self.array
        loop, rows = shape.loop, shape.rows

        def chain(name, bits):
            """A number for each row of hardware, that goes with its tile."""
            return [Signal(bits, name=f"{name}{row}") for row in range(rows)]

        # The step whose w is read, in the last cycles of the step before it. Counts begin with 1.
        turn, first, ended = self.turn, self.first, self.ended
        w_bits, x_bits = self.weight_bits, self.element_bits
        step, group, tile = (Signal(bits, name=name, init=1) for name, bits in (
            ("step", w_bits), ("group", x_bits), ("tile", w_bits)))
        w_bases, x_bases, valid = chain("w_base", w_bits), chain("x_base", x_bits), self.valid
        w_step, x_step = Signal(w_bits), Signal(x_bits)
        # The first row's own addresses go on from step to step, and need not be added up.
        w_at, x_at, again = Signal(w_bits), Signal(x_bits), Signal(init=1)  # x from the beginning
        leaves = self.leaves  # a tile leaves the last row at the step, if it is the first
        # The step that is multiplied.
        active, moving, left = self.active[0], self.moving[0], self.left
        x_reads, x_offset = chain("x_read", x_bits), Signal(x_bits)
        taken = self.taken    # all sums have been read
        go, begins = Signal(), Signal()
        m.d.comb += [go.eq(~(first & leaves) | taken),
                     begins.eq((turn == loop - 1) & go & ~ended)]
        # Counts stand for at least two cycles before they are asked.
        last_step, last_group, last_tile = Signal(), Signal(), Signal()
        m.d.sync += [last.eq(count == most[:len(count)]) for last, count, most in (
            (last_step, step, self.steps), (last_group, group, self.groups),
            (last_tile, tile, self.tiles))]

        with m.If(begins | active & (turn != loop - 1)):
            m.d.sync += x_at.eq(x_at + 1)
        with m.If(begins & again):
            m.d.sync += x_at.eq(0)
        following = (w_at + rows)[:w_bits]
        with m.If(~running | begins & last_step & last_group):
            m.d.sync += w_bases[0].eq(Mux(running, following, self.base))
        with m.If(~running | begins):
            m.d.sync += w_at.eq(Mux(running & (~last_step | last_group), following, w_bases[0]))
        with m.If(~running):
            m.d.sync += [
                turn.eq(0), step.eq(1), first.eq(1), group.eq(1), tile.eq(1),
                w_step.eq(0), x_step.eq(0), leaves.eq(0), active.eq(0), moving.eq(0), left.eq(0),
                x_bases[0].eq(0), valid[0].eq(1), taken.eq(1), again.eq(1), ended.eq(0),
                *(each.eq(0) for each in valid[1:])]
        with m.Else():
            m.d.sync += [turn.eq(Mux(turn == loop - 1, 0, turn + 1)), x_offset.eq(x_offset + 1)]
            with m.If(turn == loop - 1):
                m.d.sync += [active.eq(begins), moving.eq(begins & first),
                             left.eq(begins & first & leaves)]
            with m.If(begins):
                m.d.sync += [x_offset.eq(x_step), w_step.eq(w_step + rows),
                             x_step.eq(x_step + loop), step.eq(step + 1), first.eq(0), again.eq(0)]
                m.d.sync += [one.eq(other) for one, other in zip(x_reads, x_bases, strict=True)]
                with m.If(first & leaves):
                    m.d.sync += [taken.eq(0), ended.eq(~Cat(valid).any())]
                with m.If(last_step):
                    self._next_tile(m, last_group, last_tile, group, tile, w_bases, x_bases,
                                    w_step, x_step)
                    m.d.sync += [step.eq(1), first.eq(1), leaves.eq(valid[-1]),
                                 again.eq(last_group)]
        # Words of w, one a cycle, the last one in the step's last cycle but one: with it comes the
        # load, a cycle later, when it has been read.
        reads = [w_at, *(base + w_step + row for row, base in enumerate(w_bases[1:], 1))]
        with m.Switch(turn):
            for row, read in enumerate(reads[:-1]):
                with m.Case((loop - rows + row) % loop):
                    m.d.comb += self.weight.eq(read)
            with m.Default():
                m.d.comb += self.weight.eq(reads[-1])
        m.d.comb += [self.load[0].eq(active & (turn == 0)),
                     array.load.eq(self.load[-1]), array.moving.eq(self.moving[-1]),
                     self.elements[0].eq(x_at), *(
                         port.eq(read + x_offset) for port, read
                         in zip([*self.elements][1:], x_reads[1:], strict=True))]
        for early, late in (pair for chain in (self.active, self.moving, self.load)
                            for pair in zip(chain, chain[1:], strict=False)):
            m.d.sync += late.eq(early)
        m.d.sync += [array.active.eq(self.active[-1]),
                     Cat(self.come).eq(Cat(left & (turn == loop - 1), self.come))]
        sent = self._read_out(m)
        m.d.comb += finished.eq(ended & taken & sent)

    def _next_tile(self, m, last_group, last_tile, group, tile, w_bases, x_bases, w_step, x_step):
        """Each row's next tile is the one that the row before had."""
        shape, valid = self.shape, self.valid
        m.d.sync += [w_step.eq(0), x_step.eq(0)]
        for numbers in (w_bases, x_bases, valid):
            m.d.sync += [one.eq(other) for one, other in
                         zip(numbers[1:], numbers, strict=False)]
        with m.If(last_group):
            m.d.sync += [group.eq(1), tile.eq(tile + 1), x_bases[0].eq(0)]
            with m.If(last_tile):
                m.d.sync += valid[0].eq(0)
        with m.Else():
            m.d.sync += [group.eq(group + 1),
                         x_bases[0].eq(x_bases[0] + x_step + shape.loop)]

    def _read_out(self, m):
        """Send the sums that have `come`, row by row; then say that all are `taken`.

        Returns whether none waits to be sent.
        """
        shape, array, queue = self.shape, self.array, self.queue
        column, row, room = self.column, self.row, self.room
        ask, last, sent = Signal(), Signal(), Signal()
        m.d.comb += [
            ask.eq(self.reading & ~self.pause & (room != 0)), last.eq(column == shape.limbs - 1),
            sent.eq(room == QUEUE), array.column.eq(column), array.advance.eq(ask & last),
            queue.w_en.eq(self.asked[-1]), queue.w_data.eq(array.sums)]
        m.d.sync += [self.asked.eq(Cat(ask, self.asked)), self.pause.eq(ask & last),
                     room.eq(room - ask + (queue.r_en & queue.r_rdy))]
        with m.If(self.come[-1]):
            m.d.sync += self.reading.eq(1)
        with m.If(ask):
            m.d.sync += column.eq(Mux(last, 0, column + 1))
            with m.If(last):
                m.d.sync += row.eq(Mux(row == shape.loop - 1, 0, row + 1))
                with m.If(row == shape.loop - 1):
                    m.d.sync += [self.reading.eq(0), self.taken.eq(1)]
        return sent
