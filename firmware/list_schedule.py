"""Place a straight-line program on a wide processor: when each operation runs, and in which
registers values lie."""

import heapq
from collections import defaultdict
from dataclasses import dataclass, field

from proofmill.firmware.straight_line import Builder, Kind, Node
from proofmill.hdl.wide_shape import GIVEN, INPUTS, PRODUCTS


@dataclass
class Schedule:
    """Of the nodes that the outputs need: `time`, the word in which an operation reads, `there`,
    the first in which its value can be read, `adder`, which one makes a sum, and `register`, the
    (bank, address) of every value, of a word of the key (`shape.banks`, its number). `length` is
    the word in which all outputs are there; `depths` registers are wanted of each bank, register 0
    among them."""

    builder: Builder
    time: dict[Node, int] = field(default_factory=dict)
    there: dict[Node, int] = field(default_factory=dict)
    adder: dict[Node, int] = field(default_factory=dict)
    register: dict[Node, tuple[int, int]] = field(default_factory=dict)
    length: int = 0
    depths: list[int] = field(default_factory=list)


def schedule(builder: Builder, ahead: int = 0) -> Schedule:
    """Place the program of `builder`.

    List scheduling, a word at a time: of the operations whose operands are there, the ones with
    the longest way to the end go first (Graham, "Bounds for certain multiprocessing anomalies",
    1966). Then every bank's registers are given by the left-edge method (Hashimoto and Stevens,
    "Wire routing by optimizing channel assignment", 1971), with as few as any other would take.

    No operation runs more than `ahead` words before its turn, by the longest way of those that are
    left; 0 is no limit. Where there is much that nothing has to be waited for, as what is made of a
    key, it would otherwise fill the registers in words in which the longest way waits.

    Inverses are made one after another, in the order in which they were asked for. So what is
    before the first of several has the longest way, and programs beside each other, each with one,
    do not wait for it together.
    """
    placed = Schedule(builder)
    nodes = _needed(builder)
    _place(placed, nodes, ahead)
    placed.length = max(placed.there.values(), default=0)
    _allocate(placed, nodes)
    return placed


def _needed(builder: Builder) -> list[Node]:
    """What the outputs need, operands first."""
    needed: set[Node] = set()
    stack = list(builder.outputs)
    while stack:
        node = stack.pop()
        if node not in needed:
            needed.add(node)
            stack += [term.node for term in node.terms]
    return sorted(needed, key=lambda node: node.index)


def _place(placed: Schedule, nodes: list[Node], ahead: int) -> None:
    latency, adders = placed.builder.latency, placed.builder.shape.adders
    every = placed.builder.shape.product_words
    users: dict[Node, list[Node]] = defaultdict(list)
    missing: dict[Node, int] = {}
    inverted: Node | None = None
    for node in nodes:
        operands = {term.node for term in node.terms}
        if node.kind is Kind.INVERSE:
            operands |= {inverted} if inverted else set()
            inverted = node
        missing[node] = len(operands)
        for operand in operands:
            users[operand].append(node)
    height: dict[Node, int] = {}
    for node in reversed(nodes):
        height[node] = latency[node.kind] + max((height[user] for user in users[node]), default=0)
    ready: dict[Kind, list[tuple[int, int, Node]]] = {kind: [] for kind in Kind}
    arriving: dict[int, list[Node]] = defaultdict(list)

    def arrived(node: Node) -> None:
        for user in users[node]:
            missing[user] -= 1
            if not missing[user]:
                heapq.heappush(ready[user.kind], (-height[user], user.index, user))

    def start(kind: Kind, cycle: int) -> Node:
        _, _, node = heapq.heappop(ready[kind])
        placed.time[node], placed.there[node] = cycle, cycle + latency[kind]
        arriving[placed.there[node]].append(node)
        return node

    for node in nodes:
        if not node.terms:  # it is given
            placed.there[node] = 0
            arrived(node)
    in_turn = iter(sorted((node for node in nodes if node.terms),
                          key=lambda node: -height[node]))
    next_in_turn = next(in_turn, None)
    cycle = 0

    def may_start(kind: Kind) -> bool:
        nonlocal next_in_turn
        while next_in_turn in placed.time:
            next_in_turn = next(in_turn, None)
        return bool(ready[kind]) and (
            not ahead or next_in_turn is None
            or -ready[kind][0][0] >= height[next_in_turn] - ahead)

    while len(placed.there) < len(nodes):
        for node in arriving.pop(cycle, ()):
            arrived(node)
        # An inverse is read where a product's first factor is.
        if may_start(Kind.INVERSE):
            start(Kind.INVERSE, cycle)
        elif cycle % every == 0 and may_start(Kind.PRODUCT):
            start(Kind.PRODUCT, cycle)
        # By turns: what comes last has the longest to wait for its use, and fills its bank.
        for adder in range(adders):
            if may_start(Kind.SUM):
                placed.adder[start(Kind.SUM, cycle)] = (adder + cycle) % adders
        cycle += 1


def _allocate(placed: Schedule, nodes: list[Node]) -> None:
    """A register is free again from the word in which it is last read, or `WideShape.rest` later.
    What is given stays, and every inverse has a register there."""
    builder, rest = placed.builder, placed.builder.shape.rest
    last: dict[Node, int] = {}
    for node, time in placed.time.items():
        for term in node.terms:
            last[term.node] = max(last.get(term.node, 0), time)
    for number, node in enumerate(builder.outputs):
        last[node] = placed.length + number
    placed.depths = [1] * builder.shape.banks
    placed.depths[GIVEN] = INPUTS + builder.inputs
    free: list[list[int]] = [[] for _ in placed.depths]
    ends: list[list[tuple[int, int]]] = [[] for _ in placed.depths]
    for node in sorted(nodes, key=lambda node: (placed.there[node], node.index)):
        bank = GIVEN
        match node.kind:
            case Kind.INPUT:
                placed.register[node] = GIVEN, INPUTS + node.value
                continue
            case Kind.KEY:
                placed.register[node] = builder.shape.banks, node.value
                continue
            case Kind.PRODUCT:
                bank = PRODUCTS
            case Kind.SUM:
                bank = PRODUCTS + 1 + placed.adder[node]
        while ends[bank] and ends[bank][0][0] + rest < placed.there[node]:
            heapq.heappush(free[bank], heapq.heappop(ends[bank])[1])
        if free[bank]:
            address = heapq.heappop(free[bank])
        else:
            address = placed.depths[bank]
            placed.depths[bank] += 1
        placed.register[node] = bank, address
        if bank != GIVEN:
            heapq.heappush(ends[bank], (last[node], address))
