"""What certificates cost on a chain, each step played once with real proofs."""

from proofmill.host.network.certificates.gas import measure_certificates
from proofmill.host.network.certificates.reports_gas import measure_reports
from proofmill.host.network.certificates.rewards import MATURE_GAS, SUBMIT_GAS
from proofmill.host.network.second_layer.external_layer import REPORT_GAS
from proofmill.host.network.second_layer.proven_layer import (
    BLOCK_GAS,
    LINK_GAS,
    PROVE_GAS,
    RELEASE_GAS,
)


def test_every_step_of_a_certificate_has_its_gas() -> None:
    gas = {each.step: each.gas for each in measure_certificates()}
    assert list(gas) == [
        "create the verifier of certificates", "create FinalityCertificate", "submit a certificate",
        "submit one that makes an epoch final", "create CertificateRewards",
        "submit a certificate for its reward", "mature a certificate's reward"]
    # The first is FinalityCertificate's part of the other.
    submitted, rewarded = gas["submit a certificate"], gas["submit a certificate for its reward"]
    assert 300_000 < submitted < rewarded - 200_000 and rewarded < SUBMIT_GAS
    assert 50_000 < gas["mature a certificate's reward"] < MATURE_GAS


def test_every_step_of_a_report_has_its_gas() -> None:
    gas = {each.step: each.gas for each in measure_reports(2)}
    assert list(gas) == [
        "create ProvenReports", "open a registry's totals", "report a block", "link 8 headers",
        "prove 8 blocks", "release 8 deposits"]
    assert 200_000 < gas["report a block"] < REPORT_GAS // 4
    assert gas["prove 8 blocks"] < PROVE_GAS + 8 * BLOCK_GAS
    assert gas["link 8 headers"] < PROVE_GAS + 8 * LINK_GAS
    assert gas["release 8 deposits"] < PROVE_GAS + 8 * RELEASE_GAS
