"""What the chain remembers of its blocks beside the fork-choice store, as a tree of branches."""

from collections.abc import Container
from dataclasses import dataclass

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.units import Gwei
from proofmill.host.network.consensus.duties import Proposal
from proofmill.host.network.consensus.payload import request_root
from proofmill.host.network.consensus.spec import spec


@dataclass(frozen=True)
class BlockRecord:
    """One block and its payload.

    `request`: the specification's `NewPayloadRequest`, `request_root`: the name proofs give it.
    `base_reward_gwei`: B_s of the layer-2 formula, from the state after the block.
    `attestation_roots`: of the attestations the block includes.
    """

    root: bytes
    slot: int
    parent_root: bytes
    proposer: int
    request: spec.NewPayloadRequest
    request_root: bytes
    base_reward_gwei: Gwei
    attestation_roots: frozenset[bytes]

    @property
    def payload(self) -> spec.ExecutionPayload:
        """The block's `ExecutionPayload`."""
        return self.request.execution_payload


def record_of(proposal: Proposal, state: spec.BeaconState) -> BlockRecord:
    """The record of a block that the fork choice has taken; `state`: the state after it."""
    block, envelope = proposal.signed_block.message, proposal.signed_envelope.message
    request = spec.NewPayloadRequest(
        execution_payload=envelope.payload,
        versioned_hashes=[
            spec.kzg_commitment_to_versioned_hash(each)
            for each in block.body.signed_execution_payload_bid.message.blob_kzg_commitments],
        parent_beacon_block_root=envelope.parent_beacon_block_root,
        execution_requests=envelope.execution_requests,
    )
    return BlockRecord(
        root=proposal.block_root,
        slot=int(block.slot),
        parent_root=bytes(block.parent_root),
        proposer=int(block.proposer_index),
        request=request,
        request_root=request_root(request),
        base_reward_gwei=base_reward_gwei(state),
        attestation_roots=frozenset(
            bytes(spec.hash_tree_root(attestation)) for attestation in block.body.attestations
        ),
    )


def base_reward_gwei(state: spec.BeaconState) -> Gwei:
    """B: layer 1's base of a slot, ``base_reward_per_increment * increments / SLOTS_PER_EPOCH``."""
    increments = spec.get_total_active_balance(state) // spec.EFFECTIVE_BALANCE_INCREMENT
    return Gwei(int(
        spec.get_base_reward_per_increment(state) * increments // spec.SLOTS_PER_EPOCH))


@dataclass(frozen=True)
class Branch:
    """The roots of a block and its ancestors: `recent` back to the finalised block, then `final`.

    `final` is the tree's own, shared and growing; only what was on the branch already is in it.
    """

    recent: frozenset[bytes]
    final: Container[bytes]

    def __contains__(self, root: object) -> bool:
        return root in self.recent or root in self.final


class BlockTree:
    """Every block from the finalised one on, and the roots of those before it."""

    def __init__(self, genesis_root: bytes) -> None:
        self.final = {genesis_root}
        """Roots of the finalised blocks, the latest of them included."""
        self.final_slot = 0
        self._records: dict[bytes, BlockRecord] = {}

    def add(self, record: BlockRecord) -> None:
        """Take in a block whose parent is known."""
        self._records[record.root] = record

    def finalize(self, root: bytes) -> None:
        """Make a block and its ancestors final and drop the records of older blocks."""
        self.final |= self.branch(root).recent
        self.final_slot = self._records[root].slot if root in self._records else self.final_slot
        self._records = {
            key: record for key, record in self._records.items() if record.slot >= self.final_slot
        }

    def branch(self, root: bytes) -> Branch:
        """A block and its ancestors; KeyError where it does not build on the finalised block."""
        recent = set()
        while root not in self.final:
            recent.add(root)
            root = self._records[root].parent_root
        return Branch(frozenset(recent), self.final)

    def at(self, slot: int, head: bytes) -> BlockRecord:
        """The block of `slot` on the branch of `head`; ProofmillError if there is none left."""
        record = self._records.get(head)
        while record is not None and record.slot > slot:
            record = self._records.get(record.parent_root)
        if record is None or record.slot != slot:
            raise ProofmillError(
                f"slot {slot}: no block of this branch, or final and no longer kept; "
                f"final is slot {self.final_slot}"
            )
        return record

    def delay(self, record: BlockRecord, head: bytes) -> int | None:
        """The delay of a proof of the block in the next one after `head`; None where `head` does
        not build on it."""
        delay, root = 1, head
        while root != record.root:
            if root not in self._records or self._records[root].slot <= record.slot:
                return None
            delay, root = delay + 1, self._records[root].parent_root
        return delay

    def proposed(self, request_root: bytes) -> BlockRecord | None:
        """The block with the payload of that request, or None."""
        for record in self._records.values():
            if record.request_root == request_root:
                return record
        return None

    def attested(self, head: bytes, since_slot: int) -> set[bytes]:
        """Roots of the attestations that the branch of `head` includes after `since_slot`."""
        roots: set[bytes] = set()
        record = self._records.get(head)
        while record is not None and record.slot > since_slot:
            roots |= record.attestation_roots
            record = self._records.get(record.parent_root)
        return roots
