"""The control of a matrix product: no sum is lost or read twice, and the blocks change hands when
nothing is in them: proven."""

from amaranth import *
from amaranth.hdl import Assert, Assume
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from proofmill.hdl import matrix_control as control_module
from proofmill.hdl.field import TOY
from proofmill.hdl.matrix_control import QUEUE, settling
from proofmill.hdl.matrix_shape import MatrixShape

DEPTH = 2
"""Of the induction."""

ENTRY_BITS = 2
"""2 ** so many entries of either operand, and steps, groups and tiles to that number."""

COUNT = 4
"""Bits of counts of tiles, which go round."""


def small(shape: MatrixShape) -> MatrixShape:
    """Of as many rows of hardware as `shape`, up to two, with two limbs."""
    return MatrixShape(field=TOY, operand_bits=10, digit=5, limb=5, element=2,
                       interval=1 if shape.rows > 1 else 2)


class InOrder(wiring.Component):
    """A control, with starts, sizes, sums and whoever takes them as they like.

    Claimed: sums of a tile move to where they are read only when all of the tile before them have
    been asked for; they are asked for column by column and row by row, each once; what is asked for
    has room in the queue; as many tiles have left as have entered, and all at the end. The mode
    changes, and the unit gives the blocks back, only when what was in them has had the time to
    leave; and the blocks are told nothing out of the mode.

    Parameters
    ----------
    shape : of the multiplier.
    late : see `hdl.matrix_control.MatrixControl`.
    module : where `MatrixControl` is from.
    """

    def __init__(self, shape, late=0, module=control_module):
        self.shape, self.late, self.module = shape, late, module
        super().__init__({"start": In(1), "ready": In(1), "steps": In(ENTRY_BITS),
                          "groups": In(ENTRY_BITS), "tiles": In(ENTRY_BITS)})

    def elaborate(self, platform):
        m = Module()
        shape, idle = self.shape, self.module.Stage.IDLE
        m.submodules.dut = dut = self.module.MatrixControl(
            shape, ENTRY_BITS, ENTRY_BITS, self.late)
        held = [Signal(ENTRY_BITS, name=name) for name in ("steps_held", "groups_held",
                                                           "tiles_held")]
        for port, given, before in zip((dut.steps, dut.groups, dut.tiles),
                                       (self.steps, self.groups, self.tiles), held, strict=True):
            # They stand still from the start on, each at least 1.
            m.d.sync += before.eq(given)
            m.d.comb += [port.eq(given), Assume(given != 0),
                         Assume((dut.stage == idle) | (given == before))]
        m.d.comb += [dut.start.eq(self.start & ~dut.busy), dut.sums.ready.eq(self.ready)]
        self._tiles(m, dut)
        self._mode(m, dut)
        return m

    def _tiles(self, m, dut):
        shape, loop = self.shape, self.shape.loop
        running = dut.stage == self.module.Stage.RUN
        end = running & (dut.turn == loop - 1)
        go = ~(dut.first & dut.leaves) | dut.taken
        begins = end & go & ~dut.ended & dut.first
        entered, gone = Signal(COUNT), Signal(COUNT)
        m.d.sync += [entered.eq(entered + (begins & dut.valid[0])),
                     gone.eq(gone + (begins & dut.leaves))]
        # Columns that are still to be asked for, of the tile that left last.
        owed = Signal(range(loop * shape.limbs + 1))
        ask, column, row = Signal(), Signal.like(dut.column), Signal.like(dut.row)
        m.d.comb += ask.eq(dut.reading & ~dut.pause & (dut.room != 0))
        arrives = dut.come[-1]
        m.d.sync += owed.eq(Mux(arrives, loop * shape.limbs, owed - ask))
        with m.If(arrives):
            m.d.sync += [column.eq(0), row.eq(0)]
        with m.Elif(ask):
            m.d.sync += column.eq(Mux(column == shape.limbs - 1, 0, column + 1))
            with m.If(column == shape.limbs - 1):
                m.d.sync += row.eq(row + 1)
        coming = Cat(dut.left, dut.come, dut.reading)
        within = sum((valid for valid in dut.valid[1:]), Mux(dut.first, dut.leaves, dut.valid[0]))
        queue = dut.queue
        inside = Signal(range(QUEUE + 4))
        m.d.comb += inside.eq(queue.level + sum(dut.asked[n] for n in range(len(dut.asked))))
        m.d.comb += [
            # What is claimed.
            Assert(~ask | ((owed != 0) & (dut.column == column) & (dut.row == row))),
            Assert(~arrives | (owed == 0)),
            Assert(dut.array.advance == (ask & (column == shape.limbs - 1))),
            Assert(~queue.w_en | queue.w_rdy),
            Assert(~running | ((entered - gone)[:COUNT] == within)),
            Assert(running | (entered == gone)),
            Assert(running | ((owed == 0) & ~dut.sums.valid)),
            # What holds it together, for the induction.
            Assert(dut.turn < loop), Assert(dut.column < shape.limbs), Assert(dut.row < loop),
            Assert(~running | ~dut.ended | ~Cat(dut.valid).any() & ~(dut.first & dut.leaves)),
            Assert(sum(coming[n] for n in range(len(coming))) <= 1),
            Assert(~coming.any() | (running & ~dut.taken)),
            Assert(dut.taken | coming.any()),
            Assert(dut.reading == (owed != 0)),
            Assert(~dut.reading | (owed == (loop - row) * shape.limbs - column)),
            Assert((dut.column == column) & (dut.row == row) | ~dut.reading),
            Assert(dut.reading | ((dut.column == 0) & (dut.row == 0))),
            *self._told(dut, running),
            Assert(dut.room + inside == QUEUE), Assert(queue.r_rdy | (queue.level <= 1)),
        ]

    @staticmethod
    def _told(dut, running):
        """When all are gone, the last step has been over for as long as it takes to be told."""
        chains = [[*dut.active, dut.array.active], dut.moving, dut.load]
        busy = Cat(*(Cat(chain) for chain in chains), dut.asked)
        yield Assert(running | ~busy.any())
        yield Assert(~dut.moving[0] | dut.active[0])
        yield Assert(~dut.left | dut.active[0])
        for chain in chains:
            for n, told in enumerate(chain):
                yield Assert(~(dut.ended & told) | dut.left | Cat(dut.come[:n]).any())

    def _mode(self, m, dut):
        most, Stage = settling(self.shape), self.module.Stage
        # Cycles that the blocks have been asked for, that the mode has stood, up to `most`.
        since, stood, mode = (Signal(range(most + 1)), Signal(range(most + 1), init=most),
                              Signal())
        asked_for = Signal()
        m.d.sync += [mode.eq(dut.array.mode), asked_for.eq(dut.busy),
                     since.eq(Mux(dut.busy, Mux(since == most, most, since + 1), 0)),
                     stood.eq(Mux(mode != dut.array.mode, 1, Mux(stood == most, most, stood + 1)))]
        array, changes = dut.array, mode != dut.array.mode
        told = array.load | array.moving | array.active | array.advance | Cat(dut.asked).any()
        at = {stage: dut.stage == stage for stage in Stage}
        m.d.comb += [
            Assert(~changes | ~array.mode | (since == most)),
            Assert(~(asked_for & ~dut.busy) | (stood == most) & ~array.mode),
            Assert(~told | (array.mode & (stood == most))),
            # What holds it together.
            Assert(dut.busy == ~at[Stage.IDLE]), Assert(dut.stage.as_value() <= 5),
            Assert(array.mode == (at[Stage.ENTER] | at[Stage.RUN] | at[Stage.LEAVE])),
            Assert(at[Stage.IDLE] | (dut.wait <= most)),
            Assert(~at[Stage.EMPTY] | (since == most - dut.wait)),
            Assert(at[Stage.IDLE] | at[Stage.EMPTY] | (since == most)),
            Assert(~(at[Stage.ENTER] | at[Stage.LEFT]) | Mux(
                dut.wait == most, mode != array.mode,
                (mode == array.mode) & (stood == most - dut.wait))),
            Assert(at[Stage.ENTER] | at[Stage.LEFT] | ~changes & (stood == most)),
        ]
