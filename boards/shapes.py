"""Accelerators that fit small devices. They leave the finish of a sum to the host."""

from dataclasses import replace

from proofmill.hdl.configurations import SUMS
from proofmill.hdl.curve import BN254, PRODUCTS, Group
from proofmill.hdl.field import BN254_BASE
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.msm import MsmShape
from proofmill.hdl.point_adder import AdderShape
from proofmill.hdl.presets import TOY_SHAPE


def folded(interval: int, mailbox_bits: int, *, adders: int = 1,
           groups: tuple[Group, ...] = tuple(Group), digit: int = 18, limb: int = 18,
           least_loop: int = 4, sum_latency: int = 6) -> MsmShape:
    """BN254 with one multiplier of ``15 / interval`` rows of 18 x 18-bit blocks; with blocks for
    `digit` x `limb` bits, of ``ceil(264 / digit) / interval`` rows.

    A G1 addition every ``12 * interval`` cycles, a G2 addition every ``36 * interval``, or as often
    as their sums have room on the adders.

    The formulas have 16 sums in G1 and 79 in G2, so one adder is never what they wait for. Each
    further one reads banks through ports of its own, and every port is a copy of its bank: of two
    adders, 2,564 of the device's 10,455 blocks of memory in tables; of one, 1,646. Steps and sums
    take more cycles than they have to, for a higher clock rate; see ``proofmill measure --paths``.
    """
    def cycles(group: Group) -> int:
        starts = max(PRODUCTS[group], -(-SUMS[group] // (adders * interval)))
        return starts * interval

    return MsmShape(
        adder=AdderShape(
            curve=BN254,
            multiplier=FoldedShape(field=BN254_BASE, operand_bits=264, digit=digit, limb=limb,
                                   interval=interval, carry_cycles=2, least_loop=least_loop),
            multipliers=1, adders=adders, sum_latency=sum_latency,
            intervals=tuple((group, cycles(group)) for group in groups)),
        mailbox_bits=mailbox_bits, finisher=False)


SMALLEST = folded(15, 11)
"""One row: 31 multiplier blocks; G1 additions every 180 cycles."""

SMALLEST_HZ = 25e6 * 8 / 3
"""Its clock rate on the board this project is made for first, from an oscillator of 25 MHz."""

THREE_ROWS = folded(5, 11)
"""Three rows: 91 multiplier blocks; G1 additions every 60 cycles."""

FIVE_ROWS = folded(3, 11, adders=2)
"""Five rows: 151 of an ECP5-85F's 156 multiplier blocks; G1 additions every 36 cycles.
One adder would keep twice as many values alive."""

def gowin(interval: int, mailbox_bits: int) -> MsmShape:
    """BN254 with ``16 / interval`` rows of the 26 x 17-bit blocks of a Gowin GW5A.

    Steps are as short as they can be: the oscillator's 50 MHz leave them time, and every register
    that is not there is one that need not be placed.
    """
    return folded(interval, mailbox_bits, digit=17, limb=26, least_loop=2)


GW5A_ONE_ROW = gowin(16, 9)
"""One row: 23 multiplier blocks; G1 additions every 192 cycles."""

GW5A_FOUR_ROWS = gowin(4, 9)
"""Four rows: 88 multiplier blocks; G1 additions every 48 cycles."""

GW5A_EIGHT_ROWS = gowin(2, 11)
"""Eight rows: 174 of a GW5AST-138's 298 multiplier blocks; G1 additions every 24 cycles."""

NEXUS_ONE_ROW = folded(15, 10, least_loop=2, sum_latency=2)
"""One row: 31 of an LIFCL-40's 56 multiplier blocks; G1 additions every 180 cycles. At 12 MHz steps
and sums may be as short as they can be."""

SMALL_TOY = replace(TOY_SHAPE, finisher=False)
"""The toy curve, for boards on which BN254 has no room."""

SMALLER_TOY = replace(SMALL_TOY, adder=replace(SMALL_TOY.adder, adders=1,
                                               intervals=((Group.G1, SUMS[Group.G1]),)))
"""The same in G1 alone with one adder, which is what additions wait for."""
