"""The gateware's end of the link, in Amaranth's simulator, on a pseudo-terminal."""

import os
import threading
import tty

from amaranth import Module, ResetInserter
from amaranth.hdl import Fragment
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from proofmill.hdl.framing import FramedLink
from tests.stream_rules import streams_within, watcher


class Adder(wiring.Component):
    """Answers every word with itself plus one, as fast as it can or not at all."""

    def __init__(self):
        super().__init__({"commands": In(stream.Signature(64)), "hold": In(1),
                          "answers": Out(stream.Signature(64))})

    def elaborate(self, platform):
        m = Module()
        m.d.comb += [
            self.answers.valid.eq(self.commands.valid & ~self.hold),
            self.answers.payload.eq(self.commands.payload + 1),
            self.commands.ready.eq(self.answers.ready & ~self.hold),
        ]
        return m


class Echo(wiring.Component):
    """A `FramedLink` and an `Adder`."""

    def __init__(self):
        super().__init__({"valid": In(1), "byte": In(8), "bytes": Out(stream.Signature(8)),
                          "hold": In(1), "reset": Out(1), "restart": In(1),
                          "forgets": Out(1)})

    def elaborate(self, platform):
        m = Module()
        link, adder = FramedLink(), Adder()
        m.submodules.link = ResetInserter(self.restart)(link)
        m.submodules.adder = adder
        m.d.comb += [link.valid.eq(self.valid), link.byte.eq(self.byte), self.reset.eq(link.reset),
                     adder.hold.eq(self.hold), self.forgets.eq(link.reset | self.restart)]
        wiring.connect(m, link.bytes, wiring.flipped(self.bytes))
        wiring.connect(m, link.commands, adder.commands)
        wiring.connect(m, adder.answers, link.answers)
        return m


class SimulatedEcho:
    """Runs an `Echo` in a thread behind a pseudo-terminal: `path` is what to open.

    `damage` is a pair of functions on bytes, for either direction.
    """

    def __init__(self, damage=(lambda data: data, lambda data: data)):
        self._master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(self._master, False)
        self._slave, self.path = slave, os.ttyname(slave)
        self._damage, self._stop = damage, threading.Event()
        self.hold = False
        self.restart = threading.Event()
        self.broken = None
        self.resets = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    async def _carry(self, ctx):
        dut, coming, going = self.dut, bytearray(), bytearray()
        ctx.set(dut.bytes.ready, 1)
        quiet = 0
        while not self._stop.is_set():
            if not coming and quiet % 16 == 0:
                try:
                    coming += self._damage[0](os.read(self._master, 256))
                except BlockingIOError:
                    pass
            ctx.set(dut.hold, self.hold)
            restart = self.restart.is_set()
            ctx.set(dut.restart, restart)
            if restart:             # what is asked for after the look is not forgotten
                self.restart.clear()
            ctx.set(dut.valid, bool(coming))
            if coming:
                ctx.set(dut.byte, coming.pop(0))
            _, _, valid, byte, reset = await ctx.tick().sample(
                dut.bytes.valid, dut.bytes.payload, dut.reset)
            self.resets += reset
            quiet = 0 if valid else quiet + 1
            if valid:
                going.append(byte)
            if going and (quiet or len(going) >= 64):
                os.write(self._master, self._damage[1](bytes(going)))
                going.clear()

    def _run(self):
        self.dut = Echo()
        fragment = Fragment.get(self.dut, None)
        simulator = Simulator(fragment)
        simulator.add_clock(1e-8)
        simulator.add_testbench(self._carry)
        simulator.add_testbench(watcher(list(streams_within(fragment)), self.dut.forgets),
                                background=True)
        try:
            simulator.run()
        except AssertionError as broken:
            self.broken = broken

    def close(self):
        """Stop; raises AssertionError where a rule of streams was broken."""
        self._stop.set()
        self._thread.join()
        if self.broken:
            raise self.broken
        for descriptor in (self._master, self._slave):
            os.close(descriptor)
