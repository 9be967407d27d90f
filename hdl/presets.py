"""Accelerators with names: what to compute, on what units, in how much memory."""

from collections.abc import Collection
from dataclasses import replace

from proofmill.hdl.batch_shape import pairs_for
from proofmill.hdl.commands import WORD
from proofmill.hdl.curve import BN254, PRODUCTS, TOY_CURVE, Curve, Group
from proofmill.hdl.field import BN254_BASE, TOY, TOY_ROOTS
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.matrices import PLANE_LATE
from proofmill.hdl.matrix_shape import LOOPS, MatrixShape
from proofmill.hdl.matrix_unit import MatrixUnitShape
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.msm import MsmShape
from proofmill.hdl.point_adder import AdderShape
from proofmill.hdl.transform_shape import two_adicity
from proofmill.hdl.wide_shape import SUM_CYCLES, WideShape

ONE_MULTIPLIER = tuple(PRODUCTS.items())
"""One multiplier is busy in every cycle."""

STANDARD = MsmShape(
    adder=AdderShape(
        curve=BN254,
        # 26 x 34 bits is one machine product in simulation, which is what this shape is for. On a
        # part, cut it as its blocks are: `proofmill explore` says what fits.
        multiplier=MultiplierShape(field=BN254_BASE, operand_bits=264, digit=26, limb=34),
        multipliers=1, adders=3, intervals=ONE_MULTIPLIER),
    mailbox_bits=13)
"""BN254 with one multiplier: what ``--device rtl`` is."""



def at_interval(interval: int, base: MsmShape = STANDARD) -> MsmShape:
    """The standard accelerator at another interval for G1: 12, 6, 4, 3, 2 or 1, with as many
    multipliers and mailbox units as that takes, and about as many mailboxes in all of them."""
    if interval not in (1, 2, 3, 4, 6, 12):
        raise ValueError("the standard accelerator's interval is a divisor of 12, "
                         f"not {interval}")
    units = 12 // interval
    intervals = ((Group.G1, interval), (Group.G2, 3 * interval))
    adders = max(-(-len(graph.sums) // dict(intervals)[group])
                 for group, (graph, _) in base.adder.traces.items())
    return replace(base, mailbox_bits=base.mailbox_bits - (units.bit_length() - 1),
                   adder=replace(base.adder, multipliers=units, units=units, adders=adders,
                                 intervals=intervals))


def of_curve(curve: Curve, base: MsmShape = STANDARD, groups: Collection[Group] = tuple(Group)
             ) -> MsmShape:
    """The multiplier and the adder of `base` on another curve, in those of `groups` that both have:
    every width is as much more as the field is wider."""
    multiplier = base.adder.multiplier
    wider = curve.base.bits - multiplier.field.bits
    intervals = tuple(each for each in base.adder.intervals
                      if each[0] in groups and each[0] in curve.b)
    return replace(base, adder=replace(
        base.adder, curve=curve, intervals=intervals, multiplier=replace(
            multiplier, field=curve.base, operand_bits=multiplier.operand_bits + wider)))


TOY_SHAPE = MsmShape(
    adder=AdderShape(
        curve=TOY_CURVE,
        multiplier=MultiplierShape(field=TOY, operand_bits=22, digit=6, limb=8),
        multipliers=1, adders=3, intervals=ONE_MULTIPLIER),
    mailbox_bits=6)
"""The same design over eight bits, for exhaustive tests and proofs."""


def with_transforms(shape: MsmShape = STANDARD) -> MsmShape:
    """The same accelerator with transforms, in tiles of as many values as its mailboxes' memory
    holds, in the field of the curve's scalars; the toy curve's has too few roots of unity, so in
    another, whose values, of a word each, come one at a time."""
    field = TOY_ROOTS if shape.adder.curve is TOY_CURVE else shape.adder.curve.scalar
    multiplier = replace(shape.adder.multiplier, second=field)
    return replace(shape, adder=replace(shape.adder, multiplier=multiplier),
                   port=shape.port if field.bits > WORD else None,
                   transforms=min(shape.mailbox_bits, two_adicity(field)) - 1)


def with_one_way(shape: MsmShape = STANDARD) -> MsmShape:
    """The same accelerator with transforms, also of one vector one way, as large as its mailboxes'
    memory holds."""
    return replace(with_transforms(shape), one_way=True)


def with_evaluation(shape: MsmShape = STANDARD) -> MsmShape:
    """The same accelerator with transforms, and the evaluation of a key's matrices for them."""
    return replace(with_transforms(shape), evaluation=True)


def with_check(shape: MsmShape = STANDARD) -> MsmShape:
    """The same accelerator with transforms and evaluation, which checks proofs, too."""
    return replace(with_evaluation(shape), check=True)


def with_proofs(shape: MsmShape = STANDARD) -> MsmShape:
    """The same accelerator with what a proof by one command takes: evaluation, transforms, and the
    finish of sums where that was the host's."""
    return with_evaluation(replace(shape, finisher=True))


def with_checked_proofs(shape: MsmShape = STANDARD) -> MsmShape:
    """... and with the check of such proofs, and of others."""
    return with_check(replace(shape, finisher=True))


def with_batches(shape: MsmShape = STANDARD, pairs: int | None = None) -> MsmShape:
    """The same accelerator with sums made in batches of up to `pairs` (None: as many as hide an
    inversion), on its multiplier, with a port to the memory by which points come in faster than
    they are added."""
    return replace(shape, batch=pairs or pairs_for(shape.adder.multiplier), port=2)


def control_only(shape: MsmShape) -> MsmShape:
    """The same accelerator without coordinates: equal to it in every cycle, without values; but
    in batches, of which it takes no two points to be equal."""
    return replace(shape, datapath=False)


def wide(multiplier: MultiplierShape) -> WideShape:
    """A processor of pairings with this multiplier: a sum takes as many words as there have to be
    for an adder to have one in each, up to its own latency, and there are about three for a
    product. In other fields than BN254's there are no pairings, and the store is for short
    programs."""
    interval = multiplier.interval
    stride = max(n for n in range(1, SUM_CYCLES + 1) if interval % n == 0)
    store = 10 if multiplier.field is not BN254_BASE else 16 if interval == 1 else 17
    return WideShape(multiplier=multiplier, stride=stride, adders=-(-3 * stride // interval),
                     address_bits=9, store=1 << store)


STANDARD_WIDE = wide(STANDARD.adder.multiplier)
"""The processor of pairings, with the standard accelerator's multiplier."""


BYTE = 8
"""Bits of a matrix's element, where a digit has room for so many."""


def matrices_on(multiplier: MultiplierShape) -> MatrixShape:
    """A folded multiplier like this one whose blocks multiply matrices, too, by two columns each
    where a limb has room for them; of one that is not folded, its lowest row alone. Digits and
    limbs of a short modulus become halves of an operand, so that every column has its blocks."""
    digit, limb = multiplier.digit, multiplier.limb
    interval, least_loop = multiplier.steps, 0
    if isinstance(multiplier, FoldedShape):
        interval, least_loop = multiplier.interval, multiplier.least_loop
    if multiplier.field.bits < multiplier.operand_bits - limb:
        digit = limb = -(-multiplier.operand_bits // 2)
        interval = min(interval, 2)
    element = min(BYTE, digit)
    rows = -(-multiplier.operand_bits // (digit * interval))
    return MatrixShape(
        field=multiplier.field, second=multiplier.second, operand_bits=multiplier.operand_bits,
        digit=digit, limb=limb, interval=interval, least_loop=max(LOOPS[0], least_loop, rows),
        element=element, products=2 if 3 * element + 2 <= limb else 1)


def activation_bits(mailbox_bits: int, rows: int) -> int:
    """There is room for twice as many entries of activations as mailboxes; for eight times as many
    on five rows, of which a command takes five times its steps to begin."""
    return mailbox_bits + (3 if rows == LOOPS[-1] else 1)


def _matrices(mailbox_bits: int, **cut: int) -> MatrixUnitShape:
    """With the memories of an accelerator with 2^mailbox_bits mailboxes."""
    multiplier = MatrixShape(field=BN254_BASE, operand_bits=264, carry_cycles=2, **cut)
    return MatrixUnitShape(weight_bits=mailbox_bits, multiplier=multiplier, late=PLANE_LATE,
                           element_bits=activation_bits(mailbox_bits, multiplier.rows))


MATRICES = {
    "18x18, one row": _matrices(11, digit=18, limb=18, interval=15),
    "18x18, three rows": _matrices(11, digit=18, limb=18, interval=5),
    "18x18, five rows": _matrices(11, digit=18, limb=18, interval=3, least_loop=5),
    "26x17, one row": _matrices(9, digit=17, limb=26, interval=16, products=2),
    "26x17, two rows": _matrices(9, digit=17, limb=26, interval=8, products=2),
}
"""Matrices of bytes on folded multipliers, by their blocks: the ULX3S' first; with two products a
block where one is 26 bits wide. The memories are those of `boards.shapes`' accelerators of so many
rows, for two rows the Tang's of one."""


def with_matrices(shape: MsmShape) -> MsmShape:
    """The same accelerator, whose multiplier's blocks multiply matrices of bytes, too: see
    `matrices_on`. Where that takes operands less often than the one before, so do the groups."""
    before = shape.adder.multiplier
    multiplier = matrices_on(before)
    intervals = tuple((group, cycles * multiplier.interval // before.interval)
                      for group, cycles in shape.adder.intervals)
    return replace(
        shape, matrices=activation_bits(shape.mailbox_bits, multiplier.rows),
        adder=replace(shape.adder, multiplier=multiplier, intervals=intervals))
