"""Keeps the specification's fork-choice store fast and small, without touching a function of it.

**Pins.** The specification's containers decode a field from a Merkle tree at every access, and its
fork choice reads the same few fields of the same blocks tens of thousands of times a slot: seconds
an epoch. `pin_store` reads them once and keeps them as plain attributes of the objects the store
holds already. Values and types stay; a copy of a pinned object, which is what the specification
makes before it changes one, carries no pins.

**Pruning.** The specification never forgets a block and walks all of them at every block. Clients
drop what lies before the finalised block, and so does `prune_store`.
"""

from collections.abc import Iterable
from dataclasses import fields

from proofmill.host.network.consensus.spec import INCLUSION_LISTS, spec


class PinnedValidators(list[spec.Validator]):
    """A state's validators, decoded once, with the hash root of the list they came from."""

    def __init__(self, validators: spec.List) -> None:
        self._root = validators.hash_tree_root()
        super().__init__(validators)
        for validator in self:
            _pin(validator, ("slashed", "effective_balance", "pubkey"))

    def hash_tree_root(self) -> spec.Root:
        """As of the list in the state: the specification's caches use it as a key."""
        return self._root


def pin_store(store: spec.Store) -> None:
    """Pin the blocks and checkpoint states that have come into the store since the last call."""
    for block in store.blocks.values():
        if "slot" not in vars(block):
            _pin(block, ("slot", "parent_root", "proposer_index"))
    for state in store.checkpoint_states.values():
        if "slot" not in vars(state):
            validators = PinnedValidators(state.validators)
            _pin(state, ("slot",))
            object.__setattr__(state, "validators", validators)


def begin_store(store: spec.Store, state: spec.BeaconState, block: spec.BeaconBlock,
                final: spec.Checkpoint, equivocating: Iterable[int]) -> None:
    """Have a store begin with a final block and the `state` after it, as one that was pruned there.

    `final`: the checkpoint of that block. `equivocating`: validators whose votes do not count.
    ValueError where the state is not the block's.
    """
    if block.state_root != spec.hash_tree_root(state):
        raise ValueError("the state is not the one after its block")
    begun, root = spec.get_forkchoice_store(state, block), spec.Root(final.root)
    for name in ("justified", "finalized", "unrealized_justified", "unrealized_finalized"):
        setattr(begun, f"{name}_checkpoint", final)
    begun.unrealized_justifications[root] = final
    begun.equivocating_indices = {spec.ValidatorIndex(index) for index in equivocating}
    for votes in (begun.payload_timeliness_vote, begun.payload_data_availability_vote):
        votes[root] = [None] * spec.PTC_SIZE
    begun.checkpoint_states.clear()
    spec.store_target_checkpoint_state(begun, final)
    for field in fields(store):  # in its place, since others hold it
        setattr(store, field.name, getattr(begun, field.name))


def prune_store(store: spec.Store) -> None:
    """Drop what lies before the finalised block, except blocks that a vote still points to."""
    finalized = store.finalized_checkpoint
    finalized_slot = store.blocks[finalized.root].slot
    voted = {message.root for message in store.latest_messages.values()}
    old = [
        root
        for root, block in store.blocks.items()
        if block.slot < finalized_slot and root not in voted
    ]
    for root in old:
        for table in (
            store.blocks,
            store.block_states,
            store.block_timeliness,
            store.unrealized_justifications,
            store.payloads,
            store.payload_timeliness_vote,
            store.payload_data_availability_vote,
            *([store.payload_inclusion_list_satisfaction] if INCLUSION_LISTS else []),
        ):
            table.pop(root, None)
    for checkpoint in [c for c in store.checkpoint_states if c.epoch < finalized.epoch]:
        del store.checkpoint_states[checkpoint]


def full_node(store: spec.Store, root: bytes) -> spec.ForkChoiceNode:
    """The fork-choice node of a block together with its payload, if it has come."""
    status = spec.PAYLOAD_STATUS_FULL if root in store.payloads else spec.PAYLOAD_STATUS_EMPTY
    return spec.ForkChoiceNode(root=spec.Root(root), payload_status=status)


def _pin(view: spec.Container, names: Iterable[str]) -> None:
    for name in names:
        # Past the container's own __setattr__, which would write to the tree.
        object.__setattr__(view, name, getattr(view, name))
