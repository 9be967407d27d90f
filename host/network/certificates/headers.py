"""Headers of execution blocks, shown by somebody who is not trusted, and where a final block says
which of them is the chain's.

A header is the RLP list that a block hash is the Keccak-256 of: its first item is the parent's
hash, its thirteenth, the extra data, the commitment to the block's batch. A beacon block's bid
names the hash of the payload before it (`parent_block_hash`), so a branch of SHA-256 from there to
a final block's root makes a hash, and by the parents all before it, the chain's.
"""

from collections.abc import Sequence
from typing import NamedTuple

import rlp  # type: ignore[import-untyped]
from eth_hash.auto import keccak

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.certificates.hash_tree import root_above
from proofmill.host.network.consensus.spec import spec

PARENT, EXTRA = 0, 12
HASH_BYTES = 32
PARENT_PAYLOAD = int(spec.get_generalized_index(
    spec.BeaconBlock, "body", "signed_execution_payload_bid", "message", "parent_block_hash"))
"""The generalized index, in a beacon block, of the hash of the payload before it."""
DEPTH = PARENT_PAYLOAD.bit_length() - 1


class Header(NamedTuple):
    """What is of use here. `commitment`: to the block's batch."""

    hash: bytes
    parent: bytes
    commitment: int


class Evidence(NamedTuple):
    """Headers that go on from each other, and the branch from the last one's hash to a final
    block's root."""

    headers: tuple[Header, ...]
    branch: tuple[bytes, ...]

    @property
    def root(self) -> bytes:
        """That of the beacon block whose bid names the last header's hash."""
        return root_above(self.headers[-1].hash, PARENT_PAYLOAD, self.branch)


def write_evidence(headers: Sequence[bytes], branch: Sequence[bytes]) -> bytes:
    """What `read_evidence` reads."""
    return bytes(rlp.encode([list(headers), list(branch)]))


def read_evidence(data: bytes, name: str) -> Evidence:
    """Headers and branch in these bytes; `ProofmillError` where there are none, or where a header
    is not the next one's parent."""
    try:
        raw, branch = rlp.decode(data)
        headers = tuple(map(_header, raw))
    except (rlp.DecodingError, ValueError, TypeError, IndexError) as error:
        raise ProofmillError(f"{name}: holds no headers with a branch ({error}); ask another peer"
                             ) from error
    if not headers or len(branch) != DEPTH or any(
            not isinstance(node, bytes) or len(node) != HASH_BYTES for node in branch):
        raise ProofmillError(f"{name}: has {len(headers)} headers and a branch of {len(branch)} "
                             f"nodes, which should be 1 or more and {DEPTH}; ask another peer")
    for place, (first, second) in enumerate(zip(headers, headers[1:], strict=False)):
        if first.hash != second.parent:
            raise ProofmillError(f"{name}: header {place} is not the parent of the next; ask "
                                 "another peer")
    return Evidence(headers, tuple(branch))


def _header(raw: object) -> Header:
    if not isinstance(raw, bytes):
        raise ValueError("a header is no text")
    fields = rlp.decode(raw)
    parent, extra = fields[PARENT], fields[EXTRA]
    if not (isinstance(parent, bytes) and isinstance(extra, bytes)
            and len(parent) == len(extra) == HASH_BYTES):
        raise ValueError("a header's parent or extra data has another length than 32 bytes")
    return Header(keccak(raw), parent, int.from_bytes(extra, "big"))


def branch_in(block: spec.BeaconBlock) -> list[bytes]:
    """The branch of a beacon block that `Evidence` holds."""
    return [bytes(node) for node in spec.compute_merkle_proof(block, PARENT_PAYLOAD)]
