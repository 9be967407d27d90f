"""One node follows another by messages alone, and takes nothing that is wrong."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from host.chain.chain import EmbeddedChain
from host.chain.keys import derive_keys
from host.chain.proofs import PROOF_TYPE
from host.chain.spec import bls, spec
from host.circuits.block_size import COMPACT
from host.devices.cpu import CpuDevice
from host.groth16.prove import Prover
from host.mechanism.parameters import Parameters
from host.node.follower import Follower
from host.node.gossip import Verdict
from host.node.inclusion import SignedInclusion, sign_inclusion
from host.node.layer2 import Account
from host.node.node import ATTEST_MS, CONFIRM_MS, STEPS_MS
from host.node.prover import NodeProver, ProverSetup
from host.node.slashing_protection import SlashingProtection
from host.node.states import State
from host.node.store import JobStore
from host.node.validators import NodeValidators, proposer_of
from host.node.wire import DIRECTED, Topic
from tests.host.node import killed

SEED, SLOTS = 3, 7
KEYS = derive_keys(SEED, 64)
BONDS = {3: 10**10, 40: 10**10}
PROVER = 3


def follower() -> Follower:
    return Follower(KEYS, SEED, COMPACT, killed.VERIFY, Parameters(), BONDS)


class Pair:
    """`ours` has all validators and a prover; what it sends, `theirs` receives."""

    def __init__(self, folder: Path) -> None:
        self.ours, self.theirs = follower(), follower()
        self.verdicts: list[tuple[Topic, Verdict, str]] = []
        self.sent: dict[Topic, list[Any]] = {topic: [] for topic in Topic}
        self.protection = SlashingProtection(
            folder / "slashing.sqlite", self.ours.genesis_validators_root)
        self.validators = NodeValidators(
            dict(enumerate(KEYS)), self.ours, self.protection, self.publish)
        self.jobs = JobStore(folder / "jobs.sqlite")
        self.prover = NodeProver(ProverSetup(
            PROVER, KEYS[PROVER], KEYS[PROVER].address, killed.CIRCUIT,
            Prover(killed.KEY, CpuDevice(threads=1)), killed.VERIFY, 500, lambda result: 500),
            self.ours, self.jobs, lambda data: self.publish(
                Topic.PROOF, spec.SignedExecutionProof.decode_bytes(data)))
        self.views: list[tuple[bytes, bytes]] = []
        self.confirm(0)

    def publish(self, topic: Topic, message: Any) -> None:
        data = bytes(message.encode_bytes())
        assert self.ours.take(topic, data, "self")[0] in (Verdict.ACCEPT, Verdict.KEEP)
        self.verdicts.append((topic, *self.theirs.take(topic, data, "ours")))
        self.sent[topic].append(message)

    def confirm(self, slot: int) -> None:
        for each in (self.ours, self.theirs):
            each.tick(slot, CONFIRM_MS)
        self.validators.confirm()

    def slot(self, slot: int) -> None:
        for milliseconds in STEPS_MS:
            for each in (self.ours, self.theirs):
                each.tick(slot, milliseconds)
            if milliseconds == 0:
                self.validators.propose()
            elif milliseconds == ATTEST_MS:
                self.validators.attest()
            elif milliseconds == CONFIRM_MS:
                self.validators.confirm()
                state_root = bytes(spec.hash_tree_root(self.ours.head_state))
                self.views.append((bytes(self.ours.head.root), state_root))
            self.prover.work()


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    made = Pair(tmp_path_factory.mktemp("pair"))
    for slot in range(1, SLOTS + 1):
        made.slot(slot)
    yield made
    made.jobs.close()
    made.protection.close()


def look(follower: Follower) -> tuple[Any, Account, int]:
    return follower.head, follower.account(), len(follower.store.blocks)


def test_both_have_the_same_chain(pair: Pair) -> None:
    assert pair.ours.head == pair.theirs.head
    assert pair.ours.account() == pair.theirs.account()
    assert {verdict for _, verdict, _ in pair.verdicts} == {Verdict.ACCEPT}
    assert len(pair.theirs.branch()) == SLOTS
    assert pair.validators.refused == []


def test_it_is_the_chain_of_the_one_process_chain(pair: Pair) -> None:
    chain = EmbeddedChain(killed.VERIFY, SEED, 64, COMPACT)
    for view in pair.views:
        chain.advance()
        assert view == (bytes(chain.head.root), bytes(spec.hash_tree_root(chain.head_state)))


def test_the_prover_is_paid_for_what_it_was_drawn_for(pair: Pair) -> None:
    ledger = pair.ours.account()
    paid = {credit.proven_slot for credit in ledger.credits}
    assert paid and all(credit.prover == PROVER for credit in ledger.credits)
    for slot, assignment in ledger.assignments.items():
        if assignment.primary == PROVER and slot <= SLOTS - 2:
            assert slot in paid
    states = {job.slot: job.state for job in pair.jobs.jobs()}
    assert {slot for slot, state in states.items() if state is State.INCLUDED} == paid
    # The other prover, who is never there, misses its duties; this one's late proofs rescue some.
    assert {penalty.prover for penalty in ledger.fines} == {40}


def test_the_lookahead_says_who_proposes(pair: Pair) -> None:
    state = pair.ours.head_state
    later = spec.copy(state)
    for slot in range(SLOTS + 1, SLOTS + 8):
        spec.process_slots(later, spec.Slot(slot))
        assert proposer_of(state, slot) == spec.get_beacon_proposer_index(later)
    beyond = 3 * 8  # past the lookahead of the state's epoch and the next
    spec.process_slots(later, spec.Slot(beyond))
    assert proposer_of(state, beyond) == spec.get_beacon_proposer_index(later)


def tampered_block(pair: Pair) -> Any:
    signed = pair.sent[Topic.BLOCK][-1].copy()
    signed.message.state_root = b"\x01" * 32
    return signed


def signed_wrong_block(pair: Pair) -> Any:
    signed = tampered_block(pair)
    key = KEYS[signed.message.proposer_index]
    signed.signature = spec.get_block_signature(pair.ours.head_state, signed.message, key.secret)
    return signed


def wrong_attestation(pair: Pair) -> Any:
    attestation = pair.sent[Topic.ATTESTATION][-1].copy()
    attestation.signature = bls.Sign(1, b"\x00" * 32)
    return attestation


def wrong_target(pair: Pair) -> Any:
    attestation = pair.sent[Topic.ATTESTATION][-1].copy()
    attestation.data.target.epoch += 1
    return attestation


def wrong_payload_vote(pair: Pair) -> Any:
    vote = pair.sent[Topic.PAYLOAD_ATTESTATION][-1].copy()
    vote.data.payload_present = False
    return vote


def wrong_contribution(pair: Pair) -> Any:
    contribution = pair.sent[Topic.SYNC][-1].copy()
    contribution.aggregation_bits[0] = not contribution.aggregation_bits[0]
    return contribution


def stolen_proof(pair: Pair) -> Any:
    """Somebody else's proof, signed by another bonded prover."""
    message = pair.sent[Topic.PROOF][-1].message
    signature = spec.get_execution_proof_signature(pair.ours.head_state, message, KEYS[40].secret)
    return spec.SignedExecutionProof(message=message, validator_index=40, signature=signature)


def unbonded_proof(pair: Pair) -> Any:
    signed = pair.sent[Topic.PROOF][-1].copy()
    signed.validator_index = 7
    return signed


def inclusion(pair: Pair, proposer: int, proofs: list[Any]) -> Any:
    block = pair.sent[Topic.BLOCK][-1].message
    state = pair.ours.store.block_states[spec.hash_tree_root(block)]
    return sign_inclusion(state, int(block.slot), bytes(spec.hash_tree_root(block)), proposer,
                          proofs, KEYS[proposer].secret)


def last_proposer(pair: Pair) -> int:
    return int(pair.sent[Topic.BLOCK][-1].message.proposer_index)


def strangers_list(pair: Pair) -> Any:
    return inclusion(pair, (last_proposer(pair) + 1) % 64, [])


def list_with_a_stolen_proof(pair: Pair) -> Any:
    return inclusion(pair, last_proposer(pair), [stolen_proof(pair)])


def unsigned_list(pair: Pair) -> Any:
    signed = inclusion(pair, last_proposer(pair), [])
    return SignedInclusion(message=signed.message, signature=bls.Sign(1, b"\x00" * 32))


WRONG = [
    (Topic.BLOCK, tampered_block, "AssertionError"),
    (Topic.BLOCK, signed_wrong_block, "AssertionError"),
    (Topic.ATTESTATION, wrong_attestation, "signature is not its voters'"),
    (Topic.ATTESTATION, wrong_target, "target is not of its epoch"),
    (Topic.PAYLOAD_ATTESTATION, wrong_payload_vote, "signature is not its voters'"),
    (Topic.SYNC, wrong_contribution, "signature is not its members'"),
    (Topic.PROOF, stolen_proof, "does not hold for this payload and this signer"),
    (Topic.PROOF, unbonded_proof, "validator 7 has no bond"),
    (Topic.INCLUSION, strangers_list, "not by the block's proposer"),
    (Topic.INCLUSION, list_with_a_stolen_proof, "includes an invalid proof: the proof does not"),
    (Topic.INCLUSION, unsigned_list, "proposer did not sign it"),
]


@pytest.mark.parametrize("topic,make,reason", WRONG, ids=[make.__name__ for _, make, _ in WRONG])
def test_what_is_wrong_is_rejected(pair: Pair, topic: Topic, make: Any, reason: str) -> None:
    before = look(pair.theirs)
    verdict, why = pair.theirs.take(topic, bytes(make(pair).encode_bytes()), "liar")
    assert verdict is Verdict.REJECT and reason in why
    assert look(pair.theirs) == before


GOSSIP = [topic for topic in Topic if topic not in DIRECTED]


@pytest.mark.parametrize("topic", GOSSIP)
def test_what_is_no_message_is_rejected(pair: Pair, topic: Topic) -> None:
    before = look(pair.theirs)
    for data in (b"", b"\x00", b"\xff" * 40, b"\xff" * 400):
        assert pair.theirs.take(topic, data, "liar")[0] in (Verdict.REJECT, Verdict.IGNORE)
    if pair.sent[topic]:
        whole = bytes(pair.sent[topic][-1].encode_bytes())
        for cut in (1, len(whole) // 2):
            # A short proof of a prover whose proof is known is not looked at (KEEP).
            assert pair.theirs.take(topic, whole[:-cut], "liar")[0] is not Verdict.ACCEPT
    assert look(pair.theirs) == before


def test_what_comes_again_is_kept_and_what_cannot_be_judged_is_ignored(pair: Pair) -> None:
    def verdict(topic: Topic, message: Any, of: Follower) -> Verdict:
        return of.take(topic, bytes(message.encode_bytes()), "peer")[0]

    for topic in (Topic.BLOCK, Topic.ENVELOPE, Topic.PROOF, Topic.INCLUSION):
        assert verdict(topic, pair.sent[topic][-1], pair.theirs) is Verdict.KEEP
    new = follower()
    new.tick(SLOTS, CONFIRM_MS)
    for topic in GOSSIP:
        assert verdict(topic, pair.sent[topic][-1], new) is Verdict.IGNORE


def test_two_lists_for_one_block_void_each_other(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    slot = 0
    while not pair.sent[Topic.INCLUSION]:
        slot += 1
        pair.slot(slot)
    pair.slot(slot + 1)
    assert pair.theirs.account().credits
    first = pair.sent[Topic.INCLUSION][0].message
    state = pair.ours.store.block_states[first.block_root]
    proposer = int(first.proposer_index)
    second = sign_inclusion(
        state, int(first.slot), bytes(first.block_root), proposer, [], KEYS[proposer].secret)
    data = bytes(second.encode_bytes())
    assert pair.theirs.take(Topic.INCLUSION, data, "liar")[0] is Verdict.ACCEPT
    assert pair.theirs.account().credits == ()
    # The proof itself is as good as before: a later proposer may include it.
    key = bytes(first.proofs[0].message.public_input.new_payload_request_root), PROOF_TYPE
    assert PROVER in pair.theirs.proofs_for(key)
    assert first.proofs[0] in pair.theirs.includable(slot + 2)
    pair.jobs.close()
    pair.protection.close()


def test_a_wrong_envelope_is_rejected_and_the_right_one_taken(tmp_path: Path) -> None:
    ours = Pair(tmp_path)
    ours.slot(1)
    new = follower()
    new.tick(1, 0)
    block, = ours.sent[Topic.BLOCK]
    assert new.take(Topic.BLOCK, bytes(block.encode_bytes()), "peer") == (Verdict.ACCEPT, "")
    right, = ours.sent[Topic.ENVELOPE]
    wrong = right.copy()
    wrong.message.payload.transactions[0] = b"\x01" * len(wrong.message.payload.transactions[0])
    signature = spec.get_execution_payload_envelope_signature(
        ours.ours.head_state, wrong.message, KEYS[block.message.proposer_index].secret)
    wrong.signature = signature
    verdict, _ = new.take(Topic.ENVELOPE, bytes(wrong.encode_bytes()), "liar")
    assert verdict is Verdict.REJECT and new.branch() == []
    assert new.take(Topic.ENVELOPE, bytes(right.encode_bytes()), "peer") == (Verdict.ACCEPT, "")
    assert [facts.slot for facts in new.branch()] == [1]
    ours.jobs.close()
    ours.protection.close()


def test_slashing_protection_stands_in_the_way(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    pair.slot(1)
    blocks = len(pair.sent[Topic.BLOCK])
    # A second life of the same slot on another view: nothing may be signed again.
    other = follower()
    again = NodeValidators(dict(enumerate(KEYS)), other, pair.protection, pair.publish)
    other.tick(1, 0)
    again.propose()
    other.tick(1, ATTEST_MS)
    again.attest()
    assert len(pair.sent[Topic.BLOCK]) == blocks
    assert again.refused[0].startswith("block of slot 1 by validator")
    assert any("double vote" in reason for reason in again.refused)
    pair.jobs.close()
    pair.protection.close()
