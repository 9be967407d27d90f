"""``proofmill bench kzg``: blobs beside ckzg."""

import argparse
from typing import Any

from proofmill.host.cli.arguments import seed, whole
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen


def add_kzg(actions: Any) -> None:
    """Add the command."""
    kzg = actions.add_parser(
        "kzg", help="commitments, proofs and cells of a blob beside ckzg",
        description="Compute what the consensus layer asks for of a blob here and with ckzg, the "
                    "clients' library, in one process and in alternation; show the least processor "
                    "and wall time of both, and the ratios. Answers are compared.")
    kzg.add_argument("--rounds", type=whole(1), default=3, metavar="N",
                     help="runs of each; the least counts (default: 3)")
    kzg.add_argument("--threads", type=whole(1), default=1, metavar="N",
                     help="threads of proofmill; ckzg has one (default: 1)")
    kzg.add_argument("--seed", type=seed, default=0, metavar="N",
                     help="of the blob's numbers (default: 0)")
    kzg.add_argument("--json", action="store_true", help="one JSON object")
    kzg.set_defaults(run=run_kzg)


def run_kzg(options: argparse.Namespace) -> int:
    """Print a line for each function."""
    from proofmill.host.bench.kzg import compare
    from proofmill.host.cli.kzg import prepare

    screen = Screen(machine=options.json)
    prepare(screen)
    with screen.bar("preparing") as bar:
        found = compare(options.rounds, options.threads, options.seed, bar.step)
    if options.json:
        print_record("bench kzg", found)
        return 0
    screen.line(f"a blob, proofmill / ckzg, ms, the least of {found['rounds']} runs; threads: "
                f"{found['threads']} / 1")
    for each in found["results"]:
        parts = [f"{what} {1000 * times['proofmill']:5.0f} / {1000 * times['ckzg']:5.0f}, "
                 f"{each[ratio]:.2f}" for what, times, ratio in (
                     ("processor", each["cpu_seconds"], "cpu_ratio"),
                     ("wall", each["wall_seconds"], "wall_ratio"))]
        screen.line(f"{each['function']:26}  {';  '.join(parts)}")
    return 0
