"""What is done to a devnet's nodes while it runs."""

from dataclasses import dataclass

DRIFT_ALLOWED_MS = 500
"""How far clocks may be apart without any harm: MAXIMUM_GOSSIP_CLOCK_DISPARITY of the
specification."""
FOR_GOOD = ("drift", "withhold", "forge")
AWAY = ("kill", "cut", "late")
DEVICE = ("fail-device", "hang-device")


@dataclass(frozen=True)
class Disturbance:
    """Something done to `node`, or to all of them if that is None: after slot `start` until after
    slot `end`. `kind`: one of `FOR_GOOD`, `AWAY` and `DEVICE`, or ``split``."""

    kind: str
    node: str | None
    start: int
    end: int

    @property
    def paid_for(self) -> range:
        """The slots of whose duties a prover may miss because of it.

        A committee's duty lasts four slots, so it may begin before: where others have failed, it is
        done last, and what was proven before a split may be lost with a half. A device that has
        failed for n slots is left alone for n slots more, and a little longer for the first of its
        pauses.
        """
        first, last = self.start - 4, self.end + 1
        if self.kind in DEVICE:
            last = self.end + (self.end - self.start) + 2
        elif self.kind == "late":
            first = 0
        return range(first, last + 1)
