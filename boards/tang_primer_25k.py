"""Sipeed Tang Primer 25K: a Gowin GW5A, for the toy curve.

Amaranth 0.5 has no platform for it: ports are placed by the constraints written here. Oscillator
E2 and the debugger's serial line (rx B3, tx C3) are those of Sipeed's own examples.
"""

from proofmill.boards.board import Board
from proofmill.boards.shapes import SMALL_TOY

BOARD = Board(
    name="tang-primer-25k", title="Sipeed Tang Primer 25K", chip="GW5A-LV25MG121NES",
    flow="gowin", shape=SMALL_TOY, clock_hz=50e6, input_hz=50e6, baud=1_000_000, block_words=2048,
    pins={"clk": "E2", "rx": "B3", "tx": "C3", "active": "E8"}, loader="tangprimer25k",
    resources={"dsp": 28, "lut": 23_040, "ff": 23_040, "bram": 56},
    note="nextpnr's data of the chip have no memory in tables: banks are made of registers, which "
         "leaves room for the toy curve and not for BN254")
