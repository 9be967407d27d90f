"""``proofmill simulate market``: one array for proofs and for results of models, through a day."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject

if TYPE_CHECKING:
    from proofmill.host.network.economics.operators import Day

NAME = "market"
HOURS = 24
MOST_HOURS = 24 * 7


def run(options: argparse.Namespace) -> int:
    """Play every operator's day and report."""
    for name in ("slots", "rule"):
        if getattr(options, name) is not None:
            raise ProofmillError(f"--{name} is not for `simulate {NAME}`, which plays hours of "
                                 "orders; leave it out, or give --hours")
    if options.strategy:
        raise ProofmillError(f"--strategy is not for `simulate {NAME}`; leave it out")
    from proofmill.host.network.economics.operators import Demand, operate_all

    folder = None if options.out is None else Path(options.out)
    if folder is not None:
        from proofmill.host.network.economics.operators_plot import (
            write_plot,  # says what it needs before the work
        )
    hours = HOURS if options.hours is None else options.hours
    screen = Screen(machine=options.json)
    with screen.bar("playing operators") as bar:
        days = operate_all(Demand(), hours, options.seed, bar.step)
    files: list[str] = []
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        files.append(str(write_plot(days, folder)))
    if options.json:
        print_record("simulate market", {
            "hours": hours, "seed": options.seed, "operators": [_record(day) for day in days],
            "files": files})
        return 0
    _show(screen, days, hours, options.seed)
    for path in files:
        screen.line(f"wrote {path}")
    return 0


def _record(day: "Day") -> JsonObject:
    return {
        "name": day.name, "late": day.late, "gwei": day.gwei, "profit_gwei": round(day.profit),
        "kinds": [{
            "kind": str(kind), "share": day.share(kind), "offered": day.offered[kind],
            "taken": day.taken[kind], "late": earned.late, "gwei": earned.gwei,
            "preempted": earned.preempted} for kind, earned in day.book.earned.items()],
        "given_up": {str(cause): count for cause, count in day.given_up.items()}}


def _show(screen: Screen, days: "list[Day]", hours: int, seed: int) -> None:
    screen.line(f"an array of one operator, {hours} hours, seed {seed}")
    screen.line(f"{'':34}" + "".join(f"{day.name:>17}" for day in days))

    def row(label: str, values: list[str]) -> None:
        screen.line(f"{label:34}" + "".join(f"{value:>17}" for value in values))

    for kind in days[0].book.earned:
        row(f"{kind}: time sold", [f"{day.share(kind):.1%}" for day in days])
        row("  taken, of orders", [f"{day.taken[kind]:,} of {day.offered[kind]:,}"
                                   for day in days])
        row("  late", [f"{day.book.earned[kind].late:,}" for day in days])
        row("  preempted", [f"{day.book.earned[kind].preempted:,}" for day in days])
        row("  gwei", [f"{day.book.earned[kind].gwei:,}" for day in days])
    row("gwei, all", [f"{day.gwei:,}" for day in days])
    row("  after the array's energy", [f"{day.profit:,.0f}" for day in days])
    for cause in sorted({cause for day in days for cause in day.given_up}):
        row(f"given up: {cause}", [f"{day.given_up[cause]:,}" for day in days])
