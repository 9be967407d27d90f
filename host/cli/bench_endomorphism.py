"""``proofmill bench endomorphism``: split scalars beside copies of points."""

import argparse
from typing import Any

from proofmill.host.cli.arguments import whole
from proofmill.host.cli.pages import add_into, show
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen

PAGE = "proofmill bench endomorphism"
"""What the table is called in a page: see `host.cli.pages`."""


def add_endomorphism(actions: Any) -> None:
    """Add the command."""
    endomorphism = actions.add_parser(
        "endomorphism", help="sums with scalars split by the curve's endomorphism, beside copies",
        description="What sums in G1 of BN254 and BLS12-381 take with scalars as they are, with a "
                    "copy of each point, and split in two by the curve's endomorphism (GLV), by "
                    "the model of sums; --exact counts those of fewer points by simulating the "
                    "control, which is exact.")
    endomorphism.add_argument("--power", metavar="K", dest="powers", action="append",
                              type=whole(4, 26), help="2^K points; may be given several times "
                                                      "(default: 10, 12, 16 and 20)")
    endomorphism.add_argument("--exact", type=whole(4, 16, "give 4 to 16"), metavar="K",
                              help="simulate 2^K points too (a minute to build, then kept)")
    endomorphism.add_argument("--json", action="store_true", help="one JSON object")
    add_into(endomorphism, PAGE)
    endomorphism.set_defaults(run=run_endomorphism)


def run_endomorphism(options: argparse.Namespace) -> int:
    """Print the table."""
    from proofmill.hdl.curve import BLS12_381, BN254
    from proofmill.host.bench.endomorphism import POWERS, figures, simulated, table

    screen = Screen(machine=True)
    curves = BN254, BLS12_381
    with screen.bar("planning"):
        rows = [figures(curve, power) for curve in curves for power in options.powers or POWERS]
    exact = []
    for curve in curves if options.exact is not None else ():
        with screen.bar(f"simulating {curve.name}") as bar:
            exact.append(simulated(curve, options.exact, bar.step, bar))
    if options.json:
        print_record("bench endomorphism", {"sums": rows, "exact": exact})
        return 0
    show(table(rows), PAGE, options.into)
    for row in exact:
        print(f"2^{row['power']} points, {row['curve']}, by simulation: {row['plain']:,} cycles, "
              f"{row['copies']:,} with a copy of each, {row['images']:,} with images stored")
    return 0
