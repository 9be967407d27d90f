"""Simulated accelerators as behind a board's line: the words that would go over it, and for how
long. The board has the same accelerator; its clock and its memory are what copies of points, plans
of sums and what goes over the line are chosen by."""

from dataclasses import dataclass

from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.devices.lanes import LanesDevice
from proofmill.host.prover.devices.link import Link
from proofmill.host.prover.devices.serial import scalar_seconds, word_seconds


@dataclass(frozen=True)
class Line:
    """A board's line in bits a second, its clock, and its memory in words."""

    baud: int
    clock_hz: int
    memory_words: int

    def seconds(self, sent: int, received: int) -> float:
        """How long it is busy with so many words to the board, and back at the same time."""
        return max(sent, received) * word_seconds(self.baud)


class Lined:
    """A `Link` that says how long a line takes for a scalar."""

    def __init__(self, link: Link, baud: int) -> None:
        self._link, self.scalar_seconds = link, scalar_seconds(baud)

    def exchange(self, words: Limbs, room: int, cycles: int) -> tuple[int, Limbs]:
        """See `Link.exchange`."""
        return self._link.exchange(words, room, cycles)

    def reset(self) -> None:
        """See `Link.reset`."""
        self._link.reset()

    def close(self) -> None:
        """See `Link.close`."""
        self._link.close()


def put_behind(device: LanesDevice, line: Line) -> None:
    """Have the accelerator of a simulated `device` of one lane be behind a board's line, before
    anything is loaded."""
    accelerator, = device.accelerators
    accelerator.link = Lined(accelerator.link, line.baud)
    accelerator.take_for(line.memory_words, line.clock_hz)
