# amaranth: UnusedElaboratable=no
"""The proof that a whole mailbox unit comes to rest holds, and holds of nothing that does not."""

import pytest

from proofmill.boards.cores.proofs.drain import DEPTH, DrainOfUnit, fits, small
from proofmill.boards.cores.proofs.sby import ONE_QUERY
from proofmill.hdl import bucket_search, recoder
from proofmill.hdl.curve import Group
from proofmill.hdl.presets import STANDARD, at_interval
from tests.choice import slow_but
from tests.hdl.proofs import broken, prove

ADDER = STANDARD.adder


def check(unit, group, folder):
    return prove(DrainOfUnit(unit, group), folder, mode="prove", depth=DEPTH, engine=ONE_QUERY)


@pytest.mark.parametrize("interval, group", slow_but(
    [(12, Group.G1)], [(12, Group.G1), (12, Group.G2), (3, Group.G1)]))
def test_a_whole_unit_always_comes_to_rest(interval, group, tmp_path):
    """In the standard frames, and in those of units that take turns."""
    adder = at_interval(interval, STANDARD).adder
    assert fits(adder, group)
    result = check(small(adder), group, tmp_path)
    assert result == "PASS", (tmp_path / "log").read_text()[-3000:]


WRONG_SEARCH = {
    "a bucket is found for ever": ("with m.If(self.taken):", "with m.If(C(0)):"),
    "the search goes back": ("scan if self.stepped else seen + 1", "scan if self.stepped else 0"),
    "no end is told": ("(scan == stop) & ~seen_valid & ~self.found", "C(0)"),
}
WRONG_RECODER = {
    "an entry is recoded for ever": ("m.d.comb += entry.left.eq(1)", "pass"),
    "windows for ever": ("done.eq((next_number >= windows.end) | (next_bit > highest))",
                         "done.eq(next_bit > highest)"),
    "an operand is never taken": ("operand.valid.eq(0)", "operand.valid.eq(1)"),
}


@pytest.mark.parametrize("name", slow_but(
    ("a bucket is found for ever", "windows for ever"), [*WRONG_SEARCH, *WRONG_RECODER]))
def test_what_never_rests_is_not_proven_to(name, tmp_path):
    unit = small(ADDER)
    bits = unit.shape.mailbox_bits
    if name in WRONG_SEARCH:
        unit.search = broken(bucket_search, *WRONG_SEARCH[name]).BucketSearch(bits)
    else:
        unit.operands.recoder = broken(recoder, *WRONG_RECODER[name]).Recoder(bits)
    assert check(unit, Group.G1, tmp_path) != "PASS"
