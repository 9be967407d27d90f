"""Failures of every kind at once: drawn at random, played, and looked into by the run itself."""

import json
import random
import subprocess
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from proofmill.host.cli.devnet import disturbances_of
from proofmill.host.ground.units import GWEI
from proofmill.host.network.economics.disturbances import Check, checks
from proofmill.host.network.economics.recorded import replayed
from proofmill.host.network.mechanism.lottery import Assignment
from proofmill.host.network.node.devnet import NodePlan, plan_nodes
from proofmill.host.network.node.disturbance import Disturbance
from proofmill.host.network.node.layer2 import CreditedProof, Fine, LayerTwo
from proofmill.host.network.node.node import DeviceSpeed, NodeReport, SlotView
from proofmill.host.network.node.outcome import outcome

ROOT = Path(__file__).parents[4]
SEEDS = range(50)
SLOTS = 33
"""Enough to see finality return after slot `LAST`."""
LAST = 15
KINDS = ("fail_device", "hang_device", "split", "late", "drift", "withhold", "kill", "cut", "forge")


def combination(seed: int) -> list[str]:
    """One to three failures of a devnet of two provers and a staker, all over by slot `LAST`."""
    draw = random.Random(seed)
    arguments, taken = [], set()
    for kind in draw.sample(KINDS, draw.randint(1, 3)):
        start = draw.randint(1, LAST - 1)
        times = f"{start}:{draw.randint(start + 1, min(start + 6, LAST))}"
        prover = draw.randint(0, 1)
        free = sorted({0, 1, 2} - taken)
        node = draw.choice(free)
        match kind:
            case "fail_device" | "hang_device":
                if any("device" in each for each in arguments):
                    continue
                value = f"{prover}:{times}"
            case "split":
                value = times
            case "late" | "kill" | "cut":
                taken.add(node)
                value = f"{node}:{start}" if kind == "late" else f"{node}:{times}"
            case "drift":
                value = f"{node}:{draw.choice((-1, 1)) * draw.randint(50, 450)}"
            case _:
                if {"--forge", "--withhold"} & set(arguments):
                    continue
                value = str(prover)
        arguments += [f"--{kind.replace('_', '-')}", value]
    return arguments


def options(arguments: Sequence[str]) -> Namespace:
    """The arguments as the command has them."""
    given: dict[str, object] = {kind: [] for kind in KINDS} | {"split": None}
    for name, value in zip(arguments[::2], arguments[1::2], strict=True):
        key = name[2:].replace("-", "_")
        given[key] = value if key == "split" else [value]
    return Namespace(provers=2, slots=SLOTS, **given)


def test_combinations_are_fit_to_be_played() -> None:
    drawn = [combination(seed) for seed in SEEDS]
    assert {kind for each in drawn for kind in each[::2]} == {
        f"--{kind.replace('_', '-')}" for kind in KINDS}
    for arguments in drawn:
        made = disturbances_of(options(arguments))
        assert 1 <= len(made) == len(arguments) // 2


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_one_failure_ends_no_node(seed: int) -> None:
    arguments = combination(seed)
    process = subprocess.run(
        [sys.executable, "-m", "proofmill.host.cli.main", "devnet", "--provers", "2", "--device",
         "cpu", "--accounts", "2", "--slots", str(SLOTS), "--seed", str(seed), "--json",
         *arguments],
        cwd=ROOT, text=True, capture_output=True, timeout=1200)
    assert process.returncode == 0, (arguments, process.stderr[-4000:])
    record = json.loads(process.stdout)
    assert record["checks"] and not any(check["broken"] for check in record["checks"])


PLANS = plan_nodes(64, [DeviceSpeed("cpu", "cpu", 500)] * 2)
RUN = replayed({"minimum_bond": 1, "bonds": {}, "genesis_mix": "00" * 32, "final_slot": 0,
                "blocks": []})


def account(*fines: Fine) -> LayerTwo:
    return LayerTwo(
        assignments={5: Assignment(0, (1,)), **{slot: Assignment(0, (1,)) for slot in (28, 29)}},
        delays={}, credits=(CreditedProof(5, 1, 5 * GWEI, 61, GWEI, 6, 1, 1, 1, False, False),),
        fines=fines, undecided=frozenset(), bonded=frozenset(), barred={}, bonds={},
        reliability={}, rho=0)


def history(finalized_epoch: int = 1) -> tuple[SlotView, ...]:
    return tuple(SlotView(slot, b"", b"layer 1", 0 if slot < 8 else finalized_epoch)
                 for slot in range(1, SLOTS + 1))


def found(
    disturbances: Sequence[Disturbance], report: NodeReport, plans: Sequence[NodePlan] = PLANS,
) -> list[Check]:
    reports = {plan.name: replace(report, name=plan.name) for plan in plans}
    result = outcome(plans, reports, {}, None)
    return checks(plans, reports, result, history(2), disturbances, RUN, SLOTS)


REPORT = NodeReport(
    "node 0", history(2), (32,) * 64, (0, 0), account(), (), 0, (5,), {}, {}, {}, 0, (), 0.0, 0)
FAILS = Disturbance("fail-device", "node 0", 3, 6)
FINE = Fine(5, 0, "primary", 7, False)


def broken(*arguments: object) -> list[str]:
    return [check.sentence for check in found(*arguments) if check.broken]  # type: ignore[arg-type]


def test_a_run_in_which_all_holds_is_not_complained_of() -> None:
    assert broken([FAILS], REPORT) == []
    assert broken([FAILS], replace(REPORT, account=account(FINE))) == []
    assert broken([Disturbance("split", None, 3, 6)], replace(REPORT, history=history(2))) == []


def test_who_pays_for_nothing_is_named() -> None:
    late = replace(REPORT, account=account(replace(FINE, slot=27)), notes={27: "it was asleep"})
    [sentence] = broken([FAILS], late)
    assert sentence == ("node 0's prover 0 pays for a duty missed as primary in slot 27, and "
                        "nothing that was done explains it; its own log says: it was asleep")
    [sentence] = broken([FAILS], replace(REPORT, account=account(replace(FINE, prover=1, slot=27))))
    assert sentence.startswith("node 1's prover 1 pays for a duty")
    assert Disturbance("kill", "node 0", 5, 9).paid_for == range(1, 11)
    assert FAILS.paid_for == range(-1, 12)
    [sentence] = broken([FAILS], replace(
        REPORT, account=account(replace(FINE, reason="invalid"))))
    assert "pays for an invalid proof in slot 5" in sentence
    assert broken([FAILS], replace(late, notes={27: "slot 27 is refused: it could be late"})) == []


def test_layer_1_and_finality_are_looked_at() -> None:
    touched = replace(REPORT, history=(*history(2)[:-1], SlotView(SLOTS, b"", b"other", 2)))
    [sentence] = broken([FAILS], touched)
    assert sentence.startswith("layer 1 of slot 33 is not that of the undisturbed run, says node 0")
    split = Disturbance("split", None, 3, 6)
    assert broken([split], touched) == []
    [sentence] = broken([split], replace(REPORT, history=history(1)))
    assert sentence == ("finality has not returned: epoch 2 is not final after 33 slots at "
                        "node 0 (epoch 1), node 1 (epoch 1), node 2 (epoch 1)")
    early = found([replace(split, end=20)], replace(REPORT, history=history(1)))
    assert "finality: the run ends too early to show that it returns; 41 slots do" in [
        check.sentence for check in early]


def test_slashings_and_payments_for_nothing_are_found() -> None:
    [sentence] = broken([FAILS], replace(REPORT, slashed=(4, 9)))
    assert sentence == "layer 1 has slashed validators 4, 9, which all are honest"
    plans = [PLANS[0], replace(PLANS[1], withhold=True), PLANS[2]]
    [sentence] = broken([Disturbance("withhold", "node 1", 0, SLOTS)], REPORT, plans)
    assert sentence == "node 1 is paid for 1 proofs, and has sent none that is valid"
