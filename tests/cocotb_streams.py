"""Drive and drain Amaranth streams from cocotb, with random pauses."""

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge


class Stream:
    """The three ports of a stream in Verilog: ``<name>__payload``, ``__valid``, ``__ready``.

    It is held to the stream's rule from here on: what was offered and not taken stays offered.
    """

    def __init__(self, dut, name):
        self.name, self.clock = name, dut.clk
        self.payload, self.valid, self.ready = (
            dut[f"{name}__{part}"] for part in ("payload", "valid", "ready"))
        cocotb.start_soon(self._watch())

    async def _watch(self):
        offered = None
        while True:
            await RisingEdge(self.clock)
            valid, word = self.valid.value == 1, str(self.payload.value)
            if offered is not None:
                assert valid, f"{self.name} withdrew a word that had not been taken"
                assert word == offered, f"{self.name} changed a word that had not been taken"
            offered = word if valid and self.ready.value != 1 else None

    async def send(self, payloads, rng, pause=0.3):
        for payload in payloads:
            self.valid.value = 0
            while rng.random() < pause:
                await RisingEdge(self.clock)
            self.payload.value = payload
            self.valid.value = 1
            await RisingEdge(self.clock)
            while not self.ready.value:  # on the edge one reads what stood just before it
                await RisingEdge(self.clock)
        self.valid.value = 0

    async def receive(self, count, rng, pause=0.3):
        taken = []
        while len(taken) < count:
            self.ready.value = ready = rng.random() >= pause
            await RisingEdge(self.clock)
            if ready and self.valid.value:
                taken.append(self.payload.value.to_unsigned())
        self.ready.value = 0
        return taken


async def start(dut, *idle, reset=True):
    """Hold reset for two cycles with the `idle` inputs at zero; leave the clock running.

    A design in which nothing is reset has no such port: `reset` False.
    """
    for port in idle:
        port.value = 0
    if reset:
        dut.rst.value = 1
    Clock(dut.clk, 10, unit="ns").start()
    for _ in range(2):
        await RisingEdge(dut.clk)
    if reset:
        dut.rst.value = 0
