"""Every state has a name, a reason and a way out, and follows from what is known of the node."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from proofmill.host.network.operator.conditions import (
    CONDITIONS,
    LATE_SLOTS,
    OLD_HEAD_SLOTS,
    WELL,
    View,
    conditions,
)

GOOD = View(slot=100, head_slot=99, peers=1, peers_known=2)


@pytest.mark.parametrize(("change", "name", "reason"), [
    ({}, "idle", "no payload is its to prove now"),
    ({"prover": False}, "idle", "it does not prove"),
    ({"slot": -3, "head_slot": 0, "funds": "x"}, "idle", "the chain begins in 3 slots"),
    ({"proving": (8, 7)}, "working", "proves slot 7, 8"),
    ({"late_slot": 99, "late_seconds": 2.0}, "late", "a step of slot 99 began 2.0 s after"),
    ({"skipped_slot": 98}, "late", "steps of slot 98 were left out"),
    ({"refused_slot": 99, "refused_reason": "slot 99 is refused: it could be 4 ms late"},
     "refused", "slot 99 is refused: it could be 4 ms late"),
    ({"put_aside": {"rtl": "no answer"}}, "device put aside", "rtl: no answer"),
    ({"funds": "the account has 3 wei"}, "out of funds", "the account has 3 wei"),
    ({"catching_up": True}, "behind", "blocks that it has missed are being fetched"),
    ({"head_slot": 102}, "behind", "its clock is at slot 100, and its latest block is of slot 102"),
    ({"slot": -5}, "behind", "its clock is at slot -5, and its latest block is of slot 99: the "),
    ({"peers": 0}, "behind", "none of its 2 peers is connected"),
    ({"head_slot": 100 - OLD_HEAD_SLOTS - 1}, "behind", "its latest block is of slot 95"),
])
def test_each_state_has_its_reason(change: dict[str, object], name: str, reason: str) -> None:
    found = conditions(replace(GOOD, **change))  # type: ignore[arg-type]
    assert found[0].name == name and found[0].reason.startswith(reason)
    assert len(found) == 1 and found[0].way_out == CONDITIONS[name]
    assert (found[0].way_out == "nothing") is (name in WELL)


def test_all_of_them_at_once_stand_in_their_order() -> None:
    found = conditions(View(slot=50, head_slot=1, peers_known=1, skipped_slot=49, refused_slot=49,
                            refused_reason="r", proving=(48,), put_aside={"rtl": "x"},
                            workers_aside={"alpha": "y"}, funds="f"))
    assert [each.name for each in found] == [name for name in CONDITIONS if name != "idle"]


def test_a_node_that_was_late_is_well_again_after_a_while() -> None:
    late = replace(GOOD, late_slot=GOOD.slot - LATE_SLOTS, skipped_slot=-1)
    assert conditions(late)[0].name == "late"
    assert conditions(replace(late, slot=late.slot + 1, head_slot=late.slot))[0].name == "idle"
    # Before anything was late, nothing is.
    assert conditions(replace(GOOD, slot=3, head_slot=3))[0].name == "idle"


def test_the_page_tells_of_every_state() -> None:
    page = (Path(__file__).parents[4] / "docs" / "node.md").read_text()
    for name, way_out in CONDITIONS.items():
        assert f"| {name} |" in page
        assert re.sub(r"\s+", " ", way_out) in re.sub(r"\s+", " ", page)
