"""Accelerators for a card's shell: AXI4 to memory, AXI4-Stream and AXI4-Lite to the host."""

from collections.abc import Iterator
from dataclasses import dataclass

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.accelerator import Accelerator
from proofmill.hdl.axi_lite import DATA, answered, slave
from proofmill.hdl.axi_memory import AxiMemory, master
from proofmill.hdl.axi_stream import clocked
from proofmill.hdl.commands import WORD
from proofmill.hdl.msm import MsmShape
from proofmill.hdl.session import held_until_rest, join

CHANNEL_WORDS = 1 << 26
"""Words of a channel of memory: 512 MiB, a pseudo-channel of HBM2 on an UltraScale+ (AMD PG276)."""


@dataclass(frozen=True)
class CardRegister:
    """A register of 32 bits: its address, or that within an accelerator's, and who writes it."""

    name: str
    address: int
    written: bool
    meaning: str


COUNT = CardRegister("accelerators", 0, False, "how many there are")
FIRST, STRIDE = 0x20, 0x20
"""Where the registers of accelerator 0 begin, and from one's to the next one's."""

TABLE = (
    CardRegister("session", 0x00, True, "write 1: begin anew, as with a session of a board's link; "
                                        "what the memory holds stays"),
    CardRegister("status", 0x04, False, "bit 0: it begins anew, bit 1: its memory rests, bit 2: "
                                        "the memory answered a read with an error, bit 3: a write"),
    CardRegister("commands", 0x08, False, "words it has taken since the reset, modulo 2^32"),
    CardRegister("answers", 0x0c, False, "words it has given"),
)
"""The registers of each accelerator."""


def lines_of(accelerators: int) -> Iterator[str]:
    """The table of registers as lines."""
    yield f"0x{COUNT.address:03x}  r   {COUNT.name}  {COUNT.meaning}"
    for n in range(accelerators):
        for each in TABLE:
            yield (f"0x{FIRST + n * STRIDE + each.address:03x}  {'rw' if each.written else 'r '}  "
                   f"{each.name}{n}  {each.meaning}")


class Card(wiring.Component):
    """Accelerators side by side, each with streams of its own and a channel of memory of its own.

    Commands come and answers go as over a board's link, without its frames: see
    `hdl.commands`. A new session, by `TABLE`, resets an accelerator and lets its memory finish, and
    words that come meanwhile wait. A word that was offered then stays offered, as AXI4-Stream wants
    it: one of before may come.

    Parameters
    ----------
    shape : of every accelerator.
    program : its finisher's, see `hdl.msm.Msm`.
    accelerators : how many.
    words : of each one's memory.
    bases : the byte at which each one's memory begins; by default channel after channel.
    clock_hz : clock rate, for the identity.

    Members
    -------
    aclk, aresetn : clock, and a synchronous reset that is low, in
    s_axil_* : registers, see `TABLE`
    s_axis<n>_tdata, m_axis<n>_tdata, ... : commands of accelerator n and its answers, a word each
    m_axi<n>_* : its memory, see `hdl.axi_memory.AxiMemory`
    """

    def __init__(self, shape: MsmShape, program=None, *, accelerators: int = 1,
                 words: int = CHANNEL_WORDS, bases: tuple[int, ...] | None = None,
                 clock_hz: float = 0):
        if accelerators < 1 or bases is not None and len(bases) != accelerators:
            self._MustUse__silence = True  # what is refused is never used
            raise ValueError(f"{accelerators} accelerators, and memories at {bases}: there is at "
                             "least one, and a memory for each")
        self.shape, self.program = shape, program
        self.words, self.clock_hz = words, clock_hz
        self.bases = bases or tuple(n * words * WORD // 8 for n in range(accelerators))
        bits = max(self._memory(n).address_bits for n in range(accelerators))
        members = slave((FIRST + accelerators * STRIDE - 1).bit_length())
        for n in range(accelerators):
            members |= {
                f"s_axis{n}_tdata": In(WORD), f"s_axis{n}_tvalid": In(1),
                f"s_axis{n}_tready": Out(1), f"m_axis{n}_tdata": Out(WORD),
                f"m_axis{n}_tvalid": Out(1), f"m_axis{n}_tready": In(1),
                **{f"m_axi{n}_{name}": member for name, member in master(bits).items()}}
        super().__init__(members)

    def _memory(self, number: int) -> AxiMemory:
        memory = AxiMemory(self.words, self.shape.port_words, self.bases[number])
        memory._MustUse__silence = True  # one that is asked for its figures alone
        return memory

    def elaborate(self, platform):
        m = Module()
        write, refused, word, unknown = answered(m, self)
        values = {COUNT.address: Const(len(self.bases), DATA)}
        for n in range(len(self.bases)):
            values |= self._one(m, n, write, refused)
        with m.Switch(self.s_axil_araddr[2:]):
            for address, value in values.items():
                with m.Case(address // 4):
                    m.d.comb += word.eq(value)
            with m.Default():
                m.d.comb += unknown.eq(1)
        return clocked(m, self)

    def _one(self, m, number, write, refused):
        """Accelerator `number`: its registers' values by address."""
        m.submodules[f"memory{number}"] = memory = self._memory(number)
        accelerator = Accelerator(self.shape, self.program, memory_words=self.words,
                                  memory_cycles=memory.read_cycles, clock_hz=self.clock_hz)
        first = FIRST + number * STRIDE
        begin = Signal(name=f"begin{number}")
        with m.If(self.s_axil_awaddr[2:] == (first + TABLE[0].address) // 4):
            m.d.comb += [refused.eq(0),
                         begin.eq(write & self.s_axil_wstrb[0] & self.s_axil_wdata[0])]
        held = held_until_rest(m, begin, memory.idle, str(number))
        m.submodules[f"accelerator{number}"] = ResetInserter(held)(accelerator)
        for source, target in (
                (accelerator.requests, memory.requests), (accelerator.writes, memory.writes),
                (memory.points, accelerator.points)):
            join(m, source, target, held)
        ports = {name: getattr(self, f"{name.replace('axis', f'axis{number}')}") for name in (
            "s_axis_tdata", "s_axis_tvalid", "s_axis_tready", "m_axis_tdata", "m_axis_tvalid",
            "m_axis_tready")}
        commands, answers = accelerator.commands, accelerator.answers
        m.d.comb += [
            memory.drop.eq(held),
            commands.payload.eq(ports["s_axis_tdata"]),
            commands.valid.eq(ports["s_axis_tvalid"] & ~held),
            ports["s_axis_tready"].eq(commands.ready & ~held),
            answers.ready.eq((ports["m_axis_tready"] | ~ports["m_axis_tvalid"]) & ~held)]
        with m.If(ports["m_axis_tready"]):
            m.d.sync += ports["m_axis_tvalid"].eq(0)
        with m.If(answers.valid & answers.ready):
            m.d.sync += [ports["m_axis_tvalid"].eq(1), ports["m_axis_tdata"].eq(answers.payload)]
        for name, member in master(memory.address_bits).items():
            ours, theirs = getattr(self, f"m_axi{number}_{name}"), getattr(memory, f"m_axi_{name}")
            m.d.comb += ours.eq(theirs) if member.flow is Out else theirs.eq(ours)
        counts = []
        for name, moves in (("taken", commands.valid & commands.ready),
                            ("given", ports["m_axis_tvalid"] & ports["m_axis_tready"])):
            counts.append(Signal(DATA, name=f"{name}{number}"))
            m.d.sync += counts[-1].eq(counts[-1] + moves)
        status = Cat(held, memory.idle, memory.read_fault, memory.write_fault)
        return {first + each.address: value for each, value in zip(
            TABLE, (Const(0, DATA), status, *counts), strict=True)}
