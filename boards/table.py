"""The tables of docs/boards.md: what builds have left, and what follows from clock and interval."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from proofmill.boards.board import Board
from proofmill.boards.shapes import (
    FIVE_ROWS,
    GW5A_EIGHT_ROWS,
    GW5A_FOUR_ROWS,
    GW5A_ONE_ROW,
    SMALLEST,
    THREE_ROWS,
)
from proofmill.hdl.commands import POINT_WORDS
from proofmill.hdl.cost import machine
from proofmill.hdl.curve import Group
from proofmill.hdl.description import shape_from
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.msm import MsmShape
from proofmill.hdl.plans import (
    Machine,
    Reach,
    expected_cycles,
    planned,
)
from proofmill.hdl.windows import WindowPlan
from proofmill.host.prover.devices.serial import scalar_seconds

PRESETS = {"one-row": SMALLEST, "three-rows": THREE_ROWS, "five-rows": FIVE_ROWS}
"""Accelerators for blocks of 18 x 18 bits."""

GW5A_PRESETS = {"gw5a-one-row": GW5A_ONE_ROW, "gw5a-four-rows": GW5A_FOUR_ROWS,
                "gw5a-eight-rows": GW5A_EIGHT_ROWS}
"""Accelerators for blocks of 27 x 18 bits, signed."""

POINTS = 1 << 16
"""Of the sums in the tables, where the board's memory holds as many."""


def _head(*names: str, words: int = 1) -> list[str]:
    """A table's first two lines; all columns but the first `words` are numbers."""
    return [f"| {' | '.join(names)} |", f"|{'---|' * words}{'---:|' * (len(names) - words)}"]


def minutes(seconds: float) -> str:
    """A time as people say it."""
    return f"{seconds / 60:.0f} min" if seconds >= 100 else f"{seconds:.0f} s"


def records_table(records: Iterable[Mapping[str, Any]],
                  stale: Callable[[Mapping[str, Any]], bool]) -> str:
    """The records of builds, a line each; those that are `stale` are marked."""
    lines = _head("board", "curve, rows", "multiplier blocks", "tables", "block memories",
                  "clock, reached", "took", "of processor time", words=2)
    marked = False
    for record in records:
        used = [f"{record['resources'][kind]:,} of {record['available'][kind]:,}"
                for kind in ("dsp", "lut", "bram")]
        shape = shape_from(MsmShape, record["parameters"])
        multiplier = shape.adder.multiplier
        what = shape.adder.curve.name
        what += f", {multiplier.rows}" if isinstance(multiplier, FoldedShape) else ""
        what += ", matrices" if shape.matrix is not None else ""
        cpu = record.get("step_cpu_seconds")
        busy = minutes(sum(cpu.values())) if cpu else "not counted"
        mark = "†" if stale(record) else ""
        marked = marked or bool(mark)
        lines.append(
            f"| {record['board']}{mark} | {what} | {' | '.join(used)} | "
            f"{record['clock_mhz']:.4g} MHz, {record['reached_mhz']:.1f} | "
            f"{minutes(record['seconds'])} | {busy} |")
    if marked:
        lines += ["", "† The sources make another gateware now than the one that was built."]
    return "\n".join(lines)


def estimates_table(estimates: Iterable[Mapping[str, Any]],
                    stale: Callable[[Mapping[str, Any]], bool]) -> str:
    """What Yosys counts of one accelerator on a data-centre card, a line each; those that are
    `stale` are marked."""
    marked = False
    lines = _head("card", "part", "DSP48E2", "tables", "registers", "block memories", "took",
                  words=2)
    for made in estimates:
        used = [f"{made['resources'][kind]:,} of {there:,} ({made['resources'][kind] / there:.1%})"
                for kind, there in made["available"].items()]
        mark = "†" if stale(made) else ""
        marked = marked or bool(mark)
        lines.append(f"| {made['card']}{mark} | {made['part']} | {' | '.join(used)} | "
                     f"{minutes(made['cpu_seconds'])} of processor time |")
    if marked:
        lines += ["", "† The sources make another gateware now than the one that was counted."]
    return "\n".join(lines)


def expectations_table(board: Board, presets: Mapping[str, MsmShape] = PRESETS) -> str:
    """What `presets` compute in a second at the board's clock, and a sum beside the line, under a
    sentence that says the clock."""
    lines = [f"Additions a second at the {board.clock_hz / 1e6:.4g} MHz of {board.name}:", ""]
    points = _most_points(POINTS, board.memory_words)
    lines += _head("preset", "a G1 addition every", "additions a second",
                   f"a sum of {_power(points)} points: computing", "the line, meanwhile")
    for name, shape in presets.items():
        interval = shape.adder.interval[Group.G1]
        rate, scalar = board.clock_hz / interval, scalar_seconds(board.baud)
        _, plan, _ = _planned(board, shape, Group.G1, points, scalar * board.clock_hz)
        passes = len(plan.passes)
        lines.append(
            f"| `{name}` | {interval} cycles | {rate:,.0f} | {points * plan.digits / rate:.1f} s, "
            f"{plan.digits} digits, {plan.copies} cop{'ies' if plan.copies > 1 else 'y'} | "
            f"{points * passes * scalar:.1f} s, {passes} "
            f"pass{'es' if passes > 1 else ''} |")
    return "\n".join(lines)


def _most_points(limit: int, words: int) -> int:
    """The largest power of two up to `limit` of G1 points that so many words hold."""
    return min(limit, 1 << (words // POINT_WORDS).bit_length() - 1)


def _power(points: int) -> str:
    return f"2^{points.bit_length() - 1}"


def _planned(board: Board, shape: MsmShape, group: Group, points: int, scalar_cycles: float
             ) -> tuple[Machine, WindowPlan, Reach]:
    """What the cycles of a sum on a board depend on, where a scalar takes the line `scalar_cycles`,
    and `hdl.plans.planned` in its memory."""
    there = replace(machine(shape, group), memory_cycles=board.memory_cycles,
                    scalar_cycles=scalar_cycles)
    return there, *planned(there, points, board.memory_words)


def sums_a_second(board: Board, shape: MsmShape, group: Group, points: int) -> float:
    """Sums of so many points that a board computes in a second, by model and clock:

        clock / expected_cycles

    of uniform scalars (`hdl.plans.expected_cycles`), with the windows, and the copies of points in
    the board's own memory, that take the fewest. The line is left out.
    """
    return board.clock_hz / expected_cycles(*_planned(board, shape, group, points, 0))


def sums_table(board: Board, presets: Mapping[str, MsmShape], first: Board) -> str:
    """Sums a second of `presets` on a board by `sums_a_second`, as multiples of those that another
    board's own build computes: the largest that both memories hold, up to `POINTS` in G1."""
    points = _most_points(POINTS, min(board.memory_words, first.memory_words))
    sizes = {group: points // group.degree for group in Group}
    lines = _head("board, preset", *(
        f"{group.name}: sums of {_power(size)} points a second, by model and clock"
        for group, size in sizes.items()), f"times {first.name}: G1", "G2",
        "additions in G1")

    def row(name: str, there: Board, shape: MsmShape) -> tuple[str, list[float], float]:
        return (name, [sums_a_second(there, shape, group, size) for group, size in sizes.items()],
                there.clock_hz / shape.adder.interval[Group.G1])

    rows = [row(first.name, first, first.shape),
            *(row(f"{board.name}, `{name}`", board, shape) for name, shape in presets.items())]
    (_, base, additions), *_ = rows
    for name, rates, adds in rows:
        lines.append(f"| {name} | {' | '.join(f'{rate:.2f}' for rate in rates)} | " + " | ".join(
            f"{rate / other:.2f} ×" for rate, other in zip(
                [*rates, adds], [*base, additions], strict=True)) + " |")
    return "\n".join(lines)
