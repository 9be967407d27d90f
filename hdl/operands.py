"""Where new operands come from: points with scalars from outside, then the buckets themselves.

A ring of four entries holds points: one being loaded, one being recoded, and those of the last
operands handed out, whose coordinates may still be read. Recoding runs ahead of the mailboxes by
one operand, so a new one is always there when a service slot is free.
"""

from amaranth import *
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.commands import WORD
from hdl.point_adder import AdderShape
from hdl.windows import MAX_WINDOW

RING = 4
"""Entries of the ring. At most two are loaded or being loaded ahead of what the recoder has left,
one more may wait as an operand and one be read: so none is overwritten while it is wanted."""


class PointLoader(wiring.Component):
    """Collect a point and its scalar from their two streams of words, coordinate by coordinate.

    Members
    -------
    group : which group, in
    start, count : begin with so many points, in
    enable : there is room for a point, in
    scalars, points : streams of words, in
    write, row, coordinate, negative : a coordinate, and the modulus minus it, out
    scalar : the scalar, out
    commit : point and scalar are complete and neither is zero, out
    skipped : they were complete, and one was zero, out
    done : no point is left, out
    requested : points collected so far, out
    """

    def __init__(self, shape: AdderShape):
        self.shape = shape
        words = stream.Signature(WORD)
        super().__init__({
            "group": In(range(max(2, len(shape.groups)))),
            "start": In(1),
            "count": In(32),
            "enable": In(1),
            "scalars": In(words),
            "points": In(words),
            "write": Out(1),
            "row": Out(3),
            "coordinate": Out(4 * WORD),
            "negative": Out(4 * WORD),
            "scalar": Out(4 * WORD),
            "commit": Out(1),
            "skipped": Out(1),
            "done": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        shape = self.shape
        left = Signal(32)
        rows = Signal(4)    # coordinates of an affine point
        for index, group in enumerate(shape.groups):
            with m.If(self.group == index):
                m.d.comb += rows.eq(2 * group.degree)

        scalar_words, point_words, row = Signal(3), Signal(2), Signal(4)
        gathered = Signal(3 * WORD, reset_less=True)
        something = Signal()  # a word of the point was not zero
        unit = Signal()       # x and y are there; z, a constant, follows
        scalar_there = Signal()
        working = Signal()
        m.d.comb += [
            self.done.eq(left == 0),
            working.eq(self.enable & (left != 0)),
            scalar_there.eq(scalar_words == 4),
            unit.eq(row >= rows),
            self.scalars.ready.eq(working & ~scalar_there),
            self.points.ready.eq(working & ~unit),
        ]
        with m.If(self.scalars.valid & self.scalars.ready):
            m.d.sync += [
                self.scalar.eq(Cat(self.scalar[WORD:], self.scalars.payload)),
                scalar_words.eq(scalar_words + 1),
            ]
        m.d.sync += self.write.eq(0)
        with m.If(self.points.valid & self.points.ready):
            m.d.sync += [
                gathered.eq(Cat(gathered[WORD:], self.points.payload)),
                point_words.eq(point_words + 1),
                something.eq(something | self.points.payload.any()),
            ]
            with m.If(point_words == 3):
                m.d.sync += [
                    self.write.eq(1), self.row.eq(row), row.eq(row + 1),
                    self.coordinate.eq(Cat(gathered, self.points.payload)),
                ]
        # The constant z, one row a cycle; then wait for the scalar.
        units = {index: shape.curve.unit[group] for index, group in enumerate(shape.groups)}
        complete = Signal()
        for index, constants in units.items():
            with m.If(self.group == index):
                for n, constant in enumerate(constants):
                    with m.If(unit & (row == rows + n)):
                        m.d.sync += [self.write.eq(1), self.row.eq(row), row.eq(row + 1),
                                     self.coordinate.eq(constant)]
                m.d.comb += complete.eq((row == rows + len(constants)) & scalar_there)
        wanted = Signal()
        m.d.comb += [
            wanted.eq(something & self.scalar.any()),
            self.commit.eq(complete & wanted),
            self.skipped.eq(complete & ~wanted),
        ]
        with m.If(complete):
            m.d.sync += [row.eq(0), scalar_words.eq(0), something.eq(0), left.eq(left - 1)]
        with m.If(self.start):
            m.d.sync += [left.eq(self.count), row.eq(0), scalar_words.eq(0), point_words.eq(0),
                         something.eq(0)]
        modulus = shape.curve.base.modulus
        m.d.comb += self.negative.eq((modulus - self.coordinate)[:4 * WORD])
        return m


class Recoder(wiring.Component):
    """Turn a scalar into signed digits, or a bucket's number into its halves: one operand a cycle.

    Digit d of window w, not zero, goes to mailbox ``w * 2 ** (window - 1) + |d| - 1``, negated
    when d < 0. When buckets are streamed back, bucket number j of a group goes, with
    ``low + high * 2 ** half = j``, to the groups ``2 * group`` and ``2 * group + 1`` of the
    destination, as numbers `low` and `high` where they are not zero.

    Members
    -------
    again : buckets are streamed back, in
    first : ... those of the first level, whose numbers are |d| - 1, in
    window : bits of a digit, or of a bucket's number, in
    half : bits of a number in the destination, in
    source, destination : where the regions begin, in
    entry_valid, entry_scalar, entry_mailbox : the next entry of the ring, in
    entry_left : the recoder has done with it, out
    operand_valid, operand_mailbox, operand_negative : out
    operand_taken : in
    idle : no entry is being recoded and no operand waits, out
    """

    def __init__(self, scalar_bits: int, mailbox_bits: int):
        self.scalar_bits, self.mailbox_bits = scalar_bits, mailbox_bits
        super().__init__({
            "again": In(1), "first": In(1),
            "window": In(range(MAX_WINDOW + 1)), "half": In(range(MAX_WINDOW + 1)),
            "source": In(mailbox_bits), "destination": In(mailbox_bits),
            "entry_valid": In(1), "entry_scalar": In(scalar_bits),
            "entry_mailbox": In(mailbox_bits), "entry_left": Out(1),
            "operand_valid": Out(1), "operand_mailbox": Out(mailbox_bits),
            "operand_negative": Out(1), "operand_taken": In(1), "idle": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        working, free = Signal(), Signal()
        scalar, carry = Signal(self.scalar_bits, reset_less=True), Signal()
        base = Signal(self.mailbox_bits + 1)
        m.d.comb += [
            free.eq(~self.operand_valid | self.operand_taken),
            self.idle.eq(~working & ~self.operand_valid),
        ]
        with m.If(self.operand_taken):
            m.d.sync += self.operand_valid.eq(0)

        # A digit: low bits plus carry; above half the range it is negative and carries.
        power = Signal(MAX_WINDOW + 1)       # 2 ** window
        m.d.comb += power.eq(1 << self.window)
        low, digit = Signal(MAX_WINDOW), Signal(MAX_WINDOW + 1)
        magnitude, negative = Signal(MAX_WINDOW + 1), Signal()
        rest = Signal(self.scalar_bits)
        m.d.comb += [
            low.eq(scalar[:MAX_WINDOW] & (power - 1)[:MAX_WINDOW]),
            digit.eq(low + carry),
            negative.eq(digit > (power >> 1)),
            magnitude.eq(Mux(negative, power - digit, digit)),
            rest.eq(scalar >> self.window),
        ]

        # A bucket streamed back: its number and group, then the two halves of the number.
        place = Signal(self.mailbox_bits)
        number, group = Signal(MAX_WINDOW + 1), Signal(self.mailbox_bits)
        with m.If(self.first):
            m.d.comb += [
                place.eq(self.entry_mailbox - self.source),
                number.eq((place & ((power >> 1) - 1)) + 1),
                group.eq(place >> (self.window - 1)[:5]),
            ]
        with m.Else():
            m.d.comb += [
                place.eq(self.entry_mailbox - self.source),
                number.eq(place & (power - 1)),
                group.eq(place >> self.window),
            ]
        group_now, high_now = Signal(self.mailbox_bits), Signal(MAX_WINDOW + 1)
        half_mask = Signal(MAX_WINDOW + 1)
        m.d.comb += half_mask.eq((1 << self.half) - 1)

        def into(side, group, part):
            """The mailbox of `part` in a group's `side`."""
            pair = Cat(Const(side, 1), group)
            return (self.destination + ((pair << self.half) | part))[:self.mailbox_bits]

        with m.If(~working):
            # The first operand of a bucket is made in the cycle that takes the bucket up.
            with m.If(self.entry_valid & ~self.again):
                m.d.sync += [working.eq(1), scalar.eq(self.entry_scalar), carry.eq(0), base.eq(0)]
            with m.If(self.entry_valid & self.again & free):
                first_part, second_part = Signal(MAX_WINDOW + 1), Signal(MAX_WINDOW + 1)
                m.d.comb += [first_part.eq(number & half_mask), second_part.eq(number >> self.half)]
                with m.If(first_part != 0):
                    m.d.sync += [
                        self.operand_valid.eq(1), self.operand_negative.eq(0),
                        self.operand_mailbox.eq(into(0, group, first_part)),
                    ]
                with m.Elif(second_part != 0):
                    m.d.sync += [
                        self.operand_valid.eq(1), self.operand_negative.eq(0),
                        self.operand_mailbox.eq(into(1, group, second_part)),
                    ]
                m.d.sync += [group_now.eq(group), high_now.eq(second_part)]
                with m.If((first_part != 0) & (second_part != 0)):
                    m.d.sync += working.eq(1)
                with m.Else():
                    m.d.comb += self.entry_left.eq(1)
        with m.Elif(free):
            with m.If(self.again):
                m.d.comb += self.entry_left.eq(1)
                m.d.sync += [
                    working.eq(0), self.operand_valid.eq(1),
                    self.operand_mailbox.eq(into(1, group_now, high_now)),
                ]
            with m.Else():
                with m.If(magnitude != 0):
                    m.d.sync += [
                        self.operand_valid.eq(1), self.operand_negative.eq(negative),
                        self.operand_mailbox.eq((base + magnitude - 1)[:self.mailbox_bits]),
                    ]
                m.d.sync += [scalar.eq(rest), carry.eq(negative), base.eq(base + (power >> 1))]
                with m.If((rest == 0) & ~negative):
                    m.d.comb += self.entry_left.eq(1)
                    m.d.sync += working.eq(0)
        return m


class Operands(wiring.Component):
    """The ring of points, its loader and the recoder.

    Members
    -------
    group, again, first, window, half, source, destination : see `Recoder`, in
    start, count : begin with so many points from outside, in
    scalars, points : streams of words, in
    operand_valid, operand_mailbox, operand_taken : to the mailboxes
    read_operand, read_position, operand_coordinate : their coordinates
    room : a bucket may be fetched, out
    fetch_taken, fetch_mailbox, fetched, fetched_position, fetched_coordinate : from the mailboxes
    hand_out : entries go to the outside instead of being recoded, in
    entry_valid, entry_mailbox, entry_left : the entry to hand out; it has been
    read_row, entry_coordinate : a coordinate of it
    loaded : every point from outside has been loaded, out
    idle : no entry is in the ring, none on its way, and no operand waits, out
    skipped : a point was left out, out
    """

    def __init__(self, shape: AdderShape, mailbox_bits: int, *, datapath: bool = True):
        self.shape, self.mailbox_bits, self.datapath = shape, mailbox_bits, datapath
        words = stream.Signature(WORD)
        bits = shape.coordinate_bits
        coordinates = range(max(3 * group.degree for group in shape.groups))
        super().__init__({
            "group": In(range(max(2, len(shape.groups)))),
            "again": In(1), "first": In(1),
            "window": In(range(MAX_WINDOW + 1)), "half": In(range(MAX_WINDOW + 1)),
            "source": In(mailbox_bits), "destination": In(mailbox_bits),
            "start": In(1), "count": In(32),
            "scalars": In(words), "points": In(words),
            "operand_valid": Out(1), "operand_mailbox": Out(mailbox_bits), "operand_taken": In(1),
            "read_operand": In(1), "read_position": In(coordinates),
            "operand_coordinate": Out(bits),
            "room": Out(1), "fetch_taken": In(1), "fetch_mailbox": In(mailbox_bits),
            "fetched": In(1), "fetched_position": In(coordinates), "fetched_coordinate": In(bits),
            "hand_out": In(1), "entry_valid": Out(1), "entry_mailbox": Out(mailbox_bits),
            "entry_left": In(1), "read_row": In(coordinates), "entry_coordinate": Out(bits),
            "loaded": Out(1), "idle": Out(1), "skipped": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        shape = self.shape
        scalar_bits = shape.curve.scalar.bits
        m.submodules.loader = loader = PointLoader(shape)
        m.submodules.recoder = recoder = Recoder(scalar_bits, self.mailbox_bits)
        wiring.connect(m, loader.scalars, wiring.flipped(self.scalars))
        wiring.connect(m, loader.points, wiring.flipped(self.points))

        # Entries are counted in and out; `fetching` is one on its way from the mailboxes.
        put, taken_out = Signal(2), Signal(2)
        used = Signal(2)
        fetching = Signal()
        last_position = Signal(range(6))
        for index, group in enumerate(shape.groups):
            with m.If(self.group == index):
                m.d.comb += last_position.eq(3 * group.degree - 1)
        commit, leave = Signal(), Signal()
        m.d.comb += [
            used.eq(put - taken_out),
            self.room.eq((used < 2) & ~fetching),
            commit.eq(loader.commit | (self.fetched & (self.fetched_position == last_position))),
            leave.eq(Mux(self.hand_out, self.entry_left, recoder.entry_left)),
            self.entry_valid.eq(used != 0),
        ]
        with m.If(self.fetch_taken):
            m.d.sync += fetching.eq(1)
        with m.If(commit):
            m.d.sync += [put.eq(put + 1), fetching.eq(0)]
        with m.If(leave):
            m.d.sync += taken_out.eq(taken_out + 1)

        entry = data.StructLayout({"scalar": scalar_bits, "mailbox": self.mailbox_bits})
        scalars = [Signal(scalar_bits, name=f"scalar{n}", reset_less=True) for n in range(RING)]
        mailboxes = [Signal(self.mailbox_bits, name=f"mailbox{n}") for n in range(RING)]
        with m.Switch(put):
            for n in range(RING):
                with m.Case(n):
                    with m.If(loader.commit):
                        m.d.sync += scalars[n].eq(loader.scalar[:scalar_bits])
                    with m.If(self.fetch_taken):
                        m.d.sync += mailboxes[n].eq(self.fetch_mailbox)
        now = Signal(entry)
        with m.Switch(taken_out):
            for n in range(RING):
                with m.Case(n):
                    m.d.comb += [now.scalar.eq(scalars[n]), now.mailbox.eq(mailboxes[n])]

        m.d.comb += [
            loader.group.eq(self.group), loader.start.eq(self.start),
            loader.count.eq(self.count), loader.enable.eq(used < 2),
            self.loaded.eq(loader.done), self.skipped.eq(loader.skipped),
            recoder.again.eq(self.again), recoder.first.eq(self.first),
            recoder.window.eq(self.window), recoder.half.eq(self.half),
            recoder.source.eq(self.source), recoder.destination.eq(self.destination),
            recoder.entry_valid.eq(self.entry_valid & ~self.hand_out),
            recoder.entry_scalar.eq(now.scalar), recoder.entry_mailbox.eq(now.mailbox),
            self.entry_mailbox.eq(now.mailbox),
            self.operand_valid.eq(recoder.operand_valid),
            self.operand_mailbox.eq(recoder.operand_mailbox),
            recoder.operand_taken.eq(self.operand_taken),
            self.idle.eq(recoder.idle & (used == 0) & ~fetching),
        ]
        if not self.datapath:
            return m

        # Which entry an operand's coordinates are in, from its making to their reading.
        made, taken = Signal(2), Signal(2)
        negative = Signal()
        with m.If(~recoder.operand_valid | self.operand_taken):
            m.d.sync += made.eq(taken_out)
        with m.If(self.operand_taken):
            m.d.sync += [taken.eq(made), negative.eq(recoder.operand_negative)]

        bits = shape.coordinate_bits
        points = m.submodules.points_memory = memory.Memory(shape=bits, depth=RING * 8, init=[])
        negatives = m.submodules.negatives_memory = memory.Memory(
            shape=shape.curve.base.bits, depth=RING * 8, init=[])
        write, write_negative = points.write_port(), negatives.write_port()
        read = points.read_port(domain="comb")
        read_negative = negatives.read_port(domain="comb")
        with m.If(self.fetched):
            m.d.comb += [write.en.eq(1), write.data.eq(self.fetched_coordinate),
                         write.addr.eq(Cat((C(0, 3) | self.fetched_position)[:3], put))]
        with m.Else():
            m.d.comb += [write.en.eq(loader.write), write.data.eq(loader.coordinate),
                         write.addr.eq(Cat(loader.row, put))]
        m.d.comb += [
            write_negative.en.eq(loader.write), write_negative.data.eq(loader.negative),
            write_negative.addr.eq(Cat(loader.row, put)),
        ]
        row, is_y = Signal(3), Signal()
        m.d.comb += [
            row.eq(Mux(self.hand_out, self.read_row, self.read_position)),
            read.addr.eq(Cat(row, Mux(self.hand_out, taken_out, taken))),
            read_negative.addr.eq(read.addr),
        ]
        for index, group in enumerate(shape.groups):
            with m.If(self.group == index):
                m.d.comb += is_y.eq((row >= group.degree) & (row < 2 * group.degree))
        m.d.comb += [
            self.operand_coordinate.eq(Mux(negative & is_y, read_negative.data, read.data)),
            self.entry_coordinate.eq(read.data),
        ]
        return m
