"""Rewards by contracts on branches of the consensus chain, and what the miner makes of refusals."""

from dataclasses import dataclass, field

import pytest

from proofmill.host.network.consensus.chain import EmbeddedChain
from proofmill.host.network.consensus.keys import derive_keys
from proofmill.host.network.consensus.records import Credit, Status
from proofmill.host.network.evm.account import Account
from proofmill.host.network.second_layer.engines import EvmEngines
from proofmill.host.network.second_layer.second_layer import SecondLayer, embedded_layer
from proofmill.host.prover.groth16.prove import Prover
from tests.host.network.consensus.conftest import (  # noqa: F401
    SIZE,
    MakeMining,
    Prove,
    Verify,
    circuit,
    make_mining,
    prove,
    prover,
    verify,
)

VALIDATOR = 3


@dataclass
class Play:
    """A chain played slot by slot, and what the miner's credits were at the end of each."""

    chain: EmbeddedChain
    rewards: SecondLayer
    prove: Prove
    seen: dict[int, dict[int, Status]] = field(default_factory=dict)

    def advance(self, parent: bytes | None = None, attesting: bool = True) -> bytes:
        report = self.chain.advance(parent, attesting)
        self.rewards.slot_passed(self.chain)
        self.seen[report.slot] = {each.slot: each.status for each in self.rewards.credits}
        return report.block_root

    def proof(self, slot: int) -> bytes:
        number = self.chain.proof_engine.prover_of(VALIDATOR)
        assert number is not None
        return self.prove(self.chain.proving_task(slot).claimed_by(
            number, self.rewards.reward_address))

    def prove_last(self) -> None:
        slot = self.chain.slot
        self.rewards.submit(self.chain.block(slot), self.proof(slot))

    def credit(self, slot: int) -> Credit:
        return next(each for each in self.rewards.credits if each.slot == slot)


@pytest.fixture
def play(make_mining: MakeMining, prove: Prove) -> Play:  # noqa: F811
    play = Play(*make_mining(4, VALIDATOR), prove)
    play.rewards.join()
    assert play.rewards.number is None
    return play


def test_rewards_follow_the_branches(play: Play) -> None:
    """Two reorganisations in the first epoch, then on to finality.

    Slots 1 to 3: the block that includes a proof is lost, the proven one stays. Slots 4 to 7: the
    proven block is lost with the one that included its proof.
    """
    first = play.advance()
    assert play.rewards.number == 0
    play.prove_last()
    play.advance(attesting=False)
    play.advance(parent=first)
    assert play.chain.head.root != first
    base = play.advance()
    play.advance(attesting=False)
    play.prove_last()
    lost = play.advance(attesting=False)
    play.advance(parent=base)
    contract = play.rewards.layer.rewards
    while not all(credit.decided for credit in play.rewards.credits):
        assert play.chain.slot < 40
        assert play.credit(1).status is Status.PENDING and contract.call("totalSupply") == 0
        final = play.chain.finalized_slot
        play.advance()
    assert final >= 3  # nothing is paid before the including block is final
    assert play.seen[2] == {1: Status.PENDING}
    assert play.seen[3] == {1: Status.PENDING}  # lost with block 2, and taken up again by block 3
    assert contract.call("record", 1)["included_slot"] == 3
    assert play.seen[6] == {1: Status.PENDING, 5: Status.PENDING}
    assert play.seen[7][5] is Status.ORPHANED
    assert bytes(lost) not in play.chain._tree.branch(bytes(play.chain.head.root))
    paid = play.credit(1)
    assert (paid.status, play.credit(5).status) == (Status.MATURED, Status.ORPHANED)
    assert contract.call("record", 1)["prover_amount"] == paid.wei
    # The includer of block 3 may be this validator: it has a share of its own.
    share = contract.call("record", 1)
    expected = paid.wei + (share["includer_amount"]
                           if share["includer"] == play.rewards.reward_address else 0)
    assert play.rewards.balances()["reward"] == expected
    assert contract.call("totalSupply") == share["prover_amount"] + share["includer_amount"]
    assert contract.call("invariants") and play.rewards.layer.bonds.call("invariants")


def test_one_of_two_provers_is_paid(
    prover: Prover, prove: Prove, verify: Verify,  # noqa: F811
) -> None:
    """Both in the first slot, nobody drawn for it: the contract picks one, the other is told."""
    keys = derive_keys(4, VALIDATOR + 2)[VALIDATOR:]
    engines = EvmEngines(prover.key.verification_key, rich=tuple(key.address for key in keys))
    chain = EmbeddedChain(verify, seed=4, size=SIZE, engines=engines)
    layers = [embedded_layer(chain, key, engines) for key in keys]
    for layer in layers:
        layer.join()
    chain.advance()
    task, block = chain.proving_task(1), chain.block(1)
    for index, layer in enumerate(layers):
        number = chain.proof_engine.prover_of(VALIDATOR + index)
        assert number == layer.number == index
        layer.submit(block, prove(task.claimed_by(number, layer.reward_address)))
    assert [layer.credits[0].status for layer in layers] == [Status.WAITING] * 2
    statuses = []
    for _ in range(2):
        chain.advance()
        for layer in layers:
            layer.slot_passed(chain)
        statuses.append({layer.credits[0].status: layer.credits[0].wei for layer in layers})
    amount = layers[0].layer.rewards.call("record", 1)["prover_amount"]
    # Both are in; who is paid follows from the next block's mix, which nobody knew.
    assert statuses == [{Status.PENDING: amount}, {Status.PENDING: amount, Status.LOST: 0}]


def test_what_the_contract_refuses_is_said_and_tried_again(play: Play) -> None:
    """Handed in twice by two accounts of one prover: the second time is refused."""
    play.advance()
    proof = play.proof(1)
    block = play.chain.block(1)
    layer = play.rewards.layer
    carrier = Account(play.rewards.layer.rewards.evm, play.rewards.account._signer.key)
    carrier.hand_in(layer.rewards.address, layer.rewards.encode(
        "submit", 1, 0, proof_numbers_of(proof)), gas=3_000_000)
    play.rewards.account.resynchronise()
    play.rewards.account._nonce = carrier._nonce
    play.rewards.submit(block, proof)
    play.advance()
    refused = play.credit(1)
    assert refused.status is Status.REFUSED and not refused.decided
    assert "is included already" in refused.reason
    while not play.credit(1).decided:
        play.advance()
    assert play.chain.slot == 1 + 8 and play.credit(1).reason == "its window has passed"


def proof_numbers_of(proof: bytes) -> list[int]:
    from proofmill.host.network.consensus.block_proofs import proof_from_bytes

    parsed = proof_from_bytes(proof)
    assert parsed is not None
    return parsed.numbers


def test_a_bond_is_its_validator_s(play: Play) -> None:
    """Who signs as a validator proves under the bond of that validator's own account."""
    play.advance()
    engine = play.chain.proof_engine
    assert engine.prover_of(VALIDATOR) == 0
    assert engine.prover_of(VALIDATOR + 1) is None and engine.prover_of(10**6) is None
    slot = play.chain.slot
    proof = play.proof(slot)
    root, address = play.chain.block(slot).request_root, play.rewards.reward_address
    stolen = play.chain.submit(play.chain.sign_proof(VALIDATOR + 1, root, proof, address))
    assert not stolen.accepted and "has no bond as a prover" in stolen.reason
    assert play.chain.submit(play.chain.sign_proof(VALIDATOR, root, proof, address)).accepted
    # Joining twice is joining once.
    play.rewards.join()
    play.advance()
    assert play.rewards.layer.bonds.call("prover_count") == 1
