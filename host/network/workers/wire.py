"""What a node and its workers say to each other: streams, subjects and messages.

===================== ================================== =========================================
stream                subjects                           what
===================== ================================== =========================================
``NAME-tasks``        ``NAME.task.ID``                   a task, until a worker acknowledges it
``NAME-answers``      ``NAME.answer.WORKER.ID``          a worker's answer, until the node has it
``NAME-blobs``        ``NAME.blob.SHA256.PIECE``         points, keys, long inputs, by their hash
(none)                ``NAME.alive.WORKER``              a worker's sign of life
===================== ================================== =========================================

Messages are MessagePack. A subject of a stream of tasks holds one message at most, so that a task
that is handed in again while it waits is refused by the server.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal

import msgspec
from msgspec import Struct

from proofmill.host.ground.errors import ProofmillError

VERSION = 1
"""Of the messages; node and workers have to have the same."""
CONSUMER, READER = "workers", "node"
"""The durable consumers of tasks and of answers."""
ALIVE_SECONDS = 2.0
"""Between signs of life of a worker."""
ABOUT = "about"
"""The blob, not named by its hash, that says who keeps the queue."""
SUM: Final = "sum"
PROOF: Final = "proof"


@dataclass(frozen=True)
class Queue:
    """The names of a node's queue; `name` is the node's, as streams may be called."""

    name: str

    @property
    def tasks(self) -> str:
        """The stream of tasks."""
        return f"{self.name}-tasks"

    @property
    def answers(self) -> str:
        """The stream of answers."""
        return f"{self.name}-answers"

    @property
    def blobs(self) -> str:
        """The stream of what tasks refer to."""
        return f"{self.name}-blobs"

    def task(self, identity: str) -> str:
        """The subject of a task."""
        return f"{self.name}.task.{identity}"

    def answer(self, worker: str, identity: str) -> str:
        """The subject of a worker's answer."""
        return f"{self.name}.answer.{worker}.{identity}"

    def blob(self, address: str, piece: int | str) -> str:
        """The subject of a piece of a blob."""
        return f"{self.name}.blob.{address}.{piece}"

    def alive(self, worker: str) -> str:
        """The subject of a worker's signs of life."""
        return f"{self.name}.alive.{worker}"


def queue_name(node: str) -> str:
    """A node's name as names of streams may be: without dots."""
    return node.replace(".", "_")


class About(Struct, frozen=True):
    """Who keeps the queue. `version`: of the messages; `program`: of Proofmill."""

    version: int
    program: str
    lease_seconds: float


class Task(Struct, frozen=True):
    """What a worker is asked for.

    A "sum" is ``sum(scalars[i] * points[i])`` in the group of that `degree` (1: G1, 2: G2), over
    the points of the blob `address`; `input` has the scalars, 32 bytes each. A "proof" is one with
    the proving key (.zkey) of the blob `address`; `input` has the witness. A long input is a blob
    as well: then `input` is empty and `input_address` names it. `identity`: the hash of all this.
    """

    version: int
    identity: str
    kind: Literal["sum", "proof"]
    degree: int
    address: str
    count: int
    input: bytes
    input_address: str = ""


class Answer(Struct, frozen=True):
    """What became of a task. `result`: the affine point, or the proof's points A, B and C, as
    `host.prover.curve.points` lays them out; empty where `error` says why there is none.

    `seconds`: from taking the task until the result; `cycles`, `digits`: as of `Result`.
    """

    version: int
    identity: str
    result: bytes
    error: str
    device: str
    seconds: float
    cycles: int = 0
    digits: int = 0


class Alive(Struct, frozen=True):
    """A worker's sign of life. `busy`: the share of its life in which its devices computed."""

    version: int
    program: str
    devices: list[str]
    done: int
    busy: float


class OtherVersion(ProofmillError):
    """Node and worker are of releases that do not understand each other."""


class _Header(Struct, frozen=True):
    version: int = -1


def make_task(kind: Literal["sum", "proof"], degree: int, address: str, count: int, given: bytes,
              salt: str = "") -> Task:
    """The task, under the name that follows from what it asks. Another `salt`, another task."""
    inputs = sha256(given).hexdigest()
    identity = sha256(f"{VERSION} {kind} {degree} {address} {count} {inputs} {salt}".encode())
    return Task(VERSION, identity.hexdigest()[:32], kind, degree, address, count, given)


def to_bytes(message: Struct) -> bytes:
    """A message's bytes."""
    return msgspec.msgpack.encode(message)


def read_task(content: bytes) -> Task:
    """Of a message; `OtherVersion` for one of another release."""
    _check(content, "the node", "this worker")
    return msgspec.msgpack.decode(content, type=Task)


def read_answer(content: bytes) -> Answer:
    """Of a message; `OtherVersion` or msgspec's error for what is none."""
    _check(content, "the worker", "this node")
    return msgspec.msgpack.decode(content, type=Answer)


def read_alive(content: bytes) -> Alive:
    """Of a message."""
    return msgspec.msgpack.decode(content, type=Alive)


def read_about(content: bytes) -> About:
    """Of a message; `OtherVersion` for one of another release."""
    _check(content, "the node", "this worker")
    return msgspec.msgpack.decode(content, type=About)


def _check(content: bytes, who: str, here: str) -> None:
    found = msgspec.msgpack.decode(content, type=_Header).version
    if found != VERSION:
        raise OtherVersion(
            f"{who} speaks version {found} of the workers' messages, {here} version {VERSION}; "
            "install the same release of Proofmill on both machines")
