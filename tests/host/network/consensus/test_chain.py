"""The chain finalises, repeats itself, and layer 1 does not notice that it is mined."""

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.consensus.chain import EmbeddedChain
from proofmill.host.network.consensus.genesis import STAKE_GWEI
from proofmill.host.network.consensus.miner import (
    Event,
    Miner,
    ProofJudged,
    RewardChanged,
    SlotPassed,
    Summary,
)
from proofmill.host.network.consensus.records import Claim, Status
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.evm.account import Account
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.second_layer.second_layer import SecondLayer
from tests.host.network.consensus.conftest import MakeChain, MakeMining, Prove

MINER = 11
BLOCKS, BEFORE = 4, 16

Layer1 = tuple[int, tuple[int, ...], int, int]


def layer1(chain: EmbeddedChain) -> Layer1:
    """All of layer 1 but what its blocks' payloads go into, which carry the contracts' traffic."""
    return (
        int(chain.head_state.latest_block_header.proposer_index),
        tuple(chain.balances()),
        int(chain.store.justified_checkpoint.epoch),
        chain.finalized_epoch,
    )


class Mined:
    """One run of a miner on a chain that is two epochs old, with everything that happened."""

    def __init__(self, chain: EmbeddedChain, rewards: SecondLayer, prove: Prove) -> None:
        self.chain = chain
        self.rewards = rewards
        self.history: list[Layer1] = []
        self.events: list[Event] = []
        for _ in range(BEFORE):
            chain.advance()
            self.history.append(layer1(chain))
        self.balance = chain.balances()[MINER]
        self.summary: Summary = Miner(chain, MINER, rewards, prove, self._hear).run(BLOCKS)

    def _hear(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, SlotPassed):
            self.history.append(layer1(self.chain))


@pytest.fixture(scope="module")
def mined(make_mining: MakeMining, prove: Prove) -> Mined:
    return Mined(*make_mining(2, MINER), prove)


def test_it_finalises_in_time(mined: Mined) -> None:
    # Two epochs justify nothing by the specification; epoch e is final after e + 2 epochs.
    justified, finalized = zip(*(entry[2:] for entry in mined.history), strict=True)
    assert justified[24 - 1] == 2 and finalized[32 - 1] == 2 and finalized[40 - 1] == 3
    assert mined.summary.finalized_epoch >= 2


def test_layer_1_is_the_same_without_the_miner(mined: Mined, make_mining: MakeMining) -> None:
    chain, _ = make_mining(2, MINER)
    for expected in mined.history:
        chain.advance()
        assert layer1(chain) == expected
    assert chain.slot == mined.chain.slot


def test_the_miner_is_paid_on_both_layers(mined: Mined) -> None:
    summary = mined.summary
    assert (summary.blocks, summary.proofs_made, summary.proofs_included) == (4, 4, 4)
    assert (summary.proofs_rejected, summary.interrupted) == (0, False)
    assert summary.slots == mined.chain.slot - BEFORE
    assert summary.layer1_gwei == mined.chain.balances()[MINER] - mined.balance > 0
    assert summary.layer2_pending_wei == 0
    # What its address was paid for including proofs is the rest of what the contract holds for it.
    records = [mined.rewards.layer.rewards.call("record", slot)
               for slot in range(BEFORE + 1, mined.chain.slot)]
    assert summary.layer2_includer_wei == sum(
        record["includer_amount"] for record in records
        if record["matured"] and record["includer"] == mined.rewards.reward_address)
    assert (summary.balances_wei["reward"] == mined.rewards.balances()["reward"]
            == summary.layer2_matured_wei + summary.layer2_includer_wei > 0)
    judged = [event for event in mined.events if isinstance(event, ProofJudged)]
    assert sum(event.wei for event in judged) == summary.layer2_matured_wei


def test_events_tell_the_story_in_order(mined: Mined) -> None:
    slots = [event for event in mined.events if isinstance(event, SlotPassed)]
    assert [event.proving for event in slots] == [True] * 4 + [False] * (len(slots) - 4)
    changes = [(event.credit.slot, event.credit.status) for event in mined.events
               if isinstance(event, RewardChanged)]
    assert changes == [
        *((slot, Status.PENDING) for slot in range(17, 21)),
        *((slot, Status.MATURED) for slot in range(17, 21)),
    ]
    # Each is in the block after its own.
    for slot in range(17, 21):
        record = mined.rewards.layer.rewards.call("record", slot)
        assert record["included_slot"] == slot + 1
        assert record["payload_root"] == slots[slot - 17].report.request_root


def test_every_slot_s_ledger_follows(mined: Mined) -> None:
    slots = range(mined.chain.finalized_slot + 1, mined.chain.slot + 1)
    tasks = [mined.chain.proving_task(slot) for slot in slots]
    for before, after in zip(tasks, tasks[1:], strict=False):
        assert before.new_root == after.old_root == after.ledger.root
        assert before.ledger.apply(before.batch) == after.ledger


def test_there_is_no_task_where_there_is_no_block(mined: Mined) -> None:
    for slot in (1, mined.chain.slot + 1):
        with pytest.raises(ProofmillError, match=f"slot {slot}"):
            mined.chain.proving_task(slot)


def test_the_store_stays_small(mined: Mined) -> None:
    assert len(mined.chain.store.blocks) <= 3 * 8 + 1
    assert set(mined.chain.store.blocks) == set(mined.chain.store.block_states)
    # The blocks the miner proved are final, and what the proof engine knew of them is gone.
    proven = [event.report for event in mined.events if isinstance(event, SlotPassed)][:BLOCKS]
    for report in proven:
        assert report.request_root not in mined.chain.proof_engine.requested
        assert mined.chain.proof_engine.payload(report.request_root) is None
    assert not mined.chain.proofs


def test_another_seed_is_another_chain(make_chain: MakeChain) -> None:
    assert make_chain(5).advance() == make_chain(5).advance()
    assert make_chain(5).advance().block_root != make_chain(6).advance().block_root


def test_everybody_votes(make_chain: MakeChain) -> None:
    chain = make_chain()
    for _ in range(17):
        chain.advance()
    # All three flags for every validator: source, target and head in time.
    assert set(chain.head_state.previous_epoch_participation) == {0b111}
    # Slot 0 has no block to vote for; whoever was to vote then has missed one vote of two.
    assert sum(balance > STAKE_GWEI for balance in chain.balances()) >= 56


def test_an_interrupted_miner_reports_what_it_has(make_mining: MakeMining, prove: Prove) -> None:
    calls = []

    def interrupted(claim: Claim) -> bytes:
        calls.append(claim)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return prove(claim)

    chain, rewards = make_mining(1, MINER)
    summary = Miner(chain, MINER, rewards, interrupted).run(3)
    assert summary.interrupted
    # The second slot has passed, its proof was not finished: of three blocks one is proven.
    assert (summary.blocks_asked, summary.blocks, summary.slots) == (3, 1, 2)
    assert (summary.proofs_made, summary.proofs_included) == (1, 1)
    assert summary.layer2_pending_wei > 0


def test_an_interrupted_summary_is_of_one_moment(make_mining: MakeMining, prove: Prove) -> None:
    """Interrupted when the contracts have paid, and the miner is about to take that in."""
    chain, rewards = make_mining(1, MINER)
    original = rewards.slot_passed

    def interrupted(chain: EmbeddedChain) -> None:
        original(chain)
        if rewards.balances()["reward"]:
            raise KeyboardInterrupt

    rewards.slot_passed = interrupted  # type: ignore[method-assign]
    summary = Miner(chain, MINER, rewards, prove).run(1)
    assert summary.interrupted and summary.slots == chain.slot - 1
    assert summary.layer2_matured_wei == summary.balances_wei["reward"] == 0
    assert summary.layer2_pending_wei > 0 == summary.layer2_includer_wei
    assert rewards.balances()["reward"] > 0


def test_an_invalid_proof_never_leaves_the_miner(make_mining: MakeMining) -> None:
    events: list[Event] = []

    def wrong(claim: Claim) -> bytes:
        if len(events) > 5:
            raise KeyboardInterrupt
        return bytes(256)

    chain, rewards = make_mining(1, MINER)
    summary = Miner(chain, MINER, rewards, wrong, events.append).run(8)
    assert summary.proofs_rejected == summary.proofs_made == 2
    assert summary.proofs_included == 0
    assert not any(isinstance(event, ProofJudged) for event in events)


def test_a_miner_without_ether_is_told_so(make_mining: MakeMining, prove: Prove) -> None:
    chain, rewards = make_mining(1, MINER)
    poor = SecondLayer(
        rewards.layer, rewards.registry, Account(chain.execution_layer.evm, b"\x01" * 32),
        rewards.reward_address, Parameters(), 10**18)
    with pytest.raises(ProofmillError, match="cannot pay"):
        Miner(chain, MINER, poor, prove).run(1)
    # Somebody else's bond is not the validator's.
    other = SecondLayer(rewards.layer, rewards.registry, Account(
        chain.execution_layer.evm, chain.keys[MINER].account), rewards.reward_address,
        Parameters(), 10**18)
    with pytest.raises(ProofmillError, match="validator 3 has no bond as a prover in slot 1"):
        Miner(chain, 3, other, prove).run(1)


def test_a_block_carries_no_votes_of_another_branch(make_chain: MakeChain) -> None:
    """Two branches grow in turn, past the epochs from which each has committees of its own."""
    chain = make_chain(5)
    root = chain.advance().block_root
    tips = [root, root]
    for slot in range(2, 21):
        side = slot // 2 % 2
        tips[side] = chain.advance(parent=tips[side]).block_root
    ends = [chain.store.block_states[tip] for tip in tips]
    epoch = spec.get_current_epoch(ends[0])
    shufflings = [spec.get_seed(state, epoch, spec.DOMAIN_BEACON_ATTESTER) for state in ends]
    assert shufflings[0] != shufflings[1]
    # Votes of its own branch are in the head's.
    assert any(len(chain.store.blocks[tip].body.attestations) > 0 for tip in tips)
