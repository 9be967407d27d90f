"""The validators' part of a node: propose, attest, vote on payloads, sign the head."""

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Any

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.consensus.duties import Signers, attest, attest_payload, propose
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.node.aggregates import (
    merge_attestations,
    merge_contributions,
    merge_payload_attestations,
    sync_contributions,
)
from proofmill.host.network.node.claims import Claims
from proofmill.host.network.node.follower import Follower
from proofmill.host.network.node.slashing_protection import (
    SignedAttestation,
    SignedBlock,
    SlashingProtection,
)
from proofmill.host.network.node.wire import Topic

Publish = Callable[[Topic, Any], None]
"""Sends an SSZ object to the peers, and takes it in here as theirs would be."""


class Refused(Exception):
    """Slashing protection does not let a block be signed."""


class NodeValidators:
    """The duties of the validators whose keys this node holds."""

    def __init__(
        self, signers: Signers, follower: Follower, protection: SlashingProtection,
        publish: Publish, claims: Claims | None = None,
    ) -> None:
        """`claims`: what the node does for the second layer in blocks of its own."""
        self.refused: list[str] = []
        """What slashing protection did not let be signed, a sentence each."""
        self._signers = signers
        self._follower = follower
        self._protection = protection
        self._publish = publish
        self._claims = claims

    def propose(self) -> None:
        """Build and send the block of this slot, if it is one of ours to propose."""
        follower = self._follower
        proposer = proposer_of(follower.head_state, follower.slot)
        if proposer not in self._signers:
            return
        head, root = follower.head, bytes(follower.head.root)
        done = follower.included_attestations(head)
        attestations = [
            each for each in merge_attestations(follower.head_state, follower.votes.attestations())
            if bytes(spec.hash_tree_root(each)) not in done]
        votes = merge_payload_attestations(follower.votes.payload_attestations(root))
        self._queue_transactions()
        try:
            proposal = propose(
                self._signers, follower.store, head, follower.slot, follower.execution_layer,
                attestations, votes,
                sync=lambda _: merge_contributions(
                    follower.votes.contributions(root, follower.slot - 1), root),
                permit=self._permit_block)
        except Refused as error:
            self.refused.append(str(error))
            return
        self._publish(Topic.BLOCK, proposal.signed_block)
        self._publish(Topic.ENVELOPE, proposal.signed_envelope)

    def _queue_transactions(self) -> None:
        """Give the execution layer what the block is to contain, and nothing from before."""
        evm = self._follower.execution_layer.evm
        for raw in evm.waiting():
            evm.drop(raw)
        for raw in self._follower.mempool.waiting():
            # What does not fit any more is left out, whoever sent it.
            with suppress(ProofmillError):
                evm.send(raw)
        if self._claims is not None:
            self._claims.hand_in()

    def attest(self) -> None:
        """Vote for the head, each validator whose turn it is."""
        follower = self._follower
        attestation = attest(self._signers, follower.head_state, follower.head, follower.slot,
                             self._permit_votes)
        if attestation is not None:
            self._publish(Topic.ATTESTATION, attestation)

    def confirm(self) -> None:
        """Vote on the payload of this slot's block, and sign the head for the next block."""
        follower = self._follower
        root, state = bytes(follower.head.root), follower.head_state
        if state.slot == follower.slot and follower.head.root in follower.store.payloads:
            votes = attest_payload(self._signers, state, root)
            if votes is not None:
                self._publish(Topic.PAYLOAD_ATTESTATION, votes)
        for contribution in sync_contributions(self._signers, state, follower.slot, root):
            self._publish(Topic.SYNC, contribution)

    def _permit_block(self, block: Any, signing_root: bytes) -> None:
        key = self._signers[int(block.proposer_index)]
        reason = self._protection.permit_block(
            SignedBlock(key.public, int(block.slot), signing_root))
        if reason:
            raise Refused(f"block of slot {block.slot} by validator {block.proposer_index}: "
                          f"{reason}")

    def _permit_votes(
        self, voting: Sequence[int], data: Any, signing_root: bytes
    ) -> Collection[int]:
        reasons = self._protection.permit_attestations(
            SignedAttestation(self._signers[index].public, int(data.source.epoch),
                              int(data.target.epoch), signing_root)
            for index in voting)
        self.refused += [f"vote of slot {data.slot} by validator {index}: {reason}"
                         for index, reason in zip(voting, reasons, strict=True) if reason]
        return {index for index, reason in zip(voting, reasons, strict=True) if not reason}


def proposer_of(state: Any, slot: int) -> int:
    """Who proposes in `slot` on a block with that state: by its lookahead (EIP-7917) if it can."""
    first = int(spec.compute_start_slot_at_epoch(spec.get_current_epoch(state)))
    if slot - first < len(state.proposer_lookahead):
        return int(state.proposer_lookahead[slot - first])
    later = spec.copy(state)
    spec.process_slots(later, spec.Slot(slot))
    return int(spec.get_beacon_proposer_index(later))
