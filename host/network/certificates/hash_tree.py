"""A tree of SHA-256 over the block hashes of an era, by which one of them is shown to be there.

Leaves are hashes of 32 bytes, filled up with zeros to a power of two; a node is SHA-256 of its two
children. The number of leaves is known to whoever checks.
"""

from collections.abc import Sequence
from hashlib import sha256


class HashTree:
    """The tree over these leaves, each node hashed once."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self._levels = [[*leaves, *[bytes(32)] * ((1 << _depth(len(leaves))) - len(leaves))]]
        while len(self._levels[-1]) > 1:
            last = self._levels[-1]
            self._levels.append([sha256(left + right).digest()
                                 for left, right in zip(last[::2], last[1::2], strict=True)])

    @property
    def root(self) -> bytes:
        """The hash over all of them."""
        return self._levels[-1][0]

    def branch(self, place: int) -> list[bytes]:
        """The siblings on the way from a leaf to the root, the leaf's own first."""
        return [level[(place >> height) ^ 1] for height, level in enumerate(self._levels[:-1])]


def root_above(leaf: bytes, place: int, branch: Sequence[bytes]) -> bytes:
    """Where a branch leads from a leaf. `place`: its bits say which nodes are right ones, the
    leaf's own first."""
    node = leaf
    for height, sibling in enumerate(branch):
        node = sha256(sibling + node if place >> height & 1 else node + sibling).digest()
    return node


def is_in(root: bytes, count: int, leaf: bytes, place: int, branch: Sequence[bytes]) -> bool:
    """Whether the tree over `count` leaves has `leaf` at `place`."""
    return (0 <= place < count and len(branch) == _depth(count)
            and root_above(leaf, place, branch) == root)


def _depth(count: int) -> int:
    return (count - 1).bit_length()
