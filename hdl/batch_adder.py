"""Affine points added in batches, with one inversion for all of a batch: six products each."""

from amaranth import *
from amaranth.lib import data, fifo, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.batch_control import Control, entry_bits, place_bits
from proofmill.hdl.batch_intake import Intake, Kind, pair_layout, sum_layout
from proofmill.hdl.batch_shape import BatchShape
from proofmill.hdl.inverter import Inverter, results_layout


class BatchAdder(wiring.Component):
    """P + Q on ``y^2 = x^3 + b`` of affine points, any of them equal, opposite or infinite.

    ::

        slope = (y2 - y1) / (x2 - x1), or 3 x^2 / 2 y of equal points
        x3 = slope^2 - x1 - x2,   y3 = slope (x1 - x3) - y1

    The denominators of a batch are inverted together (Montgomery, "Speeding the Pollard and
    elliptic curve methods of factorization", 1987, section 10.3.1): multiplied up in as many
    chains as the multiplier's latency wants, the chains combined by a tree, one inversion, and
    back. A pair takes six products, a doubling seven, a batch `BatchShape.products` more. What has
    no slope has the denominator 1.

    Sums of a batch come last in first out, so each has its pair's tag. A batch is closed when it
    is full, or has ``least`` pairs and the inverter nothing to do; with fewer it waits for more,
    unless `drain` is set. Sums that are not taken hold up what has not begun, and pairs in the
    end.

    Parameters
    ----------
    shape : of all of it.
    lent : its multiplier and inverter are somebody else's. There is a register before the
        multiplier, whose owner says when a slot begins, and counts.
    datapath : False leaves out coordinates and values: the same cycles where no points are equal,
        whose sums take a product more.

    Members
    -------
    pairs : stream of ``batch_intake.pair_layout``, in: canonical coordinates in Montgomery form,
        of points on the curve
    sums : stream of ``batch_intake.sum_layout``, out, likewise
    drain : close batches as soon as no pair waits, in
    fault : a batch had no inverse, since what was given was not canonical, or not on the curve: its
        sums are wrong, out; it stays
    additions, products, batches : so many pairs were taken, products begun and batches closed,
        out; of its own multiplier
    tick, a, b, product : of a lent one: a slot begins, in; the operands,
        `BatchShape.operands_after` cycles less one after it, out; the multiplier's product, in
    roots, inverses : likewise, of a lent inverter: streams to `operands` and from `results` of
        `hdl.inverter.Inverter`, out and in
    soon : likewise, see `hdl.batch_control.Control`, in; only where batches are closed early
    popped, multiplying, closed : likewise: a pair has left the queue; the slot has a product; a
        batch is closed, out
    """

    def __init__(self, shape: BatchShape, *, lent: bool = False, datapath: bool = True):
        self.shape, self.lent, self.datapath = shape, lent, datapath
        operand, product = shape.multiplier.operand_bits, shape.multiplier.product_bits
        super().__init__({
            "pairs": In(stream.Signature(pair_layout(shape, datapath))),
            "sums": Out(stream.Signature(sum_layout(shape, datapath))),
            "drain": In(1), "fault": Out(1),
            **({"tick": In(1), "a": Out(operand), "b": Out(operand), "product": In(product),
                "roots": Out(stream.Signature(shape.inverter.operand_bits)),
                "inverses": In(stream.Signature(results_layout(shape.inverter))),
                **({"soon": In(1)} if shape.early else {}),
                "popped": Out(1), "multiplying": Out(1), "closed": Out(1)} if lent else
               {"additions": Out(32), "products": Out(32), "batches": Out(32)})})

    def control(self):
        """The class of its control."""
        return Control

    def elaborate(self, platform):
        m = Module()
        shape = self.shape
        m.submodules.intake = self._intake = intake = Intake(shape, datapath=self.datapath)
        m.submodules.control = self._control = control = self.control()(shape, paced=self.lent)
        wiring.connect(m, intake.pairs, wiring.flipped(self.pairs))
        m.d.comb += [intake.take.eq(control.take), control.known.eq(intake.known),
                     control.kind.eq(intake.kind), control.empty.eq(intake.empty),
                     control.drain.eq(self.drain)]
        multiplied = control.destination.value
        if "square" in control.destination.shape().members:
            multiplied = multiplied | control.destination.square
        if self.lent:
            m.d.comb += [control.tick.eq(self.tick), self.popped.eq(intake.popped),
                         self.multiplying.eq(multiplied), self.closed.eq(control.closed)]
            self._product = self.product
        else:
            m.submodules.multiplier = self._multiplier = shape.multiplier.build()
            self._product = self._multiplier.product
            m.d.comb += self.batches.eq(control.batches)
            m.d.sync += [self.additions.eq(self.additions + control.take),
                         self.products.eq(self.products + multiplied)]
        there, result = self._invert(m)
        if not self.datapath:
            self._tags(m)
            return m
        # What was said of a slot, when what it reads is there.
        self._slot = self._later(m, "slot", control.slot)
        self._entries(m)
        self._values(m, there, result)
        self._sum(m)
        self._multiply(m)
        return m

    @staticmethod
    def _later(m, name, value, cycles=1, *, reset_less=True):
        for n in range(cycles):
            held = Signal.like(value, name=f"{name}_after{n + 1}", reset_less=reset_less)
            m.d.sync += held.eq(value)
            value = held
        return value

    def _flag(self, m, name, flag, cycles):
        """The same of one bit that says whether there is something: at reset there is nothing."""
        return self._later(m, name, flag, cycles, reset_less=False)

    def _memory(self, m, name, shape, depth, reads=1):
        """A memory's write port and its read ports."""
        m.submodules[name] = held = memory.Memory(shape=shape, depth=depth, init=[])
        return held.write_port(), [held.read_port() for _ in range(reads)]

    def _entries(self, m):
        """Pairs: all but y2 are written as they are taken; a doubling's square goes to y2's place,
        which its slope has in common with y2 - y1."""
        shape, control, pair = self.shape, self._control, self._intake.pair
        depth, bits = 1 << entry_bits(shape), shape.multiplier.field.bits
        layout = data.StructLayout({
            "x1": bits, "y1": bits, "x2": bits, "kind": Kind, "tag": shape.tag_bits})
        write, (read,) = self._memory(m, "entries", layout, depth)
        y2_write, (y2_read,) = self._memory(m, "second_y", max(bits, shape.product_bits), depth)
        prefix_write, (prefix_read,) = self._memory(m, "prefixes", shape.product_bits, depth)
        square = data.StructLayout({"value": shape.product_bits, "entry": entry_bits(shape)})
        self._square, self._square_there = Signal(square, reset_less=True), Signal()
        self._prefix_write = prefix_write
        m.d.comb += [
            *(port.addr.eq(control.entry) for port in (read, y2_read, prefix_read)),
            write.en.eq(control.take), write.addr.eq(control.entry_taken),
            write.data.eq(Cat(pair.p.x, pair.p.y, pair.q.x, self._intake.kind, pair.tag)),
            prefix_write.en.eq(self._flag(m, "prefix", control.take, 2)),
            prefix_write.addr.eq(self._later(m, "prefix_entry", control.entry_taken, 2))]
        with m.If(control.take):
            m.d.comb += [y2_write.en.eq(1), y2_write.addr.eq(control.entry_taken),
                         y2_write.data.eq(pair.q.y)]
        with m.Elif(self._square_there):
            m.d.comb += [y2_write.en.eq(1), y2_write.addr.eq(self._square.entry),
                         y2_write.data.eq(self._square.value)]
            m.d.sync += self._square_there.eq(0)
        self._entry, self._y2, self._prefix = read.data, y2_read.data, prefix_read.data

    def _invert(self, m):
        """The inverter, which takes a batch's root; returns which products are there, by what they
        are for, and the inverse."""
        shape, control = self.shape, self._control
        if self.lent:
            roots, result = self.roots, self.inverses
            soon = self.soon if shape.early else None
        else:
            m.submodules.inverter = inverter = Inverter(shape.inverter, datapath=self.datapath)
            roots, result = inverter.operands, inverter.results
            soon = inverter.left <= shape.early_cycles
        if shape.early:
            m.d.comb += control.soon.eq(soon)
        cycles = shape.operands_after + shape.multiplier.latency
        there = {name: self._flag(m, f"{name}_there", control.destination[name], cycles)
                 for name in ("value", "square", "root")
                 if name in control.destination.shape().members}
        root, whole = Signal(shape.inverter.operand_bits, reset_less=True), Signal()
        m.d.comb += [
            roots.payload.eq(root), roots.valid.eq(whole),
            control.accepted.eq(whole & roots.ready),
            result.ready.eq(control.inverse_used), control.inverse.eq(result.valid)]
        with m.If(there["root"]):
            m.d.sync += [root.eq(self._product), whole.eq(1)]
        with m.Elif(roots.ready):
            m.d.sync += whole.eq(0)
        with m.If(result.valid & result.payload.zero):
            m.d.sync += self.fault.eq(1)
        return there, result

    def _tags(self, m):
        """All that is left of pairs and sums without a datapath."""
        shape, control, cycles = self.shape, self._control, self.shape.total_cycles
        write, (read,) = self._memory(m, "entries", shape.tag_bits, 1 << entry_bits(shape))
        m.d.comb += [read.addr.eq(control.entry), write.addr.eq(control.entry_taken),
                     write.en.eq(control.take), write.data.eq(self._intake.pair.tag)]
        tag = self._later(m, "tag", read.data, cycles - 1)
        self._hand_out(m, self._flag(m, "y_there", control.sums_y, cycles), Cat(C(0, 1), tag))

    def _hand_out(self, m, there, total):
        """Sums wait to be taken."""
        shape, control = self.shape, self._control
        m.submodules["sums"] = ready = fifo.SyncFIFOBuffered(
            width=Shape.cast(sum_layout(shape, self.datapath)).width, depth=shape.results)
        m.d.comb += [
            ready.w_en.eq(there), ready.w_data.eq(total),
            self.sums.payload.as_value().eq(ready.r_data), self.sums.valid.eq(ready.r_rdy),
            ready.r_en.eq(self.sums.ready), control.given.eq(ready.r_rdy & self.sums.ready)]

    def _values(self, m, there, result):
        """Chains, trees and rings, where every product goes."""
        shape, control, product = self.shape, self._control, self._product
        write, (a, b) = self._memory(m, "values", shape.product_bits, 1 << place_bits(shape), 2)
        place = self._later(m, "place", control.destination.place,
                            shape.operands_after + shape.multiplier.latency)
        m.d.comb += [
            a.addr.eq(control.a), b.addr.eq(control.b),
            write.en.eq(there["value"]), write.addr.eq(place), write.data.eq(product)]
        with m.If(there["square"]):
            m.d.sync += [self._square_there.eq(1), self._square.entry.eq(place),
                         self._square.value.eq(product)]
        one = shape.multiplier.radix % shape.modulus
        self._a = Mux(self._later(m, "a_one", control.a_one), one, Mux(
            self._later(m, "a_inverse", control.a_inverse), result.payload.value, a.data))
        self._b = Mux(self._later(m, "b_one", control.b_one), one, b.data)
        self._b_read = b.data

    def _multiply(self, m):
        """Both operands, the second a sum or difference of two: ``u + v`` or ``u - v + p``."""
        shape, p, slot = self.shape, self.shape.modulus, self._slot
        entry, pair, kind = self._entry, self._intake.pair, self._intake.kind
        bits = shape.bounds["a numerator"].bit_length()
        a, u, v = (Signal(width, name=name, reset_less=True)
                   for name, width in (("first", shape.product_bits), ("u", bits), ("v", bits)))
        minus = Signal(reset_less=True)
        x1, y1, x2, how = (Signal.like(entry[name], name=name) for name in (
            "x1", "y1", "x2", "kind"))
        m.d.comb += [x1.eq(entry.x1), y1.eq(entry.y1), x2.eq(entry.x2), how.eq(entry.kind)]
        with m.If(slot == 0):  # the pair has just been taken
            m.d.comb += [x1.eq(pair.p.x), y1.eq(pair.p.y), x2.eq(pair.q.x), how.eq(kind)]
        squared = self._later(m, "squared", self._control.destination.square)
        m.d.sync += [a.eq(self._a), v.eq(0), minus.eq(0)]
        with m.Switch(slot):
            with m.Case(0, 2):
                m.d.sync += u.eq(shape.multiplier.radix % p)
                with m.If(how == Kind.CHORD):
                    m.d.sync += [u.eq(x2), v.eq(x1), minus.eq(1)]
                with m.Elif(how == Kind.TANGENT):
                    m.d.sync += [u.eq(y1), v.eq(y1)]
            with m.Case(1):
                m.d.sync += u.eq(self._prefix)
            with m.Case(3):
                m.d.sync += u.eq(0)
                with m.If(how == Kind.CHORD):
                    m.d.sync += [u.eq(self._y2), v.eq(y1), minus.eq(1)]
                with m.Elif(how == Kind.TANGENT):
                    m.d.sync += [u.eq(self._y2), v.eq(self._y2 << 1)]
            with m.Case(4):
                m.d.sync += u.eq(self._a)
            with m.Case(5):
                m.d.sync += [u.eq(x1), v.eq(self._x3), minus.eq(1)]
            with m.Case(shape.slots):
                m.d.sync += u.eq(self._b)
                with m.If(squared):
                    m.d.sync += [a.eq(x1), u.eq(x1)]
        m.d.comb += self._prefix_write.data.eq(a)
        self._give(m, a, (u + Mux(minus, ~v, v) + Mux(minus, p + 1, 0))[:bits])

    def _give(self, m, a, total):
        """Both operands to the multiplier, through a register."""
        shape = self.shape
        if self.lent:
            m.d.comb += [self.a.eq(a), self.b.eq(total)]
            return
        first, second = (Signal(shape.multiplier.operand_bits, name=f"operand_{side}",
                                reset_less=True) for side in "ab")
        m.d.sync += [first.eq(a), second.eq(total)]
        m.d.comb += [self._multiplier.a.eq(first), self._multiplier.b.eq(second)]
        if "start" in self._multiplier.signature.members:
            m.d.comb += self._multiplier.start.eq(
                self._flag(m, "begins", self._control.tick, self.shape.operands_after))
        if shape.multiplier.second is not None:
            m.d.comb += self._multiplier.second.eq(0)

    def _sum(self, m):
        """x or y: a product less what lies on the way, made canonical; the sum when both are there.

        Cycles after the slot: 1 read, 2 added up, then one for each of `BatchShape.reductions`.
        """
        shape, control, p, entry = self.shape, self._control, self.shape.modulus, self._entry
        x_now, y_now = (self._flag(m, f"{name}_sum", flag, 1) for name, flag in (
            ("x", control.sums_x), ("y", control.sums_y)))
        write, (rise, last) = self._memory(m, "sums_x", shape.multiplier.field.bits, shape.ring, 2)
        curved = (entry.kind == Kind.CHORD) | (entry.kind == Kind.TANGENT)
        bits = (shape.bounds["a product"] + 2 * p).bit_length()
        product, first, other = (Signal(width, name=name, reset_less=True) for name, width in (
            ("made_of", shape.product_bits), ("less", shape.multiplier.field.bits),
            ("less_too", shape.multiplier.field.bits)))
        lifted = Signal(reset_less=True)
        along = Mux(x_now, entry.x1, entry.y1)
        m.d.sync += [
            product.eq(Mux(curved, self._b_read, Mux(entry.kind == Kind.COPY, along, 0))),
            first.eq(Mux(curved, along, 0)), other.eq(Mux(curved & x_now, entry.x2, 0)),
            lifted.eq(curved)]
        total = Signal(bits, name="total", reset_less=True)
        m.d.sync += total.eq(product - first - other + Mux(lifted, 2 * p, 0))
        for n, part in enumerate(shape.reductions):
            reduced = Signal(bits, name=f"reduced{n}", reset_less=True)
            m.d.sync += reduced.eq(Mux(total >= part, total - part, total))
            total = reduced
        # What goes along: three cycles from the slot to the first total, and the reductions.
        cycles = shape.total_cycles
        ring = self._later(m, "sum_ring", control.ring, cycles - 1)
        infinite = self._later(m, "infinite", entry.kind == Kind.NONE, cycles - 1)
        tag = self._later(m, "tag", entry.tag, cycles - 1)
        m.d.comb += [
            rise.addr.eq(control.ring_rise), last.addr.eq(ring),
            write.addr.eq(self._later(m, "sum_place", ring)), write.data.eq(total),
            write.en.eq(self._flag(m, "x_there", x_now, cycles - 1))]
        self._hand_out(m, self._flag(m, "y_there", y_now, cycles - 1), Cat(
            last.data, total[:shape.multiplier.field.bits], infinite, tag))
        self._x3 = rise.data
