"""How scalars are cut into windows, and where their buckets lie: arithmetic shared by all sides.

A scalar is written in signed digits of `window` bits, ``scalar = sum(d[w] << (window * w))`` with
``|d[w]| <= 2 ** (window - 1)``, and bucket (w, j) gathers the points whose digit w is j or -j.
The buckets' weighted sum is a multi-scalar multiplication with the small scalars j, so they go
through the same mailboxes again with half the window, and again, until one bit is left. The two
regions of the mailboxes take turns as source and destination.
"""

from dataclasses import dataclass
from functools import cached_property

MAX_WINDOW = 16
"""The widest window the recoder's registers hold."""


def halves(window: int) -> list[int]:
    """Widths of the levels after the first: half of the one before, rounded up, down to 1."""
    widths = []
    while window > 1:
        window = (window + 1) // 2
        widths.append(window)
    return widths


@dataclass(frozen=True)
class WindowPlan:
    """The mailboxes of one multi-scalar multiplication, for scalars of `scalar_bits` bits."""

    scalar_bits: int
    window: int

    def __post_init__(self) -> None:
        if not 2 <= self.window <= MAX_WINDOW:
            raise ValueError(f"a window has 2 to {MAX_WINDOW} bits, not {self.window}")

    @property
    def windows(self) -> int:
        """Digits of a scalar; one bit more than its own for the last carry."""
        return -(-(self.scalar_bits + 1) // self.window)

    @cached_property
    def sizes(self) -> list[int]:
        """Mailboxes of each level: buckets first, then groups of ``2 ** width``."""
        sizes, groups = [self.windows << (self.window - 1)], self.windows
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
        """Mailboxes both regions take."""
        return self.second_region + max(self.sizes[1::2])

    def exponent(self, group: int) -> int:
        """The power of two that the last level's `group` counts for.

        A group's number is window, then one bit a level (0 for the low half, 1 for the high).
        """
        widths = halves(self.window)
        exponent = 0
        for width in reversed(widths):
            exponent += (group & 1) * width
            group >>= 1
        return exponent + group * self.window


def best_window(scalar_bits: int, points: int, mailboxes: int) -> int:
    """The window with the fewest additions for `points` points in that many mailboxes.

    Additions are counted as digits of all scalars, plus each bucket's two ways to the next level.
    """
    fitting = [plan for plan in (WindowPlan(scalar_bits, w) for w in range(2, MAX_WINDOW + 1))
               if plan.mailboxes <= mailboxes]
    if not fitting:
        raise ValueError(f"{mailboxes} mailboxes are too few for any window of {scalar_bits}-bit "
                         f"scalars; the smallest takes {WindowPlan(scalar_bits, 2).mailboxes}")

    def additions(plan: WindowPlan) -> int:
        filled = [min(size, points * plan.windows << n) for n, size in enumerate(plan.sizes)]
        return points * plan.windows + 2 * sum(filled[:-1])

    return min(fitting, key=additions).window
