"""Messages that a peer whose clock is a little ahead has sent before their slot.

They are kept until this node's clock is there as well. What belongs to an early block is kept with
it, in the order in which it came.
"""

from proofmill.host.network.node.follower import BLOCK_UNKNOWN, EARLY
from proofmill.host.network.node.wire import Topic

MOST = 64
"""Messages kept of one peer; what comes after them is not."""


class EarlyMessages:
    """What is to be looked at again in the next slot."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Topic, bytes], str] = {}

    def notice(self, topic: Topic, data: bytes, peer: str, reason: str) -> None:
        """Keep an ignored message, if `reason` says that it was early or is part of what was."""
        belongs = topic in (Topic.COLUMNS, Topic.ENVELOPE) and reason == BLOCK_UNKNOWN \
            and bool(self._kept)
        if (reason == EARLY or belongs) and list(self._kept.values()).count(peer) < MOST:
            self._kept.setdefault((topic, data), peer)

    def release(self) -> list[tuple[Topic, bytes, str]]:
        """Everything kept, oldest first, with the peers that have sent it; nothing is left."""
        kept, self._kept = self._kept, {}
        return [(topic, data, peer) for (topic, data), peer in kept.items()]
