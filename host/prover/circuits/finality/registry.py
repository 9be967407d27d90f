"""Who may vote, and with how much: a Poseidon tree of companion keys and effective balances.

    leaf     = Poseidon(key x, key y, effective balance); 0 where a validator has no vote
    tree     = Poseidon(left, right), the leaf of validator i at place i
    registry = Poseidon(domain, tree's root, total, words(fork's domain))

with the domain ``proofmill.finality-registry.1`` as a number. `total` is the stake of all active
validators, those without a leaf too: who has no companion key makes a certificate harder, never
easier. Whoever computes a registry vouches that the leaves' balances add up to no more than `total`
and that each key stands once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.baby_jubjub import COFACTOR, ZERO, Point, is_on_curve, multiply
from proofmill.host.prover.circuits.finality.size import MAXIMUM_DEPTH
from proofmill.host.prover.circuits.finality.vote import check_number, words
from proofmill.host.prover.circuits.poseidon import poseidon
from proofmill.host.prover.circuits.rollup.tree import SparseTree

REGISTRY_DOMAIN = int.from_bytes(b"proofmill.finality-registry.1", "big")


@dataclass(frozen=True)
class Member:
    """A validator that may vote: its companion key, its effective balance in gwei."""

    key: Point
    balance: int

    @property
    def leaf(self) -> int:
        """Its leaf in the tree."""
        return poseidon((*self.key, self.balance))


@dataclass(frozen=True)
class Registry:
    """The members by validator index, below ``2^depth``; the total of all active stake, in gwei.

    Raises `ProofmillError` where an index, a balance or a key cannot be, a key stands twice, or the
    members have more than `total`.
    """

    depth: int
    members: Mapping[int, Member]
    total: int
    fork_domain: bytes

    def __post_init__(self) -> None:
        if not 1 <= self.depth <= MAXIMUM_DEPTH:
            raise ProofmillError(f"a registry has a depth of 1 to {MAXIMUM_DEPTH}, "
                                 f"not {self.depth}")
        check_number("total of a registry", self.total)
        for index, member in self.members.items():
            if not 0 <= index < 1 << self.depth:
                raise ProofmillError(f"validator {index} has no place in a registry of "
                                     f"2^{self.depth}; take a greater depth")
            check_number(f"balance of validator {index}", member.balance)
            check_key(member.key, f"companion key of validator {index}")
        if len({member.key for member in self.members.values()}) < len(self.members):
            raise ProofmillError("a companion key stands twice in the registry; each validator "
                                 "needs one of its own")
        if (sum_of := sum(member.balance for member in self.members.values())) > self.total:
            raise ProofmillError(f"the members have {sum_of} gwei, more than the total of "
                                 f"{self.total}")

    @cached_property
    def tree(self) -> SparseTree:
        """The tree of leaves."""
        return SparseTree(self.depth).with_leaves(
            {index: member.leaf for index, member in self.members.items()})

    @cached_property
    def commitment(self) -> int:
        """`registry` of the module's head."""
        return registry_commitment(self.tree.root, self.total, self.fork_domain)


def registry_commitment(tree_root: int, total: int, fork_domain: bytes) -> int:
    """The number that stands for a registry, from its parts."""
    return poseidon((REGISTRY_DOMAIN, tree_root, total, *words(fork_domain)))


def check_key(key: Point, name: str) -> None:
    """`ProofmillError` unless the key is a point under which a signature says something."""
    if not is_on_curve(key) or multiply(key, COFACTOR) == ZERO:
        raise ProofmillError(f"the {name} is no point of Baby Jubjub of large order: {key.x}, "
                             f"{key.y}")
