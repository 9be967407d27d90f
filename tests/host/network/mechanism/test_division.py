"""When a network counts as divided: the rule, by itself."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofmill.host.network.mechanism.division import Turn, divided_slots

VALIDATORS, EPOCH = 64, 8
STAKE = dict.fromkeys(range(VALIDATORS), 32)
EACH = VALIDATORS // EPOCH


def committees(seed: int, slots: int) -> dict[int, list[int]]:
    """Everybody once an epoch."""
    turns: dict[int, list[int]] = {}
    for epoch in range(-(-slots // EPOCH)):
        order = Random(f"{seed}/{epoch}").sample(range(VALIDATORS), VALIDATORS)
        for index in range(EPOCH):
            turns[epoch * EPOCH + index] = order[index * EACH:(index + 1) * EACH]
    return {slot: members for slot, members in turns.items() if slot < slots}


def played(seed: int, slots: int, away: set[int], when: range) -> frozenset[int]:
    """The slots that count as divided where validators `away` vote elsewhere in slots `when`."""
    return divided_slots(
        {slot: Turn(members, [each for each in members if slot not in when or each not in away])
         for slot, members in committees(seed, slots).items()}, STAKE, EPOCH)


def by_definition(turns: dict[int, Turn]) -> set[int]:
    """The docstring's formula, slot by slot from nothing."""
    found: set[int] = set()
    for last in turns:
        missing = 0
        for each in STAKE:
            latest = max((slot for slot in turns if slot <= last and each in turns[slot].members),
                         default=None)
            if latest is not None and each not in turns[latest].voters:
                missing += STAKE[each]
        if 3 * missing > sum(STAKE.values()):
            found |= {slot for slot in range(last - 2 * EPOCH + 2, last + 1) if slot >= 0}
    return found


@given(st.integers(0, 10**6), st.floats(0.2, 1))
def test_it_is_the_formula(seed: int, share: float) -> None:
    luck = Random(seed)
    turns = {slot: Turn(members, [each for each in members if luck.random() < share])
             for slot, members in committees(seed, 20).items() if luck.random() < 0.9}
    assert divided_slots(turns, STAKE, EPOCH) == by_definition(turns)


@pytest.mark.parametrize("seed", range(40))
def test_a_third_divides_nothing_however_it_is_drawn(seed: int) -> None:
    third = set(range(VALIDATORS // 3))
    assert played(seed, 64, third, range(64)) == frozenset()
    more = third | {VALIDATORS - 1}
    assert played(seed, 64, more, range(8, 40)) >= set(range(16, 40))


@pytest.mark.parametrize("seed", range(10))
def test_a_half_that_is_away_is_seen_from_its_first_slot_to_its_last(seed: int) -> None:
    half = set(Random(seed).sample(range(VALIDATORS), VALIDATORS // 2))
    for first in range(8, 16):
        found = played(seed, 64, half, range(first, first + 16))
        assert found >= set(range(first, first + 16))
        assert found <= set(range(first - 2 * EPOCH, first + 16 + EPOCH))


def test_stake_counts_and_not_heads() -> None:
    turns = {1: Turn([0, 1, 2, 3], [0])}
    assert divided_slots(turns, {0: 300, 1: 50, 2: 50, 3: 50}, EPOCH) == frozenset()
    assert divided_slots(turns, {0: 299, 1: 50, 2: 50, 3: 50}, EPOCH) == {0, 1}
    assert divided_slots(turns, {0: 299}, EPOCH) == frozenset(), "the others are active no more"


def test_half_of_all_is_seen_after_ten_slots() -> None:
    """What the documents say: always after ten, after six in one case of two."""
    seen = {}
    for count in (6, 10):
        halves = [(seed, set(Random(seed).sample(range(VALIDATORS), VALIDATORS // 2)),
                   range(8 + seed % 8, 8 + seed % 8 + count)) for seed in range(100)]
        seen[count] = sum(played(seed, 48, half, when) >= set(when) for seed, half, when in halves)
    assert seen[10] == 100
    assert 40 <= seen[6] <= 60
