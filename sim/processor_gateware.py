"""A microprogram on the processor's own gateware, in Amaranth's simulator."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from amaranth.sim import Simulator

from proofmill.firmware.program import Program
from proofmill.hdl.microcode import COUNTERS
from proofmill.hdl.processor import StandaloneProcessor
from proofmill.hdl.processor_shape import ProcessorShape
from proofmill.sim.processor import Execution, ProcessorError

PERIOD = 1e-8


def run_gateware(shape: ProcessorShape, program: Program, words: Sequence[int] = (), *,
                 entry: int | None = None, pauses: Random | None = None,
                 registers: Sequence[int] | None = None,
                 progress: Callable[[int, int], None] | None = None,
                 expected_cycles: int = 1, limit: int = 10_000_000) -> Execution:
    """What `sim.processor.run` gives, from the gateware with a multiplier of its own.

    `pauses` makes both streams wait at random. `executed` and `counters` are not read
    and are 0. Every register is checked to be below twice the modulus. `progress` is told (cycles,
    expected cycles).
    Raises `ProcessorError` if the program wants more words than given, or has not ended after
    `limit` cycles.
    """
    component = StandaloneProcessor(shape, program)
    file = component.processor.registers
    modulus = shape.field.modulus
    outcome: list[Execution] = []
    sent: list[int] = []

    def paused() -> bool:
        return pauses is not None and pauses.random() < 0.4

    async def feed(context: Any) -> None:
        for word in words:
            while paused():
                await context.tick()
            context.set(component.i.payload, word)
            context.set(component.i.valid, 1)
            taken = False  # a plain loop: `until` cannot be left hanging when the program ends
            while not taken:
                _, _, taken = await context.tick().sample(component.i.ready)
            context.set(component.i.valid, 0)

    async def drain(context: Any) -> None:
        offered: int | None = None
        while True:
            context.set(component.o.ready, not paused())
            _, _, valid, ready, word = await context.tick().sample(
                component.o.valid, component.o.ready, component.o.payload)
            if offered is not None and (not valid or word != offered):
                raise ProcessorError("a word was withdrawn or changed before it was taken")
            offered = word if valid and not ready else None
            if valid and ready:
                sent.append(word)

    async def run(context: Any) -> None:
        if registers is not None:
            for number, value in enumerate(registers):
                context.set(file[number], value)
        context.set(component.entry, program.entry if entry is None else entry)
        context.set(component.start, 1)
        await context.tick()
        context.set(component.start, 0)
        for cycle in range(limit):
            if context.get(component.ready):
                break
            if progress is not None and cycle % 500 == 0:
                progress(cycle, max(cycle, expected_cycles))
            if pauses is None and context.get(component.waited) > 0:
                raise ProcessorError(
                    f"the program wants more than the {len(words)} words it is given")
            await context.tick()
        else:
            raise ProcessorError(f"the program has not ended after {limit:,} cycles")
        values = [context.get(file[number]) for number in range(file.depth)]
        for number, value in enumerate(values):
            if value >= 2 * modulus:
                raise ProcessorError(f"register r{number} is {value}, twice the modulus or more")
        outcome.append(Execution([value % modulus for value in values][:program.registers],
                               list(sent), [0] * COUNTERS, context.get(component.cycles), 0))

    simulator = Simulator(component)
    simulator.add_clock(PERIOD)
    simulator.add_testbench(feed, background=True)
    simulator.add_testbench(drain, background=True)
    simulator.add_testbench(run)
    simulator.run()
    return outcome[0]
