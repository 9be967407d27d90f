"""Frames: the cycles from one pair to the next, counted for all that keeps step with them."""

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

FRAME_NUMBER_BITS = 16
"""Frames and rounds are counted modulo 2 ** FRAME_NUMBER_BITS."""


class NextFrame(wiring.Signature):
    """What is said of the next cycle, for registers that are read then.

    Members
    -------
    cycle : the cycle within the frame
    number : the frame's number
    turn : the mailbox unit whose pair starts in it
    round : how often all units have had their turn
    """

    def __init__(self, shape):
        # Where the first frame has a single cycle, the next one has begun in the next.
        begun = int(shape.interval[shape.groups[0]] == 1)
        super().__init__({
            "cycle": Out(range(max(2, *shape.interval.values())), init=1 - begun),
            "number": Out(FRAME_NUMBER_BITS, init=begun),
            "turn": Out(range(max(2, shape.units)), init=begun % shape.units),
            "round": Out(FRAME_NUMBER_BITS, init=begun // shape.units),
        })


class Frames(wiring.Component):
    """Count the cycles of a frame, and frames: one cycle ahead, all of them registers, since what a
    cycle is to do begins with them.

    Parameters
    ----------
    shape : the adder's, `hdl.point_adder.AdderShape`. Frames have a multiple of its multipliers'
        interval, whenever the group changes.

    Members
    -------
    group : index into the shape's groups, in; changes only while the adder is unused
    cycle : cycle within the frame, out
    last : this is the frame's last cycle, out
    number : number of the frame, out, modulo 2 ** FRAME_NUMBER_BITS
    turn : which mailbox unit's pair starts in this frame, out
    next : the same of the cycle after: `NextFrame`, out
    """

    def __init__(self, shape):
        self.shape = shape
        ahead = NextFrame(shape)
        super().__init__({
            "group": In(range(max(2, len(shape.groups)))),
            "cycle": Out(ahead.members["cycle"].shape),
            "last": Out(1, init=int(shape.interval[shape.groups[0]] == 1)),
            "number": Out(FRAME_NUMBER_BITS),
            "turn": Out(ahead.members["turn"].shape),
            "next": Out(ahead),
        })

    def slots(self, after=0):
        """The cycles of a frame that come so many `after` those in which the multipliers take
        operands of their own, or before, where it is negative."""
        every = self.shape.multiplier.interval
        return range(after % every, max(self.shape.interval.values()), every)

    def elaborate(self, platform):
        m = Module()
        ahead, every = self.next, self.shape.multiplier.interval
        longest = max(self.shape.interval.values())
        # The next cycle is a frame's last one.
        next_last = Signal(init=int(self.shape.interval[self.shape.groups[0]] <= 2))
        for index, group in enumerate(self.shape.groups):
            interval = self.shape.interval[group]
            with m.If(self.group == index):
                if every > 1:
                    # Where the group changes within a longer frame, that ends in step with the
                    # multipliers, which take operands every so many cycles.
                    m.d.sync += next_last.eq(ahead.cycle.matches(
                        *(end - 2 for end in range(interval, longest + 1, every))))
                else:
                    m.d.sync += next_last.eq(
                        (interval == 1) | ~next_last & (ahead.cycle >= interval - 2))
        next_around = Signal()  # ... and the last one of all units' turns
        m.d.comb += next_around.eq(next_last & (ahead.turn == self.shape.units - 1))
        m.d.sync += [
            self.cycle.eq(ahead.cycle), self.last.eq(next_last),
            self.number.eq(ahead.number), self.turn.eq(ahead.turn),
            ahead.cycle.eq(Mux(next_last, 0, ahead.cycle + 1)),
            ahead.number.eq(ahead.number + next_last),
            ahead.turn.eq(Mux(next_around, 0, ahead.turn + next_last)),
            ahead.round.eq(ahead.round + next_around),
        ]
        return m
