"""Multiply-accumulates a block and cycle of matrices of bytes, by size: exact, of the model."""

from collections.abc import Sequence
from typing import Any

from proofmill.hdl.cost import matrix_block
from proofmill.hdl.presets import MATRICES
from proofmill.sim.matrix import Plan

WANTED = {"18x18": ((256, 0.9), (512, 0.94)), "26x17": ((256, 1.5),)}
"""By kind of block: from a size on, so many a block and cycle."""


def matrix_figures(sizes: Sequence[int]) -> list[dict[str, Any]]:
    """For each array and size n, of n x n by n x n with both operands on the chip: all cycles of
    the command, and no product of padding."""
    found = []
    for name, shape in MATRICES.items():
        block = matrix_block(shape.multiplier)
        blocks = block.total(shape.multiplier.multiplications)
        for size in sizes:
            plan = Plan(shape, size, size, size)
            rate = size ** 3 / (blocks * plan.cycles)
            wanted = [least for begin, least in WANTED[block.name] if size >= begin]
            found.append({
                "array": name, "blocks": blocks, "size": size, "cycles": plan.cycles,
                "rate": rate, "wanted": wanted[-1] if wanted else None,
                "enough": not wanted or rate >= wanted[-1]})
    return found
