"""Who has a place in a full registry."""

import pytest

from proofmill.host.network.mechanism import places
from proofmill.host.network.mechanism.parameters import Defences, Parameters
from proofmill.host.network.mechanism.places import Member, entered

P = Parameters(places=3)
FULL = {1: Member(50, 0, True), 2: Member(40, 0, True), 5: Member(40, 0, True)}


def test_a_free_place_costs_the_minimum() -> None:
    some = {1: FULL[1]}
    assert places.price(P, some, 0, 10) == 10
    assert set(entered(P, some, 9, Member(10, 0, False))) == {1, 9}


def test_the_larger_bond_takes_the_place_of_the_least() -> None:
    assert places.price(P, FULL, 0, 10) == 41
    assert set(entered(P, FULL, 9, Member(41, 7, True))) == {1, 5, 9}
    for wrong in (Member(40, 0, True), Member(500, 0, False)):
        with pytest.raises(ValueError, match="no place for prover 9"):
            entered(P, FULL, 9, wrong)


def test_who_is_not_calibrated_in_time_loses_the_place() -> None:
    members = FULL | {1: Member(50, 3, False)}
    assert [places.price(P, members, epoch, 10) for epoch in (3, 4, 5)] == [41, 41, 10]
    assert set(entered(P, members, 9, Member(10, 5, True))) == {2, 5, 9}
    with pytest.raises(ValueError):
        entered(P, members, 9, Member(10, 5, False))


def test_without_the_defence_a_full_registry_is_a_wall() -> None:
    open_ones = Parameters(places=3, defences=Defences(places_by_bond=False))
    with pytest.raises(ValueError):
        entered(open_ones, FULL, 9, Member(5000, 0, True))


@pytest.mark.parametrize("count", [0, 129])
def test_a_contract_has_no_such_room(count: int) -> None:
    with pytest.raises(ValueError, match=f"places must be 1 to 128, not {count}"):
        Parameters(places=count)
