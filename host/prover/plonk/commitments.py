"""Commitments to polynomials, sums of powers of tau, on a device."""

from collections.abc import Sequence

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.limbs import LIMBS, Limbs
from proofmill.host.prover.curve.points import first_not_canonical
from proofmill.host.prover.curve.scalars import Vector
from proofmill.host.prover.devices.device import Bases, Device, DeviceError, Job, Progress
from proofmill.host.prover.groth16.plain import Numbers
from proofmill.host.prover.groth16.plain_points import from_array, on_curve
from proofmill.host.prover.plonk.transforms import Transforms


class Committer:
    """A device that holds powers of tau: ``commit(f) = sum(f_i * powers[i])``.

    `powers`: shape (n, 8). It adds up what the sums took: `calls`, clock `cycles` of the
    accelerator, `digits` of scalars that were not zero. `total`: sums of a whole proof, by which
    `progress` counts points. `transforms`: those that the device has, and this machine else.
    """

    def __init__(self, device: Device, powers: Limbs, total: int = 0,
                 progress: Progress | None = None) -> None:
        self.device = device
        self.calls = self.cycles = self.digits = 0
        self._powers, self._total, self._progress = powers, total, progress
        self._bases: Bases | None = None
        self.transforms = Transforms(device)

    def restart(self, total: int, progress: Progress | None) -> None:
        """Begin another proof with the same powers."""
        self.calls = self.cycles = self.digits = 0
        self._total, self._progress = total, progress
        self.transforms.restart()

    def commit(self, polynomials: Sequence[Vector]) -> list[Numbers]:
        """The commitments, in one call of the device. Raises `DeviceError`, and `ProofmillError`
        where a power is not on the curve."""
        if self._bases is None:
            self._bases = self.device.load(
                Group.G1, np.require(self._powers, np.uint64, ("C", "A")))
        jobs = []
        for coefficients in polynomials:
            padded: Limbs = np.zeros((self._bases.count, LIMBS), dtype=np.uint64)
            padded[:len(coefficients)] = scalars.to_plain(coefficients)
            jobs.append(Job(self._bases, padded))
        before = self.calls * self._bases.count
        whole = max(self._total, self.calls + len(jobs)) * self._bases.count

        def told(done: int, _: int) -> None:
            if self._progress is not None:
                self._progress(before + done, whole)

        results = self.device.run(jobs, told)
        if len(results) != len(jobs):
            raise DeviceError(f"answered {len(results)} of the sums asked for")
        self.calls += len(jobs)
        self.cycles += sum(result.cycles for result in results)
        self.digits += sum(result.digits for result in results)
        return [_plain(result.point) for result in results]


def _plain(point: Limbs) -> Numbers:
    """(x, y); infinity is (0, 0). Raises `DeviceError` for what is no point."""
    if first_not_canonical(Group.G1, point.reshape(1, -1)) is None:
        numbers = from_array(Group.G1, point)[0]
        if on_curve(Group.G1, numbers):
            return numbers
    raise DeviceError("answered a sum that is not on the curve")
