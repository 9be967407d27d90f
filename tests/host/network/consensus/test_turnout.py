"""Votes in the blocks of a real chain, and what they say of a divided network."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from proofmill.host.network.consensus.chain import EmbeddedChain
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.consensus.turnout import LATE_VOTES, SLOTS_PER_EPOCH, Turnout

MakeChain = Callable[..., EmbeddedChain]
SILENT = range(12, 24)
SLOTS = 44


@dataclass
class Watched:
    """A chain in which nobody votes in the slots `SILENT`, and what was said after each block."""

    chain: EmbeddedChain
    said: dict[int, frozenset[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.turnout = Turnout(self.chain.store)
        for slot in range(1, SLOTS):
            self.chain.advance(attesting=slot not in SILENT)
            self.said[slot] = self.turnout.divided(bytes(self.chain.head.root))


@pytest.fixture(scope="module")
def watched(make_chain: MakeChain) -> Watched:
    return Watched(make_chain(3))


def test_every_validator_has_its_turn_and_its_vote(watched: Watched) -> None:
    everybody = range(len(watched.chain.keys))
    turns = watched.turnout._branch(bytes(watched.chain.head.root)).turns
    assert sorted(turns) == list(range(1, SLOTS - 1))
    for slot, turn in turns.items():
        assert set(turn.voters) == (set() if slot in SILENT else set(turn.members)), slot
    for first in range(SLOTS_PER_EPOCH, SLOTS - SLOTS_PER_EPOCH, SLOTS_PER_EPOCH):
        members = [each for slot in range(first, first + SLOTS_PER_EPOCH)
                   for each in turns[slot].members]
        assert sorted(members) == list(everybody), "once an epoch"


def test_slots_without_votes_are_divided(watched: Watched) -> None:
    seen = watched.said[SLOTS - 1]
    assert set(SILENT) <= seen <= set(range(SILENT.start - 14, SILENT.stop + 8))
    # After so few slots a third has not missed its turn.
    assert watched.said[SILENT.start + LATE_VOTES + 1] == frozenset()
    assert watched.said[SILENT.start - 1] == frozenset()


def test_what_the_store_has_dropped_is_known(watched: Watched) -> None:
    left = {int(block.slot) for block in watched.chain.store.blocks.values()}
    assert min(left) >= SILENT.stop, "blocks of the slots without votes are gone"
    assert watched.said[SLOTS - 1] >= set(SILENT)
    assert len(watched.turnout._branches) < SLOTS - 1


def test_a_branch_has_its_own_votes(make_chain: MakeChain) -> None:
    """Every other proposer builds a branch of its own, and takes in votes, which all are for the
    chain of the others."""
    chain = make_chain(4)
    fork = chain.advance_epochs(1)[-1].block_root
    taken = 0
    for _ in range(6):
        head = chain.advance().block_root
        fork = chain.advance(parent=fork).block_root
        taken += len(chain.store.blocks[fork].body.attestations)
    assert bytes(chain.head.root) == head, "nobody follows the fork"
    assert taken > 3
    assert Turnout(chain.store).divided(fork) >= set(range(9, 16))
    assert Turnout(chain.store).divided(head) == frozenset()


def test_a_block_that_is_not_there_is_named(watched: Watched) -> None:
    with pytest.raises(KeyError):
        watched.turnout.divided(bytes(spec.Root(b"\x01" * 32)))
