"""Known answers: small sums on a device against the group law as it is taught.

The answers come from `sim.curve`, plain integers and the textbook's chord and tangent; no part of
the prover, of mcl or of the accelerator is in them.
"""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from random import Random

import numpy as np

from proofmill.hdl.curve import (
    BN254,
    CURVES,
    GENERATOR_G1,
    GENERATOR_G2,
    Curve,
    Group,
)
from proofmill.hdl.plans import BATCHED, best_plan, uniform
from proofmill.host.prover.curve.limbs import to_limbs
from proofmill.host.prover.curve.points import AffinePoint, decode, encode
from proofmill.host.prover.devices.accelerator import Accelerator, Sum, curve_of, known_curve
from proofmill.host.prover.devices.device import Device, DeviceError, Job
from proofmill.host.prover.devices.lanes import machine_of
from proofmill.sim.commands import stored_words
from proofmill.sim.curve import Affine, Equation, equation
from proofmill.sim.msm import multi_scalar_product, sum_of_groups
from proofmill.sim.points import small_generator

ORDER = BN254.scalar.modulus


@dataclass(frozen=True)
class Case:
    """A sum: multiples of the generator (0 is infinity), and the scalars they are taken times."""

    name: str
    multiples: tuple[int, ...]
    scalars: tuple[int, ...]


def cases(order: int = ORDER, seed: int = 1) -> list[Case]:
    """What goes wrong first, then what comes as it comes, in a group of this order."""
    rng = Random(seed)
    large = [rng.randrange(1, order) for _ in range(6)]
    return [
        Case("one point once", (5,), (1,)),
        Case("a scalar of zero", (5, 7), (0, 3)),
        Case("the largest scalar", (3,), (order - 1,)),
        Case("the same point twice", (9, 9, 9), (large[0], large[0], 1)),
        Case("points that cancel", (4, order - 4), (large[1], large[1])),
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
    device: Device, groups: Collection[Group] = tuple(Group),
    progress: Callable[[int, int], None] | None = None
) -> SelfTestOutcome:
    """Run every case in `groups` on `device`; `DeviceError` where it does not answer."""
    wrong: list[str] = []
    cycles, seconds, done = 0, 0.0, 0
    chosen = cases()
    for group in groups:
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
                progress(done, len(chosen) * len(groups))
    return SelfTestOutcome(done, tuple(wrong), cycles, seconds)


def self_test_elsewhere(
    accelerator: Accelerator, progress: Callable[[int, int], None] | None = None
) -> SelfTestOutcome:
    """Run every case on an accelerator of any curve, in the groups that it has.

    Raises `DeviceError` where it does not answer, and where its curve is none of `hdl.curve`, or it
    has no datapath: then there is no answer to compare.
    """
    identity = accelerator.identity
    curve = known_curve(identity)
    if curve is None or not identity["datapath"]:
        raise DeviceError(
            f"there are no known answers for the curve {curve_of(identity)}; those there are, are "
            f"for {', '.join(CURVES)}" if curve is None else
            "the device has no datapath, so it gives no answer that could be compared")
    groups = accelerator.groups
    order, wrong, cycles, seconds, done = curve.scalar.modulus, list[str](), 0, 0.0, 0
    chosen = cases(order)
    for group in groups:
        law, base = equation(curve, group), small_generator(curve, group)
        for case in chosen:
            points = [law.multiply(k, base) for k in case.multiples]
            machine = machine_of(identity, group, order=order)
            plan = best_plan(machine, uniform(order, len(points)))
            if machine.batch:  # few points would not be summed so, and it is to be tested
                plan = replace(plan, batched=BATCHED)
            address = accelerator.load(np.array(stored_words(
                curve, group, points, curve.unit_at(
                    group, identity["scale"], affine=identity["batch"] != 0)), np.uint64))
            start = time.perf_counter()
            answer = accelerator.multiply(group, address, to_limbs(case.scalars), plan)
            seconds += time.perf_counter() - start
            cycles += answer.cycles
            accelerator.unload(address)
            if not _is_sum(curve, group, answer,
                           multi_scalar_product(law, case.scalars, points)):
                wrong.append(f"{group.name}: {case.name}")
            done += 1
            if progress is not None:
                progress(done, len(chosen) * len(groups))
    return SelfTestOutcome(done, tuple(wrong), cycles, seconds)


def _is_sum(curve: Curve, group: Group, answer: Sum, expected: Affine) -> bool:
    """Whether an answer stands for this point, finished on the chip or not."""
    if answer.point is None:
        return sum_of_groups(curve, group, answer.points) == expected
    unit = curve.unit_at(group, curve.file_radix.bit_length() - 1, affine=True)
    return bool(answer.point.tolist() == stored_words(curve, group, [expected], unit))
