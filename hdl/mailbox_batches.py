"""Between the mailboxes and a batch-affine adder: pairs on their way out, and sums back."""

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.batch_intake import pair_layout, sum_layout
from proofmill.hdl.batch_shape import BatchShape

BEATS = 2
"""Cycles of a service slot: x and y."""


def most_flying(shape: BatchShape) -> int:
    """Pairs that may be on their way at once, for new operands to leave as one more.

    Sums come back whatever happens, and each may leave with a resident; so the queue must have room
    for what the sums of the oldest batch make while no buffer is free. Before anything is drained
    batches are full, so it never comes to that: they would hold more pairs. Then no operand comes
    any more, and one that is drained leaves a buffer. Until that is full all its pairs were made by
    sums of the oldest batch, which has so many less to come as there are places in the queue. So
    `least` has to be `pairs`.
    """
    return (shape.buffers - 1) * shape.pairs - 1


class Batched(wiring.Signature):
    """What mailboxes and `PairPort` tell each other; the outputs are the mailboxes'.

    Members
    -------
    sum_valid, sum_mailbox : a sum may be served, for this mailbox, in
    sum_taken : it has been, out; its coordinates are wanted in the two cycles after
    infinite : that sum is at infinity, in, in these cycles
    may_leave : an operand may leave with a resident, in
    left : it has, or a sum has, out
    busy : pairs are on their way, in
    load, position, p, q : the pair's coordinates, one a cycle, out
    tag : whose mailbox they are of, out
    p_infinite, q_infinite : with the last of them, out
    """

    def __init__(self, coordinate_bits: int, mailbox_bits: int):
        super().__init__({
            "sum_valid": In(1), "sum_mailbox": In(mailbox_bits), "sum_taken": Out(1),
            "infinite": In(1), "may_leave": In(1), "left": Out(1), "busy": In(1),
            "load": Out(1), "position": Out(range(BEATS)), "p": Out(coordinate_bits),
            "q": Out(coordinate_bits), "tag": Out(mailbox_bits), "p_infinite": Out(1),
            "q_infinite": Out(1)})


class PairPort(wiring.Component):
    """Make pairs of coordinates, and coordinates of sums; count what is on its way.

    A pair may leave a mailbox only where the adder's queue has a place for it, which it has then
    from that moment on. A sum is only offered where the pair that it may leave as has one. A new
    operand leaves only while fewer than `most_flying` pairs are on their way; a sum takes the place
    of the pair that it is the sum of.

    Parameters
    ----------
    shape : the adder.
    coordinate_bits, mailbox_bits : of the mailboxes.
    unit : what stands for y at infinity, below the modulus and not 0.
    datapath : False leaves out the coordinates.

    Members
    -------
    boxes : see `Batched`, in
    position : which coordinate of a sum is wanted, in
    total : that, out
    pairs, sums : streams to and from the adder; see `hdl.batch_intake`
    popped : a pair has left the adder's queue, in
    """

    def __init__(self, shape: BatchShape, coordinate_bits: int, mailbox_bits: int, unit: int, *,
                 datapath: bool = True):
        if shape.least != shape.pairs:
            self._MustUse__silence = True  # what is refused is never used
            raise ValueError(f"batches are closed with {shape.least} of {shape.pairs} pairs; "
                             "behind mailboxes they have to be full")
        self.shape, self.unit, self.datapath = shape, unit, datapath
        super().__init__({
            "boxes": In(Batched(coordinate_bits, mailbox_bits)),
            "position": In(1), "total": Out(coordinate_bits),
            "pairs": Out(stream.Signature(pair_layout(shape, datapath))),
            "sums": In(stream.Signature(sum_layout(shape, datapath))), "popped": In(1)})
        # Told to proofs: pairs that have left and are not out of the queue, or not sums yet.
        self.waiting = Signal(range(shape.queue + 1))
        self.flying = Signal(range(shape.buffers * shape.pairs + shape.queue + 4))

    def elaborate(self, platform):
        m = Module()
        shape, boxes, pairs, sums = self.shape, self.boxes, self.pairs, self.sums
        waiting, flying = self.waiting, self.flying
        room = Signal()
        m.d.sync += [waiting.eq(waiting + boxes.left - self.popped),
                     flying.eq(flying + boxes.left - boxes.sum_taken)]
        m.d.comb += [
            room.eq(waiting < shape.queue - 1), boxes.busy.eq(flying != 0),
            boxes.may_leave.eq(room & (flying < most_flying(shape))),
            boxes.sum_valid.eq(sums.valid & room), boxes.sum_mailbox.eq(sums.payload.tag),
            sums.ready.eq(boxes.sum_taken),
            pairs.valid.eq(boxes.load & (boxes.position == BEATS - 1)),
            pairs.payload.tag.eq(boxes.tag)]
        if not self.datapath:
            return m
        bits = shape.multiplier.field.bits
        total = Signal.like(sums.payload, reset_less=True)
        with m.If(boxes.sum_taken):
            m.d.sync += total.eq(sums.payload)
        m.d.comb += [
            boxes.infinite.eq(total.infinite),
            self.total.eq(Mux(self.position, Mux(total.infinite, self.unit, total.y), total.x))]
        for point, own, infinite in ((pairs.payload.p, boxes.p, boxes.p_infinite),
                                     (pairs.payload.q, boxes.q, boxes.q_infinite)):
            x = Signal(bits, reset_less=True)
            m.d.sync += x.eq(own[:bits])
            m.d.comb += [point.x.eq(x), point.y.eq(own[:bits]), point.infinite.eq(infinite)]
        return m
