"""``proofmill verilog`` and ``proofmill commands``: the accelerator for those who build on it."""

import argparse
from typing import Any

from proofmill.host.cli.arguments import machine_reads, output_file
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands


def register(commands: Commands) -> None:
    """Add the commands."""
    verilog = commands.add_parser(
        "verilog", help="write the accelerator as SystemVerilog",
        description="Write the accelerator's SystemVerilog, the very text that --device rtl "
                    "simulates and a board is built from.")
    verilog.add_argument("file", metavar="OUT.sv", type=output_file)
    verilog.set_defaults(run=run_verilog)
    table = commands.add_parser(
        "commands", help="show the accelerator's command table",
        description="Show what a host can say to the accelerator, word by word: every command "
                    "with the fields of its words, the answer, the words of the identity and the "
                    "counters. Gateware and driver are made from this table.")
    table.set_defaults(run=run_commands)


def run_verilog(options: argparse.Namespace) -> int:
    """Write the Verilog."""
    from proofmill.hdl.presets import STANDARD
    from proofmill.host.ground.output import write_atomically
    from proofmill.sim.verilated import gateware

    screen = Screen(machine=machine_reads(options.file))
    with screen.bar("emitting Verilog"):
        ware = gateware(STANDARD)
    write_atomically(options.file, [ware.verilog.encode()])
    screen.line(f"wrote {options.file}: top module accelerator, gateware {ware.hash:016x}")
    return 0


def run_commands(options: argparse.Namespace) -> int:
    """Show the command table."""
    from proofmill.hdl.commands import ANSWER, COUNTERS, DESCRIPTIONS, IDENTITY, WORDS

    def fields(layout: Any) -> str:
        return ", ".join(f"{name}[{layout[name].width}]" for name, _ in layout)

    screen = Screen()
    for command, layouts in WORDS.items():
        screen.line(f"{command.value}  {command.name}")
        screen.line(f"   {DESCRIPTIONS[command]}")
        for number, layout in enumerate(layouts):
            screen.line(f"   word {number}: {fields(layout)}")
    screen.line(f"ANSWER: {fields(ANSWER)}")
    screen.line(f"IDENTITY, a word each: {', '.join(IDENTITY)}")
    screen.line(f"COUNTERS, a word each: {', '.join(COUNTERS)}")
    return 0
