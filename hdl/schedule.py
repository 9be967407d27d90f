"""A modulo scheduler: a formula's graph on a few multipliers and adders, one result an interval.

Every `interval` cycles (a *frame*) a new evaluation of the formula starts; several are under way
at once. An operation placed at `time` runs, for the evaluation that started in frame f, in cycle
``f * interval + time``, so two operations may share a unit only if their times differ modulo the
interval (Rau and Glaeser, "Some scheduling techniques and an easily schedulable horizontal
architecture", MICRO-14, 1981). A formula has no loop, so there is always a schedule when the
operations fit the slots: an operation waits until its unit is free.

Pairs come from `units` mailbox units in turn. What is a frame to the adder is `interval` cycles; a
unit's own frame is as long as all their turns together. The coordinates of a point come in and go
out one a cycle; where the interval is shorter than that takes, those of several units' points
overlap, and the sums go out on several *lanes*.

Values live in *banks*, one for each unit that writes, used as rotating register files: the
address of a value is its offset plus the number of the frame, so overlapping evaluations never
meet (Rau, Lee, Tirumalai and Schlansker, "Register allocation for software pipelined loops",
PLDI 1992).
"""

from dataclasses import dataclass, field
from functools import cached_property
from itertools import permutations

from proofmill.hdl.graph import TERMS, Graph, Input, Node, Product, Sum

LOAD_CYCLE = 6
"""The first cycle of a mailbox unit's frame in which the mailboxes hand the adder a coordinate of
that frame's own pair; before it come the last ones of the frame before."""

OUTPUT_CYCLE = 1
"""The cycle of a frame in which the first coordinate of a result is read from its bank."""


@dataclass(frozen=True, kw_only=True)
class Resources:
    """Units of a datapath, and how long they take.

    An operation that reads its operands in cycle t can be read by others from
    ``t + product_latency`` (or ``sum_latency``) on. A multiplier takes a pair every
    `product_interval` cycles, in the cycles that are multiples of it.
    """

    multipliers: int
    adders: int
    product_latency: int
    sum_latency: int
    product_interval: int = 1


@dataclass(frozen=True, order=True)
class Bank:
    """Where values wait: those that one unit writes, or one side of the pairs that are brought in.

    What is brought in is counted in rounds, since a mailbox unit brings a pair once in its own
    frame, to banks of its own; everything else in the adder's frames.
    """

    name: str
    brought_in: bool = False

    def __str__(self) -> str:
        return self.name


def side(number: int) -> Bank:
    """The bank of the first (0) or second (1) points of the pairs."""
    return Bank(f"side{number}", brought_in=True)


@dataclass(frozen=True)
class Operand:
    """One operand of an operation, at the unit's `port`: ``+-(node << shift)``."""

    port: int
    node: Node
    shift: int = 0
    negative: bool = False


@dataclass(frozen=True)
class Operation:
    """`node` computed by `unit` ("multiplier0", "adder2"), reading its operands at `time`."""

    node: Node
    unit: str
    time: int
    operands: tuple[Operand, ...]


@dataclass(kw_only=True)
class Schedule:
    """Where and when everything of one formula happens.

    `frames` counts from the start of an evaluation to the frame, of `units` intervals, in whose
    first cycles its outputs are read; `bank` says which bank holds a node, `offset` where.
    """

    graph: Graph
    interval: int
    units: int
    resources: Resources
    operations: list[Operation]
    frames: int
    bank: dict[Node, Bank]
    available: dict[Node, int]
    offset: dict[Node, int] = field(default_factory=dict)
    depth: dict[Bank, int] = field(default_factory=dict)

    @property
    def frame(self) -> int:
        """Cycles of a mailbox unit's frame."""
        return self.interval * self.units

    @property
    def lanes(self) -> int:
        """Outputs read in one cycle, at the most."""
        return -(-len(self.graph.outputs) // self.interval)

    @cached_property
    def reads(self) -> list[tuple[str, int, Node, int]]:
        """Every read: (unit, port, node, time); the unit ``output`` reads the results, coordinate
        n on port ``n // interval``: its lane."""
        reads = [(o.unit, operand.port, operand.node, o.time)
                 for o in self.operations for operand in o.operands]
        return reads + [("output", n // self.interval, node,
                         self.frames * self.frame + OUTPUT_CYCLE + n)
                        for n, node in enumerate(self.graph.outputs)]

    def latency_of(self, node: Node) -> int:
        """Cycles from reading the operands of `node` to its being readable."""
        product = isinstance(node, Product)
        return self.resources.product_latency if product else self.resources.sum_latency


def input_times(frame: int, position: int, coordinates: int) -> tuple[int, int]:
    """The first cycle in which input `position` may lie in its bank, and the first it does.

    A pair is brought in during its unit's frame before its evaluation starts, in any of the frame's
    service slots of one beat a coordinate: see `hdl.mailboxes`, whose timing this is. From there it
    goes through a register into its bank.
    """
    there = LOAD_CYCLE + 2 + position
    return there - frame, there - coordinates


def schedule(graph: Graph, interval: int, resources: Resources,
             wired: set[tuple[Bank, str, int]] | None = None, units: int = 1) -> Schedule:
    """Place `graph` with one evaluation every `interval` cycles.

    `wired`, a set of (bank, unit, port), holds connections that exist already; units and ports are
    chosen so that few are added, and those are put into the set. Raises ValueError where the
    operations do not fit.
    """
    wired = set() if wired is None else wired
    if interval % resources.product_interval:
        raise ValueError(f"an interval of {interval} is no multiple of a multiplier's own, "
                         f"{resources.product_interval}")
    for name, work, who, there, every in (
            ("multiplications", len(graph.products), "multiplier", resources.multipliers,
             resources.product_interval),
            ("additions", len(graph.sums), "adder", resources.adders, 1)):
        if work * every > there * interval:
            raise ValueError(f"{work} {name} do not fit {there} {who}(s) at interval {interval}"
                             + (f", each taking one every {every} cycles" if every > 1 else "")
                             + f"; take {-(-work * every // interval)} {who}s, or interval "
                             f"{-(-work * every // max(1, there))}")
    if interval * units < len(graph.outputs):
        raise ValueError(f"the {len(graph.outputs)} coordinates of a point come in and go out one "
                         f"a cycle, so they do not fit a frame of {units} interval(s) of "
                         f"{interval}")

    users: dict[Node, list[Node]] = {node: [] for node in graph.nodes}
    for node in graph.nodes:
        for operand in node.operands:
            users[operand].append(node)

    def latency(node):
        if isinstance(node, Input):
            return 0
        return resources.product_latency if isinstance(node, Product) else resources.sum_latency

    height: dict[Node, int] = {}
    for node in reversed(graph.nodes):
        height[node] = latency(node) + max((height[user] for user in users[node]), default=0)

    coordinates, frame = len(graph.outputs), interval * units
    bank, available, operations = {}, {}, []
    for node in graph.nodes:
        if isinstance(node, Input):
            bank[node] = side(node.side)
            available[node] = input_times(frame, node.position, coordinates)[1]
    workers = {Product: [f"multiplier{n}" for n in range(resources.multipliers)],
               Sum: [f"adder{n}" for n in range(resources.adders)]}
    taken: set[tuple[str, int]] = set()
    waiting = [node for node in graph.nodes if not isinstance(node, Input)]
    while waiting:
        ready = [node for node in waiting if all(o in available for o in node.operands)]
        # The longest way to the end goes first; the order of the formula breaks ties.
        node = max(ready, key=lambda n: (height[n], -n.index))
        waiting.remove(node)
        time = max(0, *(available[operand] for operand in node.operands))
        every = resources.product_interval if isinstance(node, Product) else 1
        time += -time % every
        while all((unit, time % interval) in taken for unit in workers[type(node)]):
            time += every
        free = [u for u in workers[type(node)] if (u, time % interval) not in taken]
        operands, unit = min(
            ((operands, unit) for unit in free for operands in arrangements(node)),
            key=lambda choice: sum((bank[o.node], choice[1], o.port) not in wired
                                   for o in choice[0]))
        wired.update((bank[o.node], unit, o.port) for o in operands)
        taken.add((unit, time % interval))
        bank[node], available[node] = Bank(unit), time + latency(node)
        operations.append(Operation(node, unit, time, operands))

    frames = max(-(-(available[node] - n - OUTPUT_CYCLE) // frame)
                 for n, node in enumerate(graph.outputs))
    placed = Schedule(graph=graph, interval=interval, units=units, resources=resources,
                      operations=operations, frames=frames, bank=bank, available=available)
    for n, node in enumerate(graph.outputs):
        wired.add((bank[node], "output", n // interval))
    allocate(placed)
    return placed


def arrangements(node: Node) -> list[tuple[Operand, ...]]:
    """The ways to put a node's operands on ports; port 0 of an adder only adds."""
    if isinstance(node, Product):
        return [tuple(Operand(port, operand) for port, operand in enumerate(order))
                for order in dict.fromkeys(permutations(node.operands))]
    terms = list(zip(node.operands, node.shifts, node.negative, strict=True))
    ways = []
    for ports in permutations(range(TERMS), len(terms)):
        operands = tuple(Operand(port, operand, shift, negative)
                         for port, (operand, shift, negative) in zip(ports, terms, strict=True))
        first = [o for o in operands if o.port == 0]
        # The smallest positive term on port 0, which needs neither a shifter nor a complement.
        if first and not first[0].negative and first[0].shift == min(
                o.shift for o in operands if not o.negative):
            ways.append(operands)
    return ways


def allocate(schedule: Schedule) -> None:
    """Give every value an offset in its bank such that no two are ever in the same word."""
    interval = schedule.interval
    last: dict[Node, int] = {}
    for _, _, node, time in schedule.reads:
        last[node] = max(last.get(node, time), time)
    for bank in sorted(set(schedule.bank.values())):
        lives = []
        for node, where in schedule.bank.items():
            if where == bank and node in last:
                first = schedule.available[node]
                if isinstance(node, Input):
                    first = input_times(schedule.frame, node.position,
                                        len(schedule.graph.outputs))[0]
                lives.append((node, first, last[node]))
        lives.sort(key=lambda life: (life[1] - life[2], life[0].index))  # the longest first
        # Each mailbox unit has banks of its own for what it brings in, once in its frame.
        every = schedule.frame if bank.brought_in else interval
        depth = 1
        while not fit(schedule, lives, depth, every):
            depth *= 2  # a power of two: the address wraps by itself
        schedule.depth[bank] = depth


def fit(schedule: Schedule, lives: list[tuple[Node, int, int]], depth: int,
        interval: int) -> bool:
    """Try to place `lives` (node, first cycle, last cycle) in `depth` words, first fit.

    A new evaluation writes them every `interval` cycles.
    """
    placed = []

    def meets(offset, first, last):
        for other, other_first, other_last in placed:
            # Evaluation k of the one and k' of the other share a word when
            # offset + k = other + k' modulo the depth.
            shift = (offset - other) % depth
            span = (max(last, other_last) - min(first, other_first)) // interval + depth + 1
            for delta in range(shift - (span // depth + 1) * depth, span + 1, depth):
                later = delta * interval
                if first <= other_last + later and other_first + later <= last:
                    return True
        # A value must not meet its own later evaluations either.
        return last - first >= depth * interval

    for node, first, last in lives:
        offset = next((o for o in range(depth) if not meets(o, first, last)), None)
        if offset is None:
            return False
        placed.append((offset, first, last))
        schedule.offset[node] = offset
    return True
