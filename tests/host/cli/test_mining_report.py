"""What a run says of its proofs: which cycles were sums, which transforms."""

import json

import pytest

from proofmill.host.cli.mining_report import Report, Totals
from proofmill.host.cli.screen import Screen
from proofmill.host.network.consensus.miner import SlotPassed
from proofmill.host.network.consensus.records import SlotReport
from proofmill.host.prover.curve.limbs import to_limbs
from proofmill.host.prover.groth16.prove import ProofResult
from proofmill.host.prover.groth16.verification_key import Proof


def proven(cycles: int, transforms: int) -> ProofResult:
    point = to_limbs([1, 2])
    return ProofResult(
        proof=Proof(a=point, b=point, c=point), public=[], device="rtl+h", faults=(), news=(),
        calls=5, calls_on_device=5, cycles=cycles, transform_cycles=transforms, digits=1,
        seconds=2.0)


def test_cycles_of_transforms_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    report, totals = Report(Screen(machine=True), "rtl+h", lines=True), Totals()
    for slot, transforms in ((17, 1_752_400), (18, 0)):
        report(SlotPassed(SlotReport(slot, 3, 1, b"", b"", 0, 0, 0), proving=True))
        result = proven(18_000_000, transforms)
        totals.add(result)
        report.proven(result)
    report.flush()
    shown = capsys.readouterr()
    slots = [json.loads(line) for line in shown.out.splitlines()]
    assert [(each["cycles"], each["transform_cycles"]) for each in slots] == [
        (18_000_000, 1_752_400), (18_000_000, 0)]
    assert shown.err.count("1,752,400 cycles for transforms") == 1
    assert shown.err.count("for transforms") == 1
    # One that was stopped before it was counted is not in the summary.
    assert [totals.of(count)["device_transform_cycles"] for count in (0, 1, 2)] == [
        0, 1_752_400, 1_752_400]
    assert totals.of(1)["device_cycles"] == 18_000_000
