"""The accelerator's states for EVALUATE and EVALUATION."""

from amaranth import *
from amaranth.utils import exact_log2

from proofmill.hdl.commands import PLACE, Error
from proofmill.hdl.extent import place_states
from proofmill.hdl.msm import MsmShape

PLACES = ("PROGRAM", "WITNESS", "TILES")
"""The states for the words of an EVALUATE before its size, and what they name."""


POWER_BITS = 5
"""Bits of the power of vectors that there may be at all."""


def room_words(shape: MsmShape) -> dict[str, int]:
    """What is said of an evaluation in answer to EVALUATION, `hdl.commands.ROOM`."""
    unit, transform = shape.evaluator, shape.transform
    return {"places": unit.row_bits, "spacing": unit.spacing,
            "radix": unit.multiplier.radix.bit_length() - 1, "value_words": transform.value_words,
            "proves": int(shape.proves)}


def evaluate_states(m, accelerator, msm, header, place, size, stored, error, reply, extent, fits,
                    proves):
    """The states of EVALUATE, from the words behind its `header` on; see `extent`, `fits` and
    `proves` in `hdl.accelerator.Accelerator`."""
    transform, port = accelerator.shape.transform, msm.evaluation
    commands, answers = accelerator.words, accelerator.answers
    writes, put = accelerator.writes, Signal(PLACE["address"].width, name="put")
    kept = {"PROGRAM": Signal(PLACE, name="program"), "WITNESS": Signal(PLACE, name="witness")}
    m.d.comb += [port.program.eq(kept["PROGRAM"]), port.witness.eq(kept["WITNESS"])]
    place_states(m, commands, {name: kept.get(name) for name in PLACES}, "RESULTS", place, error,
                 extent, fits)
    known, behind = Signal(), Signal(PLACE["count"].width)  # words of results in the memory
    to_memory, onward = header.finish[1], header.finish[0]
    m.d.comb += behind.eq(Mux(
        to_memory, (transform.value_words << size.power[:POWER_BITS]) << ~onward, 0))
    with m.State("RESULTS"):
        m.d.comb += commands.ready.eq(1)
        with m.If(commands.valid):
            m.d.sync += size.as_value().eq(commands.payload)
            m.next = "START_EVALUATE"
    with m.State("START_EVALUATE"):
        with m.Switch(size.power):
            for power in range(1, transform.most + 1):
                with m.Case(power):
                    m.d.comb += known.eq((size.words == 0) & (place.count == behind + Mux(
                        onward, transform.room(power), 0)))
        with m.If(~known):
            m.d.sync += [error.eq(Error.EVALUATION), stored.words.eq(size.words)]
            m.next = "REFUSE"
        with m.Elif(error != Error.NONE):
            m.next = "REPLY"
        with m.Else():
            m.d.sync += [put.eq(place.address), place.address.eq(place.address + behind)]
            m.next = "EVALUATE"
        if proves is not None:
            proves.refuse_cut(m, error)
    with m.State("EVALUATE"):
        m.d.comb += [port.start.eq(1), msm.transform.eq(onward)]
        m.next = "EVALUATING"
    with m.State("EVALUATING"):
        m.d.comb += [answers.valid.eq(1), answers.payload.eq(reply), reply.last.eq(0)]
        with m.If(answers.ready):
            m.next = "EVALUATED"
    with m.State("EVALUATED"):
        results = [port.results, msm.transformed]
        with m.Switch(onward):
            for number, source in enumerate(results):
                with m.Case(number):
                    with m.If(~to_memory):
                        m.d.comb += [answers.valid.eq(source.valid),
                                     answers.payload.eq(source.payload),
                                     source.ready.eq(answers.ready)]
                    with m.Elif(source.valid):
                        m.d.comb += [writes.valid.eq(1), writes.payload.address.eq(put),
                                     writes.payload.word.eq(source.payload),
                                     source.ready.eq(writes.ready)]
                        m.d.sync += put.eq(put + writes.ready)
        with m.If(msm.ready):
            with m.If(port.fault):
                m.d.sync += error.eq(Error.EVALUATION)
            m.next = "PHASES"


def scalars_extent(m, accelerator, msm, extent, place, stored, error, stays=None):
    """The states in which it is found out whether the memory has a MULTIPLY's scalars; where its
    point `stays`, whether it has room for that is found out behind."""
    size = accelerator.shape.transform.value_words
    split = 0
    if within := exact_log2(accelerator.shape.port_words):
        split = stored.words[:within].any()
    with m.State("SCALARS_EXTENT"):
        m.d.comb += [extent.start.eq(1), extent.address.eq(stored.words), extent.words.eq(0),
                     extent.points.eq(place.count), extent.point_words.eq(size),
                     extent.copies.eq(0)]
        m.next = "SCALARS_WITHIN"
    with m.State("SCALARS_WITHIN"):
        m.d.comb += extent.copies.eq(0)
        with m.If(extent.ready):
            with m.If((~extent.fits | split) & (place.count != 0)):
                m.d.sync += error.eq(Error.MEMORY)
                m.next = "REFUSE"
            if stays is not None:
                with m.Elif(stays):
                    m.next = "KEPT_EXTENT"
            with m.Else():
                m.d.comb += msm.start.eq(1)
                m.next = "MULTIPLY"
