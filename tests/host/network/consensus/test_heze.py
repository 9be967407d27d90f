"""The fork with inclusion lists: all of it is merged, and a censor's payload is not built on."""

import ast
import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import eth_consensus_specs
import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.consensus import fork
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.mechanism.rewards import decay_bps
from tests.host.network.consensus.censored_chain import CENSORS

FOLDER = Path(eth_consensus_specs.__file__).parent
HANDLED = {"fork", "on_execution_payload_envelope"}
"""What both forks change: a name of their own, and Heze's is taken."""


def definitions(name: str) -> dict[str, str]:
    """Every top-level definition of a fork's module, by name, as text."""
    found: dict[str, str] = {}
    for node in ast.parse((FOLDER / name / "minimal.py").read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names = [node.name]
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [ast.unparse(target) for target in targets]
        else:
            continue
        for one in names:
            found[one] = found.get(one, "") + ast.unparse(node)
    return found


def test_nothing_of_the_two_forks_is_left_out_of_the_merge() -> None:
    gloas, heze, eip8025 = (definitions(name) for name in ("gloas", "heze", "eip8025"))
    source = (Path(fork.__file__).parent / "heze.py").read_text("utf-8")
    added = set(eip8025) - set(gloas)
    assert added == set(ast.literal_eval(next(
        node.value for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ADDED")))
    assert not added & set(heze)
    changed = {name for name in gloas if eip8025.get(name) != gloas[name]}
    assert changed - HANDLED == {"verify_execution_payload_envelope"}
    assert {name for name in changed if heze.get(name) != gloas[name]} == HANDLED


@cache
def played(name: str) -> dict[str, object]:
    run = subprocess.run(
        [sys.executable, "-m", "tests.host.network.consensus.censored_chain", name],
        capture_output=True, text=True, check=True, timeout=300)
    found = json.loads(run.stdout)
    assert isinstance(found, dict)
    return found


def test_without_lists_censors_in_a_row_keep_a_proof_out_and_it_is_paid_less() -> None:
    before = played("gloas")
    assert before["version"] == "07000001"
    assert before["built_on_full"] == [True] * (CENSORS + 4)
    assert before["won"] and before["slots_late"] == CENSORS + 1


def test_with_lists_their_payloads_are_not_built_on_and_the_proof_is_in_time() -> None:
    after, parameters = played("heze"), Parameters()
    assert after["version"] == "08000001"
    # The first could not know the proof from a list; the others' payloads are left behind, so the
    # block after each builds on none.
    assert after["built_on_full"] == [True, True, False, False, True, True, True]
    assert after["won"] and after["slots_late"] == CENSORS + 1
    wei, less = after["wei"], played("gloas")["wei"]
    assert isinstance(wei, int) and isinstance(less, int)
    assert decay_bps(parameters, 2) == 10_000 > decay_bps(parameters, CENSORS + 1)
    assert less / wei == pytest.approx(decay_bps(parameters, CENSORS + 1) / 10_000, rel=1e-6)


def test_a_list_is_heard_from_a_member_who_signed_it_alone() -> None:
    assert played("heze")["refused"] == [
        "is not in the inclusion list committee of slot", "did not sign the inclusion list",
        "an inclusion list is too long"]
    assert played("heze")["equivocators"] == 1


def test_a_process_has_one_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="there is no fork 'osaka'; there are gloas, heze"):
        fork.choose("osaka")
    fork.choose(fork.chosen())
    monkeypatch.setitem(sys.modules, "proofmill.host.network.consensus.spec", fork)
    with pytest.raises(ProofmillError, match="the chains of this process run gloas already"):
        fork.choose("heze")
