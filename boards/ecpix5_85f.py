"""ECPIX-5 with an ECP5-85F of speed grade 8; its DDR3 memory is not used."""

from amaranth_boards.ecpix5 import ECPIX585Platform

from proofmill.boards.board import Board
from proofmill.boards.resources import ECP5_85F
from proofmill.boards.shapes import SMALLEST

BOARD = Board(
    name="ecpix5-85f", title="LambdaConcept ECPIX-5, 85F", chip="LFE5UM5G-85F-8BG554I",
    flow="ecp5", shape=SMALLEST, clock_hz=45e6, input_hz=100e6, block_words=8192,
    platform=lambda: ECPIX585Platform(toolchain="Trellis"), resources=ECP5_85F, loader="ecpix5",
    note="its DDR3 needs a controller that this project does not have: points lie in block "
         "memories, 1,024 of G1 at most")
