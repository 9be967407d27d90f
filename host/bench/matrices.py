"""Multiply-accumulates a block and cycle of matrices of bytes, by size: exact, of the model."""

from collections.abc import Sequence
from typing import Any

from proofmill.hdl.cost import matrix_block
from proofmill.hdl.presets import MATRICES
from proofmill.host.prover.devices.matrices import AcceleratorModel
from proofmill.host.prover.inference.array import Array

WANTED = {"18x18": ((256, 0.9), (512, 0.94)), "26x17": ((256, 1.5),)}
"""By kind of block: from a size on, so many a block and cycle."""


def matrix_figures(sizes: Sequence[int]) -> list[dict[str, Any]]:
    """For each array and size n, of n x n by n x n: all cycles of the commands that it is cut to,
    each of which has its operands in the array's memories, and no product of padding."""
    found = []
    for name, shape in MATRICES.items():
        block = matrix_block(shape.multiplier)
        blocks = block.total(shape.multiplier.multiplications)
        array = Array(AcceleratorModel(shape, 0))
        for size in sizes:
            commands = array.planned(size, size, size)
            rate = size ** 3 / (blocks * sum(commands))
            wanted = [least for begin, least in WANTED[block.name] if size >= begin]
            found.append({
                "array": name, "blocks": blocks, "size": size,
                "commands": len(commands), "cycles": sum(commands),
                "rate": rate, "wanted": wanted[-1] if wanted else None,
                "enough": not wanted or rate >= wanted[-1]})
    return found
