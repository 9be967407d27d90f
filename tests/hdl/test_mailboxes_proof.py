# amaranth: UnusedElaboratable=no
"""The mailboxes, proven: nothing is lost, nothing doubled, nothing goes where it does not belong.

The proofs are by induction, so they hold for any number of cycles, for every order of operands,
sums and fetches and for every value. They speak of one mailbox and one coordinate, which are
free: what holds for them holds for all.

That the unit drains is proven by what is left to do: see `DrainProof`.
"""

from functools import reduce
from types import SimpleNamespace

import pytest
from amaranth import *
from amaranth.hdl import Assert, Assume, Cover
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from proofmill.hdl import mailboxes as mailboxes_module
from proofmill.hdl.curve import Group
from proofmill.hdl.mailboxes import AWAY
from proofmill.hdl.presets import STANDARD
from tests.choice import slow_but
from tests.hdl.proofs import broken, prove

BITS = 2             # of a mailbox's number
COORDINATE_BITS = 2  # the values go through untouched, so few are enough
NOTHING, SUM, OPERAND, FETCH = range(4)
DEPTH = AWAY + 2     # of the induction: a coordinate is on its way for so long
LATE_WRITE = "__import__('tests.hdl.proofs', fromlist=['late']).late(m, self.flags.write_port(), 2)"


def adder_like(group, interval, frames):
    """What `Mailboxes` asks of an `AdderShape`."""
    return SimpleNamespace(
        groups=[group], interval={group: interval}, frame={group: interval},
        coordinate_bits=COORDINATE_BITS, positions=range(3 * group.degree),
        schedules={group: SimpleNamespace(frames=frames)})


class MailboxProof(wiring.Component):
    """The mailboxes in any surroundings that keep to their side of the agreement."""

    def __init__(self, shape, module=mailboxes_module, *, datapath=True):
        self.shape, self.module, self.datapath = shape, module, datapath
        (self.group,) = shape.groups
        super().__init__({
            "operand_valid": In(1), "operand_mailbox": In(BITS),
            "operand_coordinate": In(COORDINATE_BITS),
            "fetch_valid": In(1), "fetch_mailbox": In(BITS),
            "total": In(COORDINATE_BITS),
            "watched": In(BITS), "coordinate": In(range(6)), "follow": In(1),
        })

    def elaborate(self, platform):
        m = Module()
        shape, group = self.shape, self.group
        interval, beats = shape.interval[group], 3 * group.degree
        services, frames = interval // beats, shape.schedules[group].frames
        dut = self.module.Mailboxes(shape, BITS, datapath=self.datapath)
        m.submodules.dut = dut
        leaving, flying = dut.leaving, dut.flying
        kind, mailbox = dut.kind.as_value(), dut.mailbox
        service, phase, moving, position = dut.service, dut.phase, dut.moving, dut.position
        accept, pair = dut.accept, dut.leaves

        history = m.submodules.history = Module()

        def past(value):
            """`value` a cycle ago."""
            held = Signal.like(value)
            history.d.sync += held.eq(value)
            return held

        def flag(number):
            port = dut.flags.read_port(domain="comb")
            m.d.comb += port.addr.eq(number)
            return port.data

        started = past(Const(1))
        m.d.comb += Assume(~ResetSignal())

        # The surroundings: frames, a watched mailbox and coordinate that stay, handshakes.
        cycle = Signal(range(interval))
        last = cycle == interval - 1
        m.d.sync += cycle.eq(Mux(last, 0, cycle + 1))
        m.d.comb += [
            dut.operand.valid.eq(self.operand_valid), dut.operand.mailbox.eq(self.operand_mailbox),
            dut.operand.coordinate.eq(self.operand_coordinate),
            dut.fetch.valid.eq(self.fetch_valid), dut.fetch.mailbox.eq(self.fetch_mailbox),
            dut.total.eq(self.total),
        ]
        watched = self.watched
        full = flag(watched)
        m.d.comb += [
            dut.group.eq(0), dut.last.eq(last), dut.enable.eq(1),
            dut.probe.eq(watched), dut.clear.eq(0),
            Assume(self.coordinate < beats),
            Assume(~self.fetch_valid | flag(self.fetch_mailbox)),
        ]
        with m.If(started):
            m.d.comb += [Assume(watched == past(watched)),
                         Assume(self.coordinate == past(self.coordinate))]
        for valid, number, taken in (
                (self.operand_valid, self.operand_mailbox, dut.operand.taken),
                (self.fetch_valid, self.fetch_mailbox, dut.fetch.taken)):
            with m.If(started & past(valid & ~taken)):
                m.d.comb += [Assume(valid), Assume(number == past(number))]

        # Where we are; who is served.
        returning = flying[frames]
        m.d.comb += [
            Assert(cycle < interval), Assert(phase < beats),
            Assert(service * beats + phase == cycle),
            Assert((kind == NOTHING) | ((phase == 1) & (service < services))),
            Assert((kind == SUM) == ((cycle == 1) & returning.valid)),
            Assert((kind != SUM) | (mailbox == returning.mailbox)),
            Assert((kind != OPERAND) | (self.operand_valid & (mailbox == self.operand_mailbox))),
            Assert((kind != FETCH) | (self.fetch_valid & (mailbox == self.fetch_mailbox)
                                      & (service == services - 1))),
            Assert(~leaving.valid | (cycle >= 2)),
            # A sum never waits; one pair leaves in a frame at the most.
            Assert((kind != SUM) | accept),
            Assert(~(accept & pair & leaving.valid)),
            # Operand and fetch are told so in the cycle they are accepted, and not otherwise.
            Assert(dut.operand.taken == (accept & (kind == OPERAND))),
            Assert(dut.fetch.taken == (accept & (kind == FETCH))),
        ]

        # The watched mailbox: each service turns its flag over, and nothing else does.
        mine = mailbox == watched
        arrived = accept & mine & (kind != FETCH)
        fetched = accept & mine & (kind == FETCH)
        with m.If(started):
            with m.If(past(arrived & full)):
                m.d.comb += Assert(~full & leaving.valid & (leaving.mailbox == watched))
            with m.Elif(past(arrived)):
                m.d.comb += Assert(full)
            with m.Elif(past(fetched)):
                m.d.comb += Assert(~full)
            with m.Else():
                m.d.comb += Assert(full == past(full))
            m.d.comb += Assert(dut.probed == past(full))

        # The law of conservation: operands taken, less those fetched, less one for each addition,
        # are the resident and the pairs on their way.
        count = Signal(6)
        m.d.sync += count.eq(count + (dut.operand.taken & mine) - fetched - (arrived & full))

        def for_watched(entry):
            return entry.valid & (entry.mailbox == watched)

        under_way = for_watched(leaving) + sum(
            (for_watched(entry) for entry in flying[:frames]),
            for_watched(returning) & (cycle <= 1))
        m.d.comb += [
            Assert(count == full + under_way),
            Assert(~(dut.quiet & last) | (under_way == 0)),
            Assert(dut.paired == leaving.valid),
        ]

        # Any pair, followed: its sum is served, at its mailbox, in the first slot of the frame
        # that is `frames` + 1 later than the one it left in.
        age, place = Signal(range(frames + 3)), Signal(BITS)
        with m.If((age == 0) & accept & pair & self.follow):
            m.d.sync += [age.eq(1), place.eq(mailbox)]
        with m.Elif((age == frames + 2) & (cycle == 1)):
            m.d.sync += age.eq(0)
            m.d.comb += Assert((kind == SUM) & (mailbox == place))
        with m.Elif((age != 0) & last):
            m.d.sync += age.eq(age + 1)
        m.d.comb += [Assert(age <= frames + 2), Assert((age != frames + 2) | (cycle <= 1))]
        for n, entry in enumerate([leaving, *flying], 1):
            with m.If(age == n):
                m.d.comb += Assert(entry.valid & (entry.mailbox == place))
        with m.If(age == 1):
            m.d.comb += Assert(cycle >= 2)

        # After being accepted an operand, sum or bucket has `beats` cycles for its coordinates.
        left, mover = Signal(range(beats + 1)), Signal.like(mailbox)
        mover_kind, mover_pair = Signal(2), Signal()
        with m.If(accept):
            m.d.sync += [left.eq(beats), mover.eq(mailbox), mover_kind.eq(kind),
                         mover_pair.eq(pair)]
        with m.Elif(left != 0):
            m.d.sync += left.eq(left - 1)
        with m.If(left != 0):
            m.d.comb += [
                Assert(moving & (position == beats - left)),
                Assert(Mux(phase >= 2, phase - 2, phase + beats - 2) == beats - left),
                Assert(dut.moving_mailbox == mover),
                Assert(dut.moving_kind.as_value() == mover_kind),
                Assert(dut.moving_leaves == mover_pair),
                Assert(mover_kind != NOTHING),
                Assert(~mover_pair | (mover_kind != FETCH)),
            ]
        with m.Else():
            m.d.comb += Assert(~moving)
        # Which coordinate of an operand is wanted has been said two cycles before.
        wanted = past(past(dut.operand.position))
        m.d.comb += [
            Assert(~past(started) | (left == 0) | (wanted == beats - left)),
            Assert((left == 0) | (dut.total_position == beats - left)),
        ]
        if not self.datapath:
            return m

        # The watched coordinate of the watched mailbox's resident, from port to port.
        now = (left != 0) & (mover == watched) & (beats - left == self.coordinate)
        value = Mux(mover_kind == SUM, self.total, self.operand_coordinate)
        stays = ~mover_pair & (mover_kind != FETCH)
        resident = Signal(COORDINATE_BITS)
        with m.If(now & stays):
            m.d.sync += resident.eq(value)
        to_come = (left != 0) & (mover == watched) & (beats - left <= self.coordinate)
        rows = BITS - (group.degree - 1)
        place = Cat(watched[:rows], self.coordinate)
        stored = [plane.read_port(domain="comb") for plane in dut.residents]
        m.d.comb += [each.addr.eq(place[:BITS]) for each in stored]
        now_stored = Array(each.data for each in stored)[place[BITS:]]
        m.d.comb += Assert(~past(started) | past(past(Mux(to_come, stays, ~full)))
                           | (now_stored == past(past(resident))))
        if rows < BITS:
            m.d.comb += [Assume(number[rows:] == 0) for number in (
                watched, self.operand_mailbox, self.fetch_mailbox)]
            m.d.comb += [Assert(~entry.valid | (entry.mailbox[rows:] == 0))
                         for entry in [leaving, *flying]]
            m.d.comb += [Assert((left == 0) | (mover[rows:] == 0)),
                         Assert((kind == NOTHING) | (mailbox[rows:] == 0))]

        def away(value):
            """`value` when the coordinate had its turn that now goes to the adder."""
            return reduce(lambda each, _: past(each), range(AWAY), value)

        with m.If(away(started)):
            m.d.comb += [
                Assert(dut.pair.load == away((left != 0) & mover_pair)),
                Assert(dut.fetched.valid == away((left != 0) & (mover_kind == FETCH))),
            ]
            with m.If(away(now & mover_pair)):
                m.d.comb += Assert(
                    (dut.pair.position == self.coordinate)
                    & (dut.pair.q == away(resident)) & (dut.pair.p == away(value)))
            with m.If(away(now & (mover_kind == FETCH))):
                m.d.comb += Assert((dut.fetched.position == self.coordinate)
                                   & (dut.fetched.coordinate == away(resident)))
        return m


class DrainProof(wiring.Component):
    """The mailboxes always come to rest, and how soon.

    What is left to do is ``work``: one for each resident, two for each pair on its way. A sum
    that is served takes one off (it stays: a pair less, a resident more; it leaves in a pair: a
    resident less), and so does a fetch; an operand that is taken adds one. Nothing else changes
    it. So with n operands still to come, ``work + 2 * n`` falls with everything that is served and
    never rises; and something is served in every frame whose first cycle finds an operand waiting,
    in every frame whose last slot finds a fetch waiting, and within ``frames + 1`` frames of the
    last service while a pair is on its way. It cannot fall below 0, so within
    ``(work + 2 * n) * (frames + 1)`` frames nothing waits and nothing is on its way.
    """

    def __init__(self, shape, module=mailboxes_module):
        self.shape, self.module = shape, module
        (self.group,) = shape.groups
        super().__init__({
            "operand_valid": In(1), "operand_mailbox": In(BITS),
            "fetch_valid": In(1), "fetch_mailbox": In(BITS)})

    def elaborate(self, platform):
        m = Module()
        shape, group = self.shape, self.group
        interval, beats = shape.interval[group], 3 * group.degree
        services, frames = interval // beats, shape.schedules[group].frames
        dut = self.module.Mailboxes(shape, BITS, datapath=False)
        m.submodules.dut = dut
        leaving, flying, kind = dut.leaving, dut.flying, dut.kind.as_value()
        flags = []
        for number in range(1 << BITS):
            port = dut.flags.read_port(domain="comb")
            m.d.comb += port.addr.eq(number)
            flags.append(port.data)

        cycle = Signal(range(interval))
        last = cycle == interval - 1
        m.d.sync += cycle.eq(Mux(last, 0, cycle + 1))
        m.d.comb += [
            dut.operand.valid.eq(self.operand_valid), dut.operand.mailbox.eq(self.operand_mailbox),
            dut.fetch.valid.eq(self.fetch_valid), dut.fetch.mailbox.eq(self.fetch_mailbox),
        ]
        m.d.comb += [
            dut.group.eq(0), dut.last.eq(last), dut.enable.eq(1), dut.clear.eq(0),
            Assume(~ResetSignal()),
            Assume(~self.fetch_valid | Array(flags)[self.fetch_mailbox]),
        ]
        for valid, number, taken in (
                (self.operand_valid, self.operand_mailbox, dut.operand.taken),
                (self.fetch_valid, self.fetch_mailbox, dut.fetch.taken)):
            waited, held = Signal(), Signal.like(number)
            m.d.sync += [waited.eq(valid & ~taken), held.eq(number)]
            m.d.comb += Assume(~waited | (valid & (number == held)))

        # What is left to do, counted two ways.
        on_their_way = [leaving.valid, *(entry.valid for entry in flying[:frames]),
                        flying[frames].valid & (cycle <= 1)]
        residents, pairs = sum(flags), sum(on_their_way)
        work = Signal(8)
        summed = dut.accept & (kind == SUM)
        served = Signal()
        m.d.comb += [served.eq(summed | dut.operand.taken | dut.fetch.taken),
                     Assert(work == residents + 2 * pairs)]
        with m.If(dut.operand.taken):
            m.d.sync += work.eq(work + 1)
        with m.Elif(served):
            m.d.sync += work.eq(work - 1)
            m.d.comb += Assert(work != 0)

        # The assumptions leave room for all that is spoken of.
        m.d.comb += [Cover(summed & dut.leaves), Cover(summed & ~dut.leaves),
                     Cover(dut.fetch.taken), Cover(dut.waited),
                     Cover(dut.quiet & last & (residents == 1))]

        # What was there at the frame's beginning is not there at its end without a service.
        operand_there, fetch_there, something = Signal(), Signal(), Signal()
        with m.If(cycle == 0):
            m.d.sync += [operand_there.eq(self.operand_valid), something.eq(0)]
        with m.If(cycle == beats * (services - 1)):
            m.d.sync += fetch_there.eq(self.fetch_valid)
        with m.If(last):
            m.d.sync += fetch_there.eq(0)
        with m.If(served):
            m.d.sync += something.eq(1)
        waits = Signal()     # ... for the last slot's second cycle, in which it is taken
        m.d.comb += [
            waits.eq((cycle == beats * (services - 1) + 1) & fetch_there),
            Assert((cycle < 2) | ~operand_there | something),
            Assert(~waits | dut.fetch.taken), Assert(~dut.fetch.taken | waits),
            Assert(~fetch_there | (cycle > beats * (services - 1))),
        ]

        # Frames that have begun since anything was served; the youngest pair is as old at least.
        idle = Signal(range(frames + 4))
        with m.If(served | (pairs == 0)):
            m.d.sync += idle.eq(0)
        with m.Elif(last):
            m.d.sync += idle.eq(idle + 1)
        m.d.comb += [
            Assert(idle <= frames + 1),
            Assert(~leaving.valid | (idle == 0)),
            *(Assert(~entry.valid | (idle <= n + 1)) for n, entry in enumerate(flying[:frames])),
        ]

        # After a frame in which nothing was served nothing moves, and the outside is told so.
        left = Signal(range(beats + 1))
        m.d.sync += left.eq(Mux(dut.accept, beats, Mux(left != 0, left - 1, 0)))
        m.d.comb += [
            Assert(dut.moving == (left != 0)),
            Assert((left == 0) | (dut.position == beats - left)),
            Assert((left == 0) | (beats - left == Mux(
                dut.phase >= 2, dut.phase - 2, dut.phase + beats - 2))),
            Assert(something | (cycle < 2) | ((left == 0) & ~flying[frames].valid)),
            Assert((cycle >= 2) | (left <= 2 - cycle)),
            Assert(dut.quiet | ~last | something | (pairs != 0)),
            Assert(~dut.quiet | ~last | (pairs == 0)),
        ]

        # Where we are, so that the induction knows.
        m.d.comb += [
            Assert(cycle < interval), Assert(dut.phase < beats),
            Assert(dut.service * beats + dut.phase == cycle),
            Assert((kind == NOTHING) | ((dut.phase == 1) & (dut.service < services))),
            Assert((kind == SUM) == ((cycle == 1) & flying[frames].valid)),
            Assert((kind != SUM) | (dut.mailbox == flying[frames].mailbox)),
            Assert((kind != OPERAND) | (self.operand_valid & (
                dut.mailbox == self.operand_mailbox))),
            Assert((kind != FETCH) | (self.fetch_valid & (dut.service == services - 1) & (
                dut.mailbox == self.fetch_mailbox))),
            Assert((cycle != 1) | ~operand_there | (kind != NOTHING)),
            Assert(~leaving.valid | (cycle >= 2)),
        ]
        return m


SHAPES = {
    "g1-4-slots": adder_like(Group.G1, 12, 2),
    "g1-2-slots": adder_like(Group.G1, 6, 3),
    "g1-odd-frame": adder_like(Group.G1, 11, 1),
    "g2-2-slots": adder_like(Group.G2, 12, 2),
    "standard": adder_like(Group.G1, STANDARD.adder.frame[Group.G1],
                           STANDARD.adder.schedules[Group.G1].frames),
}


@pytest.mark.parametrize("name", SHAPES)
def test_nothing_is_lost_or_doubled_or_misplaced(name, tmp_path):
    result = prove(MailboxProof(SHAPES[name]), tmp_path, mode="prove", depth=DEPTH)
    assert result == "PASS", (tmp_path / "log").read_text()[-3000:]


@pytest.mark.parametrize("name", SHAPES)
def test_they_always_come_to_rest(name, tmp_path):
    result = prove(DrainProof(SHAPES[name]), tmp_path, mode="prove", depth=2)
    assert result == "PASS", (tmp_path / "log").read_text()[-3000:]


def test_there_are_runs_in_which_everything_happens(tmp_path):
    """From reset: the proofs do not hold for want of anything that they speak of."""
    proof = DrainProof(SHAPES["g1-4-slots"])
    assert prove(proof, tmp_path, mode="cover", depth=70) == "PASS"


RESTLESS = {
    "operands wait where they could leave": (
        "blocked.eq((kind == Kind.OPERAND) & self.leaving.valid)",
        "blocked.eq(kind == Kind.OPERAND)"),
    "fetches have no slot": ("(self.service == services - 1) & self.fetch.valid",
                             "(self.service == services) & self.fetch.valid"),
    "a sum is passed over": ("(self.service == 0) & returning.valid",
                             "(self.service == 0) & returning.valid & ~self.fetch.valid"),
    "sums come back for ever": ("self.flying[0].eq(self.leaving), self.leaving.valid.eq(0)",
                                 "self.flying[0].eq(self.leaving)"),
    "never quiet": ("& ~Cat(tag.valid for tag in self.flying).any()",
                    "& Cat(tag.valid for tag in self.flying).any()"),
}


@pytest.mark.parametrize("name", RESTLESS)
def test_what_never_rests_is_not_proven_to(name, tmp_path):
    proof = DrainProof(SHAPES["g1-2-slots"], broken(mailboxes_module, *RESTLESS[name]))
    assert prove(proof, tmp_path, mode="prove", depth=2) != "PASS"


WRONG = {
    # A slot takes longer than the flags' memory, so a neighbour finds what its neighbour left; two
    # cycles later, and it would not.
    "flag not there in time": ("self.flags.write_port()", LATE_WRITE),
    "flag inverted": ("flag_write.data.eq(~full &", "flag_write.data.eq(full &"),
    "flag not set": ("flag_write.en.eq(accept |", "flag_write.en.eq((accept & full) |"),
    "two pairs a frame": ("blocked.eq((kind == Kind.OPERAND) & self.leaving.valid)",
                          "blocked.eq(0)"),
    "sum for another mailbox": ("self.flying[n + 1].mailbox.eq(self.flying[n].mailbox)",
                                "self.flying[n + 1].mailbox.eq(self.flying[0].mailbox)"),
    "sum too early": ("returning.eq(self.flying[n])", "returning.eq(self.flying[n - 1])"),
    "pair for another mailbox": ("self.leaving.mailbox.eq(mailbox)",
                                 "self.leaving.mailbox.eq(self.operand.mailbox)"),
    "sum served twice": ("with m.If((self.service == 0) & returning.valid):",
                         "with m.If(returning.valid):"),
    "resident of another mailbox": ("place.eq(Cat(self.moving_mailbox[:low], self.position))",
                                    "place.eq(Cat(self.mailbox[:low], self.position))"),
    "resident not kept": ("self.moving & ~self.moving_leaves & (self.moving_kind",
                          "self.moving & self.moving_leaves & (self.moving_kind"),
    "operand taken for sum": ("self._later(m, self.moving_kind == Kind.SUM",
                              "self._later(m, self.moving_kind != Kind.SUM"),
    "first coordinate left out": ("position.eq(0), start",
                                  "position.eq(1), start"),
}


@pytest.mark.parametrize("name", slow_but(
    ("flag inverted", "sum for another mailbox", "resident not kept", "operand taken for sum"),
    WRONG))
def test_what_is_broken_is_not_proven(name, tmp_path):
    proof = MailboxProof(SHAPES["g1-2-slots"], broken(mailboxes_module, *WRONG[name]))
    assert prove(proof, tmp_path, mode="prove", depth=DEPTH) != "PASS"


@pytest.mark.parametrize("name, cycles", [
    ("flag inverted", 3), ("flag not set", 3),
    ("flag not there in time", 16), ("resident not kept", 17),
    ("operand taken for sum", 17)])
def test_what_is_broken_is_shown_by_an_example(name, cycles, tmp_path):
    """From reset, within so many cycles: the proof can be wrong about real runs too."""
    proof = MailboxProof(SHAPES["g1-2-slots"], broken(mailboxes_module, *WRONG[name]))
    assert prove(proof, tmp_path, mode="bmc", depth=cycles) == "FAIL"
