"""What the recoder must make of scalars and buckets, from the definition of digits."""

from random import Random

from proofmill.boards.cores.bench import Bench, number, rows, width
from proofmill.boards.cores.proofs.recoder import told_of
from proofmill.boards.cores.stream_benches import plan_of
from proofmill.hdl.msm import MsmShape
from proofmill.hdl.recoder import Recoder
from proofmill.hdl.slicer import SLICE
from proofmill.hdl.windows import halves
from proofmill.sim.recoding import operands_of_bucket, operands_of_scalar, slices_of

SCALARS = 16
"""Random scalars, beside those of the edges."""

BUCKETS = 12
"""Buckets that are streamed back."""


def recoder_bench(shape: MsmShape, window: int) -> Bench:
    """Digits of scalars, the edges of the field among them, and halves of buckets' numbers.

    Raises ValueError where the mailboxes are too few for `window`.
    """
    order = shape.adder.curve.scalar.modulus
    plan, rng = plan_of(shape, shape.adder.groups[0], window), Random(order)
    scalars = [0, 1, order - 1, order >> 1, 1 << order.bit_length() - 1]
    scalars += [rng.randrange(order) for _ in range(SCALARS)]
    slices = [part for scalar in scalars for part in slices_of(scalar, plan)]
    expected = [each for scalar in scalars for each in operands_of_scalar(scalar, plan)]
    half = halves(plan.window)[0]
    own = len(range(0, plan.windows, plan.units))  # windows of this unit
    places = rng.sample(range(own << plan.window - 1), min(BUCKETS, own << plan.window - 1))
    for place in places:
        group, below = divmod(place, 1 << plan.window - 1)
        expected += operands_of_bucket(group, below + 1, half, plan.second_region)
    bits, unit = shape.mailbox_bits, Recoder(shape.mailbox_bits, shape.adder.units)
    told = told_of(plan) | {"level.first": 1, "level.half": half, "level.half_ones":
                            (1 << half) - 1, "level.begin": 0, "level.end": plan.sizes[0],
                            "level.destination": plan.second_region}
    return Bench(
        parts=["recoder"], answers=len(expected), limit=100 + 40 * (len(expected) + len(slices)),
        places={
            "SLICES": len(slices), "ENTRIES": len(slices) + len(places), "OPERANDS": len(expected),
            "SLICE_MSB": SLICE.size - 1, "MAILBOX_MSB": bits - 1,
            "TOLD": "".join(f", .{name.replace('.', '__')}("
                            f"{number(value, width(unit, *name.split('.')))})"
                            for name, value in told.items()),
            "ROWS": "\n".join([
                rows(slice_of=[number(SLICE.const(part).as_bits(), SLICE.size)
                               for part in slices]),
                *(f"    bucket_of[{n}] = {number(place, bits)};"
                  for n, place in enumerate(places)),
                rows(mailbox_of=[number(mailbox, bits) for mailbox, _ in expected],
                     negative_of=[number(negative, 1) for _, negative in expected])])})
