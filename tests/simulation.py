"""Run testbenches against a component in Amaranth's own simulator, within a cycle budget."""

from amaranth.lib import stream
from amaranth.lib.wiring import Component, Flow
from amaranth.sim import Simulator

PERIOD = 1e-8  # seconds; from Amaranth 0.6 on: Period(ns=10)


def output_streams(component: Component) -> dict:
    """The streams on which `component` speaks, by name."""
    return {name: getattr(component, name) for name, member in component.signature.members.items()
            if member.flow is Flow.Out and member.is_signature
            and isinstance(member.signature, stream.Signature)}


def stream_rules(name: str, port):
    """A testbench that holds `port` to the rules: what was offered and not taken stays offered."""

    async def watch(ctx):
        offered = None
        while True:
            payload = port.payload
            payload = payload if not hasattr(payload, "as_value") else payload.as_value()
            *_, valid, ready, word = await ctx.tick().sample(port.valid, port.ready, payload)
            if offered is not None:
                assert valid, f"{name} withdrew a word that had not been taken"
                assert word == offered, f"{name} changed a word that had not been taken"
            offered = word if valid and not ready else None

    return watch


def simulate(dut, *testbenches, cycles=10_000, background=(), vcd=None):
    """Run until every testbench has returned; fail once `cycles` have passed (a deadlock).

    Every stream on which `dut` speaks is held to the stream rules meanwhile. Testbenches in
    `background` need not return.
    """
    simulator = Simulator(dut)
    simulator.add_clock(PERIOD)
    for testbench in testbenches:
        simulator.add_testbench(testbench)
    for testbench in background:
        simulator.add_testbench(testbench, background=True)
    for name, port in output_streams(dut).items():
        simulator.add_testbench(stream_rules(name, port), background=True)

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
