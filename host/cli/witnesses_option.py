"""``--witnesses``, of the commands that run a chain."""

import argparse


def add_witnesses(parser: argparse.ArgumentParser) -> None:
    """Whether delays of proofs count to when layer 1's witnesses had them."""
    parser.add_argument(
        "--witnesses", action="store_true",
        help="count a proof's delay in slots, to the first in which more than half of the slot's "
             "validators have signed that they had it, instead of in blocks: so nobody gains by an "
             "own empty slot, nor loses by a stranger's")
