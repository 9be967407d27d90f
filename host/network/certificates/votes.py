"""A validator's vote as its companion key signs it, and the votes that a branch has."""

from collections.abc import Callable, Iterable, Mapping

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.consensus.spec import spec
from proofmill.host.prover.circuits.finality.registry import Registry
from proofmill.host.prover.circuits.finality.vote import Checkpoint, Link, Vote

RegistryAt = Callable[[Checkpoint], Registry]
"""The registry of a checkpoint's state."""


def checkpoint_of(found: spec.Checkpoint) -> Checkpoint:
    """The specification's checkpoint as numbers are made of it."""
    return Checkpoint(int(found.epoch), bytes(found.root))


def vote_of(data: spec.AttestationData, registry_at: RegistryAt) -> Vote:
    """What a companion key signs beside the BLS signature of `data`.

    The fork's domain is the one in the registry of the source, the next registry that of the
    target: both follow from `data` and the states that it names.
    """
    source, target = checkpoint_of(data.source), checkpoint_of(data.target)
    link = Link(registry_at(source).fork_domain, source, target, registry_at(target).commitment)
    return Vote(link, int(data.slot), int(data.index), bytes(data.beacon_block_root))


def votes_on_branch(blocks: Iterable[spec.BeaconBlock], states: Mapping[bytes, spec.BeaconState],
                    target: Checkpoint) -> dict[int, spec.AttestationData]:
    """Who voted for `target`, by what blocks of one branch include; a validator's first vote.

    `states`: after each block, by its root, for the committees. These are the votes that the
    specification counts too, where it weighs `target` on that branch.
    """
    found: dict[int, spec.AttestationData] = {}
    for block in blocks:
        for attestation in block.body.attestations:
            if checkpoint_of(attestation.data.target) == target:
                state = states[bytes(spec.hash_tree_root(block))]
                for index in spec.get_attesting_indices(state, attestation):
                    found.setdefault(int(index), attestation.data)
    return found


def one_link(votes: Iterable[Vote]) -> Link:
    """The link that all votes have in common; `ProofmillError` where there is no such."""
    links = {each.link for each in votes}
    if len(links) != 1:
        raise ProofmillError(f"the votes have {len(links)} links in common, not one; give those "
                             "from one source to one target")
    return links.pop()
