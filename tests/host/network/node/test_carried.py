"""Proofs whose transactions stay away, and proofs that come before their block."""

from pathlib import Path
from typing import Any

import pytest

from proofmill.host.network.consensus.keys import ValidatorKey
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.node.early_proofs import MOST_OF_ONE
from proofmill.host.network.node.follower import Follower
from proofmill.host.network.node.gossip import Reception
from proofmill.host.network.node.owned_proof import SIGNATURE_BYTES, OwnedProof
from proofmill.host.network.node.wire import Topic
from tests.host.network.node.chains import ABSENT, KEYS, PROVER, Source, follower

SLOTS = 5


class Withheld(Source):
    """Its prover says that it has proofs, and keeps the transactions that hand them in."""

    def send(self, topic: Topic, data: bytes) -> None:
        if topic is Topic.TRANSACTION:
            self.sent[topic].append(data)
        else:
            super().send(topic, data)


@pytest.fixture(scope="module")
def withheld(tmp_path_factory: pytest.TempPathFactory) -> Withheld:
    source = Withheld(tmp_path_factory.mktemp("withheld"), lambda topic, data: None)
    source.confirm(0)
    for slot in range(1, SLOTS + 1):
        source.slot(slot)
    return source


def test_who_withholds_a_transaction_changes_nothing(withheld: Withheld) -> None:
    assert withheld.sent[Topic.TRANSACTION], "the prover has made no proof"
    slots = {withheld.follower._by_request[root].slot for root, _ in (
        key for key, _ in withheld.follower._pool.all_valid())}
    paid = {credit.proven_slot: credit for credit in withheld.follower.account().credits}
    assert slots - {SLOTS, SLOTS - 1} <= set(paid) and withheld.claims.carried >= len(paid) > 0
    # By the first proposer that could: no duty is missed for it.
    account = withheld.follower.account()
    for slot, credit in paid.items():
        if account.assignments[slot].primary == PROVER:
            assert credit.prover == PROVER and credit.stage == 1
    assert PROVER not in {fine.prover for fine in account.fines}


def test_what_waits_as_a_transaction_is_not_carried(tmp_path: Path) -> None:
    source = Source(tmp_path, lambda topic, data: None)
    source.confirm(0)
    for slot in range(1, SLOTS + 1):
        source.slot(slot)
    assert source.follower.account().credits and source.claims.carried == 0
    source.close()


def replayed(source: Source, first: Topic) -> tuple[Follower, bytes, Any]:
    """A follower before the first proven block's message `first`, that proof, and the message."""
    proof = source.sent[Topic.PROOF][0]
    root = bytes(OwnedProof.decode_bytes(
        proof).signed.message.public_input.new_payload_request_root)
    slot = source.follower._by_request[root].slot
    theirs = follower()
    for at in range(1, slot + 1):
        theirs.tick(at, 0)
        for topic in (Topic.BLOCK, Topic.ENVELOPE):
            data = source.sent[topic][at - 1]
            if at == slot and topic is first:
                return theirs, proof, data
            assert theirs.take(topic, data, "peer")[0] is Reception.ACCEPT
    raise AssertionError(first)


def test_a_proof_waits_for_its_block(withheld: Withheld) -> None:
    theirs, proof, envelope = replayed(withheld, Topic.ENVELOPE)
    assert theirs.take(Topic.PROOF, proof, "peer") == (Reception.KEEP, "it waits for its payload")
    assert theirs.released() == []
    assert theirs.take(Topic.ENVELOPE, envelope, "peer")[0] is Reception.ACCEPT
    assert [(topic, bytes(each.encode_bytes())) for topic, each in theirs.released()] == [
        (Topic.PROOF, proof)]
    assert len(theirs.open_proofs()) == 1 and theirs.released() == []


def early(prover: int, number: int, key: ValidatorKey, state: spec.BeaconState) -> bytes:
    message = spec.ExecutionProof(public_input=spec.PublicInput(
        new_payload_request_root=number.to_bytes(32, "big")))
    signed = spec.SignedExecutionProof(
        message=message, validator_index=prover,
        signature=spec.get_execution_proof_signature(state, message, key.secret))
    return bytes(OwnedProof(signed=signed, owner_signature=bytes(SIGNATURE_BYTES)).encode_bytes())


def test_nobody_fills_the_place_of_those_that_wait(withheld: Withheld) -> None:
    theirs, proof, envelope = replayed(withheld, Topic.ENVELOPE)
    state = theirs.head_state()
    assert theirs.take(Topic.PROOF, proof, "peer")[0] is Reception.KEEP
    for number in range(2 * MOST_OF_ONE):
        assert theirs.take(Topic.PROOF, early(ABSENT, number, KEYS[ABSENT], state), "peer")[
            0] is Reception.KEEP
        # Nobody in another's name, and nobody without a bond.
        for prover in (PROVER, 7):
            verdict, reason = theirs.take(
                Topic.PROOF, early(prover, number, KEYS[ABSENT], state), "peer")
            assert (verdict, reason) == (Reception.IGNORE, "its payload is unknown")
    assert len(theirs._early) == MOST_OF_ONE + 1
    assert theirs.take(Topic.ENVELOPE, envelope, "peer")[0] is Reception.ACCEPT
    assert len(theirs.released()) == 1
