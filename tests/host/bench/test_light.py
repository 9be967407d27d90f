"""A light node is where the specification is, on chains with every trouble there is."""

from collections.abc import Sequence

import pytest

from proofmill.host.bench.light import Comparison, LightRun
from proofmill.host.network.certificates import rule
from proofmill.host.network.certificates.between import DEPTH, is_between
from proofmill.host.prover.circuits.finality.vote import Checkpoint

SEED, EPOCHS = 3, 5
"""Of this chain an epoch is final by the second rule, over two epochs."""


def test_nothing_disagrees_and_nothing_false_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[Checkpoint, bytes, Sequence[bytes]]] = []

    def heard(checkpoint: Checkpoint, later: bytes, branch: Sequence[bytes]) -> bool:
        holds = is_between(checkpoint, later, branch)
        if holds and branch:
            shown.append((checkpoint, later, branch))
        return holds

    monkeypatch.setattr(rule, "is_between", heard)
    found = Comparison()
    run = LightRun(SEED, found, signed_every=3)
    for _ in range(EPOCHS):
        run.epoch()
    assert (found.epochs, found.disagreements, found.missing, found.taken) == (EPOCHS, 0, [], [])
    assert run.known.finalized.epoch == 1 and found.signed and len(found.attempts) >= 6
    assert run.chain.events.forks and run.chain.events.double_votes and run.chain.events.slashed
    checkpoint, later, branch = shown[0]
    assert len(branch) == DEPTH
    for place in range(DEPTH):
        other = [*branch[:place], bytes(32), *branch[place + 1:]]
        assert not is_between(checkpoint, later, other)
    assert not is_between(checkpoint, later, branch[1:])
    assert not is_between(checkpoint, bytes(32), branch)
    assert not is_between(Checkpoint(checkpoint.epoch, bytes(32)), later, branch)
    assert not is_between(Checkpoint(checkpoint.epoch + 1, checkpoint.root), later, branch)


def test_without_branches_it_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the comparison is worth: a node without the second rule is found out."""
    monkeypatch.setattr(rule, "is_between", lambda *given: False)
    found = Comparison()
    run = LightRun(SEED, found, signed_every=100)
    for _ in range(EPOCHS):
        run.epoch()
    assert found.behind and not found.false
