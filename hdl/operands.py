"""Where new operands come from: points with scalars from outside, then the buckets themselves.

A ring holds points: those being loaded, the one being recoded, and those of the last operands
handed out, whose coordinates may still be read. Recoding runs ahead of the mailboxes by
one operand, so a new one is always there when a service slot is free.
"""

from amaranth import *
from amaranth.lib import data, enum, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.commands import WORD
from proofmill.hdl.point_adder import AdderShape
from proofmill.hdl.windows import MAX_WINDOW

RING = 4
"""Entries of the ring of a unit that is alone. Of two, one may wait as an operand and one be read
after the recoder has left them; the others are loaded ahead."""

SHARED_RING = 8
"""... and of units that share the loader, so that one can be ahead of another."""

READ = 2
"""Cycles from saying which coordinate of which entry is wanted to its being there."""


class PointLoader(wiring.Component):
    """Collect a point and its scalar from their two streams of words, coordinate by coordinate.

    Members
    -------
    group : which group, in
    start, count : begin with so many points, in
    enable : there is room for a point, in
    scalars, points : streams of words, in
    bias : what is added to every scalar, in: see `hdl.windows`
    write, row, coordinate, negative : a coordinate, and the modulus minus it (not of z), out
    scalar : the scalar plus the bias, out
    top : the highest of the scalar's four words that is not zero, out
    commit : point and scalar are complete and neither is zero, out
    skipped : they were complete, and one was zero, out
    done : no point is left, out
    arrived : all words of a point have come, told a cycle late, out
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
            "bias": In(4 * WORD),
            "write": Out(1),
            "row": Out(3),
            "coordinate": Out(4 * WORD),
            "negative": Out(4 * WORD),
            "scalar": Out(4 * WORD),
            "top": Out(2),
            "commit": Out(1),
            "skipped": Out(1),
            "done": Out(1, init=1),
            "arrived": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        shape = self.shape
        left = Signal(32)
        last_row = Signal(3)  # of an affine point; the group does not change meanwhile
        for index, group in enumerate(shape.groups):
            with m.If(self.group == index):
                m.d.sync += last_row.eq(2 * group.degree - 1)

        scalar_words, point_words, row = Signal(3), Signal(2), Signal(3)
        # A word of a point that has come, and how many have: what hundreds of registers do with
        # one does not hang on whether it has just been offered.
        word, came, came_words = Signal(WORD, reset_less=True), Signal(), Signal(2)
        m.d.sync += [word.eq(self.points.payload), came.eq(self.points.valid & self.points.ready)]
        with m.If(self.points.valid & self.points.ready):
            m.d.sync += came_words.eq(came_words + 1)
        gathered, negated = (Signal(3 * WORD, reset_less=True, name=name)
                             for name in ("gathered", "negated"))
        borrow, difference = Signal(), Signal(WORD + 1)  # of the modulus and the word at hand
        m.d.comb += difference.eq(
            Const(shape.curve.base.modulus, 4 * WORD).word_select(point_words, WORD)
            - word - borrow)
        # A word of the point coming in was not zero; one of the point that has come was not.
        something, point_something = Signal(), Signal()
        unit, point_there = Signal(), Signal()  # x and y are there; z, a constant, follows; and has
        scalar_there = Signal()
        working = Signal()    # there is room, told a cycle late, and a point to come
        m.d.comb += [
            scalar_there.eq(scalar_words == 4),
            self.scalars.ready.eq(working & ~scalar_there),
            # The next point's words come in meanwhile, up to the one that completes a coordinate.
            self.points.ready.eq(working & ~(unit & (came_words == 3))),
        ]
        carry, scalar_something = Signal(), Signal()
        biased = Signal(WORD + 1)
        m.d.comb += biased.eq(
            self.scalars.payload + self.bias.word_select(scalar_words[:2], WORD) + carry)
        with m.If(self.scalars.valid & self.scalars.ready):
            m.d.sync += [
                self.scalar.eq(Cat(self.scalar[WORD:], biased[:WORD])),
                carry.eq(biased[WORD]),
                scalar_words.eq(scalar_words + 1),
            ]
            with m.If(self.scalars.payload.any()):
                m.d.sync += [scalar_something.eq(1), self.top.eq(scalar_words)]
        m.d.sync += [
            self.write.eq(0), self.arrived.eq(0), self.row.eq(row),
            self.negative.eq(Cat(negated, difference[:WORD])),
            self.coordinate.eq(Cat(gathered, word)),
        ]
        with m.If(came):
            m.d.sync += [
                gathered.eq(Cat(gathered[WORD:], word)),
                negated.eq(Cat(negated[WORD:], difference[:WORD])),
                borrow.eq(difference[WORD] & (point_words != 3)),
                point_words.eq(point_words + 1),
                something.eq(something | word.any()),
            ]
            with m.If(point_words == 3):
                m.d.sync += [self.write.eq(1), row.eq(row + 1)]
                with m.If(row == last_row):
                    m.d.sync += [
                        unit.eq(1), self.arrived.eq(1), something.eq(0),
                        point_something.eq(something | word.any())]
        # The constant z, one row a cycle; then wait for the scalar.
        complete = Signal()
        m.d.comb += complete.eq(point_there & scalar_there)
        m.d.sync += working.eq(self.enable & ~self.done & ~(complete & (left == 1)))
        with m.If(unit):
            for index, group in enumerate(shape.groups):
                constants = shape.curve.unit[group]
                with m.If(self.group == index):
                    # The parts of z have even rows and odd ones.
                    m.d.sync += self.coordinate.eq(Mux(row[0], constants[-1], constants[0]))
                    with m.If(~point_there):
                        m.d.sync += point_there.eq(row[0] == len(constants) - 1)
            with m.If(~point_there):
                m.d.sync += [self.write.eq(1), row.eq(row + 1)]
        wanted = Signal()
        m.d.comb += [
            wanted.eq(point_something & scalar_something),
            self.commit.eq(complete & wanted),
            self.skipped.eq(complete & ~wanted),
        ]
        with m.If(complete):
            m.d.sync += [left.eq(left - 1), self.done.eq(left == 1)]
        with m.If(self.start):
            m.d.sync += [left.eq(self.count), self.done.eq(self.count == 0), point_words.eq(0),
                         came_words.eq(0), came.eq(0), borrow.eq(0), something.eq(0)]
        with m.If(complete | self.start):
            m.d.sync += [row.eq(0), scalar_words.eq(0), scalar_something.eq(0),
                         carry.eq(0), self.top.eq(0), unit.eq(0), point_there.eq(0)]
        return m


LEVEL = {"window": In(range(MAX_WINDOW + 1)), "window_ones": In(MAX_WINDOW),
         "half": In(range(MAX_WINDOW + 1)), "half_ones": In(MAX_WINDOW)}
"""Widths of numbers at the level at hand, and as many ones."""


class Work(enum.Enum, shape=3):
    """What the recoder does with an entry."""

    NONE = 0   # there is none; the next one's registers are loaded
    BEGIN = 1  # is there any window of this scalar for this unit?
    CUT = 2    # a digit out of the scalar
    LOOK = 3   # which place is it, of which group's buckets?
    COUNT = 4  # and which number has it?
    LOW = 5    # the lower half of the number
    HIGH = 6   # and the upper one
    LEAVE = 7  # its last operand is made, if it is none with digit zero


class Recoder(wiring.Component):
    """Turn a scalar into signed digits, or a bucket's number into its halves.

    A scalar is taken up in two cycles, a bucket in three. Then a digit is cut out a cycle, goes
    through a register and, if it is not zero, becomes an operand, every other cycle at the most.
    The entry is left in the cycle in which its last digit may do so.

    Of a scalar, every `units`-th window from the first on is this unit's. Digit d of its n-th
    window, not zero, goes to mailbox ``n * 2 ** (window - 1) + |d| - 1``, negated when d < 0. When
    buckets are streamed back, bucket number j of a group goes, with ``low + high * 2 ** half = j``,
    to the groups ``2 * group`` and ``2 * group + 1`` of the destination, as numbers `low` and
    `high` where they are not zero.

    Members
    -------
    again : buckets are streamed back, in
    first : ... those of the first level, whose numbers are |d| - 1, in
    window, window_ones : bits of a wide digit, or of a bucket's number, and so many ones, in
    half, half_ones : bits of a number in the destination, and so many ones, in
    source, destination : where the regions begin, in
    begin_window, end_window, last_window : this unit's first window, the first that is no longer
        this pass's, and the scalar's last, in
    wide_windows : windows from this on have one bit less than `window`, in
    begin_bit, step_bits : the bit where the first window begins, and how many it is from one to
        the next where none of those between is wide, in
    entry_valid, entry_scalar, entry_top, entry_mailbox : the next entry of the ring, in
    entry_left : the recoder has done with it, out
    operand_valid, operand_mailbox, operand_negative : out
    operand_taken : in
    idle : no entry is being recoded and no operand waits, out
    cutting : a digit is cut out of a scalar in this cycle, out
    """

    def __init__(self, mailbox_bits: int, units: int = 1):
        self.mailbox_bits, self.units = mailbox_bits, units
        super().__init__({
            "again": In(1), "first": In(1), **LEVEL,
            "source": In(mailbox_bits), "destination": In(mailbox_bits),
            "begin_window": In(9), "end_window": In(9), "last_window": In(9),
            "wide_windows": In(9), "begin_bit": In(10), "step_bits": In(10),
            "entry_valid": In(1), "entry_scalar": In(4 * WORD), "entry_top": In(2),
            "entry_mailbox": In(mailbox_bits), "entry_left": Out(1),
            "operand_valid": Out(1), "operand_mailbox": Out(mailbox_bits),
            "operand_negative": Out(1), "operand_taken": In(1), "idle": Out(1),
            "cutting": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        state = Signal(Work)
        free = Signal()       # the operand's place is, at the end of this cycle
        part_valid, part_free = Signal(), Signal()  # what will be the next operand, or a zero
        part, middle, part_base = (
            Signal(MAX_WINDOW + 1), Signal(MAX_WINDOW + 1), Signal(self.mailbox_bits))
        m.d.comb += [
            free.eq(~self.operand_valid),
            part_free.eq(~part_valid | free),
            self.idle.eq((state == Work.NONE) & ~part_valid & ~self.operand_valid),
            self.cutting.eq((state == Work.CUT) & part_free),
        ]

        # A part becomes an operand: its distance from the middle is its place among the buckets.
        # That an operand has been taken is known late, so the next one comes a cycle after that.
        negative = Signal()
        m.d.comb += negative.eq(part < middle)
        with m.If(self.operand_taken):
            m.d.sync += self.operand_valid.eq(0)
        with m.If(free):
            m.d.sync += [
                part_valid.eq(0), self.operand_valid.eq(part_valid & (part != middle)),
                self.operand_negative.eq(negative),
                self.operand_mailbox.eq(
                    Mux(negative, part_base + middle - part, part_base - middle + part)),
            ]

        # A digit: what stands in the window, less the bias.
        buckets = Signal(MAX_WINDOW)         # of a window: 2 ** (window - 1)
        m.d.comb += buckets.eq(self.window_ones ^ (self.window_ones >> 1))
        scalar, top = Signal(4 * WORD, reset_less=True), Signal(3)
        base = Signal(self.mailbox_bits)     # one before the window's first bucket
        number, bit = Signal(9), Signal(4)   # of the window at hand, within the bits around it
        around = Signal(2 * MAX_WINDOW)
        next_number, next_bit = Signal(10), Signal(11)  # of the unit's next one
        narrow = Signal()                    # the window at hand has one bit less
        wider = Signal(range(self.units + 1))  # wide windows from the next one to the one after
        done = Signal()
        # Past the scalar's highest word that is not zero, one more window can hold a carry.
        limit = Signal(10)
        m.d.comb += [
            limit.eq(Cat(C(0, 6), top) + self.window),
            narrow.eq(number >= self.wide_windows),
            wider.eq(Mux(next_number >= self.wide_windows, 0,
                         Mux(next_number + self.units < self.wide_windows, self.units,
                             (self.wide_windows - next_number)[:9]))),
            done.eq((next_number >= self.end_window) | (next_bit >= limit)),
        ]

        def to_the_next_window():
            return [
                number.eq(next_number), bit.eq(next_bit),
                around.eq(Cat(scalar, C(0, 2 * MAX_WINDOW)).bit_select(
                    Cat(C(0, 4), next_bit[4:8]), 2 * MAX_WINDOW)),
                next_number.eq(next_number + self.units),
                next_bit.eq(next_bit + self.step_bits + wider),
            ]

        # A bucket streamed back: its number and group, then the two halves of the number.
        place, group = Signal(self.mailbox_bits), Signal(self.mailbox_bits)
        bucket = Signal(MAX_WINDOW + 1)
        pair = Signal(self.mailbox_bits + 1)  # the group in the destination
        m.d.comb += pair.eq(Cat(state == Work.HIGH, group))

        with m.Switch(state):
            with m.Case(Work.NONE):
                m.d.sync += [
                    scalar.eq(self.entry_scalar), base.eq(-1), top.eq(self.entry_top + 1),
                    next_number.eq(self.begin_window), next_bit.eq(self.begin_bit),
                    place.eq(self.entry_mailbox - self.source),
                ]
                with m.If(self.entry_valid):
                    m.d.sync += state.eq(Mux(self.again, Work.LOOK, Work.BEGIN))
            with m.Case(Work.BEGIN):
                # A unit may have no window in this pass, or none that this scalar reaches.
                m.d.sync += [*to_the_next_window(), state.eq(Mux(done, Work.LEAVE, Work.CUT))]
            with m.Case(Work.CUT):
                with m.If(part_free):
                    m.d.sync += [
                        part_valid.eq(1),
                        part.eq((around >> bit) & (self.window_ones >> narrow)),
                        middle.eq(Mux(number == self.last_window, 0, buckets >> narrow)),
                        part_base.eq(base), base.eq(base + buckets),
                        *to_the_next_window(),
                    ]
                    with m.If(done):
                        m.d.sync += state.eq(Work.LEAVE)
            with m.Case(Work.LOOK):
                m.d.sync += [
                    place.eq(place & (self.window_ones >> self.first)),
                    group.eq((place << self.first) >> self.window),
                    state.eq(Work.COUNT),
                ]
            with m.Case(Work.COUNT):  # of the first level, place n is bucket n + 1
                m.d.sync += [bucket.eq(place + self.first), state.eq(Work.LOW)]
            with m.Case(Work.LOW, Work.HIGH):
                with m.If(part_free):
                    m.d.sync += [
                        part_valid.eq(1), middle.eq(0),
                        part.eq(Mux(state == Work.LOW, bucket & self.half_ones,
                                    bucket >> self.half)),
                        part_base.eq(self.destination + (pair << self.half)),
                        state.eq(Mux(state == Work.LOW, Work.HIGH, Work.LEAVE)),
                    ]
            with m.Case(Work.LEAVE):
                with m.If(free):
                    m.d.comb += self.entry_left.eq(1)
                    m.d.sync += state.eq(Work.NONE)
        return m


class Operands(wiring.Component):
    """A unit's ring of points and its recoder.

    Members
    -------
    group : which group, in
    again, first, window, window_ones, half, half_ones, source, destination : see `Recoder`, in
    begin_window, end_window, last_window, wide_windows, begin_bit, step_bits : see `Recoder`, in
    load, load_row, load_coordinate, load_negative, load_scalar, load_top, load_commit : from the
        loader, in
    operand_valid, operand_mailbox, operand_taken : to the mailboxes
    read_position, operand_coordinate : their coordinates, `READ` cycles later; position 0 is that
        of the operand waiting, the others that follow are of the same one
    room : a point may be loaded, or a bucket fetched, out
    fetch_taken, fetch_mailbox, fetched, fetched_position, fetched_coordinate : from the mailboxes
    hand_out : entries go to the outside instead of being recoded, in
    entry_valid, entry_mailbox, entry_left : the entry to hand out; it has been
    read_row, entry_coordinate : a coordinate of it, `READ` cycles later
    idle : no entry is in the ring, none on its way, and no operand waits, out
    cutting : see `Recoder`, out
    """

    def __init__(self, shape: AdderShape, mailbox_bits: int, *, datapath: bool = True):
        self.shape, self.mailbox_bits, self.datapath = shape, mailbox_bits, datapath
        bits = shape.coordinate_bits
        coordinates = range(max(3 * group.degree for group in shape.groups))
        super().__init__({
            "group": In(range(max(2, len(shape.groups)))),
            "again": In(1), "first": In(1), **LEVEL,
            "source": In(mailbox_bits), "destination": In(mailbox_bits),
            "begin_window": In(9), "end_window": In(9), "last_window": In(9),
            "wide_windows": In(9), "begin_bit": In(10), "step_bits": In(10),
            "load": In(1), "load_row": In(3), "load_coordinate": In(4 * WORD),
            "load_negative": In(4 * WORD), "load_scalar": In(4 * WORD), "load_top": In(2),
            "load_commit": In(1),
            "operand_valid": Out(1), "operand_mailbox": Out(mailbox_bits), "operand_taken": In(1),
            "read_position": In(coordinates),
            "operand_coordinate": Out(bits),
            "room": Out(1), "fetch_taken": In(1), "fetch_mailbox": In(mailbox_bits),
            "fetched": In(1), "fetched_position": In(coordinates), "fetched_coordinate": In(bits),
            "hand_out": In(1), "entry_valid": Out(1), "entry_mailbox": Out(mailbox_bits),
            "entry_left": In(1), "read_row": In(coordinates), "entry_coordinate": Out(bits),
            "idle": Out(1), "cutting": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        shape = self.shape
        m.submodules.recoder = recoder = Recoder(self.mailbox_bits, shape.units)

        # Entries are counted in and out; `fetching` is one on its way from the mailboxes.
        ring = RING if shape.units == 1 else SHARED_RING
        handing = Signal()  # beside what it chooses
        m.d.sync += handing.eq(self.hand_out)
        put, taken_out, used = (Signal(range(ring), name=name)
                                for name in ("put", "taken_out", "used"))
        fetching = Signal()
        last_position = Signal(range(6))
        for index, group in enumerate(shape.groups):
            with m.If(self.group == index):
                m.d.comb += last_position.eq(3 * group.degree - 1)
        commit, leave = Signal(), Signal()
        m.d.comb += [
            used.eq(put - taken_out),
            commit.eq(self.load_commit | (self.fetched & (self.fetched_position == last_position))),
            leave.eq(Mux(self.hand_out, self.entry_left, recoder.entry_left)),
            self.entry_valid.eq(used != 0),
        ]
        # Known a cycle late: a point takes more cycles to load, and a bucket to fetch.
        m.d.sync += self.room.eq((used < ring - 2) & ~fetching)
        with m.If(self.fetch_taken):
            m.d.sync += fetching.eq(1)
        with m.If(commit):
            m.d.sync += [put.eq(put + 1), fetching.eq(0)]
        with m.If(leave):
            m.d.sync += taken_out.eq(taken_out + 1)

        entry = data.StructLayout({
            "scalar": 4 * WORD, "top": 2, "mailbox": self.mailbox_bits})
        tops = [Signal(2, name=f"top{n}") for n in range(ring)]
        scalars = [Signal(4 * WORD, name=f"scalar{n}", reset_less=True) for n in range(ring)]
        mailboxes = [Signal(self.mailbox_bits, name=f"mailbox{n}") for n in range(ring)]
        with m.Switch(put):
            for n in range(ring):
                with m.Case(n):
                    with m.If(self.load_commit):
                        m.d.sync += [scalars[n].eq(self.load_scalar), tops[n].eq(self.load_top)]
                    with m.If(self.fetch_taken):
                        m.d.sync += mailboxes[n].eq(self.fetch_mailbox)
        now = Signal(entry)
        with m.Switch(taken_out):
            for n in range(ring):
                with m.Case(n):
                    m.d.comb += [now.scalar.eq(scalars[n]), now.top.eq(tops[n]),
                                 now.mailbox.eq(mailboxes[n])]

        m.d.comb += [
            *[getattr(recoder, name).eq(getattr(self, name)) for name in (
                "begin_window", "end_window", "last_window", "wide_windows", "begin_bit",
                "step_bits")],
            recoder.again.eq(self.again), recoder.first.eq(self.first),
            *[getattr(recoder, name).eq(getattr(self, name)) for name in LEVEL],
            recoder.source.eq(self.source), recoder.destination.eq(self.destination),
            recoder.entry_valid.eq(self.entry_valid & ~self.hand_out),
            recoder.entry_scalar.eq(now.scalar), recoder.entry_top.eq(now.top),
            recoder.entry_mailbox.eq(now.mailbox),
            self.entry_mailbox.eq(now.mailbox),
            self.operand_valid.eq(recoder.operand_valid),
            self.operand_mailbox.eq(recoder.operand_mailbox),
            recoder.operand_taken.eq(self.operand_taken),
            self.idle.eq(recoder.idle & (used == 0) & ~fetching),
            self.cutting.eq(recoder.cutting),
        ]
        if not self.datapath:
            return m

        # Which entry an operand's coordinates are in, from its making to their reading.
        made = Signal.like(put)
        with m.If(~recoder.operand_valid):
            m.d.sync += made.eq(taken_out)

        bits = shape.coordinate_bits
        points = m.submodules.points_memory = memory.Memory(shape=bits, depth=ring * 8, init=[])
        negatives = m.submodules.negatives_memory = memory.Memory(
            shape=shape.curve.base.bits, depth=ring * 8, init=[])
        write, write_negative = points.write_port(), negatives.write_port()
        read = points.read_port(domain="comb")
        read_negative = negatives.read_port(domain="comb")
        # Both memories are spread over much of a device: what goes to them and what comes from
        # them are registers. What is put in is read some cycles after the commit at the earliest.
        arriving, enable, place = (Signal(bits, reset_less=True), Signal(),
                                   Signal.like(write.addr))
        arriving_negative, enable_negative = (
            Signal.like(write_negative.data, reset_less=True), Signal())
        m.d.sync += [
            arriving.eq(Mux(self.fetched, self.fetched_coordinate, self.load_coordinate)),
            enable.eq(self.fetched | self.load),
            place.eq(Cat(Mux(self.fetched, self.fetched_position, self.load_row)[:3], put)),
            arriving_negative.eq(self.load_negative), enable_negative.eq(self.load),
        ]
        m.d.comb += [
            write.data.eq(arriving), write.en.eq(enable), write.addr.eq(place),
            write_negative.data.eq(arriving_negative), write_negative.en.eq(enable_negative),
            write_negative.addr.eq(place),
        ]
        # An operand's coordinates are looked up before it is known to be taken.
        row, chosen, is_y = Signal(3), Signal.like(put), Signal()
        negative, negated = Signal(), Signal()
        position = Signal.like(self.read_row)
        m.d.comb += position.eq(Mux(handing, self.read_row, self.read_position))
        for index, group in enumerate(shape.groups):
            with m.If(self.group == index):
                m.d.comb += is_y.eq((position >= group.degree) & (position < 2 * group.degree))
        m.d.sync += [row.eq(position), negated.eq(negative & is_y & ~handing)]
        with m.If(handing):
            m.d.sync += chosen.eq(taken_out)
        with m.Elif(self.read_position == 0):
            m.d.sync += [chosen.eq(made), negative.eq(recoder.operand_negative)]
        coordinate = Signal(bits, reset_less=True)
        m.d.comb += [read.addr.eq(Cat(row, chosen)), read_negative.addr.eq(read.addr)]
        m.d.sync += coordinate.eq(Mux(negated, read_negative.data, read.data))
        m.d.comb += [self.operand_coordinate.eq(coordinate), self.entry_coordinate.eq(coordinate)]
        return m
