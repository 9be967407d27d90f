"""A device that multiplies matrices by MATMUL on a toy accelerator's gateware, and sums on this
machine's processor; it hangs, ends or fails where a file says so."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

from proofmill.hdl.curve import TOY_CURVE
from proofmill.hdl.presets import TOY_SHAPE, with_matrices
from proofmill.host.prover.devices.accelerator import Accelerator
from proofmill.host.prover.devices.arithmetic import Arithmetic
from proofmill.host.prover.devices.catalogue import open_board
from proofmill.host.prover.devices.matrices import (
    WEIGHT_WORDS,
    AcceleratorUnit,
    MatrixUse,
    use_of,
)
from proofmill.sim.matrix import Whole
from proofmill.sim.matrix_gateware import Multiplied
from proofmill.sim.verilated import Simulation, build
from tests.host.prover.devices.hanging import Hanging, obey


def toy() -> Accelerator:
    gateware, library = build(with_matrices(TOY_SHAPE))
    return Accelerator(Simulation(library), gateware.identity)


class Multiplies(Hanging):
    """`orders` as of `Hanging`; in the file beside it, ``.products``, a word for each product."""

    def __init__(self, orders: str, board: str = "") -> None:
        """`board`: ``serial:PORT`` of what multiplies, instead of the gateware by itself."""
        super().__init__(orders)
        self._product_orders = Path(f"{orders}.products")
        self._accelerator = open_board(board) if board else toy()
        self._unit = AcceleratorUnit(self._accelerator, WEIGHT_WORDS)

    @property
    def multiplies(self) -> MatrixUse:
        return use_of(self._accelerator, self._unit)

    def product(self, x: Whole, w: Whole) -> Multiplied:
        if self._product_orders.exists():
            obey(self._product_orders, "no such block")
        return self._unit.multiply(x, w)


ON_TOY = cast(Arithmetic, SimpleNamespace(curve=TOY_CURVE))
"""What a `LanesDevice` on the toy accelerator computes with, where it only multiplies matrices."""
OPENER = f"{__name__}:{Multiplies.__name__}"
