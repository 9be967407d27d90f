"""Several nodes of a service in one process, by one clock that waits until they have done all."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from proofmill.host.bench.soak import GENESIS, SLOT_MS
from proofmill.host.network.operator.prepared import Prepared
from proofmill.host.network.operator.running import RunningNode


@dataclass
class SharedTime:
    """A step is due when every node waits for one, has handled what was sent to it, and proves
    nothing. It ends after `slots`, or when `enough` says so."""

    slots: int
    enough: Callable[[Sequence[RunningNode]], bool] = lambda nodes: False
    begun: int = 0
    nodes: list[RunningNode] = field(default_factory=list)
    waiting: dict[int, float] = field(default_factory=dict)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.seconds = GENESIS + self.begun * SLOT_MS / 1000 - 1.0

    def run(self, ready: Sequence[Prepared],
            on_step: Callable[[RunningNode], None] = lambda node: None) -> list[RunningNode]:
        """Run the nodes from here to the end."""
        self.nodes = [RunningNode(each, on_step=on_step, time_of=_Own(self, number))
                      for number, each in enumerate(ready)]

        async def both() -> None:
            async with asyncio.TaskGroup() as tasks:
                for each in self.nodes:
                    tasks.create_task(each.run())

        asyncio.run(both())
        return self.nodes

    @property
    def quiet(self) -> bool:
        """Whether nobody has anything to do before the next step."""
        nodes = [each.node for each in self.nodes]
        if len(self.waiting) < len(nodes):
            return False
        traffic = {node.setup.name: node.traffic() for node in nodes if node is not None}
        return all(
            not own.proving and len(own.peers) == len(nodes) - 1 and all(
                sent == traffic[peer].peers[name][1] for peer, (sent, _) in own.peers.items()
                if name in traffic[peer].peers)
            for name, own in traffic.items())


@dataclass
class _Own:
    """A `Timekeeper` of one of them."""

    shared: SharedTime
    number: int

    def now(self) -> float:
        return self.shared.seconds

    async def until(self, due: float, stop: asyncio.Event) -> bool:
        shared = self.shared
        shared.waiting[self.number] = due
        looked = 0
        while not stop.is_set() and shared.seconds < due:
            looked = looked + 1 if shared.quiet else 0
            # Twice: a message that was handled may have had another one sent.
            if looked > 1 and due == min(shared.waiting.values()):
                if due >= GENESIS + shared.slots * SLOT_MS / 1000 or shared.enough(shared.nodes):
                    stop.set()
                    break
                shared.seconds = due
                break
            await asyncio.sleep(0.002)
        ended = stop.is_set()
        if not ended:
            del shared.waiting[self.number]
        return not ended
