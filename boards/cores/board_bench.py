"""What a board must answer at the other end of its serial line, from the definition."""

from dataclasses import replace
from typing import Any

import numpy as np
from amaranth.hdl import Shape

from proofmill.boards.cores.bench import Bench, number, rows
from proofmill.boards.cores.stream_benches import (
    ANY,
    Expected,
    cycles,
    identified,
    jobs_of,
    summed,
)
from proofmill.hdl.accelerator import identity_words
from proofmill.hdl.board_top import BoardCore
from proofmill.hdl.emit import emit_verilog, for_every_simulator
from proofmill.hdl.framing import (
    DELIMITER,
    DEPTH,
    ESCAPE,
    ESCAPED,
    FRAME,
    MOST_WORDS,
    POLYNOMIAL,
    RESIDUE,
    WINDOW,
    Flag,
)
from proofmill.host.prover.devices.frames import Frame, encode
from proofmill.sim.board import PaddedChip
from proofmill.sim.sdram import CELLS

SCALARS = (15, 1, 7, 10)
"""Of points among which are infinity and a point's opposite. They are short, so that few groups of
the last level have points: each of those is a record on the line, whose bits take many cycles."""

SESSION = 0xDB1
"""The session's number: it has the byte that escapes others."""

CHIP = "sdram_chip"
"""The module that stands for the memory."""


def frames_of(words: list[int]) -> list[bytes]:
    """The frame that begins a session, and those with `words`, as the host's own driver writes
    them.

    Raises ValueError where there are more than a board takes before it has told of room.
    """
    if len(words) > DEPTH:
        raise ValueError(f"{len(words)} words are more than the {DEPTH} that the board keeps, and "
                         "the bench sends all of them at once")

    def frame(flags: Flag, start: int, part: list[int]) -> bytes:
        return encode(Frame(flags=flags, session=SESSION, most=MOST_WORDS, sequence=start,
                            acknowledge=0, limit=0, words=np.array(part, dtype=np.uint64)))

    return [frame(Flag.RESET, 0, []), *(
        frame(Flag(0), start, words[start:start + MOST_WORDS])
        for start in range(0, len(words), MOST_WORDS))]


def _slice(name: str) -> str:
    """Where a field of a frame's header lies."""
    field = FRAME[name]
    return f"{field.offset + field.width - 1}:{field.offset}"


def board_bench(core: BoardCore, window: int, gateware_hash: int) -> Bench:
    """Over the serial line: the board's identity, and a sum in each group.

    Where the board has an SDRAM chip, `sim.sdram.SdramChip` is in the bench, behind registers as
    in the pads. Raises ValueError where the mailboxes are too few for `window`.
    """
    core._MustUse__silence = True  # asked, and never built
    shape, chip = core.shape, core.timing
    jobs = [replace(job, scalars=list(SCALARS)) for job in jobs_of(shape, window, len(SCALARS))]
    expected = Expected(shape, [], [])
    words = identified(identity_words(
        shape, gateware_hash, memory_words=core.memory_words, memory_cycles=core.memory_cycles,
        clock_hz=int(core.clock_hz)), expected)
    for job in jobs:
        words += summed(job, expected)
    answered = len(expected.words) + sum(
        3 * (kind - 1) * shape.coordinate_words for _, kind in expected.words if kind > ANY)
    if answered > WINDOW * MOST_WORDS:
        raise ValueError(f"{answered} words of answers are more than the {WINDOW * MOST_WORDS} "
                         "that the board sends unacknowledged; another window may give fewer")
    frames = frames_of(words)
    sent = b"".join(frames)
    start = 10
    if chip is not None:  # the host opens the line when the memory has started
        start += 2 * round(chip.start * core.clock_hz / 1e9)
    return Bench(
        parts=["serial", "answers", "board"], answers=len(expected.words),
        limit=cycles(shape, jobs) + start + 40 * core.divisor * (len(sent) + 10 * answered),
        modules=_chip(core), places=expected.places() | {
            "BIT": core.divisor, "BYTES": len(sent), "FIRST": len(frames[0]), "START": start,
            "BYTE_ROWS": rows(byte_of=[number(byte, 8) for byte in sent]),
            "DELIMITER": number(DELIMITER, 8), "ESCAPE": number(ESCAPE, 8),
            "ESCAPED": number(ESCAPED, 8), "POLYNOMIAL": number(POLYNOMIAL, 32),
            "RESIDUE": number(RESIDUE, 32), "NUMBER": number(SESSION, FRAME["session"].width),
            **{name.upper(): _slice(name) for name in ("flags", "session", "words", "sequence")},
            **_memory(core)})


def _chip(core: BoardCore) -> str:
    """The text of module `CHIP`; nothing for a board without one."""
    if core.timing is None:
        return ""
    return for_every_simulator(emit_verilog(PaddedChip(core), CHIP)) + CELLS


def _memory(core: BoardCore) -> dict[str, Any]:
    """The wires between the board and its memory, and the watch over the chip's rules."""
    if core.timing is None:
        return {"MEMORY_CHIP": "", "MEMORY_PORTS": ""}
    pins = {"__".join(map(str, path)): int(Shape.cast(member.shape).width)
            for path, member, _ in core.signature.members["sdram"].signature.flatten(core.sdram)}
    wires = "\n".join(f"  wire [{bits - 1}:0] pin_{name};" for name, bits in pins.items())
    ports = ", ".join(f".pins__{name}(pin_{name})" for name in pins)
    return {"MEMORY_CHIP": f"""\
{wires}
  wire [3:0] broken;
  {CHIP} chip (.clk(clk), .rst(rst), .broken(broken), {ports});
  always @(posedge clk) if (broken !== 4'd0) begin
    $display("FAIL: board: rule %0d of the memory chip is broken in cycle %0d", broken, cycle);
    $fatal(1);
  end""",
            "MEMORY_PORTS": "".join(f", .sdram__{name}(pin_{name})" for name in pins)}
