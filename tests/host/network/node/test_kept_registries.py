"""Registries are believed as far as certificates have named them, and a final state is of no use
without what follows from older blocks."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from proofmill.host.network.certificates.light import LightNode
from proofmill.host.network.certificates.rule import Finality
from proofmill.host.network.node.final_state import FinalState
from proofmill.host.network.node.kept_certificates import ERAS, LIGHT, KeptCertificates
from proofmill.host.network.node.kept_registries import REGISTRIES, KeptRegistries
from proofmill.host.network.node.proven_blocks import ProvenBlocks
from proofmill.host.prover.circuits.finality.vote import Checkpoint
from tests.host.network.node.test_eras import Chain, chain  # noqa: F401
from tests.host.prover.circuits.finality.small import LEFT, REGISTRY

FIRST, SECOND = Checkpoint(6, b"\1" * 32), Checkpoint(7, b"\2" * 32)
KNOWN = Finality(FIRST, {FIRST: REGISTRY.commitment, SECOND: LEFT.commitment})


def test_registries_come_back_by_their_commitments(
        tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert KeptRegistries(tmp_path).load(KNOWN) == {} and not caplog.text
    kept, both = KeptRegistries(tmp_path), {FIRST: REGISTRY, SECOND: LEFT}
    kept.keep(both)
    written = (tmp_path / REGISTRIES).stat().st_mtime_ns
    kept.keep(dict(both))
    assert (tmp_path / REGISTRIES).stat().st_mtime_ns == written
    assert KeptRegistries(tmp_path).load(KNOWN) == both
    # What certificates have not named is left.
    other = Finality(FIRST, {FIRST: REGISTRY.commitment, SECOND: 7})
    assert KeptRegistries(tmp_path).load(other) == {FIRST: REGISTRY}
    kept.keep({SECOND: replace(LEFT, totals=(LEFT.totals[0] + 1, *LEFT.totals[1:]))})
    assert KeptRegistries(tmp_path).load(KNOWN) == {}
    for damaged in (b"", b"[1]", b"[[[6]]]", b"\xff"):
        (tmp_path / REGISTRIES).write_bytes(damaged)
        assert KeptRegistries(tmp_path).load(KNOWN) == {}
    assert caplog.text.count("is not used") == 4


def test_what_a_final_state_lacks_is_said(chain: Chain, tmp_path: Path) -> None:  # noqa: F811
    def state(block_hash: bytes) -> FinalState:
        payload = SimpleNamespace(payload=SimpleNamespace(block_hash=block_hash))
        return cast(FinalState, SimpleNamespace(point=SimpleNamespace(payloads=[payload])))

    def lacking(eras: bool = False) -> str:
        with ExitStack() as files:
            return KeptCertificates(tmp_path, files, eras).lacks(state(chain.hashes[2]))

    assert lacking() == "without light, the folder of certificates"
    LightNode.start(tmp_path / LIGHT, chain.key, FIRST, REGISTRY.commitment)
    assert lacking() == f"without the registries of {REGISTRIES}"
    KeptRegistries(tmp_path).keep({FIRST: REGISTRY})
    assert lacking() == ""
    with ProvenBlocks(tmp_path / ERAS) as blocks:
        blocks.add(chain.final_blocks[:2])
    assert lacking(eras=True) == f"without {ERAS}, which has not all blocks before it"
    with ProvenBlocks(tmp_path / ERAS) as blocks:
        blocks.add(chain.final_blocks[2:3])
    assert lacking(eras=True) == ""
