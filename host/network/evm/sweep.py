"""Which nodes of Merkle-Patricia tries a state still needs: what else a machine has can go.

A trie's database only grows: a block writes the nodes on the way to what it has changed, and the
old ones stay. What is reached from the state roots that may still be asked for is kept.
Source: Ethereum's yellow paper, appendix D.
"""

from collections.abc import Callable, Iterable, Mapping

import rlp  # type: ignore[import-untyped]
from eth.constants import BLANK_ROOT_HASH, EMPTY_SHA3

HASH_BYTES = 32
Known = Callable[[bytes, bool], bool]
"""Of a hash, and whether it is that of code."""
LEAF_BIT = 0x20
"""Of a two-part node's first byte: its other part is a value, not a node."""


def reachable(database: Mapping[bytes, bytes], roots: Iterable[bytes],
              known: Known = lambda key, is_code: False) -> set[bytes]:
    """The keys in `database` of all that the states with these roots consist of: accounts, their
    storage and their code. KeyError where a node is missing.

    `known`: what is left out, with all that is below it.
    """
    found: set[bytes] = set()
    storages: set[bytes] = set()
    codes: set[bytes] = set()
    # Apart: a contract's code may be, byte for byte, a node, below which there is more.
    for value in _leaves(database, roots, found, known):
        _, _, storage, code = rlp.decode(value)
        storages.add(storage)
        if code != EMPTY_SHA3 and not known(code, True):
            if code not in database:
                raise KeyError(code)
            codes.add(code)
    for _ in _leaves(database, storages, found, known):
        pass
    return found | codes


def _leaves(database: Mapping[bytes, bytes], roots: Iterable[bytes],
            found: set[bytes], known: Known) -> Iterable[bytes]:
    """The values under `roots`, each node once; the keys of nodes go to `found`."""
    waiting: list[object] = [root for root in roots if root != BLANK_ROOT_HASH]
    while waiting:
        node = waiting.pop()
        if isinstance(node, bytes):
            if node in found or known(node, False):
                continue
            found.add(node)
            node = rlp.decode(database[node])
        assert isinstance(node, list)
        if len(node) == 2:
            path, rest = node
            if path[0] & LEAF_BIT:
                yield rest
                continue
            children = [rest]
        else:
            children = node[:16]  # keys are hashes of one length: none ends in a branch
        # A node of fewer than 32 bytes stands in its parent.
        waiting += [child for child in children if child]
