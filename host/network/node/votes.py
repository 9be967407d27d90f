"""The votes a node has heard: for blocks, for payloads, and the sync committee's signatures.

Each message is checked by the specification's own functions before it counts here or is put into a
block.
"""

from contextlib import suppress

from proofmill.host.network.consensus.refusal import Invalid, judged_by_specification
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.node.aggregates import is_valid_contribution
from proofmill.host.network.node.gossip import Reception
from proofmill.host.network.node.proof_pool import Answer

SLOTS_PER_EPOCH = int(spec.SLOTS_PER_EPOCH)


class VotePool:
    """Votes of the last epoch, on the blocks of a fork-choice store."""

    def __init__(self, store: spec.Store) -> None:
        self._store = store
        self._attestations: list[spec.Attestation] = []
        self._unapplied: list[spec.Attestation] = []
        self._payload_attestations: dict[bytes, list[spec.PayloadAttestation]] = {}
        self._contributions: list[spec.SyncCommitteeContribution] = []

    def attestations(self) -> list[spec.Attestation]:
        """The votes of the last epoch, oldest first, each by some of one node's validators."""
        return self._attestations

    def payload_attestations(self, root: bytes) -> list[spec.PayloadAttestation]:
        """Votes on the payload of a block."""
        return self._payload_attestations.get(root, [])

    def contributions(
        self, root: bytes, slot: int
    ) -> list[spec.SyncCommitteeContribution]:
        """The sync committee's signatures of a block as the head of `slot`."""
        return [each for each in self._contributions
                if each.slot == slot and each.beacon_block_root == root]

    def new_slot(self, slot: int) -> None:
        """Let the votes of earlier slots count, and forget old ones."""
        for attestation in self._unapplied:
            # Its target may have been finalised away meanwhile.
            with suppress(Invalid), judged_by_specification():
                spec.on_attestation(self._store, attestation)
        self._unapplied = []
        oldest = slot - SLOTS_PER_EPOCH
        self._attestations = [each for each in self._attestations if each.data.slot >= oldest]
        self._contributions = [each for each in self._contributions if each.slot >= slot - 1]
        self._payload_attestations = {
            root: votes for root, votes in self._payload_attestations.items()
            if votes[0].data.slot >= slot - 1}

    def add_attestation(self, attestation: spec.Attestation, slot: int) -> Answer:
        """Take in an `Attestation`; it counts from the next slot on."""
        data, store = attestation.data, self._store
        if not slot - 1 <= data.slot <= slot:
            return Reception.IGNORE, "it is not of this slot"
        if data.beacon_block_root not in store.blocks:
            return Reception.IGNORE, "its block is unknown"
        if data.target.root not in store.blocks:
            return Reception.IGNORE, "its target is unknown"
        if data.target.epoch != spec.compute_epoch_at_slot(data.slot):
            return Reception.REJECT, "its target is not of its epoch"
        with judged_by_specification():
            spec.store_target_checkpoint_state(store, data.target)
            state = store.checkpoint_states[data.target]
            indexed = spec.get_indexed_attestation(state, attestation)
            valid = spec.is_valid_indexed_attestation(state, indexed)
        if not valid:
            return Reception.REJECT, "its signature is not its voters'"
        self._attestations.append(attestation)
        self._unapplied.append(attestation)
        return Reception.ACCEPT, ""

    def add_payload_attestation(self, attestation: spec.PayloadAttestation, slot: int) -> Answer:
        """Take in a `PayloadAttestation`; it counts at once."""
        data, store = attestation.data, self._store
        root = bytes(data.beacon_block_root)
        if data.slot != slot or root not in store.block_states:
            return Reception.IGNORE, "its block is unknown or not of this slot"
        state = store.block_states[root]
        if data.slot != state.slot:
            return Reception.IGNORE, "its block is of another slot"
        with judged_by_specification():
            indexed = spec.get_indexed_payload_attestation(state, attestation)
            valid = spec.is_valid_indexed_payload_attestation(state, indexed)
        if not valid:
            return Reception.REJECT, "its signature is not its voters'"
        with judged_by_specification():
            for index in set(indexed.attesting_indices):
                # The signature is checked above, for all at once.
                spec.on_payload_attestation_message(
                    store, spec.PayloadAttestationMessage(validator_index=index, data=data),
                    is_from_block=True)
        self._payload_attestations.setdefault(root, []).append(attestation)
        return Reception.ACCEPT, ""

    def add_contribution(self, contribution: spec.SyncCommitteeContribution, slot: int) -> Answer:
        """Take in a `SyncCommitteeContribution` for the head of this slot."""
        root = contribution.beacon_block_root
        if contribution.slot != slot or root not in self._store.block_states:
            return Reception.IGNORE, "its block is unknown, or it is not of this slot"
        with judged_by_specification():
            valid = is_valid_contribution(self._store.block_states[root], contribution)
        if not valid:
            return Reception.REJECT, "its signature is not its members'"
        self._contributions.append(contribution)
        return Reception.ACCEPT, ""
