"""The point adder with its frames around it, and when pairs go in and sums come out."""

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from proofmill.hdl.point_adder import AdderShape, Frames, PointAdder, next_frame

FIRST_LOAD = 6
"""The cycle of a service slot that begins at 0 in which the mailboxes hand over coordinate 0."""

FIRST_TOTAL = 2
"""The cycle of a frame in which coordinate 0 of a sum is there."""


class FramedAdder(wiring.Component):
    """`PointAdder` and `Frames`, wired as in `hdl.msm`, the multiplier never lent; `cycle` says
    where in the frame we are."""

    def __init__(self, shape: AdderShape):
        self.shape = shape
        self.adder = PointAdder(shape)
        ports = {name: member for name, member in self.adder.signature.members.items()
                 if name not in (*next_frame(shape), "start", "borrowed", "borrowed_a",
                                 "borrowed_b", "product")}
        super().__init__(ports | {"cycle": Out(next_frame(shape)["next_cycle"])})

    def elaborate(self, platform):
        m = Module()
        m.submodules.frames = frames = Frames(self.shape)
        m.submodules.adder = adder = self.adder
        # The frame in which the coordinates' slot began; the evaluation starts with the next one.
        number = frames.number
        for _ in range(FIRST_LOAD):
            held = Signal.like(number)
            m.d.sync += held.eq(number)
            number = held
        m.d.comb += [
            frames.group.eq(self.group), adder.group.eq(self.group), self.cycle.eq(frames.cycle),
            *[getattr(adder, name).eq(getattr(frames, name)) for name in next_frame(self.shape)],
            adder.start.eq(number + 1),
            adder.load.eq(self.load), adder.position.eq(self.position),
            adder.p.eq(self.p), adder.q.eq(self.q), self.total.eq(adder.total),
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
