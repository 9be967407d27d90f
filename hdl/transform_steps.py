"""Which pass of a transform comes after which, and with what: in place and in tiles."""

from amaranth import *
from amaranth.lib import enum

from proofmill.hdl.transform_shape import PLANES


class Pass(enum.Enum, shape=4):
    """What a slot does; T is the table of powers of the root of unity."""

    LOAD = 0      # a value from outside into a or b
    SEED = 1      # T[0] = R
    TABLE = 2     # T[j + 2^k] = T[j] g^(2^k)
    FIRST = 3     # c = a b / R
    INVERSE = 4   # (u, v) -> ((u + v) / 2, (u - v) g^-e / 2)
    FORWARD = 5   # (u, v) -> (u + v g^e, u - v g^e)
    MIDDLE = 6    # c = c - a b / R
    LAST = 7      # c = -c R
    HAND_OUT = 8  # a value to the outside
    ROOT = 9      # S[m] = g^e of a stage's first butterfly; S is the table of a tile of columns
    TWIST = 10    # S[m + k] = S[m + k] g^d: from a tile's columns to the next ones


class Part(enum.Enum, shape=2):
    """What of a transform is computed at a time; see `Passes`."""

    WHOLE = 0    # all of one that the planes hold
    UPPER = 1    # of a tile of columns: c = a b / R, and the upper stages of the inverse transform
    LOWER = 2    # of a tile of neighbours: the lower stages of both transforms
    LAST = 3     # of a tile of columns: the upper stages of the forward transform, and h


BUTTERFLIES = (Pass.INVERSE, Pass.FORWARD)
TABLES = (Pass.SEED, Pass.ROOT, Pass.TABLE)


class Steps:
    """The order of the passes of `hdl.transform_passes.Passes`, whose registers it sets.

    Attributes
    ----------
    columns : the tile at hand is one of columns, out
    least : the nearest that two values of a butterfly are
    """

    def __init__(self, passes, running, stride, exponent, constant):
        self.passes, self.running = passes, running
        self.stride, self.exponent, self.constant = stride, exponent, constant
        bits = passes.shape.power
        self.level = Signal(range(bits + 1))  # q, of a table of columns
        self.last_tile = Signal.like(passes.tile)
        self.final = passes.tile == self.last_tile
        self.columns = (passes.part == Part.UPPER) | (passes.part == Part.LAST)
        self.least = Mux(self.columns, passes.run, 1)

    def start(self, m):
        """A transform of ``2 ** power`` values, in place or in tiles."""
        passes, bits = self.passes, self.passes.shape.power
        m.d.sync += [passes.size.eq(1 << passes.power), passes.part.eq(Part.WHOLE)]
        for above in range(1, passes.shape.most - bits + 1):
            run = 1 << (bits - above)
            with m.If(passes.power == bits + above):
                m.d.sync += [
                    passes.size.eq(1 << bits), passes.part.eq(Part.UPPER), passes.run.eq(run),
                    passes.tile.eq(0), self.last_tile.eq((1 << above) - 1),
                    passes.origin.eq((1 << bits) - run)]

    def next_pass(self, m):
        """After the last slot of a pass."""
        passes = self.passes
        action, vector, size, block = passes.action, passes.vector, passes.size, passes.block
        half = size >> 1
        with m.Switch(action):
            with m.Case(Pass.LOAD):
                m.d.sync += vector.eq(vector + 1)
                two = (passes.part == Part.WHOLE) | (passes.part == Part.UPPER)
                with m.If(vector == Mux(two, 1, 2)):
                    m.d.sync += vector.eq(0)
                    self._prepare(m)
            with m.Case(Pass.SEED):
                with m.If(self.columns):
                    m.d.sync += [passes.base.eq(passes.run), self.level.eq(0)]
                    self._root(m, 0)
                with m.Else():
                    bits = Mux(passes.part == Part.LOWER, passes.shape.power, passes.power)
                    m.d.sync += [action.eq(Pass.TABLE), block.eq(1), passes.base.eq(0),
                                 self.constant.eq(bits + 1)]
            with m.Case(Pass.ROOT):
                m.d.sync += [action.eq(Pass.TABLE), block.eq(1), self.constant.eq(
                    Mux(passes.run == 1, 1, passes.shape.power + 1) + self.level)]
                with m.If(passes.base == 1):
                    self._next_level(m)
            with m.Case(Pass.TABLE):
                m.d.sync += [block.eq(block << 1), self.constant.eq(self.constant - 1)]
                with m.If(self.columns & (block << 1 == passes.run)):
                    m.d.sync += self.constant.eq(self.level + 1)
                with m.If(self.columns & (block << 1 == passes.base)):
                    self._next_level(m)
                with m.If(~self.columns & (block == half)):
                    self._begin(m)
            with m.Case(Pass.FIRST):
                self._inverse(m)
            with m.Case(Pass.INVERSE):  # the exponent is 0 again
                m.d.sync += vector.eq(vector + 1)
                with m.If(vector == PLANES - 1):
                    m.d.sync += [vector.eq(0), block.eq(block >> 1),
                                 self.stride.eq(self.stride << 1)]
                    with m.If(block == self.least):
                        self._forward(m)
                        with m.If(passes.part == Part.UPPER):
                            self._twist(m, Pass.HAND_OUT)
            with m.Case(Pass.FORWARD):  # the exponent is half a stride again
                m.d.sync += vector.eq(vector + 1)
                with m.If(vector == PLANES - 1):
                    m.d.sync += [vector.eq(0), block.eq(block << 1),
                                 self.stride.eq(self.stride >> 1),
                                 self.exponent.eq(self.stride >> 2)]
                    with m.If(block == half):
                        m.d.sync += action.eq(Pass.MIDDLE)
                        with m.If(passes.part == Part.LOWER):
                            m.d.sync += action.eq(Pass.HAND_OUT)
                        with m.Elif(passes.part == Part.LAST):
                            self._twist(m, Pass.MIDDLE)
            with m.Case(Pass.TWIST):
                m.d.sync += [block.eq(block << 1), self.constant.eq(self.constant + 1)]
                with m.If(block == half):
                    m.d.sync += action.eq(Mux(
                        passes.part == Part.UPPER, Pass.HAND_OUT, Pass.MIDDLE))
            with m.Case(Pass.MIDDLE):
                m.d.sync += [action.eq(Pass.LAST), self.constant.eq(1)]
            with m.Case(Pass.LAST):
                m.d.sync += [action.eq(Pass.HAND_OUT), vector.eq(PLANES - 1)]
            with m.Case(Pass.HAND_OUT):
                m.d.sync += vector.eq(vector + 1)
                with m.If(vector == PLANES - 1):
                    m.d.sync += vector.eq(0)
                    self._next_tile(m)

    def _prepare(self, m):
        """The values are there: their table, which the first tile of a part makes."""
        passes = self.passes
        self._begin(m)
        with m.If((passes.part == Part.WHOLE) | (passes.tile == 0)):
            m.d.sync += [passes.action.eq(Pass.SEED), self.constant.eq(0)]

    def _begin(self, m):
        """The table is there too."""
        passes = self.passes
        m.d.sync += passes.action.eq(Pass.FIRST)
        with m.If(passes.part == Part.LOWER):
            self._inverse(m)
        with m.If(passes.part == Part.LAST):
            self._forward(m)

    def _root(self, m, level):
        """Begin the table of stage `level` of a tile of columns."""
        passes = self.passes
        m.d.sync += [passes.action.eq(Pass.ROOT), self.constant.eq(
            passes.shape.power + 1 + level + (passes.part == Part.LAST))]

    def _next_level(self, m):
        passes = self.passes
        m.d.sync += [passes.base.eq(passes.base << 1), self.level.eq(self.level + 1)]
        self._root(m, self.level + 1)
        with m.If(passes.base == passes.size >> 1):
            self._begin(m)

    def _inverse(self, m):
        passes = self.passes
        m.d.sync += [passes.action.eq(Pass.INVERSE), passes.block.eq(passes.size >> 1),
                     self.stride.eq(2), self.exponent.eq(0)]

    def _forward(self, m):
        passes = self.passes
        m.d.sync += [passes.action.eq(Pass.FORWARD), passes.block.eq(self.least),
                     self.stride.eq(passes.size), self.exponent.eq(passes.size >> 1)]

    def _twist(self, m, otherwise):
        """The table of the next tile of columns, if there is one."""
        passes = self.passes
        m.d.sync += [passes.action.eq(Pass.TWIST), passes.block.eq(passes.run),
                     self.constant.eq(passes.power - passes.shape.power + 1)]
        with m.If(self.final):
            m.d.sync += passes.action.eq(otherwise)

    def _next_tile(self, m):
        passes = self.passes
        origin = passes.origin
        m.d.sync += [passes.action.eq(Pass.LOAD), passes.tile.eq(passes.tile + 1)]
        with m.Switch(passes.part):
            with m.Case(Part.WHOLE):
                m.d.sync += self.running.eq(0)
            with m.Case(Part.UPPER):
                m.d.sync += origin.eq(origin - passes.run)
            with m.Case(Part.LOWER):
                m.d.sync += origin.eq(origin + passes.size)
            with m.Case(Part.LAST):
                m.d.sync += origin.eq(origin + passes.run)
        with m.If(self.final & (passes.part != Part.WHOLE)):
            m.d.sync += [passes.tile.eq(0), origin.eq(0), passes.part.eq(Mux(
                passes.part == Part.UPPER, Part.LOWER, Part.LAST))]
            with m.If(passes.part == Part.LAST):
                m.d.sync += self.running.eq(0)
