"""Places of the contract of bonds: what they cost, and that it gives them as the mechanism does."""

from dataclasses import replace
from random import Random

import pytest

from proofmill.host.network.evm.client import RevertedError
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.network.mechanism import places
from proofmill.host.network.mechanism.bonds import unbonding_epochs
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.mechanism.places import Member, entered
from tests.host.network.contracts.conftest import addresses
from tests.host.network.contracts.world import (
    CHAIN_ID,
    ETHER,
    GENESIS_TIME,
    MINIMUM_BOND,
    World,
)

P = Parameters(slots_per_epoch=4, stage1_blocks=1, stage2_blocks=1, window_blocks=4,
               committee_size=1, places=3, calibration_proofs=1)


def made(parameters: Parameters = P) -> World:
    evm = EmbeddedEvm(CHAIN_ID, {each: 100_000 * ETHER for each in addresses()},
                      timestamp=GENESIS_TIME - 1_000)
    world = World(evm, parameters)
    world.advance()
    world.advance()
    return world


def calibrate(world: World, prover: int) -> None:
    """With a proof of the latest payload that can be."""
    slot = world.slot - 1
    world.rewards.send(world.account("carrier"), "calibrate", slot, prover,
                       world.proof(slot, prover))


def placed(world: World) -> set[int]:
    return {number for number in range(world.bonds.call("prover_count"))
            if world.bonds.call("prover", number)["placed"]}


def enter(world: World, prover: int) -> None:
    world.bonds.send(world.account(f"owner {prover}"), "enter", prover)


def test_a_full_registry_is_a_price() -> None:
    """Three least bonds, one of them not calibrated: a larger bond gets a place, once it is
    calibrated, and at once the place of who was not in time."""
    world = made()
    for prover in range(3):
        world.join(prover, MINIMUM_BOND)
    for prover in (0, 1):
        calibrate(world, prover)
    assert world.bonds.call("place_price") == MINIMUM_BOND + 1
    with pytest.raises(RevertedError, match="by larger bonds"):
        world.join(3, MINIMUM_BOND)
    world.join(3, 2 * MINIMUM_BOND)
    assert placed(world) == {0, 1, 2} and not world.bonds.call("is_bonded", 3)
    with pytest.raises(RevertedError, match="calibration comes first"):
        enter(world, 3)
    with pytest.raises(RevertedError, match="only the owner"):
        world.bonds.send(world.account("thief"), "enter", 3)
    calibrate(world, 3)
    enter(world, 3)
    assert placed(world) == {1, 2, 3}, "the first of the least bonds has left"
    assert world.bonds.call("tickets")[0] == (1, 3)
    with pytest.raises(RevertedError, match="has a place"):
        enter(world, 3)
    # Who has lost its place comes back with more, in ascending order.
    with pytest.raises(RevertedError, match="by larger bonds"):
        enter(world, 0)
    world.bonds.send(world.account("owner 0"), "deposit", 0, value=1)
    enter(world, 0)
    assert placed(world) == {0, 2, 3} and world.bonds.call("tickets")[0] == (0, 3)
    # Prover 2 has had its epoch, and more.
    while world.slot // 4 < 2:
        world.advance()
    assert world.bonds.call("place_price") == MINIMUM_BOND
    enter(world, 1)
    assert placed(world) == {0, 1, 3}
    owner = world.account("owner 2")
    world.bonds.send(owner, "leave", 2)
    world.advance(to=(world.slot // 4 + unbonding_epochs(P) + 1) * 4 + 4)
    before = world.evm.balance(owner.address)
    world.bonds.send(owner, "withdraw", 2)
    assert world.evm.balance(owner.address) > before + MINIMUM_BOND // 2, "nothing is lost"
    assert world.bonds.call("invariants")


def test_without_calibration_the_larger_bond_has_its_place_at_once() -> None:
    world = made(replace(P, calibration_proofs=0))
    for prover, bond in enumerate((3, 2, 4, 5)):
        world.join(prover, bond * MINIMUM_BOND)
    assert placed(world) == {0, 2, 3}


def test_places_are_given_as_the_mechanism_gives_them() -> None:
    world, luck = made(), Random(3)
    members: dict[int, Member] = {}
    bonds: dict[int, int] = {}
    calibrated: set[int] = set()
    refused = 0
    for _ in range(70):
        epoch, act = world.slot // 4, luck.choice(("join", "enter", "enter", "calibrate", "leave",
                                                   "pass", "deposit"))
        number = luck.choice(sorted(bonds)) if bonds else 0
        assert world.bonds.call("place_price") == places.price(P, members, epoch, MINIMUM_BOND)
        if act == "join" and len(bonds) < 12 or not bonds:
            number, bond = world.bonds.call("prover_count"), MINIMUM_BOND + luck.randrange(20)
            if bond < places.price(P, members, epoch, MINIMUM_BOND):
                with pytest.raises(RevertedError):
                    world.join(number, bond)
                continue
            world.join(number, bond)
            bonds[number] = bond
            if len(members) < P.places:
                members = entered(P, members, number, Member(bond, epoch, False))
        elif act == "enter" and number not in members:
            try:
                members = entered(P, members, number,
                                  Member(bonds[number], epoch, number in calibrated))
            except ValueError:
                refused += 1
                with pytest.raises(RevertedError):
                    enter(world, number)
                continue
            enter(world, number)
        elif act == "calibrate" and number not in calibrated:
            calibrate(world, number)
            calibrated.add(number)
            if number in members:
                members[number] = replace(members[number], calibrated=True)
        elif act == "deposit":
            world.bonds.send(world.account(f"owner {number}"), "deposit", number, value=7)
            bonds[number] += 7
            if number in members:
                members[number] = replace(members[number], bond=bonds[number])
        elif act == "leave" and len(bonds) > 4:
            world.bonds.send(world.account(f"owner {number}"), "leave", number)
            members.pop(number, None)
            del bonds[number]
        elif act == "pass":
            world.advance()
        assert placed(world) == set(members)
    assert refused and len(bonds) > P.places
    assert world.bonds.call("invariants")
