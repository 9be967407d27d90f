"""Products of matrices beside sums: weights from the memory, activations from outside."""

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.commands import MATRIX, WORD
from proofmill.hdl.fetcher import REQUEST
from proofmill.hdl.matrix_control import MatrixControl
from proofmill.hdl.matrix_shape import ArrayPort, control_port
from proofmill.hdl.matrix_unit import MatrixUnitShape, elements_of
from proofmill.hdl.transform import PlanePort

BURST = 64
"""Words that one request asks for at the most."""

PLANE_LATE = 2
"""Cycles by which a plane's word comes later than in the cycle after its row."""


def matrix_port(shape: MatrixUnitShape) -> wiring.Signature:
    """What `Matrices` are told and asked."""
    words = stream.Signature(WORD)
    return wiring.Signature({
        "start": Out(1), **{name: Out(MATRIX[name].shape) for name, _ in MATRIX},
        "entry": Out(shape.weight_bits), "words": Out(32), "activations": Out(words),
        "answers": In(words)})


class Matrices(wiring.Component):
    """Take weights, take activations, multiply, and hand out sums, on blocks that are lent.

    Weights lie in the planes of the mailboxes, as many bits of an entry in each as a coordinate
    has; activations in a memory of their own. Both come in words, an entry's low word first.

    Parameters
    ----------
    shape : with as many entries of w as a plane has rows.
    bits : of a plane's row.
    datapath : False leaves out what is multiplied: the same cycles, and sums of 0.

    Members
    -------
    start : begin, in; only while `ready`
    steps, groups, tiles : see `hdl.matrix_control.MatrixControl`, in; these and the following are
        to be held from `start` on
    address, count : the weights' first word in the memory, and how many; none are taken if 0, in
    entry : the first entry of w, in
    words : words of activations, in; at least 1
    activations : stream of these, in
    answers : stream of sums, a word each, and of the cycles that they took, out
    ready : nothing is under way, out
    requests, points : to and from the memory
    planes : see `hdl.transform.PlanePort`; only with a datapath, and so
    array, weights, elements : to the multiplier, see `hdl.point_adder.PointAdder`
    """

    def __init__(self, shape: MatrixUnitShape, bits: int, *, datapath: bool = True):
        self.shape, self.bits, self.datapath = shape, bits, datapath
        words = stream.Signature(WORD)
        array = shape.multiplier
        super().__init__({
            **matrix_port(shape).flip().members, "address": In(32), "count": In(32),
            "ready": Out(1),
            "requests": Out(stream.Signature(REQUEST)), "points": In(words),
            **({} if not datapath else {
                "planes": Out(PlanePort(1 << shape.weight_bits, bits)).array(
                    -(-array.word_bits // bits)),
                "array": Out(ArrayPort(array)), "weights": Out(array.word_bits),
                "elements": Out(array.elements_bits)})})

    def elaborate(self, platform):
        m = Module()
        shape, requests = self.shape, self.requests
        m.submodules.control = control = MatrixControl(
            shape.multiplier, shape.weight_bits, shape.element_bits, shape.late)
        at = Signal(max(shape.weight_bits, shape.element_bits))  # the entry that comes
        part = Signal(range(max(shape.weight_words, shape.element_words) + 1))
        to_ask, left, address = Signal(32), Signal(32), Signal(32)
        entry = Signal(WORD * max(shape.weight_words, shape.element_words), reset_less=True)
        weight, element = Signal(), Signal()  # an entry is whole
        m.d.sync += [weight.eq(0), element.eq(0)]
        with m.If(weight | element):
            m.d.sync += at.eq(at + 1)
        m.d.comb += [
            control.base.eq(self.entry),
            *(getattr(control, name).eq(getattr(self, name)) for name, _ in MATRIX),
            requests.payload.address.eq(address),
            requests.payload.words.eq(Mux(to_ask > BURST, BURST, to_ask))]

        def gather(words, size, whole):
            """The next word of an entry of `size` words; whether it was there."""
            m.d.comb += words.ready.eq(1)
            with m.If(words.valid):
                m.d.sync += [entry.word_select(part, WORD).eq(words.payload), left.eq(left - 1),
                             part.eq(Mux(part == size - 1, 0, part + 1)),
                             whole.eq(part == size - 1)]
            return words.valid & (left == 1)

        with m.FSM() as states:
            with m.State("IDLE"):
                with m.If(self.start):
                    m.d.sync += [at.eq(self.entry), part.eq(0), address.eq(self.address),
                                 to_ask.eq(self.count), left.eq(self.count)]
                    m.next = "WEIGHTS"
            with m.State("WEIGHTS"):
                m.d.comb += requests.valid.eq(to_ask != 0)
                with m.If(requests.valid & requests.ready):
                    m.d.sync += [address.eq(address + BURST),
                                 to_ask.eq(to_ask - requests.payload.words)]
                gather(self.points, shape.weight_words, weight)
                with m.If(left == 0):
                    m.d.sync += [at.eq(0), part.eq(0), left.eq(self.words)]
                    m.next = "ELEMENTS"
            with m.State("ELEMENTS"):
                with m.If(gather(self.activations, shape.element_words, element)):
                    m.d.comb += control.start.eq(1)
                    m.next = "RUN"
            with m.State("RUN"):
                with m.If(control.answered(m, self.answers)):
                    m.next = "IDLE"
        m.d.comb += self.ready.eq(states.ongoing("IDLE"))
        if self.datapath:
            self._operands(m, control, at, entry, weight, element)
        return m

    def _operands(self, m, control, at, entry, weight, element):
        """Entries into the memories, and from there to the blocks."""
        shape, array = self.shape, self.shape.multiplier
        control_port(m, control.array, self.array)
        m.d.comb += [
            self.elements.eq(elements_of(m, shape, control, at[:shape.element_bits], entry,
                                         element)),
            self.weights.eq(Cat(plane.word for plane in self.planes)[:array.word_bits])]
        for n, plane in enumerate(self.planes):
            part = entry[:array.word_bits][n * self.bits:(n + 1) * self.bits]
            m.d.comb += [plane.row.eq(control.weight), plane.written.eq(at),
                         plane.value.eq(part), plane.enable.eq(weight)]
