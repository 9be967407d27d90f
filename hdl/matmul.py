"""The accelerator's states for MATMUL and MATRICES."""

from amaranth import *

from proofmill.hdl.commands import ARRAY, MATRIX, OPERANDS, Error
from proofmill.hdl.exchange import exchange
from proofmill.hdl.matrix_unit import MatrixUnitShape


def array_words(shape: MatrixUnitShape) -> dict[str, int]:
    """What `shape` says of itself in answer to MATRICES."""
    return {name: getattr(shape if hasattr(shape, name) else shape.multiplier, name)
            for name in ARRAY}


def matmul_words(m, accelerator, msm):
    """(MATRIX, OPERANDS, whether weights are there from before), of the MATMUL at hand."""
    matrix, operands, kept = Signal(MATRIX), Signal(OPERANDS), Signal()
    others = msm.start | msm.clear
    if accelerator.shape.transform is not None:
        others = others | msm.transform
    if accelerator.shape.evaluator is not None:
        others = others | msm.evaluation.start
    with m.If(others):
        m.d.sync += kept.eq(0)
    with m.Elif(msm.matrices.start):
        m.d.sync += kept.eq(1)
    m.d.comb += [
        *(getattr(msm.matrices, name).eq(matrix[name]) for name, _ in MATRIX),
        msm.matrices.entry.eq(operands.entry), msm.matrices.words.eq(operands.words),
        msm.matrices.activations.payload.eq(accelerator.words.payload)]
    return matrix, operands, kept


def matmul_states(m, accelerator, msm, words, place, stored, error, reply):
    """The states of MATMUL, from the words behind its `place` on; see `matmul_words`."""
    shape, commands = accelerator.shape.matrix, accelerator.words
    matrix, operands, kept = words
    for name, word, following in (("MATRIX", matrix, "OPERANDS"),
                                  ("OPERANDS", operands, "START_MATMUL")):
        with m.State(name):
            m.d.comb += commands.ready.eq(1)
            with m.If(commands.valid):
                m.d.sync += word.as_value().eq(commands.payload)
                m.next = following
    with m.State("START_MATMUL"):
        m.d.sync += stored.words.eq(operands.words)
        with m.If(Cat(*(matrix[name] == 0 for name, _ in MATRIX)).any() | (operands.words == 0)
                  | (operands.words > shape.element_words << shape.element_bits)
                  | (operands.entry >> shape.weight_bits).any()
                  | (place.count > shape.weight_words << shape.weight_bits)
                  | (place.count == 0) & ~kept):
            m.d.sync += error.eq(Error.MATRICES)
            m.next = "REFUSE"
        with m.Else():
            m.next = "EXTENT"
    with m.State("MATMUL"):
        m.d.comb += msm.matrices.start.eq(1)
        m.next = "ACTIVATIONS"
    exchange(m, accelerator, msm, ("ACTIVATIONS", "MULTIPLIED"), stored.words, reply,
             msm.matrices.activations, msm.matrices.answers)
