"""Votes of several nodes, each by its own validators, merged into what a block carries.

The signature of everybody is the sum of the signatures of the parts, so the merged message is bit
for bit the one that a single holder of all the keys would have made.
"""

from collections.abc import Iterable, Sequence

from proofmill.host.network.consensus.duties import Signers, committees_of
from proofmill.host.network.consensus.keys import sign_together
from proofmill.host.network.consensus.spec import bls, spec

SUBCOMMITTEE = int(spec.SYNC_COMMITTEE_SIZE) // int(spec.SYNC_COMMITTEE_SUBNET_COUNT)
PERIOD = int(spec.EPOCHS_PER_SYNC_COMMITTEE_PERIOD)


def merge_attestations(state: spec.BeaconState, attestations: Iterable[spec.Attestation]
) -> list[spec.Attestation]:
    """One `Attestation` for each `AttestationData` among those given, in the order they appear.

    `state`: of an epoch from which the committees can be read. An attestation with a vote that is
    counted already is left out: its signature cannot be taken apart. So is one whose votes are not
    of this state's committees, as on a branch with other validators.
    """
    groups: dict[bytes, tuple[spec.AttestationData, list[list[bool]], list[bytes]]] = {}
    for attestation in attestations:
        data = attestation.data
        sizes = [len(members) for members in committees_of(state, int(data.slot))]
        if not _fits(attestation, sizes):
            continue
        root = bytes(spec.hash_tree_root(data))
        _, votes, signatures = groups.setdefault(
            root, (data, [[False] * size for size in sizes], []))
        new = _votes(attestation, sizes)
        if any(a and b for ours, theirs in zip(votes, new, strict=True)
               for a, b in zip(ours, theirs, strict=True)):
            continue
        for ours, theirs in zip(votes, new, strict=True):
            ours[:] = [a or b for a, b in zip(ours, theirs, strict=True)]
        signatures.append(bytes(attestation.signature))
    merged = []
    for data, votes, signatures in groups.values():
        heard = [any(committee) for committee in votes]
        merged.append(spec.Attestation(
            aggregation_bits=[bit for committee in votes if any(committee) for bit in committee],
            data=data,
            signature=bls.Aggregate(signatures),
            committee_bits=heard + [False] * (int(spec.MAX_COMMITTEES_PER_SLOT) - len(heard))))
    return merged


def merge_payload_attestations(attestations: Sequence[spec.PayloadAttestation]
) -> spec.PayloadAttestation | None:
    """One `PayloadAttestation` of those that say the same as the first; None for none."""
    bits = [False] * int(spec.PTC_SIZE)
    signatures = []
    for each in attestations:
        votes = list(each.aggregation_bits)
        if each.data != attestations[0].data or any(map(all, zip(bits, votes, strict=True))):
            continue
        bits = [a or bool(b) for a, b in zip(bits, votes, strict=True)]
        signatures.append(bytes(each.signature))
    if not signatures:
        return None
    return spec.PayloadAttestation(
        aggregation_bits=bits, data=attestations[0].data, signature=bls.Aggregate(signatures))


def sync_members(state: spec.BeaconState, slot: int) -> list[bytes]:
    """Public keys of the sync committee that signs the head of `slot` for the block after it.

    `state`: of that slot or one shortly before.
    """
    period = (slot + 1) // int(spec.SLOTS_PER_EPOCH) // PERIOD
    now = int(state.slot) // int(spec.SLOTS_PER_EPOCH) // PERIOD
    committee = state.current_sync_committee if period == now else state.next_sync_committee
    return [bytes(public) for public in committee.pubkeys]


def sync_contributions(signers: Signers, state: spec.BeaconState, slot: int, head_root: bytes
) -> list[spec.SyncCommitteeContribution]:
    """The `SyncCommitteeContribution`s of `signers` for the head of `slot`, one a subcommittee."""
    by_public_key = {key.public: key for key in signers.values()}
    members = sync_members(state, slot)
    root = _sync_root(state, slot, head_root)
    made = []
    for index in range(int(spec.SYNC_COMMITTEE_SUBNET_COUNT)):
        part = members[index * SUBCOMMITTEE : (index + 1) * SUBCOMMITTEE]
        ours = [by_public_key[public] for public in part if public in by_public_key]
        if ours:
            made.append(spec.SyncCommitteeContribution(
                slot=slot, beacon_block_root=head_root, subcommittee_index=index,
                aggregation_bits=[public in by_public_key for public in part],
                signature=sign_together(ours, root)))
    return made


def is_valid_contribution(
    state: spec.BeaconState, contribution: spec.SyncCommitteeContribution
) -> bool:
    """Whether the members it names have signed; `state`: as for `sync_members`."""
    index = int(contribution.subcommittee_index)
    if index >= int(spec.SYNC_COMMITTEE_SUBNET_COUNT):
        return False
    part = sync_members(state, int(contribution.slot))[
        index * SUBCOMMITTEE : (index + 1) * SUBCOMMITTEE]
    keys = [public for public, bit in zip(part, contribution.aggregation_bits, strict=True) if bit]
    root = _sync_root(state, int(contribution.slot), bytes(contribution.beacon_block_root))
    return bool(keys) and bool(bls.FastAggregateVerify(keys, root, contribution.signature))


def merge_contributions(contributions: Iterable[spec.SyncCommitteeContribution], head_root: bytes
) -> spec.SyncAggregate:
    """The `SyncAggregate` for a block on `head_root`; nobody's votes where there are none."""
    bits = [False] * int(spec.SYNC_COMMITTEE_SIZE)
    signatures = []
    for each in contributions:
        start = int(each.subcommittee_index) * SUBCOMMITTEE
        votes = [bool(bit) for bit in each.aggregation_bits]
        before = bits[start : start + SUBCOMMITTEE]
        if bytes(each.beacon_block_root) != head_root or any(map(all, zip(before, votes,
                                                                         strict=True))):
            continue
        bits[start : start + SUBCOMMITTEE] = map(any, zip(before, votes, strict=True))
        signatures.append(bytes(each.signature))
    signature = bls.Aggregate(signatures) if signatures else spec.G2_POINT_AT_INFINITY
    return spec.SyncAggregate(sync_committee_bits=bits, sync_committee_signature=signature)


def _sync_root(state: spec.BeaconState, slot: int, head_root: bytes) -> spec.Root:
    domain = spec.get_domain(state, spec.DOMAIN_SYNC_COMMITTEE, spec.compute_epoch_at_slot(slot))
    return spec.compute_signing_root(spec.Root(head_root), domain)


def _fits(attestation: spec.Attestation, sizes: Sequence[int]) -> bool:
    chosen = [index for index, bit in enumerate(attestation.committee_bits) if bit]
    return max(chosen, default=0) < len(sizes) and len(attestation.aggregation_bits) == sum(
        sizes[index] for index in chosen)


def _votes(attestation: spec.Attestation, sizes: Sequence[int]) -> list[list[bool]]:
    """The votes by committee, all false for those the attestation leaves out."""
    bits = [bool(bit) for bit in attestation.aggregation_bits]
    votes, start = [], 0
    for index, size in enumerate(sizes):
        if attestation.committee_bits[index]:
            votes.append(bits[start : start + size])
            start += size
        else:
            votes.append([False] * size)
    return votes
