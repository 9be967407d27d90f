"""A node by a clock that waits for nobody: days of slots in hours, and what they take of memory.

The node is that of ``proofmill node run``, with its files, devices and interfaces; only its time is
another. A step of the clock is due as soon as the node has done the one before and its device has
come to the end of its proof, so slots follow each other as fast as this machine can do them.
"""

import asyncio
import gc
import time
from collections.abc import Callable
from pathlib import Path

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.network.operator.new import NewChain, make_chain
from proofmill.host.network.operator.prepared import Prepared, prepared
from proofmill.host.network.operator.running import RunningNode
from proofmill.host.network.operator.settings import read_settings
from proofmill.host.prover.circuits.rollup.size import SMALLEST
from proofmill.host.prover.groth16.proving_key import ProvingKey

SLOT_MS = 12_000
SAMPLES = 96
"""Of memory in a run, evenly spread."""
WARM_SHARE = 0.25
"""Of the run, at whose beginning memory may grow: caches fill, and the first epochs become
final."""
FLAT = 0.05
"""How much more than the least of the rest the most of it may be."""
GENESIS = 1_000_000_000.0
"""Unix time of the run's first slot."""
Progress = Callable[[int, int], None]


class HurriedTime:
    """A `running.Timekeeper` for so many slots."""

    def __init__(self, slots: int, begun: int = 0) -> None:
        """A second before the slot `begun`."""
        self.node: RunningNode | None = None
        self._slots, self._now = slots, GENESIS + begun * SLOT_MS / 1000 - 1.0

    def now(self) -> float:
        """When the last step was due."""
        return self._now

    async def until(self, due: float, stop: asyncio.Event) -> bool:
        """Let the device end, then it is that time."""
        assert self.node is not None and self.node.node is not None
        while self.node.node.traffic().proving and not stop.is_set():
            await asyncio.sleep(0.001)
        if due >= GENESIS + self._slots * SLOT_MS / 1000:
            stop.set()
        if stop.is_set():
            return False
        self._now = max(self._now, due)
        return True


def resident_bytes() -> int:
    """The memory of this process that is in use, as Linux counts it."""
    try:
        text = Path("/proc/self/status").read_text("ascii")
    except OSError as error:
        raise ProofmillError("the memory of a process is read in /proc, which this system does not "
                             "have; run it on Linux") from error
    return next(int(line.split()[1]) * 1024 for line in text.splitlines()
                if line.startswith("VmRSS:"))


def soak(folder: Path, slots: int, key: ProvingKey, progress: Progress | None = None) -> JsonObject:
    """Run a node of 64 validators and a prover for `slots` in `folder`; what came of it.

    `restart_seconds`: until the node, begun once more, is at its head again and listens, by its
    final state and the `restart_blocks` after it.
    `series`: memory in bytes by slot. `growth`: the most over the least of it after the first
    `WARM_SHARE` of the run, less 1. `key`: of the smallest block circuit.
    """
    home = folder / "mill"
    make_chain(home, NewChain(
        name="soak", nodes=1, provers=1, validators=64, genesis_seconds=GENESIS,
        slot_milliseconds=SLOT_MS, seed=0, size=SMALLEST, devices=["cpu"], first_port=0,
        sign_transfers=True), key)
    config = home / "node-0" / "node.toml"
    settings = read_settings(config, {
        f"PROOFMILL_{table}_PORT": "0" for table in ("NETWORK", "METRICS", "MINER", "API")})
    ready = prepared(settings, config.parent, "soak")
    found = watched(ready, slots, progress)
    seconds, blocks = begun_again(ready, int(found["slots"]))
    return found | {"restart_seconds": seconds, "restart_blocks": blocks}


def begun_again(ready: Prepared, slots: int) -> tuple[float, int]:
    """Begin a node that has passed so many slots, and end it; seconds until it listens, and how
    many blocks it has checked for that."""
    clock = HurriedTime(slots, slots)
    seen: list[float] = []
    node = clock.node = RunningNode(
        ready, on_ready=lambda node, port: seen.append(time.perf_counter()), time_of=clock)
    start = time.perf_counter()
    asyncio.run(node.run())
    assert node.watch is not None
    begun = [event.fields for event in node.watch.latest.events if event.kind == "start"][-1]
    return seen[0] - start, int(begun["blocks"])


def watched(ready: Prepared, slots: int, progress: Progress | None = None) -> JsonObject:
    """`soak` of a node that is there already."""
    clock, samples = HurriedTime(slots), _samples(slots)
    series: list[tuple[int, int]] = []

    def on_step(node: RunningNode) -> None:
        if node.slot in samples:
            samples.remove(node.slot)
            gc.collect()
            series.append((node.slot, resident_bytes()))
        if progress is not None:
            progress(min(node.slot + 1, slots), slots)

    node = clock.node = RunningNode(ready, on_step=on_step, time_of=clock)
    start = time.perf_counter()
    asyncio.run(node.run())
    seconds = time.perf_counter() - start
    assert node.watch is not None
    figures = node.watch.latest
    done = int(figures.of("slot")) + 1
    rest = [size for slot, size in series if slot >= WARM_SHARE * slots] or [resident_bytes()]
    growth = max(rest) / min(rest) - 1
    return {
        "slots": done, "simulated_hours": done * SLOT_MS / 3_600_000, "seconds": seconds,
        "seconds_a_slot": seconds / max(1, done),
        "finalized_epoch": int(figures.of("finalized_epoch")),
        "blocks_proposed": int(figures.of("blocks_proposed")),
        "proofs_accepted": int(figures.of("proofs_accepted")),
        "proofs_rejected": int(figures.of("proofs_rejected")),
        "skipped_steps": int(figures.of("skipped_steps")),
        "series": [{"slot": slot, "resident_bytes": size} for slot, size in series],
        "warm_slots": int(WARM_SHARE * slots), "least_bytes": min(rest), "most_bytes": max(rest),
        "growth": growth, "flat": done >= slots and growth <= FLAT}


def _samples(slots: int) -> set[int]:
    count = min(SAMPLES, slots)
    return {(number + 1) * slots // count - 1 for number in range(count)}
