"""Binary Merkle trees whose nodes are ``poseidon((left, right))``."""

from collections.abc import Sequence
from dataclasses import dataclass

from proofmill.host.prover.circuits.constraints import ConstraintSystem, LinearCombination
from proofmill.host.prover.circuits.poseidon import poseidon
from proofmill.host.prover.circuits.poseidon_gadget import poseidon_gadget


@dataclass(frozen=True)
class MerkleTree:
    """A full tree: ``levels[0]`` the leaves, a power of two of them, ``levels[-1]`` the root."""

    levels: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, leaves: Sequence[int]) -> "MerkleTree":
        """Hash `leaves`; raises `ValueError` where their number is not a power of two."""
        if not leaves or len(leaves) & len(leaves) - 1:
            raise ValueError(f"a tree has a power of two of leaves, not {len(leaves)}")
        levels = [tuple(leaves)]
        while len(levels[-1]) > 1:
            below = levels[-1]
            levels.append(tuple(poseidon(below[place:place + 2])
                                for place in range(0, len(below), 2)))
        return cls(tuple(levels))

    @property
    def root(self) -> int:
        """The hash over all leaves; the leaf itself where there is only one."""
        return self.levels[-1][0]

    def path(self, place: int) -> tuple[int, ...]:
        """The siblings on the way from leaf `place` to the root, the leaf's own first."""
        return tuple(level[place >> height ^ 1]
                     for height, level in enumerate(self.levels[:-1]))

    def replace(self, place: int, leaf: int) -> "MerkleTree":
        """The tree with another leaf at `place`; hashes its path alone."""
        levels: list[tuple[int, ...]] = []
        for height, level in enumerate(self.levels):
            at = place >> height
            if height:
                leaf = poseidon(levels[-1][at * 2:at * 2 + 2])
            levels.append((*level[:at], leaf, *level[at + 1:]))
        return MerkleTree(tuple(levels))


def path_gadget(system: ConstraintSystem, leaf: LinearCombination,
                place: Sequence[LinearCombination], siblings: Sequence[LinearCombination],
                label: str, root: LinearCombination | None = None) -> LinearCombination:
    """The root above `leaf` at `place`; where `root` is given, constrain it to be that.

    `place`: boolean wires, the leaf's own level first, as `siblings`. 241 constraints a level: the
    hash, and one for ``bit * (sibling - node)``, which puts the two in order::

        left = node + bit * (sibling - node),    right = sibling - bit * (sibling - node)

    Raises `ValueError` for a path of no levels with a `root`, where there is nothing to constrain.
    """
    if root is not None and not siblings:
        raise ValueError(f"{label}: a path of no levels; let the leaf's own hash be the root")
    node = leaf
    for level, (bit, sibling) in enumerate(zip(place, siblings, strict=True)):
        exchange = system.multiply(sibling - node, bit, f"{label}: level {level}, order")
        node = poseidon_gadget(
            system, (node + exchange, sibling - exchange), f"{label}: level {level}",
            root if level == len(siblings) - 1 else None)
    return node


def update_gadget(system: ConstraintSystem, old_leaf: LinearCombination,
                  new_leaf: LinearCombination, place: Sequence[LinearCombination],
                  siblings: Sequence[LinearCombination], old_root: LinearCombination,
                  new_root: LinearCombination, label: str) -> None:
    """Constrain `new_root` to be `old_root` with `new_leaf` for `old_leaf` at `place`.

    Both paths use the same bits and siblings, so that every other leaf stays what it was (as far
    as Poseidon has no collisions). 482 constraints a level.
    """
    path_gadget(system, old_leaf, place, siblings, f"{label}, before", old_root)
    path_gadget(system, new_leaf, place, siblings, f"{label}, after", new_root)
