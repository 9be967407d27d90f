"""Short real cases of each unit, in Amaranth's simulator, written as waveforms to look at."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from amaranth.sim import Simulator

from proofmill.firmware.library import finishing_program
from proofmill.hdl.accelerator import Accelerator
from proofmill.hdl.commands import HEADER, MAGIC, Command, pack, split
from proofmill.hdl.curve import Group
from proofmill.hdl.msm import MsmShape
from proofmill.hdl.presets import STANDARD, TOY_SHAPE, with_transforms
from proofmill.hdl.processor import StandaloneProcessor
from proofmill.hdl.transform_shape import TransformShape
from proofmill.hdl.transform_unit import TransformUnit
from proofmill.hdl.windows import WindowPlan
from proofmill.sim.commands import load_words, multiply_words
from proofmill.sim.curve import equation
from proofmill.sim.vcd import Variable, changes, cut, find, grouped

PERIOD_FS = 10_000_000
"""A cycle: 10 ns, in femtoseconds."""


def cycle_of(time: int) -> int:
    """The cycle in which something is so from `time` on; edges are in the middle of a period."""
    return (time - PERIOD_FS // 2) // PERIOD_FS + 1


LIMIT = 20_000
"""Cycles after which a case is given up: none of those here takes a tenth of them."""


@dataclass(frozen=True)
class View:
    """What is shown of a unit.

    Parameters
    ----------
    text : what happens in it.
    scope : the part of the design that is kept.
    groups : signals to see first, by what they have in common; patterns of paths below `scope`.
    moments : what happens when a signal becomes 1, or takes a value, for the first time.
    """

    text: str
    scope: str
    groups: dict[str, tuple[str, ...]]
    moments: dict[str, tuple[str, int | str]] = field(default_factory=dict)


SUM = "three points with the scalars 3, 3 and 2 are loaded, multiplied and summed in one window"

VIEWS = {
    "multiplier": View(
        "eight pairs of operands, one a cycle, the edges of the field among them", "top", {
            "operands and product": ("a", "b", "start", "product"),
            "the first step": ("stage0_*",), "the second step": ("stage1_*", "stage2_*")}),
    "adder": View(
        f"{SUM}; the adder's part of it", "top.msm.adder", {
            "frame": ("group", "next__number", "next__cycle", "row"),
            "pair coming in": tuple(f"pairs__0__{name}"
                                    for name in ("load", "position", "start", "p", "q")),
            "multiplier": ("multiplier0_0_value", "multiplier0_1_value", "multiplier0.a",
                           "multiplier0.b", "multiplier0.product"),
            "sums": ("adder?_?_value", "adder?.total"),
            "sum going out": ("totals__?",)},
        {"a pair's first coordinates come in": ("pairs__0__load", 1)}),
    "mailboxes": View(
        f"{SUM}; the mailboxes' part of it", "top.msm.unit0.mailboxes", {
            "slot": ("service", "phase", "last", "kind", "mailbox", "full", "accept"),
            "new operand": ("operand__valid", "operand__mailbox", "operand__taken", "waited",
                            "operand__position", "operand__coordinate"),
            "pair to the adder": ("pair__load", "pair__position", "pair__p", "pair__q",
                                  "leaving.valid", "leaving.mailbox"),
            "sum from the adder": ("returning.valid", "returning.mailbox", "total"),
            "bucket taken out": ("fetch__*", "fetched__*")},
        {"the first operand is taken": ("operand__taken", 1),
         "a pair goes to the adder": ("pair__load", 1),
         "a sum comes back": ("returning.valid", 1),
         "a bucket is taken out": ("fetch__taken", 1)}),
    "msm": View(
        f"{SUM}; from memory and scalars to the groups of the last level", "top.msm", {
            "steps": ("sequencer.fsm_state", "start", "ready", "levels.width", "levels.odd",
                      "levels.level__first", "sequencer.orders__*"),
            # In `msm` itself the slicer's points have that name.
            "memory": ("fetcher.requests__*", "loader.points__*"),
            "scalars": ("scalars__*", "slicer.step", "slicer.points__*", "slicer.skipped"),
            "digits": ("unit0.operands.recoder.state", "unit0.operands.recoder.bit",
                       "unit0.operands.recoder.operand__*"),
            "mailboxes": ("unit0.mailboxes.operand__taken", "unit0.mailboxes.pair__load",
                          "unit0.mailboxes.returning.valid", "unit0.mailboxes.fetch__taken"),
            "answers": ("answers__*",), "counters": ("tally.*_counter",)},
        {"points are asked for": ("fetcher.requests__valid", 1),
         "the buckets are filled": ("sequencer.fsm_state", "FILL"),
         "they are streamed back": ("sequencer.fsm_state", "SUM"),
         "the last level is handed out": ("sequencer.fsm_state", "HAND_OUT")}),
    "accelerator": View(
        f"commands and answers: {SUM}", "top", {
            "commands": ("fsm_state", "commands__*", "header*"), "answers": ("answers__*",),
            "memory": ("requests__*", "points__*", "writes__*"),
            "multi-scalar multiplication": ("msm.sequencer.fsm_state", "msm.start", "msm.ready")},
        {"points are written": ("fsm_state", "LOAD"),
         "they are multiplied": ("fsm_state", "MULTIPLY"),
         "it says what it is": ("fsm_state", "IDENTITY")}),
    "processor": View(
        "the microprogram multiply.asm: two values come in, are multiplied, one goes out", "top", {
            "control": ("start", "ready", "cycles", "waited"),
            "values": ("i__*", "o__*"),
            "multiplier": ("processor.multiplying", "processor.accept", "multiplier.a",
                           "multiplier.b", "multiplier.product"),
            "instruction": ("processor.*address", "processor.*instruction*", "processor.valid",
                            "processor.fetched")},
        {"the program starts": ("start", 1), "it sends its result": ("o__valid", 1)}),
    "transform": View(
        "two vectors of eight values come in, the scalars of H go out", "top", {
            "control": ("start", "ready", "computing", "transform.passes.action",
                        "transform.passes.vector", "transform.passes.count",
                        "transform.passes.unfinished"),
            "words": ("words__*", "answers__*"),
            "multiplier": ("transform.multiplying", "multiplier.a", "multiplier.b",
                           "multiplier.product"),
            "results": ("transform.one_result", "transform.other_result"),
            "planes": ("transform.planes__?__*",)},
        {"it computes": ("computing", 1), "the first word goes out": ("answers__valid", 1)}),
}
"""What can be shown, by unit."""


Testbench = Callable[[Any], Any]
"""An Amaranth testbench."""

Stimulus = Callable[[Any, Any], Any]
"""An asynchronous function of a testbench's context and the unit, which drives its ports."""


@dataclass(frozen=True)
class Recording:
    """A waveform: how many cycles, which signals to see first, when what happens."""

    cycles: int
    variables: list[Variable]
    groups: dict[str, list[Variable]]
    moments: list[tuple[int, str]]


def record(unit: str, waveform: Path, toy: bool = False,
           stimulus: Stimulus | None = None) -> Recording:
    """Run the case of `unit`, or `stimulus`, and write its waveform, whole, or nothing.

    `toy` takes the toy curve's eight bits in place of BN254's 254. Raises OSError where the file
    cannot be written, TimeoutError after `LIMIT` cycles, and what `stimulus` raises.
    """
    view = VIEWS[unit]
    component, testbench = _case(unit, TOY_SHAPE if toy else STANDARD, toy)
    simulator = Simulator(component)
    simulator.add_clock(PERIOD_FS / 1e15)
    cycles = 0

    async def run(context: Any) -> None:
        await (testbench(context) if stimulus is None else stimulus(context, component))

    async def count(context: Any) -> None:
        nonlocal cycles
        async for _ in context.tick():
            cycles += 1
            if cycles >= LIMIT:
                raise TimeoutError(f"the {unit} has not ended after {LIMIT:,} cycles")

    simulator.add_testbench(count, background=True)
    simulator.add_testbench(run)
    with tempfile.TemporaryDirectory(dir=waveform.parent, prefix=".waves-") as folder:
        everything, part = Path(folder) / "all.vcd", Path(folder) / "part.vcd"
        with simulator.write_vcd(str(everything)):
            simulator.run()
        with everything.open() as source, part.open("w") as target:
            kept = cut(source, target, view.scope)
        part.replace(waveform)
    moments = []
    for text, (path, value) in view.moments.items():
        for variable in find(kept, [f"{view.scope}.{path}"]):
            times = (time for time, now in changes(waveform, variable) if now == value)
            if (first := next(times, None)) is not None:
                moments.append((cycle_of(first), text))
    return Recording(cycles, kept, grouped(kept, view.groups, view.scope), sorted(moments))


def _case(unit: str, shape: MsmShape, toy: bool) -> tuple[Any, Testbench]:
    if unit == "multiplier":
        return _multiplier(shape)
    if unit == "processor":
        return _processor(toy)
    if unit == "transform":
        return _transform(shape)
    return _accelerator(shape)


def multiplier_pairs(shape: Any) -> list[tuple[int, int]]:
    """The pairs that the multiplier is shown with."""
    modulus, top = shape.field.modulus, (1 << shape.operand_bits) - 1
    third = modulus // 3
    return [(0, 0), (1, 1), (1, modulus - 1), (modulus - 1, modulus - 1), (top, 1), (top, top),
            (third, third + 1), (3, third)]


def _multiplier(shape: MsmShape) -> tuple[Any, Testbench]:
    multiplier = shape.adder.multiplier
    component, pairs = multiplier.build(), multiplier_pairs(multiplier)

    async def run(context: Any) -> None:
        for a, b in pairs:
            context.set(component.a, a)
            context.set(component.b, b)
            await context.tick()
        context.set(component.a, 0)
        context.set(component.b, 0)
        for _ in range(multiplier.latency + 2):
            await context.tick()

    return component, run


async def _feed(context: Any, port: Any, words: list[int], ready: Any) -> None:
    """Hand `words` to a stream of a unit, until the unit is ready for what comes next."""
    done = False
    while not done:
        context.set(port.valid, bool(words))
        if words:
            context.set(port.payload, words[0])
        done = context.get(ready)
        _, _, taken = await context.tick().sample(port.ready)
        if taken and words:
            words.pop(0)


def _processor(toy: bool) -> tuple[Any, Testbench]:
    from proofmill.firmware.library import TARGETS, program

    target = TARGETS["toy" if toy else "bn254-base"]
    code = program("multiply", target)
    component, words = StandaloneProcessor(target.shape, code), [6, 7]

    async def run(context: Any) -> None:
        await context.tick()
        context.set(component.entry, code.entry)
        context.set(component.start, 1)
        context.set(component.o.ready, 1)
        await context.tick()
        context.set(component.start, 0)
        await _feed(context, component.i, words, component.ready)

    return component, run


def transform_values(power: int) -> list[int]:
    """A w and B w that the transforms are shown with."""
    return [*range(1, (1 << power) + 1), *range(1 << power, 0, -1)]


def _transform(shape: MsmShape) -> tuple[Any, Testbench]:
    power, multiplier = 3, with_transforms(shape).adder.multiplier
    unit = TransformShape(multiplier=multiplier, power=power)
    component = TransformUnit(unit)
    words = [word for value in transform_values(power) for word in split(value, unit.value_words)]

    async def run(context: Any) -> None:
        context.set(component.power, power)
        context.set(component.start, 1)
        context.set(component.answers.ready, 1)
        await context.tick()
        context.set(component.start, 0)
        await _feed(context, component.words, words, component.ready)

    return component, run


def command_words(shape: MsmShape, plan: WindowPlan) -> list[int]:
    """Load three points, multiply and sum them in the first window, and ask who is there."""
    curve, group = shape.adder.curve, Group.G1
    law, scalars = equation(curve, group), (3, 3, 2)
    points = [law.multiply(n, ((1,), (2,))) for n in (1, 2, 3)]
    return [*load_words(curve, group, points), *multiply_words(group, plan, scalars, windows=1),
            pack(HEADER, command=Command.IDENTIFY)]


def _accelerator(shape: MsmShape) -> tuple[Any, Testbench]:
    plan = WindowPlan(shape.adder.curve.scalar.bits, 3, 1, 1)
    shape = replace(shape, mailbox_bits=(plan.mailboxes - 1).bit_length())
    dut, words = Accelerator(shape, finishing_program(shape)), command_words(shape, plan)
    memory: dict[int, int] = {}
    wanted: list[int] = []

    async def run(context: Any) -> None:
        for port in (dut.answers, dut.writes, dut.requests):
            context.set(port.ready, 1)
        while True:
            for port, waiting in ((dut.commands, words), (dut.points, wanted)):
                context.set(port.valid, bool(waiting))
                if waiting:
                    context.set(port.payload,
                                waiting[0] if port is dut.commands else memory[waiting[0]])
            sampled = await context.tick().sample(
                dut.commands.ready, dut.points.ready, dut.answers.valid, dut.answers.payload,
                dut.writes.valid, dut.writes.payload, dut.requests.valid, dut.requests.payload)
            _, _, taken, given, answers, answer, writes, write, asks, burst = sampled
            if taken and words:
                words.pop(0)
            if given and wanted:
                wanted.pop(0)
            if writes:
                memory[write.address] = write.word
            if asks:
                wanted.extend(range(burst.address, burst.address + burst.words))
            if answers and answer == MAGIC:
                return

    return dut, run
