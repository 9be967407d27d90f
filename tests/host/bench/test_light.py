"""A light node is where the specification is, on chains with every trouble there is."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from proofmill.host.bench import light
from proofmill.host.bench.light import Comparison, LightRun
from proofmill.host.bench.troubled_chain import TroubledChain, unsigned
from proofmill.host.network.certificates import rule
from proofmill.host.network.certificates.between import DEPTH, is_between
from proofmill.host.network.certificates.companion import registry_of
from proofmill.host.network.consensus.spec import spec
from proofmill.host.prover.circuits.baby_jubjub import Point
from proofmill.host.prover.circuits.finality.registry import ALWAYS, Registry, unchanging
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
    assert run.known.finalized.epoch == 1 and found.signed and len(found.attempts) >= 10
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


GAP, FOUND = 2, 17
"""On this chain three slashed validators go between a source and the target of epoch 16, for which
two thirds of the others vote."""


@pytest.mark.slow
def test_who_goes_between_source_and_target_is_not_counted() -> None:
    found = Comparison()
    run = LightRun(GAP, found, signed_every=100)
    for _ in range(FOUND):
        run.epoch()
    assert (found.disagreements, found.missing, found.passed_over, found.taken) == (0, [], 0, [])


@pytest.mark.slow
def test_an_epoch_without_a_certificate_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """With registries that do not look ahead there is none for epoch 16. Then the node is behind,
    and a later certificate brings it to where the specification is."""
    def of_now(state: spec.BeaconState, companions: Mapping[int, Point], depth: int) -> Registry:
        made = registry_of(state, companions, depth)
        members = {index: replace(each, active=ALWAYS) for index, each in made.members.items()
                   if spec.is_active_validator(state.validators[index], made.epoch)}
        return replace(made, members=members,
                       totals=unchanging(int(spec.get_total_active_balance(state))))

    monkeypatch.setattr(light, "registry_of", of_now)
    found = Comparison()
    run = LightRun(GAP, found, signed_every=100)
    for _ in range(FOUND):
        run.epoch()
    assert (found.behind, found.missing, found.passed_over) == ([16], [16], 0)
    while not found.passed_over:
        run.epoch()
        assert found.epochs < FOUND + 4
    for _ in range(2):
        run.epoch()
    assert found.epochs - 1 not in found.behind and not found.false and not found.taken


def test_without_branches_it_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the comparison is worth: a node without the second rule is found out."""
    monkeypatch.setattr(rule, "is_between", lambda *given: False)
    found = Comparison()
    run = LightRun(SEED, found, signed_every=100)
    for _ in range(EPOCHS):
        run.epoch()
    assert found.behind and not found.false


def test_what_is_kept_is_what_the_specification_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chain that asks the specification anew each time is the same chain."""
    def root() -> bytes:
        chain = TroubledChain(SEED)
        with unsigned():
            for _ in range(3):
                state = chain.epoch()
        return bytes(spec.hash_tree_root(state))

    before, kept = spec.get_unslashed_participating_indices, root()
    assert spec.get_unslashed_participating_indices is before
    monkeypatch.setattr(spec, "cache_this", lambda *given: given[1])
    assert root() == kept
