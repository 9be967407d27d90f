"""A board's gateware: the serial link, the accelerator and the memory, up to the pins."""

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.accelerator import Accelerator
from proofmill.hdl.block_memory import READ_CYCLES, BlockMemory
from proofmill.hdl.framing import FramedLink
from proofmill.hdl.msm import MsmShape
from proofmill.hdl.sdram import SdramController, SdramPins, SdramTiming
from proofmill.hdl.session import held_until_rest, join
from proofmill.hdl.uart import UartReceiver, UartTransmitter


def memory_cycles(timing: SdramTiming | None, clock_hz: float, port_words: int = 1) -> int:
    """What a board's memory says of itself: see `hdl.commands.IDENTITY`."""
    return timing.read_cycles(clock_hz) if timing else READ_CYCLES[port_words]


MEMORY = ("requests", "points", "writes", "drop", "idle")
"""Members of a memory: those of `hdl.block_memory.BlockMemory`."""


class BoardCore(wiring.Component):
    """Everything of a board's gateware that is clocked: what `proofmill board simulate` runs.

    A new session on the link resets the accelerator and lets the memory finish; what the memory
    holds stays.

    Parameters
    ----------
    shape : the accelerator.
    program : its finisher's, see `hdl.msm.Msm`.
    divisor : clock cycles of one bit on the serial line.
    clock_hz : clock rate, for the memory's times.
    timing : of the SDRAM chip; None for a board without one.
    block_words : words of block memory instead.
    start_cycles, pad_cycles : see `hdl.sdram.SdramController`.
    memory : a memory of your own in place of both, a component with the members `MEMORY` and
        `BlockMemory`'s `words` and `read_cycles`.

    Members
    -------
    rx, tx : the serial line, in and out
    sdram : to the chip, out, where there is one
    active : words have moved within the last tenth of a second, out
    """

    def __init__(self, shape: MsmShape, program=None, *, divisor: int, clock_hz: float,
                 timing: SdramTiming | None = None, block_words: int = 4096,
                 start_cycles: int | None = None, pad_cycles: int = 0, memory=None):
        if (timing or memory is not None) and shape.port_words > 1:
            self._MustUse__silence = True  # what is refused is never used
            raise ValueError("an SDRAM, or a memory of one's own, answers one word at a time, and "
                             f"this accelerator's port has {shape.port_words}: port=None, or "
                             "block memory")
        self.shape, self.program = shape, program
        self.divisor, self.clock_hz = divisor, clock_hz
        self.timing, self.block_words = timing, block_words
        self.start_cycles, self.pad_cycles = start_cycles, pad_cycles
        self.memory = memory
        super().__init__({
            "rx": In(1, init=1), "tx": Out(1, init=1), "active": Out(1),
            **({"sdram": Out(SdramPins())} if timing else {})})

    @property
    def memory_words(self) -> int:
        """Words of 64 bits that its memory holds."""
        if self.memory is not None:
            return self.memory.words
        return self.timing.words if self.timing else self.block_words

    @property
    def memory_cycles(self) -> int:
        """Cycles that its memory takes for 8 words."""
        if self.memory is not None:
            return self.memory.read_cycles
        return memory_cycles(self.timing, self.clock_hz, self.shape.port_words)

    def elaborate(self, platform):
        m = Module()
        m.submodules.receiver = receiver = UartReceiver(self.divisor)
        m.submodules.transmitter = transmitter = UartTransmitter(self.divisor)
        m.submodules.link = link = FramedLink()
        if self.memory is not None:
            store = self.memory
        elif self.timing:
            store = SdramController(self.clock_hz, self.timing, start_cycles=self.start_cycles,
                                    pad_cycles=self.pad_cycles)
            wiring.connect(m, store.pins, wiring.flipped(self.sdram))
        else:
            store = BlockMemory(self.block_words, self.shape.port_words)
        m.submodules.store = store
        accelerator = Accelerator(
            self.shape, self.program, memory_words=self.memory_words,
            memory_cycles=self.memory_cycles, clock_hz=self.clock_hz)

        # A session begins: the accelerator stays in reset until the memory has come to rest.
        held = held_until_rest(m, link.reset, store.idle)
        m.submodules.accelerator = ResetInserter(held)(accelerator)
        m.d.comb += [
            receiver.line.eq(self.rx), self.tx.eq(transmitter.line),
            link.valid.eq(receiver.valid), link.byte.eq(receiver.byte), store.drop.eq(held),
        ]
        wiring.connect(m, link.bytes, transmitter.bytes)

        for source, target in (
                (link.commands, accelerator.commands), (accelerator.answers, link.answers),
                (accelerator.requests, store.requests), (accelerator.writes, store.writes),
                (store.points, accelerator.points)):
            join(m, source, target, held)

        glow = Signal(range(int(self.clock_hz / 10) + 1))
        m.d.comb += self.active.eq(glow != 0)
        with m.If(link.commands.valid | link.answers.valid):
            m.d.sync += glow.eq(int(self.clock_hz / 10))
        with m.Elif(glow != 0):
            m.d.sync += glow.eq(glow - 1)
        return m
