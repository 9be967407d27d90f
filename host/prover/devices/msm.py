"""Multi-scalar multiplication for users of the package: points and scalars in plain integers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from proofmill.hdl.curve import BN254, Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.limbs import BASE_MODULUS, to_limbs
from proofmill.host.prover.curve.points import AffinePoint, Element, decode, encode
from proofmill.host.prover.curve.validity import first_off_curve, in_subgroup
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import Device, Job, Progress

ORDER = BN254.scalar.modulus


@dataclass(frozen=True)
class MsmResult:
    """A sum, and what it took.

    `point`: (x, y) in plain integers below p, in G2 each of them a pair (real, imaginary); None is
    infinity. `cycles`: clock cycles of the accelerator, 0 of the processor. `device`: what computed
    it. `counters`: what the accelerator counted, by name; empty of the processor.
    """

    point: AffinePoint
    cycles: int
    device: str
    counters: Mapping[str, int]


class Msm:
    """Sums ``k[0] P[0] + ... + k[n-1] P[n-1]`` on BN254, over points that a device holds.

    `points`: (x, y) in plain integers below p; in G2 each coordinate is a pair (real, imaginary)
    for real + imaginary u, u^2 = -1; None is infinity, and so is (0, 0), as in EIP-196. `device`:
    of `open_device`, which stays the caller's to close; this machine's processor by default.
    `group`: "g1" or "g2". Raises `ProofmillError` for a point that is off the curve or, in G2, not
    of order r, and names it.

    The points are checked and loaded once; sums of them may then be asked for as often as wanted.
    An accelerator sums by Pippenger's method in windows of signed digits, see `hdl.msm`.
    """

    def __init__(self, points: Iterable[AffinePoint], device: Device | None = None,
                 group: str = "g1") -> None:
        if group not in (names := [each.value for each in Group]):
            raise ProofmillError(f"there is no group {group!r}; choose one of {', '.join(names)}")
        self._group = Group(group)
        given = list(points)
        for index, point in enumerate(given):
            _check(self._group, point, f"point {index:,} of {len(given):,}")
        limbs = encode(self._group, given)
        if (wrong := first_off_curve(self._group, limbs)) is not None:
            raise ProofmillError(
                f"point {wrong:,} of {len(given):,} in {group} is not on the curve; y^2 - x^3 has "
                "to be " + ("3" if self._group is Group.G1 else "3 / (9 + u)"))
        if self._group is Group.G2 and not (inside := in_subgroup(self._group, limbs)).all():
            raise ProofmillError(
                f"point {inside.argmin():,} of {len(given):,} in g2 is on the curve, but not of "
                "order r; multiply it by the cofactor 2 p - r first")
        self._device = CpuDevice() if device is None else device
        self._bases = self._device.load(self._group, limbs)

    def __len__(self) -> int:
        """How many points there are."""
        return self._bases.count

    def sum(self, scalars: Sequence[int]) -> AffinePoint:
        """The point alone; see `run`."""
        return self.run(scalars).point

    def run(self, scalars: Sequence[int], progress: Progress | None = None) -> MsmResult:
        """Sum with these `scalars`, one a point, each 0 to r - 1, r the order of the groups.

        `progress` counts points. Raises `ProofmillError` for a wrong number of scalars, for one
        that is out of range, and for a device that failed (`DeviceError`).
        """
        if len(scalars) != len(self):
            raise ProofmillError(
                f"there are {len(self):,} points and {len(scalars):,} scalars; give one for each "
                "point, 0 for those that are not to be counted")
        for index, scalar in enumerate(scalars):
            if not 0 <= scalar < ORDER:
                raise ProofmillError(
                    f"scalar {index:,} of {len(scalars):,} is {scalar:#x}, not 0 to r - 1; reduce "
                    f"it modulo r = {ORDER:#x} first")
        result, = self._device.run([Job(self._bases, to_limbs(scalars))], progress)
        point, = decode(self._group, result.point)
        return MsmResult(point, result.cycles, result.device, result.counters)


def _check(group: Group, point: AffinePoint, which: str) -> None:
    """Raise for what is no pair of elements below p."""
    if point is not None and not (len(point) == 2 and all(
            _is_element(group, coordinate) for coordinate in point)):
        raise ProofmillError(
            f"{which} is {point!r}; a point is (x, y) with " + (
                "numbers" if group is Group.G1 else "pairs (real, imaginary) of numbers")
            + f" from 0 to p - 1, p = {BASE_MODULUS:#x}, or None for infinity")


def _is_element(group: Group, coordinate: Element) -> bool:
    parts = coordinate if isinstance(coordinate, tuple) else (coordinate,)
    return (isinstance(coordinate, tuple) == (group is Group.G2) and len(parts) == group.degree
            and all(isinstance(part, int) and 0 <= part < BASE_MODULUS for part in parts))
