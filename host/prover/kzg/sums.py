"""The sums of commitments and proofs, by this machine's processor or by an accelerator.

Points and scalars are those of `host.prover.native.bls12_381`, on bytes.
"""

from collections.abc import Sequence
from typing import Protocol

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.devices.catalogue import KZG_DEVICES, BuildProgress
from proofmill.host.prover.devices.device import Bases, Device, Job
from proofmill.host.prover.native import bls12_381
from proofmill.host.prover.native.bls12_381 import NUMBER_BYTES, POINT_BYTES, pieces
from proofmill.host.prover.native.library import Progress


class Sums(Protocol):
    """Something that adds points of BLS12-381, times numbers.

    `cycles`: of an accelerator, for all sums so far; 0 of the processor.
    """

    @property
    def cycles(self) -> int:
        """See the class."""
        ...

    def weighted_sum(self, points: bytes, scalars: bytes, progress: Progress | None = None
                     ) -> bytes:
        """``sum(scalars[i] * points[i])`` as one point."""
        ...

    def sums_of_rows(self, points: bytes, places: Sequence[int], scalars: bytes, row: int,
                     progress: Progress | None = None) -> bytes:
        """Points ``result[i] = sum(scalars[k] * points[places[k]])``, `row` terms k for each i."""
        ...

    def weighted_sum_g2(self, points: bytes, scalars: bytes, progress: Progress | None = None
                        ) -> bytes:
        """`weighted_sum` in G2, of points of 192 bytes: see `host.prover.kzg.points_g2`."""
        ...

    def close(self) -> None:
        """Give back what the device holds."""
        ...


class ProcessorSums:
    """By the native library, on so many `threads` (None: one a core)."""

    cycles = 0

    def __init__(self, threads: int | None = None) -> None:
        self._threads = threads

    def weighted_sum(self, points: bytes, scalars: bytes, progress: Progress | None = None
                     ) -> bytes:
        """See `Sums`."""
        return bls12_381.weighted_sum(points, scalars, self._threads, progress)

    def sums_of_rows(self, points: bytes, places: Sequence[int], scalars: bytes, row: int,
                     progress: Progress | None = None) -> bytes:
        """See `Sums`."""
        return bls12_381.sums_of_rows(points, places, scalars, row, self._threads, progress)

    def weighted_sum_g2(self, points: bytes, scalars: bytes, progress: Progress | None = None
                        ) -> bytes:
        """In plain integers."""
        from proofmill.host.prover.devices.bls12_381 import ON_BLS12_381, to_points, to_scalars

        return ON_BLS12_381.sum(Group.G2, to_points(points, Group.G2), to_scalars(scalars)
                                ).tobytes()

    def close(self) -> None:
        """Nothing is held."""


ON_PROCESSOR = ProcessorSums()
"""On all cores."""


class DeviceSums:
    """By a device on BLS12-381, which becomes this object's to close.

    Points stay on the device from one call to the next with the same ones at the same places.
    Raises `DeviceError` where it fails, or gives what is no point of the curve; that a sum is the
    right one, a proof's verification says (`host.prover.kzg.verify`).
    """

    def __init__(self, device: Device) -> None:
        self._device = device
        self._held: dict[tuple[bytes, tuple[int, ...], int], list[Bases]] = {}
        self.cycles = 0

    def weighted_sum(self, points: bytes, scalars: bytes, progress: Progress | None = None
                     ) -> bytes:
        """See `Sums`."""
        count = len(scalars) // NUMBER_BYTES
        return self._sums(points, range(count), scalars, count, progress)

    def sums_of_rows(self, points: bytes, places: Sequence[int], scalars: bytes, row: int,
                     progress: Progress | None = None) -> bytes:
        """See `Sums`."""
        return self._sums(points, places, scalars, row, progress)

    def weighted_sum_g2(self, points: bytes, scalars: bytes, progress: Progress | None = None
                        ) -> bytes:
        """See `Sums`."""
        from proofmill.host.prover.devices.bls12_381 import to_points, to_scalars

        bases = self._device.load(Group.G2, to_points(points, Group.G2))
        (result,) = self._device.run([Job(bases, to_scalars(scalars))], progress)
        self.cycles += result.cycles
        return result.point.tobytes()

    def _sums(self, points: bytes, places: Sequence[int], scalars: bytes, row: int,
              progress: Progress | None) -> bytes:
        from proofmill.host.prover.devices.bls12_381 import to_scalars

        if len(scalars) != len(places) * NUMBER_BYTES or len(places) % row:
            raise ValueError(f"{len(places)} places, {len(scalars)} bytes of scalars, {row} a row")
        bases = self._load(points, places, row)
        numbers = to_scalars(scalars)
        results = self._device.run([
            Job(own, numbers[start:start + row])
            for own, start in zip(bases, range(0, len(places), row), strict=True)], progress)
        self.cycles += sum(result.cycles for result in results)
        return b"".join(result.point.tobytes() for result in results)

    def _load(self, points: bytes, places: Sequence[int], row: int) -> list[Bases]:
        from proofmill.host.prover.devices.bls12_381 import to_points

        wanted = points, tuple(places), row
        known = self._held.get(wanted)
        if known is None:
            own = pieces(points, POINT_BYTES)
            known = [self._device.load(Group.G1, to_points(
                b"".join([own[i] for i in places[start:start + row]])))
                for start in range(0, len(places), row)]
            self._held[wanted] = known
        return known

    def close(self) -> None:
        """Close the device."""
        self._device.close()


def open_sums(name: str = KZG_DEVICES[0], threads: int | None = None,
              progress: BuildProgress | None = None, groups: Sequence[Group] = (Group.G1,)) -> Sums:
    """What computes sums, one of `KZG_DEVICES`: this machine's processor, or simulated accelerators
    of the standard kind on BLS12-381, their gateware or the model of their control, in `groups`.

    `threads`: of the processor, or accelerators side by side (None: one a core). A point
    has no copies stored beside it, since a command ends with a blob. Raises `ProofmillError` for
    another name, and where a simulation cannot be built.
    """
    if name not in KZG_DEVICES:
        raise ProofmillError(
            f"there is no device {name!r} for KZG; choose {', '.join(KZG_DEVICES)}")
    if name == KZG_DEVICES[0]:
        return ProcessorSums(threads)
    # The generator and the simulator take half a second to import.
    from proofmill.hdl.curve import BLS12_381
    from proofmill.hdl.presets import of_curve
    from proofmill.host.prover.devices.bls12_381 import ON_BLS12_381
    from proofmill.host.prover.devices.catalogue import open_device

    return DeviceSums(open_device(name, shape=of_curve(BLS12_381, groups=groups), copies=1,
                                  progress=progress, arithmetic=ON_BLS12_381, lanes=threads))
