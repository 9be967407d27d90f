"""`proofmill bench certificate`, on a circuit of one voter."""

import json

import pytest

from proofmill.host.bench.certificate import KINDS
from proofmill.host.cli.main import main
from proofmill.host.prover.circuits.finality.size import CertificateSize


def test_a_certificate_is_measured(capsys: pytest.CaptureFixture[str],
                                   monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "slot", CertificateSize(1, 1, False))
    assert main(["bench", "certificate", "--kind", "slot", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["kinds"]
    assert (found["votes"], found["validators"], found["public"]) == (1, 2, 11)
    assert 4_000 < found["constraints"] < found["domain"] == 8192
    assert found["zkey_bytes"] > 10**6 and found["proof_seconds"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("device", ["model", "rtl"])
def test_the_smallest_is_proven_on_an_accelerator(device: str, capsys: pytest.CaptureFixture[str]
                                                  ) -> None:
    """An epoch's certificate of two validators, sums by the accelerator; the proof is verified."""
    assert main(["bench", "certificate", "--kind", "smallest", "--device", device, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    (found,) = record["kinds"]
    assert (record["device"], found["kind"], found["votes"]) == (device, "smallest", 2)
    # The model's cycles are the gateware's, but for four points' random factors.
    assert abs(found["cycles"] - 11_865_000) < 10_000
