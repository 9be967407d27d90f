"""The five multi-scalar multiplications of a proof, on a device that holds a key's points."""

import threading
from collections.abc import Sequence

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.curve.points import infinity
from proofmill.host.prover.curve.scalars import to_plain
from proofmill.host.prover.devices.device import (
    Bases,
    Device,
    DeviceError,
    Job,
    Progress,
    Quotient,
    Result,
    Shared,
    Transforming,
)
from proofmill.host.prover.devices.mcl import MclDevice
from proofmill.host.prover.groth16.diagnosis import bad_key
from proofmill.host.prover.groth16.evaluation import Evaluator
from proofmill.host.prover.groth16.proving_key import ProvingKey

SUMS = (("A", Group.G1), ("B in G1", Group.G1), ("B in G2", Group.G2), ("C", Group.G1),
        ("H", Group.G1))
"""The sums of a proof, in the order of a key's sections 5 to 9."""


class KeyOnDevice:
    """A device and, once loaded, a key's points on it. May be used from several threads."""

    def __init__(self, device: Device, key: ProvingKey) -> None:
        self.device = device
        self._key = key
        self._lock = threading.Lock()
        self._bases: list[Bases | None] | None = None

    def load(self) -> list[Bases | None]:
        """Load the points, at the first call; None for a sum without points."""
        with self._lock:
            if self._bases is None:
                key = self._key
                points = (key.a, key.b_g1, key.b_g2, key.c, key.h)
                self._bases = [self._loaded(group, each) if len(each) else None
                               for (_, group), each in zip(SUMS, points, strict=True)]
            return self._bases

    def _loaded(self, group: Group, points: Limbs) -> Bases:
        """Points of the key on the device; one that no device takes is named by its section."""
        try:
            # Aligned and in one piece, which a section of a mapped file need not be.
            return self.device.load(group, np.require(points, np.uint64, ("C", "A")))
        except DeviceError:
            raise
        except ProofmillError:
            if (refusal := bad_key(self._key)) is None:
                raise
            raise refusal from None

    def quotient(self, evaluator: Evaluator, witness: Limbs) -> Quotient | None:
        """The scalars of H by the device, from A w and B w; None where it does not take vectors of
        this size. Raises `DeviceError`."""
        size = self._key.domain_size
        if not isinstance(self.device, Transforming) or not 2 <= size <= 1 << (
                self.device.transforms):
            return None
        a, b = (to_plain(values) for values in evaluator.evaluate(witness))
        return self.device.quotient(a, b)

    def run(self, scalars: Sequence[Limbs], progress: Progress | None) -> list[Result]:
        """The five sums, in one call of the device. Raises `DeviceError`."""
        return self._all(self.device.run(self._jobs(scalars), progress))

    def checked(self, scalars: Sequence[Limbs]) -> list[Result] | None:
        """The right sums, where the device can tell who has computed a wrong one; else None."""
        if not isinstance(self.device, Shared):
            return None
        return self._all(self.device.checked(self._jobs(scalars)))

    def _jobs(self, scalars: Sequence[Limbs]) -> list[Job]:
        return [Job(bases=bases, scalars=each)
                for bases, each in zip(self.load(), scalars, strict=True) if bases is not None]

    def _all(self, results: Sequence[Result]) -> list[Result]:
        """With those that are nobody's work, since they are empty."""
        loaded = self.load()
        if len(results) != sum(bases is not None for bases in loaded):
            raise DeviceError(f"answered {len(results)} of the sums asked for")
        remaining = iter(results)
        return [Result(infinity(group), 0, 0, self.device.name) if bases is None
                else next(remaining)
                for bases, (_, group) in zip(loaded, SUMS, strict=True)]


def wrong_sums(key: ProvingKey, scalars: Sequence[Limbs], results: Sequence[Result]) -> list[str]:
    """Which of `results` differ from what mcl computes, by name.

    Where a point of the key is not on the curve, sums depend on the order of the additions, and a
    difference says nothing of the device.
    """
    processor = MclDevice()
    try:
        right = KeyOnDevice(processor, key).run(scalars, None)
    finally:
        processor.close()
    return [name for (name, _), result, other in zip(SUMS, results, right, strict=True)
            if not np.array_equal(result.point, other.point)]
