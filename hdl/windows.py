"""How scalars are cut into windows, and where their buckets lie: arithmetic shared by all sides.

A scalar is written in signed digits, ``scalar = sum(d[w] << position(w))``, and bucket (w, j)
gathers the points whose digit w is j or -j. The first `wide` windows have `window` bits, the others
one bit less, so that there may be as many as the mailbox units can share evenly. Digits come
without carries: a constant, `WindowPlan.bias`, is added to the scalar, and what stands in its
window w is ``d[w] + 2 ** (width(w) - 1)`` in every window but the last, which holds d[w] itself. So
``-2 ** (width(w) - 1) <= d[w] < 2 ** (width(w) - 1)``, and any window can be read by itself.

The buckets' weighted sum is a multi-scalar multiplication with the small scalars j, so they go
through the same mailboxes again with half the window, and again, until one bit is left. The two
regions of the mailboxes take turns as source and destination.

Several mailbox units share the windows: unit u has those whose number is u modulo the units. Where
the mailboxes are too few for all windows at once, the windows are computed in several passes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

MAX_WINDOW = 16
"""The widest window the recoder's registers hold: a power of two, so that the number of a bit is
that of such a piece of a scalar, and a place within it."""

WIDTHS = range(MAX_WINDOW + 1)
"""Bits of a window, and of a bucket's number at any level; as a shape, that of a register of it."""

WINDOWS_BITS = 16
"""Bits of a number of windows as a command says it."""

WINDOW_NUMBER_BITS = 9
"""Bits of a window's number: a scalar of four words has 129 windows of two bits, and the number of
a unit's next window may be past those by as many as there are units."""

BIT_NUMBER_BITS = 10
"""Bits of the number of one of a scalar's bits, of which a window may begin past the last one."""

DRAIN = 40
"""Frames that pass, at the end of a level, until the last sums have come back: about."""

MOST_BUCKETS = 0.1
"""Operands made of buckets, for each digit, up to which a narrower window is not tried instead of
several passes."""


def halves(window: int) -> list[int]:
    """Widths of the levels after the first: half of the one before, rounded up, down to 1."""
    widths = []
    while window > 1:
        window = (window + 1) // 2
        widths.append(window)
    return widths


@dataclass(frozen=True)
class WindowPlan:
    """The windows and mailboxes of one multi-scalar multiplication.

    Parameters
    ----------
    scalar_bits : bits of a scalar.
    window : bits of a digit, at the most.
    units : mailbox units that share the windows.
    at_once : windows computed in one pass; 0 for all of them.
    """

    scalar_bits: int
    window: int
    units: int = 1
    at_once: int = 0

    def __post_init__(self) -> None:
        if not 2 <= self.window <= MAX_WINDOW:
            raise ValueError(f"a window has 2 to {MAX_WINDOW} bits, not {self.window}")
        if not 0 <= self.at_once <= self.windows:
            raise ValueError(f"there are {self.windows} windows of {self.window} bits, so not "
                             f"{self.at_once} at once")

    @cached_property
    def cut(self) -> tuple[int, int]:
        """(windows, wide ones): one bit more than the scalar's own, for the last carry, in the
        fewest windows; or in as many more as the units can share evenly, if windows of one bit
        less would not do as well."""
        bits = self.scalar_bits + 1
        fewest = -(-bits // self.window)
        if self.window > 2:
            for windows in (-(-fewest // self.units) * self.units, fewest):
                if (wide := bits - windows * (self.window - 1)) > 0:
                    return windows, wide
        return fewest, fewest

    @property
    def windows(self) -> int:
        """Digits of a scalar."""
        return self.cut[0]

    @property
    def wide(self) -> int:
        """Windows of `window` bits, which are the first ones; the others have a bit less."""
        return self.cut[1]

    def position(self, window: int) -> int:
        """The lowest bit of window number `window`."""
        return window * (self.window - 1) + min(window, self.wide)

    def width(self, window: int) -> int:
        """The bits of window number `window`."""
        return self.window - (window >= self.wide)

    @property
    def passes(self) -> Iterator[tuple[int, int]]:
        """(first window, number of windows) of each pass."""
        step = self.at_once or self.windows
        for first in range(0, self.windows, step):
            yield first, min(step, self.windows - first)

    @property
    def bias(self) -> int:
        """``sum(2 ** (position(w + 1) - 1))`` over all windows but the last."""
        return sum(1 << (self.position(w + 1) - 1) for w in range(self.windows - 1))

    @property
    def windows_each(self) -> int:
        """Windows of a unit in one pass, at the most."""
        return -(-(self.at_once or self.windows) // self.units)

    @cached_property
    def sizes(self) -> list[int]:
        """Mailboxes of each level of a unit: buckets first, then groups of ``2 ** width``."""
        sizes, groups = [self.windows_each << (self.window - 1)], self.windows_each
        for width in halves(self.window):
            groups *= 2
            sizes.append(groups << width)
        return sizes

    @property
    def second_region(self) -> int:
        """Where the odd levels begin: past all even ones, which begin at 0."""
        return max(self.sizes[0::2])

    @property
    def mailboxes(self) -> int:
        """Mailboxes both regions take in a unit."""
        return self.second_region + max(self.sizes[1::2])

    def exponent(self, group: int, unit: int = 0, first: int = 0) -> int:
        """The power of two that the last level's `group` of `unit` counts for.

        A group's number is the unit's window, then one bit a level (0 for the low half, 1 for the
        high). `first` is the pass's first window.
        """
        widths = halves(self.window)
        exponent = 0
        for width in reversed(widths):
            exponent += (group & 1) * width
            group >>= 1
        return exponent + self.position(first + group * self.units + unit)


def best_plan(scalar_bits: int, points: int, mailboxes: int, units: int = 1, window: int = 0,
              at_once: int = 0, sending: float = 0.0) -> WindowPlan:
    """The plan with the fewest additions for `points` points in `mailboxes` mailboxes a unit.

    Counted are the digits of all scalars, each bucket's two ways to the next level, the slack of
    units with fewer windows than others, and the drain of every level of every pass. `window` and
    `at_once` force what they say; else all windows are computed at once where they fit, and as
    many as fit where they do not.

    `sending` is how many additions there is time for while a scalar travels to the device: every
    pass wants all scalars again, and takes as long as sending or adding, whichever is longer.
    """
    fitting = []
    for width in [window] if window else range(2, MAX_WINDOW + 1):
        every = WindowPlan(scalar_bits, width, units)
        for count in [at_once] if at_once else range(every.windows, 0, -1):
            plan = WindowPlan(scalar_bits, width, units, 0 if count == every.windows else count)
            if plan.mailboxes <= mailboxes:
                fitting.append(plan)
                break
    if not fitting:
        what = f"windows of {window} bits" if window else "any window"
        raise ValueError(f"{mailboxes} mailboxes are too few for {what} of {scalar_bits}-bit "
                         f"scalars; the smallest takes "
                         f"{WindowPlan(scalar_bits, window or 2, units, at_once or 1).mailboxes}")

    def buckets(plan: WindowPlan, windows: int) -> int:
        """Operands that streaming the buckets back makes."""
        first = windows * (plan.windows + plan.wide) << (plan.window - 2)
        sizes = [first // plan.windows, *(size * units for size in plan.sizes[1:])]
        filled = [min(size, points * windows << n) for n, size in enumerate(sizes)]
        return 2 * sum(filled[:-1])

    def additions(plan: WindowPlan) -> float:
        total = 0.0
        for _, count in plan.passes:
            each = -(-count // units) * units
            total += points * max(each, sending) + buckets(plan, each)
            total += DRAIN * units * len(plan.sizes)
        return total

    def worth_passes(plan: WindowPlan) -> bool:
        """Whether most of the work is still the digits': each pass wants all scalars again."""
        each = plan.at_once or plan.windows
        return buckets(plan, each) <= MOST_BUCKETS * points * each

    allowed = [plan for plan in fitting if not plan.at_once or worth_passes(plan)]
    return min(allowed or fitting, key=additions)
