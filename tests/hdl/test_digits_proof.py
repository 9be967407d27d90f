# amaranth: UnusedElaboratable=no
"""The recoder's proof at full width holds, and holds of nothing that is broken."""

import subprocess

import pytest

from proofmill.boards.cores.proofs import bounds
from proofmill.boards.cores.proofs.digits import (
    DEPTH,
    DigitProof,
    plans_of,
    room_claim,
    sum_claim,
    sum_claims,
)
from proofmill.boards.cores.proofs.sby import ONE_QUERY
from proofmill.hdl import recoder as recoder_module
from proofmill.hdl.curve import BN254
from proofmill.hdl.presets import STANDARD
from proofmill.hdl.windows import WindowPlan
from tests.choice import slow_but
from tests.hdl.proofs import broken, prove, require_tools, search_path

BITS = 6  # of a mailbox's number, where it does not matter


@pytest.mark.parametrize("bits, units", slow_but(
    [(BITS, 1)], [(BITS, 1), (BITS, 3), (STANDARD.mailbox_bits, 1)]))
def test_every_operand_is_a_digit_and_every_digit_an_operand(bits, units, tmp_path):
    result = prove(DigitProof(bits, units), tmp_path, mode="prove", depth=DEPTH, engine=ONE_QUERY)
    assert result == "PASS", (tmp_path / "log").read_text()[-3000:]


def test_there_are_runs_in_which_everything_happens(tmp_path):
    """From reset: a digit below zero high up in a scalar, both halves of a bucket, two digits."""
    assert prove(DigitProof(BITS, 1), tmp_path, mode="cover", depth=9) == "PASS"


WRONG = {
    "sign": ("Mux(negative, part_base + middle - part,", "Mux(negative, part_base + part,"),
    "bias of the last window": ("final & (number == windows.last)", "number == windows.last"),
    "a digit that begins with the highest bit": ("(next_bit > highest)", "(next_bit >= highest)"),
    "piece of a scalar's upper half": ("next_bit[within:exact_log2(self.number_bits)]",
                                       "next_bit[within:exact_log2(self.number_bits) - 1]"),
    "wide windows": ("narrow.eq(number >= windows.wide)", "narrow.eq(number > windows.wide)"),
    "where the next begins": ("next_bit.eq(next_bit + windows.step_bits + wider)",
                              "next_bit.eq(next_bit + windows.step_bits)"),
    "operand that waits": ("free.eq(~operand.valid)", "free.eq(1)"),
    "digit that is zero": ("part_valid & (part != middle)", "part_valid"),
    "scalar of the entry before": ("scalar.eq(entry.slice.scalar), base.eq(-1)", "base.eq(-1)"),
    "a slice's own bits": ("windows.begin_bit + entry.slice.begin", "windows.begin_bit"),
    "left too soon": ("with m.If(done):\n", "with m.If(done | (next_number == 100)):\n"),
    "a bucket's group": ("pair.eq(Cat(state == Work.HIGH, group))",
                         "pair.eq(Cat(state == Work.LOW, group))"),
    "a bucket's number": ("bucket.eq(place + level.first)", "bucket.eq(place)"),
}


@pytest.mark.parametrize("name", slow_but(
    ("piece of a scalar's upper half", "left too soon", "a bucket's group"), WRONG))
def test_a_broken_recoder_is_not_proven(name, tmp_path):
    proof = DigitProof(BITS, 1, broken(recoder_module, *WRONG[name]))
    assert prove(proof, tmp_path, mode="prove", depth=DEPTH, engine=ONE_QUERY) != "PASS"


@pytest.mark.slow
@pytest.mark.parametrize("name, cycles", [
    ("piece of a scalar's upper half", 6), ("a bucket's group", 7)])
def test_what_is_broken_is_shown_by_an_example(name, cycles, tmp_path):
    """From reset: the proof is wrong about real runs too."""
    proof = DigitProof(BITS, 1, broken(recoder_module, *WRONG[name]))
    assert prove(proof, tmp_path, mode="bmc", depth=cycles, engine=ONE_QUERY) == "FAIL"


def answers(claims, folder):
    require_tools()
    (folder / "claims.smt2").write_text(bounds.file_of("", claims))
    done = subprocess.run(["z3", "claims.smt2"], cwd=folder, capture_output=True, text=True,
                          env={"PATH": search_path()})
    return done.stdout.split()


@pytest.mark.parametrize("plan", [WindowPlan(BN254.scalar.bits, 13),
                                  WindowPlan(BN254.scalar.bits, 9, 3, stride=26)],
                         ids=lambda plan: f"{plan.window}-{plan.copies}")
def test_digits_are_worth_their_scalar_with_this_bias_and_no_other(plan, tmp_path):
    claims = [sum_claim(plan), room_claim(plan), sum_claim(plan, missing=1)]
    assert answers(claims, tmp_path) == ["unsat", "unsat", "sat"]


@pytest.mark.slow
@pytest.mark.parametrize("units", [1, 3])
def test_so_they_are_in_every_plan(units, tmp_path):
    plans = list(plans_of(BN254.scalar.bits, units))
    assert {plan.window for plan in plans} == set(range(2, 17))
    assert any(plan.copies > 8 for plan in plans)
    assert set(answers(sum_claims(plans), tmp_path)) == {"unsat"}
