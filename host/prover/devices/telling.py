"""How far a proof by one command is, also while one of its parts is under way."""

from collections.abc import Sequence

from proofmill.host.prover.devices.accelerator import CHUNK
from proofmill.host.prover.devices.device import Progress

MOST = 0.98
"""Of a part that is under way, at the most: it may take longer than was expected."""


class Telling:
    """Tells `progress` of parts that were done, and of one under way by the time it takes: a part
    is expected to take as many cycles a point as those before it, the first `rate`."""

    def __init__(self, progress: Progress | None, rate: float) -> None:
        self._progress, self._rate = progress, rate
        self._parts: list[int] = []
        self._done, self._total, self._cycles, self._looks = 0, 1, 0, 0

    def begin(self, parts: Sequence[int]) -> None:
        """They follow one another, of so many points each."""
        self._parts, self._done, self._total = list(parts), 0, sum(parts)
        self._looks = 0
        self._tell(0.0)

    def look(self) -> None:
        """`CHUNK` more cycles may have passed."""
        self._looks += 1
        part = self._parts[0] if self._parts else 0
        self._tell(min(MOST * part, self._looks * CHUNK / self._rate))

    def ended(self, cycles: int) -> None:
        """The part under way did, in so many cycles."""
        self._done += self._parts.pop(0)
        self._cycles += cycles
        self._rate, self._looks = max(1.0, self._cycles / max(1, self._done)), 0
        self._tell(0.0)

    def _tell(self, more: float) -> None:
        if self._progress is not None:
            self._progress(self._done + int(more), self._total)
