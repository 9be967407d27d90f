"""One multi-scalar multiplication on a device, checked against an independent computation."""

import logging
import random
import time
from collections.abc import Callable

import numpy as np

from proofmill.hdl.cost import multiplier_blocks
from proofmill.hdl.curve import Group
from proofmill.hdl.point_adder import AdderShape
from proofmill.hdl.windows import WindowPlan
from proofmill.host.bench.batches import BLOCK
from proofmill.host.bench.kinds import BASES, KINDS
from proofmill.host.bench.known import ON_BN254, Known
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.prover.curve.limbs import Limbs, to_limbs
from proofmill.host.prover.devices.device import Bases, Device, Job, Progress
from proofmill.host.prover.devices.lanes import LanesDevice, machine_of

log = logging.getLogger(__name__)

USUAL = WindowPlan(ON_BN254.curve.scalar.bits, 8)
"""The windows that scalars are made for where the device has none."""


BARS = {(Group.G1, 1024): 175_000, (Group.G1, 4096): 550_000, (Group.G2, 4096): 1_350_000}
"""Cycles that are wanted at the most of so many points with random scalars, where sums are made in
batches."""

PRODUCTS_BARS = {Group.G1: 6.4, Group.G2: 15.5}
"""... and products of an addition."""

BLOCKS_BARS = {4096: 1_750, 16_384: 1_700}
"""DSP blocks of AMD UltraScale+ times cycles of an addition that are wanted at the most of so many
points of G1 with random scalars, where sums are made in batches."""


def scalars_of(kind: str, count: int, rng: random.Random, plan: WindowPlan = USUAL,
               order: int = ON_BN254.order) -> list[int]:
    """`count` scalars of a kind, below the group's order; "bucket" is of the windows of `plan`."""
    draws: dict[str, Callable[[], int]] = {}
    one, other = rng.randrange(order), rng.randrange(order)
    digit = 5 if plan.window > 4 else 1  # positive in windows of one bit less, too
    same_digit = sum(digit << plan.position(n) for n in range(plan.digits - 1))
    draws["uniform"] = lambda: rng.randrange(order)
    draws["equal"] = lambda: one
    draws["two"] = lambda: rng.choice((one, other))
    draws["binary"] = lambda: rng.randrange(2)
    draws["hot"] = lambda: one if rng.random() < 0.9 else rng.randrange(order)
    draws["bucket"] = lambda: same_digit
    draws["small"] = lambda: rng.randrange(1 << 16)
    draws["witness"] = lambda: draws[rng.choices(
        ("binary", "small", "uniform"), (7, 1, 2))[0]]()
    if kind not in draws:
        raise ProofmillError(f"there are no scalars {kind!r}; they are {', '.join(KINDS)}")
    return [draws[kind]() for _ in range(count)]


def bases_of(kind: str, group: Group, count: int, rng: random.Random,
             known: Known = ON_BN254) -> tuple[Limbs, list[int]]:
    """`count` points of a kind, as in a file, and their discrete logarithms."""
    order = known.order
    if kind == "random":
        logarithms = [rng.randrange(1, order) for _ in range(count)]
    elif kind == "repeated":
        logarithms = [rng.randrange(1, order)] * count
    elif kind == "cancelling":
        one = rng.randrange(1, order)
        logarithms = [one if n % 2 == 0 else order - one for n in range(count)]
    elif kind == "infinity":
        logarithms = [0 if n % 4 == 0 else rng.randrange(1, order) for n in range(count)]
    else:
        raise ProofmillError(f"there are no points {kind!r}; they are {', '.join(BASES)}")
    return known.multiples(group, logarithms), logarithms


def _bring_points(device: Device, loaded: Bases) -> None:
    """Let every lane have the points, and copies of them, before time is taken: that is once a key.
    A job of zeros takes them along and computes nothing."""
    lanes = len(device.accelerators) if isinstance(device, LanesDevice) else 1
    device.run([Job(loaded, to_limbs([0] * loaded.count))] * lanes)


def measure(device: Device, group: Group, points: int, kind: str, bases: str = "random",
            seed: int = 0, progress: Progress | None = None,
            known: Known = ON_BN254) -> JsonObject:
    """Compute one product on the curve of `known` and check it; return the figures.

    The points are known multiples of the generator, so the sum must be the generator times
    ``sum(logarithm * scalar)``: one scalar multiplication, which shares nothing with the
    device's way. `cycles` counts recoding, filling and bucket sums; `output` the handing out of
    groups and `finish` their combination on the chip, apart. ``ratio = cycles / (digits *
    interval)``: 1 is the bound of one adder; `adder_busy` is the part of `cycles` that additions
    take, or their products where they are made in batches; of these `products_per_addition` says
    how many.
    """
    if points < 1:
        raise ProofmillError(f"{points} points: there must be at least one")
    rng = random.Random(seed)
    order = known.order
    base_points, logarithms = bases_of(bases, group, points, rng, known)
    loaded = device.load(group, base_points)
    plan = USUAL
    if isinstance(device, LanesDevice) and kind == "bucket":
        (plan,) = device.plans([Job(loaded, to_limbs([order - 1] * points))])
    values = scalars_of(kind, points, rng, plan, order)
    job = Job(loaded, to_limbs(values))
    if isinstance(device, LanesDevice):
        (plan,) = device.plans([job])
    _bring_points(device, loaded)
    start = time.perf_counter()
    result = device.run([job], progress)[0]
    seconds = time.perf_counter() - start
    if isinstance(device, LanesDevice):
        device.unload(loaded)
    log.info("%s: %d points of %s, %s scalars, %.3f s", device.name, points, group.value, kind,
             seconds)
    total = sum(k * s for k, s in zip(logarithms, values, strict=True)) % order
    expected = known.multiples(group, [total])[0]
    if not np.array_equal(result.point, expected):
        raise ProofmillError(
            f"{device.name} computed a wrong sum for {points} {kind} scalars on {bases} points "
            f"(seed {seed}): {result.point.tolist()}; please report it")
    figures: JsonObject = {
        "device": device.name, "curve": known.curve.name, "group": group.value,
        "points": points, "scalars": kind, "bases": bases, "seed": seed, "seconds": seconds}
    if result.counters:
        first = device.accelerators[0]  # type: ignore[attr-defined]
        interval = first.interval(group)
        slot = machine_of(first.identity, group).slot
        counters = result.counters
        cycles = counters["fill"] + counters["sum"]
        figures |= {
            "window": plan.window, "sets": plan.windows, "copies": plan.copies,
            **({"base": plan.base} if plan.base else {}),
            "passes": len(plan.passes),
            "cycles": cycles, "digits": counters["digits"], "interval": interval,
            "ratio": cycles / (counters["digits"] * interval) if counters["digits"] else 0.0,
            "output": counters["output"], "finish": counters["finish"],
            "additions": counters["additions"],
            "adder_busy": ((counters["additions"] - counters["batched"]) * interval
                           + counters["products"] * slot) / cycles if cycles else 0.0,
            **({} if not counters["batched"] else {
                "batched": counters["batched"],
                "products_per_addition": counters["products"] / counters["batched"],
                "products_bar": PRODUCTS_BARS[group],
                **({"bar": BARS[group, points]}
                   if kind == "uniform" and known is ON_BN254 and (group, points) in BARS
                   else {})}),
            "additions_per_second": counters["additions"] / seconds, "counters": counters}
    return figures


def blocks(adder: AdderShape, figures: JsonObject) -> JsonObject:
    """What a sum that `measure` has measured on an accelerator with this adder took of a chip, as
    the cost model counts blocks: ``DSP * cycles / additions``, with all cycles, those of bucket
    sums and of waiting too, over all additions. Empty where there was no addition."""
    if not figures.get("counters", {}).get("additions"):
        return {}
    dsp = multiplier_blocks(adder, BLOCK)
    barred = (adder.curve is ON_BN254.curve and figures["group"] == Group.G1.value
              and figures["scalars"] == "uniform" and "batched" in figures)
    bar = BLOCKS_BARS.get(figures["points"]) if barred else None
    return {"dsp": dsp, "dsp_cycles": dsp * figures["cycles"] / figures["additions"],
            **({} if bar is None else {"dsp_cycles_bar": bar})}
