"""The control of the check within an accelerator: proven, and not where it is broken."""

import pytest

from proofmill.boards.cores.proofs.check import CLAIMS, DEPTH, Kept, small
from proofmill.boards.cores.proofs.sby import ONE_QUERY
from proofmill.hdl import checker
from proofmill.host.cli.main import main
from tests.hdl.proofs import broken, prove

TOO_EARLY = ("                    & ~((word.keep == Keep.PRODUCT) & no_product)\n", "")
"""A word keeps a product that has not come."""

OVERWRITTEN = ("self.carrying & ~(factor & self.owing & ~self.giving)\n", "self.carrying\n")
"""Factors come before the multiplier has taken the last."""

LEFT_BEHIND = ("with m.Elif(~self.owing):", "with m.Else():")
"""A check is over, and factors wait for the multiplier."""

FOR_GOOD = ("inverting & ~inverter.results.valid", "~inverter.results.valid")
"""An inverse that nobody began is waited for."""

FOR_NOTHING = ("empty & (flying != 0)", "empty")
"""... or a product, or a sum."""

TWICE = ("m.d.sync += self.carrying.eq(0)", "pass")
"""A word is carried out again until the next has come."""

BEHIND = ("at.eq(at + BURST)", "at.eq(at + requests.payload.words + 1)")
"""Words of the memory are passed over."""


@pytest.mark.parametrize("what, edits, proven", [
    *(pytest.param(what, (), True, id=what) for what in CLAIMS),
    *(pytest.param(what, edits, False, id=name, marks=pytest.mark.slow)
      for name, what, edits in (
          ("too early", "products", TOO_EARLY), ("overwritten", "ends", OVERWRITTEN),
          ("left behind", "ends", LEFT_BEHIND), ("for good", "ends", FOR_GOOD),
          ("for nothing", "ends", FOR_NOTHING), ("twice", "words", TWICE),
          ("behind", "words", BEHIND)))])
def test_nothing_is_lost_and_it_ends(what, edits, proven, tmp_path):
    """By induction, for any number of cycles."""
    proof = Kept(small(), what, broken(checker, *edits))
    found = prove(proof, tmp_path, mode="prove", depth=DEPTH, engine=ONE_QUERY)
    assert (found == "PASS") == proven


def test_it_is_written_for_who_proves(tmp_path):
    assert main(["verilog", str(tmp_path / "one.sv"), "--unit", "accelerator", "--preset", "toy",
                 "--check", "--sby"]) == 0
    tasks = (tmp_path / "one.sby").read_text().split("[options]")[0].splitlines()
    assert {"script", "ends", *(f"check_{what}" for what in CLAIMS)} <= {*tasks}
