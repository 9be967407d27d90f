"""Hashes of an execution payload: its block hash and the root that proofs name."""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256

import rlp  # type: ignore[import-untyped]
from Crypto.Hash import keccak
from trie.hexary import HexaryTrie

from proofmill.host.network.consensus.spec import spec

EMPTY_OMMERS_HASH = bytes.fromhex(
    "1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347"
)
"""Keccak-256 of the RLP of an empty list: there are no uncle blocks after the merge."""


class NewPayloadRequest(spec.Container):  # type: ignore[misc]  # the specification is untyped
    """The specification's dataclass of that name as an SSZ container.

    EIP-8025 identifies a payload by `hash_tree_root(new_payload_request)`, but release 1.7.0a13 has
    no SSZ type for it. Same fields, same order; the list is the type the bid uses for commitments.
    """

    execution_payload: spec.ExecutionPayload
    versioned_hashes: spec.ProgressiveList[spec.VersionedHash]
    parent_beacon_block_root: spec.Root
    execution_requests: spec.ExecutionRequests


    @classmethod
    def of(cls, request: spec.NewPayloadRequest) -> "NewPayloadRequest":
        """Of the specification's."""
        return cls(**{name: getattr(request, name) for name in _FIELDS})

    @property
    def request(self) -> spec.NewPayloadRequest:
        """The specification's."""
        return spec.NewPayloadRequest(**{name: getattr(self, name) for name in _FIELDS})


_FIELDS = ("execution_payload", "versioned_hashes", "parent_beacon_block_root",
           "execution_requests")


def request_root(request: spec.NewPayloadRequest) -> bytes:
    """The root that execution proofs name, 32 bytes, of a specification's `NewPayloadRequest`."""
    return bytes(spec.hash_tree_root(NewPayloadRequest.of(request)))


def block_hash(
    payload: spec.ExecutionPayload, parent_beacon_block_root: bytes, requests: Sequence[bytes] = ()
) -> bytes:
    """The block hash of an execution payload: Keccak-256 of its `header_of`, 32 bytes."""
    return _keccak(header_of(payload, parent_beacon_block_root, requests))


def header_of(
    payload: spec.ExecutionPayload, parent_beacon_block_root: bytes, requests: Sequence[bytes] = ()
) -> bytes:
    """The RLP of a payload's header.

    The header is the one Ethereum hashes, in the order of EIP-1559, 4895, 4844, 4788, 7685, 7928
    and 7843. Two of its fields are the ledger's: `state_root` is the Poseidon root of the accounts
    and `extra_data` the commitment to the batch. `requests`: the EIP-7685 encodings of the
    execution requests.
    """
    header: list[bytes | int] = [
        bytes(payload.parent_hash),
        EMPTY_OMMERS_HASH,
        bytes(payload.fee_recipient),
        bytes(payload.state_root),
        _trie_root(tuple(bytes(transaction) for transaction in payload.transactions)),
        bytes(payload.receipts_root),
        bytes(payload.logs_bloom),
        0,  # difficulty
        int(payload.block_number),
        int(payload.gas_limit),
        int(payload.gas_used),
        int(payload.timestamp),
        bytes(payload.extra_data),
        bytes(payload.prev_randao),
        b"\x00" * 8,  # nonce
        int(payload.base_fee_per_gas),
        _trie_root(tuple(_withdrawal_rlp(withdrawal) for withdrawal in payload.withdrawals)),
        int(payload.blob_gas_used),
        int(payload.excess_blob_gas),
        bytes(parent_beacon_block_root),
        _requests_hash(requests),
        _keccak(rlp.encode(bytes(payload.block_access_list))),
        int(payload.slot_number),
    ]
    return bytes(rlp.encode(header))


def _keccak(data: bytes) -> bytes:
    return keccak.new(digest_bits=256, data=data).digest()


# Bounded: the same payload is hashed when it is built and again when it is checked.
@lru_cache(maxsize=64)
def _trie_root(values: tuple[bytes, ...]) -> bytes:
    """Root of the Merkle-Patricia trie RLP(index) -> value."""
    trie = HexaryTrie(db={})
    for index, value in enumerate(values):
        trie.set(rlp.encode(index), value)  # type: ignore[no-untyped-call]
    return bytes(trie.root_hash)


def _withdrawal_rlp(withdrawal: spec.Withdrawal) -> bytes:
    fields = [
        int(withdrawal.index),
        int(withdrawal.validator_index),
        bytes(withdrawal.address),
        int(withdrawal.amount),
    ]
    return bytes(rlp.encode(fields))


def _requests_hash(requests: Sequence[bytes]) -> bytes:
    """EIP-7685: SHA-256 over the SHA-256 of every request that is more than its type byte."""
    digest = sha256()
    for request in requests:
        if len(request) > 1:
            digest.update(sha256(request).digest())
    return digest.digest()
