"""A unit between two AXI4-Streams (ARM IHI 0051A): for designs whose parts speak that."""

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.batch_shape import BatchShape
from proofmill.hdl.commands import WORD
from proofmill.hdl.functions import Function, affine_pair, affine_sum
from proofmill.hdl.quadratic_adder import adder_of
from proofmill.hdl.transform_shape import TransformShape
from proofmill.hdl.transform_unit import TransformUnit


def whole_bytes(bits: int) -> int:
    """`bits`, filled up to whole bytes, as TDATA has them."""
    return -(-bits // 8) * 8


def clocked(inside: Module, ports) -> Module:
    """What lies behind a bus, clocked and reset by `ports` ``aclk`` and ``aresetn``.

    The domain is nobody else's, so that a design around it may have one called ``sync``.
    """
    m = Module()
    m.domains.axi = ClockDomain(local=True)
    m.d.comb += [ClockSignal("axi").eq(ports.aclk), ResetSignal("axi").eq(~ports.aresetn)]
    m.submodules.unit = DomainRenamer("axi")(inside)
    return m


def lanes(tdata, widths: dict[str, int]) -> dict[str, Value]:
    """Where in TDATA each value lies: one after another, the first lowest, in whole bytes."""
    places, place = {}, 0
    for name, bits in widths.items():
        places[name] = tdata[place:place + bits]
        place += whole_bytes(bits)
    return places


class AxiStream(wiring.Component):
    """A transfer out for every transfer in, in order, with back-pressure on both sides.

    Parameters
    ----------
    function : the unit, see `hdl.functions.Function`.

    Members
    -------
    aclk, aresetn : clock, and a synchronous reset that is low, in
    s_axis_tdata : the operands, the first lowest, each filled up to whole bytes, in
    m_axis_tdata : the results, each filled up with zeros to whole bytes, out
    s_axis_tvalid, s_axis_tready, m_axis_tvalid, m_axis_tready : the handshakes
    """

    def __init__(self, function: Function):
        self.function = function
        super().__init__({
            "aclk": In(1), "aresetn": In(1, init=1),
            "s_axis_tdata": In(sum(map(whole_bytes, function.operands.values()))),
            "s_axis_tvalid": In(1), "s_axis_tready": Out(1),
            "m_axis_tdata": Out(sum(map(whole_bytes, function.results.values()))),
            "m_axis_tvalid": Out(1), "m_axis_tready": In(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.function = function = self.function
        m.d.comb += [
            function.i.valid.eq(self.s_axis_tvalid), self.s_axis_tready.eq(function.i.ready),
            self.m_axis_tvalid.eq(function.o.valid), function.o.ready.eq(self.m_axis_tready)]
        for name, lane in lanes(self.s_axis_tdata, function.operands).items():
            m.d.comb += function.i.payload[name].eq(lane)
        for name, lane in lanes(self.m_axis_tdata, function.results).items():
            m.d.comb += lane.eq(function.o.payload[name])
        return clocked(m, self)


class AxiStreamTransform(wiring.Component):
    """Transforms between two AXI4-Streams: a packet of words in, a packet of words out.

    A packet begins with a word that says the power; A w and B w follow, 2 to the power of values
    each. The answer is the scalars of H. See `hdl.transform_unit.TransformUnit`.

    Members
    -------
    aclk, aresetn : clock, and a synchronous reset that is low, in
    s_axis_tdata, m_axis_tdata : a word, in and out
    m_axis_tlast : the last word of an answer, out
    s_axis_tvalid, s_axis_tready, m_axis_tvalid, m_axis_tready : the handshakes
    """

    def __init__(self, shape: TransformShape):
        self.shape = shape
        super().__init__({
            "aclk": In(1), "aresetn": In(1, init=1),
            "s_axis_tdata": In(WORD), "s_axis_tvalid": In(1), "s_axis_tready": Out(1),
            "m_axis_tdata": Out(WORD), "m_axis_tlast": Out(1),
            "m_axis_tvalid": Out(1), "m_axis_tready": In(1)})

    def elaborate(self, platform):
        m = Module()
        shape = self.shape
        m.submodules.unit = unit = TransformUnit(shape)
        running = Signal()
        left = Signal(range((shape.value_words << shape.power) + 1))  # words of the answer
        m.d.comb += [
            unit.power.eq(self.s_axis_tdata[:len(unit.power)]),
            unit.start.eq(unit.ready & ~running & self.s_axis_tvalid),
            unit.words.payload.eq(self.s_axis_tdata),
            unit.words.valid.eq(running & self.s_axis_tvalid),
            self.s_axis_tready.eq(Mux(running, unit.words.ready, unit.ready)),
            self.m_axis_tdata.eq(unit.answers.payload), self.m_axis_tlast.eq(left == 1),
            self.m_axis_tvalid.eq(unit.answers.valid), unit.answers.ready.eq(self.m_axis_tready)]
        with m.If(unit.start):
            m.d.sync += [running.eq(1), left.eq(Const(shape.value_words) << unit.power)]
        with m.Elif(unit.answers.valid & unit.answers.ready):
            m.d.sync += [left.eq(left - 1), running.eq(left != 1)]
        return clocked(m, self)


class AxiStreamBatch(wiring.Component):
    """Affine points added in batches, between two AXI4-Streams: pairs in, sums out, in packets.

    A transfer in is a pair with a tag, and a packet as many as one likes; a transfer out is a sum
    with its pair's tag, in whatever order, and the last sum of a packet has TLAST. Batches wait to
    be full until a packet's last pair is in; the next packet is taken when all sums of this one
    are. See `hdl.batch_adder.BatchAdder`.

    Members
    -------
    aclk, aresetn : clock, and a synchronous reset that is low, in
    s_axis_tdata, s_axis_tlast : `operands`, and the last pair of a packet, in
    m_axis_tdata, m_axis_tlast : `results`, and the last sum of a packet, out
    s_axis_tvalid, s_axis_tready, m_axis_tvalid, m_axis_tready : the handshakes
    """

    def __init__(self, shape: BatchShape):
        self.shape = shape
        self.operands = affine_pair(shape) | {"tag": shape.tag_bits}
        self.results = affine_sum(shape) | {"tag": shape.tag_bits}
        super().__init__({
            "aclk": In(1), "aresetn": In(1, init=1),
            "s_axis_tdata": In(sum(map(whole_bytes, self.operands.values()))),
            "s_axis_tlast": In(1), "s_axis_tvalid": In(1), "s_axis_tready": Out(1),
            "m_axis_tdata": Out(sum(map(whole_bytes, self.results.values()))),
            "m_axis_tlast": Out(1), "m_axis_tvalid": Out(1), "m_axis_tready": In(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.adder = adder = adder_of(self.shape)
        pairs, sums = adder.pairs, adder.sums
        for name, lane in lanes(self.s_axis_tdata, self.operands).items():
            m.d.comb += (pairs.payload.tag if name == "tag"
                         else pairs.payload[name[0]][name[2:]]).eq(lane)
        for name, lane in lanes(self.m_axis_tdata, self.results).items():
            m.d.comb += lane.eq(adder.fault if name == "fault" else sums.payload[name])
        closed = Signal()      # a packet's last pair is in
        under_way = Signal(32)  # pairs whose sums have not been taken
        comes, goes = Signal(), Signal()
        m.d.comb += [
            adder.drain.eq(closed), pairs.valid.eq(self.s_axis_tvalid & ~closed),
            self.s_axis_tready.eq(pairs.ready & ~closed),
            self.m_axis_tvalid.eq(sums.valid), sums.ready.eq(self.m_axis_tready),
            # A pair that comes in while a sum waits is under way itself, so this does not change.
            self.m_axis_tlast.eq(closed & (under_way == 1)),
            comes.eq(self.s_axis_tvalid & self.s_axis_tready),
            goes.eq(self.m_axis_tvalid & self.m_axis_tready)]
        m.d.sync += under_way.eq(under_way + comes - goes)
        with m.If(comes & self.s_axis_tlast):
            m.d.sync += closed.eq(1)
        with m.Elif(goes & self.m_axis_tlast):
            m.d.sync += closed.eq(0)
        return clocked(m, self)
