"""Votes of witnesses: who may sign, what is heard, and what several nodes' votes come to."""

from dataclasses import replace

import pytest

from proofmill.host.network.consensus.duties import committees_of
from proofmill.host.network.consensus.genesis import genesis_state
from proofmill.host.network.consensus.keys import derive_keys
from proofmill.host.network.consensus.refusal import Invalid
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.consensus.witnesses import (
    KEPT_SLOTS,
    MOST_SIGNED,
    ProofWitness,
    WitnessPool,
    WitnessVote,
    check,
    is_majority,
    sign,
    witnesses_of,
)

KEYS = dict(enumerate(derive_keys(3, 64)))
SLOT = 5


@pytest.fixture(scope="module")
def state() -> spec.BeaconState:
    return genesis_state(tuple(KEYS.values()), bytes(32))


def message(slot: int = SLOT, **changes: object) -> ProofWitness:
    return ProofWitness(**{"slot": slot, "proven_slot": slot - 1, "payload_root": b"\x01" * 32,
                           "prover": 0, **changes})


def signed(state: spec.BeaconState, members: list[int], of: ProofWitness) -> WitnessVote:
    vote = sign({member: KEYS[member] for member in members}, state, of)
    assert vote is not None
    return vote


def test_everybody_is_a_witness_once_an_epoch(state: spec.BeaconState) -> None:
    per_epoch = int(spec.SLOTS_PER_EPOCH)
    for first in (0, per_epoch, 3 * per_epoch):
        slots = [witnesses_of(state, slot) for slot in range(first, first + per_epoch)]
        assert sorted(member for members in slots for member in members) == list(KEYS)
    assert witnesses_of(state, SLOT) == [
        member for committee in committees_of(state, SLOT) for member in committee]


def test_parts_come_to_the_vote_of_all(state: spec.BeaconState) -> None:
    members, pool = witnesses_of(state, SLOT), WitnessPool()
    whole = signed(state, members, message())
    assert check(state, whole) == members
    half = len(members) // 2
    assert pool.hear(state, signed(state, members[:half], message())) == ""
    assert list(pool.votes(state, SLOT + 1)) == [], "half is not more than half"
    assert pool.hear(state, signed(state, members[half:], message())) == ""
    assert list(pool.votes(state, SLOT + 1)) == [whole]
    assert pool.first(state, b"\x01" * 32, 0) == SLOT
    assert pool.first(state, b"\x01" * 32, 1) is pool.first(state, b"\x02" * 32, 0) is None
    assert list(pool.votes(state, SLOT)) == [], "its slot is not over"
    assert "taken apart" in pool.hear(state, signed(state, members[:1], message()))
    assert list(pool.votes(state, SLOT + 1)) == [whole]
    pool.forget(SLOT + KEPT_SLOTS)
    assert list(pool.votes(state, SLOT + 1)) == [whole]
    pool.forget(SLOT + KEPT_SLOTS + 1)
    assert list(pool.votes(state, SLOT + 1)) == []


def test_what_counts_is_their_stake(state: spec.BeaconState) -> None:
    members, other = witnesses_of(state, SLOT), state.copy()
    assert is_majority(other, members, members[:5]) and not is_majority(other, members, members[:4])
    other.validators[members[0]].effective_balance *= 4
    assert is_majority(other, members, members[:3])
    assert not is_majority(other, members, members[1:6])


def test_who_does_not_sign_or_is_no_witness_is_not_heard(state: spec.BeaconState) -> None:
    members, pool = witnesses_of(state, SLOT), WitnessPool()
    stranger = next(iter(set(KEYS) - set(members)))
    assert sign({stranger: KEYS[stranger]}, state, message()) is None
    right = signed(state, members, message())
    wrong = [
        WitnessVote(message=message(prover=1), bits=right.bits, signature=right.signature),
        WitnessVote(message=message(SLOT + 1, proven_slot=SLOT - 1), bits=right.bits,
                    signature=right.signature),
        WitnessVote(message=right.message, bits=[False] * 8, signature=right.signature),
        WitnessVote(message=right.message, bits=right.bits[:-1], signature=right.signature),
        WitnessVote(message=right.message, bits=right.bits, signature=bytes(96)),
        signed(state, members, message(proven_slot=SLOT + 1)),
        replace_key(state, members)]
    for vote in wrong:
        with pytest.raises(Invalid):
            pool.hear(state, vote)
    assert list(pool.votes(state, SLOT + 1)) == []


def replace_key(state: spec.BeaconState, members: list[int]) -> WitnessVote:
    """A vote of a witness that somebody else has signed."""
    key = replace(KEYS[members[0]], secret=KEYS[members[1]].secret)
    vote = sign({members[0]: key}, state, message())
    assert vote is not None
    return vote


def test_a_witness_is_heard_of_so_many_proofs(state: spec.BeaconState) -> None:
    member, pool = witnesses_of(state, SLOT)[0], WitnessPool()
    for prover in range(MOST_SIGNED):
        assert pool.hear(state, signed(state, [member], message(prover=prover))) == ""
    assert "too many proofs" in pool.hear(
        state, signed(state, [member], message(prover=MOST_SIGNED)))
