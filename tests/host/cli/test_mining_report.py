"""What a run says of its proofs: what of an accelerator's cycles were sums, transforms, check."""

import json
import random
import re

import pytest
from rich.console import Console

from proofmill.host.cli.mining_report import COLUMNS, Report, Totals
from proofmill.host.cli.screen import Screen
from proofmill.host.network.consensus.miner import CertificateChanged, SlotPassed
from proofmill.host.network.consensus.records import CertificateReward, SlotReport, Status
from proofmill.host.prover.curve.limbs import to_limbs
from proofmill.host.prover.devices.spent import Spent
from proofmill.host.prover.groth16.prove import ProofResult
from proofmill.host.prover.groth16.verification_key import Proof


def proven(spent: Spent, device: str = "rtl+bc") -> ProofResult:
    point = to_limbs([1, 2])
    return ProofResult(
        proof=Proof(a=point, b=point, c=point), public=[], device=device, faults=(), news=(),
        calls=5, calls_on_device=5, cycles=spent.cycles, transform_cycles=spent.transforms,
        evaluation_cycles=spent.evaluation, check_cycles=spent.check, closing_cycles=0, digits=1,
        seconds=2.0)


WHOLE, SUMS, NONE = Spent(8_150_277, 251_316, 1_490_256, 323_766), Spent(16_638_498), Spent()
"""Of proofs whose every part an accelerator made, the sums alone, and nothing."""


def test_what_the_cycles_were_for_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """In a row by whole per cent, exactly in JSON and in the summary."""
    report, totals = Report(Screen(machine=True), "rtl+bc", lines=True), Totals()
    for slot, spent in enumerate((WHOLE, SUMS, NONE), 17):
        report(SlotPassed(SlotReport(slot, 3, 1, b"", b"", 0, 0, 0), proving=True))
        result = proven(spent)
        assert result.spent == spent
        totals.add(result)
        report.proven(result)
    report.flush()
    shown = capsys.readouterr()
    slots = [json.loads(line) for line in shown.out.splitlines()]
    assert [tuple(each[f"{what}cycles"] for what in (
        "", "sum_", "evaluation_", "transform_", "check_")) for each in slots] == [
            (10_215_615, 8_150_277, 251_316, 1_490_256, 323_766),
            (16_638_498, 16_638_498, 0, 0, 0), (0, 0, 0, 0, 0)]
    heading, *rows = shown.err.splitlines()
    at = heading.index("sums/h/check")
    assert [row[at:at + 12].strip() for row in rows] == ["80/17/3 %", "100/0/0 %", "-"]
    # One that was stopped before it was counted is not in the summary.
    assert [totals.of(count)["device_check_cycles"] for count in (0, 1, 3)] == [
        0, 323_766, 323_766]
    found = totals.of(2)
    assert found["device_cycles"] == 26_854_113 == sum(
        found[f"device_{what}_cycles"] for what in ("sum", "evaluation", "transform", "check"))


@pytest.mark.parametrize(("width", "left_out"), [
    (95, []), (94, ["transfers"]), (84, ["transfers"]), (80, ["proposer", "transfers"]),
    (73, ["proposer", "transfers", "sums/h/check"])])
def test_a_narrow_terminal_says_it_too(
        capsys: pytest.CaptureFixture[str], width: int, left_out: list[str]) -> None:
    screen = Screen()
    screen.console = Console(force_terminal=True, no_color=True, width=width, soft_wrap=True)
    report = Report(screen, "rtl+bc", lines=False)
    report(SlotPassed(SlotReport(17, 3, 1, b"", b"", 0, 0, 0), proving=True))
    report.proven(proven(WHOLE))
    report.flush()
    heading, row, *notes = re.sub(r"\x1b\[[\d;]*m", "", capsys.readouterr().out).splitlines()
    assert [column.name for column in COLUMNS if column.name not in heading] == left_out
    assert max(map(len, (heading, row, *notes))) <= width
    assert ("80/17/3 %" in row) == ("sums/h/check" not in left_out) and "10,215,615" in row


@pytest.mark.parametrize(("spent", "words", "shares"), [
    (WHOLE, ("10,215,615 cycles (sums 8,150,277, evaluation 251,316, transforms 1,490,256, "
             "own check 323,766)"), (80, 17, 3)),
    (SUMS, "16,638,498 cycles, all for sums", (100, 0, 0)),
    (Spent(2, transforms=1), "3 cycles (sums 2, transforms 1)", (67, 33, 0)),
    (Spent(1, 1, 0, 1), "3 cycles (sums 1, evaluation 1, own check 1)", (34, 33, 33)),
    (NONE, "0 cycles", None),
])
def test_cycles_by_what_they_were_for(
        spent: Spent, words: str, shares: tuple[int, int, int] | None) -> None:
    assert (spent.in_words(), spent.shares()) == (words, shares)


def test_shares_of_whatever_cycles_are_a_hundred() -> None:
    rng = random.Random(1)
    for _ in range(300):
        spent = Spent(*(rng.randrange(10 ** rng.randrange(1, 9)) for _ in range(4)))
        shares = spent.shares()
        if shares is not None:
            parts = (spent.sums, spent.evaluation + spent.transforms, spent.check)
            assert sum(shares) == 100
            assert all(abs(share * spent.cycles - 100 * part) < spent.cycles
                       for share, part in zip(shares, parts, strict=True))


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
