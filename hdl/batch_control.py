"""What a batch-affine adder does in which slot: batches from pointer to pointer, and the places of
operands and products."""

from amaranth import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.batch_intake import Kind
from proofmill.hdl.batch_shape import BatchShape

INVERSE, SLOPE, SQUARE, RISE = range(4)
"""Rings: what a frame leaves for a later one."""


def place_bits(shape: BatchShape) -> int:
    """Bits of a value's place: the sets of all batches, then the rings."""
    return (shape.buffers * shape.set_places + 4 * shape.ring - 1).bit_length()


def entry_bits(shape: BatchShape) -> int:
    """Bits of a pair's place."""
    return (shape.buffers * shape.pairs - 1).bit_length()


def destination_layout(shape: BatchShape) -> data.StructLayout:
    """Where a product goes: to a value's place, or as a doubling's square to a pair's.

    `root`: it is that of a whole batch. See `hdl.quadratic_control` for those of another degree.
    """
    return data.StructLayout({
        "place": max(place_bits(shape), entry_bits(shape)), "value": 1, "square": 1, "root": 1})


class Control(wiring.Component):
    """A batch passes these, in order; each is a pointer that counts the batches past it::

        collected ─► combined ─► inverted ─► found ─► spread ─► begun ─► finished
           pairs      chains    given to the  the      chains'  its last  its last
                     up a tree    inverter  inverse   inverses  pair is   sum is

    Frames have six slots: a pair's forward product (and x of a sum), two backward, slope, square
    (and y of a sum), and y's product; a doubling's square and those of the tree take a slot more,
    number `BatchShape.slots`.
    Whatever a slot reads was written before: it is so many frames ago, and frames only get longer.

    Members
    -------
    known, kind, empty : of `batch_intake.Intake`, in; drain : close batches that are not full, in
    take : the pair is taken, to `entry_taken`, out
    accepted : the inverter has taken the root, in
    soon : it will be free, or have an inverse, within `BatchShape.early_cycles`, in; only where
        batches are closed early
    inverse : it has an inverse, in; a_inverse : that is the first operand, out; inverse_used : in
        the cycle before it was wanted for the last time, out
    slot : this slot's number; tick : it begins now, out; in, where the slots are `paced`
    a, b : places of the values read; a_one, b_one : it is 1 instead, out
    entry : the pair read, out
    destination : where the product goes, out
    sums_x, sums_y : the slot makes x, or y, of a sum, out
    ring : place of that sum in a ring; ring_rise : of the sum whose y is multiplied for, out
    given : a sum was taken, in
    closed : a batch is closed; batches : so many were so far, out
    """

    def __init__(self, shape: BatchShape, *, paced: bool = False):
        self.shape, self.paced = shape, paced
        ring = range(shape.ring)
        super().__init__({
            "known": In(1), "kind": In(Kind), "empty": In(1), "drain": In(1),
            "take": Out(1), "entry_taken": Out(entry_bits(shape)),
            "accepted": In(1), "inverse": In(1), "given": In(1),
            **({"soon": In(1)} if shape.early else {}),
            "slot": Out(range(shape.slots + 1)), "tick": In(1) if paced else Out(1),
            "a": Out(place_bits(shape)), "b": Out(place_bits(shape)),
            "a_one": Out(1), "b_one": Out(1), "entry": Out(entry_bits(shape)),
            "destination": Out(self.destinations()),
            "sums_x": Out(1), "sums_y": Out(1), "ring": Out(ring), "ring_rise": Out(ring),
            "a_inverse": Out(1), "inverse_used": Out(1), "closed": Out(1), "batches": Out(32)}
            | self.more())
        number = range(2 * shape.buffers)
        for name in ("collected", "combined", "inverted", "found", "spread", "begun", "finished"):
            setattr(self, name, Signal(number, name=name))
        # Batches whose pairs are all in their chains, or on their way there so that nothing that is
        # wanted of them comes before.
        self.gathered = self.collected
        # Told to proofs: pairs of the batch that is collected; the next product up and down a tree;
        # whether a batch is on its way back, and its pairs, by how many frames ago they began; sums
        # that have a place and have not begun.
        self.size = Signal(range(shape.pairs + 1))
        self.steps = {name: Signal(range(max(2, len(tree))), name=f"{name}_step")
                      for name, tree in (("up", shape.up), ("down", shape.down))}
        self.active = Signal()
        layout = data.StructLayout({
            "valid": 1, "entry": entry_bits(shape), "chain": place_bits(shape), "ring": ring,
            "last": 1})
        self.at = [Signal(layout, name=f"position{n}") for n in range(shape.y + 1)]
        self.places = Signal(range(shape.results + 1), init=shape.results)

    def destinations(self) -> data.StructLayout:
        """Of `destination`."""
        return destination_layout(self.shape)

    def more(self) -> dict[str, wiring.Member]:
        """Members besides."""
        return {}

    def elaborate(self, platform):
        m = Module()
        shape, tick, slot = self.shape, self.tick, self.slot
        if self.paced:
            pass
        elif shape.interval == 1:
            m.d.comb += tick.eq(1)
        else:
            cycle = Signal(range(shape.interval))
            m.d.sync += cycle.eq(Mux(cycle == shape.interval - 1, 0, cycle + 1))
            m.d.comb += tick.eq(cycle == 0)
        following, wanted = Signal.like(slot), Signal()
        extra = shape.slots  # where products are wanted besides a frame's own
        m.d.comb += slot.eq(Mux((following == extra) & ~wanted, 0, following))
        with m.If(tick):
            m.d.sync += following.eq(Mux(slot == extra, extra, slot + 1))
        self._sizes = Array(Signal(range(shape.pairs + 1), name=f"size{n}")
                            for n in range(shape.buffers))
        self._lasts = Array(Signal(range(shape.chains), name=f"last_chain{n}")
                            for n in range(shape.buffers))
        self._settle = {}
        for name in ("up", "down"):  # slots until what was last multiplied for it is there
            left = self._settle[name] = Signal(range(shape.product_slots + 1), name=f"{name}_left")
            with m.If(tick & (left != 0)):
                m.d.sync += left.eq(left - 1)
        self._collect(m)
        self._extra(m, wanted)
        self._backward(m)
        with m.If(self.accepted):
            m.d.sync += self.inverted.eq(self.inverted + 1)
        with m.If(self.inverse_used):
            m.d.sync += self.found.eq(self.found + 1)
        return m

    def _buffer(self, number):
        return number[:(self.shape.buffers - 1).bit_length()]

    def _value(self, number, node):
        """Of a batch's set, the place of a node."""
        bits = self.shape.set_places.bit_length() - 1
        node = C(node, bits) if isinstance(node, int) else (node + C(0, bits))[:bits]
        return Cat(node, self._buffer(number))

    def _ring(self, which, place):
        first = self.shape.buffers * self.shape.set_places
        return first + which * self.shape.ring + place

    def _collect(self, m):
        """Slot 0: a pair's denominator goes into its chain; then the batch may be full."""
        shape = self.shape
        size, chain = self.size, Signal(range(shape.chains))
        last = Signal.like(chain)
        number = self.collected
        room = (size != shape.pairs) & ((number - self.finished)[:len(number)] != shape.buffers)
        m.d.comb += [
            self.take.eq(self.tick & (self.slot == 0) & self.known & room),
            self.entry_taken.eq(Cat(size[:(shape.pairs - 1).bit_length()], self._buffer(number)))]
        self._forward(m, chain)
        with m.If(self.take):
            m.d.sync += [size.eq(size + 1), last.eq(chain),
                         chain.eq(Mux(chain == shape.chains - 1, 0, chain + 1))]
        found = self.found == number
        if shape.early:
            found |= self.soon & ((self.found + 1)[:len(number)] == number)
        free = (self.combined == number) & (self.inverted == number) & found
        # One that is drained leaves a buffer for pairs that its own sums may make.
        another = (number - self.finished)[:len(number)] < shape.buffers - 1
        wanted = (size >= shape.least) | self.drain & self.empty & (size != 0) & another
        m.d.comb += self.closed.eq(
            self.tick & (self.slot == 1) & ((size == shape.pairs) | wanted & free))
        with m.If(self.closed):
            m.d.sync += [
                number.eq(number + 1), self.batches.eq(self.batches + 1), size.eq(0), chain.eq(0),
                self._sizes[self._buffer(number)].eq(size),
                self._lasts[self._buffer(number)].eq(last)]
        self._gather(m)

    def _forward(self, m, chain):
        """A pair's denominator into its chain: in the slot in which it is taken."""
        value = self._value(self.collected, chain)
        with m.If(self.tick & (self.slot == 0)):
            m.d.comb += [self.a.eq(value), self.a_one.eq(self.size < self.shape.chains),
                         self.destination.place.eq(value), self.destination.value.eq(self.take)]

    def _gather(self, m):
        """A batch that is closed goes up the tree when its last product in a chain is there."""
        with m.If(self.closed):
            m.d.sync += self._settle["up"].eq(self.shape.product_slots)

    def _square(self, m, squared, left):
        """A product that a doubling takes besides; so many are left of them."""
        m.d.comb += [self.entry.eq(squared), self.destination.place.eq(squared),
                     self.destination.square.eq(1)]

    def _extra(self, m, wanted):
        """Squares of doublings, and the tree."""
        shape, destination = self.shape, self.destination
        doubling, squared = Signal(range(shape.squares + 1)), Signal(entry_bits(shape))
        with m.If(self.take & (self.kind == Kind.TANGENT)):
            m.d.sync += [doubling.eq(shape.squares), squared.eq(self.entry_taken)]
        up = self._program(m, "up", shape.up, self.combined)
        down = self._program(m, "down", shape.down, self.spread)
        # The root goes to the inverter at once, and its inverse is taken from there, by the first
        # two products down.
        first = down["step"] < 2
        m.d.comb += [
            up["can"].eq(up["there"] & (self.combined != self.gathered)
                         & (self.combined == self.inverted)),
            down["can"].eq(down["there"] & (~first | self.inverse & ~self.inverse_used))]
        m.d.sync += self.inverse_used.eq(0)
        m.d.comb += wanted.eq((doubling != 0) | up["can"] | down["can"])
        with m.If(self.tick & (self.slot == shape.slots)):
            with m.If(doubling != 0):
                self._square(m, squared, doubling)
                m.d.sync += doubling.eq(doubling - 1)
            for name, program in (("down", down), ("up", up)):
                with m.Elif(program["can"]):
                    m.d.comb += [
                        self.a.eq(program["a"]), self.b.eq(program["b"]),
                        self.a_one.eq(program["a_one"]), self.b_one.eq(program["b_one"]),
                        destination.place.eq(program["to"]), destination.value.eq(1),
                        destination.root.eq(program["last"] if name == "up" else 0)]
                    m.d.sync += [
                        program["step"].eq(Mux(program["last"], 0, program["step"] + 1)),
                        self._settle[name].eq(shape.product_slots)]
                    with m.If(program["last"]):
                        m.d.sync += program["number"].eq(program["number"] + 1)
                    if name == "down":
                        m.d.comb += self.a_inverse.eq(first)
                        m.d.sync += self.inverse_used.eq(down["step"] == 1)

    def _program(self, m, name, combinations, number):
        """The next product of a tree: whether what it multiplies is there, its places, whether it
        is the last; whether it can begin is said elsewhere."""
        shape = self.shape
        step = self.steps[name]
        nodes = {side: Signal(range(2 * shape.nodes), name=f"{name}_{side}")
                 for side in ("a", "b", "to")}
        waits = Signal(name=f"{name}_waits")
        with m.Switch(step):
            for n, one in enumerate(combinations):
                with m.Case(n):
                    m.d.comb += [waits.eq(one.waits), *(
                        node.eq(getattr(one, side)) for side, node in nodes.items())]
        size = self._sizes[self._buffer(number)]
        return {
            "can": Signal(name=f"{name}_can"), "there": ~waits | (self._settle[name] == 0),
            "last": step == len(combinations) - 1, "step": step, "number": number,
            **{side: self._value(number, node) for side, node in nodes.items()},
            # A batch of fewer pairs than chains leaves some as they were: 1.
            **{f"{side}_one": (nodes[side] < shape.chains) & (nodes[side] >= size)
               for side in ("a", "b")}}

    def _backward(self, m):
        """From the last pair of a batch to its first, one a frame, and each of them from slot to
        slot of later frames."""
        shape, tick, slot = self.shape, self.tick, self.slot
        at, active, left = self.at, self.active, Signal(range(shape.pairs + 1))
        chain, ring = Signal(range(shape.chains)), Signal(range(shape.ring))
        places, number = self.places, self.begun
        index, its_chain, begins = Signal(range(shape.pairs)), Signal.like(chain), Signal()
        ready = active | (number != self.spread) & (self._settle["down"] == 0)
        m.d.comb += [
            begins.eq(tick & (slot == 0) & ready & (places != 0)),
            index.eq(Mux(active, left, self._sizes[self._buffer(number)]) - 1),
            its_chain.eq(Mux(active, chain, self._lasts[self._buffer(number)]))]
        m.d.sync += places.eq(places - begins + self.given)
        with m.If(tick & (slot == 0)):
            new = at[0]
            m.d.sync += [
                new.valid.eq(begins), new.entry.eq(Cat(index, self._buffer(number))),
                new.chain.eq(self._value(number, its_chain + shape.nodes)), new.ring.eq(ring),
                new.last.eq(index == 0), *(
                    later.eq(earlier) for earlier, later in zip(at[:-1], at[1:], strict=True))]
        with m.If(begins):
            m.d.sync += [left.eq(index), active.eq(index != 0), ring.eq(ring + 1),
                         chain.eq(Mux(its_chain == 0, shape.chains - 1, its_chain - 1))]
            with m.If(index == 0):
                m.d.sync += number.eq(number + 1)
        with m.If(tick & (slot == shape.last_slot) & at[shape.y].valid & at[shape.y].last):
            m.d.sync += self.finished.eq(self.finished + 1)
        self._positions(m)

    def _positions(self, m):
        """What the slots of a frame do for the pairs on their way back."""
        shape, tick, slot, destination, at = (
            self.shape, self.tick, self.slot, self.destination, self.at)

        def multiplies(one, a, to):
            return [self.a.eq(a), destination.place.eq(to), destination.value.eq(one.valid)]

        now, slope, square, rise, y = (
            at[n] for n in (0, shape.slope, shape.square, shape.rise, shape.y))
        x = at[shape.x - 1]  # as they stood in the frame before
        m.d.comb += self.ring_rise.eq(rise.ring)
        with m.If(tick):
            with m.Switch(slot):
                with m.Case(0):
                    m.d.comb += [self.entry.eq(x.entry), self.b.eq(self._ring(SQUARE, x.ring)),
                                 self.sums_x.eq(x.valid), self.ring.eq(x.ring)]
                with m.Case(1):
                    m.d.comb += [self.entry.eq(now.entry), *multiplies(
                        now, now.chain, self._ring(INVERSE, now.ring))]
                with m.Case(2):
                    m.d.comb += [self.entry.eq(now.entry),
                                 *multiplies(now, now.chain, now.chain)]
                with m.Case(3):
                    m.d.comb += [self.entry.eq(slope.entry), *multiplies(
                        slope, self._ring(INVERSE, slope.ring), self._ring(SLOPE, slope.ring))]
                with m.Case(4):
                    m.d.comb += [
                        *multiplies(square, self._ring(SLOPE, square.ring),
                                    self._ring(SQUARE, square.ring)),
                        self.entry.eq(y.entry), self.b.eq(self._ring(RISE, y.ring)),
                        self.sums_y.eq(y.valid), self.ring.eq(y.ring)]
                with m.Case(5):
                    m.d.comb += [self.entry.eq(rise.entry), *multiplies(
                        rise, self._ring(SLOPE, rise.ring), self._ring(RISE, rise.ring))]
        return m
