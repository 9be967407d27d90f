"""The votes in the blocks of each branch, and what they say of a divided network.

The rule is `mechanism.division`'s; here it meets the specification's blocks. A vote may come some
slots after its own, where blocks are missing, so nothing is said of the last `LATE_VOTES` slots
before a block. What is said follows from the branch alone, so every node says the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.mechanism.division import TOLD_SLOTS, Turn, divided_slots

SLOTS_PER_EPOCH = int(spec.SLOTS_PER_EPOCH)
LATE_VOTES = 4
"""Slots before a block for which votes may be missing still."""
KEPT = TOLD_SLOTS + 2 * SLOTS_PER_EPOCH
"""Slots that are looked back on: those whose division is told, and the two epochs before in which
everybody had a turn."""


@dataclass(frozen=True)
class Turns:
    """The branch that ends with a block of `slot`: whose turn the slots before it were."""

    slot: int
    turns: Mapping[int, Turn]


class Turnout:
    """The votes on every branch of a fork-choice store. A block is looked at once."""

    def __init__(self, store: spec.Store) -> None:
        """`store`: the specification's; it may be pruned as it goes on."""
        self._store = store
        self._branches: dict[bytes, Turns] = {}
        self._divided: dict[bytes, frozenset[int]] = {}

    def divided(self, root: bytes) -> frozenset[int]:
        """The slots in which, as the votes up to the block `root` say, the network was divided.

        KeyError for a block that the store does not have.
        """
        if root not in self._divided:
            branch, state = self._branch(root), self._store.block_states[root]
            active = spec.get_active_validator_indices(state, spec.get_current_epoch(state))
            self._divided[root] = divided_slots(
                {slot: turn for slot, turn in branch.turns.items()
                 if slot <= branch.slot - LATE_VOTES},
                {int(each): int(state.validators[each].effective_balance) for each in active},
                SLOTS_PER_EPOCH)
            self._forget()
        return self._divided[root]

    def turns(self, root: bytes) -> Turns | None:
        """What is known of the branch that ends in the block `root`, if it was looked at."""
        return self._branches.get(root)

    def go_on_from(self, root: bytes, turns: Turns) -> None:
        """Have looked at the branch up to the block `root`, which may be the store's first."""
        self._branches, self._divided = {root: turns}, {}

    def _branch(self, root: bytes) -> Turns:
        waiting = []
        while root not in self._branches:
            block = self._store.blocks[root]
            parent = bytes(block.parent_root)
            if parent not in self._branches and parent not in self._store.blocks:
                # The store's first block: of what came before nothing is known.
                self._branches[root] = Turns(int(block.slot), {})
                break
            waiting.append(root)
            root = parent
        branch = self._branches[root]
        for root in reversed(waiting):
            branch = self._branches[root] = self._after(branch, root)
        return branch

    def _after(self, parent: Turns, root: bytes) -> Turns:
        """What is known with the block `root`, the next one after `parent`."""
        block, state = self._store.blocks[root], self._store.block_states[root]
        now = int(block.slot)
        turns = {slot: turn for slot, turn in parent.turns.items() if slot >= now - KEPT}
        # With slot 0 everybody begins, and nobody votes in it.
        for slot in range(max(parent.slot, 1), now):
            turns[slot] = Turn(_members(state, slot), frozenset())
        for attestation in block.body.attestations:
            slot = int(attestation.data.slot)
            if slot in turns and spec.get_block_root_at_slot(
                    state, slot) == attestation.data.beacon_block_root:
                voters = {int(each) for each in spec.get_attesting_indices(state, attestation)}
                turns[slot] = Turn(turns[slot].members, voters.union(turns[slot].voters))
        return Turns(now, turns)

    def _forget(self) -> None:
        """Drop blocks that the store has dropped, now and then."""
        if len(self._branches) > len(self._store.blocks) + SLOTS_PER_EPOCH:
            self._branches = {root: branch for root, branch in self._branches.items()
                              if root in self._store.blocks}
            self._divided = {root: slots for root, slots in self._divided.items()
                             if root in self._store.blocks}


def _members(state: spec.BeaconState, slot: int) -> frozenset[int]:
    """Validators whose turn it is to vote in a slot."""
    committees = spec.get_committee_count_per_slot(state, spec.compute_epoch_at_slot(slot))
    return frozenset(int(each) for index in range(int(committees))
                     for each in spec.get_beacon_committee(state, slot, index))
