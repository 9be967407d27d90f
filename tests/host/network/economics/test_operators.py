"""A day of an operator: nothing is late by the scheduler's rule, and the figures add up."""

import json
from functools import cache
from pathlib import Path

import pytest

from proofmill.host.cli.main import main
from proofmill.host.network.array.jobs import Kind
from proofmill.host.network.economics.operators import (
    CLOCK_HZ,
    HOUR,
    OPERATORS,
    Day,
    Demand,
    duties,
    operate,
    orders,
)

BUSY = Demand(share=0.5)
HOURS = 2


@cache
def day(name: str) -> Day:
    return operate(name, BUSY, HOURS, 3)


@pytest.mark.parametrize("name", OPERATORS)
def test_figures_add_up(name: str) -> None:
    found = day(name)
    kinds = OPERATORS[name][1]
    there = {Kind.BLOCK: len(duties(BUSY, HOURS, 3))}
    for order in orders(BUSY, HOURS, 3):
        kind = order.offer.job.kind
        there[kind] = there.get(kind, 0) + 1
    for kind, earned in found.book.earned.items():
        assert found.offered[kind] == (there[kind] if kind in kinds else 0)
        assert found.share(kind) == pytest.approx(
            sum(hour[kind] for hour in found.hourly) * CLOCK_HZ / (HOURS * HOUR))
        if kind is not Kind.RESULT:    # of results, some proofs are asked for
            assert earned.done + earned.late == found.taken[kind]
        else:
            assert earned.done + earned.late >= found.taken[kind]
    assert sum(found.given_up.values()) == sum(found.offered.values()) - sum(found.taken.values())
    assert found.profit < found.gwei


def test_the_scheduler_is_never_late_and_a_queue_is() -> None:
    for name in ("AI alone", "ZK alone", "shared"):
        assert day(name).late == 0
    shared, queue = day("shared"), day("shared, a queue")
    assert queue.late > 0
    assert queue.gwei < shared.gwei
    assert shared.book.earned[Kind.RESULT].preempted > 0
    assert shared.gwei > max(day("AI alone").gwei, day("ZK alone").gwei)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "market", "--hours", "1", "--json", "--out", str(tmp_path)]) == 0
    record = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in record["operators"]] == list(OPERATORS)
    assert record["files"] == [str(tmp_path / "market.png")]
    assert (tmp_path / "market.png").read_bytes().startswith(b"\x89PNG")
    assert main(["simulate", "market", "--hours", "1"]) == 0
    assert "given up: " in capsys.readouterr().out
