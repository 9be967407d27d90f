"""The exact cycles of sums by simulating an accelerator's control, without values."""

import random
from collections.abc import Callable, Sequence

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.hdl.msm import MsmShape
from proofmill.hdl.presets import control_only
from proofmill.hdl.windows import WindowPlan
from proofmill.host.prover.curve.limbs import to_limbs
from proofmill.host.prover.devices.accelerator import Accelerator
from proofmill.sim.verilated import Simulation, build


def simulated_cycles(shape: MsmShape, plan: WindowPlan, points: int,
                     building: Callable[[str, int, int], None],
                     tell: Callable[[int, int], None],
                     instead: Callable[[int], Sequence[int]] | None = None) -> int:
    """Cycles of one sum of `points` points of G1 and uniform scalars, bucket sums included.

    `building` is told what is being built, `tell` the points that are done. A simulation is built
    once, which takes a minute, and kept. `instead`: scalars of further points and this one, by
    which a point's scalar is replaced.
    """
    curve, rng, done = shape.adder.curve, random.Random(0), 0
    gateware, library = build(control_only(shape), building)
    accelerator = Accelerator(Simulation(library), gateware.identity)

    def progress(more: int) -> None:
        nonlocal done
        done += more
        tell(done, points * len(plan.passes))

    try:
        # Coordinates do not matter to the control, but an infinite point would be skipped.
        drawn = [rng.randrange(1, curve.scalar.modulus) for _ in range(points)]
        if instead is not None:
            drawn = [each for scalar in drawn for each in instead(scalar)]
        address = accelerator.load(np.ones(
            (len(drawn) * plan.copies, curve.point_words(Group.G1)), dtype=np.uint64))
        scalars = to_limbs(drawn)
        counters = accelerator.multiply(Group.G1, address, scalars, plan, progress,
                                        stored=plan.stride).counters
    finally:
        accelerator.close()
    return counters["fill"] + counters["sum"]
