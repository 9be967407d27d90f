"""Products of matrices beside sums: weights from the memory, activations from outside."""

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

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
        shape = self.shape
        m.submodules.control = control = MatrixControl(
            shape.multiplier, shape.weight_bits, shape.element_bits, shape.late)
        m.d.comb += [control.base.eq(self.entry),
                     *(getattr(control, name).eq(getattr(self, name)) for name, _ in MATRIX)]
        # What counts begins with 0, which takes no tables, and what is asked for stands still: so
        # one is compared with the other, and added to it, and not counted down.
        most = max(shape.weight_words << shape.weight_bits,
                   shape.element_words << shape.element_bits)
        came = Signal(range(most + 1))  # words of the operand at hand
        begins = Signal()               # the next operand
        # Whether that was all of x is told to the link, so it has a register: to compare, and to
        # hear that another word was taken, would be too much for a cycle.
        whole_x, taken = Signal(), self.activations.valid & self.activations.ready

        def gather(words, size, bits):
            """(An entry of `bits` bits, its number, whether it is whole) from its `size` `words`.
            """
            entry = Signal(size * WORD, reset_less=True)
            part, at, whole = Signal(range(max(2, size))), Signal(bits), Signal()
            m.d.sync += whole.eq(words.valid & words.ready & (part == size - 1))
            with m.If(words.valid & words.ready):
                m.d.sync += [entry.eq(Cat(entry, words.payload)[WORD:]), came.eq(came + 1),
                             part.eq(Mux(part == size - 1, 0, part + 1))]
            with m.If(whole):
                m.d.sync += at.eq(at + 1)
            with m.If(self.ready):
                m.d.sync += [entry.eq(0), at.eq(0), part.eq(0)]
            return entry, at, whole

        weight = gather(self.points, shape.weight_words, shape.weight_bits)
        element = gather(self.activations, shape.element_words, shape.element_bits)
        words = self.words[:len(came)]
        m.d.sync += whole_x.eq(Mux(taken, came + 1 == words, came == words))
        with m.If(begins):
            m.d.sync += [came.eq(0), whole_x.eq(words == 0)]
        with m.FSM() as states:
            with m.State("IDLE"):
                m.d.comb += begins.eq(1)
                with m.If(self.start):
                    m.next = "WEIGHTS"
            with m.State("WEIGHTS"):
                m.d.comb += self.points.ready.eq(1)
                with m.If(came == self.count[:len(came)]):
                    m.d.comb += begins.eq(1)
                    m.next = "ELEMENTS"
            with m.State("ELEMENTS"):
                with m.If(whole_x):
                    m.d.comb += control.start.eq(1)
                    m.next = "RUN"
                with m.Else():
                    m.d.comb += self.activations.ready.eq(1)
            with m.State("RUN"):
                with m.If(control.answered(m, self.answers)):
                    m.next = "IDLE"
        m.d.comb += self.ready.eq(states.ongoing("IDLE"))
        self._ask(m, states.ongoing("WEIGHTS"))
        if self.datapath:
            self._operands(m, control, weight, element)
        return m

    def _ask(self, m, asking):
        """Ask for all weights while `asking`, `BURST` words at a time."""
        low = exact_log2(BURST)
        most = self.shape.weight_words << self.shape.weight_bits
        count = self.count[:max(low + 1, most.bit_length())]
        requests, asked = self.requests, Signal(len(count) - low)
        left = (count[low:] - asked)[:len(asked)]
        # These have registers, since who else asks the memory waits for what is asked here.
        last, some = Signal(), Signal()  # fewer than a burst are left, and are any
        over = Signal()                  # the last ones have been asked for
        m.d.comb += [
            requests.payload.address.eq(Cat(self.address[:low], self.address[low:] + asked)),
            requests.payload.words.eq(Mux(last, count[:low], BURST)),
            requests.valid.eq(asking & ~over & (~last | some))]
        with m.If(requests.valid & requests.ready):
            m.d.sync += [asked.eq(asked + 1), over.eq(last), last.eq(left == 1)]
        with m.If(self.ready):
            m.d.sync += [asked.eq(0), over.eq(0), last.eq(count[low:] == 0),
                         some.eq(count[:low] != 0)]

    def _operands(self, m, control, weight, element):
        """Entries into the memories, and from there to the blocks."""
        shape, array = self.shape, self.shape.multiplier
        control_port(m, control.array, self.array)
        entry, at, whole = element
        m.d.comb += [
            self.elements.eq(elements_of(m, shape, control, at, entry, whole)),
            self.weights.eq(Cat(plane.word for plane in self.planes)[:array.word_bits])]
        entry, at, whole = weight
        for n, plane in enumerate(self.planes):
            part = entry[:array.word_bits][n * self.bits:(n + 1) * self.bits]
            m.d.comb += [plane.row.eq(control.weight), plane.written.eq(self.entry + at),
                         plane.value.eq(part), plane.enable.eq(whole)]
