"""The accelerator's states for ONE_WAY."""

from amaranth import *

from proofmill.hdl.commands import Command, Error


def one_way_states(m, accelerator, msm, header, size, stored, error, reply, proves):
    """The states of ONE_WAY, from its header to where its words are taken as a TRANSFORM's are; see
    `proves` in `hdl.accelerator.Accelerator`."""
    shape, commands = accelerator.shape.transform, accelerator.words
    fits, asked = Signal(name="one_way_fits"), header.finish[0]
    this = header.command == Command.ONE_WAY
    said = this & ~asked
    if proves is not None:  # among whose commands it is none
        said = said & ~proves.performing
    m.d.comb += [msm.way.one.eq(this), msm.way.inverse.eq(header.finish[1]),
                 msm.way.coset.eq(header.finish[2:4]),
                 reply.unit.eq(Mux(said, shape.one_way_most, 0))]
    with m.State("ONE_WAY"):
        with m.If(~asked):
            m.next = "REPLY"
        with m.Else():
            m.d.comb += commands.ready.eq(1)
            with m.If(commands.valid):
                m.d.sync += size.as_value().eq(commands.payload)
                m.next = "START_ONE_WAY"
    with m.State("START_ONE_WAY"):
        m.d.sync += stored.words.eq(size.words)
        with m.Switch(size.power):
            for power in range(1, shape.one_way_most + 1):
                with m.Case(power):
                    m.d.comb += fits.eq(size.words == shape.value_words << power)
        with m.If(fits):
            m.next = "TRANSFORM"
        with m.Else():
            m.d.sync += error.eq(Error.TRANSFORM)
            m.next = "REFUSE"
