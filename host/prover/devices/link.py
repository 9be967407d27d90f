"""How words get to an accelerator and back."""

from typing import Protocol

from proofmill.host.prover.curve.limbs import Limbs


class Link(Protocol):
    """Moves 64-bit words: to a board, or to its simulation; the driver cannot tell which."""

    @property
    def scalar_seconds(self) -> float:
        """How long the line takes for a scalar's four words; 0 where there is no line."""
        ...

    def exchange(self, words: Limbs, room: int, cycles: int) -> tuple[int, Limbs]:
        """Offer `words` and take up to `room` answers, for about `cycles` cycles of the device.

        Returns how many of the words have gone in, and the answers. Comes back earlier when all
        words have gone in and `room` answers have come.
        """
        ...

    def reset(self) -> None:
        """Bring the device back to where it waits for a command, whatever it was doing."""
        ...

    def close(self) -> None:
        """Give the link back."""
        ...
