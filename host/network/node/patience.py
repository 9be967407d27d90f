"""A prover that goes on with what works: it tries again, then elsewhere, and comes back later."""

from collections.abc import Callable, Sequence

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


class DeviceInTurn:
    """A device, and when it may be used."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.prover: Prover | None = None
        self.free_at_ms = 0
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


class PatientProver:
    """Proves with one key on the first of its devices that can; every proof is verified.

    A proof that fails is tried once more on the same device, with the key's points loaded anew, and
    then on the next. The device that failed is put aside, and tried again after a pause that grows.
    """

    def __init__(self, key: ProvingKey, devices: Sequence[Device], r1cs: R1cs,
                 on_fault: Callable[[str, str, int], None] | None = None) -> None:
        """`on_fault` hears of a device that is put aside, on the thread that proves: its name, what
        is wrong, and for how many milliseconds."""
        self._key, self._r1cs = key, r1cs
        self._on_fault = on_fault or (lambda name, fault, pause_ms: None)
        self._candidates = [DeviceInTurn(device) for device in devices]
        self._closed = False

    def free_at_ms(self) -> int:
        """When a device may be used, in milliseconds of the clock that `prove` is told."""
        return min(candidate.free_at_ms for candidate in self._candidates)

    def put_aside(self, now_ms: int) -> dict[str, str]:
        """The devices that are left alone at that time, and what is wrong with each."""
        return {each.device.name: each.fault for each in self._candidates
                if now_ms < each.free_at_ms}

    def prove(self, witness: Limbs, now_ms: int) -> ProofResult:
        """A proof. DeviceError where no device can now, with what is wrong with each.

        ProofmillError, which is no device's fault, where the witness does not satisfy the
        constraints. `witness`: shape (wires, 4), plain integers below r.
        """
        for candidate in self._candidates:
            if now_ms < candidate.free_at_ms:
                continue
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
            self._on_fault(candidate.device.name, fault, candidate.failed(now_ms, fault))
        raise DeviceError("; ".join(
            f"{candidate.device.name}: {candidate.fault}" for candidate in self._candidates))

    def close(self) -> None:
        """Give back the devices; a proof that another thread waits for ends with an error."""
        self._closed = True
        for candidate in self._candidates:
            candidate.device.close()

    def _prove(self, candidate: DeviceInTurn, witness: Limbs) -> ProofResult:
        if candidate.prover is None:
            candidate.prover = Prover(self._key, candidate.device, r1cs=self._r1cs)
        result = candidate.prover.prove(witness)
        candidate.worked()
        return result
