"""Bonds: what goes in, what comes out, and when; and money that adds up whatever happens."""

from random import Random

import pytest

from proofmill.host.network.evm.client import RevertedError
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.network.mechanism.bonds import unbonding_epochs
from proofmill.host.network.mechanism.parameters import Defences, Parameters
from tests.host.network.contracts.conftest import MakeWorld
from tests.host.network.contracts.world import ETHER, MINIMUM_BOND, PLAIN, World

QUICK = Parameters(slots_per_epoch=4, stage1_blocks=1, stage2_blocks=1, window_blocks=4,
                   committee_size=2, defences=Defences(calibration=False))


def test_registration_and_deposits(make_world: MakeWorld) -> None:
    world = make_world()
    owner = world.account("owner 0")
    for value, address, message in ((MINIMUM_BOND - 1, b"\x01" * 20, "below the minimum"),
                                    (MINIMUM_BOND, bytes(20), "reward address is needed")):
        with pytest.raises(RevertedError, match=message):
            world.bonds.send(owner, "register", address, value=value)
    receipt = world.join(0)
    events = {event.name: event.values for event in world.bonds.events(receipt)}
    assert events["Registered"] == {"prover": 0, "owner": owner.address,
                                    "reward_address": world.reward_address(0)}
    world.bonds.send(world.account("carrier"), "deposit", 0, value=ETHER)
    prover = world.bonds.call("prover", 0)
    assert prover["bond"] == 11 * ETHER and prover["reliability"] == 3_000
    assert world.bonds.call("number_of", world.reward_address(0)) == (True, 0)
    assert world.bonds.call("number_of", b"\x05" * 20) == (False, 0)
    for number, value, message in ((1, ETHER, "no such prover"), (0, 0, "nothing was sent")):
        with pytest.raises(RevertedError, match=message):
            world.bonds.send(owner, "deposit", number, value=value)
        with pytest.raises(RevertedError, match=message):
            world.bonds.send(owner, "delegate", number, value=value)


def test_leaving_takes_its_time(make_world: MakeWorld) -> None:
    world = make_world(3)
    world.advance()
    owner, thief = world.account("owner 1"), world.account("thief")
    with pytest.raises(RevertedError, match="only the owner"):
        world.bonds.send(thief, "leave", 1)
    with pytest.raises(RevertedError, match="has not left"):
        world.bonds.send(owner, "withdraw", 1)
    world.bonds.send(owner, "leave", 1)
    assert world.bonds.call("tickets")[0] == (0, 2)
    assert not world.bonds.call("is_bonded", 1)
    for function, message in (("leave", "leaving already"), ("withdraw", "wait is not over")):
        with pytest.raises(RevertedError, match=message):
            world.bonds.send(owner, function, 1)
    with pytest.raises(RevertedError, match="the prover is leaving"):
        world.bonds.send(owner, "deposit", 1, value=ETHER)
    first = (unbonding_epochs(PLAIN) + 1) * PLAIN.slots_per_epoch
    world.advance(to=first - 1)
    with pytest.raises(RevertedError, match="wait is not over"):
        world.bonds.send(owner, "withdraw", 1)
    world.advance(to=first + 2)
    for _ in range(PLAIN.committee_blocks):    # its last duty lasts so many blocks
        world.advance()
    before = world.evm.balance(owner.address)
    receipt = world.bonds.send(owner, "withdraw", 1)
    assert world.evm.balance(owner.address) > before + 9 * ETHER and receipt.succeeded
    with pytest.raises(RevertedError, match="nothing to withdraw"):
        world.bonds.send(owner, "withdraw", 1)
    assert world.bonds.call("invariants")


def test_delegation(make_world: MakeWorld) -> None:
    world = make_world(2)
    world.advance()
    delegator = world.account("delegator")
    world.bonds.send(delegator, "delegate", 1, value=5 * ETHER)
    numbers, weights = world.bonds.call("tickets")
    assert numbers == (0, 1) and weights == (10 * ETHER * 3_000, 15 * ETHER * 3_000)
    with pytest.raises(RevertedError, match="less was delegated"):
        world.bonds.send(world.account("thief"), "undelegate", 1, 1)
    with pytest.raises(RevertedError, match="less was delegated"):
        world.bonds.send(delegator, "undelegate", 1, 5 * ETHER + 1)
    world.bonds.send(delegator, "undelegate", 1, 2 * ETHER)
    assert world.bonds.call("tickets")[1][1] == 13 * ETHER * 3_000
    with pytest.raises(RevertedError, match="wait is not over"):
        world.bonds.send(delegator, "withdraw_delegation", 1)
    world.advance(to=(unbonding_epochs(PLAIN) + 1) * PLAIN.slots_per_epoch)
    world.bonds.send(delegator, "withdraw_delegation", 1)
    with pytest.raises(RevertedError, match="nothing to withdraw"):
        world.bonds.send(delegator, "withdraw_delegation", 1)
    assert world.bonds.call("held") == 23 * ETHER - world.bonds.call("burned")
    with pytest.raises(RevertedError, match="nothing to collect"):
        world.bonds.send(delegator, "collect")


def test_weights_count_two_epochs_later(make_world: MakeWorld) -> None:
    """Stake moved when a mix is known, or could be, has no influence on its draws."""
    world = make_world(4, QUICK)
    world.advance()
    for _ in range(8):
        world.advance()
    assert world.slot == 9
    slot = 12  # of epoch 3: drawn with the tickets of epoch 1
    before = world.contracts.assignment.call("draw", slot, 0, bytes(20))
    world.bonds.send(world.account("delegator"), "delegate", 3, value=1_000 * ETHER)
    assert world.contracts.assignment.call("draw", slot, 0, bytes(20)) == before
    known, numbers, weights = world.contracts.assignment.call("tickets_for", slot)
    assert known and numbers == (0, 1, 2, 3) and max(weights) < 100 * ETHER * 10_000
    world.advance(to=12)
    world.advance()
    assert max(world.contracts.assignment.call("tickets_for", 20)[2]) > 1_000 * ETHER * 1_000


def test_who_cannot_pay_is_not_drawn(make_world: MakeWorld) -> None:
    world = make_world(0, QUICK)
    world.base = 30 * ETHER  # penalties of 13 ether
    world.join(0, MINIMUM_BOND)
    world.join(1, 100 * ETHER)
    world.advance()
    seen = set()
    for _ in range(6):
        world.advance()
        primary, committee = world.assignment(world.slot - 1)
        seen |= {primary, *committee}
        assert 0 not in (primary, *committee)
        assert world.bonds.call("invariants")
    assert 1 in seen
    # Its bond does not cover a wrong proof either.
    world.advance()
    world.advance()
    with pytest.raises(RevertedError, match="would not cover an invalid proof"):
        world.submit(world.slot - 3, 0)


def one_step(world: World, random: Random, winners: dict[int, int]) -> str:
    """Something that somebody may do, or may try."""
    count = world.bonds.call("prover_count")
    prover = random.randrange(count)
    slot = max(1, world.slot - random.randrange(1, 6))
    names = ["advance"] * 4 + ["primary"] * 5 + [
        "submit", "submit", "submit", "deposit", "delegate", "undelegate", "leave", "withdraw",
        "withdraw_delegation",
        "mature", "collect", "report"]
    name = random.choice(names)
    owner, carrier = world.account(f"owner {prover}"), world.account("carrier")
    try:
        if name == "advance":
            world.finalized = max(world.finalized, world.slot - 8)
            world.advance(world.slot + random.choice((1,) * 8 + (2, 9)))
        elif name == "primary":
            primary = world.assignment(world.slot - 1)[0]
            world.submit(world.slot - 1, primary if primary < count else 0)
        elif name == "submit":  # of the committee, or in the open stage anybody
            committee = world.assignment(slot)[1]
            world.submit(slot, random.choice((*committee, prover)))
        elif name == "report":
            proof = [random.randrange(9)] * 8
            digest = world.rewards.call(
                "signed_digest", slot, world.rewards.call("record", slot)["payload_root"], prover,
                proof)
            signature = owner.sign_hash(digest)
            world.rewards.send(carrier, "report_invalid", slot, prover, proof, signature[64],
                               int.from_bytes(signature[:32], "big"),
                               int.from_bytes(signature[32:64], "big"))
        elif name == "mature":
            world.rewards.send(carrier, "mature", random.choice(sorted(winners) or [1]))
        elif name in ("deposit", "delegate"):
            world.bonds.send(owner, name, prover, value=random.randrange(2 * ETHER))
        elif name == "undelegate":
            world.bonds.send(owner, name, prover, random.randrange(ETHER))
        elif name == "collect":
            world.bonds.send(owner, name)
        elif name != "leave" or random.random() < 0.2:
            world.bonds.send(owner, name, prover)
        else:
            return ""
    except (RevertedError, KeyError):
        return ""
    return name


def test_invariants_hold_whatever_happens(make_world: MakeWorld) -> None:
    """The contracts' invariants of the design after each of some hundred random steps."""
    world = make_world(6, QUICK)
    embedded = isinstance(world.evm, EmbeddedEvm)
    random = Random(3)
    world.advance()
    done: dict[str, int] = {}
    bonds, rewards = world.bonds, world.rewards
    winners: dict[int, int] = {}
    for _ in range(45 if embedded else 220):
        name = one_step(world, random, winners)
        done[name] = done.get(name, 0) + 1
        # 5: bond >= liabilities; 6: burned + paid + returned (+ escrow) = taken.
        assert bonds.call("invariants"), name
        # 2: minted <= credited <= budgets.
        assert rewards.call("invariants"), name
        held = bonds.call("held")
        provers = [bonds.call("prover", n) for n in range(6)]
        assert held >= sum(p["bond"] + p["delegated"] for p in provers) + bonds.call("escrow")
        assert world.consensus.call("failed_hooks") == 0
        # 3 and 4: a winner never changes, and its proof carried its own tag.
        for slot in range(max(1, world.slot - 6), world.slot):
            record = rewards.call("record", slot)
            if record["won"]:
                assert winners.setdefault(slot, record["winner"]) == record["winner"]
    assert winners and done["advance"] > 5
    if not embedded:
        assert {"primary", "mature", "submit"} <= set(done), done
