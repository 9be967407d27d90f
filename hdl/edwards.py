"""What an adder on a twisted Edwards curve takes: its formulas as graphs for the scheduler.

No gateware is made of them, since sums in batches take fewer products: `host.bench.rivals`
compares.
"""

from proofmill.hdl.formulas import Extended, Prepared, edwards_addition, edwards_mixed
from proofmill.hdl.graph import Builder, Graph, at_rest
from proofmill.hdl.montgomery import MultiplierShape


def edwards_trace(shape: MultiplierShape, *, mixed: bool) -> tuple[Graph, int]:
    """The graph of a sum and a point from a file (`mixed`), or of two sums, and the bound of a
    coordinate.

    The sum is side 0, the other operand side 1; what comes from a file, and the constant 2 d, which
    is number 4 of side 1, is below the modulus.
    """
    modulus = shape.field.modulus

    def build(builder: Builder, bound: int) -> Extended:
        one = Extended(*(builder.input(0, n, bound) for n in range(4)))
        if mixed:
            return edwards_mixed(one, Prepared(*(
                builder.input(1, n, modulus) for n in range(3))))
        other = Extended(*(builder.input(1, n, bound) for n in range(4)))
        return edwards_addition(one, other, builder.input(1, 4, modulus))

    return at_rest(build, shape)
