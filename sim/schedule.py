"""An interpreter of schedules: unit by unit, bank by bank, cycle by cycle, evaluations overlapping.

It knows nothing of how a schedule was made. A wrong reservation shows as a unit used twice in one
cycle, a wrong allocation as a value read that is not there any more, or not yet.
"""

from collections.abc import Callable, Sequence
from random import Random

from proofmill.hdl.graph import Input, Node, Product, Sum
from proofmill.hdl.schedule import Bank, Schedule, input_times

Multiply = Callable[[int, int], int]


def evaluate(node: Node, values: Sequence[int], multiply: Multiply, modulus: int) -> int:
    """The value of a product or sum from those of its operands, in the node's order."""
    if isinstance(node, Product):
        return multiply(*values)
    assert isinstance(node, Sum)
    terms = zip(values, node.shifts, node.negative, strict=True)
    return sum((-1 if negative else 1) * (value << shift) for value, shift, negative in terms) \
        + int(node.lift) * modulus


def run(schedule: Schedule, evaluations: Sequence[Sequence[Sequence[int]]], multiply: Multiply,
        modulus: int, rng: Random) -> list[list[int]]:
    """The outputs of `evaluations`, each a pair of points' coordinates, started frame by frame.

    Evaluation k is of a pair of mailbox unit ``k % units``, which has banks of its own to bring it
    to. `rng` chooses when, of the cycles allowed, a coordinate is brought in. Asserts that every
    unit does one thing at a time, that every value read is the one meant, and its bound.
    """
    interval, units = schedule.interval, schedule.units
    banks: dict[tuple[Bank, int], dict[int, tuple[Node, int, int]]] = {
        (bank, unit): {} for bank in schedule.depth for unit in range(units)}
    events: dict[int, list[tuple[str, int, int]]] = {}  # cycle: (what, evaluation, index)
    outputs = schedule.graph.outputs
    inputs = [node for node in schedule.graph.nodes if isinstance(node, Input)]
    gathered = [(port, node, time) for unit, port, node, time in schedule.reads if unit == "output"]
    for k in range(len(evaluations)):
        slots = schedule.frame // len(outputs)
        slot = rng.randrange(slots) if slots else 0
        for index, entry in enumerate(inputs):
            first, last = input_times(schedule.frame, entry.position, len(outputs))
            readable = first + slot * len(outputs) if slots else last
            assert not slots or first <= readable <= last
            events.setdefault(k * interval + readable - 1, []).append(("input", k, index))
        for index, operation in enumerate(schedule.operations):
            events.setdefault(k * interval + operation.time, []).append(("operation", k, index))
        for index, time in enumerate(time for _, _, time in gathered):
            events.setdefault(k * interval + time, []).append(("output", k, index))

    results: list[list[int]] = [[0] * len(outputs) for _ in evaluations]
    landing: dict[int, list[tuple[Node, int, int]]] = {}  # the last cycle before readable

    def place(node: Node, k: int) -> tuple[tuple[Bank, int], int]:
        """The bank, and the word of it, that holds `node` of evaluation k."""
        bank, unit = schedule.bank[node], 0
        if isinstance(node, Input):
            k, unit = divmod(k, units)
        return (bank, unit), (schedule.offset[node] + k) % schedule.depth[bank]

    def read(node: Node, k: int) -> int:
        where, word = place(node, k)
        found, owner, value = banks[where].get(word, (None, -1, 0))
        assert (found, owner) == (node, k), (
            f"{where[0]} does not hold {node.name} of evaluation {k}")
        return value

    cycle = min(events)
    while events or landing:
        now = events.pop(cycle, [])
        busy = [schedule.operations[index].unit if what == "operation"
                else f"output{gathered[index][0]}" for what, _, index in now if what != "input"]
        for unit in busy:
            assert busy.count(unit) == 1, f"{unit} is used twice in cycle {cycle}"
        for what, k, index in now:
            if what == "input":
                entry = inputs[index]
                landing.setdefault(cycle, []).append(
                    (entry, k, evaluations[k][entry.side][entry.position]))
                continue
            if what == "output":
                results[k][index] = read(outputs[index], k)
            else:
                operation = schedule.operations[index]
                node = operation.node
                every = schedule.resources.product_interval if isinstance(node, Product) else 1
                assert cycle % every == 0, f"{operation.unit} takes no operands in cycle {cycle}"
                by_node = {(o.node, o.shift, o.negative): read(o.node, k)
                           for o in operation.operands}
                shifts = node.shifts if isinstance(node, Sum) else (0, 0)
                negative = node.negative if isinstance(node, Sum) else (False, False)
                values = [by_node[key]
                          for key in zip(node.operands, shifts, negative, strict=True)]
                ports = {o.port for o in operation.operands}
                assert len(ports) == len(node.operands), f"two operands on a port of {node.name}"
                value = evaluate(node, values, multiply, modulus)
                landing.setdefault(cycle + schedule.latency_of(node) - 1, []).append(
                    (node, k, value))
        written: set[tuple[Bank, int]] = set()
        for node, k, value in landing.pop(cycle, []):
            assert 0 <= value <= node.bound, f"{node.name} = {value} is above {node.bound}"
            if node in schedule.offset:
                where, word = place(node, k)
                assert where not in written, f"{where[0]} is written twice in cycle {cycle}"
                written.add(where)
                banks[where][word] = (node, k, value)
        cycle += 1
    return results
