"""A Poseidon tree over very many places, of which few are taken.

An inner node is ``poseidon((left, right))``, an empty place 0, an empty subtree the hash that
follows. A tree never changes: `replace` gives another, which shares all but one path with it, so
that every branch of a chain keeps its own at the cost of the paths that differ.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Optional

from proofmill.host.prover.circuits.poseidon import poseidon

EMPTY = 0


@cache
def empty_root(height: int) -> int:
    """The hash over ``2^height`` empty places."""
    return EMPTY if height == 0 else poseidon((empty_root(height - 1),) * 2)


@dataclass(frozen=True)
class _Node:
    """A subtree that has a leaf; a missing child is empty."""

    hash: int
    left: Optional["_Node"] = None
    right: Optional["_Node"] = None


@dataclass(frozen=True)
class SparseTree:
    """``2^depth`` leaves, numbered from 0."""

    depth: int
    _top: _Node | None = None

    @property
    def root(self) -> int:
        """The hash over all places."""
        return _hash(self._top, self.depth)

    def leaf(self, place: int) -> int:
        """The leaf at `place`, `EMPTY` where there is none."""
        node, _ = self._descend(place)
        return EMPTY if node is None else node.hash

    def path(self, place: int) -> tuple[int, ...]:
        """The siblings on the way from `place` to the root, the leaf's own first."""
        return self._descend(place)[1]

    def replace(self, place: int, leaf: int) -> "SparseTree":
        """The tree with `leaf` at `place`: `depth` hashes."""
        return self.with_leaves({place: leaf})

    def with_leaves(self, leaves: Mapping[int, int]) -> "SparseTree":
        """The tree with `leaves` at their places; what is above several is hashed once."""
        for place in leaves:
            self._check(place)
        return SparseTree(self.depth, _replace(self._top, self.depth, leaves))

    def _descend(self, place: int) -> tuple[_Node | None, tuple[int, ...]]:
        self._check(place)
        node, siblings = self._top, []
        for height in reversed(range(self.depth)):
            left, right = (node.left, node.right) if node else (None, None)
            node, other = (right, left) if place >> height & 1 else (left, right)
            siblings.append(_hash(other, height))
        return node, tuple(reversed(siblings))

    def _check(self, place: int) -> None:
        if not 0 <= place < 1 << self.depth:
            raise IndexError(f"place {place} of a tree of {1 << self.depth}")

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """(place, leaf) of every place that is taken, ascending."""
        return _leaves(self._top, self.depth, 0)


def _hash(node: _Node | None, height: int) -> int:
    return empty_root(height) if node is None else node.hash


def _replace(node: _Node | None, height: int, leaves: Mapping[int, int]) -> _Node | None:
    """`leaves`: by their places within the subtree."""
    if not leaves:
        return node
    if height == 0:
        return None if leaves[0] == EMPTY else _Node(leaves[0])
    left, right = (node.left, node.right) if node else (None, None)
    half = 1 << height - 1
    left = _replace(left, height - 1, {at: leaf for at, leaf in leaves.items() if at < half})
    right = _replace(
        right, height - 1, {at - half: leaf for at, leaf in leaves.items() if at >= half})
    if left is None and right is None:
        return None
    return _Node(poseidon((_hash(left, height - 1), _hash(right, height - 1))), left, right)


def _leaves(node: _Node | None, height: int, first: int) -> Iterator[tuple[int, int]]:
    if node is None:
        return
    if height == 0:
        yield first, node.hash
        return
    yield from _leaves(node.left, height - 1, first)
    yield from _leaves(node.right, height - 1, first + (1 << height - 1))
