"""The tree with every node written out: what sparse trees and paths are compared with."""

from collections.abc import Sequence
from dataclasses import dataclass

from proofmill.host.prover.circuits.poseidon import poseidon


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
