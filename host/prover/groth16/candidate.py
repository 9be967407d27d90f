"""A device in use for a key's proofs, across its failures: put aside, and tried again later."""

import threading
import time
from collections.abc import Callable
from math import inf

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.pause import GrowingPause
from proofmill.host.prover.devices.device import Device
from proofmill.host.prover.groth16.proving_key import ProvingKey
from proofmill.host.prover.groth16.sums import KeyOnDevice

FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0
"""Seconds after which a device that failed is tried again: at first, and at most. Each failure
without a proof in between doubles them: trying takes up to ten seconds itself."""

Tell = Callable[[str], None]
"""Told in a sentence what has happened to a device."""


class Candidate:
    """A device that sums may be computed on. May be used from several threads.

    One that fails is put aside for a pause and then opened anew by `reopen`; without that, and
    where it computed a wrong sum, for good. `fault`: what it did wrong, None while it is in use.
    `failures`: how often it has failed, to open again too.
    """

    def __init__(self, device: Device, key: ProvingKey,
                 reopen: Callable[[], Device] | None = None,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self.name = device.name
        self.fault: str | None = None
        self.failures = 0
        self._key, self._reopen, self._clock = key, reopen, clock
        self._on = KeyOnDevice(device, key)
        self._pause, self._due = GrowingPause(FIRST_PAUSE, LONGEST_PAUSE), inf
        self._lock = threading.Lock()

    def ready(self, tell: Tell) -> KeyOnDevice | None:
        """The device with the key, opened anew where it is time for that; None as long as it is put
        aside."""
        with self._lock:
            if self.fault is None:
                return self._on
            if self._reopen is None or self._clock() < self._due:
                return None
            self._due = inf  # one thread tries, the others go on without
        try:
            self._on.device.close()
            device = self._reopen()
        except ProofmillError as error:
            self._put_aside(f"{self.name} still fails: {error}", tell, again=True)
            return None
        with self._lock:
            self._on, self.fault = KeyOnDevice(device, self._key), None
        tell(f"{self.name} answers again")
        return self._on

    def failed(self, on: KeyOnDevice, what: str, tell: Tell, *, again: bool = True) -> None:
        """`on` did not do its work: `what` says so after its name. `again`: it may yet do it."""
        with self._lock:
            if on is not self._on or self.fault is not None:
                return  # another thread has said so
            self.fault = f"{self.name} {what}"
        self._put_aside(self.fault, tell, again)

    def worked(self) -> None:
        """It did its work: the next failure is its first."""
        self._pause.reset()

    def _put_aside(self, fault: str, tell: Tell, again: bool) -> None:
        with self._lock:
            self.fault, pause = fault, self._pause.take()
            self.failures += 1
            again = again and self._reopen is not None
            self._due = self._clock() + pause if again else inf
        tell(f"{fault}; it is put aside" + (f" for {pause:g} s" if again else ""))
