"""A prover that goes on with what works: it tries again, then elsewhere, and comes back later."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Condition
from typing import Protocol, runtime_checkable

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.pause import GrowingPause
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.devices.device import Device, DeviceError
from proofmill.host.prover.groth16.prove import ProofResult, Prover
from proofmill.host.prover.groth16.proving_key import ProvingKey
from proofmill.host.prover.groth16.r1cs import R1cs

TRIES = 2
"""Of a proof on a device before the next one is asked."""

FIRST_PAUSE_MS = 12_000
"""What a device that failed is left alone for; twice as long after every further failure."""

LONGEST_PAUSE_MS = 64 * FIRST_PAUSE_MS


class Proves(Protocol):
    """What makes proofs with one key."""

    def prove(self, witness: Limbs) -> ProofResult:
        """A verified proof; as `Prover.prove`."""
        ...


@runtime_checkable
class ProvesWhole(Protocol):
    """A device that makes proofs, not sums alone."""

    def prover(self, key: ProvingKey) -> Proves:
        """What proves with `key`."""
        ...


class DeviceInTurn:
    """A device, and when it may be used."""

    def __init__(self, device: Device, stand_in: bool = False) -> None:
        """`stand_in`: it works only while every other is put aside."""
        self.device, self.stand_in = device, stand_in
        self.prover: Proves | None = None
        self.busy = False
        """Whether it makes a proof, or is about to."""
        self.in_tile = False
        """Whether it is at what a proof has to wait for, see `PatientProver.tile`."""
        self.free_at_ms = 0
        """Until when it is left alone."""
        self.working_until_ms = 0
        """When what it has made last is there, by the chain's clock."""
        self.lent = False
        """Whether it does other work, and begins no proof."""
        self.other_work: list[tuple[int, int]] = []
        """From and to when it did any while it was making a proof."""
        self.fault = ""
        self._pause = GrowingPause(FIRST_PAUSE_MS, LONGEST_PAUSE_MS)

    def failed(self, now_ms: int, fault: str) -> int:
        """Put the device aside for a while; how many milliseconds."""
        pause = int(self._pause.take())
        self.fault = fault
        self.free_at_ms = now_ms + pause
        return pause

    def worked(self) -> None:
        """The device is as good as any."""
        self.fault = ""
        self._pause.reset()


def held_up(end_ms: int, other_work: Iterable[tuple[int, int]]) -> int:
    """When something is there that would have been at `end_ms`, but for what its device did from
    and to these times instead."""
    for since, until in other_work:
        if since < end_ms:
            end_ms += until - since
    return end_ms


class PatientProver:
    """Proves with one key on several devices, one proof on each at a time; every one is verified.

    A proof goes to the first device in their order that is idle. One that fails is tried once more
    on the same device, with the key's points loaded anew, and then on the next that is idle. The
    device that failed is put aside, and tried again after a pause that grows; the others go on.
    """

    def __init__(self, key: ProvingKey, devices: Sequence[Device], r1cs: R1cs,
                 on_fault: Callable[[str, str, int], None] | None = None,
                 stand_ins: Sequence[Device] = (),
                 took: Callable[[ProofResult], int] = lambda result: 0) -> None:
        """`on_fault` hears of a device that is put aside, on the thread that proves: its name, what
        is wrong, and for how many milliseconds. `stand_ins` work while all `devices` are put aside.
        `took`: how long a proof keeps its device, in milliseconds of the clock that `prove` is
        told."""
        self.key, self._r1cs = key, r1cs
        self._on_fault = on_fault or (lambda name, fault, pause_ms: None)
        self._took = took
        self._candidates = [*map(DeviceInTurn, devices),
                            *(DeviceInTurn(device, stand_in=True) for device in stand_ins)]
        self._changed = Condition()
        """Held where candidates change: each proof has a thread of its own."""
        self._closed = False

    @property
    def devices(self) -> list[DeviceInTurn]:
        """Those that share the work, in their order."""
        return [each for each in self._candidates if not each.stand_in]

    @property
    def closed(self) -> bool:
        """Whether the devices are given back."""
        return self._closed

    @contextmanager
    def tile(self, device: DeviceInTurn) -> Iterator[None]:
        """Have `device` for so little that a proof can wait for it, as soon as it makes no proof,
        and is not about to. DeviceError where it is put aside, or given back."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or device.fault
                                   or not (device.busy or device.in_tile))
            if self._closed:
                raise DeviceError("the devices are given back")
            if device.fault:
                raise DeviceError(f"it is put aside: {device.fault}")
            device.in_tile = True
        try:
            yield
        finally:
            with self._changed:
                device.in_tile = False
                self._changed.notify_all()

    def load(self, device: DeviceInTurn) -> None:
        """Give `device` the points of the key's sums now, so that what it chooses to store of other
        keys leaves them room. Raises what the device does."""
        with self.tile(device):
            prover = self._prover_on(device)
            try:
                if isinstance(prover, Prover):
                    prover.load()
            except BaseException:
                device.prover = None
                raise

    def free_at_ms(self) -> int:
        """When a device may be used, in milliseconds of the clock that `prove` is told."""
        return min(candidate.free_at_ms for candidate in self._candidates)

    def put_aside(self, now_ms: int) -> dict[str, str]:
        """The devices that are left alone at that time, and what is wrong with each."""
        return {each.device.name: each.fault for each in self._candidates
                if now_ms < each.free_at_ms}

    def usable(self, now_ms: int) -> list[DeviceInTurn]:
        """Those that are not put aside at that time, idle or at work, in their order."""
        found = [each for each in self._candidates if now_ms >= each.free_at_ms]
        return [each for each in found if not each.stand_in] or found

    def reserve(self, now_ms: int) -> DeviceInTurn | None:
        """The first one that is idle at that time, which nobody else gets now; None for none."""
        with self._changed:
            return self._reserve(now_ms)

    def prove(self, witness: Limbs, now_ms: int, reserved: DeviceInTurn | None = None
              ) -> ProofResult:
        """A proof, on the device that was `reserved` first. DeviceError where no device can now,
        with what is wrong with each.

        ProofmillError, which is no device's fault, where the witness does not satisfy the
        constraints. `witness`: shape (wires, 4), plain integers below r.
        """
        candidate = reserved or self.reserve(now_ms)
        while candidate is not None:
            try:
                result = self._tried(candidate, witness)
            except BaseException:
                self._release(candidate, now_ms)
                raise
            if isinstance(result, ProofResult):
                self._release(candidate, now_ms + self._took(result))
                return result
            with self._changed:
                pause = candidate.failed(now_ms, result)
                candidate.prover, candidate.busy, candidate.other_work = None, False, []
                failed, candidate = candidate, self._reserve(now_ms)
                self._changed.notify_all()
            self._on_fault(failed.device.name, result, pause)
        raise DeviceError("; ".join(
            f"{each.device.name}: {each.fault or 'it is at work'}" for each in self._candidates))

    def lend(self) -> DeviceInTurn:
        """Let the first device do other work: it begins no proof until `take_back`."""
        with self._changed:
            device = self._candidates[0]
            device.lent = True
            return device

    def take_back(self, since_ms: int, end_ms: int) -> None:
        """The first device has done other work in that time, and what it was making meanwhile is
        there so much later."""
        with self._changed:
            device = self._candidates[0]
            device.lent = False
            if device.busy:
                device.other_work.append((since_ms, end_ms))
            else:
                device.working_until_ms = max(end_ms, held_up(
                    device.working_until_ms, [(since_ms, end_ms)]))

    def close(self) -> None:
        """Give back the devices; a proof that another thread waits for ends with an error."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for candidate in self._candidates:
            candidate.device.close()

    def _reserve(self, now_ms: int) -> DeviceInTurn | None:
        for each in self.usable(now_ms):
            if not each.busy and not each.lent and each.working_until_ms <= now_ms:
                each.busy = True
                return each
        return None

    def _release(self, candidate: DeviceInTurn, working_until_ms: int) -> None:
        with self._changed:
            candidate.busy = False
            candidate.working_until_ms = held_up(working_until_ms, candidate.other_work)
            candidate.other_work = []
            self._changed.notify_all()

    def _tried(self, candidate: DeviceInTurn, witness: Limbs) -> ProofResult | str:
        """A proof, or what is wrong with the device, which has been tried as often as it may."""
        fault = ""
        with self._changed:
            self._changed.wait_for(lambda: not candidate.in_tile)
        for _ in range(TRIES):
            if self._closed:
                raise DeviceError("the devices are given back")
            try:
                return self._prove(candidate, witness)
            except DeviceError as error:
                fault = str(error)
            except ProofmillError:
                raise
            except Exception as error:  # from the device's driver, whatever it is
                fault = repr(error)
            candidate.prover = None
        return fault

    def _prover_on(self, candidate: DeviceInTurn) -> Proves:
        if candidate.prover is None:
            device = candidate.device
            candidate.prover = device.prover(self.key) if isinstance(device, ProvesWhole) else (
                Prover(self.key, device, r1cs=self._r1cs))
        return candidate.prover

    def _prove(self, candidate: DeviceInTurn, witness: Limbs) -> ProofResult:
        result = self._prover_on(candidate).prove(witness)
        candidate.worked()
        return result
