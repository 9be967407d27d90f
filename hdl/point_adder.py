"""The point adder: a schedule made into hardware, for G1 and G2 on the same units."""

from dataclasses import dataclass
from functools import cached_property, partial

from amaranth import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.adder_control import Timetable
from proofmill.hdl.banks import Banks, Pair
from proofmill.hdl.curve import Curve, Group
from proofmill.hdl.formulas import complete_addition
from proofmill.hdl.frames import NextFrame
from proofmill.hdl.graph import trace
from proofmill.hdl.matrix_shape import ArrayPort, MatrixShape, control_port
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.schedule import Bank, Resources, Schedule, schedule
from proofmill.hdl.sum_unit import SumUnit


@dataclass(frozen=True, kw_only=True)
class AdderShape:
    """A complete point adder: which curve, how many units, how often a new pair.

    Parameters
    ----------
    curve : its formulas and constants.
    multiplier : the shape of every multiplier.
    multipliers, adders : how many of each.
    sum_latency : cycles from reading the operands of a sum to its being readable: 2 (read, add), or
        6 for a higher clock rate; see `hdl.sum_unit.SumUnit`.
    intervals : for each group, cycles from one pair to the next.
    units : mailbox units that bring pairs, in turn.
    """

    curve: Curve
    multiplier: MultiplierShape
    multipliers: int
    adders: int
    intervals: tuple[tuple[Group, int], ...]
    units: int = 1
    sum_latency: int = 2

    def __post_init__(self):
        if self.sum_latency not in (2, 6):
            raise ValueError(f"a sum takes 2 cycles or 6, not {self.sum_latency}")

    @cached_property
    def interval(self) -> dict[Group, int]:
        return dict(self.intervals)

    @cached_property
    def frame(self) -> dict[Group, int]:
        """Cycles of a mailbox unit's frame."""
        return {group: interval * self.units for group, interval in self.intervals}

    @cached_property
    def groups(self) -> list[Group]:
        return [group for group, _ in self.intervals]

    @cached_property
    def traces(self):
        return {group: trace(partial(complete_addition, times_3b=self.curve.times_3b[group]),
                             group.degree, self.multiplier) for group in self.groups}

    @cached_property
    def schedules(self) -> dict[Group, Schedule]:
        """The schedule of each group; the larger formula first, the others along its wires."""
        resources = Resources(multipliers=self.multipliers, adders=self.adders,
                              product_latency=self.multiplier.latency + 2,
                              sum_latency=self.sum_latency,
                              product_interval=self.multiplier.interval)
        wired: set[tuple[Bank, str, int]] = set()
        return {group: schedule(self.traces[group][0], self.interval[group], resources, wired,
                                self.units)
                for group in sorted(self.groups, key=lambda group: -group.degree)}

    @cached_property
    def lanes(self) -> int:
        """Coordinates of sums that go out in one cycle, at the most."""
        return max(-(-3 * group.degree // interval) for group, interval in self.intervals)

    @cached_property
    def coordinate_bits(self) -> int:
        """Bits of a coordinate as the adder takes and gives it."""
        return max(bound.bit_length() for _, bound in self.traces.values())

    @property
    def positions(self) -> range:
        """The coordinates of a point over the base field, in the order in which they travel."""
        return range(max(3 * group.degree for group in self.groups))

    @cached_property
    def banks(self) -> dict[Bank, tuple[int, int]]:
        """(bits, words) of each bank: as wide and as deep as any group's schedule wants it."""
        schedules = self.schedules.values()
        return {bank: (
            max(node.bound for s in schedules for node in s.bank if s.bank[node] == bank
                ).bit_length(),
            max(2, *(s.depth.get(bank, 1) for s in schedules)))
            for bank in sorted({bank for s in schedules for bank in s.depth})}


class PointAdder(wiring.Component):
    """P + Q on the curve, one pair a frame, by the schedules of `shape`.

    ::

        pairs ─► sides' banks ─┬─► operands ─► multipliers, adders ─► own banks ─┬─► totals
                               └─────────────────────────────────────────────────┘

    The coordinates of a pair are brought in one a cycle, during its mailbox unit's frame before
    its evaluation starts; they come out one a cycle, `frames` such frames after, from cycle 2 of
    the frame on, coordinate n on lane ``n // interval``. Every unit has banks of its own to bring
    them to, so units need not mind others. What goes in when is `hdl.mailboxes`' doing; the adder
    itself never waits and never refuses.

    Members
    -------
    group : index into the shape's groups, in
    next : from `hdl.frames.Frames`, in
    pairs : from each mailbox unit, see `hdl.banks.Pair`, in
    totals : a coordinate of a sum on each lane, out
    borrowed : the first multiplier is lent, in; only while no pair is under way
    borrowed_a, borrowed_b : its operands then, in
    borrowed_second : ... and that they are of its second field, in; only where it has one
    product : its product, out, the multiplier's latency and one cycle after its operands
    array, weights, elements : of the first multiplier, in; only where it multiplies matrices, see
        `hdl.matrix_multiplier.MatrixMultiplier`
    """

    def __init__(self, shape: AdderShape):
        self.shape = shape
        super().__init__({
            "group": In(range(max(2, len(shape.groups)))),
            "next": In(NextFrame(shape)),
            "pairs": In(Pair(shape)).array(shape.units),
            "totals": Out(shape.coordinate_bits).array(shape.lanes),
            "borrowed": In(1),
            "borrowed_a": In(shape.multiplier.operand_bits),
            "borrowed_b": In(shape.multiplier.operand_bits),
            **({} if shape.multiplier.second is None else {"borrowed_second": In(1)}),
            "product": Out(shape.multiplier.product_bits),
            **({} if not isinstance(shape.multiplier, MatrixShape) else {
                "array": In(ArrayPort(shape.multiplier)),
                "weights": In(shape.multiplier.word_bits),
                "elements": In(shape.multiplier.elements_bits)}),
        })

    def elaborate(self, platform):
        m = Module()
        banks = Banks(m, Timetable(self.shape), self.group, self.next)
        for number in range(self.shape.multipliers):
            self._multiplier(m, banks, number)
        for number in range(self.shape.adders):
            self._adder(m, banks, f"adder{number}")
        for unit, pair in enumerate(self.pairs):
            banks.bring_in(unit, pair)
        for lane, total in enumerate(self.totals):
            m.d.comb += total.eq(banks.register(f"total_coordinate{lane}",
                                                banks.read("output", lane)))
        return m

    def _multiplier(self, m, banks, number):
        shape, unit = self.shape.multiplier, f"multiplier{number}"
        matrices = isinstance(shape, MatrixShape)
        m.submodules[unit] = multiplier = (
            shape.plain if matrices and number else shape).build()
        if matrices and not number:
            control_port(m, self.array, multiplier)
            m.d.comb += [multiplier.word.eq(self.weights), multiplier.elements.eq(self.elements)]
        a, b = (Signal(shape.operand_bits, name=f"{unit}_{side}", reset_less=True) for side in "ab")
        m.d.sync += [a.eq(banks.read(unit, 0)), b.eq(banks.read(unit, 1))]
        if number == 0:
            with m.If(self.borrowed):
                m.d.sync += [a.eq(self.borrowed_a), b.eq(self.borrowed_b)]
            m.d.comb += self.product.eq(multiplier.product)
        m.d.comb += [multiplier.a.eq(a), multiplier.b.eq(b)]
        if number == 0 and shape.second is not None:
            m.d.sync += multiplier.second.eq(self.borrowed & self.borrowed_second)
        if "start" in multiplier.signature.members:
            # The operands are in registers in the cycle after they are read.
            starts = {banks.timetable.row(group, time + 1): {"start": 1}
                      for group, interval in self.shape.intervals
                      for time in range(0, interval, shape.interval)}
            m.d.comb += multiplier.start.eq(banks.control(
                f"{unit}_start", data.StructLayout({"start": 1}), starts).word.start)
        banks.write(unit, multiplier.product, shape.latency + 2)

    def _adder(self, m, banks, unit):
        operations = banks.timetable.operations(unit)
        if not operations:
            return
        ports = {o.port for _, operation in operations for o in operation.operands}
        operands = {port: banks.register(f"{unit}_operand{port}", banks.read(unit, port))
                    for port in sorted(ports)}
        m.submodules[unit] = adder = SumUnit(
            [operation for _, operation in operations], self.shape.banks[Bank(unit)][0],
            max(map(len, operands.values())), self.shape.multiplier.field.modulus,
            self.shape.sum_latency)
        # The operands are in registers in the cycle after they are read.
        says = {banks.timetable.row(group, operation.time + 1): adder.says(operation)
                for group, operation in operations}
        m.d.comb += [
            adder.word.eq(banks.control(unit, adder.layout, says).word),
            *[adder.operands[port].eq(operand) for port, operand in operands.items()]]
        banks.write(unit, adder.total, self.shape.sum_latency)
