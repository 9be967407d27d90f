"""Block hashes against the specification's own helper, and request roots."""

from hashlib import sha256
from typing import Any

import pytest
import rlp
from eth_consensus_specs.test.helpers.execution_payload import (
    compute_el_header_block_hash,
    compute_trie_root_from_indexed_data,
    get_withdrawal_rlp,
)
from eth_hash.auto import keccak

from proofmill.host.network.consensus.payload import block_hash, request_root
from proofmill.host.network.consensus.spec import spec

ROOT = b"\x33" * 32


def payload(transactions: int) -> Any:
    return spec.ExecutionPayload(
        parent_hash=b"\x01" * 32,
        fee_recipient=b"\x02" * 20,
        state_root=b"\x03" * 32,
        prev_randao=b"\x04" * 32,
        block_number=5,
        gas_limit=30_000_000,
        timestamp=1_600_000_000,
        extra_data=b"\x06" * 32,
        transactions=[bytes([number]) * 16 for number in range(1, transactions + 1)],
        withdrawals=[spec.Withdrawal(index=1, validator_index=2, address=b"\x07" * 20, amount=3)],
        slot_number=8,
    )


@pytest.mark.parametrize("transactions", [0, 1, 4, 20])
def test_block_hash_is_ethereum_s(transactions: int) -> None:
    made = payload(transactions)
    expected = compute_el_header_block_hash(
        spec,
        made,
        # The helper that does all of this at once trips over the release's own transaction type.
        compute_trie_root_from_indexed_data([bytes(each) for each in made.transactions]),
        compute_trie_root_from_indexed_data([get_withdrawal_rlp(w) for w in made.withdrawals]),
        ROOT,
        sha256(b"").digest(),
        keccak(rlp.encode(b"")),
    )
    assert block_hash(made, ROOT) == expected


def test_block_hash_covers_requests_and_parent() -> None:
    made = payload(1)
    hashes = {
        block_hash(made, ROOT),
        block_hash(made, b"\x34" * 32),
        block_hash(made, ROOT, [b"\x00request"]),
    }
    assert len(hashes) == 3
    assert block_hash(made, ROOT, [b"\x00"]) == block_hash(made, ROOT)


def test_request_root_covers_every_field() -> None:
    request = spec.NewPayloadRequest(
        execution_payload=payload(2),
        versioned_hashes=[],
        parent_beacon_block_root=spec.Root(ROOT),
        execution_requests=spec.ExecutionRequests(),
    )
    roots = {request_root(request)}
    request.execution_payload = payload(3)
    roots.add(request_root(request))
    request.versioned_hashes = [spec.VersionedHash(b"\x09" * 32)]
    roots.add(request_root(request))
    request.parent_beacon_block_root = spec.Root()
    roots.add(request_root(request))
    request.execution_requests.withdrawals.append(spec.WithdrawalRequest())
    roots.add(request_root(request))
    assert len(roots) == 5
