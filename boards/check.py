"""What a board lacks, found before anything is built: sentences, none where it is whole."""

from collections.abc import Iterator
from math import ceil
from typing import Any

from amaranth.build import Subsignal
from amaranth.vendor import LatticePlatform, SiliconBluePlatform

from proofmill.boards.board import Board, ecp5_pll, looked_at
from proofmill.boards.flows import PARTS, known, target_of
from proofmill.hdl.board_top import MEMORY
from proofmill.hdl.cost import BLOCKS, mailbox_memory_bits, multiplier_blocks
from proofmill.hdl.uart import divisor

PLATFORMS = {"ecp5": (LatticePlatform, "Trellis"), "ice40": (SiliconBluePlatform, "IceStorm"),
             "gowin": None, "nexus": None}
"""Class and tool chain of each flow's Amaranth platform; None where `Board.pins` stands for it."""

PORTS = ("clk", "rx", "tx", "active")
"""What `Board.pins` has to name."""

SDRAM = {"clk": 1, "ras": 1, "cas": 1, "we": 1, "ba": 2, "a": 13, "dq": 16}
"""Pins of the resource ``sdram``, as many as the controller drives."""

RESOURCES = ("dsp", "lut", "ff", "bram")

BLOCK_BITS = {"ecp5": 18 * 1024, "ice40": 4 * 1024, "gowin": 18 * 1024, "nexus": 18 * 1024}
"""Bits of a block memory."""

LEAST_DIVISOR = 4
"""Cycles of a bit: the receiver looks into its middle."""


def problems(board: Board) -> list[str]:
    """What has to be mended before `board` can be built, a sentence each."""
    if board.flow not in PARTS:
        return [f"flow is {board.flow!r}; the flows are {', '.join(PARTS)}"]
    found = [*_chip(board), *_clock(board), *_memory(board), *_size(board)]
    return found + list(_pins(board) if PLATFORMS[board.flow] is None else _platform(board))


def _chip(board: Board) -> Iterator[str]:
    for field in ("name", "loader"):
        if not getattr(board, field):
            yield f"{field} is empty"
    if not known(board):
        yield (f"chip is {board.chip!r}, and the tools of flow {board.flow} are called for parts "
               f"like {', '.join(parts.example for parts in PARTS[board.flow])}")


def _clock(board: Board) -> Iterator[str]:
    if board.clock_hz <= 0 or board.input_hz <= 0 or board.baud <= 0:
        yield "clock_hz, input_hz and baud have to be more than 0"
        return
    if board.top is not None:
        pass  # makes its own clock
    elif board.flow != "ecp5" and board.clock_hz != board.input_hz:
        yield (f"clock_hz is {board.clock_hz / 1e6:g} MHz and input_hz {board.input_hz / 1e6:g}: "
               f"flow {board.flow} has no clock generator here, so both have to be the same")
    elif board.clock_hz != board.input_hz:
        yield from _refusal("clock_hz", ecp5_pll, board.input_hz, board.clock_hz)
    yield from _refusal("baud", divisor, board.clock_hz, board.baud)
    if round(board.clock_hz / board.baud) < LEAST_DIVISOR:
        yield (f"baud is {board.baud:,}, less than {LEAST_DIVISOR} cycles a bit at "
               f"{board.clock_hz / 1e6:g} MHz")


def _memory(board: Board) -> Iterator[str]:
    """What a memory of the board's own lacks."""
    if board.memory is None:
        return
    if board.timing is not None:
        yield "memory stands in place of timing's SDRAM: leave timing out"
    try:
        made = looked_at(board.memory())
    except Exception as error:
        yield f"memory cannot be made: {type(error).__name__}: {error}"
        return
    if missing := [name for name in (*MEMORY, "words", "read_cycles") if not hasattr(made, name)]:
        yield f"memory has no {', no '.join(missing)}; hdl.block_memory.BlockMemory shows them"


def _refusal(field: str, function: Any, *arguments: float) -> Iterator[str]:
    """The sentence with which `function` refuses `arguments`, if it does."""
    try:
        function(*arguments)
    except ValueError as error:
        yield f"{field}: {error}"


def _size(board: Board) -> Iterator[str]:
    """What can be told without synthesis."""
    if missing := [kind for kind in RESOURCES if kind not in board.resources]:
        yield f"resources has no {', no '.join(missing)}"
        return
    there, adder = board.resources, board.shape.adder
    if known(board) and (block := target_of(board).block) is not None:
        blocks = multiplier_blocks(adder, BLOCKS[block])
        if blocks > there["dsp"]:
            yield (f"shape takes {blocks} multiplier blocks and resources has {there['dsp']}; see "
                   "boards/shapes.py for smaller ones")
    in_blocks = 0 if board.timing or board.memory else 64 * board.block_words
    bits = mailbox_memory_bits(board.shape) + in_blocks
    blocks = ceil(bits / BLOCK_BITS[board.flow])
    if blocks > there["bram"]:
        yield (f"mailboxes and points take {blocks} block memories at least and resources has "
               f"{there['bram']}; choose fewer mailbox_bits or block_words")


def _pins(board: Board) -> Iterator[str]:
    if board.platform is not None:
        yield f"flow {board.flow} has no Amaranth platform: leave platform out and give pins"
    if board.timing is not None:
        yield f"flow {board.flow} has no pads for an SDRAM here: leave timing out"
    if missing := [port for port in PORTS if port not in (board.pins or {})]:
        yield f"pins has no {', no '.join(missing)}; it maps {', '.join(PORTS)} to pins"
    extra = [port for port in board.pins or {} if port not in PORTS]
    if extra and board.top is None:
        yield f"pins has {', '.join(extra)}, which are no ports; the ports are {', '.join(PORTS)}"


def _platform(board: Board) -> Iterator[str]:
    if board.pins is not None:
        yield f"flow {board.flow} takes its pins from platform: leave pins out"
    if board.platform is None:
        yield f"platform is missing: flow {board.flow} needs an Amaranth platform"
        return
    try:
        platform = board.platform()
    except Exception as error:
        yield f"platform cannot be made: {type(error).__name__}: {error}"
        return
    kind, toolchain = PLATFORMS[board.flow]
    if not isinstance(platform, kind):
        yield (f"platform is a {type(platform).__name__}, and flow {board.flow} wants a "
               f"{kind.__name__}")
        return
    if platform.toolchain != toolchain:
        yield f"platform is for {platform.toolchain}; make it with toolchain={toolchain!r}"
    for part in (platform.device, platform.package):
        if part not in board.chip:
            yield f"platform is for {part}, which chip, {board.chip!r}, is not"
    yield from _oscillator(board, platform)
    yield from _resource(platform, "uart", {"rx": 1, "tx": 1}, "the serial line to the host")
    if board.timing is not None:
        yield from _resource(platform, "sdram", SDRAM, "the chip that timing is of")


def _oscillator(board: Board, platform: Any) -> Iterator[str]:
    if platform.default_clk is None or (platform.default_clk, 0) not in platform.resources:
        yield f"platform has no oscillator: its default_clk is {platform.default_clk!r}"
    elif platform.default_clk_frequency != board.input_hz:
        yield (f"input_hz is {board.input_hz / 1e6:g} MHz and the platform's "
               f"{platform.default_clk} {platform.default_clk_frequency / 1e6:g}")


def _resource(platform: Any, name: str, wanted: dict[str, int], what: str) -> Iterator[str]:
    """What the platform's resource `name`, number 0, lacks."""
    if (name, 0) not in platform.resources:
        yield (f"platform has no resource {name!r}, number 0: {what}; add one to its resources, "
               f"with {', '.join(wanted)}")
        return
    widths = {each.name: len(each.ios[0].names) for each in platform.resources[name, 0].ios
              if isinstance(each, Subsignal) and hasattr(each.ios[0], "names")}
    for pin, width in wanted.items():
        if pin not in widths:
            yield f"platform's {name} has no {pin}"
        elif widths[pin] < width:
            yield f"platform's {name} has {widths[pin]} {pin} and takes {width}"
