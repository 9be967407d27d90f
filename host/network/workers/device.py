"""The workers of a node as one device: sums in chunks by ranges of their points, or whole proofs.

Whose answers are right? A proof is: it is verified. The sums of a proof are checked by that proof:
if it verifies, they are right as far as anybody can tell. If it does not, each chunk is computed
here again, by this machine's processor, and the worker whose sum differs is put aside by name; with
the right sums the proof is made after all (`checked`). So the check of what is right costs nothing.
A check of each single sum by a second, secretly blinded set of points would be sound as well, but
every worker would have to compute twice as much, always; a chunk that is computed here again costs
once what it would have cost without workers, and only after somebody has lied.
"""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.workers.book import Answered
from proofmill.host.network.workers.farm import Farm
from proofmill.host.network.workers.wire import PROOF, SUM, VERSION, Answer, Task, make_task
from proofmill.host.network.workers.work import read_point, read_proof
from proofmill.host.prover.curve.arithmetic import add
from proofmill.host.prover.curve.limbs import Limbs, from_limbs
from proofmill.host.prover.curve.points import infinity
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import Bases, DeviceError, Job, Progress, Result
from proofmill.host.prover.devices.inputs import check_jobs, check_points
from proofmill.host.prover.devices.usual import usual_longest
from proofmill.host.prover.groth16.prove import ProofResult
from proofmill.host.prover.groth16.proving_key import ProvingKey
from proofmill.host.prover.groth16.verify import verify
from proofmill.host.prover.groth16.zkey import zkey_content

NAME = "workers"
FIRST_SECONDS = 120.0
LEAST_SECONDS = 10.0
FACTOR = 4
"""What has taken so many times what it usually takes at most is given up."""
REMEMBERED = 256
LIARS = 8
"""Wrong proofs in a row before the workers are given up."""


@dataclass(frozen=True)
class Range:
    """Points `start` to `stop` - 1, which the blob `address` has."""

    address: str
    start: int
    stop: int


@dataclass(frozen=True)
class Divided:
    """Points in ranges, and all of them, for a check on this machine."""

    ranges: tuple[Range, ...]
    points: Limbs


class Patience:
    """How long workers may take, by what they have taken."""

    def __init__(self, first: float = FIRST_SECONDS) -> None:
        self._first = first
        self._measured: deque[float] = deque(maxlen=REMEMBERED)

    @property
    def seconds(self) -> float:
        """From now on."""
        if not self._measured:
            return self._first
        return max(LEAST_SECONDS, FACTOR * usual_longest(list(self._measured)))

    def took(self, seconds: float) -> None:
        """Once more."""
        self._measured.append(seconds)


class WorkersDevice:
    """Multi-scalar multiplication on a node's workers. May be used from several threads at once."""

    name = NAME

    def __init__(self, farm: Farm, chunk: int, first_seconds: float = FIRST_SECONDS) -> None:
        """`farm`: the workers, which are closed with this. `chunk`: points of a range at most;
        `first_seconds`: what the first sums may take."""
        self._farm, self._chunk = farm, chunk
        self._patience = Patience(first_seconds)

    def load(self, group: Group, points: Limbs) -> Bases:
        """Divide `points` into ranges, which workers fetch when they need them."""
        check_points(group, points)
        ranges = []
        for start in range(0, len(points), self._chunk):
            piece = np.ascontiguousarray(points[start:start + self._chunk])
            ranges.append(Range(self._farm.keep(piece.tobytes()), start, start + len(piece)))
        return Bases(group, len(points), Divided(tuple(ranges), np.array(points)))

    def run(self, jobs: Sequence[Job], progress: Progress | None = None) -> list[Result]:
        """Compute every job on the workers that are there. DeviceError where they do not answer."""
        check_jobs(jobs)
        divided = [self._tasks(job) for job in jobs]
        tasks = list(dict.fromkeys(task for several in divided for task in several))
        total, done = sum(task.count for task in tasks), 0

        def told(task: Task) -> None:
            nonlocal done
            done += task.count
            if progress is not None:
                progress(done, total)

        begun = time.monotonic()
        if progress is not None:
            progress(0, total)
        answers = dict(zip((task.identity for task in tasks), self._farm.compute(
            tasks, self._patience.seconds, told), strict=True))
        self._patience.took(time.monotonic() - begun)
        return [self._result(job.bases.group, [answers[task.identity] for task in several])
                for job, several in zip(jobs, divided, strict=True)]

    def checked(self, jobs: Sequence[Job]) -> list[Result]:
        """What the jobs' sums are, each chunk by this machine's processor; workers that have
        answered otherwise are put aside."""
        processor = CpuDevice()
        results = []
        try:
            for job in jobs:
                parts = []
                for task, place in zip(self._tasks(job), job.bases.handle.ranges, strict=True):
                    right = self._right(processor, job, place, task)
                    given = self._farm.answered(task.identity)
                    if given is not None and given.answer.result != right.answer.result:
                        self._farm.refuse(given.worker, (
                            f"computed a wrong sum over points {place.start} to {place.stop - 1} "
                            f"in {job.bases.group.value} (task {task.identity})"))
                    self._farm.correct(right)
                    parts.append(right)
                results.append(self._result(job.bases.group, parts))
        finally:
            processor.close()
        return results

    def close(self) -> None:
        """End the farm: nobody waits for workers any more."""
        self._farm.close()

    def _tasks(self, job: Job) -> list[Task]:
        scalars = np.ascontiguousarray(job.scalars)
        divided: Divided = job.bases.handle
        return [make_task(SUM, job.bases.group.degree, each.address, each.stop - each.start,
                          scalars[each.start:each.stop].tobytes())
                for each in divided.ranges]

    def _right(self, processor: CpuDevice, job: Job, place: Range, task: Task) -> Answered:
        divided: Divided = job.bases.handle
        bases = processor.load(job.bases.group, divided.points[place.start:place.stop])
        begun = time.monotonic()
        (result,) = processor.run([Job(bases, job.scalars[place.start:place.stop])])
        return Answered("", Answer(
            VERSION, task.identity, result.point.tobytes(), "", processor.name,
            time.monotonic() - begun))

    def _result(self, group: Group, answers: Sequence[Answered]) -> Result:
        """The sum of the chunks. One that is no point is its worker's lie: DeviceError."""
        points = [infinity(group)]
        for each in answers:
            point = read_point(group, each.answer.result)
            if point is None:
                self._farm.forget(each.answer.identity)
                self._farm.refuse(each.worker, "answered with what is no point of the group")
                raise DeviceError(f"{NAME}: {each.worker} answered with what is no point of the "
                                  "group, and is put aside")
            points.append(point)
        return Result(add(group, *points), sum(each.answer.cycles for each in answers),
                      sum(each.answer.digits for each in answers), NAME)


class ProvingWorkers(WorkersDevice):
    """The workers where each makes proofs by itself."""

    def prover(self, key: ProvingKey) -> "WholeProofs":
        """What proves with `key`."""
        return WholeProofs(self._farm, key)


class WholeProofs:
    """Proofs with one key, each made by one worker and verified here."""

    def __init__(self, farm: Farm, key: ProvingKey) -> None:
        self._farm, self._key = farm, key
        self._address = farm.keep(b"".join(map(bytes, zkey_content(key))))
        self._patience = Patience()

    def prove(self, witness: Limbs) -> ProofResult:
        """A verified proof. A worker whose proof is none is put aside, and another asked.

        DeviceError where no worker answers in time, or several could not; whether the witness is
        wrong is for another device to say.
        """
        begun = time.monotonic()
        witness = np.ascontiguousarray(witness)
        if len(witness) != self._key.wires:
            raise ProofmillError(f"the witness has {len(witness)} values, {self._key.name} is for "
                                 f"{self._key.wires}")
        public = from_limbs(witness[1:self._key.public + 1])
        task = make_task(PROOF, 1, self._address, self._key.wires, witness.tobytes())
        news: list[str] = []
        for _ in range(LIARS):
            (answered,) = self._farm.compute([task], self._patience.seconds)
            proof = read_proof(answered.answer.result)
            if proof is not None and verify(self._key.verification_key, public, proof):
                break
            self._farm.forget(task.identity)
            self._farm.refuse(answered.worker, f"its proof (task {task.identity}) is not valid")
            news.append(f"worker {answered.worker} answered with a proof that is not valid; it is "
                        "put aside")
        else:
            raise DeviceError(f"{NAME}: {LIARS} workers in a row answered with a proof that is not "
                              "valid")
        self._patience.took(time.monotonic() - begun)
        return ProofResult(
            proof=proof, public=public, device=NAME, faults=(), news=tuple(news), calls=5,
            calls_on_device=5, cycles=answered.answer.cycles, transform_cycles=0,
            closing_cycles=0,
            digits=answered.answer.digits, seconds=time.monotonic() - begun)
