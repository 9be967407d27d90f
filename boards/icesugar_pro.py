"""iCESugar-Pro: a small ECP5-25F with SDRAM, for the toy curve."""

from amaranth_boards.icesugar_pro import ICESugarProPlatform

from proofmill.boards.board import Board
from proofmill.boards.shapes import SMALL_TOY
from proofmill.hdl.sdram import IS42S16160

BOARD = Board(
    name="icesugar-pro", title="MuseLab iCESugar-Pro", chip="LFE5U-25F-6BG256C", flow="ecp5",
    shape=SMALL_TOY, clock_hz=60e6, input_hz=25e6, timing=IS42S16160, baud=1_000_000,
    platform=lambda: ICESugarProPlatform(toolchain="Trellis"), loader="icesugar-pro",
    resources={"dsp": 28, "lut": 24_288, "ff": 24_288, "bram": 56},
    note="28 multiplier blocks are too few for BN254 (31 at least): it runs the toy curve, to "
         "learn and to test")
