"""What the scalars h of a proof cost on the accelerator: cycles, beside the products they take."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from proofmill.boards.shapes import SMALLEST
from proofmill.hdl.presets import STANDARD, with_transforms
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS, Limbs, to_limbs
from proofmill.host.prover.devices.device import Transforming
from proofmill.host.prover.groth16.evaluation import quotient_of
from proofmill.sim.transform import butterflies, cycles, products

BARS = {12: 166_000}
"""Cycles that are the most that computing may take in place, by the power of the size."""

SHARE = 0.95
"""Butterflies a cycle at least, through tiles; the three products of a value beside them are not
counted, the tables' are."""

STAGES_SHARE = 0.99
"""Butterflies a slot of the stages at least, in place; the tables are not counted, either."""

FOLDED_BAR = 2_500_000
"""Cycles that 2^12 values may take at most in place on a multiplier of an interval of 15."""

SCHEDULES = (
    ("standard", STANDARD, 12),
    ("one-row", replace(SMALLEST, mailbox_bits=STANDARD.mailbox_bits), 12),
    ("one-row", SMALLEST, 12),
    *(("standard", STANDARD, power) for power in (14, 16, 18, 20)))
"""(preset of the multiplier, accelerator, power of the size) of what is told by the model alone;
the one-row preset with the standard's mailboxes, which hold 2^12 values, and with its own."""


def schedules() -> Iterator[JsonObject]:
    """Of each of `SCHEDULES`, by the model, without a device: cycles in which products are made or
    waited for, and butterflies a slot, of all slots and those that pass without a product:

        butterflies / (cycles / interval - 3 n)              tables of powers counted
        butterflies / (cycles / interval - other products)   of the stages alone

    `least` is wanted of the first through tiles, of the second in place.
    """
    for name, accelerator, power in SCHEDULES:
        shape = with_transforms(accelerator).transform
        assert shape is not None
        made, taken = butterflies(power), cycles(shape, power)
        slots, others = taken / shape.interval, products(power, shape.power) - made
        in_place = power <= shape.power
        most: int | None = BARS.get(power) if in_place else None
        least: float | None = STAGES_SHARE if in_place else SHARE
        if shape.interval != 1:
            most, least = (FOLDED_BAR, None) if in_place else (None, None)
        yield {"preset": name, "interval": shape.interval, "power": power, "tile": shape.power,
               "cycles": taken, "bar": most, "least": least,
               "butterflies_a_slot": made / (slots - (3 << power)),
               "stages_a_slot": made / (slots - others)}


def vectors(power: int, seed: int = 0) -> tuple[Limbs, Limbs]:
    """A w and B w as if drawn at random, 2 ** `power` values each."""
    draw = np.random.default_rng(seed)
    a, b = ([int.from_bytes(draw.bytes(40), "little") % SCALAR_MODULUS for _ in range(1 << power)]
            for _ in range(2))
    return to_limbs(a), to_limbs(b)


def bar(power: int, tile: int) -> int | None:
    """Cycles that computing may take at most, None where nothing is set."""
    if power <= tile:
        return BARS.get(power)
    return int(butterflies(power) / SHARE) + (3 << power)


def figures(device: Transforming, powers: Sequence[int]) -> Iterator[JsonObject]:
    """Of each size: the cycles in which the device computed and those that the model of the
    standard multiplier says, those in which it moved values of tiles, products, and seconds; values
    are checked against this machine's.

    Raises `ProofmillError` for a size that the device does not take, and where a value is wrong.
    """
    shape = with_transforms(STANDARD).transform
    assert shape is not None
    for power in powers:
        if not 1 <= power <= device.transforms:
            raise ProofmillError(
                f"2^{power} values: the device transforms 2 to 2^{device.transforms} values; "
                "choose a power of these")
        a, b = vectors(power)
        start = time.perf_counter()
        found = device.quotient(a, b)
        seconds = time.perf_counter() - start
        wanted = quotient_of(scalars.from_plain(a), scalars.from_plain(b),
                             scalars.root_of_unity(power + 1))
        if found.scalars is not None and not np.array_equal(found.scalars, wanted):
            raise ProofmillError(f"the device computed wrong scalars of 2^{power} values; please "
                                 "report it")
        computed, made = found.cycles - found.moved, products(power, shape.power)
        yield {"power": power, "cycles": computed, "moved": found.moved, "products": made,
               "products_a_cycle": made / computed,
               "butterflies_a_cycle": butterflies(power) / (computed - (3 << power)),
               "model_cycles": cycles(shape, power), "bar": bar(power, shape.power),
               "checked": found.scalars is not None, "seconds": seconds}
