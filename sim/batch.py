"""A batch-affine adder cycle by cycle, without its values: when pairs go in and sums come out."""

from collections import deque
from collections.abc import Iterable

from proofmill.hdl.batch_shape import BatchShape
from proofmill.sim.curve import Affine

CHORD, TANGENT = range(2)
"""Kinds of pairs that differ in products; all that is no doubling takes those of a chord."""


def kind_of(p: Affine, q: Affine) -> int:
    """The kind of a pair of affine points: a tangent of equal ones, whose y is not 0."""
    return TANGENT if p is not None and p == q and any(p[1]) else CHORD


def products(shape: BatchShape, kinds: Iterable[int], batches: int) -> int:
    """Products of pairs of these kinds in so many batches: a frame's each, a doubling's, and a
    tree's."""
    kinds = list(kinds)
    return (shape.slots * len(kinds) + shape.squares * kinds.count(TANGENT)
            + batches * shape.products)


class Queue:
    """A queue as `amaranth.lib.fifo.SyncFIFOBuffered` is one: what goes in may go out two cycles
    later, and a place is free a cycle after it went."""

    def __init__(self, depth: int) -> None:
        self.depth, self.inner, self.out = depth, deque[int](), deque[int](maxlen=1)

    def __len__(self) -> int:
        return len(self.inner) + len(self.out)

    @property
    def has_room(self) -> bool:
        """Whether something can be put in."""
        return len(self.inner) < self.depth - 1

    def tick(self, put: int | None, take: bool) -> None:
        """The end of a cycle in which `put` went in, and what was there out."""
        forward = bool(self.inner) and (not self.out or take)
        if take and self.out:
            self.out.popleft()
        if forward:
            self.out.append(self.inner.popleft())
        if put is not None:
            self.inner.append(put)


class BatchModel:
    """`hdl.batch_adder.BatchAdder`, a cycle a step.

    Pairs are numbers from 0 on, in the order in which they go in.

    Attributes
    ----------
    cycle : steps made.
    products, additions, batches : the adder's counters.
    most : pairs that were between being taken and their sum's being there at once.
    """

    def __init__(self, shape: BatchShape) -> None:
        self.shape = shape
        self.cycle = self.products = self.additions = self.batches = self.most = 0
        self._kinds: list[int] = []
        self._queue, self._sums = Queue(shape.queue), Queue(shape.results)
        self._age, self._pair = 0, 0             # of the pair that is looked at
        self._following, self._doubling = 0, 0   # squares of a doubling to come
        # Of frames ago: whether a pair was taken, and a batch closed; here for as many as `lag`.
        self._norms = deque[bool]([False] * shape.lag)
        self._closing = deque[bool]([False] * shape.lag)
        self._size: list[int] = []               # the pairs of the batch that is collected
        self._pairs: dict[int, list[int]] = {}   # ... of the others, by number
        # The pointers of `hdl.batch_control.Control`.
        self._collected = self._gathered = self._combined = self._inverted = self._found = 0
        self._spread = self._begun = self._finished = 0
        self._up = self._up_left = self._down = self._down_left = 0
        self._left: list[int] = []               # of the batch on its way back, pairs to come
        self._at: list[tuple[int, bool] | None] = [None] * (shape.y + 1)
        self._places, self._root, self._result_in, self._used = shape.results, False, 0, False
        self._products = deque[str]([""] * (shape.operands_after + shape.multiplier.latency))
        self._made = deque[int | None]([None] * shape.total_cycles)
        self._done = 0

    @property
    def ready(self) -> bool:
        """A pair that is offered is taken."""
        return self._queue.has_room

    @property
    def sum(self) -> int | None:
        """The pair whose sum is there, or None."""
        return self._sums.out[0] if self._sums.out else None

    def step(self, kind: int | None, taken: bool, drain: bool) -> None:
        """A cycle: a pair of such a kind is offered, or None; a sum may be taken; batches are
        closed before they are full."""
        shape = self.shape
        pair = None
        if kind is not None and self.ready:
            pair = len(self._kinds)
            self._kinds.append(kind)
        given = taken and self.sum is not None
        # The inverter: `_result_in` counts to 1, where the inverse is there until it was used.
        arrived, used = self._products.popleft(), self._used
        self._used = False
        accepted = self._root and self._result_in == 0
        looked, waiting = self._age, self._queue.out[0] if self._queue.out else None
        empty = looked == 0 and not len(self._queue)
        take, product, made = False, "", None
        if self.cycle % shape.interval == 0:
            take, product, made = self._slot(drain and empty, self._result_in == 1 and not used)
        self._places += given
        self._products.append(product)
        self.products += product != ""
        if accepted:
            self._inverted += 1
            self._root, self._result_in = False, shape.inverter.latency
        elif used:
            self._found += 1
            self._result_in = 0
        elif self._result_in > 1:
            self._result_in -= 1
        if arrived == "root":
            self._root = True
        if looked == 0:
            if waiting is not None:
                self._age, self._pair = 1, waiting
        elif looked < 3:
            self._age += 1
        elif take:
            self._age = 0
        self._queue.tick(pair, looked == 0)
        done = self._made.popleft()
        self._made.append(made)
        self._sums.tick(done, taken)
        self._done += done is not None
        self.most = max(self.most, self.additions - self._done)
        self.cycle += 1

    def _slot(self, drain: bool, inverse: bool) -> tuple[bool, str, int | None]:
        """A slot: whether a pair is taken, what is multiplied for, whose sum is made."""
        shape, slots = self.shape, self.shape.product_slots
        up, down = shape.up[self._up], shape.down[self._down]
        goes_up = (self._combined != self._gathered and self._combined == self._inverted
                   and not (up.waits and self._up_left))
        goes_down = (self._down >= 2 or inverse) and not (down.waits and self._down_left)
        extra = self._doubling or goes_up or goes_down
        slot = 0 if self._following == shape.slots and not extra else self._following
        self._following = shape.slots if slot == shape.slots else slot + 1
        settled = self._down_left == 0
        self._up_left, self._down_left = max(0, self._up_left - 1), max(0, self._down_left - 1)
        if slot == 0:
            take = (self._age == 3 and len(self._size) != shape.pairs
                    and self._collected - self._finished != shape.buffers)
            if take:
                self._size.append(self._pair)
                self.additions += 1
                self._doubling = shape.squares * (self._kinds[self._pair] == TANGENT)
            self._begin(settled)
            return take, "value" if self._forward(take) else "", None
        if slot == shape.slots:
            if self._doubling:
                self._doubling -= 1
                return False, "square", None
            if goes_down:
                self._used = self._down == 1
                self._down, self._down_left = (self._down + 1) % len(shape.down), slots
                self._spread += self._down == 0
                return False, "value", None
            self._up, self._up_left = (self._up + 1) % len(shape.up), slots
            self._combined += self._up == 0
            return False, "value" if self._up else "root", None
        made, at = None, self._at
        if slot == 1:
            self._close(drain)
        if slot == shape.last_slot and (last := at[shape.y]) is not None:
            made = last[0]
            self._finished += last[1]
        multiplies = (at[shape.steps[slot]] is not None if slot in shape.steps
                      else self._norms[-1])
        return False, "value" if multiplies else "", made

    def _forward(self, take: bool) -> bool:
        """Whether a pair's product in a chain begins; one was taken, or not."""
        if not self.shape.lag:
            return take
        self._norms.append(take)
        if self._closing.popleft():
            self._gathered += 1
            self._up_left = self.shape.product_slots
        self._closing.append(False)
        return self._norms.popleft()

    def _close(self, drain: bool) -> None:
        """The batch is full, or has enough pairs and the inverter nothing to do."""
        shape, size, number = self.shape, len(self._size), self._collected
        free = self._combined == self._inverted == number and (
            self._found == number or shape.early and self._found == number - 1
            and self._result_in <= shape.early_cycles + 2)
        drain = drain and number - self._finished < shape.buffers - 1
        if size == shape.pairs or free and size and (size >= shape.least or drain):
            self._pairs[number] = self._size
            self._size = []
            self._collected += 1
            if shape.lag:
                self._closing[-1] = True
            else:
                self._gathered, self._up_left = self._collected, shape.product_slots
            self.batches += 1

    def _begin(self, settled: bool) -> None:
        """All pairs on their way back go one frame further, and the next one begins."""
        new = None
        if self._places and (self._left or self._begun != self._spread and settled):
            if not self._left:
                self._left = self._pairs.pop(self._begun)
            new = self._left.pop(), not self._left
            self._begun += not self._left
            self._places -= 1
        self._at = [new, *self._at[:-1]]
