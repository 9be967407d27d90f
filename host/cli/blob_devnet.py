"""The blobs of ``proofmill devnet``: what their devices need, what became of them."""

from __future__ import annotations  # of the chain's parts, which take seconds to load

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from proofmill.host.cli.arguments import whole
from proofmill.host.cli.screen import Screen
from proofmill.host.ground.json_text import JsonObject

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from proofmill.host.network.economics.disturbances import Check
    from proofmill.host.network.node.devnet import NodePlan
    from proofmill.host.network.node.node import NodeReport

MOST_BLOBS = 6
"""Of a block, by the embedded machine's fork (`evm.embedded.MOST_BLOBS`, which a test compares)."""
COLUMNS = "{:<8} {:<8} {:>6} {:>5} {:>7} {:>10} {:>9} {:>14} {:>9} {:>9} {:>5}"


def add_blobs(command: argparse.ArgumentParser) -> None:
    """The option."""
    command.add_argument(
        "--blobs", default=0, metavar="N",
        type=whole(0, MOST_BLOBS, f"give 0 to {MOST_BLOBS}, as many as a block may have"),
        help="blobs that every block brings, committed to and proven cell by cell by the "
             "proposer's own device, before anything else (default: 0)")


def prepare_blobs(screen: Screen, options: argparse.Namespace, plans: Sequence[NodePlan]) -> None:
    """Build and compute once what the nodes' blobs need, so that they only have to load it."""
    if not options.blobs:
        return
    from proofmill.host.prover.kzg.fk20 import transformed_setup
    from proofmill.host.prover.kzg.sums import open_sums

    with screen.bar("transforming the trusted setup") as bar:
        transformed_setup(bar)
    names = {plan.device.blobs(1, 0).device for plan in plans if plan.device and plan.validators}
    for name in sorted(names - {"cpu"}):
        with screen.bar(f"preparing the device {name} on BLS12-381") as bar:
            open_sums(name, 1, bar.step).close()


def blob_rows(plans: Sequence[NodePlan], reports: Mapping[str, NodeReport]) -> list[JsonObject]:
    """A row for every node whose blocks bring blobs."""
    rows = []
    for plan in plans:
        report = reports[plan.name].blobs if plan.name in reports else None
        if report is not None:
            rows.append({"name": plan.name, "device": plan.device.label if plan.device else "cpu",
                         "cells": report.cells, **vars(report)})
    return rows


def show_blobs(screen: Screen, rows: Sequence[JsonObject]) -> None:
    """A table of these nodes, and a line of all."""
    if not rows:
        return
    screen.line()
    screen.line("A block commits to its blobs, and its payload waits for their cells. Chain time "
                "is the device's; wait is the longest, for the end of a proof's sum.")
    screen.line(COLUMNS.format(
        "node", "device", "blocks", "blobs", "cells", "chain time", "here", "cycles", "wait",
        "left out", "late"), style="bold")
    for row in rows:
        screen.line(COLUMNS.format(
            row["name"], row["device"], row["blocks"], row["blobs"], f"{row['cells']:,}",
            f"{row['milliseconds'] / 1000:.2f} s", f"{row['seconds']:.1f} s",
            f"{row['cycles']:,}" if row["cycles"] else "-", f"{row['longest_wait_ms']} ms",
            row["left_out"], row["late"]))


def blob_checks(rows: Sequence[JsonObject]) -> Iterator[Check]:
    """What has to hold: no payload waited for its cells until after it was due."""
    from proofmill.host.network.economics.disturbances import Check

    if not rows:
        return
    total = {name: sum(row[name] for row in rows)
             for name in ("blobs", "blocks", "cells", "seconds", "left_out", "late")}
    yield Check(
        f"{total['blobs']:,} blobs in {total['blocks']:,} blocks, {total['cells']:,} cells proven "
        f"in {total['seconds']:.1f} s here: {total['late']} late, {total['left_out']} left out",
        total["late"] > 0)
