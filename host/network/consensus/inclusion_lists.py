"""Inclusion lists (EIP-7805): what a committee of a slot wants in the next slot's payload.

Each of its 16 members names transactions that wait, those of proofs among them, up to 8,192 bytes.
A payload that leaves one out which it had room for is not built on: the fork choice prefers the
block without its payload (`should_extend_payload`). What members say is kept as the specification
keeps it (`process_inclusion_list`), and who says two things is not heard.
"""

from collections.abc import Iterator, Mapping, Sequence

from proofmill.host.network.consensus.keys import ValidatorKey
from proofmill.host.network.consensus.refusal import Invalid
from proofmill.host.network.consensus.spec import spec

KEPT = 4
"""Committees whose lists are kept: those of the latest slots."""


class InclusionLists:
    """The lists that a node has heard. Only on a fork that has them (`fork`)."""

    def __init__(self) -> None:
        self.store = spec.InclusionListStore()
        """The specification's, for `spec.engines`."""

    def make(
        self, signers: Mapping[int, ValidatorKey], state: spec.BeaconState, slot: int,
        transactions: Sequence[bytes],
    ) -> "Iterator[spec.SignedInclusionList]":
        """The lists of those members of the slot's committee whose keys are at hand, each with the
        first of `transactions` that fit. `state`: of the slot's epoch."""
        committee = spec.get_inclusion_list_committee(state, spec.Slot(slot))
        chosen, left = [], int(spec.config.MAX_BYTES_PER_INCLUSION_LIST)
        for raw in transactions:
            if len(raw) <= left:
                chosen.append(spec.Transaction(raw))
                left -= len(raw)
        for member in dict.fromkeys(int(one) for one in committee):
            if member not in signers:
                continue
            message = spec.InclusionList(
                slot=slot, validator_index=member,
                inclusion_list_committee_root=spec.hash_tree_root(committee), transactions=chosen)
            yield spec.SignedInclusionList(
                message=message, signature=spec.get_inclusion_list_signature(
                    state, message, signers[member].secret))

    def hear(self, store: spec.Store, state: spec.BeaconState, signed: "spec.SignedInclusionList"
             ) -> None:
        """Take a list in, by the rules of its gossip topic; inside of `spec.engines`.

        `store`: the fork choice's, whose clock says whether it is in time; `state`: of the slot's
        epoch. Raises `Invalid` for one that is too long, not a member's or not signed by it.
        """
        message = signed.message
        committee = spec.get_inclusion_list_committee(state, message.slot)
        if sum(len(raw) for raw in message.transactions) > spec.config.MAX_BYTES_PER_INCLUSION_LIST:
            raise Invalid("an inclusion list is too long")
        if (message.validator_index not in committee
                or message.inclusion_list_committee_root != spec.hash_tree_root(committee)):
            raise Invalid(f"validator {message.validator_index} is not in the inclusion list "
                          f"committee of slot {message.slot}")
        if not spec.is_valid_inclusion_list_signature(state, signed):
            raise Invalid(f"validator {message.validator_index} did not sign the inclusion list")
        spec.on_inclusion_list(store, signed)
        self._forget_old()

    def bits(self, state: spec.BeaconState, slot: int) -> spec.BitVector:
        """Which members of the slot's committee have been heard; inside of `spec.engines`."""
        return spec.get_inclusion_list_bits(self.store, state, spec.Slot(slot))

    def _forget_old(self) -> None:
        lists = self.store.inclusion_lists
        for committee in list(lists)[:-KEPT]:
            for root in lists.pop(committee):
                self.store.inclusion_list_timeliness.pop(root, None)
            self.store.equivocators.pop(committee, None)
