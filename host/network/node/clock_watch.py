"""Whether this node's clock goes with the others': by when their blocks come.

A block is sent at the start of its slot. When one comes, this clock says how long ago that was: the
message's way, some hundred milliseconds at most, and how far this clock is ahead. The median over
the latest blocks of different proposers is not moved by a minority that sends early or late.
"""

import logging
from collections import OrderedDict
from statistics import median

log = logging.getLogger(__name__)

WATCHED = 9
"""Proposers whose latest block counts."""
FEWEST = 3
"""With fewer of them nothing is said."""
TOLERATED_MS = 400
"""What is taken for the message's way."""


class ClockWatch:
    """The offset of this clock to the proposers' who have been heard."""

    def __init__(self) -> None:
        self._late_ms: OrderedDict[int, int] = OrderedDict()
        self._said = ""

    def heard(self, proposer: int, late_ms: int) -> None:
        """A block that its proposer has signed came `late_ms` after its slot began by this clock,
        below 0 before it; says so where the clock is off."""
        self._late_ms.pop(proposer, None)
        self._late_ms[proposer] = late_ms
        if len(self._late_ms) > WATCHED:
            self._late_ms.popitem(last=False)
        sentence = self.sentence
        if sentence != self._said:
            self._said = sentence
            if sentence:
                log.warning("%s", sentence)
            else:
                log.info("this clock goes with the others' again")

    @property
    def offset_ms(self) -> int:
        """How far this clock is ahead of the others', below 0 behind; 0 where it is not known."""
        return round(median(self._late_ms.values())) if len(self._late_ms) >= FEWEST else 0

    @property
    def sentence(self) -> str:
        """What is to be said, empty for nothing."""
        offset = self.offset_ms
        if abs(offset) <= TOLERATED_MS:
            return ""
        return (f"this clock is {abs(offset) / 1000:.1f} s {'ahead of' if offset > 0 else 'behind'}"
                " those of the other nodes; set it by a time server")
