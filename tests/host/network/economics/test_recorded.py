"""``proofmill why --run``: a devnet's own run explained: drawn, paid, missed, slashed."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from proofmill.host.cli.main import main
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.typed import typed
from proofmill.host.network.economics.explain import Explanation, explain
from proofmill.host.network.economics.recorded import (
    Record,
    RecordedRun,
    load_run,
    record_of,
    save_run,
)
from proofmill.host.network.mechanism import bonds, rewards
from proofmill.host.network.mechanism.certificates import certificate_budget
from proofmill.host.network.mechanism.hashing import keccak_words
from proofmill.host.network.mechanism.lottery import slot_seed
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.node.contract_state import IncludedProof
from proofmill.host.network.node.layer2 import (
    BlockFacts,
    BranchReplay,
    CreditedCertificate,
    replay,
)

GWEI, BASE, BOND = 10**9, 90_000_000 * 10**9, 10**19
P = Parameters()
MINIMUM = bonds.minimum_bond(P, rewards.largest_budget(P, BASE))
PROVERS = {0: BOND, 1: BOND, 2: BOND, 5: BOND}


def block(slot: int, *included: IncludedProof) -> BlockFacts:
    return BlockFacts(
        keccak_words(slot, 1), slot, 10 + slot % 7, None, keccak_words(slot, 2),
        keccak_words(slot, 3), keccak_words(slot, 4), BASE, included)


def recorded(slots: int, final_slot: int) -> dict[str, Any]:
    """Slot 3: the primary's proof is invalid. Slot 4: it is silent, and rescued. Others: kept."""
    branch: list[BlockFacts] = []
    for slot in range(1, slots + 1):
        account, _ = replay(P, MINIMUM, PROVERS, branch, bytes(32), 0)
        found = []
        for proven, drawn in account.assignments.items():
            assert drawn.primary is not None
            if proven == slot - 1 and proven not in (3, 4):
                found.append(IncludedProof(proven, drawn.primary))
            elif proven == slot - 1 == 3:
                found.append(IncludedProof(proven, drawn.primary, valid=False))
            elif proven == slot - 3 == 4:
                found.append(IncludedProof(proven, drawn.committee[0]))
        branch.append(block(slot, *found))
    return record_of(9, 64, MINIMUM, PROVERS, bytes(32), final_slot, branch)


def of(record: dict[str, Any]) -> RecordedRun:
    return RecordedRun(typed(record, Record, "x"))


@pytest.fixture(scope="module")
def run() -> RecordedRun:
    return of(json.loads(json.dumps(recorded(20, 16))))


def text(found: Explanation, role: str) -> str:
    return " ".join(" ".join(story.sentences) for story in found.stories if story.role == role)


def test_who_was_drawn_and_paid(run: RecordedRun) -> None:
    found = explain(run, 7)
    story = next(each for each in found.stories if each.role == "primary")
    assert story.paid_gwei == run.records[7].budget * 56 // 64 // GWEI
    assert "in slot 8, 1 block after, in stage 1: 100 %" in text(found, "primary")
    assert f"{story.paid_gwei:,} gwei, final by now" in text(found, "primary")
    assert text(found, "committee").count("It did not have to prove") == 3
    assert "pending until that slot is final" in text(explain(run, 18), "primary")


def test_who_signed_an_invalid_proof_was_slashed(run: RecordedRun) -> None:
    words = text(explain(run, 3), "primary")
    assert "It signed an invalid proof: " in words and "It did not deliver in stage 1: " in words
    slice_gwei = 2 * (run.records[3].budget * 56 // 64) // GWEI
    assert (f"It signed an invalid proof: {slice_gwei:,} gwei were taken from its bond; "
            f"{slice_gwei // 2:,} were burned and {slice_gwei // 2:,} went to validator 14, whose "
            "block had the report." in words)


def test_who_missed_paid_whoever_rescued(run: RecordedRun) -> None:
    found = explain(run, 4)
    rescuer = next(each for each in found.stories if each.paid_gwei)
    assert rescuer.role == "committee" and rescuer.bounty_gwei > 0
    assert f"went to prover {rescuer.prover}." in text(found, "primary")
    assert "in stage 2" in " ".join(rescuer.sentences)


def test_who_missed_in_a_divided_network_pays_nothing() -> None:
    """As votes say later: the record has it, and the explanation."""
    record = json.loads(json.dumps(recorded(20, 16)))
    for each in record["blocks"]:
        each["divided"] = [2, 3, 4, 5] if each["slot"] > 12 else []
    run = of(record)
    found = explain(run, 4)
    story = next(each for each in found.stories if each.role == "primary")
    assert story.taken_gwei == story.kept_back_gwei > 0
    assert ("came back with its reliability, since the network was divided: more than a third of "
            "the stake had voted elsewhere." in text(found, "primary"))
    rescuer = next(each for each in found.stories if each.paid_gwei)
    assert rescuer.bounty_gwei == 0
    assert "went to validator 14" in text(explain(run, 3), "primary"), "an invalid proof is one"


def test_what_is_not_settled_yet_is_said() -> None:
    run = of(recorded(8, 0))
    words = text(explain(run, 4), "primary")
    assert "where they go is settled when 8 blocks have come after its epoch's last" in words
    assert "Its time was not over yet" in text(explain(run, 8), "primary")


def certified(includer: int | None = 14, matured: bool = True, more: int = 0) -> dict[str, Any]:
    """With the certificate of epoch 0 in slot 5, in which rho is what it is at the start."""
    budget = certificate_budget(P, BASE, P.rho_start)
    return {**recorded(20, 16), "certificates": [vars(CreditedCertificate(
        0, 2, budget * 56 // 64 + more, includer, budget * 8 // 64, 5, matured))]}


def test_who_was_paid_for_a_certificate() -> None:
    words = " ".join(of(certified()).explain_certificate(0))
    prover_gwei = BASE * P.slots_per_epoch // 4 // 20 * 56 // 64 // GWEI
    assert "made by prover 2, says its tag, and is in the block of slot 5, of validator 14" in words
    assert f"brings 5 % of what its {P.slots_per_epoch} slots may pay" in words
    assert f"{prover_gwei:,} gwei to the prover (56 of 64 parts)" in words
    assert "It is paid out" in words
    words = " ".join(of(certified(None, False)).explain_certificate(0))
    assert "of nobody's validator" in words and "It is pending" in words
    with pytest.raises(ProofmillError, match=r"--epoch 3: .* in a block are: 0"):
        of(certified()).explain_certificate(3)
    with pytest.raises(ProofmillError, match="in a block are: none"):
        of(recorded(8, 0)).explain_certificate(0)


def test_what_a_certificate_brought_is_computed_again(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "run.json")
    save_run(path, certified())
    assert main(["why", "--epoch", "0", "--run", path]) == 0
    assert "made by prover 2" in capsys.readouterr().out
    save_run(path, certified(more=1))
    assert main(["why", "--epoch", "0", "--run", path]) == 2
    assert "the certificate of epoch 0 brings" in capsys.readouterr().err
    for words in ([], ["--run", path, "--light", str(tmp_path)]):
        assert main(["why", "--epoch", "0", *words]) == 2
        assert "--epoch: needs either --light FOLDER" in capsys.readouterr().err


def test_what_a_delay_function_makes_of_mixes_draws_and_is_said() -> None:
    """Brought by the first block of each epoch from 2 on, here the second slot's."""
    branch = [replace(block(slot), drawing=keccak_words(slot // 8, 9) if slot % 8 == 1 < slot // 8
                      else None) for slot in range(1, 30) if slot % 8]
    record = record_of(9, 64, MINIMUM, PROVERS, bytes(32), 0, branch)
    assert [each.get("drawing") is not None for each in record["blocks"]].count(True) == 2
    found = of(json.loads(json.dumps(record)))
    for slot in (17, 18, 23, 25, 29):
        assert found.mix_for(slot) == keccak_words(slot // 8, 9)
        assert found.records[slot].seed == slot_seed(found.mix_for(slot), slot)
    assert found.mix_for(15) == bytes(32)
    said = " ".join(explain(found, 18).sentences)
    assert "Its draw uses what the delay function makes of RANDAO's final mix of epoch 0" in said
    assert "which was to be evaluated from slot 8 on, 10 slots before" in said
    assert "makes of" not in " ".join(explain(of(recorded(20, 16)), 18).sentences)


def test_a_branch_that_forgets_draws_as_before() -> None:
    runs = [BranchReplay(P, MINIMUM, PROVERS, bytes(32)) for _ in range(2)]
    for slot in range(1, 60):
        drawing = keccak_words(slot // 8, 9) if slot % 8 == 0 and slot >= 16 else None
        for run in runs:
            run.add(replace(block(slot), drawing=drawing))
        runs[1].forget((), 0)
        runs[1] = runs[1].fork()
        assert runs[0].records[slot].seed == runs[1].records[slot].seed


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "run.json")
    save_run(path, recorded(20, 16))
    assert main(["why", "--slot", "3", "--run", path, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["slot"] == 3 and len(found["provers"]) == 4
    assert main(["why", "--slot", "99", "--run", path]) == 2
    assert "--slot 99: the run has no block in this slot; its last is 20" in capsys.readouterr().err
    assert main(["why", "--slot", "3", "--run", path, "--prover", "3"]) == 2
    assert "registered are 0, 1, 2, 5" in capsys.readouterr().err


@pytest.mark.parametrize("content,sentence", [
    (None, "No such file"), ("{", "not JSON"), ("[]", "not the record of a devnet's run"),
    ('{"bonds": {"0": 1}}', "not the record of a devnet's run"),
])
def test_what_is_no_record_is_named(tmp_path: Path, content: str | None, sentence: str) -> None:
    path = tmp_path / "run.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ProofmillError, match=sentence) as caught:
        load_run(str(path))
    assert str(caught.value).startswith(str(path))
