# amaranth: UnusedElaboratable=no
"""The mailboxes' proofs hold, and hold of nothing that is broken."""

import pytest

from proofmill.boards.cores.proofs.mailboxes import DEPTH, MailboxProof, adder_like
from proofmill.boards.cores.proofs.rest import DrainProof
from proofmill.hdl import mailboxes as mailboxes_module
from proofmill.hdl.curve import Group
from proofmill.hdl.presets import STANDARD
from tests.choice import slow_but
from tests.hdl.proofs import broken, prove

LATE_WRITE = "__import__('tests.hdl.proofs', fromlist=['late']).late(m, self.flags.write_port(), 2)"


SHAPES = {
    "g1-4-slots": adder_like(Group.G1, 12, 2),
    "g1-2-slots": adder_like(Group.G1, 6, 3),
    "g1-odd-frame": adder_like(Group.G1, 11, 1),
    "g2-2-slots": adder_like(Group.G2, 12, 2),
    "standard": adder_like(Group.G1, STANDARD.adder.frame[Group.G1],
                           STANDARD.adder.schedules[Group.G1].frames),
}


@pytest.mark.parametrize("name", SHAPES)
def test_nothing_is_lost_or_doubled_or_misplaced(name, tmp_path):
    result = prove(MailboxProof(SHAPES[name]), tmp_path, mode="prove", depth=DEPTH)
    assert result == "PASS", (tmp_path / "log").read_text()[-3000:]


@pytest.mark.parametrize("name", SHAPES)
def test_they_always_come_to_rest(name, tmp_path):
    result = prove(DrainProof(SHAPES[name]), tmp_path, mode="prove", depth=2)
    assert result == "PASS", (tmp_path / "log").read_text()[-3000:]


def test_there_are_runs_in_which_everything_happens(tmp_path):
    """From reset: the proofs do not hold for want of anything that they speak of."""
    proof = DrainProof(SHAPES["g1-4-slots"])
    assert prove(proof, tmp_path, mode="cover", depth=70) == "PASS"


RESTLESS = {
    "operands wait where they could leave": (
        "blocked.eq((kind == Kind.OPERAND) & blocked_by)",
        "blocked.eq(kind == Kind.OPERAND)"),
    "fetches have no slot": ("(self.service == services - 1) & self.fetch.valid",
                             "(self.service == services) & self.fetch.valid"),
    "a sum is passed over": ("(self.service == 0) & returning.valid",
                             "(self.service == 0) & returning.valid & ~self.fetch.valid"),
    "sums come back for ever": ("self.flying[0].eq(self.leaving), self.leaving.valid.eq(0)",
                                 "self.flying[0].eq(self.leaving)"),
    "never quiet": ("& ~Cat(tag.valid for tag in self.flying).any()",
                    "& Cat(tag.valid for tag in self.flying).any()"),
}


@pytest.mark.parametrize("name", RESTLESS)
def test_what_never_rests_is_not_proven_to(name, tmp_path):
    proof = DrainProof(SHAPES["g1-2-slots"], broken(mailboxes_module, *RESTLESS[name]))
    assert prove(proof, tmp_path, mode="prove", depth=2) != "PASS"


WRONG = {
    # A slot takes longer than the flags' memory, so a neighbour finds what its neighbour left; two
    # cycles later, and it would not.
    "flag not there in time": ("self.flags.write_port()", LATE_WRITE),
    "flag inverted": ("flag_write.data.eq(~full &", "flag_write.data.eq(full &"),
    "flag not set": ("flag_write.en.eq(accept |", "flag_write.en.eq((accept & full) |"),
    "two pairs a frame": ("blocked.eq((kind == Kind.OPERAND) & blocked_by)", "blocked.eq(0)"),
    "sum for another mailbox": ("self.flying[n + 1].mailbox.eq(self.flying[n].mailbox)",
                                "self.flying[n + 1].mailbox.eq(self.flying[0].mailbox)"),
    "sum too early": ("returning.eq(self.flying[n])", "returning.eq(self.flying[n - 1])"),
    "pair for another mailbox": ("self.leaving.mailbox.eq(mailbox)",
                                 "self.leaving.mailbox.eq(self.operand.mailbox)"),
    "sum served twice": ("(self.service == 0) & returning.valid, returning",
                         "returning.valid, returning"),
    "resident of another mailbox": ("place.eq(Cat(self.moving_mailbox[:low], self.position))",
                                    "place.eq(Cat(self.mailbox[:low], self.position))"),
    "resident not kept": ("self.moving & ~self.moving_leaves & (self.moving_kind",
                          "self.moving & self.moving_leaves & (self.moving_kind"),
    "operand taken for sum": ("self.moving_kind == Kind.SUM, self.total",
                              "self.moving_kind != Kind.SUM, self.total"),
    "first coordinate left out": ("position.eq(0), start",
                                  "position.eq(1), start"),
}


@pytest.mark.parametrize("name", slow_but(
    ("flag inverted", "sum for another mailbox", "resident not kept", "operand taken for sum"),
    WRONG))
def test_what_is_broken_is_not_proven(name, tmp_path):
    proof = MailboxProof(SHAPES["g1-2-slots"], broken(mailboxes_module, *WRONG[name]))
    assert prove(proof, tmp_path, mode="prove", depth=DEPTH) != "PASS"


@pytest.mark.parametrize("name, cycles", [
    ("flag inverted", 3), ("flag not set", 3),
    ("flag not there in time", 16), ("resident not kept", 17),
    ("operand taken for sum", 17)])
def test_what_is_broken_is_shown_by_an_example(name, cycles, tmp_path):
    """From reset, within so many cycles: the proof can be wrong about real runs too."""
    proof = MailboxProof(SHAPES["g1-2-slots"], broken(mailboxes_module, *WRONG[name]))
    assert prove(proof, tmp_path, mode="bmc", depth=cycles) == "FAIL"
