"""``proofmill bench matmul``: matrices of bytes on the multiplier's blocks."""

import argparse
from typing import Any

from proofmill.host.cli.arguments import whole
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen

SIZES = (256, 512, 1_024)


def add_matmul(actions: Any) -> None:
    """Add the command."""
    matmul = actions.add_parser(
        "matmul", help="matrices of bytes on the multiplier's blocks: products a block and cycle",
        description="Show what the blocks of folded multipliers make of square matrices of bytes, "
                    "cut to commands whose operands have room on the chip beside the multiplier: "
                    "multiply-accumulates a block and cycle, all cycles of the commands counted "
                    "and none of padding, beside what is wanted. Exact: the model's cycles, which "
                    "are the gateware's. Status 1 where it is not enough.")
    matmul.add_argument("--size", metavar="N", dest="sizes", action="append", type=whole(1, 65_536),
                        help="rows, terms and columns; may be given several times (default: "
                             f"{', '.join(map(str, SIZES))})")
    matmul.add_argument("--json", action="store_true", help="one JSON object")
    matmul.set_defaults(run=run_matmul)


def run_matmul(options: argparse.Namespace) -> int:
    """Print a line for each array and size."""
    from proofmill.host.bench.matrices import matrix_figures

    found = matrix_figures(options.sizes or SIZES)
    enough = all(each["enough"] for each in found)
    if options.json:
        print_record("bench matmul", {"results": found})
        return 0 if enough else 1
    screen = Screen()
    for each in found:
        wanted = "" if each["wanted"] is None else f", at least {each['wanted']} are wanted"
        screen.line(f"{each['array']:>18}  {each['blocks']:>3} blocks  {each['size']:>5}  "
                    f"{each['commands']:>5,} commands  "
                    f"{each['cycles']:>11,} cycles  {each['rate']:.3f} a block and cycle{wanted}")
    return 0 if enough else 1
