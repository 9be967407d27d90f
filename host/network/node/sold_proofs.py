"""Proofs that a node sells, whose sums its devices make between its block proofs.

A sum, of which a proof has five, is a device's as long as no block proof wants it: then the sum is
broken off at the device's next look at it, and begun anew when the block proof is there. Sums that
were made before stay made. Where a device proves by one command, the command is. All else is this
processor's, and so is a whole proof where no device gives way to others.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.array.record import Proven as Record
from proofmill.host.network.node.patience import TRIES, DeviceInTurn, PatientProver
from proofmill.host.network.node.spare import Spare
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import (
    Bases,
    DeviceError,
    GivingWay,
    Job,
    Progress,
    Proven,
    Proving,
    Result,
    SelfCheck,
)
from proofmill.host.prover.groth16.prove import ProofResult, Prover
from proofmill.host.prover.groth16.proving_key import ProvingKey
from proofmill.host.prover.groth16.r1cs import R1cs
from proofmill.sim.evaluator import Matrices

ROOM = 2
"""All keys' points take one part in so many of a device's memory at the most: copies beside them
make sums faster, the block proofs' too."""


class _GiveWay(Exception):
    """A block proof wants the device."""


class Between:
    """A node's device as other proofs than the block's have it; see `device.Device`. `broken_off`
    is called where a sum is."""

    def __init__(self, prover: PatientProver, turn: DeviceInTurn,
                 broken_off: Callable[[], None]) -> None:
        self._prover, self._turn, self._broken_off = prover, turn, broken_off

    @property
    def name(self) -> str:
        return self._turn.device.name

    def load(self, group: Group, points: Limbs) -> Bases:
        """As the device does, between block proofs."""
        with self._prover.tile(self._turn):
            return self._turn.device.load(group, points)

    def run(self, jobs: Sequence[Job], progress: Progress | None = None) -> list[Result]:
        """As the device does, job by job; one that has to give way is done anew."""
        results: list[Result] = []
        while len(results) < len(jobs):
            try:
                with self._prover.tile(self._turn):
                    results += self._turn.device.run([jobs[len(results)]], self._look)
            except _GiveWay:
                self._broken_off()
        return results

    @property
    def proves(self) -> int:
        """See `Proving.proves`."""
        with self._prover.tile(self._turn):
            device = self._turn.device
            return device.proves if isinstance(device, Proving) else 0

    @property
    def blind(self) -> bool:
        """See `Proving.blind`."""
        with self._prover.tile(self._turn):
            return self._proving.blind

    def hold(self, matrices: Matrices, points: Sequence[Limbs], private: int,
             check: SelfCheck | None = None) -> Any:
        """See `Proving.hold`."""
        with self._prover.tile(self._turn):
            return self._proving.hold(matrices, points, private, check)

    def prove(self, key: Any, witness: Limbs, blinding: tuple[int, int], h: Limbs | None = None,
              progress: Progress | None = None) -> Proven | None:
        """See `Proving.prove`: one command, which is begun anew where it has to give way."""
        while True:
            try:
                with self._prover.tile(self._turn):
                    return self._proving.prove(key, witness, blinding, h, self._look)
            except _GiveWay:
                self._broken_off()

    @property
    def _proving(self) -> Proving:
        device = self._turn.device
        assert isinstance(device, Proving)
        return device

    def close(self) -> None:
        """The device is the node's."""

    def _look(self, done: int, total: int) -> None:
        if self._turn.busy or self._prover.closed:
            raise _GiveWay


@dataclass
class _Device(Spare):
    """A device and, by the key's name, what proves on it. `room`: words for points; None if it has
    not said so yet."""

    room: int | None = None
    provers: dict[str, Prover] = field(default_factory=dict)


class SoldProofs:
    """What makes proofs under `keys`, with their circuits, beside the block proofs of a `prover`.

    `now_ms`: of the clock by which devices are put aside. All may take long: it is for threads,
    any number of them.
    """

    def __init__(self, prover: PatientProver, now_ms: Callable[[], int],
                 keys: dict[str, tuple[ProvingKey, Callable[[], R1cs]]]) -> None:
        self._prover, self._now_ms, self._keys = prover, now_ms, keys
        self._devices = [_Device(each) for each in prover.devices]
        self._wanted = sum(map(words_of, (prover.key, *(key for key, _ in keys.values()))))
        self._lock = Lock()
        self._made: Counter[str] = Counter()
        self._broken = 0

    @property
    def record(self) -> Record:
        """What was proven so far."""
        with self._lock:
            made, broken = dict(self._made), self._broken
        reasons = [each.said for each in self._devices if each.turn.fault or each.reason]
        return Record(made, broken, "; ".join(reasons))

    def look(self) -> None:
        """Ask the devices that have not said so yet what they have room for, and give those that
        have it the keys' points, so that copies are chosen for all keys at one time."""
        for each in self._devices:
            if each.room is not None or not each.able(self._now_ms()):
                continue
            try:
                each.room = self._asked(each)
                if not each.room:
                    each.reason = "it does not give way in the midst of a sum"
                elif not self._has_room(each):
                    each.reason = (f"{each.room:,} words of its memory are too few for the keys, "
                                   f"whose points have {self._wanted:,}")
                elif not self._on_device(each).proves:  # else keys come and leave by themselves
                    self._prover.load(each.turn)
                    for name in self._keys:
                        self._on(each, name).load()
            except Exception as error:  # from the device's driver, whatever it is
                self._failed(each, error)

    def prove(self, name: str, witness: Limbs) -> ProofResult:
        """A verified proof under the key of this `name`; as `Prover.prove`."""
        self.look()
        for each in self._devices:
            if self._has_room(each) and each.able(self._now_ms()) and (
                    found := self._tried(each, name, witness)) is not None:
                self._count(each.turn.device.name)
                return found
        key, r1cs = self._keys[name]
        found = Prover(key, CpuDevice(threads=1), r1cs=r1cs()).prove(witness)
        self._count("")
        return found

    def _tried(self, each: _Device, name: str, witness: Limbs) -> ProofResult | None:
        for attempt in range(TRIES):
            try:
                found = self._on(each, name).prove(witness)
            except Exception as error:  # likewise
                if isinstance(error, ProofmillError) and not isinstance(error, DeviceError):
                    raise  # the witness is wrong
                each.provers.pop(name, None)
                if each.turn.fault or attempt == TRIES - 1:
                    self._failed(each, error)
                    break
                if self._prover.closed:
                    raise
            else:
                each.worked()
                return found
        return None

    def _on(self, each: _Device, name: str) -> Prover:
        """What proves under the key of this `name` on a device."""
        with self._lock:
            if name not in each.provers:
                key, r1cs = self._keys[name]
                each.provers[name] = Prover(key, self._on_device(each), r1cs=r1cs())
            return each.provers[name]

    def _on_device(self, each: _Device) -> Between:
        return Between(self._prover, each.turn, self._gave_way)

    def _has_room(self, each: _Device) -> bool:
        return each.room is not None and each.room >= ROOM * self._wanted

    def _asked(self, each: _Device) -> int:
        """Words that a device says it has for points; 0 where it does not give way."""
        with self._prover.tile(each.turn):
            device = each.turn.device
            return device.gives_way if isinstance(device, GivingWay) else 0

    def _failed(self, each: _Device, error: Exception) -> None:
        if self._prover.closed:
            raise error
        each.failed(error, self._now_ms())

    def _gave_way(self) -> None:
        with self._lock:
            self._broken += 1

    def _count(self, name: str) -> None:
        with self._lock:
            self._made[name] += 1


def words_of(key: ProvingKey) -> int:
    """Of a device's memory for the points of a key's sums, without copies."""
    return sum(points.size for points in (key.a, key.b_g1, key.b_g2, key.c, key.h))
