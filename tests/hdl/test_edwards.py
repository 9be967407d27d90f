"""The twisted Edwards formulas as the scheduler has them: products, bounds, and that they fit."""

import pytest

from proofmill.hdl.curve import BLS12_377
from proofmill.hdl.edwards import edwards_trace
from proofmill.hdl.field import TOY
from proofmill.hdl.karatsuba import KaratsubaShape
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.presets import of_curve
from proofmill.hdl.schedule import Resources, schedule

SHAPES = {
    "standard": of_curve(BLS12_377).adder.multiplier,
    "karatsuba": KaratsubaShape(field=BLS12_377.base, operand_bits=387, digit=17, limb=26, depth=3),
    "toy": MultiplierShape(field=TOY, operand_bits=22, digit=6, limb=8)}


@pytest.mark.parametrize("mixed, products", [(True, 7), (False, 9)])
@pytest.mark.parametrize("name", SHAPES)
def test_they_are_scheduled_at_an_interval_of_their_products(name, mixed, products):
    shape = SHAPES[name]
    graph, bound = edwards_trace(shape, mixed=mixed)
    assert len(graph.products) == products
    assert all(node.bound < 1 << shape.operand_bits for node in graph.nodes)
    assert max(node.bound for node in graph.outputs) <= bound < 4 * shape.field.modulus
    placed = schedule(graph, products, Resources(
        multipliers=1, adders=2, product_latency=shape.latency + 2, sum_latency=2))
    times = sorted(operation.time % products for operation in placed.operations
                   if operation.unit == "multiplier0")
    assert times == list(range(products))  # it is busy in every cycle


def test_coordinates_that_grow_are_refused():
    with pytest.raises(ValueError, match="but the multiplier takes 10"):
        edwards_trace(MultiplierShape(field=TOY, operand_bits=10, digit=3, limb=3), mixed=True)
