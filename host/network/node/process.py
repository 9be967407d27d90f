"""The process of a node, full or light: it obeys the clock in its parent's pipe.

What goes wrong in here the parent is told, and nobody else: a node's peers see a connection that
ends.
"""

import asyncio
import logging
import signal
import sys
import traceback
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Protocol

from proofmill.host.ground.errors import ProofmillError, StorageError
from proofmill.host.ground.log_fields import LogTo
from proofmill.host.ground.parent import end_with_parent
from proofmill.host.network.mechanism.invariants import BrokenInvariant
from proofmill.host.network.node.gossip import Gossip
from proofmill.host.network.node.layer2 import BlockFacts
from proofmill.host.prover.circuits.finality.vote import Checkpoint

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Traffic:
    """Messages (sent to, handled from) each connected peer; `proving`: whether a device works."""

    peers: Mapping[str, tuple[int, int]]
    proving: bool


@dataclass(frozen=True)
class NodeFailure:
    """The last a node says when an error ends it: the sentence, and where it happened.

    `branch` and `final_slot`: as in `NodeReport`, so that the run can be looked into. `broken`: an
    invariant did not hold.
    """

    reason: str
    trace: str
    branch: tuple[BlockFacts, ...] = ()
    final_slot: int = 0
    broken: bool = False


@dataclass(frozen=True)
class Trusted:
    """What a light node may begin with: a checkpoint that is final, the commitment to its state's
    `registry`, and, if it is to follow the ledger, a root of this and the hash of the block after
    which the ledger has it."""

    checkpoint: Checkpoint
    registry: int
    ledger: tuple[int, bytes] | None = None


class Served(Protocol):
    """What the clock can move: a node, or a light node (`light_peer`)."""

    gossip: Gossip

    async def start(self) -> int:
        """Listen, and return the port for peers."""
        ...

    def tick(self, slot: int, milliseconds: int) -> None:
        """Move the clock, and do what is due."""
        ...

    def resume(self, slot: int, milliseconds: int) -> int:
        """Go on after a former life; how much of it was kept."""
        ...

    def traffic(self) -> Traffic:
        """What the clock waits for."""
        ...

    def report(self) -> object:
        """How it went."""
        ...

    def last_words(self) -> tuple[tuple[BlockFacts, ...], int]:
        """`branch` and `final_slot` of a `NodeFailure`, as far as they can be had."""
        ...

    def ask(self, accounts: Collection[int], payloads: Collection[bytes]) -> None:
        """What the user of a light node wants to know (`LightPeer.ask`)."""
        ...

    def trusted(self) -> Trusted:
        """What is final here: a light node may begin with it."""
        ...

    async def close(self) -> None:
        """End connections and give back files."""
        ...


class Setup(Protocol):
    """All that is told to what the clock can move, at its start."""

    @property
    def name(self) -> str:
        """Of the node."""
        ...

    @property
    def folder(self) -> Path:
        """For what it writes."""
        ...

    @property
    def log_to(self) -> LogTo | None:
        """As of `NodeSetup`."""
        ...

    @property
    def says(self) -> str:
        """What it begins as, for the log."""
        ...

    def open(self, on_trouble: Callable[[BaseException], None]) -> Served:
        """The node, not yet listening."""
        ...


def belong_to_parent() -> None:
    """Leave Ctrl-C to the parent, and do not outlive it.

    On Linux the kernel sees to the latter, in the middle of a computation too; elsewhere, the end
    of the pipe to the parent has to be noticed.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent(signal.SIGKILL)


def run_node(setup: Setup, control: Connection) -> None:
    """The node's process: obeys the clock in `control` until it is told to stop or the pipe ends.

    If the parent dies, so does the node. What goes wrong in here the parent is told, and nobody
    else.
    """
    belong_to_parent()
    sys.exit(asyncio.run(serve(setup, control)))


async def serve(setup: Setup, control: Connection) -> int:
    """`run_node` inside of a loop; the exit status.

    0 after "stop" or where the parent is gone. Where the node cannot go on, the parent is told, by
    a `NodeFailure` in `control`, and nobody else: 2 for what a user can mend, such as a full disk,
    1 for a mistake of this program. Its peers see a connection that ends.
    """
    try:
        status = await _work(setup, control)
    except Exception as error:    # whatever it is, it must not be a traceback on the user's screen
        with suppress(OSError):
            control.send(failure_of(error))
        status = _status(setup, error)
    if status == 0:
        log.info("stopped")
    return status


def _status(setup: Setup, error: Exception) -> int:
    log.error("%s ends: %s", setup.name, error, exc_info=error)
    return 2 if isinstance(error, ProofmillError) else 1


async def _work(setup: Setup, control: Connection) -> int:
    if setup.log_to is not None:
        try:
            setup.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"{setup.folder}: cannot be made: {error.strerror}; choose another "
                               "folder") from error
        setup.log_to(setup.folder / "node.log", setup.name)
    log.info("%s begins: %s", setup.name, setup.says)
    commands: asyncio.Queue[tuple[object, ...]] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def receive() -> None:
        try:
            commands.put_nowait(control.recv())
        except (EOFError, OSError):
            loop.remove_reader(control.fileno())
            commands.put_nowait(("stop",))

    node = setup.open(lambda error: commands.put_nowait(("trouble", error)))
    try:
        port = await node.start()
        loop.add_reader(control.fileno(), receive)
        control.send(("port", port))
        while (command := await commands.get())[0] != "stop":
            try:
                answer = await _obey(node, command)
            except Exception as error:  # said with the chain so far, and that is the end
                control.send(failure_of(error, node))
                return _status(setup, error)
            control.send(answer)
    except BrokenPipeError:
        pass  # the parent is gone
    finally:
        loop.remove_reader(control.fileno())
        await node.close()
    return 0


def failure_of(error: Exception, node: Served | None = None) -> NodeFailure:
    """An error as the parent is told it."""
    reason = str(error) or type(error).__name__
    if not isinstance(error, ProofmillError | BrokenInvariant):
        reason = f"{type(error).__name__}: {reason}"
    branch, final_slot = ((), 0) if node is None else node.last_words()
    return NodeFailure(reason, "".join(traceback.format_exception(error)), branch, final_slot,
                       isinstance(error, BrokenInvariant))


async def _obey(node: Served, command: tuple[object, ...]) -> object:
    match command:
        case ("trouble", BaseException() as error):
            raise error
        case ("connect", int(port)):
            try:
                await node.gossip.connect(port)
            except OSError as error:
                return str(error)
            return ""
        case ("tick", int(slot), int(milliseconds)):
            node.tick(slot, milliseconds)
            return slot, milliseconds
        case ("counts",):
            return node.traffic()
        case ("resume", int(slot), int(milliseconds)):
            return node.resume(slot, milliseconds)
        case ("cut", tuple(peers)):
            node.gossip.cut(peers)
            return None
        case ("report",):
            return node.report()
        case ("trusted",):
            return node.trusted()
        case ("ask", tuple(accounts), tuple(payloads)):
            node.ask(accounts, payloads)
            return None
    raise ValueError(f"no such command: {command!r}")
