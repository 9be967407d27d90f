"""Sipeed Tang Nano 20K: a Gowin GW2AR-18, for the toy curve.

Amaranth 0.5 has no platform for it: ports are placed by the constraints written here. The pins of
the oscillator, of the debugger's serial line and of a lamp are those of Sipeed's own examples;
nothing has been tried on hardware.
"""

from proofmill.boards.board import Board
from proofmill.boards.shapes import SMALLER_TOY

BOARD = Board(
    name="tang-nano-20k", title="Sipeed Tang Nano 20K", chip="GW2AR-LV18QN88C8/I7",
    flow="gowin", shape=SMALLER_TOY, clock_hz=27e6, input_hz=27e6, baud=1_000_000,
    block_words=2_048, pins={"clk": "4", "rx": "70", "tx": "69", "active": "15"},
    loader="tangnano20k", resources={"dsp": 48, "lut": 20_736, "ff": 15_552, "bram": 46},
    note="BN254's tables have no room; the toy in G1 with one adder takes half of them")
