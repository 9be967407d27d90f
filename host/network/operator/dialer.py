"""Calls peers until they are there, and again when they have gone."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from proofmill.host.ground.pause import GrowingPause
from proofmill.host.network.node.gossip import Gossip

log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 30.0
LOOK_SECONDS = 0.5
"""How often it is looked at whether a peer is still there."""
LET_SECONDS = 5.0
"""How long a peer that calls as well is let call first. Were both to call at once, each would have
two connections and might end the other's one."""


@dataclass(frozen=True)
class PeerAddress:
    """Where a peer listens. `first`: it is not waited for, this node calls at once."""

    name: str
    host: str
    port: int
    first: bool


class Dialer:
    """One task for each peer with an address."""

    def __init__(self, gossip: Gossip, peers: Sequence[PeerAddress]) -> None:
        self._gossip = gossip
        self._peers = tuple(peers)
        self._tasks: list[asyncio.Task[None]] = []
        self.unreachable: dict[str, str] = {}
        """Peers that do not answer, and why."""

    def start(self) -> None:
        """Begin to call."""
        self._tasks = [asyncio.get_running_loop().create_task(self._keep(peer))
                       for peer in self._peers]

    def call(self, peers: Sequence[PeerAddress]) -> None:
        """From now on call these; connections that are there stay."""
        if tuple(peers) == self._peers:
            return
        for task in self._tasks:
            task.cancel()
        self._peers = tuple(peers)
        self.unreachable.clear()
        self.start()

    async def close(self) -> None:
        """Call nobody any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _keep(self, peer: PeerAddress) -> None:
        pause = GrowingPause(FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
        loop = asyncio.get_running_loop()
        since = loop.time()
        while True:
            if peer.name in self._gossip.peers:
                self.unreachable.pop(peer.name, None)
                pause.reset()
                since = loop.time()
                await asyncio.sleep(LOOK_SECONDS)
                continue
            if not peer.first and loop.time() - since < LET_SECONDS:
                await asyncio.sleep(LOOK_SECONDS)
                continue
            try:
                await self._gossip.connect(peer.port, peer.host)
                reason = "it has ended the connection"
            except OSError as error:
                reason = error.strerror or str(error) or type(error).__name__
            # Whether the other side keeps it shows only after a moment.
            await asyncio.sleep(LOOK_SECONDS)
            if peer.name not in self._gossip.peers:
                if self.unreachable.get(peer.name) != reason:
                    log.info("does not answer at %s:%d: %s", peer.host, peer.port, reason,
                             extra={"peer": peer.name})
                self.unreachable[peer.name] = reason
                await asyncio.sleep(pause.take())
