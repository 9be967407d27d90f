"""What affine additions in batches cost: products and cycles, by the model of the gateware."""

from collections.abc import Callable

from proofmill.hdl.batch_shape import BatchShape
from proofmill.hdl.cost import BLOCKS
from proofmill.host.ground.json_text import JsonObject
from proofmill.sim.batch import CHORD, TANGENT, BatchModel

BLOCK = BLOCKS["26x17"]
"""The multiplier block that is counted, of AMD UltraScale+."""

KINDS = {"distinct": CHORD, "equal": TANGENT}
"""Pairs of two points, or of a point and itself."""

BARS = {(1, "distinct", 12): 6.4, (2, "distinct", 12): 15.5}
"""Products an addition that are the most it may take, by the field's degree, kind and power of the
number of pairs."""


def figures(shape: BatchShape, kind: str, power: int,
            tell: Callable[[int, int], None] = lambda done, of: None) -> JsonObject:
    """Of 2 ** `power` pairs, offered in every cycle and their sums taken at once: cycles from the
    first pair to the last sum, products, batches, and the most pairs under way."""
    model, pairs = BatchModel(shape), 1 << power
    given = found = 0
    while found < pairs:
        offered = given < pairs
        found += model.sum is not None
        accepted = offered and model.ready
        model.step(KINDS[kind] if offered else None, True, not offered)
        given += accepted
        if model.cycle % 10_000 == 0:
            tell(found, pairs)
    dsp = BLOCK.total(shape.multiplier.multiplications)
    return {"kind": kind, "power": power, "cycles": model.cycle,
            "cycles_an_addition": model.cycle / pairs, "products": model.products,
            "products_an_addition": model.products / pairs,
            "bar": BARS.get((shape.degree, kind, power)),
            "batches": model.batches, "under_way": model.most, "dsp": dsp,
            "dsp_cycles": dsp * model.cycle / pairs}
