"""ULX3S with an ECP5-85F: the board this project is made for first."""

from amaranth_boards.ulx3s import ULX3S_85F_Platform

from proofmill.boards.board import Board
from proofmill.boards.resources import ECP5_85F
from proofmill.boards.shapes import SMALLEST, SMALLEST_HZ
from proofmill.hdl.sdram import IS42S16160

BOARD = Board(
    name="ulx3s-85f", title="Radiona ULX3S, 85F", chip="LFE5U-85F-6BG381C", flow="ecp5",
    shape=SMALLEST, clock_hz=SMALLEST_HZ, input_hz=25e6, rip_up=True, timing=IS42S16160,
    platform=lambda: ULX3S_85F_Platform(toolchain="Trellis"), resources=ECP5_85F, loader="ulx3s",
    note="points lie in the 32 MB SDRAM: room for 524,288 points of G1")
