"""Files for the vendor's tool, for cards that the open tools cannot place: accelerators behind AXI.

What is written has been synthesised by Yosys; nobody here has run it through Vivado.
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from proofmill.boards.build import cpu_seconds
from proofmill.boards.measure import synthesise
from proofmill.boards.resources import Resources, record
from proofmill.boards.tools import versions
from proofmill.boards.units import parameters_of
from proofmill.firmware.library import finishing_program
from proofmill.hdl.accelerator import Accelerator
from proofmill.hdl.batch_shape import pairs_for
from proofmill.hdl.card import CHANNEL_WORDS, lines_of
from proofmill.hdl.card import Card as CardTop
from proofmill.hdl.commands import IDENTITY_PLACEHOLDER
from proofmill.hdl.cost import machine
from proofmill.hdl.curve import Group
from proofmill.hdl.emit import emit_verilog
from proofmill.hdl.field import BN254_BASE
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.msm import MsmShape
from proofmill.hdl.plans import expected_cycles, planned
from proofmill.hdl.presets import STANDARD

Step = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class Card:
    """A card: its part, and what the part has (`bram`: blocks of 36 kbit) on all of its dies, of
    which there are `slrs` (super logic regions, as AMD calls them), all alike; `channels` of
    memory, of `words` words of 64 bits each."""

    name: str
    title: str
    part: str
    megahertz: float
    slrs: int
    channels: int
    words: int
    resources: Mapping[str, int]


CARDS = {card.name: card for card in (
    Card(name="vu9p", title="AWS F1, VU9P", part="xcvu9p-flgb2104-2-i", megahertz=250.0,
         slrs=3, channels=4, words=1 << 31,
         resources={"dsp": 6_840, "lut": 1_182_240, "ff": 2_364_480, "bram": 2_160}),
    Card(name="vu47p", title="AWS F2, VU47P", part="xcvu47p-fsvh2892-2-e", megahertz=250.0,
         slrs=3, channels=32, words=CHANNEL_WORDS,
         resources={"dsp": 9_024, "lut": 1_303_680, "ff": 2_607_360, "bram": 2_016}),
    Card(name="u250", title="Alveo U250", part="xcu250-figd2104-2L-e", megahertz=250.0,
         slrs=4, channels=4, words=1 << 31,
         resources={"dsp": 12_288, "lut": 1_728_000, "ff": 3_456_000, "bram": 2_688}),
)}

def for_card(shape: MsmShape) -> MsmShape:
    """`shape` with its multiplier in parts of 17 x 26 bits, where it makes a product of 254 bits a
    cycle: one DSP48E2 each. Yosys cuts the standard's 26 x 34 into up to four. Batches are as large
    as suits that multiplier."""
    multiplier = shape.adder.multiplier
    if type(multiplier) is not MultiplierShape or multiplier.field.bits < BN254_BASE.bits:
        return shape
    cut = replace(multiplier, digit=17, limb=26)
    return replace(shape, adder=replace(shape.adder, multiplier=cut),
                   batch=None if shape.batch is None else pairs_for(cut))


SHAPE = for_card(STANDARD)
"""What an accelerator of a card is where nothing else is said."""

TCL = """\
# Out-of-context synthesis, placement and routing of what the card's shell connects: AXI4 to memory,
# AXI4-Stream and AXI4-Lite to the host (see registers.txt, and `proofmill commands`).
set folder [file dirname [file normalize [info script]]]
create_project -in_memory -part {part}
read_verilog -sv $folder/card.sv
read_xdc -mode out_of_context $folder/card.xdc
{place}synth_design -top card -part {part} -mode out_of_context
opt_design
place_design
phys_opt_design
route_design
report_utilization -file $folder/utilization.txt
report_timing_summary -file $folder/timing.txt
write_checkpoint -force $folder/card.dcp
"""

XDC = """\
create_clock -name aclk -period {period:.3f} [get_ports aclk]
set_property HD.CLK_SRC BUFGCTRL_X0Y0 [get_ports aclk]
# What the shell has of a cycle on its side of the ports: change it to what its own paths take.
set_input_delay -clock aclk -max {delay:.3f} [get_ports -filter {{DIRECTION == IN && NAME != aclk}}]
set_input_delay -clock aclk -min 0 [get_ports -filter {{DIRECTION == IN && NAME != aclk}}]
set_output_delay -clock aclk -max {delay:.3f} [get_ports -filter {{DIRECTION == OUT}}]
set_output_delay -clock aclk -min 0 [get_ports -filter {{DIRECTION == OUT}}]
# There are no false paths: there is one clock, to which every port belongs, the reset too.
"""

SHELLS_SHARE = 0.3
"""Of a cycle, on the shell's side of the ports."""

PBLOCKS = """\
# One die holds all of an accelerator: a path between two costs a good part of a cycle.
"""

PBLOCK = """\
create_pblock die{slr}
resize_pblock die{slr} -add SLR{slr}
add_cells_to_pblock die{slr} [get_cells {{{cells}}}]
"""


def places(accelerators: int, first: int, slrs: int) -> str:
    """The dies of as many accelerators, dealt out from `first` on."""
    return PBLOCKS + "".join(PBLOCK.format(
        slr=(first + turn) % slrs,
        cells=" ".join(f"unit/{part}{n}" for n in range(turn, accelerators, slrs)
                       for part in ("accelerator", "memory")))
        for turn in range(min(accelerators, slrs)))


def gateware(card: Card, shape: MsmShape, accelerators: int = 1) -> tuple[str, int]:
    """The text of so many accelerators for `card`, and the hash that each tells of itself."""
    verilog = emit_verilog(
        CardTop(shape, finishing_program(shape), accelerators=accelerators, words=card.words,
                clock_hz=card.megahertz * 1e6), "card")
    number = int(hashlib.sha256(verilog.encode()).hexdigest()[:16], 16)
    return verilog.replace(f"64'h{IDENTITY_PLACEHOLDER:016x}", f"64'h{number:016x}"), number


def fitting(card: Card, used: Resources) -> tuple[int, str]:
    """How many accelerators of which each takes `used` the card holds, whole ones on each die and a
    channel of memory for each, and what is used up then."""
    found = min(((int(there / card.slrs // getattr(used, name)) * card.slrs, name)
                 for name, there in card.resources.items() if getattr(used, name)))
    return min(found, (card.channels, "channels"))


def sum_seconds(card: Card, shape: MsmShape, points: int, group: Group = Group.G1) -> float:
    """Seconds of a sum of so many points and uniform scalars by one accelerator on `card`:
    `hdl.plans.expected_cycles` at the clock, with the windows, and the copies of points in its
    channel of memory, that take the fewest. What the memory and the host's bus make slower is left
    out."""
    there = machine(shape, group)
    return expected_cycles(there, *planned(there, points, card.words)) / (card.megahertz * 1e6)


def export(card: Card, folder: Path, *, shape: MsmShape = SHAPE, accelerators: int = 1,
           estimate: bool = True, slr: int | None = 0, step: Step | None = None
           ) -> tuple[list[Path], Resources | None]:
    """Write the files for `card` into `folder`; return them and what Yosys counts, if asked, of one
    accelerator.

    `slr`: the die on which the first accelerator is placed, the next ones on the next; None leaves
    that to the tool. Raises ValueError for one that the card has not, for more accelerators than it
    has channels of memory, and where Yosys counts more than a die has.
    """
    from proofmill.host.ground.output import write_atomically

    tell = step or (lambda what, done, total: None)
    if slr is not None and not 0 <= slr < card.slrs:
        raise ValueError(f"--slr {slr}: {card.title} has {card.slrs}, from 0 on")
    if not 0 < accelerators <= card.channels:
        raise ValueError(f"--accelerators {accelerators}: each takes a channel of memory, and "
                         f"{card.title} has {card.channels}")
    folder.mkdir(parents=True, exist_ok=True)
    tell("emitting Verilog", 0, 2)
    verilog, number = gateware(card, shape, accelerators)
    files = {
        "card.sv": verilog,
        "card.xdc": XDC.format(period=1000 / card.megahertz,
                               delay=SHELLS_SHARE * 1000 / card.megahertz),
        "registers.txt": "".join(f"{line}\n" for line in lines_of(accelerators)),
        "build.tcl": TCL.format(part=card.part, place="" if slr is None else
                                "read_xdc $folder/place.xdc\n"),
    }
    if slr is not None:
        files["place.xdc"] = places(accelerators, slr, card.slrs)
    for name, text in files.items():
        write_atomically(str(folder / name), [text.encode()])
    used = None
    written = [folder / name for name in files]
    if estimate:
        tell("estimating with Yosys", 1, 2)
        start, spent = time.perf_counter(), cpu_seconds()
        used = synthesise(
            Accelerator(shape, finishing_program(shape), clock_hz=card.megahertz * 1e6), "xcup",
            folder, lambda line: tell(f"estimating: {line[:50]}", 1, 2))
        if slr is not None:
            _check_die(card, used)
        one = number if accelerators == 1 else gateware(card, shape)[1]
        made = {
            "card": card.name, "part": card.part, "hash": f"{one:016x}",
            "parameters": parameters_of(shape), "resources": record(used),
            "available": dict(card.resources), "tools": versions(),
            "seconds": round(time.perf_counter() - start, 1),
            "cpu_seconds": round(cpu_seconds() - spent, 1)}
        written.append(folder / "estimate.json")
        write_atomically(str(written[-1]), [(json.dumps(made, indent=2) + "\n").encode()])
    tell("done", 2, 2)
    return written, used


def _check_die(card: Card, used: Resources) -> None:
    """Raise where one of the card's dies has less than `used`."""
    for name, there in card.resources.items():
        if getattr(used, name) > there / card.slrs:
            raise ValueError(
                f"--slr: the accelerator takes {getattr(used, name):,} {name}, and one of the "
                f"{card.slrs} dies of {card.title} has {there / card.slrs:,.0f}; write --slr all")
