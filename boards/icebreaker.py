"""iCEBreaker: an iCE40 UltraPlus, for the toy curve."""

from amaranth_boards.icebreaker import ICEBreakerPlatform

from proofmill.boards.board import Board
from proofmill.boards.shapes import SMALL_TOY

BOARD = Board(
    name="icebreaker", title="1BitSquared iCEBreaker", chip="iCE40UP5K-SG48", flow="ice40",
    shape=SMALL_TOY, clock_hz=12e6, input_hz=12e6, block_words=512, baud=3_000_000,
    platform=ICEBreakerPlatform, loader="ice40_generic",
    resources={"dsp": 8, "lut": 5_280, "ff": 5_280, "bram": 30})
