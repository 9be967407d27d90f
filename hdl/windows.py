"""How scalars are cut into windows, and where their buckets lie: arithmetic shared by all sides.

A scalar is written in signed digits, ``scalar = sum(d[w] << position(w))``, and bucket (w, j)
gathers the points whose digit w is j or -j. The first `wide` windows have `window` bits, the others
one bit less, so that there may be as many as the mailbox units can share evenly. Digits come
without carries: a constant, `WindowPlan.bias`, is added to the scalar, and what stands in its
window w is ``d[w] + 2 ** (width(w) - 1)`` in every window but the last, which holds d[w] itself. So
``-2 ** (width(w) - 1) <= d[w] < 2 ** (width(w) - 1)``, and any window can be read by itself.

Beside a point P its multiples ``2 ** (stride * i) * P`` may be stored. Then a scalar is cut into
slices of `stride` bits, one for each of these copies, all slices are cut into windows in the same
way, and the windows that have the same place in their slices share one set of buckets: window
w of the scalar is window ``w % windows`` of copy ``w // windows``. So there are fewer buckets, and
they may be wider ones. Without copies a slice is the whole scalar.

Digits may also be to any base b, odd ones too, so that there are no more buckets than the digits
need: ``scalar = sum(d[i] * b ** i)`` modulo the group's order, of either sign, in as few digits as
hold that many values; every digit has its own copy, ``b ** i * P``, and all share one set of
buckets. A digit is no piece of the scalar then. So a fraction is sent, `WindowPlan.sent`, which
gives the digits from the highest on by products with b: the copies lie in that order.

The buckets' weighted sum is a multi-scalar multiplication with the small scalars j, so they go
through the same mailboxes again with half the window, and again, until one bit is left. The two
regions of the mailboxes take turns as source and destination.

Several mailbox units share the windows: unit u has those whose number is u modulo the units. Where
the mailboxes are too few for all windows at once, the windows are computed in several passes.
"""

from dataclasses import dataclass
from functools import cached_property
from math import log2

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

BASE_BITS = MAX_WINDOW
"""Bits of the base of digits that are not cut out of a scalar."""

FRACTION_BITS = 256
"""Bits of the fraction that is sent then."""


def halves(window: int) -> list[int]:
    """Widths of the levels after the first: half of the one before, rounded up, down to 1."""
    widths = []
    while window > 1:
        window = (window + 1) // 2
        widths.append(window)
    return widths


def copies_of(bits: int, stride: int) -> int:
    """How many copies of a point there are for slices of `stride` bits, itself among them; 0: no
    slices."""
    return -(-bits // stride) if stride else 1


def stride_for(bits: int, copies: int) -> int:
    """The bits of a slice where there are so many copies, or fewer where these do as well; 0: no
    slices."""
    return -(-bits // copies) if copies > 1 else 0


@dataclass(frozen=True)
class WindowPlan:
    """The windows and mailboxes of one multi-scalar multiplication.

    Parameters
    ----------
    scalar_bits : bits of a scalar.
    window : bits of a digit, at the most.
    units : mailbox units that share the windows.
    at_once : windows of a slice computed in one pass; 0 for all of them.
    stride : bits of a slice, of which each has its own copy of every point; 0 for the whole scalar.
    batched : levels, from that of the buckets on, whose sums are made in batches of affine points.
    base, order : of the digits, if it is no power of two, and of the group that scalars count in;
        a digit has `window` bits, less than 2 ** window.
    """

    scalar_bits: int
    window: int
    units: int = 1
    at_once: int = 0
    stride: int = 0
    batched: int = 0
    base: int = 0
    order: int = 0

    def __post_init__(self) -> None:
        if not 2 <= self.window <= MAX_WINDOW:
            raise ValueError(f"a window has 2 to {MAX_WINDOW} bits, not {self.window}")
        if self.base:
            self._check_base()
        if self.stride:
            if not 2 <= self.stride <= self.bits:
                raise ValueError(f"a slice has 2 to {self.bits} bits, not {self.stride}")
            if self.windows * (self.window - 1) + self.wide != self.stride:
                raise ValueError(f"a slice of {self.stride} bits is not cut into windows of "
                                 f"{self.window} bits and of one bit less")
        if not 0 <= self.at_once <= self.windows:
            raise ValueError(f"there are {self.windows} windows of {self.window} bits, so not "
                             f"{self.at_once} at once")

    def _check_base(self) -> None:
        if self.base.bit_length() != self.window:
            raise ValueError(f"digits to the base {self.base} have {self.base.bit_length()} bits, "
                             f"not {self.window}")
        if self.base < 3 or self.order < 2:
            raise ValueError(f"there are no digits to the base {self.base} of numbers below "
                             f"{self.order}")
        if self.stride or self.at_once or self.units != 1:
            raise ValueError(f"digits to the base {self.base} have one window, of one unit, and no "
                             "slices")
        if self.values >> FRACTION_BITS:
            raise ValueError(f"{self.copies} digits to the base {self.base} are more than "
                             f"{FRACTION_BITS} bits")

    @property
    def bits(self) -> int:
        """What a scalar's digits hold: one bit more than it has, for the last carry."""
        return self.scalar_bits + 1

    @cached_property
    def cut(self) -> tuple[int, int]:
        """(windows, wide ones) of a slice: its bits in the fewest windows; or in as many more as
        the units can share evenly, if windows of one bit less would not do as well."""
        if self.base:
            return 1, 1
        bits = self.stride or self.bits
        fewest = -(-bits // self.window)
        if self.window > 2:
            for windows in (-(-fewest // self.units) * self.units, fewest):
                if (wide := bits - windows * (self.window - 1)) > 0:
                    return windows, wide
        return fewest, fewest

    @property
    def windows(self) -> int:
        """Windows of a slice, each with buckets of its own."""
        return self.cut[0]

    @property
    def wide(self) -> int:
        """Windows of `window` bits, which are a slice's first ones; the others have a bit less."""
        return self.cut[1]

    @cached_property
    def copies(self) -> int:
        """Slices of a scalar, or its digits to a base; so many multiples of every point are stored,
        itself among them."""
        if self.base:
            count, values = 1, self.base
            while values <= self.order:
                count, values = count + 1, values * self.base
            return count
        return copies_of(self.bits, self.stride)

    @cached_property
    def digits(self) -> int:
        """Digits of a scalar: the windows of all slices up to the last that has a bit."""
        last = (self.copies - 1) * self.windows
        return last + sum(self.position(last + n) < self.bits for n in range(self.windows))

    @property
    def last(self) -> int:
        """The last digit's window, within its slice."""
        return self.digits - 1 - (self.copies - 1) * self.windows

    def position(self, digit: int) -> int:
        """The lowest bit of digit number `digit`, within its copy if it is to a base."""
        if self.base:
            return 0
        copy, window = divmod(digit, self.windows)
        return copy * self.stride + window * (self.window - 1) + min(window, self.wide)

    def width(self, digit: int) -> int:
        """The bits of digit number `digit`."""
        return self.window - (digit % self.windows >= self.wide)

    @property
    def passes(self) -> list[tuple[int, int]]:
        """(first window of a slice, number of windows) of each pass."""
        step = self.at_once or self.windows
        return [(first, min(step, self.windows - first))
                for first in range(0, self.windows, step)]

    @cached_property
    def values(self) -> int:
        """How many numbers so many digits to a base tell apart."""
        return self.base ** self.copies

    @cached_property
    def bias(self) -> int:
        """``sum(2 ** (position(w + 1) - 1))`` over all digits but the last; to a base b,
        ``sum(b // 2 * b ** i)`` over all."""
        if self.base:
            return (self.base // 2) * ((self.values - 1) // (self.base - 1))
        return sum(1 << (self.position(w + 1) - 1) for w in range(self.digits - 1))

    def multiple(self, copy: int) -> int:
        """What copy number `copy` is a multiple of its point by."""
        return (self.base ** (self.copies - 1 - copy) if self.base
                else 1 << copy * self.stride)

    def reached(self, copy: int) -> int:
        """The scalars of so many bits, or of about as many to a base, need no copy number `copy`.
        """
        return (int((self.copies - 1 - copy) * log2(self.base)) if self.base
                else copy * self.stride)

    def balanced(self, scalar: int) -> int:
        """The number of either sign that digits to a base stand for: `scalar` modulo the order."""
        scalar %= self.order
        return scalar if scalar < self.values - self.bias else scalar - self.order

    def sent(self, scalar: int) -> int:
        """What is sent of a scalar: itself; or of a base, if it is not 0, a fraction of 2 ** 256,
        rounded up by less than what would be another digit in any place."""
        if not self.base or not scalar:
            return scalar
        return -(-(self.balanced(scalar) + self.bias << FRACTION_BITS) // self.values)

    @property
    def windows_each(self) -> int:
        """Windows of a unit in one pass, at the most."""
        return -(-(self.at_once or self.windows) // self.units)

    @cached_property
    def sizes(self) -> list[int]:
        """Mailboxes of each level of a unit: buckets first, then groups of ``2 ** width``."""
        buckets = self.base // 2 or self.windows_each << (self.window - 1)
        sizes, groups = [buckets], self.windows_each
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
