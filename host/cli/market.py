"""``proofmill market``: both books of the market, and what arrays earned and gave up."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from proofmill.host.cli.arguments import hexadecimal, input_file
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.units import GWEI

if TYPE_CHECKING:
    from proofmill.host.network.array.record import ArrayRecord
    from proofmill.host.network.contracts.market_books import Listed, MarketRecord

ADDRESS_BYTES = 20
JOB_COLUMNS = "{:>5}  {:<8} {:<9} {:>4}  {:<12} {:<12} {:>13} {:>13} {:>8} {:>7}"
EARNED_COLUMNS = "{:<14} {:>7} {:>5} {:>10} {:>12} {:>16}"
MOST_SHOWN = 40
"""Jobs of a book that are shown, the newest; --json has all."""
SHORT = 10
"""Characters of an address that are shown."""


def register(commands: Commands) -> None:
    """Add the command."""
    market = commands.add_parser(
        "market", help="jobs for proofs and for results, and what arrays earned by them",
        description="Show both books of the market, jobs for proofs and jobs for results of "
                    "models, what an array earned by kind, and what it gave up and why: of a "
                    "recorded run, or of a chain's contracts.",
        epilog="Prices and collaterals are in gwei. A chain knows no arrays: what was given up is "
               "in the record of who gave it up.")
    source = market.add_mutually_exclusive_group(required=True)
    source.add_argument("--run", metavar="FILE.json", dest="recorded", type=input_file(
        "`proofmill mine --ai --json` prints one"),
                        help="what `proofmill mine --ai --json` has printed, or `proofmill devnet "
                             "--market --record` written")
    source.add_argument("--config", metavar="FILE.toml", type=input_file(
        "`proofmill node init mill --market` makes one"),
                        help="the settings of a node that trades: as it was when the last epoch "
                             "became final")
    source.add_argument("--execution", metavar="URL",
                        help="a node's JSON-RPC address, such as http://127.0.0.1:8545")
    source.add_argument("--node", metavar="FOLDER",
                        help="of a node that runs on this machine: its own chain's contracts")
    address = hexadecimal(ADDRESS_BYTES, ADDRESS_BYTES,
                          "is no address: 0x and 40 hexadecimal digits", True)
    market.add_argument("--proofs", metavar="0xADDRESS", type=address,
                        help="the contract of jobs for proofs (Market), on a chain")
    market.add_argument("--results", metavar="0xADDRESS", type=address,
                        help="the contract of jobs for results (Results), on a chain")
    market.add_argument("--json", action="store_true", help="one JSON object on stdout")
    market.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Show them."""
    asked = options.proofs, options.results
    on_a_chain = options.recorded is None and options.config is None
    if not on_a_chain and asked != (None, None):
        raise ProofmillError("--proofs and --results: are of a chain; a recorded run has its books "
                             "in it, so leave them out")
    if on_a_chain and asked == (None, None):
        raise ProofmillError("give the contract whose jobs are to be shown: --proofs 0xADDRESS, "
                             "--results 0xADDRESS, or both")
    screen = Screen(machine=options.json)
    with screen.bar("reading the market") as bar:
        from proofmill.host.network.contracts.market_books import read_books, read_market

        if options.recorded is not None:
            found = read_market(options.recorded)
        elif options.config is not None:
            found = read_market(str(_sold(options.config)))
        else:
            from proofmill.host.network.contracts.node_evm import NodeEvm
            from proofmill.host.network.evm.rpc import JsonRpcEvm

            evm = JsonRpcEvm(options.execution) if options.node is None else NodeEvm(options.node)
            found = read_books(evm, *asked, bar.step)
    if options.json:
        print_record("market", found.record)
        return 0
    show_market(screen, found)
    return 0


def _sold(config: str) -> Path:
    """The file in which the node of these settings writes down what has come of the market."""
    from proofmill.host.network.node.node import SOLD
    from proofmill.host.network.operator.settings import read_settings

    settings = read_settings(config, os.environ)
    path = Path(config).absolute().parent / settings.node.folder / SOLD
    if not path.exists():
        raise ProofmillError(f"{path}: is not there; the node writes it when an epoch is final, if "
                             "market.sell or market.buy of its settings is true")
    return path


def show_market(screen: Screen, found: "MarketRecord") -> None:
    """Both books, and what became of arrays, in words."""
    for title, book in (("jobs for proofs", found.proofs), ("jobs for results", found.results)):
        if book is not None:
            _show_book(screen, f"{title}, block {found.block}", book)
    if found.block is None:
        screen.line("there are no contracts: buyers were made up, and nobody paid")
    for array in found.arrays:
        screen.line()
        _show_array(screen, array)


def _show_book(screen: Screen, title: str, book: "tuple[Listed, ...]") -> None:
    screen.line(f"{title}: {len(book)}", style="bold")
    if not book:
        return
    screen.line(JOB_COLUMNS.format("job", "state", "way", "of", "buyer", "seller", "price",
                                   "collateral", "deadline", "until"))
    for job in book[-MOST_SHOWN:]:
        screen.line(JOB_COLUMNS.format(
            job.number, job.state, job.way, job.of, _short(job.buyer), _short(job.seller),
            _gwei(job.price), _gwei(job.collateral), job.deadline,
            "-" if job.until is None else job.until))
    if len(book) > MOST_SHOWN:
        screen.line(f"... the newest {MOST_SHOWN}; --json has all")


def _show_array(screen: Screen, array: "ArrayRecord") -> None:
    screen.line(f"the array of {array.name}, {array.orders} orders looked at", style="bold")
    screen.line(EARNED_COLUMNS.format("", "done", "late", "preempted", "seconds", "gwei"))
    for each in array.earned:
        screen.line(EARNED_COLUMNS.format(each.kind, each.done, each.late, each.preempted,
                                          f"{each.seconds:,.3f}", f"{each.gwei:,}"))
    if array.matrices is not None:
        commands = ", ".join(f"{count:,} by {name or 'this processor'}"
                             for name, count in array.matrices.commands.items()) or "none"
        reason = f"; {array.matrices.reason}" if array.matrices.reason else ""
        screen.line(f"matrices    commands: {commands}{reason}")
    if array.proven is not None:
        proofs = ", ".join(f"{count:,} by {name or 'this processor'}"
                           for name, count in array.proven.proofs.items()) or "none"
        reason = f"; {array.proven.reason}" if array.proven.reason else ""
        screen.line(f"sold proofs their sums: {proofs}; {array.proven.broken_off:,} broken off for "
                    f"block proofs{reason}")
    show_given_up(screen, array)


def show_given_up(screen: Screen, array: "ArrayRecord") -> None:
    """How many orders an array gave up, a line for each cause, with one of its reasons."""
    causes: dict[str, list[str]] = {}
    for offer in array.given_up:
        causes.setdefault(offer.cause, []).append(f"{offer.job}: {offer.reason}")
    for cause, reasons in causes.items():
        screen.line(f"given up    {len(reasons)} orders, {cause}, such as {reasons[0]}")


def _short(address: str | None) -> str:
    return "-" if address is None else address[:SHORT] + ".."


def _gwei(wei: str | None) -> str:
    return "-" if wei is None else f"{int(wei) // GWEI:,}"
