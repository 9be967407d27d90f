"""From a formula to a data-flow graph: run it on symbols, and know the bound of every value.

Nothing in the datapath is reduced modulo p. A sum is a plain sum; a difference ``a - b`` becomes
``a - b + k * p`` with the smallest k that keeps it from going below zero. The graph tracks the
largest value each node can take, so the width of every register is known, and a formula that
would overflow the multiplier is refused, naming the value.
"""

from dataclasses import dataclass, field

from proofmill.hdl.formulas import Point, Quadratic
from proofmill.hdl.montgomery import MultiplierShape

TERMS = 3
"""Operands of one adder: ``a - b - c`` is one operation."""


@dataclass(eq=False)
class Node:
    """A value of the graph. `operands` are nodes; `bound` is the largest value it takes."""

    index: int
    bound: int
    name: str
    operands: tuple["Node", ...] = ()


@dataclass(eq=False)
class Input(Node):
    """Coordinate number `position` of the first (`side` 0) or second (1) point."""

    side: int = 0
    position: int = 0


@dataclass(eq=False)
class Product(Node):
    """The Montgomery product of two operands."""


@dataclass(eq=False)
class Sum(Node):
    """``sum(sign * (operand << shift)) + lift * modulus``, never negative."""

    shifts: tuple[int, ...] = ()
    negative: tuple[bool, ...] = ()
    lift: int = 0


@dataclass(eq=False)
class Graph:
    """Nodes in an order in which operands come first, and the outputs in order."""

    nodes: list[Node] = field(default_factory=list)
    outputs: list[Node] = field(default_factory=list)

    @property
    def products(self) -> list[Product]:
        return [node for node in self.nodes if isinstance(node, Product)]

    @property
    def sums(self) -> list[Sum]:
        return [node for node in self.nodes if isinstance(node, Sum)]


class Symbol:
    """A linear combination of nodes that has not been computed yet.

    Sums are gathered here and become nodes only when a product or an output needs their value,
    so that ``a - b - c`` is one operation of the adder; a part with more terms than one adder
    takes is computed first. Every node is made once, however often the formula writes it.
    """

    def __init__(self, builder, terms):
        self.builder, self.terms = builder, terms  # terms: tuple of (node, shift, negative)

    def combine(self, other, *, negate):
        one, two = self, other
        while len(one.terms) + len(two.terms) > TERMS:
            if len(one.terms) >= len(two.terms):
                one = one.computed()
            else:
                two = two.computed()
        added = tuple((node, shift, negative ^ negate) for node, shift, negative in two.terms)
        return Symbol(self.builder, one.terms + added)

    def __add__(self, other):
        return self.combine(other, negate=False)

    def __sub__(self, other):
        return self.combine(other, negate=True)

    def computed(self):
        """The same value as one term."""
        return Symbol(self.builder, ((self.builder.node(self), 0, False),))

    def __lshift__(self, count):
        return Symbol(self.builder, ((self.builder.node(self), count, False),))

    def __mul__(self, other):
        return self.builder.product(self.builder.node(self), self.builder.node(other))


class Builder:
    """Makes the nodes of one graph."""

    def __init__(self, shape: MultiplierShape):
        self.shape, self.graph, self.made = shape, Graph(), {}

    def add(self, key, kind, bound, operands=(), **parts):
        """The node for `key`: the one made before, or a new one, refused if it overflows."""
        if key in self.made:
            return self.made[key]
        index = len(self.graph.nodes)
        name = f"{kind.__name__.lower()}{index}"
        if bound >> self.shape.operand_bits:
            raise ValueError(
                f"{name} = {self.describe(key)} can reach {bound / self.shape.field.modulus:.1f} "
                f"times the modulus, {bound.bit_length()} bits, but the multiplier takes "
                f"{self.shape.operand_bits}; give it wider operands or a formula with fewer sums")
        node = kind(index=index, bound=bound, name=name, operands=tuple(operands), **parts)
        self.graph.nodes.append(node)
        self.made[key] = node
        return node

    @staticmethod
    def describe(key):
        kind, *parts = key
        if kind == "sum":
            return " ".join(
                f"{'-' if negative else '+'} {node.name}" + (f" * {1 << shift}" if shift else "")
                for node, shift, negative in parts)
        return f"{kind} of {parts}"

    def input(self, side, position, bound):
        node = self.add(("input", side, position), Input, bound, side=side, position=position)
        return Symbol(self, ((node, 0, False),))

    def product(self, a, b):
        key = ("product", *sorted((a, b), key=lambda node: node.index))
        node = self.add(key, Product, self.shape.product_bound(a.bound, b.bound), (a, b))
        return Symbol(self, ((node, 0, False),))

    def node(self, symbol):
        """The node that holds the value of `symbol`."""
        if len(symbol.terms) == 1 and symbol.terms[0][1:] == (0, False):
            return symbol.terms[0][0]
        return self.sum(symbol.terms)

    def sum(self, terms):
        modulus = self.shape.field.modulus
        terms = tuple(sorted(terms, key=lambda term: (term[2], term[0].index, term[1])))
        positive = sum(node.bound << shift for node, shift, negative in terms if not negative)
        subtracted = sum(node.bound << shift for node, shift, negative in terms if negative)
        lift = -(-subtracted // modulus)
        nodes, shifts, negative = zip(*terms, strict=True)
        return self.add(("sum", *terms), Sum, positive + lift * modulus, nodes,
                        shifts=shifts, negative=negative, lift=lift)


def flatten(point: Point) -> list:
    """The coordinates of `point` over the base field, in the order in which they travel."""
    return [part for coordinate in point
            for part in (coordinate if isinstance(coordinate, Quadratic) else (coordinate,))]


def trace(formula, degree: int, shape: MultiplierShape) -> tuple[Graph, int]:
    """Run ``formula(P, Q)`` on symbols; return its graph and the bound of a coordinate.

    The outputs come back as inputs (a sum is added again): see `at_rest`.
    """
    def build(builder: Builder, bound: int) -> list:
        sides = []
        for side in range(2):
            parts = iter([builder.input(side, n, bound) for n in range(3 * degree)])
            coordinates = [
                next(parts) if degree == 1 else Quadratic(next(parts), next(parts))
                for _ in range(3)]
            sides.append(Point(*coordinates))
        return flatten(formula(*sides))

    return at_rest(build, shape)


def at_rest(build, shape: MultiplierShape) -> tuple[Graph, int]:
    """The graph of what ``build(builder, bound)`` makes of inputs of a bound, and the least bound
    that its outputs keep when they come back: iterated from the modulus until it stands still."""
    bound = shape.field.modulus
    for rounds in range(60):
        builder = Builder(shape)
        builder.graph.outputs = [builder.node(part) for part in build(builder, bound)]
        largest = max(node.bound for node in builder.graph.outputs)
        if largest <= bound:
            return builder.graph, bound
        # A small radix takes long to come to rest in the last bits: round up, past 2^-16 of p.
        grid = 1 if rounds < 20 else (shape.field.modulus >> 16) + 1
        bound = -(-largest // grid) * grid
    raise ValueError(f"the coordinates of the formula grow without end, past {bound}")
