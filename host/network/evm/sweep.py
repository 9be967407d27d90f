"""Which nodes of Merkle-Patricia tries a state still needs: what else a machine has can go.

A trie's database only grows: a block writes the nodes on the way to what it has changed, and the
old ones stay. What is reached from the state roots that may still be asked for is kept.
Source: Ethereum's yellow paper, appendix D.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import rlp  # type: ignore[import-untyped]
from eth.constants import BLANK_ROOT_HASH, EMPTY_SHA3

HASH_BYTES = 32
Reference = tuple[bytes, bool]
"""A hash, and whether it is that of code. Whoever pays for it has a contract whose code is, byte
for byte, a node of a trie, below which there is more."""
Known = Callable[[bytes, bool], bool]
"""Of a `Reference`."""
LEAF_BIT = 0x20
"""Of a two-part node's first byte: its other part is a value, not a node."""


def reachable(database: Mapping[bytes, bytes], roots: Iterable[bytes],
              known: Known = lambda key, is_code: False) -> set[bytes]:
    """The keys in `database` of all that the states with these roots consist of: accounts, their
    storage and their code. KeyError where a node is missing.

    `known`: what is left out, with all that is below it.
    """
    found: set[Reference] = set()
    waiting = [(root, False) for root in roots if root != BLANK_ROOT_HASH]
    while waiting:
        reference = waiting.pop()
        if reference not in found and not known(*reference):
            waiting += children(database[reference[0]], reference[1])
            found.add(reference)
    return {key for key, _ in found}


def children(data: bytes, is_code: bool) -> Iterator[Reference]:
    """What a node, or code, refers to: nodes, and of an account its storage and code."""
    if not is_code:
        yield from _below(rlp.decode(data))


def _below(node: Sequence[Any]) -> Iterator[Reference]:
    if len(node) == 2 and node[0][0] & LEAF_BIT:
        value = rlp.decode(node[1])
        if isinstance(value, list):  # an account; a word of storage is a number
            _, _, storage, code = value
            if storage != BLANK_ROOT_HASH:
                yield storage, False
            if code != EMPTY_SHA3:
                yield code, True
        return
    # Keys are hashes of one length, so none ends in a branch, whose last item is empty.
    for child in node[1:] if len(node) == 2 else node[:16]:
        if isinstance(child, list):  # a node of fewer than 32 bytes stands in its parent
            yield from _below(child)
        elif child:
            yield child, False
