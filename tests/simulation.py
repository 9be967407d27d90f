"""Run testbenches against a component in Amaranth's own simulator, within a cycle budget."""

from amaranth.hdl import Fragment
from amaranth.sim import Simulator

from tests.stream_rules import check_independence, streams_within, watcher

PERIOD = 1e-8  # seconds; from Amaranth 0.6 on: Period(ns=10)


def simulate(dut, *testbenches, cycles=10_000, background=(), vcd=None, excused=None, unwatched=(),
             fragment=None):
    """Run until every testbench has returned; fail once `cycles` have passed (a deadlock).

    Every stream of `dut` and of every component within it is held to the stream rules, those on
    which the testbenches speak included; words may be withdrawn while the signal `excused` is 1,
    and at any time on streams named in `unwatched`. Testbenches in `background` need not return.
    `fragment` is what `dut` has been elaborated to, where that has been done.
    """
    fragment = fragment or Fragment.get(dut, None)
    streams = list(streams_within(fragment))
    simulator = Simulator(fragment)
    check_independence(dut, simulator._design, streams)
    simulator.add_clock(PERIOD)
    for testbench in testbenches:
        simulator.add_testbench(testbench)
    for testbench in background:
        simulator.add_testbench(testbench, background=True)
    watched = [entry for entry in streams if entry[0] not in unwatched]
    if watched:
        simulator.add_testbench(watcher(watched, excused), background=True)

    async def watchdog(ctx):
        for _ in range(cycles):
            await ctx.tick()
        raise TimeoutError(f"the testbenches had not finished after {cycles} cycles")

    simulator.add_testbench(watchdog, background=True)
    if vcd is None:
        simulator.run()
    else:
        with simulator.write_vcd(vcd):
            simulator.run()
