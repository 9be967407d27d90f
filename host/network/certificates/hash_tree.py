"""A tree of SHA-256 over the block hashes of an era, by which one of them is shown to be there.

Leaves are hashes of 32 bytes, filled up with zeros to a power of two; a node is SHA-256 of its two
children. The number of leaves is known to whoever checks.
"""

from collections.abc import Sequence
from hashlib import sha256


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The hash over all of them."""
    return _levels(leaves)[-1][0]


def branch_of(leaves: Sequence[bytes], place: int) -> list[bytes]:
    """The siblings on the way from a leaf to the root, the leaf's own first."""
    return [level[(place >> height) ^ 1] for height, level in enumerate(_levels(leaves)[:-1])]


def is_in(root: bytes, count: int, leaf: bytes, place: int, branch: Sequence[bytes]) -> bool:
    """Whether the tree over `count` leaves has `leaf` at `place`."""
    if not 0 <= place < count or len(branch) != _depth(count):
        return False
    node = leaf
    for height, sibling in enumerate(branch):
        node = sha256(sibling + node if place >> height & 1 else node + sibling).digest()
    return node == root


def _depth(count: int) -> int:
    return (count - 1).bit_length()


def _levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    levels = [[*leaves, *[bytes(32)] * ((1 << _depth(len(leaves))) - len(leaves))]]
    while len(levels[-1]) > 1:
        last = levels[-1]
        levels.append([sha256(left + right).digest()
                       for left, right in zip(last[::2], last[1::2], strict=True)])
    return levels
