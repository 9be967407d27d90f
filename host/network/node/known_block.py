"""What a follower remembers of a block."""

from dataclasses import dataclass

from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.node.layer2 import BlockFacts


@dataclass
class KnownBlock:
    """What is remembered of a block; `facts` once its payload has come, and `request` with it until
    the block is long final."""

    root: bytes
    parent: bytes
    slot: int
    payload_hash: bytes
    parent_hash: bytes
    attestation_roots: frozenset[bytes]
    commitments: tuple[spec.KZGCommitment, ...]
    facts: BlockFacts | None = None
    request: spec.NewPayloadRequest | None = None
