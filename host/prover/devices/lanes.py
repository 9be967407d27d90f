"""A device of one or several equal accelerators, which share the jobs."""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from proofmill.hdl.curve import BN254, TWIST_SCALE, Group, quadratic_product
from proofmill.hdl.windows import WindowPlan, best_plan
from proofmill.host.prover.curve.arithmetic import multi_scalar_multiplication, sum_of_powers
from proofmill.host.prover.curve.limbs import Limbs, from_limbs, to_limbs
from proofmill.host.prover.curve.points import ProjectivePoint, first_not_canonical
from proofmill.host.prover.curve.validity import on_curve
from proofmill.host.prover.devices.accelerator import Accelerator, Sum
from proofmill.host.prover.devices.device import Bases, DeviceError, Job, Progress, Result
from proofmill.host.prover.devices.inputs import check_jobs, check_points

log = logging.getLogger(__name__)

MODULUS = BN254.base.modulus
SCALAR_BITS = BN254.scalar.bits


def to_device(group: Group, points: Limbs) -> Limbs:
    """Points as they lie in a `.zkey`, as the accelerator wants them.

    G1: as they are. G2: y times the scale of the twist, see `hdl.curve.TWIST_SCALE`.
    """
    points = np.require(points, np.uint64, ("C", "A"))
    if group is Group.G1:
        return points
    values = from_limbs(points[:, 8:].reshape(-1, 4))
    scaled = [part for re, im in zip(values[0::2], values[1::2], strict=True)
              for part in quadratic_product((re, im), TWIST_SCALE, MODULUS)]
    return np.concatenate([points[:, :8], to_limbs(scaled).reshape(-1, 8)], axis=1)


def finish(group: Group, answer: Sum) -> Limbs:
    """``sum(2**exponent * point)`` as an affine point: the last few hundred operations, by mcl."""
    powers: list[ProjectivePoint] = [None] * (max(answer.points, default=-1) + 1)
    square = quadratic_product(TWIST_SCALE, TWIST_SCALE, MODULUS)
    cube = quadratic_product(square, TWIST_SCALE, MODULUS)
    for exponent, parts in answer.points.items():
        c = [part % MODULUS for part in parts]
        if group is Group.G1:
            powers[exponent] = (c[0], c[1], c[2])
        else:
            powers[exponent] = (quadratic_product((c[0], c[1]), TWIST_SCALE, MODULUS),
                                (c[2], c[3]),
                                quadratic_product((c[4], c[5]), cube, MODULUS))
    return sum_of_powers(group, powers)


def plan_of(identity: dict[str, int], group: Group, points: int, window: int | None = None,
            at_once: int | None = None, sending: float = 0.0) -> WindowPlan:
    """The windows that an accelerator of such an identity computes `points` points with.

    `window`, `at_once` and `sending`: see `hdl.windows.best_plan`. Raises ValueError where they do
    not fit its mailboxes.
    """
    return best_plan(SCALAR_BITS, max(1, points), (1 << identity["mailbox_bits"]) // group.degree,
                     identity["units"], 0 if window is None else window,
                     0 if at_once is None else at_once, sending)


@dataclass
class _Loaded:
    """Points of one `Bases`: the originals, and where each accelerator holds them."""

    points: Limbs
    addresses: dict[int, int] = field(default_factory=dict)


class LanesDevice:
    """Accelerators side by side: every job goes to the next one that is free, the longest first.

    Points are loaded onto an accelerator with the first job that needs them there. Where the
    accelerators have no datapath, the values come from mcl and the cycles from the accelerator:
    time depends on the scalars' digits, not on the points.

    `window` forces the window width and `at_once` the number of windows computed in one pass; None
    chooses those with the fewest additions. `finish_on_chip` False combines the groups of the last
    level here, as is done anyway for accelerators without a finisher.
    """

    def __init__(self, name: str, accelerators: Sequence[Accelerator],
                 window: int | None = None, at_once: int | None = None,
                 finish_on_chip: bool = True) -> None:
        self._name, self.accelerators = name, list(accelerators)
        self.finish_on_chip = finish_on_chip
        self.window, self.at_once = window, at_once
        self._pool = ThreadPoolExecutor(len(self.accelerators), "proofmill-lane")

    @property
    def name(self) -> str:
        return self._name

    @property
    def clock_hz(self) -> int:
        """The clock rate that the accelerators state; 0 where they state none, in simulation."""
        return self.accelerators[0].identity["clock_hz"]

    def load(self, group: Group, points: Limbs) -> Bases:
        """Keep `points`, shape (n, 8) or (n, 16), for later jobs."""
        check_points(group, points)
        return Bases(group=group, count=len(points), handle=_Loaded(points))

    def plan(self, job: Job) -> WindowPlan:
        """The windows a job is computed with: those that take the least time, over a line too."""
        first, group = self.accelerators[0], job.bases.group
        sending = first.link.scalar_seconds * self.clock_hz / first.interval(group)
        return plan_of(first.identity, group, job.bases.count, self.window, self.at_once, sending)

    def run(self, jobs: Sequence[Job], progress: Progress | None = None) -> list[Result]:
        """Compute every job; see `Device.run`.

        `progress` counts points, a G2 point as three, once for every pass.
        """
        check_jobs(jobs)
        weights = [3 if job.bases.group is Group.G2 else 1 for job in jobs]
        works = [weight * job.bases.count * len(list(self.plan(job).passes))
                 for weight, job in zip(weights, jobs, strict=True)]
        total = sum(works)
        waiting = sorted(range(len(jobs)), key=works.__getitem__)
        results: dict[int, Result] = {}
        lock, stop = threading.Lock(), threading.Event()
        done = 0

        def tell(points: int) -> None:
            nonlocal done
            if stop.is_set():
                raise KeyboardInterrupt
            with lock:
                done += points
                if progress is not None:
                    progress(done, total)

        def tell_weighted(weight: int, points: int) -> None:
            tell(weight * points)

        def lane(number: int) -> None:
            while not stop.is_set():
                with lock:
                    if not waiting:
                        return
                    index = waiting.pop()
                results[index] = self._compute(
                    number, jobs[index], partial(tell_weighted, weights[index]))

        tell(0)
        running = [self._pool.submit(lane, number) for number in range(len(self.accelerators))]
        try:
            for future in running:
                future.result()
        except BaseException:
            # Ctrl-C, or a lane that failed: the others stop at their next word.
            stop.set()
            for future in running:
                future.exception()
            for accelerator in self.accelerators:
                accelerator.link.reset()
            raise
        return [results[n] for n in range(len(jobs))]

    def _compute(self, number: int, job: Job, tell: Callable[[int], None]) -> Result:
        accelerator, group = self.accelerators[number], job.bases.group
        loaded: _Loaded = job.bases.handle
        if number not in loaded.addresses:
            loaded.addresses[number] = accelerator.load(to_device(group, loaded.points))
        answer = accelerator.multiply(
            group, loaded.addresses[number], job.scalars, self.plan(job), tell,
            finish=self.finish_on_chip)
        if accelerator.identity["datapath"]:
            point = finish(group, answer) if answer.point is None else answer.point
            if (first_not_canonical(group, point.reshape(1, -1)) is not None
                    or not on_curve(group, point.reshape(1, -1))[0]):
                raise DeviceError(f"{self.name} gave a sum that is no point of {group.value}; the "
                                  "device computes wrongly, so use another one")
        else:
            point = multi_scalar_multiplication(group, loaded.points, job.scalars)
        counters = answer.counters
        log.debug("%s, lane %d: %d points of %s, counters %s", self.name, number, job.bases.count,
                  group.value, counters)
        return Result(point=point, device=self.name, counters=counters,
                      cycles=counters["fill"] + counters["sum"] + counters["output"]
                      + counters["finish"],
                      digits=counters["digits"])

    def close(self) -> None:
        """End the threads and close the links."""
        self._pool.shutdown()
        for accelerator in self.accelerators:
            accelerator.close()
