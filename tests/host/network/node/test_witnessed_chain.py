"""Nodes of a chain on which delays count to when layer 1's witnesses had a proof."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from proofmill.host.network.consensus.refusal import decoded
from proofmill.host.network.consensus.witnesses import ProofWitness, WitnessVote, sign
from proofmill.host.network.economics.explain import explain
from proofmill.host.network.economics.recorded import record_of, replayed
from proofmill.host.network.node.follower import ChainSetup, Follower
from proofmill.host.network.node.gossip import Reception
from proofmill.host.network.node.opening import devnet_parameters
from proofmill.host.network.node.wire import Topic
from tests.host.network.node.chains import ABSENT, BOND, KEYS, PROVER, Source, chain_setup, follower

SLOTS = 22
EMPTY = 4, 5, 6, 11
"""More in a row than stage 1 has slots."""


def witnessing() -> ChainSetup:
    plain, parameters = chain_setup(), devnet_parameters(witnesses=True)
    engines: Any = plain.engines
    return replace(plain, parameters=parameters, engines=replace(
        engines, base=replace(engines.base, parameters=parameters)))


@dataclass
class Played:
    """A node that makes everything and one that listens, and what the second said of each."""

    source: Source
    other: Follower
    answers: list[tuple[Topic, Reception, str]] = field(default_factory=list)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    chain = witnessing()
    other = follower(chain=chain)
    answers: list[tuple[Topic, Reception, str]] = []

    def hear(topic: Topic, data: bytes) -> None:
        answers.append((topic, *other.take(topic, data, "source")))

    source = Source(Path(tmp_path_factory.mktemp("source")), hear, chain=chain)
    source.confirm(0, other.tick)
    for slot in range(1, SLOTS + 1):
        source.slot(slot, other.tick, empty=slot in EMPTY)
    yield Played(source, other, answers)
    source.close()


def test_both_agree_with_their_contracts(played: Played) -> None:
    """The reference is compared with the contracts at every head of the source, too."""
    played.other.check_contracts()
    assert not [each for each in played.answers if each[1] is Reception.REJECT]
    assert [each for each in played.answers if each[:2] == (Topic.WITNESS, Reception.ACCEPT)]
    ours, theirs = (each.whole_account() for each in (played.source.follower, played.other))
    assert ours == theirs and ours.credits
    assert played.other.layer.rewards.call("settled_epochs") >= 1


def test_who_proved_in_time_is_paid_in_full_after_any_number_of_empty_slots(
        played: Played) -> None:
    account = played.other.whole_account()
    drawn = [slot for slot, each in account.assignments.items() if each.primary == PROVER]
    credits = {credit.proven_slot: credit for credit in account.credits}
    late = [slot for slot in drawn if slot in credits and credits[slot].including_slot > slot + 1]
    assert late, "no slot of the prover's was followed by an empty one"
    assert all(credits[slot].delay == 1 for slot in drawn if slot in credits)
    assert all((fine.prover, fine.reason) != (PROVER, "primary") for fine in account.fines)
    absent = [slot for slot, each in account.assignments.items() if each.primary == ABSENT]
    missed = {fine.slot for fine in account.fines if fine.prover == ABSENT}
    assert {slot for slot in absent if slot + 4 < SLOTS} <= missed


def test_blocks_say_it_once(played: Played) -> None:
    said = [(told.proven_slot, told.prover) for facts in played.other.branch()
            for told in facts.witnessed]
    assert said and len(said) == len(set(said))


def test_a_record_of_it_is_explained(played: Played) -> None:
    node = played.other
    record = record_of(
        1, len(KEYS), witnessing().minimum_bond, {PROVER: BOND, ABSENT: BOND}, bytes(32), 0,
        node.branch(), witnesses=True)
    run = replayed(record)
    account = node.whole_account()
    assert run.ledger.totals.taken == sum(fine.taken for fine in account.fines) > 0
    slot = next(credit.proven_slot for credit in account.credits
                if credit.including_slot > credit.proven_slot + 1 and credit.delay == 1)
    told = " ".join(sentence for story in explain(run, slot).stories
                    for sentence in story.sentences)
    assert f"and counts as 1 slot after, since more than half of the witnesses of slot {slot}" \
        in told


def test_votes_that_nobody_has_signed_are_refused(played: Played) -> None:
    """A forged one is its sender's fault; of another slot, payload or branch it is not."""
    node = played.source.follower
    facts, state = node.branch()[-1], node.head_state()
    right = ProofWitness(slot=node.slot, proven_slot=facts.slot,
                         payload_root=facts.request_root, prover=1)

    def answer(vote: WitnessVote) -> tuple[Reception, str]:
        return node.take(Topic.WITNESS, bytes(vote.encode_bytes()), "a peer")

    def vote(**changes: object) -> WitnessVote:
        values = {name: getattr(right, name)
                  for name in ("slot", "proven_slot", "payload_root", "prover")}
        made = sign(dict(enumerate(KEYS)), state, ProofWitness(**{**values, **changes}))
        assert made is not None
        return made

    forged = WitnessVote(message=right, bits=vote().bits, signature=vote(prover=0).signature)
    assert answer(forged)[0] is Reception.REJECT
    assert answer(vote(prover=7))[0] is Reception.REJECT
    assert answer(vote(proven_slot=facts.slot - 1))[0] is Reception.REJECT
    assert answer(vote(payload_root=bytes(32))) == (
        Reception.IGNORE, "its payload is unknown")
    assert answer(vote(slot=node.slot - 2))[0] is Reception.IGNORE
    assert answer(vote(slot=node.slot + 1))[0] is Reception.IGNORE
    assert node.take(Topic.WITNESS, b"junk", "a peer")[0] is Reception.REJECT
    assert answer(vote())[0] is Reception.ACCEPT
    assert answer(vote())[0] is Reception.KEEP
    plain = follower()
    assert plain.take(Topic.WITNESS, bytes(vote().encode_bytes()), "a peer") == (
        Reception.IGNORE, "witnesses do not count on this chain")
    assert decoded(WitnessVote, bytes(vote().encode_bytes())) == vote()
