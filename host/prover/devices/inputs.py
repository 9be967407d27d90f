"""What no device may be given: one check for all of them, before anything is sent.

A device that gets a scalar that is not reduced, or a point that is on no curve, gives a sum that
means nothing; where that is found afterwards, the device seems to compute wrongly.
"""

from collections.abc import Sequence

from proofmill.hdl.curve import BN254, Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.limbs import LIMBS, Limbs, first_not_below, from_limbs
from proofmill.host.prover.curve.points import first_not_canonical, width
from proofmill.host.prover.curve.validity import first_off_curve
from proofmill.host.prover.devices.device import Job

ORDER = BN254.scalar.modulus

GROUPS = (Group.G1, Group.G1, Group.G2, Group.G1, Group.G1)
"""Of a proof's sums A, B, B, C and H."""


def check_points(group: Group, points: Limbs) -> None:
    """Raise where `points` are not of shape (n, 8) or (n, 16), which is a ValueError, or one has a
    coordinate of p or more or is off the curve, which is a ProofmillError that names it."""
    if points.ndim != 2 or points.shape[1] != width(group):
        raise ValueError(f"{group.value} points have shape (n, {width(group)}), "
                         f"not {points.shape}")
    if (index := first_not_canonical(group, points)) is not None:
        raise ProofmillError(
            f"point {index:,} of {len(points):,} in {group.value} has a coordinate that is not "
            "below the modulus p; give coordinates modulo p, times 2^256, as a .zkey has them")
    if (index := first_off_curve(group, points)) is not None:
        raise ProofmillError(
            f"point {index:,} of {len(points):,} is not on the curve of {group.value}; give "
            "coordinates times 2^256 modulo p, as a .zkey has them, and zeros for infinity")


def check_jobs(jobs: Sequence[Job], order: int = ORDER) -> None:
    """Raise where scalars are not of shape (count, 4), which is a ValueError, or one is not below
    the groups' order, which is a ProofmillError that names it; and where there are not as many as
    points in a device's memory."""
    for number, job in enumerate(jobs):
        if job.held is not None and job.held.count != job.bases.count:
            raise ValueError(f"job {number}: {job.bases.count} bases need as many scalars, and the "
                             f"device has {job.held.count}")
        if job.held is not None and not job.held.blind:
            continue
        if job.scalars.shape != (job.bases.count, LIMBS):
            raise ValueError(f"job {number}: {job.bases.count} bases need scalars of shape "
                             f"({job.bases.count}, 4), not {job.scalars.shape}")
        if (index := first_not_below(job.scalars, order)) is not None:
            (value,) = from_limbs(job.scalars[index:index + 1])
            raise ProofmillError(
                f"job {number}: scalar {index:,} of {job.bases.count:,} is {value:#x}, not below "
                f"the groups' order {order:#x}; reduce it modulo the order first")
