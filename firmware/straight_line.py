"""Straight-line programs: formulas on symbols become a graph of products, sums and inverses.

As `hdl.graph` does for point addition, but every sum is reduced, so nothing has a bound to be
tracked, and a program may be tens of thousands of operations long.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import NamedTuple

from proofmill.hdl.wide_shape import LARGEST_SHIFT, TERMS, WEIGHT, WideShape

GATHERED = 6
"""Terms that a symbol may gather before some of them are added up."""


class Kind(Enum):
    """Where a node's value comes from."""

    INPUT = "input"
    CONSTANT = "constant"
    KEY = "key"
    PRODUCT = "product"
    SUM = "sum"
    INVERSE = "inverse"


@dataclass(eq=False, slots=True)
class Node:
    """A value that lies in a register.

    `terms` are what it is made of; `early` is the first word in which it can be there, were units
    without number; `value` the position of an input or a word of the key, or what lies in a
    constant's register.
    """

    index: int
    kind: Kind
    terms: tuple["Term", ...]
    early: int
    value: int = 0


class Term(NamedTuple):
    """``+-(node << shift)``; of products and inverses just the node."""

    node: Node
    shift: int = 0
    negative: bool = False


def signed_digits(number: int) -> list[int]:
    """Digits -1, 0, 1 of `number`, lowest first, no two neighbours other than 0 (Reitwiesner,
    "Binary arithmetic", 1960)."""
    digits = []
    while number:
        digit = 2 - number % 4 if number & 1 else 0
        digits.append(digit)
        number = (number - digit) // 2
    return digits


@cache
def powers_of_two(number: int) -> tuple[tuple[int, bool], ...]:
    """(shift, negative) of the powers of two that `number` is the sum of: few."""
    size = abs(number)
    if size.bit_count() <= 2:
        return tuple((n, number < 0) for n in range(size.bit_length()) if size >> n & 1)
    return tuple((n, (digit < 0) ^ (number < 0))
                 for n, digit in enumerate(signed_digits(size)) if digit)


def merged(terms: Sequence[Term]) -> list[Term]:
    """The same sum with each node's terms cancelled or doubled."""
    if len({term.node for term in terms}) == len(terms):
        return list(terms)
    total: dict[Node, int] = defaultdict(int)
    for node, shift, negative in terms:
        total[node] += -(1 << shift) if negative else 1 << shift
    return [Term(node, shift, negative) for node, number in total.items()
            for shift, negative in powers_of_two(number)]


def weight(terms: Iterable[Term]) -> int:
    return sum(1 << term.shift for term in terms)


@dataclass
class Builder:
    """Makes the nodes of one program for processors of `shape`; each once, however often asked for.

    `outputs` are the program's results in order; see `output`. `latency` is the words from the one
    in which operands are read to the first in which the value can be: none of what is given.
    """

    shape: WideShape
    nodes: list[Node] = field(default_factory=list)
    outputs: list[Node] = field(default_factory=list)
    inputs: int = 0
    keys: int = 0
    made: dict[tuple[object, ...], Node] = field(default_factory=dict)
    latency: dict[Kind, int] = field(init=False)

    def __post_init__(self) -> None:
        self.latency = dict.fromkeys(Kind, 0) | {
            Kind.PRODUCT: self.shape.product_latency, Kind.SUM: self.shape.sum_latency,
            Kind.INVERSE: self.shape.inverse_latency}

    @property
    def saves_products(self) -> bool:
        """Whether products are what is short, so that formulas with fewer are the better ones even
        if they are deeper: where a multiplier takes operands less often than in every cycle."""
        return self.shape.multiplier.interval > 1

    def node(self, kind: Kind, terms: tuple[Term, ...] = (), value: int = 0) -> Node:
        """The node of `kind` made of `terms`: the one made before, or a new one."""
        key = (kind, value, *((term.node.index, term.shift, term.negative) for term in terms))
        node = self.made.get(key)
        if node is None:
            early = self.latency[kind] + max((term.node.early for term in terms), default=0)
            node = Node(len(self.nodes), kind, terms, early, value)
            self.nodes.append(node)
            self.made[key] = node
        return node

    def symbol(self, node: Node) -> "Symbol":
        return Symbol(self, (Term(node),))

    def lying(self, value: int) -> "Symbol":
        """A constant as it lies in a register, which stands for ``value / radix``."""
        return self.symbol(self.node(Kind.CONSTANT, value=value % self.shape.field.modulus))

    def constant(self, value: int) -> "Symbol":
        return self.lying(value * self.shape.multiplier.radix)

    def nothing(self) -> "Symbol":
        """Zero, which no sum has to read."""
        return Symbol(self, ())

    def input(self, scale: int = 1) -> "Symbol":
        """The next word that comes in, over `scale`: times ``radix^2 / scale`` by one product."""
        node = self.node(Kind.INPUT, value=self.inputs)
        self.inputs += 1
        return self.symbol(node) * self.lying(
            self.shape.multiplier.radix ** 2 * pow(scale, -1, self.shape.field.modulus))

    def key(self) -> "Symbol":
        """The next word of the key, which lies there times ``radix``; only a factor of products
        whose other factor is none."""
        node = self.node(Kind.KEY, value=self.keys)
        self.keys += 1
        return self.symbol(node)

    def output(self, symbol: "Symbol") -> None:
        """Send `symbol` after all that has been sent before: a product with 1 or -1 takes the
        radix away, and the sign."""
        node, negative = symbol.single()
        self.outputs.append(self.product(node, self.lying(-1 if negative else 1).terms[0].node))

    def product(self, left: Node, right: Node) -> Node:
        terms = sorted((Term(left), Term(right)), key=lambda term: term.node.index)
        return self.node(Kind.PRODUCT, tuple(terms))

    def sum(self, terms: Iterable[Term]) -> Node:
        ordered = sorted(terms, key=lambda term: (term.node.index, term.shift, term.negative))
        return self.node(Kind.SUM, tuple(ordered))

    def inverse(self, symbol: "Symbol") -> "Symbol":
        """``1 / symbol``, and 0 of 0, by the inverter beside the multiplier; one
        after another."""
        node, negative = symbol.single()
        found = self.node(Kind.INVERSE, (Term(node),))
        return -self.symbol(found) if negative else self.symbol(found)

    def added(self, terms: Sequence[Term]) -> tuple[Node, bool]:
        """(node, negative) of a sum of any number of terms; what is there first is added first."""
        left = [self._shortened(term) for term in merged(terms)]
        while len(left) != 1 or left[0].shift:
            taken, low = self._next_sum(left)
            rest = [term for term in left if term not in taken]
            flip = all(term.negative for term in taken)
            made = self.sum(Term(node, shift - low, negative ^ flip)
                            for node, shift, negative in taken)
            left = [self._shortened(term) for term in merged([*rest, Term(made, low, flip)])]
        return left[0].node, left[0].negative

    def _next_sum(self, terms: list[Term]) -> tuple[list[Term], int]:
        """(what of `terms` is added next, the power of two that is left outside)."""
        if len(terms) <= TERMS and weight(terms) <= WEIGHT:
            return terms, 0
        want = TERMS if len(terms) > TERMS else len(terms) - 1
        if len(terms) > TERMS and len(terms) % 2 == 0:
            want = 2
        taken: list[Term] = []
        for term in sorted(terms, key=lambda term: (term.node.early, term.shift)):
            low = min(each.shift for each in [*taken, term])
            if len(taken) < want and weight([*taken, term]) >> low <= WEIGHT:
                taken.append(term)
        if len(taken) == 1:  # nothing fits beside it: the largest alone
            return [max(terms, key=lambda term: term.shift)], 0
        return taken, min(term.shift for term in taken)

    def _shortened(self, term: Term) -> Term:
        """The same with a shift that an adder has; what is beyond takes sums of its own."""
        node, shift, negative = term
        while shift > LARGEST_SHIFT:
            node, shift = self.sum([Term(node, LARGEST_SHIFT)]), shift - LARGEST_SHIFT
        return Term(node, shift, negative)


class Symbol:
    """A linear combination of nodes that has not been computed: it becomes a node when a product
    or an output wants its value, so that up to three terms are one sum."""

    def __init__(self, builder: Builder, terms: Iterable[Term]) -> None:
        self.builder, self.terms = builder, tuple(terms)

    def single(self) -> tuple[Node, bool]:
        """(node, negative): computed, but for the sign."""
        if not self.terms:
            return self.builder.lying(0).terms[0].node, False
        if len(self.terms) == 1 and self.terms[0].shift == 0:
            return self.terms[0].node, self.terms[0].negative
        return self.builder.added(self.terms)

    def computed(self) -> "Symbol":
        """The same value as one term; a sign or a doubling is left to whoever reads it."""
        if not self.terms or len(self.terms) == 1 and self.terms[0].shift <= 1:
            return self
        node, negative = self.single()
        return Symbol(self.builder, (Term(node, 0, negative),))

    def __neg__(self) -> "Symbol":
        return Symbol(self.builder, (Term(node, shift, not negative)
                                     for node, shift, negative in self.terms))

    def __add__(self, other: "Symbol") -> "Symbol":
        one, two = self, other
        while len(one.terms) + len(two.terms) > GATHERED:
            if len(one.terms) >= len(two.terms):
                one = one.computed()
            else:
                two = two.computed()
        return Symbol(self.builder, merged(one.terms + two.terms))

    def __sub__(self, other: "Symbol") -> "Symbol":
        return self + -other

    def times(self, number: int) -> "Symbol":
        """`number` times, a small integer: shifts and sums."""
        digits = powers_of_two(number)
        few = len(digits) == 1 or len(self.terms) * len(digits) <= TERMS
        base = self if few else self.computed()
        return Symbol(self.builder, merged([
            Term(node, shift + more, negative ^ turned)
            for node, shift, negative in base.terms for more, turned in digits]))

    def _factor(self) -> tuple[Node, int, bool]:
        """(node, shift, negative): a power of two and the sign are left to the product's user."""
        low = min(term.shift for term in self.terms)
        node, negative = Symbol(self.builder, (
            Term(node, shift - low, negative) for node, shift, negative in self.terms)).single()
        return node, low, negative

    def __mul__(self, other: "Symbol") -> "Symbol":
        if not self.terms or not other.terms:
            return self.builder.nothing()
        left, low, negative = self._factor()
        right, more, turned = other._factor()
        made = self.builder.product(left, right)
        return Symbol(self.builder, (Term(made, low + more, negative ^ turned),))
