"""Known answers: small sums on a device against the group law as it is taught.

The answers come from `sim.curve`, plain integers and the textbook's chord and tangent; no part of
the prover, of mcl or of the accelerator is in them.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import numpy as np

from proofmill.hdl.curve import BN254, Group
from proofmill.host.prover.curve.limbs import to_limbs
from proofmill.host.prover.curve.points import (
    GENERATOR_G1,
    GENERATOR_G2,
    AffinePoint,
    decode,
    encode,
)
from proofmill.host.prover.devices.device import Device, Job
from proofmill.sim.curve import Affine, Equation
from proofmill.sim.msm import multi_scalar_product

ORDER = BN254.scalar.modulus


@dataclass(frozen=True)
class Case:
    """A sum: multiples of the generator (0 is infinity), and the scalars they are taken times."""

    name: str
    multiples: tuple[int, ...]
    scalars: tuple[int, ...]


def cases(seed: int = 1) -> list[Case]:
    """What goes wrong first, then what comes as it comes."""
    rng = Random(seed)
    large = [rng.randrange(1, ORDER) for _ in range(6)]
    return [
        Case("one point once", (5,), (1,)),
        Case("a scalar of zero", (5, 7), (0, 3)),
        Case("the largest scalar", (3,), (ORDER - 1,)),
        Case("the same point twice", (9, 9, 9), (large[0], large[0], 1)),
        Case("points that cancel", (4, ORDER - 4), (large[1], large[1])),
        Case("infinity among the points", (0, 6, 0, 2), tuple(large[:4])),
        Case("six points", (1, 2, 3, 4, 5, 6), tuple(large)),
    ]


@dataclass(frozen=True)
class SelfTestOutcome:
    """What a self-test found. `wrong` names the cases that failed; `cycles` and `seconds` are
    those of the sums."""

    cases: int
    wrong: tuple[str, ...]
    cycles: int
    seconds: float


def _textbook(point: AffinePoint) -> Affine:
    if point is None:
        return None
    x, y = (part if isinstance(part, tuple) else (part,) for part in point)
    return (x, y)


def _encodable(point: Affine) -> AffinePoint:
    if point is None:
        return None
    x, y = point
    return (x[0], y[0]) if len(x) == 1 else ((x[0], x[1]), (y[0], y[1]))


def self_test(
    device: Device, progress: Callable[[int, int], None] | None = None
) -> SelfTestOutcome:
    """Run every case in both groups on `device`; `DeviceError` where it does not answer."""
    wrong: list[str] = []
    cycles, seconds, done = 0, 0.0, 0
    chosen = cases()
    for group in Group:
        law = Equation(BN254.base.modulus, ((3,) if group is Group.G1 else (0, 0)))
        base = _textbook(GENERATOR_G1 if group is Group.G1 else GENERATOR_G2)
        for case in chosen:
            points = [law.multiply(k, base) if k else None for k in case.multiples]
            expected = multi_scalar_product(law, case.scalars, points)
            bases = device.load(group, encode(group, map(_encodable, points)))
            scalars = to_limbs(case.scalars).reshape(-1, 4)
            start = time.perf_counter()
            (result,) = device.run([Job(bases, np.ascontiguousarray(scalars))])
            seconds += time.perf_counter() - start
            cycles += result.cycles
            (found,) = decode(group, result.point)
            if _textbook(found) != expected:
                wrong.append(f"{group.name}: {case.name}")
            done += 1
            if progress is not None:
                progress(done, len(chosen) * len(Group))
    return SelfTestOutcome(done, tuple(wrong), cycles, seconds)
