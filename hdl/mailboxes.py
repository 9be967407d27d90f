"""The mailboxes: where operands for the same bucket meet and leave for the adder in pairs.

A bucket is a mailbox with one slot. An operand that arrives at an empty mailbox stays in it; one
that arrives at a full mailbox takes the resident out, and the two go to the adder. The sum comes
back as an operand for the same mailbox. Additions into a bucket commute, so nothing waits for a
bucket that is being added to, whatever the adder's latency.

Time is cut into frames: the adder's own, or longer ones of several units that feed it in turn. A
frame has service slots of `beats` cycles, one cycle for each coordinate of a point:

    cycle of the slot   0           1                2 ... beats + 1           4 cycles later
                        who, where  full or empty?   one coordinate a cycle:   with the resident's
                                                     into the mailbox, or      to the adder

The first slot belongs to the sum that comes out of the adder in this frame, if there is one; the
last to fetching a bucket when the buckets are streamed back; new operands use the others, and
those two when they are free. Only one pair can leave in a frame. A sum is first, so it always
can; a new operand that would be the second pair of a frame waits, and nothing else ever does.
So no queue is needed, and the adder and the mailboxes cannot wait for each other.

Where sums are made in batches (`hdl.mailbox_batches`) a point has x and y alone, so slots have a
third less cycles. A sum that is there takes the next slot, unless that belongs to a bucket, and a
pair leaves in any slot while the adder has room for it. Two buckets are fetched in a frame, the
first in the middle, since an addition takes half of the products or less. A bucket keeps a z all
the same, which is 0 at infinity, so that what the levels after take out is a point like any other.
"""

from functools import cached_property

from amaranth import *
from amaranth.lib import data, enum, memory, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.banks import Pair
from proofmill.hdl.curve import Group
from proofmill.hdl.frames import FRAME_NUMBER_BITS
from proofmill.hdl.mailbox_batches import MOST_BEATS, Batched
from proofmill.hdl.mailbox_batches import beats as beats_of
from proofmill.hdl.point_adder import AdderShape
from proofmill.hdl.schedule import LOAD_CYCLE
from proofmill.hdl.transform import PlanePort

AWAY = LOAD_CYCLE - 2
"""Cycles from a coordinate's turn in its slot to when it goes to the adder, with the resident's."""


class Kind(enum.Enum, shape=2):
    """What is served in a slot."""

    NOTHING = 0
    SUM = 1      # a sum comes back from the adder
    OPERAND = 2  # a new operand
    FETCH = 3    # a bucket is taken out, to be streamed back


class Operand(wiring.Signature):
    """An operand on its way to the mailboxes.

    Members
    -------
    valid, mailbox : there is one, for this mailbox
    taken : it has been taken; the next may come in the cycle after
    position : the coordinate wanted: in the first cycle of a slot of the one that may be taken,
        then of the one that has been
    coordinate, infinite : its value, and whether the point is at infinity, two cycles later
    """

    def __init__(self, shape: AdderShape, mailbox_bits: int):
        super().__init__({
            "valid": Out(1), "mailbox": Out(mailbox_bits), "taken": In(1),
            "position": In(shape.positions), "coordinate": Out(shape.coordinate_bits),
            "infinite": Out(1)})


class Fetch(wiring.Signature):
    """A bucket to take out: `mailbox`, which must be full, while `valid`, until it is `taken`."""

    def __init__(self, mailbox_bits: int):
        super().__init__({"valid": Out(1), "mailbox": Out(mailbox_bits), "taken": In(1)})


class Fetched(wiring.Signature):
    """Its coordinates, one a cycle while `valid`: number `position`, `coordinate`; with y of what
    is fetched without z, whether it is `infinite`."""

    def __init__(self, shape: AdderShape):
        super().__init__({"valid": Out(1), "position": Out(shape.positions),
                          "coordinate": Out(shape.coordinate_bits), "infinite": Out(1)})


class Mailboxes(wiring.Component):
    """Serve operands, sums and fetches; keep the flags and the residents.

    Parameters
    ----------
    shape : the adder they feed.
    mailbox_bits : 2 ** mailbox_bits mailboxes of G1 points, half as many of G2 points.
    datapath : False leaves out the coordinates: flags, slots and cycles alone.
    lent : (planes, rows, bits) of what others use of the memory of the coordinates: of so many
        planes, the first ones; or None.
    unit : z of an affine point, or its real part, where sums of these may be made in batches, else
        None.

    Members
    -------
    group, last : from the frames, in
    round : number of the unit's frame, in
    enable : serve at all, in; changes only while `quiet`
    operand : see `Operand`, in
    fetch : see `Fetch`, in
    fetched : see `Fetched`, out
    probe, probed : a mailbox to look at, in; whether it is full, a cycle later, out
    clear : empty mailbox `probe` unconditionally, in; only while not enabled
    pair : to the adder, see `hdl.banks.Pair`, out
    total : the coordinate of a sum from the adder, in
    total_position : which one is wanted now, out
    quiet : nothing is on its way, out; to be looked at in a frame's last cycle
    paired : in the last cycle of a frame: a pair left in it, out
    waited : an operand had to wait because a pair had left already, out
    lending, planes : the memory is lent, in; what is read and written then, see
        `hdl.transform.PlanePort`, in; only where it may be lent, and only while `quiet`. A single
        plane's `value` is 0 while it is not
    batched, port : sums are made in batches, in; changes only while `quiet`, and is heeded from the
        next frame on; and to them, see `hdl.mailbox_batches.Batched`, out; only where they may be

    Attributes
    ----------
    What a proof may look at, and a bench, besides the members:

    service, phase : which slot of the frame, and which cycle of the slot, this is
    leaving : the pair that leaves in this frame: `valid`, and the `mailbox` its sum is for
    flying : ... that left so many frames ago, and one more
    kind, mailbox : who is served in the slot that began in the cycle before, and where
    accept, leaves : it is; and leaves with the resident
    moving, moving_kind, moving_mailbox, moving_leaves, position : of whom a coordinate moves, which
    flags, residents : the memories; a plane of `residents` for every third of a point
    mode : `batched`, in this frame
    """

    def __init__(self, shape: AdderShape, mailbox_bits: int, *, datapath: bool = True,
                 lent: tuple[int, int, int] | None = None, unit: int | None = None):
        self.unit = unit
        self.shape, self.mailbox_bits, self.datapath = shape, mailbox_bits, datapath
        self.lent = lent
        for group, frame in shape.frame.items():
            if frame < 2 * 3 * group.degree:
                raise ValueError(
                    f"in {frame} cycles a frame has no two service slots of "
                    f"{3 * group.degree} cycles for {group.name}; the interval must be at least "
                    f"{6 * group.degree}")
        super().__init__({
            "group": In(range(max(2, len(shape.groups)))),
            "last": In(1),
            "round": In(FRAME_NUMBER_BITS),
            "enable": In(1),
            "operand": In(Operand(shape, mailbox_bits)),
            "fetch": In(Fetch(mailbox_bits)),
            "fetched": Out(Fetched(shape)),
            "probe": In(mailbox_bits),
            "probed": Out(1),
            "clear": In(1),
            "pair": Out(Pair(shape)),
            "total": In(shape.coordinate_bits),
            "total_position": Out(shape.positions),
            "quiet": Out(1),
            "paired": Out(1),
            "waited": Out(1),
            **({} if lent is None else {
                "lending": In(1), "planes": In(PlanePort(*lent[1:])).array(lent[0])}),
            **({} if unit is None else {
                "batched": In(1), "port": Out(Batched(shape.coordinate_bits, mailbox_bits))}),
        })
        # Folded multipliers make long frames, of many slots.
        longest = max(frame // (3 * group.degree) for group, frame in shape.frame.items())
        if unit is not None:
            longest = max(longest, *(
                frame // beats_of(group) for group, frame in shape.frame.items()))
        self.mode = Signal()
        tag = data.StructLayout({"valid": 1, "mailbox": mailbox_bits})
        self.most_frames = max(schedule.frames for schedule in shape.schedules.values())
        self.service = Signal(max(5, longest.bit_length()))
        self.phase = Signal(4)
        self.leaving = Signal(tag)
        self.flying = [Signal(tag, name=f"flying{n}") for n in range(self.most_frames + 1)]
        self.kind = Signal(Kind)
        self.mailbox = Signal(mailbox_bits)
        self.accept = Signal()
        self.leaves = Signal()
        self.moving = Signal()
        self.moving_kind = Signal(Kind)
        self.moving_mailbox = Signal(mailbox_bits)
        self.moving_leaves = Signal()
        self.position = Signal(range(6))

    @cached_property
    def flags(self):
        """Which mailboxes are taken; made when it is first looked at, so that a unit that is not
        elaborated leaves no memory unused."""
        return memory.Memory(shape=1, depth=1 << self.mailbox_bits, init=[])

    @cached_property
    def residents(self):
        """Planes of coordinates, made as `flags`."""
        bits, depth = self.shape.coordinate_bits, 1 << self.mailbox_bits
        return [memory.Memory(shape=bits, depth=depth, init=[])
                for _ in range(3 if self.datapath else 0)]

    def elaborate(self, platform):
        m = Module()
        beats = Signal(4)
        services = Signal.like(self.service)
        frames = Signal(8)
        for index, group in enumerate(self.shape.groups):
            with m.If(self.group == index):
                m.d.comb += [
                    beats.eq(3 * group.degree),
                    services.eq(self.shape.frame[group] // (3 * group.degree)),
                    frames.eq(self.shape.schedules[group].frames),
                ]
                if self.unit is not None:
                    with m.If(self.mode):
                        m.d.comb += [
                            beats.eq(beats_of(group)),
                            services.eq(self.shape.frame[group] // beats_of(group))]
        served = self.enable
        if self.unit is not None:
            with m.If(self.last):
                m.d.sync += self.mode.eq(self.batched)
            served = self.enable & (self.mode == self.batched)
        # Where in the frame: service slot, and cycle of the slot.
        with m.If(self.last):
            m.d.sync += [self.service.eq(0), self.phase.eq(0)]
        with m.Elif(self.phase == beats - 1):
            m.d.sync += [self.service.eq(self.service + 1), self.phase.eq(0)]
        with m.Else():
            m.d.sync += self.phase.eq(self.phase + 1)

        returning = self._remember_pairs(m, frames)
        self._serve(m, served, services, returning)
        self._move(m, beats)
        if self.datapath:
            self._move_coordinates(m)
        return m

    def _remember_pairs(self, m, frames):
        """Those in the adder, by the frame they left in; the one whose sum comes back in this."""
        returning = Signal.like(self.leaving, name="returning")
        with m.Switch(frames):
            for n in sorted({schedule.frames for schedule in self.shape.schedules.values()}):
                with m.Case(n):
                    m.d.comb += returning.eq(self.flying[n])
        with m.If(self.last):
            m.d.sync += [self.flying[0].eq(self.leaving), self.leaving.valid.eq(0)]
            for n in range(self.most_frames):
                m.d.sync += [
                    self.flying[n + 1].mailbox.eq(self.flying[n].mailbox),
                    self.flying[n + 1].valid.eq(self.flying[n].valid & (n < frames)),
                ]
        m.d.comb += self.paired.eq(self.leaving.valid)
        return returning

    def _serve(self, m, served, services, returning):
        """Cycle 0 of a slot: who is served, where. Cycle 1: full or empty decides."""
        kind, mailbox, accept, leaves = self.kind, self.mailbox, self.accept, self.leaves
        m.submodules.flags = self.flags
        flag_read = self.flags.read_port()
        flag_probe = self.flags.read_port()
        flag_write = self.flags.write_port()
        chosen = Signal(Kind)
        chosen_mailbox = Signal(self.mailbox_bits)
        there, its_mailbox = (self.service == 0) & returning.valid, returning.mailbox
        fetching = (self.service == services - 1) & self.fetch.valid
        blocked_by = self.leaving.valid
        if self.unit is not None:
            fetching = fetching | (self.mode & self.fetch.valid
                                   & (self.service == (services >> 1) - 1))
            there = there | self.mode & self.port.sum_valid & ~fetching
            its_mailbox = Mux(self.mode, self.port.sum_mailbox, its_mailbox)
            blocked_by = Mux(self.mode, ~self.port.may_leave, blocked_by)
        with m.If((self.phase == 0) & (self.service < services) & served):
            with m.If(there):
                m.d.comb += [chosen.eq(Kind.SUM), chosen_mailbox.eq(its_mailbox)]
            with m.Elif(fetching):
                m.d.comb += [chosen.eq(Kind.FETCH), chosen_mailbox.eq(self.fetch.mailbox)]
            with m.Elif(self.operand.valid):
                m.d.comb += [chosen.eq(Kind.OPERAND), chosen_mailbox.eq(self.operand.mailbox)]
        m.d.comb += flag_read.addr.eq(chosen_mailbox)
        m.d.sync += [kind.eq(chosen), mailbox.eq(chosen_mailbox)]

        # In cycles other than 1 `kind` is NOTHING. The memory says late what the flag is, so what
        # that decides is prepared.
        full = Signal()
        blocked = Signal()  # a pair has left already, or the adder has no room for one
        m.d.comb += [
            full.eq(flag_read.data),
            blocked.eq((kind == Kind.OPERAND) & blocked_by),
            leaves.eq(full & ((kind == Kind.SUM) | (kind == Kind.OPERAND)) & ~blocked),
            self.waited.eq(full & blocked),
            accept.eq((kind != Kind.NOTHING) & ~(full & blocked)),
            self.operand.taken.eq(accept & (kind == Kind.OPERAND)),
            self.fetch.taken.eq(kind == Kind.FETCH),
            flag_write.en.eq(accept | self.clear),
            flag_write.addr.eq(Mux(self.clear, self.probe, mailbox)),
            flag_write.data.eq(~full & (kind != Kind.FETCH) & ~self.clear),
            flag_probe.addr.eq(self.probe),
            self.probed.eq(flag_probe.data),
        ]
        if self.unit is not None:
            m.d.comb += [self.port.left.eq(leaves & self.mode),
                         self.port.sum_taken.eq((kind == Kind.SUM) & self.mode)]
        with m.If(leaves & ~self.mode):
            m.d.sync += [self.leaving.valid.eq(1), self.leaving.mailbox.eq(mailbox)]

    def _later(self, m, value, cycles):
        """`value` so many cycles ago."""
        for _ in range(cycles):
            held = Signal.like(value, reset_less=len(value) > 8)
            m.d.sync += held.eq(value)
            value = held
        return value

    def _move(self, m, beats):
        """From cycle 2 on: one coordinate a cycle.

        The memory of coordinates is spread over much of a device: two cycles to go there, one to
        look up, one to come back. So pairs and what is fetched are `AWAY` cycles on their way.
        """
        kind, position, pair = self.kind, self.position, self.pair
        start = Signal.like(self.round)  # with the frame after the one the slot is in
        with m.If(kind != Kind.NOTHING):  # whatever moved before has just done so
            m.d.sync += [
                self.moving.eq(self.accept), self.moving_kind.eq(kind),
                self.moving_leaves.eq(self.leaves), self.moving_mailbox.eq(self.mailbox),
                position.eq(0), start.eq(self.round + 1),
            ]
        with m.Elif(position == beats - 1):
            m.d.sync += self.moving.eq(0)
        with m.Else():
            m.d.sync += position.eq(position + 1)
        fetching = self.moving & (self.moving_kind == Kind.FETCH)
        leaving = self.moving & self.moving_leaves
        busy = C(0)
        if self.unit is not None:
            port, busy = self.port, self.port.busy
            m.d.comb += [
                port.load.eq(self._later(m, leaving & self.mode, AWAY)),
                port.position.eq(pair.position), port.p.eq(pair.p), port.q.eq(pair.q),
                port.tag.eq(self._later(m, self.moving_mailbox, AWAY))]
        m.d.comb += [
            self.operand.position.eq(self.phase), self.total_position.eq(position),
            self.quiet.eq(~self.moving & (kind == Kind.NOTHING) & ~self.leaving.valid
                          & ~Cat(tag.valid for tag in self.flying).any() & ~busy),
            pair.load.eq(self._later(m, leaving & ~self.mode, AWAY)),
            pair.position.eq(self._later(m, position, AWAY)),
            pair.start.eq(self._later(m, start, AWAY)),
            self.fetched.valid.eq(self._later(m, fetching, AWAY)),
            self.fetched.position.eq(pair.position),
        ]

    def _move_coordinates(self, m):
        """Coordinates: 3 planes of G1 mailboxes, or 6 halves of planes of as many G2 mailboxes."""
        place = Signal(self.mailbox_bits + 2)
        for index, group in enumerate(self.shape.groups):
            with m.If(self.group == index):
                low = self.mailbox_bits - (group.degree - 1)
                m.d.comb += place.eq(Cat(self.moving_mailbox[:low], self.position))
        row, plane = place[:self.mailbox_bits], place[self.mailbox_bits:]
        # What chooses between hundreds of wires is a register.
        of_sum, total, coordinate = (self._later(m, value, 1) for value in (
            self.moving_kind == Kind.SUM, self.total, self.operand.coordinate))
        own = Mux(of_sum, total, coordinate)
        arriving = Signal(self.shape.coordinate_bits, reset_less=True)
        m.d.sync += arriving.eq(own)
        # A single plane that is lent takes what all take: the one is 0 while the other is not.
        joined = self.lent is not None and self.lent[0] == 1
        if joined:
            with m.If(self.lending):
                m.d.sync += [total.eq(0), coordinate.eq(0)]
            m.d.sync += arriving.eq(own | self.planes[0].value)
        on_its_way = self._later(m, row, 1)
        there = self._later(m, on_its_way, 1)
        stays = self.moving & ~self.moving_leaves & (self.moving_kind != Kind.FETCH)
        # In batches z comes with y: what stays is finite, or is not.
        beside, infinite, no_z = C(0), C(0), C(0)
        if self.unit is not None:
            infinite = Mux(self.moving_kind == Kind.SUM, self.port.infinite,
                           self.operand.infinite)
            of_y = Signal()  # a part of y: that of z lies in the same row
            for index, group in enumerate(self.shape.groups):
                with m.If(self.group == index):
                    m.d.comb += of_y.eq(self.position >= group.degree)
            beside = stays & self.mode & of_y
            # The second part of y is in place 3, and z is real.
            no_z = infinite | (self.position == MOST_BEATS - 1)
        found = []
        for n, residents in enumerate(self.residents):
            m.submodules[f"residents{n}"] = residents
            read, write = residents.read_port(), residents.write_port()
            here, z = stays & (plane == n), self.unit is not None and n == 2

            def comes(value, cycles, z=z):
                """What is written, so many cycles after its coordinate's turn."""
                return value if not z else Mux(self.mode, Mux(
                    self._later(m, no_z, cycles), 0, self.unit), value)

            if z:
                here = here | beside
            lent = self.lent is not None and n < self.lent[0]
            if not lent:
                m.d.comb += [
                    read.addr.eq(there),  # always: what was looked up then goes into a register
                    write.addr.eq(there), write.en.eq(self._later(m, here, 2)),
                    write.data.eq(comes(arriving, 2)),
                ]
            else:
                # Registers of its own before each memory, which take in what somebody else says.
                port, lending = self.planes[n], self.lending
                writing = self._later(m, here, 1)
                m.d.sync += [
                    read.addr.eq(Mux(lending, port.row, on_its_way)),
                    write.addr.eq(Mux(lending, port.written, on_its_way)),
                    write.en.eq(Mux(lending, port.enable, writing)),
                ]
                if joined:
                    m.d.comb += write.data.eq(arriving)
                else:
                    m.d.sync += write.data.eq(Mux(lending, port.value, comes(own, 1)))
            found.append(self._later(m, read.data, AWAY - 3))
            if lent:
                m.d.comb += self.planes[n].word.eq(found[-1])
        resident = Array(found)[self._later(m, plane, AWAY)]
        m.d.comb += [
            self.pair.p.eq(self._later(m, arriving, AWAY - 2)), self.pair.q.eq(resident),
            self.fetched.coordinate.eq(resident),
        ]
        if self.unit is not None:
            gone = self._gone(m, ~found[2][self.unit.bit_length() - 1])
            m.d.comb += [self.port.p_infinite.eq(self._later(m, infinite, AWAY)),
                         self.port.q_infinite.eq(gone), self.fetched.infinite.eq(gone)]

    def _gone(self, m, zero):
        """Whether the resident is at infinity, with the last part of y, from whether z beside this
        part is zero: that of the first part says it."""
        last, held = zero, Signal()
        with m.If(self.pair.position == Group.G2.degree):
            m.d.sync += held.eq(zero)
        for index, group in enumerate(self.shape.groups):
            if group is Group.G2:
                last = Mux(self.group == index, held, last)
        return last
