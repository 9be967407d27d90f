"""``proofmill devnet --market``: buyers and sellers of both kinds, processes, through finality."""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("onnxruntime")

from proofmill.host.cli.main import main
from proofmill.host.cli.market_devnet import LAST_SLOTS, market_checks, market_record
from proofmill.host.network.array.jobs import Kind
from proofmill.host.network.array.record import ArrayRecord, Earning
from proofmill.host.network.contracts.market_books import Listed, MarketRecord
from proofmill.host.network.node.market_part import MarketReport


@pytest.mark.slow
def test_jobs_of_both_kinds_are_paid_in_final_blocks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A seller, and a node that stakes and buys; what is recorded is shown again."""
    path = tmp_path / "run.json"
    assert main(["devnet", "--market", "--provers", "1", "--device", "cpu", "--slots",
                 str(LAST_SLOTS + 4), "--accounts", "2", "--record", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["layer1_same"] is True and found["agreed"]
    assert not any(check["broken"] for check in found["checks"])
    told = " ".join(check["sentence"] for check in found["checks"])
    assert "jobs for proven results are paid" in told and "0 jobs that a scheduler took" in told
    market = found["market"]
    (array,) = market["arrays"]
    assert [each["done"] > 0 for each in array["earned"]] == [True, True, True]
    for job in (*market["proofs"], *market["results"]):
        assert job["state"] != "done" or job["seller"]
    assert main(["market", "--run", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == market


@dataclass(frozen=True)
class Reported:
    """What the checks look at of a node's report."""

    market: MarketReport | None


def reports(states: tuple[str, str, str] = ("done", "done", "done"), late: int = 0,
            wait: float = 0.5, invariants: bool = True) -> Any:
    """A seller and a buyer, and a node that trades nothing; a job of each kind in these states."""
    jobs = [Listed(0, state, way, 0, "0x1", "0x2", "3", None, 9, None)
            for state, way in zip(states, ("locked", "proven", "unproven"), strict=True)]
    books = MarketRecord(7, (jobs[0],), (jobs[1], jobs[2]), ())
    array = ArrayRecord("node 0", 3, tuple(
        Earning(kind, 1, late if kind is Kind.RESULT else 0, 0, 0.5, 6) for kind in Kind), ())
    return {"node 0": Reported(MarketReport(books, True, array, wait)),
            "node 1": Reported(MarketReport(books, invariants, None, 0.0)),
            "node 2": Reported(None)}


def test_the_record_has_the_books_and_every_sellers_array() -> None:
    record = market_record(reports())
    assert record is not None and record.block == 7
    assert [array.name for array in record.arrays] == ["node 0"]
    assert market_record({"node 2": Reported(None)}) is None  # type: ignore[dict-item]
    assert not list(market_checks({}, argparse.Namespace(slots=40)))


@pytest.mark.parametrize(("change", "broken"), [
    ({}, None), ({"states": ("done", "open", "done")}, "0 of 1 jobs for proven results"),
    ({"states": ("closed", "done", "done")}, "0 of 1 jobs for proofs"),
    ({"late": 1}, "1 jobs that a scheduler took were late"),
    ({"wait": 1.01}, "waited for the end of a tile for 1.010 ms"),
    ({"invariants": False}, "does NOT keep its invariants"),
])
def test_what_does_not_hold_is_told(change: dict[str, Any], broken: str | None) -> None:
    found = [check.sentence for check in market_checks(
        reports(**change), argparse.Namespace(slots=LAST_SLOTS + 1)) if check.broken]
    assert (not found) if broken is None else (len(found) == 1 and broken in found[0])


def test_a_short_run_says_what_is_final_and_breaks_nothing() -> None:
    found = list(market_checks(reports(("open", "open", "open")),
                               argparse.Namespace(slots=LAST_SLOTS)))
    assert len(found) == 6 and not any(check.broken for check in found)
