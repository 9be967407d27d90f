"""Where new operands come from: points with scalars from outside, then the buckets themselves.

A ring holds points: those being loaded, the one being recoded, and those of the last operands
handed out, whose coordinates may still be read. Recoding runs ahead of the mailboxes by
one operand, so a new one is always there when a service slot is free.
"""

from functools import cached_property

from amaranth import *
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.curve import Group
from proofmill.hdl.levels import Level
from proofmill.hdl.loader import Load
from proofmill.hdl.mailbox_batches import beats
from proofmill.hdl.mailboxes import Fetched, Operand
from proofmill.hdl.point_adder import AdderShape
from proofmill.hdl.recoder import Recoder
from proofmill.hdl.slicer import SLICE
from proofmill.hdl.unit_windows import WINDOWS

RING = 4
"""Entries of the ring of a unit that is alone. Of two, one may wait as an operand and one be read
after the recoder has left them; the others are loaded ahead."""

SHARED_RING = 8
"""... and of units that share the loader, so that one can be ahead of another."""

READ = 2
"""Cycles from saying which coordinate of which entry is wanted to its being there."""


class HandedOut(wiring.Signature):
    """The entry of a ring that is handed out.

    Members
    -------
    valid, mailbox : there is one, from this mailbox
    row, coordinate : the coordinate of it that is wanted, and that, `READ` cycles later
    left : it has been handed out
    """

    def __init__(self, shape: AdderShape, mailbox_bits: int):
        super().__init__({
            "valid": Out(1), "mailbox": Out(mailbox_bits), "row": In(shape.positions),
            "coordinate": Out(shape.coordinate_bits), "left": In(1)})


class Operands(wiring.Component):
    """A unit's ring of points and its recoder.

    ::

                        put ─┐           ┌─ taken_out
                             ▼           ▼
        load ─────────►┌ n + 3 │ n + 2 │ n + 1 │   n   ┐─► recoder ─► operand: mailbox, sign
        fetched ──────►└───────┴───────┴───────┴───────┘
                                   │ coordinate of the entry it was made from, or its negative
                                   └──────────────────────────────────► operand.coordinate

    An entry is in the ring from its last coordinate on: a point in the cycle after `load.commit`, a
    bucket in the one after its last `fetched` coordinate. The recoder takes it up in that cycle if
    it is free, so an operand of it is offered 4 cycles later at the earliest, of a bucket 5; see
    `hdl.recoder.Recoder`. A coordinate is there `READ` cycles after its position.

    Parameters
    ----------
    shape, mailbox_bits, datapath : see `hdl.mailboxes.Mailboxes`.
    affine : sums of every group that there is may be made in batches.

    Members
    -------
    group : which group, in
    batched : points have x and y alone, in
    again, level, windows : see `hdl.recoder.Recoder`, in
    load : from the loader, see `hdl.loader.Load`, in
    operand : to the mailboxes, see `hdl.mailboxes.Operand`, out
    room : a point may be loaded, or a bucket fetched, out
    fetch_taken, fetch_mailbox : a bucket is being fetched, this one, in
    fetched : its coordinates, see `hdl.mailboxes.Fetched`, in
    hand_out : entries go to the outside instead of being recoded, in
    entry : there, see `HandedOut`, out
    idle : no entry is in the ring, none on its way, and no operand waits, out
    cutting : see `hdl.recoder.Recoder`, out

    Attributes
    ----------
    What a proof may look at, besides the members:

    recoder : see `hdl.recoder.Recoder`
    put, taken_out : entries that have been counted in and out, modulo the ring's
    fetching : one is on its way from the mailboxes
    """

    def __init__(self, shape: AdderShape, mailbox_bits: int, *, datapath: bool = True,
                 affine: bool = False):
        self.shape, self.mailbox_bits, self.datapath = shape, mailbox_bits, datapath
        self.affine = affine
        self.ring = RING if shape.units == 1 else SHARED_RING
        super().__init__({
            "group": In(range(max(2, len(shape.groups)))), "again": In(1), "batched": In(1),
            "level": In(Level(mailbox_bits)), "windows": In(WINDOWS),
            "load": In(Load(shape.curve.words)),
            "operand": Out(Operand(shape, mailbox_bits)),
            "room": Out(1), "fetch_taken": In(1), "fetch_mailbox": In(mailbox_bits),
            "fetched": In(Fetched(shape)),
            "hand_out": In(1), "entry": Out(HandedOut(shape, mailbox_bits)),
            "idle": Out(1), "cutting": Out(1),
        })
        self.put = Signal(range(self.ring))
        self.taken_out = Signal(range(self.ring))
        self.fetching = Signal()

    @cached_property
    def recoder(self):
        """Made when it is first looked at, so that a unit that is not elaborated leaves none."""
        return Recoder(self.mailbox_bits, self.shape.units)

    def elaborate(self, platform):
        m = Module()
        m.submodules.recoder = recoder = self.recoder
        wiring.connect(m, wiring.flipped(self.level), recoder.level)
        wiring.connect(m, wiring.flipped(self.windows), recoder.windows)
        # Entries are counted in and out.
        put, taken_out = self.put, self.taken_out
        used = Signal(range(self.ring))
        m.d.comb += [
            used.eq(put - taken_out),
            recoder.again.eq(self.again),
            recoder.entry.valid.eq(self.entry.valid & ~self.hand_out),
            recoder.operand.taken.eq(self.operand.taken),
            self.operand.valid.eq(recoder.operand.valid),
            self.operand.mailbox.eq(recoder.operand.mailbox),
            self.entry.valid.eq(used != 0),
            self.entry.mailbox.eq(recoder.entry.mailbox),
            self.cutting.eq(recoder.cutting),
        ]
        self._count(m, recoder, put, taken_out, used)
        m.d.comb += self.idle.eq(recoder.idle & (used == 0) & ~self.fetching)
        self._keep(m, recoder.entry, put, taken_out)
        if self.datapath:
            self._coordinates(m, recoder.operand, put, taken_out)
        return m

    def _count(self, m, recoder, put, taken_out, used):
        """Entries in and out of the ring."""
        fetching = self.fetching
        last_position = Signal(range(6))
        for index, group in enumerate(self.shape.groups):
            with m.If(self.group == index):
                m.d.comb += last_position.eq(3 * group.degree - 1)
        with m.If(self.batched):
            m.d.comb += last_position.eq(beats(Group.G1) - 1)
            if self.affine and Group.G2 in self.shape.groups:
                with m.If(self.group == self.shape.groups.index(Group.G2)):
                    m.d.comb += last_position.eq(beats(Group.G2) - 1)
        commit = Signal()
        leave = Signal()
        m.d.comb += [
            commit.eq(self.load.commit
                      | (self.fetched.valid & (self.fetched.position == last_position))),
            leave.eq(Mux(self.hand_out, self.entry.left, recoder.entry.left)),
        ]
        # Known a cycle late: a point takes more cycles to load, and a bucket to fetch.
        m.d.sync += self.room.eq((used < self.ring - 2) & ~fetching)
        with m.If(self.fetch_taken):
            m.d.sync += fetching.eq(1)
        with m.If(commit):
            m.d.sync += [put.eq(put + 1), fetching.eq(0)]
        with m.If(leave):
            m.d.sync += taken_out.eq(taken_out + 1)

    def _keep(self, m, entry, put, taken_out):
        """What the recoder wants of the entries, which is not in a memory."""
        ring = range(self.ring)
        slices = [Signal(SLICE, name=f"slice{n}", reset_less=True) for n in ring]
        mailboxes = [Signal(self.mailbox_bits, name=f"mailbox{n}") for n in ring]
        with m.Switch(put):
            for n in ring:
                with m.Case(n):
                    with m.If(self.load.commit):
                        m.d.sync += slices[n].eq(self.load.slice)
                    with m.If(self.fetch_taken):
                        m.d.sync += mailboxes[n].eq(self.fetch_mailbox)
        with m.Switch(taken_out):
            for n in ring:
                with m.Case(n):
                    m.d.comb += [entry.slice.eq(slices[n]), entry.mailbox.eq(mailboxes[n])]

    def _coordinates(self, m, operand, put, taken_out):
        """Coordinates into the ring and out, and the negatives of those that an operand may want
        the negative of."""
        shape, bits = self.shape, self.shape.coordinate_bits
        m.submodules.points_memory = points = memory.Memory(
            shape=bits, depth=self.ring * 8, init=[])
        m.submodules.negatives_memory = negatives = memory.Memory(
            shape=shape.curve.base.bits, depth=self.ring * 8, init=[])
        write, write_negative = points.write_port(), negatives.write_port()
        read = points.read_port(domain="comb")
        read_negative = negatives.read_port(domain="comb")
        # Both memories are spread over much of a device: what goes to them and what comes from
        # them are registers. What is put in is read some cycles after the commit at the earliest.
        arriving = Signal(bits, reset_less=True)
        arriving_negative = Signal.like(write_negative.data, reset_less=True)
        enable = Signal()
        enable_negative = Signal()
        place = Signal.like(write.addr)
        m.d.sync += [
            arriving.eq(Mux(self.fetched.valid, self.fetched.coordinate, self.load.coordinate)),
            enable.eq(self.fetched.valid | self.load.write),
            place.eq(Cat(Mux(self.fetched.valid, self.fetched.position, self.load.row)[:3], put)),
            arriving_negative.eq(self.load.negative), enable_negative.eq(self.load.write),
        ]
        m.d.comb += [
            write.data.eq(arriving), write.en.eq(enable), write.addr.eq(place),
            write_negative.data.eq(arriving_negative), write_negative.en.eq(enable_negative),
            write_negative.addr.eq(place),
        ]

        # Which entry an operand's coordinates are in, from its making to their reading; they are
        # looked up before it is known to be taken.
        made = Signal.like(put)
        with m.If(~operand.valid):
            m.d.sync += made.eq(taken_out)
        handing = Signal()  # beside what it chooses
        m.d.sync += handing.eq(self.hand_out)
        row = Signal(3)
        chosen = Signal.like(put)
        is_y = Signal()
        negative = Signal()
        negated = Signal()
        position = Signal.like(self.entry.row)
        m.d.comb += position.eq(Mux(handing, self.entry.row, self.operand.position))
        for index, group in enumerate(shape.groups):
            with m.If(self.group == index):
                m.d.comb += is_y.eq((position >= group.degree) & (position < 2 * group.degree))
        m.d.sync += [row.eq(position), negated.eq(negative & is_y & ~handing)]
        with m.If(handing):
            m.d.sync += chosen.eq(taken_out)
        with m.Elif(self.operand.position == 0):
            m.d.sync += [chosen.eq(made), negative.eq(operand.negative)]
        # Buckets may be at infinity; points are not.
        gone = Signal(self.ring)
        with m.If(self.load.commit | self.fetched.valid):
            m.d.sync += gone.bit_select(put, 1).eq(self.fetched.valid & self.fetched.infinite)
        m.d.sync += self.operand.infinite.eq(gone.bit_select(chosen, 1))
        coordinate = Signal(bits, reset_less=True)
        m.d.comb += [read.addr.eq(Cat(row, chosen)), read_negative.addr.eq(read.addr)]
        m.d.sync += coordinate.eq(Mux(negated, read_negative.data, read.data))
        m.d.comb += [self.operand.coordinate.eq(coordinate), self.entry.coordinate.eq(coordinate)]
