"""Blobs on ``proofmill devnet``: what a run prints of them, and what has to hold."""

import json

import pytest

from proofmill.host.cli.blob_devnet import (
    MOST_BLOBS,
    blob_checks,
    blob_rows,
    show_blobs,
)
from proofmill.host.cli.main import main
from proofmill.host.cli.screen import Screen
from proofmill.host.network.evm import embedded
from proofmill.host.network.node.blobs import BlobReport, BlobSetup
from proofmill.host.network.node.devnet import NodePlan
from proofmill.host.network.node.node import DeviceSpeed

PLANS = [NodePlan("node 0", (0, 2), 0, DeviceSpeed("model", "model", None)),
         NodePlan("node 1", (), 1, DeviceSpeed("cpu", "cpu", 500)), NodePlan("node 2", (1,))]


class Reported:
    """What is looked at of a `NodeReport`."""

    def __init__(self, blobs: BlobReport | None) -> None:
        self.blobs = blobs


def test_a_table_says_what_became_of_blobs(capsys: pytest.CaptureFixture[str]) -> None:
    rows = blob_rows(PLANS, {  # type: ignore[arg-type]
        "node 0": Reported(BlobReport(3, 6, 1, 0, 1_143, 8.25, 114_302_346, 7)),
        "node 1": Reported(None), "node 2": Reported(BlobReport(2, 4, 0, 0, 1_400, 1.5))})
    assert [row["name"] for row in rows] == ["node 0", "node 2"]
    assert [row["cells"] for row in rows] == [768, 512]
    show_blobs(Screen(machine=False), rows)
    shown = " ".join(capsys.readouterr().out.split())
    assert "node 0 model 3 6 768 1.14 s 8.2 s 114,302,346 7 ms 1 0" in shown
    assert "node 2 cpu 2 4 512 1.40 s 1.5 s - 0 ms 0 0" in shown
    (check,) = blob_checks(rows)
    assert not check.broken and check.sentence == (
        "10 blobs in 5 blocks, 1,280 cells proven in 9.8 s here: 0 late, 1 left out")
    (check,) = blob_checks([{**rows[0], "late": 2}, rows[1]])
    assert check.broken and "2 late" in check.sentence


def test_without_blobs_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert blob_rows(PLANS, {"node 0": Reported(None)}) == []  # type: ignore[dict-item]
    show_blobs(Screen(machine=False), [])
    assert capsys.readouterr().out == "" and not list(blob_checks([]))


def test_a_device_says_how_long_blobs_take() -> None:
    """As much of a proof's time as a blob takes on the processor, or what cycles say."""
    for label, name, proof_ms, device, blob_ms in (
            ("cpu", "cpu", 500, "cpu", 350), ("slow", "cpu", 7_000, "cpu", 4_900),
            ("model", "model", None, "model", None), ("rtl+h", "rtl+h", None, "cpu", None)):
        assert DeviceSpeed(label, name, proof_ms).blobs(2, 7) == BlobSetup(2, 7, device, blob_ms)


def test_the_machine_takes_so_many() -> None:
    assert MOST_BLOBS == embedded.MOST_BLOBS


def test_every_block_of_a_run_brings_blobs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["devnet", "--blobs", "2", "--provers", "1", "--device", "cpu", "--accounts", "2",
                 "--slots", "4", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["agreed"] and record["layer1_same"] and not record["lost_slots"]
    blobs = record["blobs"]
    assert [row["name"] for row in blobs] == ["node 0", "node 1"]
    assert sum(row["blocks"] for row in blobs) >= 3
    assert all(row["blobs"] == 2 * row["blocks"] and row["cells"] == 128 * row["blobs"]
               and row["late"] == 0 for row in blobs)
    assert [each for each in record["checks"] if "blobs in" in each["sentence"]]
