"""``--delay``, of the commands that run a chain."""

import argparse

from proofmill.host.cli.arguments import whole

DELAY_SQUARINGS = 10_000
"""A part of a second: the chain's time is virtual, so no number makes its draws safe."""


def add_delay(parser: argparse.ArgumentParser) -> None:
    """Squarings of the delay function on the mixes that draw; 0 for none."""
    parser.add_argument(
        "--delay", nargs="?", const=DELAY_SQUARINGS, default=0, metavar="SQUARINGS",
        type=whole(1, 1 << 30),
        help="draw provers by what a delay function of so many squarings makes of RANDAO's mixes, "
             "with proofs that every payload is checked for (extra delay; without a number "
             f"{DELAY_SQUARINGS:,})")
