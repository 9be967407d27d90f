"""One large proof in pieces over workers that are processes of their own, on the real queue."""

import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from proofmill.host.bench.busy import LEASE_SECONDS, THERE_SECONDS
from proofmill.host.bench.circuits import chain
from proofmill.host.bench.nursery import Nursery
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.network.workers.access import read_access
from proofmill.host.network.workers.blobs import Kept
from proofmill.host.network.workers.book import BOOK, Answered
from proofmill.host.network.workers.device import WorkersDevice
from proofmill.host.network.workers.farm import Farm
from proofmill.host.network.workers.server import Server
from proofmill.host.network.workers.wire import Task
from proofmill.host.network.workers.work import Bench
from proofmill.host.network.workers.worker import Worker
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.groth16.prove import ProofResult, Prover
from proofmill.host.prover.groth16.setup import development_setup
from proofmill.host.prover.groth16.verify import verify

Tell = Callable[[str, int, int], None]
"""Told (what is being done, steps done, steps in all)."""
SEED = bytes(32)
KEPT_BYTES = 4 << 30
"""As of a worker that is begun with its defaults."""
WAIT_SECONDS = 3600.0
"""What the first proof may take, for which workers fetch the key."""


class CountedFarm(Farm):
    """Knows whose answers were taken: `answers`, by worker."""

    def __init__(self, book: Path, server: Server, lease_seconds: float, program: str) -> None:
        self.answers: Counter[str] = Counter()
        super().__init__(book, server, lease_seconds, program)

    def compute(self, tasks: Sequence[Task], seconds: float,
                done: Callable[[Task], None] | None = None) -> list[Answered]:
        """As a farm does."""
        found = super().compute(tasks, seconds, done)
        self.answers.update(each.worker for each in found)
        return found


def spread(power: int, workers: int, piece: int, tell: Tell) -> JsonObject:
    """Prove a chain of 2^power - 2 constraints, whose key fills the domain of 2^power, over
    `workers` workers in pieces of `piece` points; then another witness of it, for which they have
    the key; then that by this process alone.

    `answers`: pieces taken of each worker. The proofs are verified. Raises `ProofmillError` where
    one of them is not valid, or no worker comes.
    """
    constraints = (1 << power) - 2
    names = [f"worker-{number}" for number in range(workers)]
    tell("making the key", 0, 0)
    circuit, first = chain(constraints)
    _, second = chain(constraints, 2)
    with tempfile.TemporaryDirectory(prefix="proofmill-spread-") as place, \
            Nursery((__name__,)) as nursery:
        folder = Path(place)
        path = folder / "chain.zkey"
        key = development_setup(circuit, path, SEED, tell)
        with CountedFarm(folder / BOOK, Server(folder / "workers", "bench", names, port=0),
                         LEASE_SECONDS, "bench") as farm:
            children = [nursery.begin(
                __name__, [str(folder / "workers" / f"{name}.json"), str(folder / f"kept-{name}")],
                folder / f"{name}.log") for name in names]
            try:
                _wait(farm, workers)
                prover = Prover(key, WorkersDevice(farm, piece, WAIT_SECONDS))

                def proved(prover: Prover, witness: Limbs, what: str) -> tuple[ProofResult, float]:
                    begun = time.monotonic()
                    result = prover.prove(
                        witness, lambda done, total: tell(what, done, total))
                    if not verify(key.verification_key, result.public, result.proof):
                        raise ProofmillError(f"{what}: the proof is not valid; please report it")
                    return result, round(time.monotonic() - begun, 3)

                _, fetching = proved(prover, first, "proving, and handing out the key")
                before = Counter(farm.answers)
                result, again = proved(prover, second, "proving again")
                with closing(CpuDevice()) as processor:
                    alone = Prover(key, processor)
                    alone.load()
                    _, by_processor = proved(alone, second, "proving without workers")
            finally:
                for child in children:
                    child.kill()
        return {"constraints": constraints, "wires": key.wires,
                "key_bytes": path.stat().st_size, "workers": workers, "piece": piece,
                "pieces": sum((farm.answers - before).values()),
                "answers": dict(sorted((farm.answers - before).items())),
                "device": result.device, "first_seconds": fetching, "seconds": again,
                "alone_seconds": by_processor}


def _wait(farm: Farm, workers: int) -> None:
    deadline = time.monotonic() + THERE_SECONDS
    while len(farm.workers()) < workers:
        if time.monotonic() > deadline:
            raise ProofmillError(
                f"{len(farm.workers())} of {workers} workers came within {THERE_SECONDS:.0f} s; "
                "try again when the machine has less to do")
        time.sleep(0.05)


def main(access: str, kept: str) -> None:
    """A worker on the processor, as a process of its own."""
    def opened() -> CpuDevice:
        processor = CpuDevice()
        processor.prepare()
        return processor

    worker = Worker(read_access(access), [Bench(opened)], Kept(Path(kept), KEPT_BYTES), "bench")
    asyncio.run(worker.run())


if __name__ == "__main__":
    main(*sys.argv[1:])
