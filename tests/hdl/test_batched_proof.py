# amaranth: UnusedElaboratable=no
"""The proof of the mailboxes whose sums are made in batches holds, and not of what is broken."""

import pytest

from proofmill.boards.cores.proofs.batched import BatchedProof, depth
from proofmill.boards.cores.proofs.mailboxes import adder_like
from proofmill.hdl import mailbox_batches as port_module
from proofmill.hdl import mailboxes as mailboxes_module
from proofmill.hdl.curve import Group
from tests.choice import slow_but
from tests.hdl.proofs import broken, prove

SHAPE = adder_like(Group.G1, 12, 2)


@pytest.mark.parametrize("group, frame", slow_but(
    [(Group.G1, 12)], [(Group.G1, 12), (Group.G1, 11), (Group.G1, 36), (Group.G2, 36)]))
def test_nothing_is_lost_and_no_pair_is_refused(group, frame, tmp_path):
    result = prove(BatchedProof(adder_like(group, frame, 2)), tmp_path, mode="prove",
                   depth=depth(group))
    assert result == "PASS", (tmp_path / "log").read_text()[-3000:]


@pytest.mark.slow
def test_there_are_runs_in_which_everything_happens(tmp_path):
    assert prove(BatchedProof(SHAPE), tmp_path, mode="cover", depth=90) == "PASS"


WRONG = {
    "no room is needed": (port_module, "room.eq(waiting < shape.queue - 1)", "room.eq(1)"),
    "no limit": (port_module, "room & (flying < most_flying(shape))", "room"),
    "a sum needs no room": (port_module, "sums.valid & room", "sums.valid"),
    "pairs come out of the queue twice": (port_module, "boxes.left - self.popped",
                                          "boxes.left - self.popped - self.popped"),
    "a sum is served twice": (port_module, "sums.ready.eq(boxes.sum_taken)",
                              "sums.ready.eq(boxes.sum_taken & ~boxes.left)"),
    "operands leave all the same": (mailboxes_module, "Mux(self.mode, ~self.port.may_leave",
                                    "Mux(self.mode, 0"),
    "the other adder's pairs": (mailboxes_module, "with m.If(leaves & ~self.mode)",
                                "with m.If(leaves)"),
    "in the middle of a slot": (mailboxes_module, "(self.phase == 0) & (self.service < services)",
                                "(self.service < services)"),
}


@pytest.mark.parametrize("name", slow_but(
    ["no room is needed", "operands leave all the same"], WRONG))
def test_what_is_broken_is_not_proven(name, tmp_path):
    module, *edits = WRONG[name]
    modules = [broken(module, *edits) if each is module else each
               for each in (mailboxes_module, port_module)]
    assert prove(BatchedProof(SHAPE, modules), tmp_path, mode="prove",
                 depth=depth(Group.G1)) != "PASS"
