"""``proofmill doctor``: what keeps a node from working, and what to do about it."""

import argparse
import os
from pathlib import Path

from proofmill.host.cli.node_options import add_config
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen, load_chain
from proofmill.host.cli.subcommands import Commands

STYLES = {"right": None, "warning": "yellow", "wrong": "red"}


def register(commands: Commands) -> None:
    """Add the command."""
    doctor = commands.add_parser(
        "doctor", help="look at a node's machine, clock, keys, ports, devices and funds",
        description="Look at everything that a node needs: settings, disk, memory, load, clock, "
                    "files with secrets, keys, ports, known answers on every device, and the "
                    "prover's bond and account on the chain that is kept. A node that runs is "
                    "asked for its state instead. Status 1 where something is wrong.",
        epilog="example: proofmill doctor --config mill/node-0/node.toml")
    add_config(doctor)
    doctor.add_argument("--json", action="store_true",
                        help="one JSON object on stdout at the end, everything else on stderr")
    doctor.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Show the findings; 1 where one is wrong."""
    screen = Screen(machine=options.json)
    load_chain(screen)
    from proofmill.host.cli.main import version
    from proofmill.host.network.operator.doctor import Verdict, examine

    with screen.bar("looking") as bar:
        found = list(examine(Path(options.config), os.environ, version(),
                             lambda text: bar.step(text, 0, 1)))
    for each in found:
        screen.line(f"{each.verdict.value:<9}{each.check:<12} {each.sentence}"
                    + (f"; {each.way_out}" if each.way_out else ""),
                    style=STYLES[each.verdict.value])
    wrong = sum(each.verdict is Verdict.WRONG for each in found)
    if options.json:
        print_record("doctor", {"right": not wrong, "findings": [
            {"check": each.check, "verdict": each.verdict.value, "sentence": each.sentence,
             "way_out": each.way_out} for each in found]})
    return 1 if wrong else 0
