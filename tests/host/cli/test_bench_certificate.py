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
