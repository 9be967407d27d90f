"""Between the mailboxes and a batch-affine adder: pairs on their way out, and sums back."""

from collections.abc import Mapping

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.batch_intake import pair_layout, sum_layout
from proofmill.hdl.batch_shape import BatchShape
from proofmill.hdl.curve import Group


def beats(group: Group) -> int:
    """Cycles of a service slot: a part of x or y each."""
    return 2 * group.degree


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


MOST_BEATS = max(map(beats, Group))


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
            "load": Out(1), "position": Out(range(MOST_BEATS)), "p": Out(coordinate_bits),
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
    shapes : the adders, by the groups that there are.
    coordinate_bits, mailbox_bits : of the mailboxes.
    unit : what stands for y, or its real part, at infinity, below the modulus and not 0.
    datapath : False leaves out the coordinates.

    Members
    -------
    group : whose points they are, an index into `shapes`, in
    boxes : see `Batched`, in
    position : which coordinate of a sum is wanted, in
    total : that, out
    pairs, sums : streams to and from the adder, as the largest of `shapes` has them: parts of a
        coordinate that the group has not are not used; see `hdl.batch_intake`
    popped : a pair has left the adder's queue, in
    """

    def __init__(self, shapes: Mapping[Group, BatchShape], coordinate_bits: int, mailbox_bits: int,
                 unit: int, *, datapath: bool = True):
        self.groups, shape = list(shapes), list(shapes.values())[-1]
        if shape.least != shape.pairs:
            self._MustUse__silence = True  # what is refused is never used
            raise ValueError(f"batches are closed with {shape.least} of {shape.pairs} pairs; "
                             "behind mailboxes they have to be full")
        self.shape, self.unit, self.datapath = shape, unit, datapath
        super().__init__({
            "group": In(range(max(2, len(shapes)))),
            "boxes": In(Batched(coordinate_bits, mailbox_bits)),
            "position": In(range(MOST_BEATS)), "total": Out(coordinate_bits),
            "pairs": Out(stream.Signature(pair_layout(shape, datapath))),
            "sums": In(stream.Signature(sum_layout(shape, datapath))), "popped": In(1)})
        # Of a pair that comes, the parts before this one, the last first.
        self.before = {side: [Signal(shape.multiplier.field.bits, name=f"{side}_before{n}",
                                     reset_less=True) for n in range(MOST_BEATS - 1)]
                       for side in "pq"} if datapath else {}
        # Told to proofs: pairs that have left and are not out of the queue, or not sums yet.
        self.waiting = Signal(range(shape.queue + 1))
        self.flying = Signal(range(shape.buffers * shape.pairs + shape.queue + 4))

    def elaborate(self, platform):
        m = Module()
        shape, boxes, pairs, sums = self.shape, self.boxes, self.pairs, self.sums
        waiting, flying = self.waiting, self.flying
        room, last = Signal(), Signal.like(boxes.position)
        for index, group in enumerate(self.groups):
            with m.If(self.group == index):
                m.d.comb += last.eq(beats(group) - 1)
        m.d.sync += [waiting.eq(waiting + boxes.left - self.popped),
                     flying.eq(flying + boxes.left - boxes.sum_taken)]
        m.d.comb += [
            room.eq(waiting < shape.queue - 1), boxes.busy.eq(flying != 0),
            boxes.may_leave.eq(room & (flying < most_flying(shape))),
            boxes.sum_valid.eq(sums.valid & room), boxes.sum_mailbox.eq(sums.payload.tag),
            sums.ready.eq(boxes.sum_taken),
            pairs.valid.eq(boxes.load & (boxes.position == last)),
            pairs.payload.tag.eq(boxes.tag)]
        if not self.datapath:
            return m
        total = Signal.like(sums.payload, reset_less=True)
        with m.If(boxes.sum_taken):
            m.d.sync += total.eq(sums.payload)
        m.d.comb += boxes.infinite.eq(total.infinite)
        for side, own in (("p", boxes.p), ("q", boxes.q)):
            kept = self.before[side]
            m.d.sync += [later.eq(earlier) for earlier, later in zip(
                [own[:len(kept[0])], *kept[:-1]], kept, strict=True)]
        for index, group in enumerate(self.groups):
            with m.If(self.group == index):
                self._parts(m, group, total)
        return m

    def _parts(self, m, group, total):
        """A group's coordinates, part by part: of a sum, and of the pair that comes, whose earlier
        parts are kept."""
        boxes, bits, count = self.boxes, self.shape.multiplier.field.bits, beats(group)
        with m.Switch(self.position):
            for n in range(count):
                name, part = "xy"[n // group.degree], n % group.degree
                value = total[name][part * bits:(part + 1) * bits]
                if (name, part) == ("y", 0):
                    value = Mux(total.infinite, self.unit, value)
                with m.Case(n):
                    m.d.comb += self.total.eq(value)
        for side, (own, infinite) in {"p": (boxes.p, boxes.p_infinite),
                                      "q": (boxes.q, boxes.q_infinite)}.items():
            point, before = self.pairs.payload[side], self.before[side][:count - 1]
            parts = [*reversed(before), own[:bits]]
            m.d.comb += [point.x.eq(Cat(parts[:group.degree])),
                         point.y.eq(Cat(parts[group.degree:])), point.infinite.eq(infinite)]
