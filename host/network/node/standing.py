"""How peers have behaved: what the protocol forbids counts against them, and fades with time.

A peer is put out when its score reaches `OUT`, and let in again when it has fallen below `IN`. The
score halves every `HALF_LIFE_SECONDS` and has a ceiling, so nobody is out for good: a peer with a
fault of its own can mend it, and one that goes on is out again after fewer faults.
"""

import time
from collections.abc import Callable, Mapping

OUT, IN, CEILING = 100.0, 50.0, 400.0
HALF_LIFE_SECONDS = 60.0

MALFORMED = 50.0
"""Bytes that are no message: the stream cannot be read on either."""
REJECTED = 40.0
"""A message that is invalid by itself: an honest peer checks what it passes on."""
TOO_MUCH = 50.0
"""More than the limits allow."""
SILENT = 50.0
"""No answer to what an honest peer answers."""


class Standing:
    """The scores of peers, by name."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock`: seconds."""
        self._clock = clock
        self._scores: dict[str, tuple[float, float]] = {}
        self._out: dict[str, str] = {}
        self.faults: dict[str, str] = {}
        """What each peer has done first that the protocol forbids."""

    @property
    def put_out(self) -> Mapping[str, str]:
        """Peers that have been put out, even if they are in again, and for what."""
        return self._out

    def score(self, peer: str) -> float:
        """What stands against a peer now; 0 for nothing."""
        score, since = self._scores.get(peer, (0.0, 0.0))
        return float(score * 0.5 ** ((self._clock() - since) / HALF_LIFE_SECONDS))

    def fault(self, peer: str, points: float, reason: str) -> bool:
        """Count a fault; whether the peer is to be put out."""
        score = min(CEILING, self.score(peer) + points)
        self._scores[peer] = score, self._clock()
        self.faults.setdefault(peer, reason)
        if score < OUT:
            return False
        self._out.setdefault(peer, reason)
        return True

    def may_enter(self, peer: str) -> bool:
        """Whether a peer is let in: always, until it has been put out."""
        return peer not in self._out or self.score(peer) < IN
