"""What validators do in a slot: propose, attest, vote on the payload, sign the sync message.

Every message is built by the specification's own functions and containers. The only liberty is
that validators who would sign the same message sign it together (`sign_together`). Whoever holds
some of the keys only signs for those: the messages of several such holders can be merged.
"""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from proofmill.host.network.consensus.keys import ValidatorKey, sign_together
from proofmill.host.network.consensus.refusal import Invalid, judged_by_specification
from proofmill.host.network.consensus.spec import spec

log = logging.getLogger(__name__)

GAS_LIMIT = 30_000_000
"""What proposers ask for as the payload's gas limit; transfers of the ledger cost no gas."""
MAX_ATTESTATIONS = int(spec.MAX_ATTESTATIONS_ELECTRA)
GRAFFITI = b"proofmill".ljust(32, b"\x00")

Signers = Mapping[int, ValidatorKey]
"""The keys at hand, by validator index."""


@dataclass(frozen=True)
class Proposal:
    """What a proposer publishes: the signed block, then the signed envelope with its payload; in
    between, where the payload has blobs, the columns of their cells."""

    block_root: bytes
    signed_block: spec.SignedBeaconBlock
    signed_envelope: spec.SignedExecutionPayloadEnvelope


def propose(
    signers: Signers,
    store: spec.Store,
    head: spec.ForkChoiceNode,
    slot: int,
    execution_engine: spec.ExecutionEngine,
    attestations: Callable[[spec.BeaconState], Sequence[spec.Attestation]],
    payload_attestation: spec.PayloadAttestation | None,
    sync: Callable[[spec.BeaconState], spec.SyncAggregate] | None = None,
    permit: Callable[[spec.BeaconBlock, bytes], None] | None = None,
    listed: Callable[[spec.BeaconState], spec.BitVector] | None = None,
) -> Proposal:
    """The block of `slot` on top of `head`, built and signed by its proposer, one of `signers`.

    `head`: a `ForkChoiceNode` of `store`, full or empty. `execution_engine` builds the payload,
    asked through the specification's `prepare_execution_payload` and the engine's `get_payload`,
    whose blobs the bid commits to; the proposer is its own builder (`BUILDER_INDEX_SELF_BUILD`) and
    makes no execution requests.
    `attestations`: those the branch does not have yet, oldest first, for a block on the state it is
    given. `sync` makes the `SyncAggregate` for such a block; by default all `signers` sign. What
    others have signed for another branch is left out: the block is run on its parent's state, with
    every signature checked, before it is signed. `permit` is given the block and its signing root
    then, and raises where it must not be signed. `listed`: on a fork with inclusion lists, which
    members of the last slot's committee the bid says it has heard.
    Raises `Invalid` where the state refuses the block even without anybody's votes.
    """
    state = spec.copy(store.block_states[head.root])
    spec.process_slots(state, spec.Slot(slot))
    proposer = int(spec.get_beacon_proposer_index(state))
    key = signers[proposer]
    finalized = store.blocks[store.finalized_checkpoint.root]
    finalized_hash = finalized.body.signed_execution_payload_bid.message.block_hash
    payload_id = spec.prepare_execution_payload(
        store,
        head,
        state,
        safe_block_hash=finalized_hash,
        finalized_block_hash=finalized_hash,
        suggested_fee_recipient=key.address,
        target_gas_limit=GAS_LIMIT,
        execution_engine=execution_engine,
    )
    built = execution_engine.get_payload(payload_id)
    payload = built.execution_payload
    block = spec.BeaconBlock(slot=slot, proposer_index=proposer, parent_root=head.root)
    bits = {} if listed is None else {"inclusion_list_bits": listed(state)}
    own = {
        "randao_reveal": spec.get_epoch_signature(state, block, key.secret),
        "eth1_data": state.eth1_data,
        "graffiti": GRAFFITI,
        "signed_execution_payload_bid": spec.SignedExecutionPayloadBid(
            message=_bid(payload, head.root, built.blobs_bundle.commitments, bits),
            signature=spec.G2_POINT_AT_INFINITY,  # a self-built bid has no signature of its own
        ),
    }
    aggregate = sync_aggregate(signers, state) if sync is None else sync(state)
    state = _run(state, block, own, _choices(
        state, attestations(state), payload_attestation, aggregate))
    block_root = spec.hash_tree_root(block)
    if permit is not None:
        domain = spec.get_domain(
            state, spec.DOMAIN_BEACON_PROPOSER, spec.compute_epoch_at_slot(block.slot)
        )
        permit(block, bytes(spec.compute_signing_root(block, domain)))
    envelope = spec.ExecutionPayloadEnvelope(
        payload=payload,
        builder_index=spec.BUILDER_INDEX_SELF_BUILD,
        beacon_block_root=block_root,
        parent_beacon_block_root=head.root,
    )
    return Proposal(
        bytes(block_root),
        spec.SignedBeaconBlock(
            message=block, signature=spec.get_block_signature(state, block, key.secret)
        ),
        spec.SignedExecutionPayloadEnvelope(
            message=envelope,
            signature=spec.get_execution_payload_envelope_signature(state, envelope, key.secret),
        ),
    )


Votes = Mapping[str, object]
"""What others have signed for a block's body, by field."""


def _choices(
    state: spec.BeaconState, attestations: Sequence[spec.Attestation],
    payload_attestation: spec.PayloadAttestation | None, aggregate: spec.SyncAggregate,
) -> Iterator[Votes]:
    """Votes for a body, most first: all whose source fits, those that hold on `state`, none."""
    payload_votes = [] if payload_attestation is None else [payload_attestation]
    likely = [each for each in attestations if includable(state, each)]
    yield {"attestations": likely[-MAX_ATTESTATIONS:], "payload_attestations": payload_votes,
           "sync_aggregate": aggregate}
    valid = [each for each in likely
             if _holds(spec.process_attestation, state, each, state.slot)]
    payload_votes = [each for each in payload_votes
                     if _holds(_process_payload_attestation, state, each)]
    if not _holds(spec.process_sync_aggregate, state, aggregate):
        aggregate = _nobody()
    yield {"attestations": valid[-MAX_ATTESTATIONS:], "payload_attestations": payload_votes,
           "sync_aggregate": aggregate}
    yield {"attestations": [], "payload_attestations": [], "sync_aggregate": _nobody()}


def _run(
    state: spec.BeaconState, block: spec.BeaconBlock, own: Votes, choices: Iterator[Votes]
) -> spec.BeaconState:
    """Fill in the first body that `state` takes, and the root of the state after it, returned."""
    refusal: Invalid | None = None
    for votes in choices:
        block.body = spec.BeaconBlockBody(**own, **votes)
        after = spec.copy(state)
        try:
            with judged_by_specification():
                spec.process_block(after, block)
        except Invalid as error:
            log.info("votes of another branch are left out: with them, %s", error,
                     extra={"slot": int(block.slot)})
            refusal = error
            continue
        block.state_root = spec.hash_tree_root(after)
        return after
    assert refusal is not None, "there is always a body without votes"
    raise refusal


def _holds(process: Callable[..., None], state: spec.BeaconState, *what: object) -> bool:
    """Whether a step of the specification's, on a copy of the state, takes `what`."""
    try:
        with judged_by_specification():
            process(spec.copy(state), *what)
    except Invalid:
        return False
    return True


def _process_payload_attestation(
    state: spec.BeaconState, attestation: spec.PayloadAttestation
) -> None:
    """The specification's, before the block's own header is in `state`."""
    state.latest_block_header.parent_root = spec.hash_tree_root(state.latest_block_header)
    spec.process_payload_attestation(state, attestation)


def _nobody() -> spec.SyncAggregate:
    return spec.SyncAggregate(sync_committee_signature=spec.G2_POINT_AT_INFINITY)


Permit = Callable[[Sequence[int], spec.AttestationData, bytes], Collection[int]]
"""Which of these validators may sign an `AttestationData` with that signing root."""


def attest(
    signers: Signers, head_state: spec.BeaconState, head: spec.ForkChoiceNode, slot: int,
    permit: Permit | None = None,
) -> spec.Attestation | None:
    """One `Attestation` by the members of all committees of `slot`, all voting for `head`.

    `head`: the fork choice's node; `head_state`: its block's state. Electra (EIP-7549) lets one
    attestation carry several committees of a slot, as `compute_on_chain_aggregate` makes them.
    Only `signers` that `permit` lets sign do; committees without any are left out; None if that
    leaves nobody.
    """
    state = at_slot(head_state, slot)
    epoch = spec.compute_epoch_at_slot(slot)
    start_slot = spec.compute_start_slot_at_epoch(epoch)
    head_slot = int(head_state.latest_block_header.slot)
    target = head.root if head_slot <= start_slot else spec.get_block_root(state, epoch)
    data = spec.AttestationData(
        slot=slot,
        # Gloas: a block of this very slot is voted for without a say about its payload.
        index=int(head_slot < slot and head.payload_status == spec.PAYLOAD_STATUS_FULL),
        beacon_block_root=head.root,
        source=state.current_justified_checkpoint,
        target=spec.Checkpoint(epoch=epoch, root=target),
    )
    domain = spec.get_domain(state, spec.DOMAIN_BEACON_ATTESTER, epoch)
    root = spec.compute_signing_root(data, domain)
    committees = committees_of(state, slot)
    voting = [each for members in committees for each in members if each in signers]
    if permit is not None:
        allowed = permit(voting, data, bytes(root))
        voting = [each for each in voting if each in allowed]
    if not voting:
        return None
    heard = [not set(members).isdisjoint(voting) for members in committees]
    return spec.Attestation(
        aggregation_bits=[
            each in voting
            for members, takes_part in zip(committees, heard, strict=True)
            if takes_part
            for each in members
        ],
        data=data,
        signature=sign_together((signers[each] for each in voting), root),
        committee_bits=heard + [False] * (spec.MAX_COMMITTEES_PER_SLOT - len(heard)),
    )


def committees_of(state: spec.BeaconState, slot: int) -> list[list[int]]:
    """The members of every committee of `slot`; `state` is of that slot's epoch or the next."""
    count = spec.get_committee_count_per_slot(state, spec.compute_epoch_at_slot(slot))
    return [
        [int(each) for each in spec.get_beacon_committee(state, slot, spec.CommitteeIndex(index))]
        for index in range(int(count))
    ]


def attest_payload(signers: Signers, block_state: spec.BeaconState, block_root: bytes
) -> spec.PayloadAttestation | None:
    """One `PayloadAttestation`: the payload committee of the block's slot saw its payload.

    By the `signers` in it; None if there are none.
    """
    slot = block_state.slot
    data = spec.PayloadAttestationData(
        beacon_block_root=block_root, slot=slot, payload_present=True, blob_data_available=True
    )
    committee = [int(member) for member in spec.get_ptc(block_state, slot)]
    voting = [member for member in committee if member in signers]
    if not voting:
        return None
    domain = spec.get_domain(
        block_state, spec.DOMAIN_PTC_ATTESTER, spec.compute_epoch_at_slot(slot)
    )
    signature = sign_together(
        (signers[member] for member in voting), spec.compute_signing_root(data, domain)
    )
    return spec.PayloadAttestation(
        aggregation_bits=[member in signers for member in committee],
        data=data,
        signature=signature,
    )


def sync_aggregate(signers: Signers, state: spec.BeaconState) -> spec.SyncAggregate:
    """The `SyncAggregate` of a block of `state.slot`: the `signers` signed the block before it."""
    by_public_key = {key.public: key for key in signers.values()}
    members = [bytes(public) for public in state.current_sync_committee.pubkeys]
    slot = spec.Slot(state.slot - 1)
    domain = spec.get_domain(state, spec.DOMAIN_SYNC_COMMITTEE, spec.compute_epoch_at_slot(slot))
    root = spec.compute_signing_root(spec.get_block_root_at_slot(state, slot), domain)
    return spec.SyncAggregate(
        sync_committee_bits=[public in by_public_key for public in members],
        sync_committee_signature=sign_together(
            (by_public_key[public] for public in members if public in by_public_key), root
        ),
    )


def includable(state: spec.BeaconState, attestation: spec.Attestation) -> bool:
    """Whether a block may carry an attestation: this epoch's or the last one's, right source."""
    data = attestation.data
    if data.target.epoch == spec.get_current_epoch(state):
        return bool(data.source == state.current_justified_checkpoint)
    if data.target.epoch == spec.get_previous_epoch(state):
        return bool(data.source == state.previous_justified_checkpoint)
    return False


def _bid(
    payload: spec.ExecutionPayload, parent_root: bytes, commitments: Sequence[spec.KZGCommitment],
    bits: Mapping[str, spec.BitVector],
) -> spec.ExecutionPayloadBid:
    return spec.ExecutionPayloadBid(
        parent_block_hash=payload.parent_hash,
        parent_block_root=parent_root,
        block_hash=payload.block_hash,
        prev_randao=payload.prev_randao,
        fee_recipient=payload.fee_recipient,
        gas_limit=payload.gas_limit,
        builder_index=spec.BUILDER_INDEX_SELF_BUILD,
        slot=payload.slot_number,
        blob_kzg_commitments=commitments,
        execution_requests_root=spec.hash_tree_root(spec.ExecutionRequests()),
        **bits,
    )


def at_slot(state: spec.BeaconState, slot: int) -> spec.BeaconState:
    """`state` brought forward to `slot`, itself where it is there already."""
    if state.slot == slot:
        return state
    later = spec.copy(state)
    spec.process_slots(later, spec.Slot(slot))
    return later
