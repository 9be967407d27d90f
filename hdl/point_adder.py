"""The point adder: a schedule made into hardware, for G1 and G2 on the same units."""

from dataclasses import dataclass
from functools import cached_property, partial

from amaranth import *
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.curve import Curve, Group
from proofmill.hdl.formulas import complete_addition
from proofmill.hdl.graph import TERMS, trace
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.schedule import Resources, Schedule, schedule


@dataclass(frozen=True, kw_only=True)
class AdderShape:
    """A complete point adder: which curve, how many units, how often a new pair.

    Parameters
    ----------
    curve : its formulas and constants.
    multiplier : the shape of every multiplier.
    multipliers, adders : how many of each.
    sum_latency : cycles from reading the operands of a sum to its being readable: 2 (read, add), or
        6 for a higher clock rate (read; choose; add them in pairs, each in two halves; add the
        pairs; carry from one half to the other; write).
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
        wired: set[tuple[str, str, int]] = set()
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


def next_frame(shape: AdderShape) -> dict[str, Shape]:
    """What `Frames` says of the next cycle, for registers that are read then: the cycle within the
    frame, the frame's number modulo 2 ** 16, the mailbox unit whose pair starts in it, and how
    often all of them have had their turn, modulo 2 ** 16."""
    return {"next_cycle": Shape.cast(range(max(2, *shape.interval.values()))),
            "next_number": unsigned(16),
            "next_turn": Shape.cast(range(max(2, shape.units))), "next_round": unsigned(16)}


class Frames(wiring.Component):
    """Counts the cycles of a frame, and frames.

    Members
    -------
    group : index into the shape's groups, in; changes only while the adder is unused
    cycle : cycle within the frame, out
    last : this is the frame's last cycle, out
    number : number of the frame, out, modulo 2 ** 16
    turn : which mailbox unit's pair starts in this frame, out
    next_... : see `next_frame`, out
    """

    def __init__(self, shape: AdderShape):
        self.shape = shape
        first = shape.interval[shape.groups[0]]
        ahead = {name: Out(each) for name, each in next_frame(shape).items()}
        # Where the first frame has a single cycle, the next one has begun in the next.
        begun = int(first == 1)
        ahead["next_cycle"] = Out(next_frame(shape)["next_cycle"], init=1 - begun)
        ahead["next_number"] = Out(16, init=begun)
        ahead["next_turn"] = Out(next_frame(shape)["next_turn"], init=begun % shape.units)
        ahead["next_round"] = Out(16, init=begun // shape.units)
        super().__init__({
            "group": In(range(max(2, len(shape.groups)))),
            "cycle": Out(next_frame(shape)["next_cycle"]),
            "last": Out(1, init=int(first == 1)),
            "number": Out(16),
            "turn": Out(next_frame(shape)["next_turn"]),
            **ahead,
        })

    def elaborate(self, platform):
        # One cycle ahead, all of them registers: what a cycle is to do begins with them.
        m = Module()
        # The next cycle is a frame's last one.
        next_last = Signal(init=int(self.shape.interval[self.shape.groups[0]] <= 2))
        for index, group in enumerate(self.shape.groups):
            interval = self.shape.interval[group]
            with m.If(self.group == index):
                m.d.sync += next_last.eq(
                    (interval == 1) | ~next_last & (self.next_cycle >= interval - 2))
        m.d.sync += [
            self.cycle.eq(self.next_cycle), self.last.eq(next_last),
            self.next_cycle.eq(Mux(next_last, 0, self.next_cycle + 1)),
        ]
        next_around = Signal()
        m.d.comb += next_around.eq(next_last & (self.next_turn == self.shape.units - 1))
        m.d.sync += [
            self.number.eq(self.next_number), self.turn.eq(self.next_turn),
            self.next_number.eq(self.next_number + next_last),
            self.next_turn.eq(Mux(next_around, 0, self.next_turn + next_last)),
            self.next_round.eq(self.next_round + next_around),
        ]
        return m


def choose(m, number, values, chosen):
    """``chosen = values[number]`` by a tree of multiplexers, which needs no decoder of `number`."""
    if len(values) == 1:
        m.d.comb += chosen.eq(values[0])
        return
    half = 1 << (len(values) - 1).bit_length() - 1
    bit = half.bit_length() - 1
    with m.If(number[bit]):
        choose(m, number[:bit], values[half:], chosen)
    with m.Else():
        choose(m, number[:bit], values[:half], chosen)


def of_unit(name: str, unit: int) -> str:
    """The port `name` of mailbox unit, or lane, number `unit`: unnumbered for the first."""
    return name if unit == 0 else f"{name}{unit}"


class PointAdder(wiring.Component):
    """P + Q on the curve, one pair a frame, by the schedules of `shape`.

    The coordinates of a pair are brought in one a cycle, during its mailbox unit's frame before
    its evaluation starts; they come out one a cycle, `frames` such frames after, from cycle 2 of
    the frame on, coordinate n on lane ``n // interval``. Every unit has banks of its own to bring
    them to, so units need not mind others. What goes in when is `hdl.mailboxes`' doing; the adder
    itself never waits and never refuses.

    Members
    -------
    group : index into the shape's groups, in
    next_... : from `Frames`, in
    load : bring in a coordinate, in; for further units, load1 and so on
    position : which one, in
    start : the round in which the evaluation starts, in
    p, q : its value for either point, in
    total : a coordinate of a sum, out; of further lanes, total1 and so on
    borrowed : the first multiplier is lent, in; only while no pair is under way
    borrowed_a, borrowed_b : its operands then, in
    product : its product, out, the multiplier's latency and one cycle after its operands
    """

    def __init__(self, shape: AdderShape):
        self.shape = shape
        coordinates = max(3 * group.degree for group in shape.groups)
        super().__init__({
            "group": In(range(max(2, len(shape.groups)))),
            **{name: In(each) for name, each in next_frame(shape).items()},
            **{of_unit(name, unit): member for unit in range(shape.units) for name, member in {
                "load": In(1),
                "position": In(range(coordinates)),
                "start": In(16),
                "p": In(shape.coordinate_bits),
                "q": In(shape.coordinate_bits),
            }.items()},
            **{of_unit("total", lane): Out(shape.coordinate_bits) for lane in range(shape.lanes)},
            "borrowed": In(1),
            "borrowed_a": In(shape.multiplier.operand_bits),
            "borrowed_b": In(shape.multiplier.operand_bits),
            "product": Out(shape.multiplier.product_bits),
        })

    def elaborate(self, platform):
        m = Module()
        shape, schedules = self.shape, self.shape.schedules
        firsts, rows = {}, 0  # where each group's rows begin in the control memories
        following = []        # the row of the cycle after
        for group in shape.groups:
            firsts[group] = rows
            rows += shape.interval[group]
            following += [*range(firsts[group] + 1, rows), firsts[group]]

        row = Signal(range(max(2, rows)))
        for index, group in enumerate(shape.groups):
            with m.If(self.group == index):
                m.d.sync += row.eq(firsts[group] + self.next_cycle)

        def control(name, layout, contents):
            """A control memory: one row for every cycle of every group's frame.

            A row is read two cycles early, one for its number and one for what it says, each kept
            in a register: it goes to every bit of an operand, and a memory is slow to say it.
            Returns what it says, and what it says next.
            """
            words = memory.Memory(shape=layout, depth=max(2, rows), init=[
                contents.get(following[following[n]], {}) for n in range(rows)])
            m.submodules[f"{name}_control"] = words
            port = words.read_port()
            held = Signal(layout, name=f"{name}_word")
            m.d.comb += port.addr.eq(row)
            m.d.sync += held.eq(port.data)
            return held, port.data

        def at(group, time):
            """The control row in which something at `time` of an evaluation happens."""
            return firsts[group] + time % shape.interval[group]

        # Banks: one for each unit that writes.
        names = sorted({name for s in schedules.values() for name in s.depth})
        depth = {name: max(s.depth.get(name, 1) for s in schedules.values()) for name in names}
        width = {name: max(node.bound for s in schedules.values()
                           for node, bank in s.bank.items() if bank == name).bit_length()
                 for name in names}
        banks = {}
        for name in names:
            if name.startswith("side"):
                for unit in range(shape.units):
                    label = of_unit(f"{name}_unit", unit)
                    banks[name, unit] = m.submodules[f"{label}_bank"] = memory.Memory(
                        shape=width[name], depth=max(2, depth[name]), init=[])
                continue
            # As registers, a bank would need a decoder in the way of every word's writing.
            banks[name] = m.submodules[f"{name}_bank"] = memory.Memory(
                shape=width[name], depth=max(2, depth[name]), init=[],
                attrs={"ram_style": "distributed"})
        address_bits = max(2, *depth.values()).bit_length() - 1

        def address(schedule, node, time):
            """What to add to the frame's number to find `node` at `time`."""
            rotated = schedule.offset[node] - time // schedule.interval
            return rotated % (1 << address_bits)

        def place(schedule, node, time):
            """Where to find `node` at `time`: what came in is counted in rounds, not in frames."""
            if not schedule.bank[node].startswith("side"):
                return {"address": address(schedule, node, time)}
            rounds, back = divmod(time // schedule.interval, shape.units)
            return {"address": (schedule.offset[node] - rounds) % (1 << address_bits),
                    "back": back}

        # Operand ports.
        wires: dict[tuple[str, int], set[str]] = {}
        for s in schedules.values():
            for unit, port, node, _ in s.reads:
                wires.setdefault((unit, port), set()).add(s.bank[node])

        def operand(unit, port):
            """What `port` of `unit` reads this cycle, from whichever bank its schedule says."""
            sources = sorted(wires[unit, port])
            layout = data.StructLayout({
                "source": range(max(2, len(sources))), "address": address_bits,
                "back": range(max(2, shape.units))})
            contents = {
                at(group, time): {"source": sources.index(s.bank[node]), **place(s, node, time)}
                for group, s in schedules.items()
                for user, user_port, node, time in s.reads if (user, user_port) == (unit, port)}
            word, next_word = control(f"{unit}_{port}", layout, contents)
            where = Signal(address_bits, name=f"{unit}_{port}_address")
            # The unit whose pair is evaluated, so many frames back, and its round.
            earlier, whose = Signal(), Signal.like(self.next_turn, name=f"{unit}_{port}_unit")
            rounded = Signal(address_bits, name=f"{unit}_{port}_round")
            m.d.comb += earlier.eq(self.next_turn < next_word.back)
            m.d.sync += [
                where.eq(next_word.address + self.next_number),
                whose.eq(self.next_turn - next_word.back + Mux(earlier, shape.units, 0)),
                rounded.eq(next_word.address + self.next_round - earlier),
            ]
            value = Signal(max(width[name] for name in sources), name=f"{unit}_{port}_value")
            found = []
            for name in sources:
                if name.startswith("side"):
                    ports = [banks[name, number].read_port(domain="comb")
                             for number in range(shape.units)]
                    m.d.comb += [each.addr.eq(rounded) for each in ports]
                    found.append(Array(each.data for each in ports)[whose]
                                 if shape.units > 1 else ports[0].data)
                else:
                    from_bank = banks[name].read_port(domain="comb")
                    m.d.comb += from_bank.addr.eq(where)
                    found.append(from_bank.data)
            choose(m, word.source, found, value)
            return value

        def register(name, value):
            held = Signal.like(value, name=name, reset_less=True)
            m.d.sync += held.eq(value)
            return held

        def write(unit, value, latency):
            """Write what `unit` has finished into its bank, where its schedule says."""
            layout = data.StructLayout({"enable": 1, "address": address_bits})
            contents = {}
            for group, s in schedules.items():
                for operation in s.operations:
                    if operation.unit == unit:
                        time = operation.time + latency - 1
                        contents[at(group, time)] = {
                            "enable": 1, "address": address(s, operation.node, time)}
            word, next_word = control(f"{unit}_write", layout, contents)
            port = banks[unit].write_port()
            where = Signal(address_bits, name=f"{unit}_write_address")
            m.d.sync += where.eq(next_word.address + self.next_number)
            m.d.comb += [port.en.eq(word.enable), port.addr.eq(where), port.data.eq(value)]

        def operations_of(unit):
            return [(group, operation) for group, s in schedules.items()
                    for operation in s.operations if operation.unit == unit]

        # Multipliers.
        for number in range(shape.multipliers):
            unit = f"multiplier{number}"
            multiplier = m.submodules[unit] = shape.multiplier.build()
            a, b = (Signal(shape.multiplier.operand_bits, name=f"{unit}_{side}", reset_less=True)
                    for side in "ab")
            m.d.sync += [a.eq(operand(unit, 0)), b.eq(operand(unit, 1))]
            if number == 0:
                with m.If(self.borrowed):
                    m.d.sync += [a.eq(self.borrowed_a), b.eq(self.borrowed_b)]
                m.d.comb += self.product.eq(multiplier.product)
            m.d.comb += [multiplier.a.eq(a), multiplier.b.eq(b)]
            if shape.multiplier.interval > 1:
                # The operands are in registers in the cycle after they are read.
                m.d.comb += multiplier.start.eq(control(
                    f"{unit}_start", data.StructLayout({"start": 1}),
                    {at(group, time + 1): {"start": 1} for group in shape.groups
                     for time in range(0, shape.interval[group], shape.multiplier.interval)},
                )[0].start)
            write(unit, multiplier.product, shape.multiplier.latency + 2)

        # Adders: operands shifted and complemented as the operation says, plus a constant: the
        # multiple of the modulus that keeps the sum from going below zero, and the ones that
        # turn complements into negatives.
        modulus = shape.multiplier.field.modulus
        for number in range(shape.adders):
            unit = f"adder{number}"
            operations = operations_of(unit)
            if not operations:
                continue
            bits = width[unit]
            terms = [
                {o.port: o for o in operation.operands} for _, operation in operations]
            constants = sorted({operation.node.lift * modulus + sum(operation.node.negative)
                                for _, operation in operations})
            shifts = [sorted({o[port].shift for o in terms if port in o})
                      for port in range(TERMS)]
            layout = data.StructLayout({
                "constant": range(max(2, len(constants))),
                **{f"off{port}": 1 for port in range(TERMS)},
                **{f"negative{port}": 1 for port in range(TERMS)},
                **{f"shift{port}": range(max(2, len(shifts[port]))) for port in range(TERMS)},
            })
            contents = {}
            for (group, operation), by_port in zip(operations, terms, strict=True):
                fields = {"constant": constants.index(
                    operation.node.lift * modulus + sum(operation.node.negative)),
                    **{f"off{port}": int(port not in by_port) for port in range(TERMS)}}
                for port, o in by_port.items():
                    fields[f"negative{port}"] = int(o.negative)
                    fields[f"shift{port}"] = shifts[port].index(o.shift)
                # The operands are in registers in the cycle after they are read.
                contents[at(group, operation.time + 1)] = fields
            word, _ = control(unit, layout, contents)
            constant = Signal(bits, name=f"{unit}_constant")
            with m.Switch(word.constant):
                for n, value in enumerate(constants):
                    with m.Case(n):
                        m.d.comb += constant.eq(value)
            parts = []
            for port in range(TERMS):
                if (unit, port) not in wires:
                    continue
                held = register(f"{unit}_operand{port}", operand(unit, port))
                part = Signal(bits, name=f"{unit}_term{port}")
                with m.Switch(Cat(word[f"negative{port}"], word[f"shift{port}"])):
                    for o in {(o[port].negative, o[port].shift) for o in terms if port in o}:
                        negative, shift = o
                        code = negative | shifts[port].index(shift) << 1
                        shifted = (held << shift)[:bits]
                        if len(shifted) < bits:
                            shifted = Cat(shifted, Const(0, bits - len(shifted)))
                        with m.Case(code):
                            m.d.comb += part.eq(~shifted if negative else shifted)
                with m.If(word[f"off{port}"]):
                    m.d.comb += part.eq(0)
                parts.append(part)
            if shape.sum_latency == 2:
                total = constant
                for part in parts:
                    total = (total + part)[:bits]
                write(unit, total, 2)
                continue
            # No cycle has more than one carry chain, and none of them is longer than a half.
            half = bits // 2
            parts = [register(f"{unit}_part{n}", part) for n, part in enumerate([constant, *parts])]
            low, high = [part[:half] for part in parts], [part[half:] for part in parts]
            for name in ("pairs", "sum"):
                low = [register(f"{unit}_{name}_low{n}", sum(low[n + 1:n + 2], low[n]))
                       for n in range(0, len(low), 2)]
                high = [register(f"{unit}_{name}_high{n}",
                                 sum(high[n + 1:n + 2], high[n])[:bits - half])
                        for n in range(0, len(high), 2)]
            (low,), (high,) = low, high
            write(unit, register(f"{unit}_total",
                                 Cat(low[:half], (high + low[half:])[:bits - half])), 6)

        # Points come in ...
        for unit in range(shape.units):
            load, position, start = (
                getattr(self, of_unit(name, unit)) for name in ("load", "position", "start"))
            for side, value in (("side0", "p"), ("side1", "q")):
                where = Signal(address_bits, name=of_unit(f"{side}_offset", unit))
                for index, group in enumerate(shape.groups):
                    s = schedules[group]
                    with m.If(self.group == index):
                        with m.Switch(position):
                            for node, bank in s.bank.items():
                                if bank == side and node in s.offset:
                                    with m.Case(node.position):
                                        m.d.comb += where.eq(s.offset[node])
                port = banks[side, unit].write_port()
                loaded = Signal(name=of_unit(f"{side}_loaded", unit))
                to = Signal(address_bits, name=of_unit(f"{side}_address", unit))
                m.d.sync += [to.eq(where + start), loaded.eq(load)]
                m.d.comb += [
                    port.en.eq(loaded), port.addr.eq(to),
                    port.data.eq(register(of_unit(f"{side}_coordinate", unit),
                                          getattr(self, of_unit(value, unit))))]

        # ... and go out.
        for lane in range(shape.lanes):
            m.d.comb += getattr(self, of_unit("total", lane)).eq(
                register(of_unit("total_coordinate", lane), operand("output", lane)))
        return m

