"""The accelerator's states for CHECK."""

from amaranth import *

from proofmill.hdl.commands import PLACE, Error
from proofmill.hdl.extent import place_states

CHECK_PLACES = ("CHECK_PROGRAM", "CHECK_INPUTS", "CHECK_KEY")
"""The states for the words of a CHECK behind its header."""


def check_states(m, accelerator, msm, header, place, error, reply, extent, fits, proves):
    """The states of CHECK, from its `header` on; see `extent`, `fits` and `proves` in
    `hdl.accelerator.Accelerator`."""
    shape, port = accelerator.shape.checker, msm.check
    kept = [Signal(PLACE, name=name) for name in ("checking", "checked", "checked_by")]
    m.d.comb += [port.program.eq(kept[0]), port.inputs.eq(kept[1]), port.key.eq(kept[2])]
    with m.State("CHECK"):
        m.next = CHECK_PLACES[0]
        with m.If(~header.finish[0]):
            m.next = "CHECK_ROOM"
    with m.State("CHECK_ROOM"):
        m.d.comb += [accelerator.answers.valid.eq(1), accelerator.answers.payload.eq(reply),
                     reply.unit.eq(shape.row_bits)]
        with m.If(accelerator.answers.ready):
            m.next = "COMMAND"
    place_states(m, accelerator.words, dict(zip(CHECK_PLACES, kept, strict=True)), "START_CHECK",
                 place, error, extent, fits)
    values = kept[1].count + kept[2].count
    with m.State("START_CHECK"):
        m.next = "REPLY"
        sound = error == Error.NONE
        if proves is not None:
            proves.refuse_cut(m, error)
            sound &= ~proves.cut
        with m.If(sound):
            with m.If((kept[0].count == 0)
                      | (values > shape.value_words * ((1 << shape.row_bits) - 1))):
                m.d.sync += error.eq(Error.CHECK)
            with m.Else():
                m.d.comb += port.start.eq(1)
                m.next = "CHECKING"
    with m.State("CHECKING"):
        with m.If(msm.ready):
            m.next = "CHECKED"
    with m.State("CHECKED"):
        m.next = "CHECK_SAID"
        with m.If(port.wrong):
            m.d.sync += error.eq(Error.PROOF)
    with m.State("CHECK_SAID"):
        m.d.comb += [accelerator.answers.valid.eq(1), accelerator.answers.payload.eq(reply),
                     reply.group.eq(port.took)]
        with m.If(accelerator.answers.ready):
            m.next = "COMMAND"
