"""How fast the RTL is simulated, beside the golden model in plain Python."""

import random
import time

from proofmill.hdl.curve import BN254, Group
from proofmill.host.bench.msm import measure
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.prover.devices.catalogue import BuildProgress, open_device
from proofmill.sim.curve import complete_sum


def golden_additions_per_second(seconds: float = 1.0) -> float:
    """Complete additions of BN254 G1 points a second by `sim.curve`, over about `seconds`."""
    rng, modulus = random.Random(1), BN254.base.modulus
    points = [tuple((rng.randrange(modulus),) for _ in range(3)) for _ in range(64)]
    done, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        for p, q in zip(points, reversed(points), strict=True):
            complete_sum(BN254, Group.G1, p, q)  # type: ignore[arg-type]
        done += len(points)
    return done / (time.perf_counter() - start)


def simulation_speed(points: int = 4096, rounds: int = 3,
                     progress: BuildProgress | None = None) -> JsonObject:
    """Additions a second of one simulated accelerator on one core, and of the golden model.

    The two take turns, `rounds` times each; the medians are compared, so that other work on the
    machine weighs on both.
    """
    device = open_device("rtl", lanes=1, progress=progress)
    rtl, golden, cycles = [], [], []
    try:
        for _ in range(rounds):
            figures = measure(device, Group.G1, points, "uniform")
            rtl.append(figures["additions_per_second"])
            taken = sum(figures[name] for name in ("cycles", "output", "finish"))
            cycles.append(taken / figures["seconds"])
            golden.append(golden_additions_per_second())
    finally:
        device.close()
    middle = rounds // 2
    rtl_median, golden_median = sorted(rtl)[middle], sorted(golden)[middle]
    return {
        "rtl_additions_per_second": rtl_median, "golden_additions_per_second": golden_median,
        "ratio": rtl_median / golden_median, "cycles_per_second": sorted(cycles)[middle],
        "points": points, "rounds": rounds}
