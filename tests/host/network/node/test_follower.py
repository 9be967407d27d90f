"""One node follows another by messages alone, and takes nothing that is wrong."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from proofmill.host.cli.logs import PACKAGE
from proofmill.host.ground.errors import StorageError
from proofmill.host.ground.log_fields import name_of
from proofmill.host.network.consensus.chain import EmbeddedChain
from proofmill.host.network.consensus.spec import bls, spec
from proofmill.host.network.evm.account import Account as EvmAccount
from proofmill.host.network.mechanism.invariants import BrokenInvariant
from proofmill.host.network.node.certificates import TOPICS as CERTIFICATE_TOPICS
from proofmill.host.network.node.follower import Follower
from proofmill.host.network.node.gossip import Reception
from proofmill.host.network.node.layer2 import LayerTwo
from proofmill.host.network.node.node import ATTEST_MS, CONFIRM_MS, view_of
from proofmill.host.network.node.owned_proof import own
from proofmill.host.network.node.states import State
from proofmill.host.network.node.validators import NodeValidators, proposer_of
from proofmill.host.network.node.wire import DIRECTED, Topic
from proofmill.host.prover.circuits.rollup.size import SMALLEST
from tests.host.network.node import killed
from tests.host.network.node.chains import ABSENT, KEYS, PROVER, SEED, Source, chain_setup, follower

SLOTS = 7


class Pair:
    """`ours` has all validators and a prover; what it sends, `theirs` receives."""

    def __init__(self, folder: Path, forge: bool = False) -> None:
        self.theirs = follower()
        self.verdicts: list[tuple[Topic, Reception, str]] = []
        self.source = Source(folder, self.hear, forge=forge)
        self.ours, self.validators = self.source.follower, self.source.validators
        self.jobs, self.protection = self.source.jobs, self.source.protection
        self.views: list[Any] = []
        self.source.confirm(0, self.theirs.tick)

    def hear(self, topic: Topic, data: bytes) -> None:
        self.verdicts.append((topic, *self.theirs.take(topic, data, "ours")))

    @property
    def sent(self) -> dict[Topic, list[Any]]:
        kinds = Follower._topics
        return {topic: [kinds[topic][0].decode_bytes(data) if topic in kinds else data
                        for data in messages] for topic, messages in self.source.sent.items()}

    def slot(self, slot: int) -> None:
        self.source.slot(slot, self.theirs.tick)
        self.theirs.check_contracts()
        self.views.append(view_of(slot, self.ours.head(), self.ours.head_state(),
                                  self.ours.finalized_epoch))


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    made = Pair(tmp_path_factory.mktemp("pair"))
    for slot in range(1, SLOTS + 1):
        made.slot(slot)
    yield made
    made.source.close()


def look(follower: Follower) -> tuple[Any, LayerTwo, int]:
    return follower.head(), follower.account(), len(follower.store.blocks)


def test_both_have_the_same_chain(pair: Pair) -> None:
    assert pair.ours.head() == pair.theirs.head()
    assert pair.ours.account() == pair.theirs.account()
    assert {verdict for _, verdict, _ in pair.verdicts} == {Reception.ACCEPT}
    assert len(pair.theirs.branch()) == SLOTS
    # Each block was taken in once, however often the head was looked at.
    assert pair.ours._branches.replayed == pair.theirs._branches.replayed == SLOTS
    assert not pair.validators.refused
    # Users' transfers went round, and into blocks; their fees to the proposers' accounts.
    assert len(pair.source.sent[Topic.TRANSFER]) >= SLOTS
    ledger = pair.ours.ledger()
    assert ledger == pair.theirs.ledger()
    assert sum(account.nonce for account in ledger.accounts.values()) >= SLOTS - 1


def test_it_is_the_chain_of_the_one_process_chain(pair: Pair) -> None:
    """Whose layer 1 does not notice that there are provers; its payloads have no proofs."""
    chain = EmbeddedChain(killed.VERIFY, SEED, 64, SMALLEST, chain_setup().engines)
    for view in pair.views:
        chain.advance()
        alone = view_of(chain.slot, chain.head, chain.head_state, chain.finalized_epoch)
        assert view.layer1 == alone.layer1
        assert (view.head_root == alone.head_root) == (view.slot == 1)


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
    assert {penalty.prover for penalty in ledger.fines} == {ABSENT}


def test_the_lookahead_says_who_proposes(pair: Pair) -> None:
    state = pair.ours.head_state()
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
    signed.signature = spec.get_block_signature(pair.ours.head_state(), signed.message, key.secret)
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


def resigned(pair: Pair, proof: Any, validator: int, owner: int) -> Any:
    """A proof's message signed anew: by a validator, and by the account of another's bond."""
    message = proof.signed.message
    signature = spec.get_execution_proof_signature(
        pair.ours.head_state(), message, KEYS[validator].secret)
    signed = spec.SignedExecutionProof(
        message=message, validator_index=validator, signature=signature)
    slot = pair.ours._by_request[bytes(message.public_input.new_payload_request_root)].slot
    account = EvmAccount(pair.ours.execution_layer.evm, KEYS[owner].account)
    return own(signed, slot, pair.ours.numbers[validator], pair.ours.layer, account)


def stolen_proof(pair: Pair) -> Any:
    """Somebody else's proof, signed by another bonded prover."""
    return resigned(pair, pair.sent[Topic.PROOF][-1], ABSENT, ABSENT)


def unbonded_proof(pair: Pair) -> Any:
    proof = pair.sent[Topic.PROOF][-1].copy()
    proof.signed.validator_index = 7
    return proof


def unowned_proof(pair: Pair) -> Any:
    """For the absent prover, to its address, but its account has not signed."""
    proof = pair.sent[Topic.PROOF][-1].copy()
    data = bytes(proof.signed.message.proof_data)
    proof.signed.message.proof_data = data[:-20] + KEYS[ABSENT].address
    return resigned(pair, proof, ABSENT, PROVER)


def unsigned_proof(pair: Pair) -> Any:
    """Its owner stands for it, but the validator has not signed."""
    proof = pair.sent[Topic.PROOF][-1].copy()
    data = bytes(proof.signed.message.proof_data)
    proof.signed.message.proof_data = data[:-20] + KEYS[ABSENT].address
    owned = resigned(pair, proof, ABSENT, ABSENT)
    owned.signed.signature = bls.Sign(1, b"\x00" * 32)
    return owned


WRONG = [
    (Topic.BLOCK, tampered_block, "AssertionError"),
    (Topic.BLOCK, signed_wrong_block, "AssertionError"),
    (Topic.ATTESTATION, wrong_attestation, "signature is not its voters'"),
    (Topic.ATTESTATION, wrong_target, "target is not of its epoch"),
    (Topic.PAYLOAD_ATTESTATION, wrong_payload_vote, "signature is not its voters'"),
    (Topic.SYNC, wrong_contribution, "signature is not its members'"),
    (Topic.PROOF, stolen_proof, "its reward address is not the bond's"),
    (Topic.PROOF, unbonded_proof, "validator 7 has no bond"),
    (Topic.PROOF, unowned_proof, "the owner of the bond did not sign it"),
    (Topic.PROOF, unsigned_proof, "its signer is not active or did not sign it"),
]


@pytest.mark.parametrize("topic,make,reason", WRONG, ids=[make.__name__ for _, make, _ in WRONG])
def test_what_is_wrong_is_rejected(pair: Pair, topic: Topic, make: Any, reason: str) -> None:
    before = look(pair.theirs)
    verdict, why = pair.theirs.take(topic, bytes(make(pair).encode_bytes()), "liar")
    assert verdict is Reception.REJECT and reason in why
    assert look(pair.theirs) == before


OWN_TROUBLE = [MemoryError(), OSError(28, "No space left on device"), StorageError("it is full")]


@pytest.mark.parametrize("trouble", OWN_TROUBLE, ids=lambda trouble: type(trouble).__name__)
@pytest.mark.parametrize("call", ["on_block", "is_parent_node_full", "get_indexed_attestation"])
def test_own_trouble_is_no_verdict_on_a_message(
    pair: Pair, call: str, trouble: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the specification was doing when it came."""
    def fail(*arguments: Any) -> Any:
        raise trouble

    topic, make = ((Topic.ATTESTATION, wrong_attestation) if "attestation" in call
                   else (Topic.BLOCK, tampered_block))
    before, data = look(pair.theirs), bytes(make(pair).encode_bytes())
    monkeypatch.setattr(spec, call, fail)
    with pytest.raises(type(trouble)):
        pair.theirs.take(topic, data, "honest")
    monkeypatch.undo()
    assert look(pair.theirs) == before
    assert pair.theirs.take(topic, data, "liar")[0] is Reception.REJECT


GOSSIP = [topic for topic in Topic if topic not in DIRECTED | CERTIFICATE_TOPICS]
"""What a follower judges."""


@pytest.mark.parametrize("topic", GOSSIP)
def test_what_is_no_message_is_rejected(pair: Pair, topic: Topic) -> None:
    before = look(pair.theirs)
    for data in (b"", b"\x00", b"\xff" * 40, b"\xff" * 400):
        assert pair.theirs.take(topic, data, "liar")[0] in (Reception.REJECT, Reception.IGNORE)
    if pair.source.sent[topic]:
        whole = pair.source.sent[topic][-1]
        for cut in (1, len(whole) // 2):
            # A short proof of a prover whose proof is known is not looked at (KEEP).
            assert pair.theirs.take(topic, whole[:-cut], "liar")[0] is not Reception.ACCEPT
    assert look(pair.theirs) == before


def test_what_comes_again_is_kept_and_what_cannot_be_judged_is_ignored(pair: Pair) -> None:
    def verdict(topic: Topic, of: Follower) -> Reception:
        return of.take(topic, pair.source.sent[topic][-1], "peer")[0]

    for topic in (Topic.BLOCK, Topic.ENVELOPE, Topic.PROOF, Topic.TRANSACTION, Topic.TRANSFER):
        assert verdict(topic, pair.theirs) is Reception.KEEP
    new = follower()
    new.tick(SLOTS, CONFIRM_MS)
    for topic in GOSSIP:
        if topic is Topic.PROOF:  # it waits for its payload
            assert verdict(topic, new) is Reception.KEEP
        elif topic not in (Topic.TRANSACTION, Topic.TRANSFER, Topic.COLUMNS, Topic.WITNESS):
            assert verdict(topic, new) is Reception.IGNORE


def test_an_invalid_proof_is_passed_on_reported_and_paid_for(tmp_path: Path) -> None:
    """A prover that signs what does not verify loses a slice of its bond, by the contract."""
    pair = Pair(tmp_path, forge=True)
    for slot in range(1, 5):
        pair.slot(slot)
    assert not any(verdict is Reception.REJECT for _, verdict, _ in pair.verdicts)
    forged = [verdict for topic, verdict, _ in pair.verdicts if topic is Topic.PROOF]
    assert forged and set(forged) == {Reception.ACCEPT}
    account = pair.theirs.account()
    fines = [fine for fine in account.fines if fine.reason == "invalid"]
    assert {fine.prover for fine in fines} == {PROVER} and account.credits == ()
    assert pair.source.claims.reported == len(fines)
    for fine in fines:
        assert account.barred[fine.slot] == {PROVER}
    known = pair.theirs.layer.bonds.call("prover", pair.theirs.numbers[PROVER])
    lost = sum(fine.taken for fine in account.fines if fine.prover == PROVER)
    assert known["bond"] == account.bonds[PROVER] == 10**19 - lost
    # Once reported is enough.
    assert fines[0].slot not in [slot for slot, _, _ in pair.theirs.to_report()]
    pair.source.close()


def test_contracts_that_say_something_else_are_noticed(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.theirs.check_contracts()
    ledger = pair.theirs._branches.ledger(pair.theirs._tip())
    changes: list[Callable[[], None]] = [
        lambda: monkeypatch.setattr(ledger, "rho", ledger.rho + 1),
        lambda: monkeypatch.setattr(ledger.totals, "credited", ledger.totals.credited + 1),
        lambda: monkeypatch.setattr(ledger.totals, "taken", ledger.totals.taken + 1),
        lambda: monkeypatch.setattr(
            ledger.provers[PROVER], "bond", ledger.provers[PROVER].bond - 1),
        lambda: monkeypatch.setattr(ledger.provers[ABSENT], "reliability", 1),
        lambda: monkeypatch.setattr(ledger.open[2], "wins", []),
    ]
    for change in changes:
        change()
        pair.theirs._checked = b""
        with pytest.raises(BrokenInvariant):
            pair.theirs.check_contracts()
        monkeypatch.undo()
    pair.theirs._checked = b""
    pair.theirs.check_contracts()


def test_a_wrong_envelope_is_rejected_and_the_right_one_taken(tmp_path: Path) -> None:
    ours = Pair(tmp_path)
    ours.slot(1)
    new = follower()
    new.tick(1, 0)
    block, = ours.sent[Topic.BLOCK]
    assert new.take(Topic.BLOCK, bytes(block.encode_bytes()), "peer") == (Reception.ACCEPT, "")
    right, = ours.sent[Topic.ENVELOPE]
    wrong = right.copy()
    wrong.message.payload.transactions[0] = b"\x01" * len(wrong.message.payload.transactions[0])
    signature = spec.get_execution_payload_envelope_signature(
        ours.ours.head_state(), wrong.message, KEYS[block.message.proposer_index].secret)
    wrong.signature = signature
    verdict, _ = new.take(Topic.ENVELOPE, bytes(wrong.encode_bytes()), "liar")
    assert verdict is Reception.REJECT and new.branch() == []
    assert new.take(Topic.ENVELOPE, bytes(right.encode_bytes()), "peer") == (Reception.ACCEPT, "")
    assert [facts.slot for facts in new.branch()] == [1]
    ours.source.close()


def test_slashing_protection_stands_in_the_way(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    pair.slot(1)
    blocks = len(pair.sent[Topic.BLOCK])
    # A second life of the same slot on another view: nothing may be signed again.
    other = follower()
    again = NodeValidators(
        dict(enumerate(KEYS)), other, pair.protection, pair.source.publish)
    other.tick(1, 0)
    again.propose()
    other.tick(1, ATTEST_MS)
    again.attest()
    assert len(pair.sent[Topic.BLOCK]) == blocks
    assert again.refused[0].startswith("block of slot 1 by validator")
    assert any("double vote" in reason for reason in again.refused)
    pair.source.close()


def test_one_name_follows_a_thing_through_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger=PACKAGE)
    pair = Pair(tmp_path)
    for slot in (1, 2, 3):
        pair.slot(slot)

    def told(field: str, name: str) -> list[str]:
        return [record.module for record in caplog.records if vars(record).get(field) == name]

    first = pair.theirs.branch()[0]
    # Proposed once, and taken in with its payload by both nodes.
    assert told("block", name_of(first.root))[:3] == ["validators", "follower", "follower"]
    paid = {credit.proven_slot for credit in pair.theirs.account().credits}
    job = next(job for job in pair.jobs.jobs() if job.slot in paid)
    assert {"prover", "follower"} <= set(told("proof", job.key.name))
    assert told("job", job.key.name)[0] == "store"
    assert told("job", job.key.name).count("store") >= 9  # from SEEN to INCLUDED
    assert set(told("payload", name_of(job.key.root))) == {"store", "prover", "follower"}
    pair.source.close()
