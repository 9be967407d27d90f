"""What the multi-scalar multiplication and the accelerator must answer, from the definition."""

from dataclasses import dataclass, replace
from random import Random
from typing import Any

from proofmill.boards.cores.bench import Bench, number, rows, width
from proofmill.boards.cores.points import as_in_a_file, some_points
from proofmill.hdl.accelerator import identity_words
from proofmill.hdl.commands import (
    ANSWER,
    COUNTERS,
    HEADER,
    WORD,
    Command,
    Error,
    pack,
    split,
)
from proofmill.hdl.cost import machine
from proofmill.hdl.curve import Group
from proofmill.hdl.msm import Msm, MsmShape
from proofmill.hdl.plans import BATCHED, best_plan, expected_cycles, uniform
from proofmill.hdl.windows import WindowPlan, halves
from proofmill.sim.commands import load_words, multiply_words, scalar_words, stored_words
from proofmill.sim.curve import Affine, equation
from proofmill.sim.msm import last_level, multi_scalar_product

POINTS = 6
"""Points of a sum: infinity and a point's opposite among them."""

EXACT, ANY = range(2)
"""Kinds of an expected answer; 1 and the group's degree, that of a group's sum: see
benches/answers.sv."""

ADDRESS = 40
"""Where the points lie."""


@dataclass(frozen=True)
class Job:
    """A sum: scalars times points of a group, by a plan."""

    group: Group
    plan: WindowPlan
    scalars: list[int]
    points: list[Affine]


def plan_of(shape: MsmShape, group: Group, window: int, points: int = POINTS) -> WindowPlan:
    """Windows of `window` bits, or of what takes the fewest cycles where that is 0, in one pass.

    Raises ValueError where the mailboxes are too few.
    """
    plan = best_plan(machine(shape, group), uniform(shape.adder.curve.scalar.modulus, points),
                     window=window)
    if plan.at_once:
        raise ValueError(f"{shape.mailboxes(group)} mailboxes are too few for all windows of "
                         f"{plan.window} bits at once, as the bench has them; give more "
                         "mailbox_bits or a narrower window")
    return plan


def jobs_of(shape: MsmShape, window: int, points: int = POINTS) -> list[Job]:
    """A sum of `points` in each group; raises ValueError where the mailboxes are too few for
    `window`."""
    curve, found = shape.adder.curve, []
    order = curve.scalar.modulus
    for group in shape.adder.groups:
        rng, plan = Random(group.value), plan_of(shape, group, window, points)
        if shape.batches:
            plan = replace(plan, batched=BATCHED)
        scalars = [order - 1, *(rng.randrange(order) for _ in range(points - 2)), 1]
        found.append(Job(group, plan, scalars, some_points(curve, group, points, seed=7)))
    return found


@dataclass
class Expected:
    """Answers to come, in order, and the sums that come in any order."""

    shape: MsmShape
    words: list[tuple[int, int]]  # (word, kind)
    sums: list[tuple[int, int, Affine]]  # (head, index of the first answer it may be, point)

    def exact(self, *words: int) -> None:
        """These words come."""
        self.words += [(word, EXACT) for word in words]

    def any(self, count: int) -> None:
        """So many words come that depend on time."""
        self.words += [(0, ANY)] * count

    def sum_of(self, job: Job) -> None:
        """What answers `job`: its point, or the groups of the last level where the shape has no
        finisher."""
        shape, plan, curve = self.shape, job.plan, self.shape.adder.curve
        law, last = equation(curve, job.group), pack(ANSWER, command=Command.MULTIPLY, last=1)
        if shape.finisher:
            total = multi_scalar_product(law, job.scalars, job.points)
            self.exact(last, *(word for value in as_in_a_file(curve, job.group, total)
                               for word in split(value, curve.words)))
            return
        levels = len(halves(plan.window))
        # Not by what groups count for: those of neighbouring windows may count alike.
        sums = last_level(law, plan, job.scalars, job.points)
        first = len(self.words)
        for unit in range(shape.adder.units):
            for place, window in enumerate(range(unit, plan.windows, shape.adder.units)):
                for path in range(1 << levels):
                    if (group := window << levels | path) in sums:
                        head = pack(ANSWER, command=Command.MULTIPLY, unit=unit,
                                    group=place << levels | path)
                        self.sums.append((head, first, sums.pop(group)))
                        self.words.append((0, 1 + job.group.degree))
        assert not sums
        self.exact(last)

    def places(self) -> dict[str, Any]:
        """What fills benches/answers.sv."""
        size, shape = self.shape.coordinate_words, self.shape
        wide = 2 * WORD * size
        lines = [rows(expected=[number(word, WORD) for word, _ in self.words],
                      kind=[number(kind, 2) for _, kind in self.words])]
        for n, (head, first, point) in enumerate(self.sums):
            x, y = ((0,), (0,)) if point is None else point
            lines.append(
                f"    sum_head[{n}] = {number(head, WORD)}; sum_from[{n}] = {first}; "
                f"sum_seen[{n}] = 1'b0; sum_infinite[{n}] = 1'b{int(point is None)};")
            for name, coordinate in (("sum_x", x), ("sum_y", y)):
                for k, part in enumerate(coordinate):
                    lines.append(f"    {name}[{n}][{k}] = {number(part, wide)};")
        return {"EXPECTED": len(self.words), "SUMS": len(self.sums),
                "SUMS_MSB": max(0, len(self.sums) - 1), "SIZE": size,
                "MODULUS": number(shape.adder.curve.base.modulus, wide),
                "ANSWER_ROWS": "\n".join(lines)}


def cycles(shape: MsmShape, jobs: list[Job]) -> int:
    """Far more cycles than the jobs take."""
    return 100_000 + 20 * sum(round(expected_cycles(
        machine(shape, job.group), job.plan,
        uniform(shape.adder.curve.scalar.modulus, len(job.points)))) for job in jobs)


def ported(shape: MsmShape) -> dict[str, Any]:
    """What fills benches/memory.sv of the memory's port."""
    words = ", ".join(f"memory[at + {n}]" for n in reversed(range(shape.port_words)))
    return {"PORT_WORDS": shape.port_words, "POINT_MSB": WORD * shape.port_words - 1,
            "POINT": f"{{{words}}}"}


def identified(identity: dict[str, int], expected: Expected) -> list[int]:
    """The words of IDENTIFY; what is to answer it comes to `expected`."""
    expected.exact(pack(ANSWER, command=Command.IDENTIFY, last=1), *identity.values())
    return [pack(HEADER, command=Command.IDENTIFY)]


def summed(job: Job, expected: Expected) -> list[int]:
    """The words that load the points of `job` and sum; what is to answer comes to `expected`."""
    shape = expected.shape
    expected.exact(pack(ANSWER, command=Command.LOAD, last=1))
    expected.sum_of(job)
    return [*load_words(shape.adder.curve, job.group, job.points, ADDRESS, shape.unit(job.group)),
            *multiply_words(job.group, job.plan, job.scalars, address=ADDRESS,
                            coordinate_words=shape.adder.curve.words,
                            finish=int(shape.finisher))]


def accelerator_bench(shape: MsmShape, window: int, gateware_hash: int) -> Bench:
    """Its identity, an unknown command, points loaded and summed in each group, its counters."""
    jobs, expected = jobs_of(shape, window), Expected(shape, [], [])
    commands = [*identified(identity_words(shape, gateware_hash), expected),
                pack(HEADER, command=200)]
    expected.exact(pack(ANSWER, command=200, last=1, error=Error.UNKNOWN_COMMAND))
    for job in jobs:
        commands += summed(job, expected)
    commands.append(pack(HEADER, command=Command.COUNTERS))
    expected.exact(pack(ANSWER, command=Command.COUNTERS, last=1))
    expected.any(len(COUNTERS))
    return Bench(
        parts=["memory", "answers", "accelerator"], answers=len(expected.words),
        limit=cycles(shape, jobs), places=expected.places() | {
            "MEMORY_WORDS": 1024, "COMMANDS": len(commands), "MEMORY_ROWS": "", **ported(shape),
            "COMMAND_ROWS": rows(command_of=[number(word, WORD) for word in commands])})


def msm_bench(unit: Msm, window: int) -> Bench:
    """A sum in each group, its points in the memory."""
    shape: MsmShape = unit.shape
    unit._MustUse__silence = True  # it is asked, and never built
    jobs, expected = jobs_of(shape, window), Expected(shape, [], [])
    memory: list[int] = []
    scalars: list[int] = []
    settings: list[dict[str, int]] = []
    ends: list[int] = []
    for job in jobs:
        plan, size = job.plan, shape.adder.curve.point_words(job.group)
        settings.append({
            "group": shape.adder.groups.index(job.group), "window": plan.window,
            "windows": plan.windows, "first_window": 0, "all_windows": plan.windows,
            "wide_windows": plan.wide, "last_window": plan.last, "stride": plan.bits,
            "copies": 1, "point_words": size, "copy_words": size, "bias": plan.bias,
            "second_region": plan.second_region, "address": len(memory),
            "count": len(job.scalars), "finish": int(shape.finisher),
            **({} if not shape.batches else {"batched": plan.batched})})
        memory += stored_words(shape.adder.curve, job.group, job.points, shape.unit(job.group))
        scalars += scalar_words(job.scalars)
        ends.append(len(scalars))
        expected.sum_of(job)
    names = list(settings[0])
    widths = {name: width(unit, name) for name in names}
    return Bench(
        parts=["memory", "answers", "msm"], answers=len(expected.words),
        limit=cycles(shape, jobs), places=expected.places() | {
            "MEMORY_WORDS": max(1024, len(memory)), "JOBS": len(jobs), **ported(shape),
            "SCALARS_MSB": len(scalars) - 1,
            "JOB_REGISTERS": "\n".join(
                f"  reg [{widths[name] - 1}:0] {name}_of [0:JOBS-1];\n"
                f"  reg [{widths[name] - 1}:0] {name} = 0;" for name in names),
            "JOB_PORTS": "\n".join(f"    .{name}({name})," for name in
                                   names),
            "JOB_SETS": "\n".join(f"      {name} <= {name}_of[job];" for name in names),
            "JOB_ROWS": "\n".join([
                rows(memory=[number(word, WORD) for word in memory]),
                rows(scalar_of=[number(word, WORD) for word in scalars]),
                rows(last_of=ends, **{f"{name}_of": [
                    number(one[name], widths[name]) for one in settings] for name in names})])})
