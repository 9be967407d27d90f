"""Sipeed Tang Mega 138K: a Gowin GW5AST-138, for BN254.

Amaranth 0.5 refuses the part's number: ports are placed by the constraints written here. Pins and
the bank's voltage are those of Project Apicula's example for this board; the oscillator's 50 MHz
are the accelerator's clock.
"""

from proofmill.boards.board import Board
from proofmill.boards.shapes import GW5A_EIGHT_ROWS

BOARD = Board(
    name="tang-mega-138k", title="Sipeed Tang Mega 138K", chip="GW5AST-LV138PG484AC1/I0",
    flow="gowin", shape=GW5A_EIGHT_ROWS, clock_hz=50e6, input_hz=50e6, baud=1_000_000,
    block_words=32_768, pins={"clk": "V22", "rx": "V14", "tx": "U15", "active": "P19"},
    loader="tangmega138k",
    resources={"dsp": 298, "lut": 138_240, "ff": 138_240, "bram": 340},
    note="its DDR3 needs a controller that this project does not have: points lie in block "
         "memories, 4,096 of G1 at most")
