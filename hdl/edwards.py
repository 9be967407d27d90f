"""What an adder on a twisted Edwards curve takes: its formulas as graphs for the scheduler.

No gateware is made of them, since sums in batches take fewer products: `host.bench.rivals`
compares.
"""

from proofmill.hdl.formulas import Extended, Prepared, edwards_addition, edwards_mixed
from proofmill.hdl.graph import Builder, Graph
from proofmill.hdl.montgomery import MultiplierShape

ROUNDS = 60
"""Rounds after which a bound that still grows is taken to grow without end."""


def edwards_trace(shape: MultiplierShape, *, mixed: bool) -> tuple[Graph, int]:
    """The graph of a sum and a point from a file (`mixed`), or of two sums, and the bound of a
    coordinate: the least that the sum's keep when they come back, as in `hdl.graph.trace`.

    The sum is side 0, the other operand side 1; what comes from a file, and the constant 2 d, which
    is number 4 of side 1, is below the modulus.
    """
    modulus = shape.field.modulus
    bound = modulus
    for rounds in range(ROUNDS):
        builder = Builder(shape)
        one = Extended(*(builder.input(0, n, bound) for n in range(4)))
        if mixed:
            total = edwards_mixed(one, Prepared(*(builder.input(1, n, modulus) for n in range(3))))
        else:
            other = Extended(*(builder.input(1, n, bound) for n in range(4)))
            total = edwards_addition(one, other, builder.input(1, 4, modulus))
        builder.graph.outputs = [builder.node(part) for part in total]
        largest = max(node.bound for node in builder.graph.outputs)
        if largest <= bound:
            return builder.graph, bound
        # A small radix takes long to come to rest in the last bits: round up, past 2^-16 of p.
        grid = 1 if rounds < ROUNDS // 3 else (modulus >> 16) + 1
        bound = -(-largest // grid) * grid
    raise ValueError(f"the coordinates of the formula grow without end, past {bound}")
