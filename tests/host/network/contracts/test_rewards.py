"""Rewards for proofs of blocks: each rule, and each refusal."""

from collections.abc import Sequence

import pytest

from proofmill.host.network.contracts.deployment import NO_STATEMENT, on_block
from proofmill.host.network.evm.client import RevertedError
from proofmill.host.network.mechanism.parameters import Defences, Parameters
from proofmill.host.network.mechanism.rewards import budget, split
from tests.host.network.contracts.conftest import MakeWorld
from tests.host.network.contracts.world import BASE, ETHER, PLAIN, World

QUICK = Parameters(slots_per_epoch=4, stage1_blocks=1, stage2_blocks=1, window_blocks=4,
                   committee_size=2, defences=Defences(calibration=False))
BUDGET = budget(BASE, PLAIN.rho_start)


def others(world: World, slot: int) -> list[int]:
    """Bonded provers that are neither primary nor committee of a slot."""
    primary, committee = world.assignment(slot)
    return [n for n in range(world.bonds.call("prover_count")) if n not in (primary, *committee)]


def signed(
    world: World, slot: int, prover: int, proof: list[int], root: bytes | None = None
) -> tuple[int, int, int]:
    root = root or world.statements[slot].payload_root
    digest = world.rewards.call("signed_digest", slot, root, prover, proof)
    signature = world.account(f"owner {prover}").sign_hash(digest)
    return (signature[64], int.from_bytes(signature[:32], "big"),
            int.from_bytes(signature[32:64], "big"))


def test_primary_is_paid_after_finality(make_world: MakeWorld) -> None:
    world = make_world(5)
    world.advance()
    world.advance()
    primary, committee = world.assignment(1)
    assert len({primary, *committee}) == 1 + PLAIN.committee_size
    assert world.bonds.call("prover", primary)["liabilities"] > 0
    world.submit(1, primary)
    assert world.rewards.call("candidates", 1) == (
        {"prover": primary, "includer": world.proposer(2)},)
    with pytest.raises(RevertedError, match="has no winner"):
        world.rewards.send(world.account("carrier"), "mature", 1)
    world.advance()
    record = world.rewards.call("record", 1)
    prover_amount, includer_amount = split(PLAIN, BUDGET, 1)
    assert (record["prover_amount"], record["includer_amount"]) == (prover_amount, includer_amount)
    assert prover_amount == BUDGET * 56 // 64 and includer_amount == BUDGET * 8 // 64
    assert world.rewards.call("winner_of", world.statements[1].payload_root) == (True, primary)
    assert world.rewards.call("totalSupply") == 0
    with pytest.raises(RevertedError, match="is not final"):
        world.rewards.send(world.account("carrier"), "mature", 1)
    world.finalized = 2
    world.advance()
    world.rewards.send(world.account("carrier"), "mature", 1)
    assert world.rewards.call("balanceOf", world.reward_address(primary)) == prover_amount
    assert world.rewards.call("balanceOf", world.proposer(2)) == includer_amount
    with pytest.raises(RevertedError, match="matured already"):
        world.rewards.send(world.account("carrier"), "mature", 1)
    prover = world.bonds.call("prover", primary)
    assert prover["bond"] == 10 * ETHER
    assert prover["reliability"] == 3_000 + 700
    assert world.rewards.call("invariants") and world.bonds.call("invariants")


def test_copies_are_worth_nothing(make_world: MakeWorld) -> None:
    """Who carries a proof earns nothing; under another name it does not verify."""
    world = make_world(5)
    world.advance()
    world.advance()
    primary, committee = world.assignment(1)
    proof = world.proof(1, primary)
    with pytest.raises(RevertedError, match="not eligible in this stage"):
        world.submit(1, committee[0], proof, sender="thief")
    # Made in the primary's name, but for the thief's address.
    diverted = world.proof(1, primary, world.account("thief").address)
    with pytest.raises(RevertedError, match="does not verify for this prover"):
        world.submit(1, primary, diverted, sender="thief")
    world.submit(1, primary, proof, sender="thief")
    with pytest.raises(RevertedError, match="is included already"):
        world.submit(1, primary, proof, sender="thief")
    world.advance()
    # Other bytes for the same statement are still the same statement.
    with pytest.raises(RevertedError, match="proven already"):
        world.submit(1, primary, [*proof[:4], 1, 2, 3, 4])
    assert world.rewards.call("record", 1)["winner"] == primary


def test_stages(make_world: MakeWorld) -> None:
    world = make_world(6, QUICK)
    world.advance()
    world.advance()
    primary, committee = world.assignment(1)
    (outsider, *_) = others(world, 1)
    for wrong in (outsider, *committee, 99):
        with pytest.raises(RevertedError, match="not eligible"):
            world.submit(1, wrong)
    for unknown in (0, 2):
        with pytest.raises(RevertedError, match="no payload of this slot"):
            world.rewards.send(world.account("carrier"), "submit", unknown, primary, [0] * 8)
    world.advance()
    with pytest.raises(RevertedError, match="not eligible"):
        world.submit(1, outsider)
    for delay in range(0, 6):
        may = [world.rewards.call("may_prove", 1, n, delay)
               for n in (primary, committee[0], outsider)]
        assert may == {1: [True, False, False], 2: [True, True, False], 3: [True] * 3,
                       4: [True] * 3}.get(delay, [False] * 3), delay
    world.advance()
    world.advance()
    world.submit(1, outsider)
    world.advance()
    record = world.rewards.call("record", 1)
    assert record["winner"] == outsider
    assert (record["prover_amount"], record["includer_amount"]) == split(QUICK, BUDGET, 4)
    assert record["prover_amount"] == BUDGET * 56 // 64 // 2
    # Slot 2 was proven by nobody; its window is over now.
    world.advance()
    with pytest.raises(RevertedError, match="not eligible"):
        world.submit(2, outsider)


def test_proofs_of_one_slot_are_equal(make_world: MakeWorld) -> None:
    """The order in the block does not decide; but the primary comes before its rescuers."""
    winners = set()
    world = make_world(6, QUICK)
    for _ in range(10):
        world.advance()
    for slot in range(world.slot - 2, world.slot + 60):
        if winners == {0, 1} and slot > 11:
            break
        primary, committee = world.assignment(slot)
        for prover in committee:
            if world.rewards.call("may_prove", slot, prover, 2):
                world.submit(slot, prover)
        assert len(world.rewards.call("candidates", slot)) == 2
        late = slot % 3 == 0
        if late:
            world.submit(slot, primary)
        world.advance()
        winner = world.rewards.call("record", slot)["winner"]
        if late:
            assert winner == primary
        else:
            winners.add(committee.index(winner))
    assert winners == {0, 1}


def test_misses_cost_and_rescuers_are_paid(make_world: MakeWorld) -> None:
    world = make_world(6, QUICK)
    penalty = 2 * split(QUICK, BUDGET, 1)[0]
    rescued = None
    # All primaries of epoch 0 deliver, but that of slot 2, whom a member of the committee rescues.
    for slot in range(1, 10):
        world.advance()
        if slot == 1:
            continue
        primary, committee = world.assignment(slot - 1)
        if slot - 1 != 2:
            world.submit(slot - 1, primary)
        if slot == 4:
            rescued = (world.assignment(2)[0], world.assignment(2)[1][0])
            world.submit(2, rescued[1])
    assert rescued is not None
    misser, rescuer = rescued
    # Epoch 0 ends with slot 3, its windows with slot 7: settled by slot 8's block.
    assert world.rewards.call("settled_epochs") == 1
    assert world.bonds.call("taken") == penalty
    # One of three primaries is not more than a third.
    assert world.bonds.call("burned") == world.bonds.call("bounties") == penalty // 2
    assert world.bonds.call("prover", misser)["bond"] == 10 * ETHER - penalty
    assert world.evm.balance(bytes(20)) >= penalty // 2
    assert world.bonds.call("credits", world.reward_address(rescuer)) == penalty // 2
    assert world.bonds.call("invariants")


def test_outage_is_relieved(make_world: MakeWorld) -> None:
    """When more than a third of the primaries miss it is the network: a quarter is charged."""
    world = make_world(6, QUICK)
    penalty = 2 * split(QUICK, BUDGET, 1)[0]
    for _ in range(9):
        world.advance()
    # Slots 1 to 3 of epoch 0: three primaries, and committees of two, at a quarter each.
    charged = 3 * (penalty // 4) + 6 * (penalty // 4 // 4)
    assert world.bonds.call("burned") == charged
    assert world.bonds.call("returned") == 3 * penalty + 6 * (penalty // 4) - charged
    assert world.bonds.call("bounties") == 0
    assert world.rewards.call("invariants") and world.bonds.call("invariants")


def test_a_divided_network_costs_nobody_anything(make_world: MakeWorld) -> None:
    """Who could not be heard gets all of it back, its reliability too, and rho does not rise."""
    world = make_world(6, QUICK)
    before = [world.bonds.call("prover", each) for each in range(6)]
    for slot in range(1, 17):
        world.advance(payload=slot < 5)
        if slot == 6:
            assert world.bonds.call("escrow") > 0
            world.divided = (3, 4)    # of slot 1's duties, too: they ended in slot 3
    assert world.bonds.call("burned") == world.bonds.call("escrow") == 0
    assert world.bonds.call("returned") == world.bonds.call("taken") > 0
    after = [world.bonds.call("prover", each) for each in range(6)]
    for old, new in zip(before, after, strict=True):
        assert new["bond"] == old["bond"]
        assert new["reliability"] >= old["reliability"] - 10, "it was idle, and no more"
    assert world.rewards.call("rho") <= QUICK.rho_start
    assert world.rewards.call("invariants") and world.bonds.call("invariants")


@pytest.mark.parametrize(("slot", "divided", "first", "last", "was"), [
    (10, (4,), 4, 4, True), (10, (4,), 5, 9, False), (10, (4,), 0, 3, False),
    (10, (9,), 9, 30, True), (10, (0,), 0, 0, True), (10, (4,), 10, 20, False),
    (400, (143, 144), 100, 143, False), (400, (143, 144), 100, 144, True),
    (400, (399,), 0, 400, True), (400, (), 0, 400, False), (400, range(144, 400), 0, 399, True)])
def test_divided_slots_are_kept_256_slots_long(
    make_world: MakeWorld, slot: int, divided: Sequence[int], first: int, last: int, was: bool
) -> None:
    world = make_world(1)
    world.divided = divided
    world.advance(slot)
    assert world.consensus.call("was_divided", first, last) is was


def test_rho_follows_coverage(make_world: MakeWorld) -> None:
    world = make_world(6, QUICK)
    assert world.rewards.call("rho") == QUICK.rho_start
    for slot in range(1, 10):
        world.advance()
        if slot > 1:
            world.submit(slot - 1, world.assignment(slot - 1)[0])
    assert world.rewards.call("rho") == QUICK.rho_start * (80_000 + 9_800 - 10_000) // 80_000


def test_signing_a_wrong_proof_costs_a_slice(make_world: MakeWorld) -> None:
    world = make_world(5, QUICK)
    world.advance()
    world.advance()
    primary, committee = world.assignment(1)
    wrong = [1] * 8
    v, r, s = signed(world, 1, primary, wrong)
    carrier = world.account("carrier")
    with pytest.raises(RevertedError, match="did not sign"):
        world.rewards.send(carrier, "report_invalid", 1, primary, [2] * 8, v, r, s)
    good = world.proof(1, primary)
    with pytest.raises(RevertedError, match="the proof verifies"):
        world.rewards.send(carrier, "report_invalid", 1, primary, good,
                           *signed(world, 1, primary, good))
    # A proof for the payload that another branch has in this slot is right there, and wrong here.
    with pytest.raises(RevertedError, match="did not sign"):
        world.rewards.send(carrier, "report_invalid", 1, primary, wrong,
                           *signed(world, 1, primary, wrong, b"\x05" * 32))
    before = world.bonds.call("prover", primary)["bond"]
    world.rewards.send(carrier, "report_invalid", 1, primary, wrong, v, r, s)
    penalty = world.rewards.call("record", 1)["penalty"]
    assert world.bonds.call("prover", primary)["bond"] == before - penalty
    with pytest.raises(RevertedError, match="barred"):
        world.rewards.send(carrier, "report_invalid", 1, primary, wrong, v, r, s)
    with pytest.raises(RevertedError, match="barred"):
        world.submit(1, primary)
    reporter = world.proposer(world.slot)
    for _ in range(8):
        world.advance()
    assert world.bonds.call("credits", reporter) == penalty // 2
    assert world.bonds.call("invariants")


def test_calibration_comes_first(make_world: MakeWorld) -> None:
    world = make_world(2, Parameters())
    for _ in range(4):
        world.advance()
    assert world.assignment(3) == (2**64 - 1, ())
    carrier = world.account("carrier")
    for slot in (1, 2, 3):
        assert world.bonds.call("prover", 0)["reliability"] == 0
        with pytest.raises(RevertedError, match="does not verify"):
            world.rewards.send(carrier, "calibrate", slot, 0, world.proof(slot, 1))
        world.rewards.send(carrier, "calibrate", slot, 0, world.proof(slot, 0))
        with pytest.raises(RevertedError, match="used for calibration"):
            world.rewards.send(carrier, "calibrate", slot, 0, world.proof(slot, 0))
    assert world.bonds.call("prover", 0)["reliability"] == 3_000
    world.advance()
    with pytest.raises(RevertedError, match="calibrated already"):
        world.rewards.send(carrier, "calibrate", 4, 0, world.proof(4, 0))
    assert world.bonds.call("tickets") == ((0,), (10 * ETHER * 3_000,))


def test_reorganisation_pays_once(make_world: MakeWorld) -> None:
    """The branch carries the rewards: what is left behind was never paid."""
    world = make_world(5)
    world.advance()
    world.advance()
    fork = world.evm.snapshot()
    primary, _ = world.assignment(1)
    world.submit(1, primary)
    world.finalized = 2
    world.advance()
    world.rewards.send(world.account("carrier"), "mature", 1)
    paid = world.rewards.call("totalSupply")
    assert paid > 0
    world.evm.revert(fork)
    world.resynchronise()
    assert world.rewards.call("totalSupply") == world.rewards.call("credited") == 0
    world.slot, world.finalized = 2, 0
    world.evm.next_block(world.evm.block().timestamp + 5)
    world.submit(1, primary)
    world.finalized = 2
    world.advance()
    world.rewards.send(world.account("carrier"), "mature", 1)
    assert world.rewards.call("totalSupply") == paid


def test_only_the_protocol_reports(make_world: MakeWorld) -> None:
    world = make_world(1)
    world.advance()
    thief = world.account("thief")
    with pytest.raises(RevertedError, match="only the protocol reports"):
        world.consensus.send(thief, "on_block", NO_STATEMENT.fields, 1, 0)
    with pytest.raises(RevertedError, match="only the protocol reports"):
        world.rewards.send(thief, "on_block", 1, 0)
    with pytest.raises(RevertedError, match="only the protocol starts"):
        world.contracts.assignment.send(thief, "take_snapshot", 0)
    for function, arguments in (("take_on", (0, 1)), ("release", (0, 1, True)),
                                ("take", (0, 1, False)), ("has_delivered", (0,)),
                                ("end_epoch", ()), ("forgive", (0, 1)), ("count_calibration", (0,)),
                                ("settle", (0, 0, 0, 0, bytes(20)))):
        with pytest.raises(RevertedError, match="only the contract of rewards"):
            world.bonds.send(thief, function, *arguments)
    for contract, arguments in ((world.consensus, (bytes(20), bytes(20))),
                                (world.bonds, (bytes(20),))):
        with pytest.raises(RevertedError, match="only the creator"):
            contract.send(thief, "connect", *arguments)
        with pytest.raises(RevertedError, match="connected already"):
            contract.send(world.account("deployer"), "connect", *arguments)
    system = world.consensus
    with pytest.raises(RevertedError, match="reported already"):
        world.evm.system_call(system.address, on_block(system, NO_STATEMENT, 0))
    world.slot = 5
    world.finalized = 9
    with pytest.raises(RevertedError, match="finality went back"):
        world.advance()


def test_reward_is_a_token(make_world: MakeWorld) -> None:
    world = make_world(5)
    owner = world.account("solver")
    world.bonds.send(world.account("owner 5"), "register", owner.address, value=10**4 * ETHER)
    for _ in range(3):
        world.advance()
    while world.assignment(world.slot - 1)[0] != 5:
        world.advance()
    proven = world.slot - 1
    statement = world.statements[proven]
    world.submit(proven, 5, world.proof(proven, 5, owner.address))
    world.finalized = world.slot
    world.advance()
    world.rewards.send(owner, "mature", proven)
    amount = world.rewards.call("balanceOf", owner.address)
    assert amount > 0 and statement.slot == proven
    world.rewards.send(owner, "transfer", b"\x01" * 20, 7)
    world.rewards.send(owner, "approve", world.account("carrier").address, 5)
    world.rewards.send(world.account("carrier"), "transferFrom", owner.address, b"\x02" * 20, 5)
    assert world.rewards.call("balanceOf", b"\x01" * 20) == 7
    assert world.rewards.call("balanceOf", owner.address) == amount - 12
    with pytest.raises(RevertedError):
        world.rewards.send(world.account("carrier"), "transferFrom", owner.address, b"\x02" * 20, 1)
    with pytest.raises(RevertedError):
        world.rewards.send(owner, "transfer", b"\x01" * 20, amount)


def test_long_pauses(make_world: MakeWorld) -> None:
    """Epochs without a block: the next one still knows mixes and tickets, and no window has moved,
    since no block could have had the proof."""
    world = make_world(5, QUICK)
    world.advance()
    world.advance()
    world.advance(to=30)
    assert not world.rewards.call("record", 1)["primary_open"], "the block of slot 2 was its chance"
    assert world.rewards.call("record", 2)["primary_open"]
    world.submit(2, world.assignment(2)[0])
    world.advance()
    record = world.rewards.call("record", 2)
    assert record["won"] and record["included_slot"] == 30 and not record["primary_open"]
    assert (record["prover_amount"], record["includer_amount"]) == split(QUICK, BUDGET, 1)
    assert world.assignment(30) == (2**64 - 1, ())  # tickets of epoch 5 or shortly before: none
    world.advance(to=40)
    world.advance()
    assert world.assignment(40)[0] != 2**64 - 1  # those of epoch 7, since 8 and 9 had no block
    world.advance(to=400)
    world.advance()
    assert world.consensus.call("failed_hooks") == 0
    assert world.bonds.call("invariants") and world.rewards.call("invariants")
