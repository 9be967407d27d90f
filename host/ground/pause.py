"""A pause that grows with every failure in a row."""


class GrowingPause:
    """``first``, then twice as long each time, up to ``longest``; in any unit of time."""

    def __init__(self, first: float, longest: float) -> None:
        self._first, self._longest = first, longest
        self._next = first

    def take(self) -> float:
        """The pause after a failure; the next one is longer."""
        pause, self._next = self._next, min(2 * self._next, self._longest)
        return pause

    def reset(self) -> None:
        """Something worked: the next failure is the first."""
        self._next = self._first
