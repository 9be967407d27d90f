"""The rules of streams, and how a simulation is held to them: on every stream of every component.

1. What has been offered and not taken stays offered, and stays what it is.
2. Whether something is offered does not depend, within a cycle, on whether it would be taken.

The first is watched cycle by cycle; the second is read off the netlist, so it holds for every run.
"""

from collections.abc import Iterator
from functools import cache

from amaranth.hdl import Fragment
from amaranth.hdl import _ir as ir
from amaranth.hdl import _nir as nir
from amaranth.hdl._ast import SignalDict
from amaranth.lib import stream
from amaranth.lib.wiring import Component, FlippedSignature, Flow


def streams_of(interface, signature, name="") -> Iterator[tuple[str, object, Flow]]:
    """(name, stream, direction) of each stream of an interface, those of its parts included."""
    for part, member in signature.members.items():
        if not member.is_signature:
            continue
        path, inner = f"{name}{part}", member.signature
        if isinstance(inner, FlippedSignature):
            inner = inner.flip()
        ports = [getattr(interface, part)]
        for _ in member.dimensions:
            ports = [port for array in ports for port in array]
        for number, port in enumerate(ports):
            label = f"{path}[{number}]" if member.dimensions else path
            if isinstance(inner, stream.Signature):
                yield label, port, member.flow
            else:
                yield from streams_of(port, inner, f"{label}.")


def components_within(fragment: Fragment, path="") -> Iterator[tuple[str, Component]]:
    """(path, component) of each component that a fragment, with all below it, was made from."""
    for origin in fragment.origins or ():
        if isinstance(origin, Component):
            yield path, origin
    for number, (part, name, _) in enumerate(fragment.subfragments):
        yield from components_within(part, f"{path}{name or number}.")


def streams_within(fragment: Fragment) -> Iterator[tuple[str, object, Flow]]:
    """The streams of all these."""
    for path, component in components_within(fragment):
        for name, port, flow in streams_of(component, component.signature):
            yield path + name, port, flow


def nets_of(netlist, signal) -> set[nir.Net]:
    """The nets of a signal; none where nothing uses it."""
    return set(netlist.signals[signal]) if signal in netlist.signals else set()


def answers_to_ready(design, streams) -> list[str]:
    """The names of the streams whose `valid` depends on their `ready` without a register between.

    `design` is what `Fragment.prepare` returns. A path in the netlist counts, whether or not it
    can ever make a difference.
    """
    netlist = nir.Netlist()
    netlist.signals = SignalDict()
    ir._emit_netlist(netlist, design, all_undef_to_ff=False)

    def sources(net):
        if net.is_late:  # a signal; what drives it is a connection
            return [netlist.connections[net]]
        if net.is_const:
            return []
        return [source for source, _ in netlist.cells[net.cell].comb_edges_to(net.bit)]

    guilty = []
    for name, port, _ in streams:
        ready, seen = nets_of(netlist, port.ready), set()
        waiting = list(nets_of(netlist, port.valid))
        while waiting:
            net = waiting.pop()
            if net in ready:
                guilty.append(name)
                break
            if net not in seen:
                seen.add(net)
                waiting += sources(net)
    return guilty


@cache
def _known_good() -> set:
    return set()


def check_independence(dut: Component, design, streams) -> None:
    """Rule 2, once for components that say the same of themselves."""
    known, kind = _known_good(), (type(dut), repr(vars(dut)))
    if kind not in known:
        guilty = answers_to_ready(design, streams)
        assert not guilty, f"valid depends on ready within a cycle: {', '.join(guilty)}"
        known.add(kind)


def watcher(streams, excused=None):
    """A testbench that holds `streams` to rule 1, but while the signal `excused` is 1, and in the
    cycle after."""
    ports = [(name, port) for name, port, _ in streams]
    signals = []
    for _, port in ports:
        payload = port.payload
        signals += [port.valid, port.ready,
                    payload.as_value() if hasattr(payload, "as_value") else payload]
    if excused is not None:
        signals.append(excused)

    async def watch(ctx):
        offered, excuse = [None] * len(ports), False
        async for _, reset, *found in ctx.tick().sample(*signals):
            earlier, excuse = excuse, bool(reset or (excused is not None and found[-1]))
            forgiven = earlier or excuse
            for n, (name, _) in enumerate(ports):
                valid, ready, word = found[3 * n:3 * n + 3]
                before = offered[n]
                if before is not None and not forgiven:
                    assert valid, f"{name} withdrew a word that had not been taken"
                    assert word == before, f"{name} changed a word that had not been taken"
                offered[n] = word if valid and not ready else None

    return watch
