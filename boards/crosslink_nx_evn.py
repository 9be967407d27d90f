"""Lattice CrossLink-NX evaluation board: a Nexus LIFCL-40, for BN254.

Amaranth-boards has no platform for it: ports are placed by the constraints written here. The pins
are those of the board as LiteX names them (``litex_boards``); nothing has been tried on hardware.
"""

from proofmill.boards.board import Board
from proofmill.boards.shapes import NEXUS_ONE_ROW

BOARD = Board(
    name="crosslink-nx-evn", title="Lattice CrossLink-NX evaluation board",
    chip="LIFCL-40-9BG400C", flow="nexus", shape=NEXUS_ONE_ROW, clock_hz=12e6, input_hz=12e6,
    baud=1_000_000, block_words=2_048,
    pins={"clk": "L13", "rx": "F18", "tx": "F16", "active": "E17"}, loader="crosslinknx_evn",
    resources={"dsp": 56, "lut": 32_256, "ff": 32_256, "bram": 84},
    note="the board has no memory for points: block memories hold 256 of G1")
