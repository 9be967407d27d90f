"""``proofmill why``: the draw recomputed from public data, and what it says about each prover."""

import json
from pathlib import Path

import pytest

from proofmill.host.cli.main import main
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.economics.explain import Explanation, explain
from proofmill.host.network.economics.registry import Registered, load_registry
from proofmill.host.network.economics.replay import PublicBlock, Replay
from proofmill.host.network.mechanism.hashing import keccak_words
from proofmill.host.network.mechanism.invariants import check_slot
from proofmill.host.network.mechanism.lottery import assign, slot_seed
from proofmill.host.network.mechanism.parameters import Parameters

BASE, BOND = 256_000, 10**9


def replayed(registry: list[Registered], proposer: int = 99, slots: int = 60) -> Replay:
    replay = Replay(Parameters(), registry, b"\x11" * 32, minimum_bond=1_000)
    for slot in range(1, slots):
        replay.add(PublicBlock(slot, keccak_words(slot), proposer, keccak_words(slot, 1), BASE,
                               max(0, slot - 16)))
        check_slot(replay.ledger)
    return replay


def registry(*misses: range) -> list[Registered]:
    return [Registered(i, BOND, reliability_bps=10_000,
                       misses=frozenset(misses[i] if i < len(misses) else ())) for i in range(6)]


def text(found: Explanation, prover: int) -> str:
    return " ".join(next(s for s in found.stories if s.prover == prover).sentences)


def test_the_draw_is_the_lottery_s() -> None:
    replay = replayed(registry())
    for slot in (1, 9, 17, 30):
        drawn = assign(slot_seed(replay.mix_for(slot), slot), replay.records[slot].candidates, 3)
        assert [draw.prover for draw in replay.draws(slot)] == [drawn.primary, *drawn.committee]
        for draw in explain(replay, slot).draws:
            assert 0 <= draw["number"] < draw["of"]
    assert replay.mix_for(7) == b"\x11" * 32 == replay.mix_for(15)
    assert replay.mix_for(16) == keccak_words(7, 1), "the final mix of epoch 0"


def test_a_primary_that_delivered_was_paid() -> None:
    replay = replayed(registry())
    found = explain(replay, 20)
    (primary,) = [story for story in found.stories if story.role == "primary"]
    assert primary.paid_gwei == replay.records[20].budget * 56 // 64 and primary.taken_gwei == 0
    words = text(found, primary.prover)
    assert "in slot 21, 1 block after, in stage 1: 100 %" in words
    assert f"prover {primary.prover} is the primary" in " ".join(found.sentences)
    assert "final mix of epoch 0" in found.sentences[1] and "from slot 8 on" in found.sentences[1]
    assert found.sentences[0] == (
        f"Slot 20: prover {primary.prover} is paid {primary.paid_gwei:,} gwei for proving it; "
        "nobody pays a penalty.")
    members = [story for story in found.stories if story.role == "committee"]
    assert len(members) == 3
    assert all("It did not have to prove" in text(found, s.prover) for s in members)
    rest = [story for story in found.stories if story.role == "none"]
    assert all("neither paid nor slashed" in text(found, s.prover) for s in rest)


def test_a_primary_that_missed_was_slashed_and_its_rescuer_paid() -> None:
    honest = replayed(registry())
    drawn = honest.records[20].assignment.primary
    assert drawn is not None
    missing = [range(0)] * drawn + [range(20, 21)]
    found = explain(replayed(registry(*missing)), 20)
    story = next(s for s in found.stories if s.role == "primary")
    assert story.prover == drawn and story.paid_gwei == 0
    penalty = 2 * (honest.records[20].budget * 56 // 64)
    assert story.taken_gwei == penalty and story.kept_back_gwei == 0
    assert f"{penalty:,} gwei were taken from its bond" in text(found, drawn)
    assert f"{penalty // 2:,} were burned and {penalty // 2:,} went to prover" in text(found, drawn)
    (rescuer,) = [s for s in found.stories if s.paid_gwei]
    assert rescuer.role == "committee" and rescuer.bounty_gwei == penalty // 2
    assert "in stage 2, picked among 3 proofs" in text(found, rescuer.prover)
    assert "For the rescue it got" in text(found, rescuer.prover)


def test_an_outage_is_forgiven_in_part() -> None:
    found = explain(replayed(registry(*[range(16, 24)] * 6)), 20)
    story = next(s for s in found.stories if s.role == "primary")
    assert story.kept_back_gwei == story.taken_gwei * 3 // 4
    assert "came back, since more than a third" in text(found, story.prover)
    assert sum(s.paid_gwei for s in found.stories) == 0
    assert "Nobody delivered in stage 2" in " ".join(text(found, s.prover) for s in found.stories)


def test_the_proposer_is_not_in_the_committee() -> None:
    replay = replayed(registry(), proposer=2)
    for slot in range(1, 40):
        found = explain(replay, slot)
        story = found.stories[2]
        assert story.role != "committee"
        if story.role == "none":
            assert "As the slot's proposer it cannot be" in text(found, 2)


def test_without_weight_nobody_is_drawn() -> None:
    found = explain(replayed([Registered(0, BOND, reliability_bps=0)]), 3)
    assert "Nobody had any weight" in " ".join(found.sentences)
    assert found.stories[0].paid_gwei > 0


def test_the_command_on_the_real_chain(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from proofmill.host.network.consensus.chain import EmbeddedChain
    from proofmill.host.network.consensus.spec import spec
    from proofmill.host.prover.circuits.rollup.size import SMALLEST

    assert main(["why", "--slot", "17", "--seed", "3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    # The mix, from the chain itself: the final one of epoch 0, on chain since slot 8.
    chain = EmbeddedChain(lambda public, proof: False, seed=3, size=SMALLEST)
    chain.advance_epochs(1)
    chain.advance()
    mix = bytes(spec.get_randao_mix(chain.head_state, spec.Epoch(0)))
    assert found["mix"] == "0x" + mix.hex()
    assert found["seed"] == "0x" + slot_seed(mix, 17).hex()
    assert [story["prover"] for story in found["provers"]] == [0, 1, 2, 5]
    assert sum(story["paid_gwei"] > 0 for story in found["provers"]) == 1


@pytest.mark.parametrize(("arguments", "message"), [
    (["--slot", "0"], "--slot 0: must be 1 to 2,000"),
    (["--slot", "3", "--seed", "-1"], "--seed -1: must be"),
    (["--slot", "3", "--prover", "77"], "--prover 77: is not registered; registered are 0, 1, 2"),
    (["--slot", "3", "--provers", "none.toml"], "--provers none.toml: there is no file none.toml"),
])
def test_mistakes(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["why", *arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(("content", "message"), [
    ("", "provers is missing"),
    ("x = 1\n[[provers]]\nidentity = 1", "there is no key x"),
    ("[[provers]]\nbond_gwei = 5000", r"provers\[0\].identity is missing"),
    ("[[provers]]\nidentity = 1", r"provers\[0\].bond_gwei is missing"),
    ("[[provers]]\nidentity = 1\nbond_gwei = 5", "line 3: .*bond_gwei = 5: .* at least 1,000"),
    ("[[provers]]\nidentity = true\nbond_gwei = 5000", "identity = True: must be a whole number"),
    ("[[provers]]\nidentity = 1\nbond_gwei = 5000\nbonds = 1", r"no key provers\[0\].bonds"),
    ("[[provers]]\nidentity = 1\nbond_gwei = 5000\nmisses = 3", "misses = 3: must be a list"),
    ("[[provers]]\nidentity = 1\nbond_gwei = 5000\nreliability_bps = 10001",
     "line 4: .* 0 to 10,000"),
    ("[[provers]]\nidentity = 1\nbond_gwei = 5000\n" * 2, "line 2: identity 1 occurs twice"),
    ("nonsense", "not TOML"),
])
def test_a_wrong_registry_is_named(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "registry.toml"
    path.write_text(content)
    with pytest.raises(ProofmillError, match=message) as caught:
        load_registry(str(path), 1_000)
    assert str(caught.value).startswith(str(path))


def test_a_right_registry(tmp_path: Path) -> None:
    path = tmp_path / "registry.toml"
    path.write_text("[[provers]]\nidentity = 4\nbond_gwei = 5000\nmisses = [3, 9]\n")
    assert load_registry(str(path), 1_000) == (Registered(4, 5_000, 0, 3_000, frozenset({3, 9})),)
