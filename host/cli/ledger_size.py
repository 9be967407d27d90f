"""The options that say how large the ledger of a chain is, and its batches."""

import argparse

from proofmill.host.cli.arguments import whole
from proofmill.host.prover.circuits.rollup.size import (
    MAXIMUM_DEPTH,
    MAXIMUM_TRANSFERS,
    SMALLEST,
    RollupSize,
)

WATCHED = RollupSize(depth=4, transfers=1)
"""16 accounts and a transfer a block: the least that is no corner case, and what two cores prove on
the accelerator's RTL while somebody watches."""


def accounts(text: str) -> int:
    """Takes powers of two, also spelt ``2^k``: 2 to 2^32 places for accounts."""
    base, power, exponent = text.partition("^")
    try:
        value = (1 << min(int(exponent), 2 * MAXIMUM_DEPTH) if power and base == "2"
                 else int(text))
    except ValueError:
        raise argparse.ArgumentTypeError("is no number of accounts; give a power of two, such as "
                                         "2^20") from None
    if not SMALLEST.accounts <= value <= 1 << MAXIMUM_DEPTH:
        raise argparse.ArgumentTypeError(f"a ledger has 2 to 2^{MAXIMUM_DEPTH} places for accounts")
    if value & value - 1:
        below = value.bit_length() - 1
        raise argparse.ArgumentTypeError(f"is no power of two; 2^{below} ({1 << below:,}) or "
                                         f"2^{below + 1} ({1 << below + 1:,}) would fit")
    return value


def add_ledger_size(parser: argparse.ArgumentParser, default: RollupSize = WATCHED) -> None:
    """Add ``--transfers`` and ``--accounts``."""
    parser.add_argument(
        "--transfers", metavar="N", default=default.transfers,
        type=whole(1, MAXIMUM_TRANSFERS, f"a batch has 1 to {MAXIMUM_TRANSFERS} transfers"),
        help=f"signed transfers that a block can have, 1 to {MAXIMUM_TRANSFERS}; all of them are "
             f"proven, used or not (default: {default.transfers})")
    parser.add_argument(
        "--accounts", metavar="2^K", type=accounts, default=default.accounts,
        help=f"places for accounts in the ledger, a power of two (default: {default.accounts})")


def ledger_size(options: argparse.Namespace) -> RollupSize:
    """The size that the options say."""
    return RollupSize(options.accounts.bit_length() - 1, options.transfers)
