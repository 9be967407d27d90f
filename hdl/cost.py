"""What a configuration costs, before it is synthesised, and how long it takes."""

from collections import Counter
from dataclasses import dataclass

from proofmill.hdl.curve import Group
from proofmill.hdl.matrix_shape import MatrixShape
from proofmill.hdl.msm import MsmShape
from proofmill.hdl.plans import Machine
from proofmill.hdl.point_adder import AdderShape


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
    Block(name="18x18", wide=18, narrow=18),           # ECP5, Nexus, GW2A: signed or not
    Block(name="17x17", wide=17, narrow=17),           # 18 x 18, signed only
    Block(name="24x17", wide=24, narrow=17, least=9),  # DSP48E1: 25 x 18, signed only
    Block(name="26x17", wide=26, narrow=17, least=9),  # DSP48E2, GW5A: 27 x 18, signed only
)}
"""Multiplier blocks by their unsigned operands."""


def multiplier_blocks(shape: AdderShape, block: Block) -> int:
    """DSP blocks of all multipliers of an adder; there are none elsewhere."""
    return shape.multipliers * block.total(shape.multiplier.multiplications)


def matrix_block(shape: MatrixShape) -> Block:
    """The blocks that multiply matrices of bytes: two products a block take the widest."""
    return BLOCKS["18x18" if shape.products == 1 else "26x17"]


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


def machine(shape: MsmShape, group: Group) -> Machine:
    """What the cycles of sums on an accelerator of this shape depend on, with a memory that gives
    as many words a cycle as its port takes."""
    adder = shape.adder
    return Machine(order=adder.curve.scalar.modulus, degree=group.degree, units=adder.units,
                   mailbox_bits=shape.mailbox_bits, interval=adder.interval[group],
                   batch=shape.batch or 0, memory_cycles=8 / shape.port_words,
                   slot=adder.multiplier.interval, words=adder.curve.words)
