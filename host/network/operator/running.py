"""A node by the wall clock: what moves `host.network.node.node.Node` where no devnet does.

The node is the same as a devnet's; its clock is this machine's, its peers are called by name, and
SIGINT and SIGTERM end it after the step it is in, with every file given back. SIGHUP has it read
its settings again, unless it comes of a terminal that is closed: that ends it, too.
"""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Protocol

from proofmill.host.ground.errors import ProofmillError, StorageError, way_out
from proofmill.host.network.node.follower import SLOT_MS
from proofmill.host.network.node.happenings import Value
from proofmill.host.network.node.node import STEPS_MS, Node
from proofmill.host.network.operator.bounded import Listeners
from proofmill.host.network.operator.conditions import Condition
from proofmill.host.network.operator.dialer import Dialer
from proofmill.host.network.operator.interfaces import interfaces
from proofmill.host.network.operator.prepared import Prepared
from proofmill.host.network.operator.reload import Reloaded
from proofmill.host.network.operator.supervisor import Supervisor
from proofmill.host.network.operator.watch import Watch

log = logging.getLogger(__name__)

LONGEST_WAIT_SECONDS = 5.0
"""The clock is looked at again after so long: it may have been set."""


class Timekeeper(Protocol):
    """What a node has for time."""

    def now(self) -> float:
        """Unix time, in seconds."""
        ...

    async def until(self, due: float, stop: asyncio.Event) -> bool:
        """Wait for a time, `stop`, or a while; whether the time is there."""
        ...


class WallTime:
    """This machine's clock."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        """`now`: Unix time."""
        self.now = now

    async def until(self, due: float, stop: asyncio.Event) -> bool:
        """As `Timekeeper.until`."""
        wait = due - self.now()
        if wait <= 0:
            return True
        try:
            async with asyncio.timeout(min(wait, LONGEST_WAIT_SECONDS)):
                await stop.wait()
            return False
        except TimeoutError:
            return self.now() >= due


@dataclass
class Pace:
    """How the node keeps up with the clock."""

    late_seconds: float = 0.0
    """How late the last step began."""


class RunningNode:
    """A node from its start to its end. `watch`, `pace`, `node`, `dialer` tell how it goes."""

    def __init__(
        self, prepared: Prepared, on_ready: Callable[["RunningNode", int], None] | None = None,
        on_step: Callable[["RunningNode"], None] | None = None,
        on_condition: Callable[[Condition], None] | None = None,
        supervisor: Supervisor | None = None,
        time_of: Timekeeper | None = None,
        reread: Callable[[Prepared], Reloaded] | None = None,
        on_reload: Callable[[str], None] | None = None,
    ) -> None:
        """`on_ready` hears of the port for peers, when the node has taken in what it had kept and
        listens; `on_step` of every step of the clock; `on_condition` of another gravest state.
        `supervisor` is told of its start, life and end. `time_of`: the machine's by default.
        `reread`: reads the settings again; `on_reload` hears what came of it, a sentence."""
        self.prepared = prepared
        self.pace = Pace()
        self.node: Node | None = None
        self.dialer: Dialer | None = None
        self.watch: Watch | None = None
        self.ports: dict[str, int] = {}
        """Where the interfaces for operators listen, by the table of their settings."""
        self._time = time_of or WallTime()
        self._reread = reread
        self._on_reload = on_reload or (lambda sentence: None)
        self._terminal = os.isatty(0)
        self._listeners: Listeners | None = None
        self._on_ready = on_ready or (lambda node, port: None)
        self._on_step = on_step or (lambda node: None)
        self._supervisor = supervisor or Supervisor({})
        self._tell_condition = on_condition or (lambda condition: None)

    async def run(self) -> None:
        """Until a signal comes. What ends it otherwise is raised: `ProofmillError` where a user can
        mend it, such as a full disk."""
        loop = asyncio.get_running_loop()
        stop, troubles = asyncio.Event(), asyncio.Queue[BaseException]()
        setup = self.prepared.setup
        try:
            setup.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ProofmillError(f"node.folder {setup.folder}: cannot be made: {error.strerror}; "
                                 f"{way_out(error)}") from error
        if setup.log_to is not None:
            setup.log_to(setup.folder / "node.log", setup.name)

        def trouble(error: BaseException) -> None:
            troubles.put_nowait(error)
            stop.set()

        before = {number: signal.getsignal(number) for number in _own_signals()}
        with ExitStack() as listening, Watch(
                self.prepared, self._on_condition, self._time.now) as watch:
            self.watch = watch
            listening.callback(self._listen_no_more)
            self._listen_to_operators()
            self._hear_workers(loop, watch)
            node = self.node = Node(setup, trouble, self._chain_ms, watch.tell)
            self.dialer = Dialer(node.gossip, self.prepared.peers)
            reason = ""
            try:
                self.prepared.chain.require(node.follower)
                blocks = self._resume(node)
                port = await self._listen(node)
                await node.service.start()
                # From here on a signal waits for the end of the step.
                for number in before:
                    if number == signal.SIGHUP:
                        loop.add_signal_handler(number, self._hang_up, stop)
                    else:
                        loop.add_signal_handler(number, stop.set)
                self.dialer.start()
                log.info("%s runs: %d kept blocks checked, port %d", setup.name, blocks, port)
                watch.tell("start", max(0, self.slot), {"blocks": blocks, "port": port})
                watch.step(self)
                self._on_ready(self, port)
                self._supervisor.ready(f"slot {self.slot}")
                await self._keep_time(node, watch, stop)
                if not troubles.empty():
                    raise troubles.get_nowait()
                node.rest()
            except Exception as error:
                reason = str(error) or type(error).__name__
                log.error("%s ends: %s", setup.name, error, exc_info=error)
                raise
            finally:
                self._supervisor.stopping()
                await self.dialer.close()
                await node.close()
                with suppress(StorageError):  # what ended it may be the disk
                    watch.tell("end", max(0, self.slot), {"reason": reason})
                log.info("stopped")
                for number, handler in before.items():
                    loop.remove_signal_handler(number)
                    signal.signal(number, handler)

    @property
    def chain_ms(self) -> int:
        """Chain time by this machine's clock, below 0 before genesis."""
        return self.prepared.chain.clock.chain_ms(self._time.now())

    @property
    def slot(self) -> int:
        """The slot by this machine's clock, below 0 before genesis."""
        return self.chain_ms // SLOT_MS

    def _on_condition(self, condition: Condition) -> None:
        self._supervisor.status(f"{condition.name}: {condition.reason}")
        self._tell_condition(condition)

    def _listen_to_operators(self) -> None:
        watch = self.watch
        assert watch is not None
        self._listeners = Listeners(interfaces(
            self.prepared, lambda: watch.latest, lambda: watch.chain))
        self.ports = self._listeners.ports

    def _listen_no_more(self) -> None:
        if self._listeners is not None:
            self._listeners.close()
        self._listeners, self.ports = None, {}

    def _hang_up(self, stop: asyncio.Event) -> None:
        """SIGHUP: the terminal has gone, or the settings are to be read again."""
        if self._reread is None or (self._terminal and not os.isatty(0)):
            stop.set()
            return
        assert self.node is not None and self.watch is not None and self.dialer is not None
        self._supervisor.reloading()
        before, stays = self.prepared, ""
        try:
            made = self._reread(before)
            self._take_over(made.prepared)
            said, taken, stays = made.sentence, ", ".join(made.taken), ", ".join(made.stays)
        except ProofmillError as error:
            said = f"the settings are not taken over, all stays as it was: {error}"
            taken = str(error)
            if self.prepared is not before:
                self._take_over(before)
        log.info("%s", said)
        self._on_reload(said)
        self.watch.tell("reload", max(0, self.slot), {"taken": taken, "stays": stays})
        self._supervisor.ready(f"slot {self.slot}")

    def _take_over(self, prepared: Prepared) -> None:
        """Go on with other settings; ProofmillError where one cannot be listened on."""
        before, self.prepared = self.prepared, prepared
        assert self.node is not None and self.dialer is not None
        self.node.sign_transfers(prepared.setup.sign_transfers)
        self.dialer.call(prepared.peers)
        tables = [(each.settings.metrics, each.settings.miner, each.settings.api, each.tokens,
                   each.tls)
                  for each in (before, prepared)]
        if tables[0] != tables[1] or self._listeners is None:
            self._listen_no_more()
            self._listen_to_operators()

    def _hear_workers(self, loop: asyncio.AbstractEventLoop, watch: Watch) -> None:
        """What happens to workers, which is told on a thread of their own, into the event log."""
        def told(worker: str, state: str, reason: str) -> None:
            fields: dict[str, Value] = {"worker": worker, "state": state, "reason": reason}
            with suppress(RuntimeError):  # the node has ended
                loop.call_soon_threadsafe(watch.tell, "worker", max(0, self.slot), fields)

        self.prepared.workers.tell = told

    def _chain_ms(self) -> int:
        return max(0, self.chain_ms)

    def _resume(self, node: Node) -> int:
        return node.resume(*divmod(self._chain_ms(), SLOT_MS))

    async def _listen(self, node: Node) -> int:
        network = self.prepared.settings.network
        try:
            return await node.gossip.start(network.host, network.port)
        except OSError as error:
            raise ProofmillError(
                f"network.host {network.host}, network.port {network.port}: cannot be listened on: "
                f"{error.strerror or error}; end what listens there, or set another port"
                ) from error

    async def _keep_time(self, node: Node, watch: Watch, stop: asyncio.Event) -> None:
        """Do every step of every slot when it is due; those of a slot that is over are left out."""
        slot, number = divmod(self._chain_ms(), SLOT_MS)[0], 0
        if self.chain_ms >= 0:
            # The steps of this slot that were due before the node was there are not its own.
            number = sum(step <= self.chain_ms % SLOT_MS for step in STEPS_MS)
        while not stop.is_set():
            self._supervisor.alive()
            if number == len(STEPS_MS):
                slot, number = slot + 1, 0
            current = self.chain_ms // SLOT_MS
            if current > slot:
                skipped = (current - slot) * len(STEPS_MS) - number
                watch.tell("skipped", slot, {
                    "steps": skipped, "late_seconds": round(self.pace.late_seconds, 3)})
                log.warning("the clock has moved on to slot %d: %d steps are left out; the last "
                            "one began %.1f s late", current, skipped, self.pace.late_seconds,
                            extra={"slot": slot})
                slot, number = current, 0
            due = self.prepared.chain.clock.unix_seconds(slot * SLOT_MS + STEPS_MS[number])
            if await self._time.until(due, stop):
                self.pace.late_seconds = self._time.now() - due
                node.tick(slot, STEPS_MS[number])
                watch.step(self)
                self._on_step(self)
                number += 1
                # What peers have sent meanwhile comes before a step that is late as well.
                await asyncio.sleep(0.001)
            elif not stop.is_set():
                watch.step(self)  # before genesis, and in a long slot


def _own_signals() -> list[signal.Signals]:
    """Signals that end the node or have it read its settings; SIGHUP not where it is ignored, as
    by nohup."""
    hang_up = [] if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else [signal.SIGHUP]
    return [signal.SIGINT, signal.SIGTERM, *hang_up]
