"""``proofmill bench gates``: PLONK and FFLONK beside snarkjs."""

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

from proofmill.host.cli.arguments import whole
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.plonk.systems import FFLONK, PLONK

POWERS = (12, 14, 16)


def add_gates(actions: Any) -> None:
    """Add the command."""
    gates = actions.add_parser(
        "gates", help="whole processes of `prove` with PLONK or FFLONK beside snarkjs'",
        description="Prove circuits of several sizes by PLONK or FFLONK with `proofmill prove` and "
                    "with snarkjs, in alternation, each proof in a process of its own; show the "
                    "least processor and wall time and peak memory of both, and the ratios.")
    gates.add_argument("--system", choices=(PLONK, FFLONK), default=PLONK,
                       help="the proof system (default: plonk)")
    gates.add_argument("--power", metavar="K", dest="powers", action="append", type=whole(4, 20),
                       help="a domain of 2^K; may be given several times (default: "
                            f"{', '.join(map(str, POWERS))})")
    gates.add_argument("--rounds", type=whole(1), default=1, metavar="N",
                       help="proofs of each program; the least counts (default: 1)")
    gates.add_argument("--json", action="store_true", help="one JSON object")
    gates.set_defaults(run=run_gates)


def run_gates(options: argparse.Namespace) -> int:
    """Print a line for each size."""
    from proofmill.host.bench.gates import compare

    if os.name != "posix":
        raise ProofmillError("bench gates measures processes as POSIX counts them; run it there")
    screen = Screen(machine=options.json)
    with tempfile.TemporaryDirectory() as folder, screen.bar("preparing") as bar:
        found = compare(Path(folder), options.system, tuple(options.powers or POWERS),
                        options.rounds, bar.step)
    if options.json:
        print_record("bench gates", found)
        return 0
    screen.line(f"{options.system}, proofmill / snarkjs, the least of {found['rounds']} runs")
    for each in found["results"]:
        ours, theirs = each["proofmill"], each["snarkjs"]
        parts = [f"{what} {ours[name]:,.{digits}f} / {theirs[name]:,.{digits}f} {unit}, "
                 f"{each[ratio]:.3f}" for what, name, ratio, digits, unit in (
                     ("processor", "cpu_seconds", "cpu_ratio", 2, "s"),
                     ("wall", "wall_seconds", "wall_ratio", 2, "s"),
                     ("memory", "peak_megabytes", "peak_ratio", 0, "MB"))]
        screen.line(f"2^{each['power']:<3} {'; '.join(parts)}")
    return 0
