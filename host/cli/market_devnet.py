"""The market of ``proofmill devnet``: what is traded there, and what has to hold of it."""

from __future__ import annotations  # of the chain's parts, which take seconds to load

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from proofmill.host.cli.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from proofmill.host.network.contracts.market_books import MarketRecord
    from proofmill.host.network.economics.disturbances import Check
    from proofmill.host.network.node.market_devnet import MarketPlan
    from proofmill.host.network.node.market_part import MarketReport
    from proofmill.host.network.node.market_place import GoodsFiles
    from proofmill.host.network.node.node import NodeReport

LAST_SLOTS = 30
"""A job that is posted so many slots before the end is over in final blocks then: its lock, the
window, the proof, and two epochs and a half until they are final."""
LONGEST_WAIT_MS = 1.0


def prepare_market(screen: Screen, options: argparse.Namespace, folder: Path
                   ) -> MarketPlan | None:
    """What is traded on the market that was asked for, in a folder of `folder`."""
    if not options.market:
        return None
    from proofmill.host.network.node.market_devnet import MarketPlan

    place = folder / "market"
    place.mkdir()
    return MarketPlan(make_goods(screen, options.seed, place), max(1, options.slots - LAST_SLOTS))


def make_goods(screen: Screen, seed: int, place: Path) -> GoodsFiles:
    """A model of digits with its circuit, and the key of the proofs that are sold, in the folder
    `place`; what they need of compiled contracts is made as well."""
    from proofmill.host.cli.mine_ai import train_model
    from proofmill.host.network.contracts.deployment import prepare
    from proofmill.host.network.node.market_place import GoodsFiles, market_sources
    from proofmill.host.prover.circuits.preimage import preimage_circuit
    from proofmill.host.prover.groth16.setup import development_setup
    from proofmill.host.prover.inference.proving import compile_model

    files = GoodsFiles(place / "mlp.onnx", place / "compiled", place / "preimage.zkey")
    of_seed = seed.to_bytes(32, "little", signed=True)
    with screen.bar("training a model of digits"):
        train_model(files.model)
    with screen.bar("compiling it") as bar:
        compile_model(files.model, files.compiled, of_seed, bar.step)
    with screen.bar("making the key of the proofs that are sold"):
        development_setup(preimage_circuit().to_r1cs("preimage"), files.preimage_key, of_seed)
    with screen.bar("preparing the market's contracts") as bar:
        prepare(bar.step, market_sources(files))
    return files


def market_record(reports: Mapping[str, NodeReport]) -> MarketRecord | None:
    """Both books, as the first node's last final payload has them, and every seller's array."""
    from proofmill.host.network.contracts.market_books import MarketRecord

    found = _of(reports)
    if not found:
        return None
    books = next(iter(found.values())).books
    return MarketRecord(books.block, books.proofs, books.results, tuple(
        each.array for each in found.values() if each.array is not None))


def market_checks(reports: Mapping[str, NodeReport], options: argparse.Namespace
                  ) -> Iterator[Check]:
    """What has to hold at the end of a run with a market."""
    from proofmill.host.network.economics.disturbances import Check

    found, record = _of(reports), market_record(reports)
    if record is None:
        return
    assert record.proofs is not None and record.results is not None
    paid = {"jobs for proofs": [job.state for job in record.proofs]} | {
        f"jobs for {way} results": [job.state for job in record.results if job.way == way]
        for way in ("proven", "unproven")}
    # Before that no epoch is final that a job could have come to its end in.
    enough = options.slots > LAST_SLOTS
    for what, states in paid.items():
        done = states.count("done")
        yield Check(f"{done} of {len(states)} {what} are paid in final blocks",
                    enough and not done)
    yield Check("both markets' contracts keep their invariants in every node's final payload"
                if all(each.invariants for each in found.values()) else
                "a market's contract does NOT keep its invariants",
                not all(each.invariants for each in found.values()))
    late = sum(kind.late for array in record.arrays for kind in array.earned[1:])
    yield Check(f"{late} jobs that a scheduler took were late by the array's time", late > 0)
    wait = max(each.longest_wait_ms for each in found.values())
    yield Check(f"a block proof waited for the end of a tile for {wait:.3f} ms at most",
                wait > LONGEST_WAIT_MS)


def _of(reports: Mapping[str, NodeReport]) -> dict[str, MarketReport]:
    return {name: report.market for name, report in reports.items() if report.market is not None}
