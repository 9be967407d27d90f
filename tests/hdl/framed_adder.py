"""The point adder with its frames around it, and when pairs go in and sums come out."""

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.banks import Pair
from proofmill.hdl.frames import Frames, NextFrame
from proofmill.hdl.point_adder import AdderShape, PointAdder

FIRST_LOAD = 6
"""The cycle of a service slot that begins at 0 in which the mailboxes hand over coordinate 0."""

FIRST_TOTAL = 2
"""The cycle of a frame in which coordinate 0 of a sum is there."""


class FramedAdder(wiring.Component):
    """`PointAdder` and `Frames`, wired as in `hdl.msm`, with one mailbox unit and one lane, the
    multiplier never lent; `cycle` says where in the frame we are."""

    def __init__(self, shape: AdderShape):
        self.shape = shape
        self.adder = PointAdder(shape)
        pair = {name: In(member.shape) for name, member in Pair(shape).members.items()
                if name != "start"}
        super().__init__(pair | {
            "group": In(self.adder.group.shape()), "total": Out(shape.coordinate_bits),
            "cycle": Out(NextFrame(shape).members["cycle"].shape)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.frames = frames = Frames(self.shape)
        m.submodules.adder = adder = self.adder
        (pair,), (total,) = adder.pairs, adder.totals
        # The frame in which the coordinates' slot began; the evaluation starts with the next one.
        number = frames.number
        for _ in range(FIRST_LOAD):
            held = Signal.like(number)
            m.d.sync += held.eq(number)
            number = held
        wiring.connect(m, frames.next, adder.next)
        m.d.comb += [
            frames.group.eq(self.group), adder.group.eq(self.group), self.cycle.eq(frames.cycle),
            pair.start.eq(number + 1), pair.load.eq(self.load), pair.position.eq(self.position),
            pair.p.eq(self.p), pair.q.eq(self.q), self.total.eq(total),
        ]
        return m


def timetable(shape: AdderShape, group, slots):
    """For every pair (the cycles in which its coordinates are loaded), and those of its sum.

    Pair k comes in during frame k, in service slot ``slots[k]``. Cycles count from the start of
    a frame.
    """
    interval, beats = shape.interval[group], 3 * group.degree
    frames = shape.schedules[group].frames
    loads = [[k * interval + slot * beats + FIRST_LOAD + n for n in range(beats)]
             for k, slot in enumerate(slots)]
    totals = [[(k + 1 + frames) * interval + FIRST_TOTAL + n for n in range(beats)]
              for k in range(len(slots))]
    return loads, totals
