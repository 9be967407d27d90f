"""The validators' part of a node: propose, attest, vote on payloads, sign the head."""

import logging
from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from proofmill.host.ground.log_fields import name_of
from proofmill.host.network.consensus.data_columns import BlockColumns
from proofmill.host.network.consensus.duties import (
    Proposal,
    Signers,
    attest,
    attest_payload,
    propose,
)
from proofmill.host.network.consensus.refusal import Invalid
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.consensus.witnesses import sign
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

log = logging.getLogger(__name__)

MOST_REFUSED = 1_024
"""Sentences that are kept."""
Publish = Callable[[Topic, spec.Container], None]
"""Sends an SSZ object to the peers, and takes it in here as theirs would be."""


class Blobs(Protocol):
    """What brings the blobs of a node's own blocks (`node.blobs`)."""

    def commitments(self, slot: int) -> tuple[bytes, ...]:
        """Those of a block of that slot that is built now."""
        ...

    def columns(self, root: bytes, slot: int) -> BlockColumns | None:
        """Of the own block of that slot and root; None while they are not there."""
        ...

    def missed(self, slot: int) -> None:
        """They were not there when the slot was over."""
        ...


class Refused(Exception):
    """Slashing protection does not let a block be signed."""


class NodeValidators:
    """The duties of the validators whose keys this node holds."""

    def __init__(
        self, signers: Signers, follower: Follower, protection: SlashingProtection,
        publish: Publish, claims: Claims | None = None,
        on_refused: Callable[[str], None] | None = None, blobs: Blobs | None = None,
    ) -> None:
        """`claims`: what the node does for the second layer in blocks of its own. `on_refused`
        hears of every sentence of `refused`. `blobs`: what those blocks bring, if they do."""
        self.refused: deque[str] = deque(maxlen=MOST_REFUSED)
        """What was not signed or not sent lately, and why, a sentence each."""
        self._signers = signers
        self._follower = follower
        self._protection = protection
        self._publish = publish
        self._claims = claims
        self._on_refused = on_refused or (lambda reason: None)
        self._blobs = blobs
        self._unrevealed: Proposal | None = None
        """The own block whose payload waits for its blobs' cells."""

    def refuse(self, reason: str) -> None:
        """Note what was not signed or not sent."""
        self.refused.append(reason)
        self._on_refused(reason)

    def propose(self) -> None:
        """Build and send the block of this slot, if it is one of ours to propose."""
        follower = self._follower
        if follower.head_state().slot >= follower.slot:
            return  # genesis, or a slot that has its block
        proposer = proposer_of(follower.head_state(), follower.slot)
        if proposer not in self._signers:
            return
        head = follower.head()
        root = bytes(head.root)
        done = follower.included_attestations(head)
        votes = merge_payload_attestations(follower.votes.payload_attestations(root))
        if self._claims is not None:
            follower.execution_layer.prepare(self._claims.sign())
        if self._blobs is not None:
            follower.execution_layer.carry(self._blobs.commitments(follower.slot))
        try:
            proposal = propose(
                self._signers, follower.store, head, follower.slot, follower.execution_layer,
                lambda state: [
                    each for each in merge_attestations(state, follower.votes.attestations())
                    if bytes(spec.hash_tree_root(each)) not in done],
                votes,
                sync=lambda _: merge_contributions(
                    follower.votes.contributions(root, follower.slot - 1), root),
                permit=self._permit_block)
        except Refused as error:
            self.refuse(str(error))
            log.warning("not signed: %s", error, extra={"slot": follower.slot})
            return
        except Invalid as error:
            self.refuse(f"own BLOCK of slot {follower.slot} is not signed: {error}")
            log.error(self.refused[-1], extra={"slot": follower.slot})
            return
        log.info("proposing as validator %d", proposer,
                 extra={"block": name_of(proposal.block_root), "slot": follower.slot})
        self._publish(Topic.BLOCK, proposal.signed_block)
        self._unrevealed = proposal
        self.reveal()

    def reveal(self) -> None:
        """Send the payload of the own block of this slot, once the cells of its blobs are there."""
        proposal = self._unrevealed
        if proposal is None:
            return
        block = proposal.signed_block.message
        if block.body.signed_execution_payload_bid.message.blob_kzg_commitments:
            assert self._blobs is not None, "blobs come from there alone"
            if block.slot < self._follower.slot:
                self._unrevealed = None
                self._blobs.missed(int(block.slot))
                self.refuse(f"own ENVELOPE of slot {block.slot} is not sent: its blobs' cells have "
                            "come too late")
                return
            columns = self._blobs.columns(proposal.block_root, int(block.slot))
            if columns is None:
                return
            self._publish(Topic.COLUMNS, columns)
        self._unrevealed = None
        self._publish(Topic.ENVELOPE, proposal.signed_envelope)

    def attest(self) -> None:
        """Vote for the head, each validator whose turn it is."""
        follower = self._follower
        attestation = attest(self._signers, follower.head_state(), follower.head(), follower.slot,
                             self._permit_votes)
        if attestation is not None:
            self._publish(Topic.ATTESTATION, attestation)

    def confirm(self) -> None:
        """Vote on the payload of this slot's block, sign the head for the next block, and, where
        witnesses count, whose proofs are there."""
        follower = self._follower
        head, state = follower.head(), follower.head_state()
        root = bytes(head.root)
        if state.slot == follower.slot and head.root in follower.store.payloads:
            votes = attest_payload(self._signers, state, root)
            if votes is not None:
                self._publish(Topic.PAYLOAD_ATTESTATION, votes)
        for contribution in sync_contributions(self._signers, state, follower.slot, root):
            self._publish(Topic.SYNC, contribution)
        for message in follower.to_witness():
            vote = sign(self._signers, state, message)
            if vote is not None:
                self._publish(Topic.WITNESS, vote)

    def _permit_block(self, block: spec.BeaconBlock, signing_root: bytes) -> None:
        key = self._signers[int(block.proposer_index)]
        reason = self._protection.permit_block(
            SignedBlock(key.public, int(block.slot), signing_root))
        if reason:
            raise Refused(f"block of slot {block.slot} by validator {block.proposer_index}: "
                          f"{reason}")

    def _permit_votes(
        self, voting: Sequence[int], data: spec.AttestationData, signing_root: bytes
    ) -> Collection[int]:
        reasons = self._protection.permit_attestations(
            SignedAttestation(self._signers[index].public, int(data.source.epoch),
                              int(data.target.epoch), signing_root)
            for index in voting)
        for index, reason in zip(voting, reasons, strict=True):
            if reason:
                self.refuse(f"vote of slot {data.slot} by validator {index}: {reason}")
        return {index for index, reason in zip(voting, reasons, strict=True) if not reason}


def proposer_of(state: spec.BeaconState, slot: int) -> int:
    """Who proposes in `slot` on a block with that state: by its lookahead (EIP-7917) if it can."""
    first = int(spec.compute_start_slot_at_epoch(spec.get_current_epoch(state)))
    if slot - first < len(state.proposer_lookahead):
        return int(state.proposer_lookahead[slot - first])
    later = spec.copy(state)
    spec.process_slots(later, spec.Slot(slot))
    return int(spec.get_beacon_proposer_index(later))
