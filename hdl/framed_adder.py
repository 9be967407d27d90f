"""The point adder with its frames: pairs of points go in by a timetable, and sums come out."""

from dataclasses import dataclass

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.banks import Pair
from proofmill.hdl.curve import Group
from proofmill.hdl.frames import FRAME_NUMBER_BITS, Frames, NextFrame
from proofmill.hdl.point_adder import AdderShape, PointAdder
from proofmill.hdl.schedule import LOAD_CYCLE, OUTPUT_CYCLE

FIRST_LOAD = LOAD_CYCLE
"""The cycle of a service slot that begins at 0 in which coordinate 0 of a pair goes in."""

FIRST_TOTAL = OUTPUT_CYCLE + 1
"""The cycle of a frame in which coordinate 0 of a sum is there."""


class Coordinates(wiring.Signature):
    """A coordinate of both points of a pair, on its way in: `hdl.banks.Pair` without its start.

    Members
    -------
    load : there is a coordinate
    position : which one: x, y, z, each of its parts over Fp2 by itself
    p, q : its value for either point, unreduced, of ``shape.coordinate_bits`` bits
    """

    def __init__(self, shape: AdderShape):
        super().__init__({name: member for name, member in Pair(shape).members.items()
                          if name != "start"})


@dataclass(frozen=True)
class Timetable:
    """When the coordinates of pairs go in and those of their sums come out, in cycles.

    Pair k begins in frame k, and comes from unit ``k % units``. Cycle 0 is the first of a frame
    in which unit 0 has its turn; a frame has ``shape.interval[group]`` cycles.
    """

    shape: AdderShape
    group: Group

    @property
    def beats(self) -> int:
        """Coordinates of a point over the base field: 3 in G1, 6 in G2."""
        return 3 * self.group.degree

    @property
    def slots(self) -> int:
        """Places in a unit's own frame, `beats` cycles each, in which a pair may go in."""
        return self.shape.frame[self.group] // self.beats

    @property
    def latency(self) -> int:
        """Cycles from a pair's first coordinate, in slot 0, to its sum's first."""
        return self.totals(0)[0] - self.loads(0)[0]

    def loads(self, pair: int, slot: int = 0) -> list[int]:
        """The cycle of each coordinate of pair number `pair`, where it goes in in `slot`.

        Raises ValueError for a slot that there is not.
        """
        if not 0 <= slot < self.slots:
            raise ValueError(f"a frame has {self.slots} slots, from 0 on, so none is {slot}")
        first = pair * self.shape.interval[self.group] + slot * self.beats + FIRST_LOAD
        return [first + n for n in range(self.beats)]

    def totals(self, pair: int) -> list[int]:
        """The cycle of each coordinate of the sum of pair number `pair`; see `lane`."""
        frames = 1 + self.shape.schedules[self.group].frames
        first = pair * self.shape.interval[self.group] + frames * self.shape.frame[self.group]
        return [first + FIRST_TOTAL + n for n in range(self.beats)]

    def lane(self, position: int) -> int:
        """The lane on which coordinate number `position` of a sum comes out."""
        return position // self.shape.interval[self.group]


class FramedAdder(wiring.Component):
    """`PointAdder` and `Frames`: P + Q on the curve, a pair every ``shape.interval[group]`` cycles.

    Points are homogeneous (x : y : z), infinity is (0 : y : 0), and any two of them may be added:
    the formula is complete (Renes, Costello, Batina, "Complete addition formulas for prime order
    elliptic curves", 2016, algorithm 7). The sum's coordinates are those of the formula times
    ``radix ** -3``, all alike, so that they stand for the same point; they are not reduced.

    There is no handshake and no back-pressure: a pair goes in and its sum comes out by the clock,
    as `Timetable` says, and nothing is ever held up or refused. In a frame in which no pair began,
    what comes out means nothing. The group may change while no pair is under way.

    Members
    -------
    group : index into ``shape.groups``, in
    pairs : from each unit, see `Coordinates`, in
    totals : a coordinate of a sum on each lane, out
    cycle : cycle of the frame, out
    turn : the unit whose pairs' frame this is, out
    """

    def __init__(self, shape: AdderShape):
        self.shape = shape
        ahead = NextFrame(shape).members
        super().__init__({
            "group": In(range(max(2, len(shape.groups)))),
            "pairs": In(Coordinates(shape)).array(shape.units),
            "totals": Out(shape.coordinate_bits).array(shape.lanes),
            "cycle": Out(ahead["cycle"].shape), "turn": Out(ahead["turn"].shape)})

    @property
    def interval(self) -> dict[Group, int]:
        """Cycles from one pair to the next, by group."""
        return self.shape.interval

    @property
    def latency(self) -> dict[Group, int]:
        """Cycles from a pair's first coordinate to its sum's first, by group."""
        return {group: Timetable(self.shape, group).latency for group in self.shape.groups}

    def elaborate(self, platform):
        m = Module()
        m.submodules.frames = frames = Frames(self.shape)
        m.submodules.adder = adder = PointAdder(self.shape)
        wiring.connect(m, frames.next, adder.next)
        m.d.comb += [frames.group.eq(self.group), adder.group.eq(self.group),
                     self.cycle.eq(frames.cycle), self.turn.eq(frames.turn)]
        m.d.comb += [own.eq(total) for own, total in zip(self.totals, adder.totals, strict=True)]
        for unit, (own, pair) in enumerate(zip(self.pairs, adder.pairs, strict=True)):
            # The unit's own frame begins with its turn; the evaluation with the one after it.
            begun = Signal(FRAME_NUMBER_BITS, name=f"unit{unit}_round",
                           init=0 if unit == 0 else (1 << FRAME_NUMBER_BITS) - 1)
            with m.If(frames.last & (frames.turn == (unit - 1) % self.shape.units)):
                m.d.sync += begun.eq(begun + 1)
            for n in range(FIRST_LOAD):  # the round in which the coordinates' slot began
                held = Signal(FRAME_NUMBER_BITS, name=f"unit{unit}_round{n}")
                m.d.sync += held.eq(begun)
                begun = held
            m.d.comb += [pair.start.eq(begun + 1), pair.load.eq(own.load),
                         pair.position.eq(own.position), pair.p.eq(own.p), pair.q.eq(own.q)]
        return m
