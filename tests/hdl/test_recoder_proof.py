# amaranth: UnusedElaboratable=no
"""The recoder's proof holds, and holds of nothing that is broken."""

import pytest

from proofmill.boards.cores.proofs.recoder import SCALAR_BITS, RecoderProof, depth, free
from proofmill.boards.cores.proofs.sby import ONE_QUERY
from proofmill.hdl import recoder as recoder_module
from proofmill.hdl.windows import WindowPlan
from tests.hdl.proofs import broken, prove


def check(plan, folder, *wrong, mode="bmc"):
    """Prove it in every state of the recoders; the proof's own registers begin as they should."""
    proof = RecoderProof(plan, broken(recoder_module, *wrong))
    return prove(proof, folder, mode=mode, depth=depth(plan), any_state=free(plan),
                 engine=ONE_QUERY)


QUICK = [(3, 1), (8, 1), (3, 2), (4, 3), (3, 1, 0, 3)]
PLANS = [WindowPlan(SCALAR_BITS, *case) for case in QUICK] + [
    pytest.param(WindowPlan(SCALAR_BITS, *case), marks=pytest.mark.slow)
    for case in [*((window, 1) for window in range(2, 9)), (2, 2), (2, 3)] if case not in QUICK]
SLICES = WindowPlan(SCALAR_BITS, 3, 1, 0, 3)


@pytest.mark.parametrize("plan", PLANS,
                         ids=lambda plan: f"{plan.window}-{plan.units}-{plan.stride}")
def test_the_digits_of_every_scalar_are_worth_the_scalar(plan, tmp_path):
    """Every scalar of eight bits, in every window up to its own width, by one unit or several."""
    assert check(plan, tmp_path) == "PASS", (tmp_path / "log").read_text()[-3000:]


def test_there_are_runs_in_which_an_entry_is_done_with(tmp_path):
    """The proof does not hold for want of time: the least scalar and the greatest get through."""
    assert check(WindowPlan(SCALAR_BITS, 3, 2), tmp_path, mode="cover") == "PASS"


WRONG = {
    "sign": ("Mux(negative, part_base + middle - part,", "Mux(negative, part_base + part,"),
    "bias of the last window": ("Mux(final & (number == windows.last), 0,",
                                "Mux(final & (number == 300), 0,"),
    "a digit that begins with the highest bit": ("(next_bit > highest)", "(next_bit >= highest)"),
    "a unit's own windows": ("next_number.eq(next_number + self.units)",
                             "next_number.eq(next_number + 1)"),
    "operand that waits": ("free.eq(~operand.valid)", "free.eq(1)"),
    "digit that is zero": ("part_valid & (part != middle)", "part_valid"),
    "scalar of the entry before": ("scalar.eq(entry.slice.scalar), base.eq(-1)", "base.eq(-1)"),
    "mailboxes of the entry before": ("scalar.eq(entry.slice.scalar), base.eq(-1)",
                                      "scalar.eq(entry.slice.scalar)"),
}
WRONG_WITH_SLICES = {
    "every slice's last window": ("final & (number == windows.last)", "number == windows.last"),
    "a slice's own bits": ("windows.begin_bit + entry.slice.begin", "windows.begin_bit"),
    "the final one of the entry before": ("final.eq(entry.slice.final), ", ""),
}


@pytest.mark.parametrize("name", [*WRONG, *WRONG_WITH_SLICES])
def test_a_broken_recoder_is_not_proven(name, tmp_path):
    plan = WindowPlan(SCALAR_BITS, 3, 2) if name in WRONG else SLICES
    assert check(plan, tmp_path, *(WRONG | WRONG_WITH_SLICES)[name]) == "FAIL"
