"""A node's workers as its settings say: the server they come to, the device they are together."""

from __future__ import annotations  # of the queue's client, which not every installation has

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from proofmill.host.network.node.identity import Identity
from proofmill.host.network.operator.settings import Settings, is_loopback

if TYPE_CHECKING:
    from proofmill.host.network.workers.device import WorkersDevice
    from proofmill.host.network.workers.farm import Farm

FOLDER = "workers"
"""Of the server, in the node's folder."""
WorkerTold = Callable[[str, str, str], None]


class Workers:
    """Where they are, once `open` has been called."""

    def __init__(self, settings: Settings, base: Path, identity: Identity, program: str) -> None:
        """`base`: what paths in the settings are relative to; `program`: this release."""
        self.farm: Farm | None = None
        self.tell: WorkerTold = lambda worker, state, reason: None
        """Hears of workers that come, go, fail or are put aside."""
        self._settings, self._base = settings, base
        self._identity, self._program = identity, program

    def examine(self, folder: Path) -> str:
        """What is there to come to, in a sentence; ProofmillError as of `open`."""
        from proofmill.host.network.workers.access import read_access
        from proofmill.host.network.workers.server import server_program

        told = self._settings.workers
        if told.access:
            access = read_access(self._base / told.access)
            return f"they come to {access.url}, whose answers are not tried here"
        return (f"the node starts {server_program()} for {', '.join(told.names)}; their access "
                f"files are in {folder / FOLDER} from its first start on")

    def open(self, folder: Path) -> list[WorkersDevice]:
        """The device, for whole proofs one for each worker. ProofmillError where the server cannot
        be begun or reached, and where the extra that it needs is not installed."""
        from proofmill.host.network.workers.access import Access, read_access
        from proofmill.host.network.workers.book import BOOK
        from proofmill.host.network.workers.device import ProvingWorkers, WorkersDevice
        from proofmill.host.network.workers.farm import Farm
        from proofmill.host.network.workers.server import Server
        from proofmill.host.network.workers.wire import queue_name

        told = self._settings.workers
        if told.access:
            server: Server | Access = read_access(self._base / told.access)
        else:
            hidden = is_loopback(told.host)
            server = Server(
                folder / FOLDER, queue_name(self._settings.node.name), told.names, host=told.host,
                port=told.port, certificate="" if hidden else self._identity.certificate,
                key="" if hidden else self._identity.key, store_megabytes=told.store_megabytes)
        self.farm = Farm(folder / BOOK, server, told.lease_seconds, self._program,
                         tell=lambda *event: self.tell(*event))
        if told.work == "sums":
            return [WorkersDevice(self.farm, told.points)]
        # Each has one proof at a time.
        return [ProvingWorkers(self.farm, told.points) for _ in told.names]
