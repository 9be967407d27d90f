"""The execution layer refuses every payload that it would not have computed itself."""

from collections.abc import Callable
from typing import Any

import pytest

from proofmill.host.network.consensus.execution import ExecutionLayer
from proofmill.host.network.consensus.payload import block_hash
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.transfers.load import Load
from proofmill.host.network.transfers.opening import development_key
from proofmill.host.network.transfers.waiting import Waiting
from proofmill.host.prover.circuits.rollup.batch import Batch
from proofmill.host.prover.circuits.rollup.transfer import Transfer
from tests.host.network.consensus.conftest import SIZE, MakeChain

ROOT = b"\x33" * 32
SEED, CHAIN = 1, 7


def build(layer: ExecutionLayer, parent: bytes, slot: int) -> Any:
    attributes = spec.PayloadAttributes(
        timestamp=1_000 + slot,
        prev_randao=b"\x04" * 32,
        suggested_fee_recipient=b"\x05" * 20,
        withdrawals=[],
        parent_beacon_block_root=ROOT,
        slot_number=slot,
        target_gas_limit=30_000_000,
    )
    load = Load(SEED, CHAIN, range(2))
    for raw in load.transfers(slot, layer.ledger(parent), layer.transfers):
        layer.transfers.add(raw)
    identifier = layer.notify_forkchoice_updated(parent, b"", b"", attributes)
    return layer.get_payload(identifier).execution_payload


def offer(layer: ExecutionLayer, payload: Any, rehash: bool = True) -> bool:
    if rehash:
        payload.block_hash = block_hash(payload, ROOT)
    request = spec.NewPayloadRequest(
        execution_payload=payload,
        versioned_hashes=[],
        parent_beacon_block_root=ROOT,
        execution_requests=spec.ExecutionRequests(),
    )
    return layer.verify_and_notify_new_payload(request)


def test_what_it_builds_it_accepts_on_every_branch() -> None:
    layer = ExecutionLayer(SEED, SIZE, CHAIN)
    left = build(layer, layer.genesis_hash, 1)
    # Somebody pays more, so that the other branch has another batch.
    layer.transfers.add(Waiting(0, Transfer(0, 1, 1, 21).signed(
        development_key(SEED, 0), CHAIN, 0)).raw)
    right = build(layer, layer.genesis_hash, 2)
    assert offer(layer, left) and offer(layer, right)
    for first in (left, right):
        second = build(layer, bytes(first.block_hash), 3)
        assert offer(layer, second)
        for made in (first, second):
            ledger = layer.ledger(bytes(made.block_hash))
            before = layer.ledger(bytes(made.parent_hash))
            assert ledger == before.apply(layer.batch(bytes(made.block_hash)))
            assert ledger.root == int.from_bytes(made.state_root, "big")
            assert ledger.supply == before.supply
    assert left.state_root != right.state_root


def change(**fields: Any) -> Callable[[Any], None]:
    def apply(payload: Any) -> None:
        for name, value in fields.items():
            setattr(payload, name, value)

    return apply


def flip_state_root(payload: Any) -> None:
    payload.state_root = bytes(payload.state_root)[:-1] + bytes([payload.state_root[31] ^ 1])


def other_transfer(payload: Any) -> None:
    payload.transactions = signed(1, 0)


def signed(amount: int, nonce: int, chain_id: int = CHAIN) -> list[bytes]:
    made = Transfer(0, 1, amount).signed(development_key(SEED, 0), chain_id, nonce)
    return Batch(SIZE, chain_id, 0, (made,)).to_bytes()


def overdraft(payload: Any) -> None:
    payload.transactions = signed(10**15, 0)


def stranger(payload: Any) -> None:
    made = Transfer(0, 1, 1).signed(bytes(32), CHAIN, 0)
    payload.transactions = Batch(SIZE, CHAIN, 0, (made,)).to_bytes()


@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        (flip_state_root, "state root"),
        (change(extra_data=b"\x00" * 32), "commitment"),
        (overdraft, "does not cover"),
        (other_transfer, "root"),
        (stranger, "did not sign it"),
        (change(transactions=signed(1, 1)), "did not sign it"),
        (change(transactions=signed(1, 0, CHAIN + 1)), "did not sign it"),
        (change(transactions=[b"\xff" * 4]), "there is no account"),
        (change(transactions=[b"short"]), "bytes"),
        (change(transactions=[b""]), "empty"),
        (change(parent_hash=b"\x09" * 32), "parent payload is unknown"),
        (change(block_number=7), "block number"),
        (change(timestamp=0), "timestamp"),
        (change(gas_used=1), "does not use"),
        (change(blob_gas_used=1), "does not use"),
    ],
)
def test_wrong_payloads_are_refused(tamper: Callable[[Any], None], reason: str) -> None:
    layer = ExecutionLayer(SEED, SIZE, CHAIN)
    payload = build(layer, layer.genesis_hash, 1)
    tamper(payload)
    assert not offer(layer, payload)
    assert reason in layer.refusal
    with pytest.raises(KeyError):
        layer.ledger(bytes(payload.block_hash))


def test_a_wrong_block_hash_and_blobs_are_refused() -> None:
    layer = ExecutionLayer(SEED, SIZE, CHAIN)
    payload = build(layer, layer.genesis_hash, 1)
    payload.block_hash = b"\x01" * 32
    assert not offer(layer, payload, rehash=False)
    assert "block hash" in layer.refusal
    request = spec.NewPayloadRequest(
        execution_payload=build(layer, layer.genesis_hash, 1),
        versioned_hashes=[spec.VersionedHash()],
        parent_beacon_block_root=ROOT,
        execution_requests=spec.ExecutionRequests(),
    )
    assert not layer.verify_and_notify_new_payload(request)
    assert "blobs" in layer.refusal


def test_the_fork_choice_refuses_the_envelope(
    make_chain: MakeChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = make_chain()
    honest = chain.execution_layer.get_payload

    def tampered(identifier: Any) -> Any:
        response = honest(identifier)
        payload = response.execution_payload
        flip_state_root(payload)
        root = bytes(chain.head.root)
        payload.block_hash = block_hash(payload, root)
        return response

    monkeypatch.setattr(chain.execution_layer, "get_payload", tampered)
    with pytest.raises(AssertionError):
        chain.advance()
    assert "state root" in chain.execution_layer.refusal
    assert not chain.store.payloads


def test_final_ledgers_are_forgotten() -> None:
    layer = ExecutionLayer(SEED, SIZE, CHAIN)
    hashes = [layer.genesis_hash]
    for slot in range(1, 4):
        payload = build(layer, hashes[-1], slot)
        assert offer(layer, payload)
        hashes.append(bytes(payload.block_hash))
    layer.notify_forkchoice_updated(hashes[3], hashes[2], hashes[2], None)
    layer.ledger(hashes[2])
    with pytest.raises(KeyError):
        layer.ledger(hashes[1])
