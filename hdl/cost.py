"""What a configuration costs, before it is synthesised, and how long it takes."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.hdl.msm import MsmShape
from proofmill.hdl.point_adder import AdderShape
from proofmill.hdl.windows import WindowPlan, halves


@dataclass(frozen=True, kw_only=True)
class Block:
    """A multiplier block of a device family.

    Parameters
    ----------
    wide, narrow : bits of its two unsigned operands; a block that is signed only has one more of
        each, which unsigned numbers leave zero.
    least : products of fewer bits than this, both factors together, are left to logic.
    """

    name: str
    wide: int
    narrow: int
    least: int = 0

    def count(self, width: int, other: int) -> int:
        """Blocks for a product of unsigned numbers of so many bits, as Yosys' ``mul2dsp`` cuts it:

            ceil(wider / wide) * ceil(narrower / narrow)

        The wider factor always goes to the wide side, even where the other way would take fewer.
        """
        if min(width, other) < 2 or width + other < self.least:
            return 0
        narrower, wider = sorted((width, other))
        return -(-wider // self.wide) * -(-narrower // self.narrow)

    def total(self, multiplications: Counter[tuple[int, int]]) -> int:
        """Blocks for all of a multiplier's products, ``MultiplierShape.multiplications``."""
        return sum(count * self.count(*widths) for widths, count in multiplications.items())


BLOCKS = {block.name: block for block in (
    Block(name="18x18", wide=18, narrow=18),           # ECP5's MULT18X18D, signed or not
    Block(name="17x17", wide=17, narrow=17),           # 18 x 18, signed only
    Block(name="24x17", wide=24, narrow=17, least=9),  # DSP48E1: 25 x 18, signed only
    Block(name="26x17", wide=26, narrow=17, least=9),  # DSP48E2: 27 x 18, signed only
)}
"""Multiplier blocks by their unsigned operands."""


def multiplier_blocks(shape: AdderShape, block: Block) -> int:
    """DSP blocks of all multipliers of an adder; there are none elsewhere."""
    return shape.multipliers * block.total(shape.multiplier.multiplications)


def register_bits(shape: AdderShape) -> int:
    """Bits of the banks in which the adder's values wait; distributed memory on most devices."""
    return sum((shape.units if bank.brought_in else 1) * bits * words
               for bank, (bits, words) in shape.banks.items())


def mailbox_memory_bits(shape: MsmShape) -> int:
    """Bits of all units' mailboxes: three coordinates each, and a flag that says it is full."""
    return shape.adder.units * (3 * shape.adder.coordinate_bits + 1) << shape.mailbox_bits


def latency(shape: AdderShape, group: Group) -> int:
    """Cycles from the start of an evaluation to its unit's frame in which the sum is handed out."""
    return shape.schedules[group].frames * shape.frame[group]


@dataclass(frozen=True)
class Workload:
    """What a multi-scalar multiplication is expected to take.

    `digits` are not zero, `buckets` full when the points are in, `additions` those of all levels.
    """

    digits: float
    buckets: float
    additions: float


def expected_work(plan: WindowPlan, points: int, order: int) -> Workload:
    """The mean over uniform scalars below `order`, points all different from infinity.

    A bucket is full with the probability that one of `points` digits is its number; its two
    halves are operands of the next level. An operand that finds its mailbox full is an addition.
    Buckets count as independent, which is too much for fewer than about ten points.
    """
    digits = buckets = additions = 0.0
    last = plan.windows - 1
    top = order >> plan.position(last)  # the top window's largest digit
    wide = min(plan.wide, last)
    for windows, width, kinds, chance in (
            *((count, width, 1 << (width - 1), 2.0 ** (1 - width))
              for count, width in ((wide, plan.window), (last - wide, plan.window - 1)) if count),
            (1, 0, min(top + 1, 1 << (plan.width(last) - 1)), 1 / (top + 1))):
        empty = np.ones((1, (1 << (plan.window - 1)) + 1))  # chance that a number has no mailbox
        empty[0, 1:kinds + 1] = (1 - chance) ** points
        operands = points * (1 - chance / 2)
        if width:  # a digit of half the base is positive, the others of either sign
            empty[0, kinds] = (1 - chance / 2) ** points
        digits += windows * operands
        buckets += windows * float((1 - empty).sum())
        additions += windows * (operands - (1 - empty).sum())
        for half in halves(plan.window):
            numbers = np.arange(empty.shape[1])
            following, operands = [], 0.0
            for part in (numbers & ((1 << half) - 1), numbers >> half):
                size = int(part.max()) + 1
                for row in empty:
                    product = np.ones(size)
                    np.multiply.at(product, part, row)
                    product[0] = 1
                    operands += float((1 - row)[part > 0].sum())
                    following.append(product)
            width = max(map(len, following))
            empty = np.stack([np.pad(row, (0, width - len(row)), constant_values=1)
                              for row in following])
            additions += windows * (operands - (1 - empty).sum())
    return Workload(digits, buckets, float(additions))


OVERHEAD = {12: (26.0, 3.5, 0.10), 4: (62.0, 3.5, 0.16)}
"""Frames in which no addition begins: for each unit, pass and level but two; for each window and
level but two; for each full bucket.

By the least number of service slots in a unit's frame that they hold for; fitted to 73 runs of the
control-only simulation at intervals 1, 2, 3, 4, 6, 12, 36 and 180, with windows of 4 to 10 bits,
128 to 4,096 points, in 1 to 32 passes.
"""


def expected_cycles(shape: MsmShape, group: Group, plan: WindowPlan, points: int) -> float:
    """Cycles of a multi-scalar multiplication over uniform scalars, bucket sums included:

        interval * (additions * slack + idle * units * passes * levels + ...), see `OVERHEAD`

    The slack is that of units with fewer windows than others, for which these wait. Within 3 % of
    the control-only simulation, which is exact, from 128 points on.
    """
    adder = shape.adder
    work = expected_work(plan, points, adder.curve.scalar.modulus)
    slots = adder.frame[group] // (3 * group.degree)
    unit, window, bucket = next(
        (OVERHEAD[least] for least in sorted(OVERHEAD, reverse=True) if slots >= least),
        OVERHEAD[min(OVERHEAD)])
    passes = [count for _, count in plan.passes]
    taken = sum(-(-count // adder.units) * adder.units for count in passes)
    levels = max(1, len(plan.sizes) - 2)
    return adder.interval[group] * (
        work.additions * taken / plan.windows + unit * adder.units * len(passes) * levels
        + window * plan.windows * levels + bucket * work.buckets)
