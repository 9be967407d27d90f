"""From a board to its bitstream: Amaranth, Yosys, nextpnr and the packer, each with a log."""

import hashlib
import json
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from amaranth.back import rtlil

from proofmill.boards.board import Board, BoardTop, PlainTop
from proofmill.boards.carries import free_carries
from proofmill.boards.check import problems
from proofmill.boards.flows import (
    BITSTREAMS,
    PACKAGES,
    constraints,
    nextpnr,
    packer,
    parts_of,
    target_of,
)
from proofmill.boards.measure import RipUp, clock_rate
from proofmill.boards.nexus_clock import bring_clock
from proofmill.boards.packing import prepare
from proofmill.boards.resources import cells_of, record
from proofmill.boards.tools import ToolError, pass_of, run, run_yosys, versions
from proofmill.boards.units import parameters_of
from proofmill.hdl.commands import IDENTITY_PLACEHOLDER
from proofmill.hdl.contracts import SYNTHESIS
from proofmill.hdl.emit import ZERO_INITIALISATION
from proofmill.hdl.msm import MsmShape

Step = Callable[[str, int, int], None]
"""Called with (what is being done, steps done, steps in all)."""

STEPS = 4

MENDED = {"ecp5": prepare, "nexus": free_carries}
"""What is done to a flow's netlist before it is placed."""


@dataclass(frozen=True)
class Build:
    """What a build has left: the bitstream, and the record as in ``record.json``."""

    bitstream: Path
    record: dict[str, Any]


def name_gateware(text: str) -> tuple[str, int]:
    """(RTLIL with its own hash in the place kept for it, the hash)."""
    text = ZERO_INITIALISATION.sub("", text)
    number = int(hashlib.sha256(text.encode()).hexdigest()[:16], 16)
    placeholder = f"64'{IDENTITY_PLACEHOLDER:064b}"
    if text.count(placeholder) != 1:
        raise AssertionError("the identity's place in the design is not unique")
    return text.replace(placeholder, f"64'{number:064b}"), number


def generate(board: Board, shape: MsmShape, folder: Path) -> int:
    """Write the design, its constraints and the script of Yosys into `folder`; return the
    gateware's hash. The text is the same whatever folder the sources lie in."""
    way = _without_platform if board.platform is None else _with_platform
    return way(board, board.core(shape), folder)


def gateware_hash(board: Board, shape: MsmShape) -> str:
    """The hash of the gateware that the sources here make, as a record states it."""
    with TemporaryDirectory(prefix="proofmill-hash-") as folder:
        return f"{generate(board, shape, Path(folder)):016x}"


def cpu_seconds() -> float:
    """Processor time of this process and of the tools it has run."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class Timed:
    """Carries out a build's steps: tells them, and how long each took, of processor time too."""

    def __init__(self, step: Step | None) -> None:
        self.tell = step or (lambda what, done, total: None)
        self.start = time.perf_counter()
        self.seconds: dict[str, float] = {}
        self.cpu: dict[str, float] = {}

    def __call__(self, name: str, number: int, what: str, function: Callable[..., Any],
                 *arguments: Any) -> Any:
        began, spent = time.perf_counter(), cpu_seconds()
        self.tell(what, number, STEPS)

        phase = what

        def line(text: str) -> None:
            nonlocal phase
            if (now := phase_of(text)) is not None:
                phase = f"{what}, {now}"
                self.tell(phase, number, STEPS)
            self.tell(f"{phase}: {_short(text)}", number, STEPS)

        result = function(*arguments, line) if name != "generate" else function(*arguments)
        self.seconds[name] = round(time.perf_counter() - began, 1)
        self.cpu[name] = round(cpu_seconds() - spent, 1)
        return result

    def took(self) -> dict[str, Any]:
        """What a record says of that."""
        return {"step_seconds": self.seconds, "step_cpu_seconds": self.cpu,
                "seconds": round(time.perf_counter() - self.start, 1)}


def count(board: Board, folder: Path, *, shape: MsmShape | None = None, step: Step | None = None
          ) -> dict[str, Any]:
    """What Yosys makes of `board` with `shape`, in `folder`, which is made: what a record says of
    it, without the clock rate, also where the chip has less. Raises `ToolError`."""
    steps = Timed(step)
    made = _synthesised(board, shape or board.shape, folder, steps)
    steps.tell("done", STEPS, STEPS)
    return made | steps.took()


def _synthesised(board: Board, shape: MsmShape, folder: Path, steps: Timed) -> dict[str, Any]:
    """Generate the design and have it mapped."""
    if lacks := problems(replace(board, shape=shape)):
        raise ToolError(f"{board.name} cannot be built: {'; '.join(lacks)}")
    folder.mkdir(parents=True, exist_ok=True)
    number = steps("generate", 0, "generating", generate, board, shape, folder)
    script = (folder / "top.ys").read_text().splitlines()
    steps("synthesis", 1, "synthesis", run_yosys,
          [*script, "tee -o stat.json stat -json"], folder, "yosys.log")
    return {
        "board": board.name, "chip": board.chip, "hash": f"{number:016x}",
        "parameters": parameters_of(shape), "baud": board.baud,
        "resources": record(target_of(board).count(cells_of(folder / "stat.json"))),
        "available": dict(board.resources)}


def build(board: Board, folder: Path, *, shape: MsmShape | None = None, seed: int = 1,
          step: Step | None = None) -> Build:
    """Build `board` in `folder`, which is made; raises `ToolError`.

    The clock rate that the record states is what the placed design reaches; a bitstream that
    misses the board's clock is not left there.
    """
    steps = Timed(step)
    made = _synthesised(board, shape or board.shape, folder, steps)
    for kind, there in board.resources.items():
        if made["resources"][kind] > there:
            raise ToolError(
                f"the design takes {made['resources'][kind]:,} {kind} and {board.title} has "
                f"{there:,}; choose smaller parameters or another board (the log is in {folder})")
    mend(board, folder)
    watch = RipUp(board.clock_hz / 1e6) if board.rip_up else None
    log = steps("place and route", 2, "place and route", partial(run, stop=watch),
                nextpnr(board, seed), folder, "nextpnr.log")
    rate = clock_rate(log)
    made |= {
        "clock_mhz": board.clock_hz / 1e6, "reached_mhz": rate, "seed": seed,
        "rip_up": board.rip_up, "utilisation": utilisation(log),
        "tools": versions(PACKAGES[board.flow], *(
            ["apycula"] if board.flow == "gowin" else [])),
    }
    meets = rate * 1e6 >= board.clock_hz
    if meets:
        steps("bitstream", 3, "packing", run, packer(board), folder, "pack.log")
    made |= {"bitstream": BITSTREAMS[board.flow] if meets else None} | steps.took()
    (folder / "record.json").write_text(json.dumps(made, indent=2) + "\n")
    if not meets:
        raise ToolError(
            f"the placed design reaches {rate:.1f} MHz and {board.name} runs at "
            f"{board.clock_hz / 1e6:g}: no bitstream was packed; try another --seed, a lower "
            f"--clock, or fewer rows (the record is {folder / 'record.json'})")
    steps.tell("done", STEPS, STEPS)
    return Build(folder / BITSTREAMS[board.flow], made)


PHASES = {"Creating initial": "placing", "Running simulated annealing": "refining the placement",
          "Routing globals": "routing"}
"""What nextpnr does, by the line of its log with which it begins: each takes minutes."""


def phase_of(text: str) -> str | None:
    """The phase that begins with this line of a log, of nextpnr or Yosys, if one does."""
    text = text.removeprefix("Info: ")
    return next((phase for begin, phase in PHASES.items() if text.startswith(begin)),
                pass_of(text))


def _short(text: str) -> str:
    return text.removeprefix("Info: ").strip()[:60]


def _with_platform(board: Board, core: Any, folder: Path) -> int:
    platform = board.platform()
    top = (board.top or BoardTop)(board, core)
    plan = platform.build(top, do_build=False, build_dir=str(folder),
                          emit_src=False,  # where the sources lie is no part of the gateware
                          script_after_read="\n".join(target_of(board).hints))
    plan.extract(str(folder))
    path = folder / "top.il"
    text, number = name_gateware(path.read_text())
    path.write_text(text)
    return number


def _without_platform(board: Board, core: Any, folder: Path) -> int:
    top = (board.top or PlainTop)(board, core)
    text, number = name_gateware(rtlil.convert(
        top, name="top", platform=SYNTHESIS, ports=top.ports, emit_src=False))
    (folder / "top.il").write_text(text)
    target = target_of(board)
    target.lay_out(folder)
    (folder / "top.ys").write_text("\n".join([
        "read_rtlil top.il", *target.passes("top", parts_of(board).synthesis),
        "write_json top.json"]) + "\n")
    name, places = constraints(board)
    (folder / name).write_text(places)
    return number


def mend(board: Board, folder: Path) -> None:
    """Do to ``top.json`` in `folder` what the board's flow wants, see `MENDED`."""
    if mended := MENDED.get(board.flow):
        path = folder / "top.json"
        design = json.loads(path.read_text())
        mended(design, "top")
        if board.flow == "nexus" and not board.top:
            bring_clock(board, design["modules"]["top"], folder)
        path.write_text(json.dumps(design))


def utilisation(log: str) -> dict[str, list[int]]:
    """The cells of nextpnr's last table: name to [used, available]."""
    table: dict[str, list[int]] = {}
    for match in re.finditer(r"^Info:\s+([A-Z0-9_]+):\s+(\d+)\s*/\s*(\d+)\s+\d+%", log, re.M):
        table[match[1]] = [int(match[2]), int(match[3])]
    return {name: used for name, used in table.items() if used[0]}
