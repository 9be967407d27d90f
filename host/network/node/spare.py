"""Devices of a node between its block proofs: what else they do, and when they are left alone."""

from dataclasses import dataclass, field

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.pause import GrowingPause
from proofmill.host.network.node.patience import (
    FIRST_PAUSE_MS,
    LONGEST_PAUSE_MS,
    DeviceInTurn,
)


@dataclass
class Spare:
    """A device at other work than block proofs. `reason`: why it does none, `free_at_ms`: until
    when it is left alone for that; block proofs have their own trials."""

    turn: DeviceInTurn
    reason: str = ""
    free_at_ms: int = 0
    pause: GrowingPause = field(
        default_factory=lambda: GrowingPause(FIRST_PAUSE_MS, LONGEST_PAUSE_MS))

    @property
    def said(self) -> str:
        """Its name, and what is wrong with it."""
        reason = f"it is put aside: {self.turn.fault}" if self.turn.fault else self.reason
        return f"{self.turn.device.name}: {reason}"

    def able(self, now_ms: int) -> bool:
        """Whether it may be asked."""
        return not self.turn.fault and now_ms >= self.free_at_ms

    def failed(self, error: Exception, now_ms: int) -> None:
        """Leave it alone for a while, longer each time."""
        self.reason = str(error) if isinstance(error, ProofmillError) else repr(error)
        if not self.turn.fault:
            self.free_at_ms = now_ms + int(self.pause.take())

    def worked(self) -> None:
        """The next failure is its first."""
        self.reason = ""
        self.pause.reset()
