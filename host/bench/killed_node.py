"""A node's part that proves, as a process that may be killed at any moment: job log, runner, farm.

Its jobs are sums. The chain is a file that notes every submission, twice where it comes twice.
"""

import sqlite3
import sys
import threading
import time
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

from proofmill.hdl.curve import Group
from proofmill.host.bench.bench_jobs import BenchWork, job_key
from proofmill.host.bench.busy import farm_in, inputs
from proofmill.host.network.node.jobs import JobRunner
from proofmill.host.network.node.store import JobKey, JobStore, LoggedJob
from proofmill.host.network.workers.farm import Farm
from proofmill.host.network.workers.wire import SUM, make_task
from proofmill.host.network.workers.work import read_point
from proofmill.host.prover.curve.limbs import Limbs

POINTS = 64
NAMES = ("a", "b")
"""Of the workers."""
LEASE_SECONDS = 1
JOBS_AT_ONCE = 4
ANSWER_SECONDS = 120.0
PATIENCE_SECONDS = 0.02
ENOUGH = "enough"
"""A file in its folder, after which no job is begun any more."""


class SumWork(BenchWork):
    """What is done for a job: a sum by the farm, and its submission."""

    def __init__(self, farm: Farm, chain: Path) -> None:
        self._farm = farm
        self._chain = sqlite3.connect(chain, timeout=30, isolation_level=None)
        self._making: dict[JobKey, Future[bytes]] = {}
        self._bases, self._scalars = inputs(POINTS)
        self._address = farm.keep(self._bases.tobytes())

    def witness(self, job: LoggedJob) -> Limbs:
        """The scalars, other ones for each job."""
        scalars = self._scalars.copy()
        scalars[0, 0] = job.slot
        return scalars

    def prove(self, job: LoggedJob, witness: Limbs) -> None:
        """Ask the farm, beside this."""
        made: Future[bytes] = Future()
        self._making[job.key] = made

        def ask() -> None:
            try:
                (answered,) = self._farm.compute([make_task(
                    SUM, 1, self._address, POINTS, witness.tobytes())], ANSWER_SECONDS)
                made.set_result(answered.answer.result)
            except Exception as error:
                made.set_exception(error)

        threading.Thread(target=ask, daemon=True).start()

    def proof(self, job: LoggedJob) -> bytes:
        """The sum."""
        return self._making.pop(job.key).result()

    def verify(self, job: LoggedJob, proof: bytes) -> bool:
        """Whether it is a point; the bench compares it."""
        return read_point(Group.G1, proof) is not None

    def landed(self, job: LoggedJob) -> bool:
        """Whether the chain has it."""
        return bool(self._chain.execute("SELECT 1 FROM submissions WHERE job = ?",
                                        (job.slot,)).fetchone())

    def broadcast(self, job: LoggedJob, signed: bytes) -> None:
        """Submit it."""
        self._chain.execute("INSERT INTO submissions (job, point) VALUES (?, ?)",
                            (job.slot, signed))


def main(place: str, port: str) -> None:
    """Do jobs 0, 1 and so on, some at a time, from where the log says, until it is enough."""
    folder = Path(place)
    store = JobStore(folder / "jobs.sqlite")
    with closing(store), farm_in(folder, NAMES, LEASE_SECONDS, int(port)) as farm:
        work = SumWork(farm, folder / "chain.sqlite")
        runner = JobRunner(store, work)
        runner.resume()
        print("runs", flush=True)
        while True:
            open_jobs = store.unfinished()
            seen, enough = len(store.jobs()), (folder / ENOUGH).exists()
            if enough and not open_jobs:
                return
            for number in range(seen, seen + (0 if enough else JOBS_AT_ONCE - len(open_jobs))):
                store.see(job_key(number), number)
            for job in store.unfinished():
                runner.run(job.key)
            time.sleep(PATIENCE_SECONDS)


if __name__ == "__main__":
    main(*sys.argv[1:])
