"""Who may vote, and with how much: a Poseidon tree of companion keys and effective balances.

    leaf     = Poseidon(key x, key y, effective balance, active); 0 where a validator has no vote
    tree     = Poseidon(left, right), the leaf of validator i at place i
    registry = Poseidon(domain, tree's root, epoch, total 1, ..., total 4, words(fork's domain))

with the domain ``proofmill.finality-registry.2`` as a number. A registry is of a state, in its
`epoch`, and says who may vote in the `AHEAD` epochs after it: bit ``k - 1`` of `active` is 1 where
a validator is active k epochs later, `total k` is the stake of all that are, those without a leaf
too: who has no companion key makes a certificate harder, never easier. A state knows this, since
the specification has nobody come or go sooner than MAX_SEED_LOOKAHEAD + 1 epochs after it is
decided. For targets further away the last of the four counts.

Whoever computes a registry vouches that the leaves' balances add up to no more than the totals and
that each key stands once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.baby_jubjub import COFACTOR, ZERO, Point, is_on_curve, multiply
from proofmill.host.prover.circuits.finality.size import MAXIMUM_DEPTH
from proofmill.host.prover.circuits.finality.vote import check_number, words
from proofmill.host.prover.circuits.poseidon import poseidon
from proofmill.host.prover.circuits.rollup.tree import SparseTree

REGISTRY_DOMAIN = int.from_bytes(b"proofmill.finality-registry.2", "big")

AHEAD = 4
"""The epochs of which a registry says who is active: the specification's MAX_SEED_LOOKAHEAD."""
ALWAYS = (1 << AHEAD) - 1
"""`active` of who neither comes nor goes."""
TREES = 16
"""That are kept: of many epochs' registries, one."""


@dataclass(frozen=True)
class Member:
    """A validator that may vote: its companion key, its effective balance in gwei, and in which of
    the `AHEAD` epochs after the registry's, as bits, the next epoch's lowest."""

    key: Point
    balance: int
    active: int = ALWAYS

    @property
    def leaf(self) -> int:
        """Its leaf in the tree."""
        return poseidon((*self.key, self.balance, self.active))


@dataclass(frozen=True)
class Registry:
    """The members by validator index, below ``2^depth``; the epoch of the state that it is of; and
    of the `AHEAD` epochs after that, the total of all active stake, in gwei.

    Raises `ProofmillError` where an index, a balance or a key cannot be, a key stands twice, or the
    members have more than a total.
    """

    depth: int
    members: Mapping[int, Member]
    totals: tuple[int, ...]
    fork_domain: bytes
    epoch: int

    def __post_init__(self) -> None:
        if not 1 <= self.depth <= MAXIMUM_DEPTH:
            raise ProofmillError(f"a registry has a depth of 1 to {MAXIMUM_DEPTH}, "
                                 f"not {self.depth}")
        check_number("epoch of a registry", self.epoch)
        if len(self.totals) != AHEAD:
            raise ProofmillError(f"a registry has {AHEAD} totals, not {len(self.totals)}")
        for index, member in self.members.items():
            if not 0 <= index < 1 << self.depth:
                raise ProofmillError(f"validator {index} has no place in a registry of "
                                     f"2^{self.depth}; take a greater depth")
            check_number(f"balance of validator {index}", member.balance)
            if not 0 <= member.active <= ALWAYS:
                raise ProofmillError(f"validator {index} is active in {AHEAD} epochs at most, as "
                                     f"bits 0 to {ALWAYS}, not {member.active}")
            check_key(member.key, f"companion key of validator {index}")
        if len({member.key for member in self.members.values()}) < len(self.members):
            raise ProofmillError("a companion key stands twice in the registry; each validator "
                                 "needs one of its own")
        for place, total in enumerate(self.totals):
            check_number("total of a registry", total)
            sum_of = sum(member.balance for member in self.members.values()
                         if member.active >> place & 1)
            if sum_of > total:
                raise ProofmillError(f"the members have {sum_of} gwei, more than the total of "
                                     f"{total}, {place + 1} epochs after epoch {self.epoch}")

    @cached_property
    def tree(self) -> SparseTree:
        """The tree of leaves; registries with the same members have one between them."""
        return _tree(self.depth, tuple(sorted(self.members.items())))

    @cached_property
    def commitment(self) -> int:
        """`registry` of the module's head."""
        return registry_commitment(self.tree.root, self.epoch, self.totals, self.fork_domain)

    def ahead(self, target_epoch: int) -> int:
        """Which of the `AHEAD` epochs a target's is, from 1; the last for all that are later.
        `ProofmillError` for a target that is not after the registry's epoch."""
        if target_epoch <= self.epoch:
            raise ProofmillError(f"by the registry of epoch {self.epoch} count votes for later "
                                 f"epochs, not for {target_epoch}")
        return min(target_epoch - self.epoch, AHEAD)

    def has_voter(self, validator: int, target_epoch: int) -> bool:
        """Whether a vote of this validator counts, for a target of this epoch."""
        member = self.members.get(validator)
        return member is not None and bool(member.active >> self.ahead(target_epoch) - 1 & 1)

    def total_for(self, target_epoch: int) -> int:
        """The stake of which two thirds have to vote for a target of this epoch: that of its epoch
        or of the next, whichever is less. The specification weighs an epoch's votes at its end, and
        those that came late at the next one's, by the stake that is active then."""
        place = self.ahead(target_epoch) - 1
        return min(self.totals[place:place + 2])


@lru_cache(TREES)
def _tree(depth: int, members: tuple[tuple[int, Member], ...]) -> SparseTree:
    return SparseTree(depth).with_leaves({index: member.leaf for index, member in members})


def unchanging(total: int) -> tuple[int, ...]:
    """The totals of a registry in which nobody comes or goes."""
    return (total,) * AHEAD


def registry_commitment(tree_root: int, epoch: int, totals: Sequence[int], fork_domain: bytes
                        ) -> int:
    """The number that stands for a registry, from its parts."""
    return poseidon((REGISTRY_DOMAIN, tree_root, epoch, *totals, *words(fork_domain)))


def check_key(key: Point, name: str) -> None:
    """`ProofmillError` unless the key is a point under which a signature says something."""
    if not is_on_curve(key) or multiply(key, COFACTOR) == ZERO:
        raise ProofmillError(f"the {name} is no point of Baby Jubjub of large order: {key.x}, "
                             f"{key.y}")
