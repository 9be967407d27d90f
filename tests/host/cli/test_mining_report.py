"""What a run says of its proofs: which cycles were sums, which transforms."""

import json

import pytest

from proofmill.host.cli.mining_report import Report, Totals
from proofmill.host.cli.screen import Screen
from proofmill.host.network.consensus.miner import CertificateChanged, SlotPassed
from proofmill.host.network.consensus.records import CertificateReward, SlotReport, Status
from proofmill.host.prover.curve.limbs import to_limbs
from proofmill.host.prover.groth16.prove import ProofResult
from proofmill.host.prover.groth16.verification_key import Proof


def proven(cycles: int, transforms: int) -> ProofResult:
    point = to_limbs([1, 2])
    return ProofResult(
        proof=Proof(a=point, b=point, c=point), public=[], device="rtl+h", faults=(), news=(),
        calls=5, calls_on_device=5, cycles=cycles, transform_cycles=transforms,
        closing_cycles=0, digits=1,
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


@pytest.mark.parametrize(("reward", "note"), [
    (CertificateReward(2, Status.WAITING, 0), "certificate of epoch 2 made"),
    (CertificateReward(2, Status.PENDING, 5 * 10**9), "includes the certificate of epoch 2"),
    (CertificateReward(2, Status.MATURED, 5 * 10**9),
     "reward of the certificate of epoch 2 matured"),
    (CertificateReward(2, Status.REFUSED, 0, "no whole bond"),
     "reward of the certificate of epoch 2 refused: no whole bond"),
])
def test_what_becomes_of_a_certificate_is_told(
        capsys: pytest.CaptureFixture[str], reward: CertificateReward, note: str) -> None:
    report = Report(Screen(machine=True), "rtl", lines=True)
    report(SlotPassed(SlotReport(26, 3, 1, b"", b"", 0, 0, 0), proving=False))
    report(CertificateChanged(reward))
    report.flush()
    shown = capsys.readouterr()
    event = json.loads(shown.out.splitlines()[0])
    assert event == {"event": "certificate", "epoch": 2, "status": reward.status.value,
                     "gwei": reward.wei // 10**9, "reason": reward.reason}
    assert note in shown.err
