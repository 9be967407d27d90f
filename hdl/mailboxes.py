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
"""

from amaranth import *
from amaranth.lib import data, enum, memory, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.point_adder import AdderShape
from proofmill.hdl.schedule import LOAD_CYCLE

AWAY = LOAD_CYCLE - 2
"""Cycles from a coordinate's turn in its slot to when it goes to the adder, with the resident's."""


class Kind(enum.Enum, shape=2):
    """What is served in a slot."""

    NOTHING = 0
    SUM = 1      # a sum comes back from the adder
    OPERAND = 2  # a new operand
    FETCH = 3    # a bucket is taken out, to be streamed back


class Mailboxes(wiring.Component):
    """Serve operands, sums and fetches; keep the flags and the residents.

    Parameters
    ----------
    shape : the adder they feed.
    mailbox_bits : 2 ** mailbox_bits mailboxes of G1 points, half as many of G2 points.
    datapath : False leaves out the coordinates: flags, slots and cycles alone.

    Members
    -------
    group, last : from the frames, in
    round : number of the unit's frame, in
    enable : serve at all, in; changes only while `quiet`
    operand_valid, operand_mailbox : a new operand is there, for this mailbox, in
    operand_taken : it has been taken, out; the next may come in the cycle after
    read_position : the coordinate wanted of an operand: in the first cycle of a slot of the one
        that may be taken, then of the one that has been, out
    operand_coordinate : its value, two cycles later, in
    fetch_valid, fetch_mailbox : a bucket to fetch, which must be full, in
    fetch_taken : it is being fetched, out
    fetched, fetched_position, fetched_coordinate : its coordinates, one a cycle, out
    probe, probed : a mailbox to look at, in; whether it is full, a cycle later, out
    clear : empty mailbox `probe` unconditionally, in; only while not enabled
    adder_load, adder_position, adder_p, adder_q : pairs, to the adder, out
    adder_start : the round in which the evaluation of the pair starts, out
    adder_total : sums, from the adder, in
    total_position : the coordinate of it that is wanted now, out
    quiet : nothing is on its way, out; to be looked at in a frame's last cycle
    paired : in the last cycle of a frame: a pair left in it, out
    waited : an operand had to wait because a pair had left already, out
    """

    def __init__(self, shape: AdderShape, mailbox_bits: int, *, datapath: bool = True):
        self.shape, self.mailbox_bits, self.datapath = shape, mailbox_bits, datapath
        for group, frame in shape.frame.items():
            if frame < 2 * 3 * group.degree:
                raise ValueError(
                    f"in {frame} cycles a frame has no two service slots of "
                    f"{3 * group.degree} cycles for {group.name}; the interval must be at least "
                    f"{6 * group.degree}")
        bits = shape.coordinate_bits
        coordinates = range(max(3 * group.degree for group in shape.groups))
        super().__init__({
            "group": In(range(max(2, len(shape.groups)))),
            "last": In(1),
            "round": In(16),
            "enable": In(1),
            "operand_valid": In(1),
            "operand_mailbox": In(mailbox_bits),
            "operand_taken": Out(1),
            "read_position": Out(coordinates),
            "operand_coordinate": In(bits),
            "fetch_valid": In(1),
            "fetch_mailbox": In(mailbox_bits),
            "fetch_taken": Out(1),
            "fetched": Out(1),
            "fetched_position": Out(coordinates),
            "fetched_coordinate": Out(bits),
            "probe": In(mailbox_bits),
            "probed": Out(1),
            "clear": In(1),
            "adder_load": Out(1),
            "adder_position": Out(coordinates),
            "adder_p": Out(bits),
            "adder_q": Out(bits),
            "adder_start": Out(16),
            "adder_total": In(bits),
            "total_position": Out(coordinates),
            "quiet": Out(1),
            "paired": Out(1),
            "waited": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        shape = self.shape
        # Folded multipliers make long frames, of many slots.
        longest = max(frame // (3 * group.degree) for group, frame in shape.frame.items())
        slots = max(5, longest.bit_length())
        beats, services, frames = Signal(4), Signal(slots), Signal(8)
        for index, group in enumerate(shape.groups):
            with m.If(self.group == index):
                m.d.comb += [
                    beats.eq(3 * group.degree),
                    services.eq(shape.frame[group] // (3 * group.degree)),
                    frames.eq(shape.schedules[group].frames),
                ]

        # Where in the frame: service slot, and cycle of the slot.
        service, phase = Signal(slots), Signal(4)
        with m.If(self.last):
            m.d.sync += [service.eq(0), phase.eq(0)]
        with m.Elif(phase == beats - 1):
            m.d.sync += [service.eq(service + 1), phase.eq(0)]
        with m.Else():
            m.d.sync += phase.eq(phase + 1)

        # Pairs in the adder, by the frame they left in: the mailbox their sum is for.
        tag = data.StructLayout({"valid": 1, "mailbox": self.mailbox_bits})
        most = max(schedule.frames for schedule in shape.schedules.values())
        flying = [Signal(tag, name=f"flying{n}") for n in range(most + 1)]
        leaving = Signal(tag)
        returning = Signal(tag)
        with m.Switch(frames):
            for n in {schedule.frames for schedule in shape.schedules.values()}:
                with m.Case(n):
                    m.d.comb += returning.eq(flying[n])
        with m.If(self.last):
            m.d.sync += [flying[0].eq(leaving), leaving.valid.eq(0)]
            for n in range(most):
                m.d.sync += [
                    flying[n + 1].mailbox.eq(flying[n].mailbox),
                    flying[n + 1].valid.eq(flying[n].valid & (n < frames)),
                ]
        m.d.comb += self.paired.eq(leaving.valid)

        # Cycle 0 of a slot: who is served, where.
        flags = m.submodules.flags = memory.Memory(
            shape=1, depth=1 << self.mailbox_bits, init=[])
        flag_read, flag_probe, flag_write = (
            flags.read_port(), flags.read_port(), flags.write_port())
        kind, mailbox = Signal(Kind), Signal(self.mailbox_bits)
        chosen, chosen_mailbox = Signal(Kind), Signal(self.mailbox_bits)
        with m.If((phase == 0) & (service < services) & self.enable):
            with m.If((service == 0) & returning.valid):
                m.d.comb += [chosen.eq(Kind.SUM), chosen_mailbox.eq(returning.mailbox)]
            with m.Elif((service == services - 1) & self.fetch_valid):
                m.d.comb += [chosen.eq(Kind.FETCH), chosen_mailbox.eq(self.fetch_mailbox)]
            with m.Elif(self.operand_valid):
                m.d.comb += [chosen.eq(Kind.OPERAND), chosen_mailbox.eq(self.operand_mailbox)]
        m.d.comb += flag_read.addr.eq(chosen_mailbox)
        m.d.sync += [kind.eq(chosen), mailbox.eq(chosen_mailbox)]

        # Cycle 1: full or empty decides. In other cycles `kind` is NOTHING.
        # The memory says it late, so what it decides is prepared.
        full = Signal()
        pair, accept = Signal(), Signal()
        blocked = Signal()  # a pair has left already
        m.d.comb += [
            full.eq(flag_read.data),
            blocked.eq((kind == Kind.OPERAND) & leaving.valid),
            pair.eq(full & ((kind == Kind.SUM) | (kind == Kind.OPERAND)) & ~blocked),
            self.waited.eq(full & blocked),
            accept.eq((kind != Kind.NOTHING) & ~(full & blocked)),
            self.operand_taken.eq(accept & (kind == Kind.OPERAND)),
            self.fetch_taken.eq(kind == Kind.FETCH),
            flag_write.en.eq(accept | self.clear),
            flag_write.addr.eq(Mux(self.clear, self.probe, mailbox)),
            flag_write.data.eq(~full & (kind != Kind.FETCH) & ~self.clear),
            flag_probe.addr.eq(self.probe),
            self.probed.eq(flag_probe.data),
        ]
        with m.If(pair):
            m.d.sync += [leaving.valid.eq(1), leaving.mailbox.eq(mailbox)]

        # From cycle 2 on: one coordinate a cycle.
        moving, moving_kind, moving_pair = Signal(), Signal(Kind), Signal()
        moving_mailbox, position = Signal(self.mailbox_bits), Signal(range(6))
        with m.If(kind != Kind.NOTHING):  # whatever moved before has just done so
            m.d.sync += [
                moving.eq(accept), moving_kind.eq(kind), moving_pair.eq(pair),
                moving_mailbox.eq(mailbox), position.eq(0),
            ]
        with m.Elif(position == beats - 1):
            m.d.sync += moving.eq(0)
        with m.Else():
            m.d.sync += position.eq(position + 1)
        m.d.comb += [
            self.read_position.eq(phase), self.total_position.eq(position),
            self.quiet.eq(~moving & (kind == Kind.NOTHING) & ~leaving.valid
                          & ~Cat(tag.valid for tag in flying).any()),
        ]
        # The memory of coordinates is spread over much of a device: two cycles to go there, one to
        # look up, one to come back.
        def later(value, cycles):
            """`value` so many cycles ago."""
            for _ in range(cycles):
                held = Signal.like(value, reset_less=len(value) > 8)
                m.d.sync += held.eq(value)
                value = held
            return value

        m.d.comb += [
            self.adder_load.eq(later(moving & moving_pair, AWAY)),
            self.adder_position.eq(later(position, AWAY)),
            self.fetched.eq(later(moving & (moving_kind == Kind.FETCH), AWAY)),
            self.fetched_position.eq(self.adder_position),
        ]
        start = Signal.like(self.round)  # with the frame after the one the slot is in
        with m.If(kind != Kind.NOTHING):
            m.d.sync += start.eq(self.round + 1)
        m.d.comb += self.adder_start.eq(later(start, AWAY))
        if not self.datapath:
            return m

        # Coordinates: 3 planes of G1 mailboxes, or 6 halves of planes of as many G2 mailboxes.
        where = Signal(self.mailbox_bits + 2)
        for index, group in enumerate(shape.groups):
            with m.If(self.group == index):
                low = self.mailbox_bits - (group.degree - 1)
                m.d.comb += where.eq(Cat(moving_mailbox[:low], position))
        # What chooses between hundreds of wires is a register.
        own = Mux(later(moving_kind == Kind.SUM, 1), later(self.adder_total, 1),
                  later(self.operand_coordinate, 1))
        row, plane = where[:self.mailbox_bits], where[self.mailbox_bits:]
        there, staying = later(row, 2), moving & ~moving_pair & (moving_kind != Kind.FETCH)
        arriving = Signal(shape.coordinate_bits, reset_less=True)
        m.d.sync += arriving.eq(own)
        planes, found = [], []
        for n in range(3):
            residents = m.submodules[f"residents{n}"] = memory.Memory(
                shape=shape.coordinate_bits, depth=1 << self.mailbox_bits, init=[])
            planes.append(residents)
            read, write = residents.read_port(), residents.write_port()
            m.d.comb += [
                read.addr.eq(there),  # always: what was looked up then goes into a register
                write.addr.eq(there), write.en.eq(later(staying & (plane == n), 2)),
                write.data.eq(arriving),
            ]
            found.append(later(read.data, AWAY - 3))
        resident = Array(found)[later(plane, AWAY)]
        m.d.comb += [
            self.adder_p.eq(later(arriving, AWAY - 2)), self.adder_q.eq(resident),
            self.fetched_coordinate.eq(resident),
        ]
        return m
