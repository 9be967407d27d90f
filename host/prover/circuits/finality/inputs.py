"""The circuit's inputs, from a registry and votes."""

from collections.abc import Sequence

from proofmill.host.prover.circuits.eddsa import Signature, public_key
from proofmill.host.prover.circuits.finality.circuit import DISTANCES, LATE, OPENED, FinalityCircuit
from proofmill.host.prover.circuits.finality.place import VALUES, vote_name
from proofmill.host.prover.circuits.finality.registry import AHEAD, Member, Registry
from proofmill.host.prover.circuits.finality.statement import (
    CertificateInputs,
    SignedVote,
    sign_vote,
    state_votes,
)
from proofmill.host.prover.circuits.finality.vote import ROOT_BYTES, Link, Vote, words
from proofmill.host.prover.circuits.rollup.tree import SparseTree
from proofmill.host.prover.curve.limbs import Limbs, to_limbs

_NOBODY_KEY = bytes(32)
"""The private key, known to all, of what fills a place that is not used."""


def certificate_witness(circuit: FinalityCircuit, registry: Registry, link: Link,
                        votes: Sequence[SignedVote], prover_tag: int) -> Limbs:
    """The value of every wire, shape (wires, 4), the public inputs first behind the constant one.

    Raises `ProofmillError` where the votes prove nothing, as `state_votes`.
    """
    public = state_votes(circuit.size, registry, link, votes, prover_tag)
    return to_limbs(circuit.witness(
        certificate_inputs(circuit, registry, link, votes, public)))


def certificate_inputs(circuit: FinalityCircuit, registry: Registry, link: Link,
                       votes: Sequence[SignedVote], public: CertificateInputs) -> dict[str, int]:
    """The circuit's inputs by name; checks nothing but that there are places for the votes."""
    size = circuit.size
    inputs = {name: value for name, value in public._asdict().items() if value is not None}
    ahead = registry.ahead(link.target.epoch)
    inputs |= dict(zip(OPENED, (registry.tree.root, registry.epoch, *registry.totals,
                                *words(registry.fork_domain)), strict=True))
    inputs |= {name: int(place == ahead) for place, name in enumerate(DISTANCES, 1)}
    if size.whole:
        inputs[LATE] = int(registry.total_for(link.target.epoch) < registry.totals[ahead - 1])
    ordered = sorted(votes, key=lambda each: each.validator)
    for number, signed in enumerate(ordered):
        inputs |= _place(number, registry.members[signed.validator], signed, registry.tree, True)
    if len(ordered) < size.places:
        member = Member(public_key(_NOBODY_KEY), 0)
        vote = Vote(link, 0, 0, bytes(ROOT_BYTES))
        nobody = sign_vote(_NOBODY_KEY, 0, vote)
        for number in range(len(ordered), size.places):
            inputs |= _place(number, member, nobody, SparseTree(size.depth), False)
    return inputs


def _place(number: int, member: Member, signed: SignedVote, tree: SparseTree, used: bool
           ) -> dict[str, int]:
    name, vote, signature = vote_name(number), signed.vote, signed.signature
    active = (member.active >> bit & 1 for bit in range(AHEAD))
    values = (int(used), *member.key, member.balance, *active, vote.slot, vote.index,
              *words(vote.head), *_numbers(signature))
    inputs = {f"{name}: {each}": value for each, value in zip(VALUES, values, strict=True)}
    for level, sibling in enumerate(tree.path(signed.validator)):
        inputs[f"{name}: bit {level}"] = signed.validator >> level & 1
        inputs[f"{name}: sibling {level}"] = sibling
    return inputs


def _numbers(signature: Signature) -> tuple[int, int, int]:
    return (*signature.nonce_point, signature.scalar)
