"""What a worker does for a task, on a device of its own."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.workers.wire import SUM, Task
from proofmill.host.prover.curve.limbs import LIMBS, Limbs
from proofmill.host.prover.curve.points import width
from proofmill.host.prover.devices.device import Bases, Device, Job
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.verification_key import Proof
from proofmill.host.prover.groth16.zkey import read_zkey

WORD = 8
MOST_POINTS = 1 << 22
"""Points of sums on a device before it is opened anew: there is no way to unload them."""
MOST_KEYS = 2
GROUPS = {group.degree: group for group in Group}


@dataclass(frozen=True)
class Done:
    """The result's bytes, and what it took; see `wire.Answer`."""

    result: bytes
    cycles: int
    digits: int


class Bench:
    """A device with the points and keys that tasks have asked for so far. One thread at a time."""

    def __init__(self, opener: Callable[[], Device]) -> None:
        """`opener` opens the device, now and again after a failure."""
        self._opener = opener
        self._device: Device | None = opener()
        self.name = self._device.name
        self._points: dict[str, Bases] = {}
        self._keys: OrderedDict[str, Prover] = OrderedDict()

    def do(self, task: Task, given: bytes, blob: Callable[[], Path]) -> Done:
        """Carry out a task. `given`: its input; `blob` finds what it refers to, where it is asked
        for. ProofmillError says what is wrong with either; DeviceError with the device."""
        if self._device is None:
            self._device = self._opener()
        scalars = limbs(given, LIMBS)
        if task.kind == SUM:
            return self._sum(self._device, task, scalars, blob)
        return self._proof(self._device, task, scalars, blob)

    def failed(self) -> None:
        """Open the device anew with the next task."""
        self.close()
        self._device = None

    def close(self) -> None:
        """Give the device back."""
        self._points.clear()
        self._keys.clear()
        if self._device is not None:
            self._device.close()

    def _sum(self, device: Device, task: Task, scalars: Limbs, blob: Callable[[], Path]) -> Done:
        bases = self._points.get(task.address)
        if bases is None:
            if self._points and task.count + sum(
                    each.count for each in self._points.values()) > MOST_POINTS:
                self.failed()
                device = self._device = self._opener()
            group = GROUPS[task.degree]
            bases = device.load(group, limbs(blob().read_bytes(), width(group)))
            self._points[task.address] = bases
        if not bases.count == task.count == len(scalars):
            raise ProofmillError(f"the task has {len(scalars)} scalars for {bases.count} points")
        (result,) = device.run([Job(bases, scalars)])
        return Done(result.point.tobytes(), result.cycles, result.digits)

    def _proof(self, device: Device, task: Task, witness: Limbs, blob: Callable[[], Path]) -> Done:
        prover = self._keys.get(task.address)
        if prover is None:
            if len(self._keys) >= MOST_KEYS:
                self.failed()
                device = self._device = self._opener()
            prover = self._keys[task.address] = Prover(read_zkey(blob()), device)
        result = prover.prove(witness)
        return Done(proof_bytes(result.proof), result.cycles, result.digits)


def limbs(content: bytes, row: int) -> Limbs:
    """Rows of so many limbs; ProofmillError where the bytes are no whole number of them."""
    if len(content) % (row * WORD):
        raise ProofmillError(f"{len(content)} bytes are no rows of {row * WORD}")
    return np.frombuffer(content, np.uint64).reshape(-1, row)


def proof_bytes(proof: Proof) -> bytes:
    """A, B and C, as `host.prover.curve.points` lays them out: 256 bytes."""
    return b"".join(np.asarray(point, np.uint64).tobytes() for point in (proof.a, proof.b, proof.c))


def read_proof(content: bytes) -> Proof | None:
    """The proof of `proof_bytes`; None where the bytes are none. It may be of any points."""
    in_g1, in_g2 = width(Group.G1), width(Group.G2)
    if len(content) != (2 * in_g1 + in_g2) * WORD:
        return None
    words = np.frombuffer(content, np.uint64)
    return Proof(a=words[:in_g1], b=words[in_g1:in_g1 + in_g2], c=words[in_g1 + in_g2:])


def read_point(group: Group, content: bytes) -> Limbs | None:
    """The point of a sum; None where the bytes are none of that group's curve."""
    from proofmill.host.prover.groth16.verify import is_valid_point

    if len(content) != width(group) * WORD:
        return None
    point = np.frombuffer(content, np.uint64)
    return point if is_valid_point(group, point) else None
