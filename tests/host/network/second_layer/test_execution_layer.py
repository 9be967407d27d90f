"""Consensus over real EVM blocks: the specification's chain, its payloads py-evm's."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from proofmill.host.network.consensus.block_proofs import (
    block_prover,
    block_verifier,
    proof_from_bytes,
)
from proofmill.host.network.consensus.chain import SLOTS_PER_EPOCH, EmbeddedChain
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.evm.pool import PooledEvm
from proofmill.host.network.mechanism.parameters import Defences, Parameters
from proofmill.host.network.second_layer.engines import EvmEngines
from proofmill.host.network.second_layer.execution_layer import INBOX, EvmExecutionLayer
from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit
from proofmill.host.prover.circuits.rollup.size import SMALLEST
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.setup import development_setup
from tests.host.network.contracts.world import ETHER, private_key

PARAMETERS = Parameters(slots_per_epoch=SLOTS_PER_EPOCH, defences=Defences(calibration=False))
REWARD_ADDRESS = b"\x77" * 20


@pytest.fixture(scope="module")
def prover() -> Prover:
    circuit = RollupCircuit(SMALLEST)
    return Prover(development_setup(circuit.r1cs, seed=b"tests of the evm"), CpuDevice())


MakeChain = Callable[[], EmbeddedChain]


@pytest.fixture
def chain(make_chain: MakeChain) -> EmbeddedChain:
    return make_chain()


@pytest.fixture
def make_chain(prover: Prover) -> MakeChain:
    key = prover.key.verification_key
    chain_id = int(spec.config.DEPOSIT_CHAIN_ID)
    rich = tuple(Account(PooledEvm(chain_id, {}), private_key(name)).address
                 for name in ("owner 0", "carrier"))

    def make() -> EmbeddedChain:
        return EmbeddedChain(block_verifier(key), seed=1, size=SMALLEST,
                             engines=EvmEngines(key, PARAMETERS, rich=rich))

    return make


def send(layer: EvmExecutionLayer, account: Account, contract: Contract, function: str,
         *arguments: Any, value: int = 0, gas: int = 3_000_000) -> bytes:
    return account.hand_in(contract.address, contract.encode(function, *arguments), value, gas)


def test_proof_is_paid_by_contracts_on_the_consensus_chain(
        chain: EmbeddedChain, prover: Prover) -> None:
    layer: Any = chain.execution_layer
    owner = Account(layer.evm, private_key("owner 0"))
    carrier = Account(layer.evm, private_key("carrier"))
    contracts = layer.layer
    chain.advance()
    sent = send(layer, owner, contracts.bonds, "register", REWARD_ADDRESS, value=10**4 * ETHER)
    chain.advance()
    layer.evm.head = bytes(chain._tree.at(2, bytes(chain.head.root)).payload.block_hash)
    receipt = layer.evm.receipt(sent)
    assert receipt is not None and receipt.succeeded
    # Registered in epoch 0: its tickets are taken with epoch 1, and count in epoch 3.
    while chain.slot < 3 * SLOTS_PER_EPOCH + 1:
        chain.advance()
    slot = chain.slot
    assert contracts.consensus.call("failed_hooks") == 0
    task = chain.proving_task(slot)
    proof = block_prover(RollupCircuit(SMALLEST), prover)(task.claimed_by(0, REWARD_ADDRESS))
    parsed = proof_from_bytes(proof)
    assert parsed is not None
    # The block of this slot is reported by the next one's system call: the proof follows it.
    sent = send(layer, carrier, contracts.rewards, "submit", slot, 0, parsed.numbers)
    chain.advance()
    chain.advance()
    layer.notify_forkchoice_updated(
        chain._tree.at(chain.slot, bytes(chain.head.root)).payload.block_hash, bytes(32),
        bytes(32), None)
    receipt = layer.evm.receipt(sent)
    assert receipt is not None and receipt.succeeded
    record = contracts.rewards.call("record", slot)
    assert record["primary"] == 0 and record["won"] and record["winner"] == 0
    assert record["payload_root"] == task.request_root
    assert contracts.rewards.call("totalSupply") == 0
    while contracts.consensus.call("finalized_slot") < record["included_slot"]:
        chain.advance()
    send(layer, carrier, contracts.rewards, "mature", slot)
    chain.advance()
    chain.advance()
    assert contracts.rewards.call("balanceOf", REWARD_ADDRESS) == record["prover_amount"] > 0
    assert contracts.rewards.call("balanceOf", record["includer"]) == record["includer_amount"]
    assert contracts.bonds.call("invariants") and contracts.rewards.call("invariants")
    # Finality of the specification's chain, reported to contracts by its own blocks.
    assert chain.finalized_epoch >= 3 and contracts.consensus.call("failed_hooks") == 0


def test_layer_one_does_not_notice(make_chain: MakeChain) -> None:
    """Invariant 1: validators' balances are the same with and without the contracts in use."""
    quiet, busy = make_chain(), make_chain()
    layer: Any = busy.execution_layer
    owner = Account(layer.evm, private_key("owner 0"))
    hashes = []
    for _ in range(SLOTS_PER_EPOCH + 1):
        send(layer, owner, layer.layer.bonds, "register", REWARD_ADDRESS, value=10 * ETHER)
        reports = quiet.advance(), busy.advance()
        assert quiet.balances() == busy.balances()
        hashes.append(reports[0].request_root != reports[1].request_root)
    assert all(hashes) and sum(quiet.balances()) > 64 * 2_000 * 10**9
    assert layer.layer.bonds.call("prover_count") >= SLOTS_PER_EPOCH


def test_wrong_payloads_are_refused(chain: EmbeddedChain) -> None:
    layer: Any = chain.execution_layer
    chain.advance()
    chain.advance()
    record = chain._tree.at(2, bytes(chain.head.root))
    assert bytes(record.payload.block_hash) in layer._known
    assert record.payload.transactions and record.payload.gas_used > 21_000
    assert layer.verify_and_notify_new_payload(record.request)
    for name, value, reason in (
            ("state_root", b"\x01" * 32, "executing the block gives another one"),
            ("receipts_root", b"\x01" * 32, "executing the block gives another one"),
            ("gas_used", 1, "executing the block gives another one"),
            ("extra_data", b"\x01" * 32, "the extra data is not the batch's commitment"),
            ("transactions", [], "posts no batch"),
            ("transactions", [b"\x02junk"], "posts no batch"),
            ("parent_hash", b"\x01" * 32, "the parent payload is unknown"),
            ("slot_number", 3, "the time is not the slot's")):
        payload = record.payload.copy()
        setattr(payload, name, value)
        request = spec.NewPayloadRequest(
            execution_payload=payload, versioned_hashes=[],
            parent_beacon_block_root=record.request.parent_beacon_block_root,
            execution_requests=record.request.execution_requests)
        if name != "slot_number":
            assert not layer.verify_and_notify_new_payload(request)
            assert layer.refusal == "the block hash is not the header's"
        payload.block_hash = rehashed(layer, payload, request.parent_beacon_block_root)
        assert not layer.verify_and_notify_new_payload(request), name
        assert reason in layer.refusal, (name, layer.refusal)
    assert layer.verify_and_notify_new_payload(record.request)
    assert layer.evm.balance(INBOX) == 0


def rehashed(layer: Any, payload: Any, root: Any) -> bytes:
    """The hash that the header with these fields has: found by asking for it."""
    from proofmill.host.network.second_layer import execution_layer

    seen: list[bytes] = []
    original = execution_layer.header_hash

    def spy(fields: list[object]) -> bytes:
        seen.append(original(fields))
        return seen[-1]

    execution_layer.header_hash = spy
    try:
        layer.is_valid_block_hash(payload, root, ())
    finally:
        execution_layer.header_hash = original
    return seen[-1]


def refused(chain: EmbeddedChain, slot: int, transactions: Sequence[bytes]) -> str:
    """Why the payload of a slot is not taken with these transactions."""
    layer: Any = chain.execution_layer
    record = chain._tree.at(slot, bytes(chain.head.root))
    payload = record.payload.copy()
    payload.transactions = [spec.Transaction(raw) for raw in transactions]
    request = spec.NewPayloadRequest(
        execution_payload=payload, versioned_hashes=[],
        parent_beacon_block_root=record.request.parent_beacon_block_root,
        execution_requests=record.request.execution_requests)
    payload.block_hash = rehashed(layer, payload, request.parent_beacon_block_root)
    assert not layer.verify_and_notify_new_payload(request)
    return str(layer.refusal)


def test_branches_have_their_own_contracts(chain: EmbeddedChain) -> None:
    """The specification's fork choice decides between branches of EVM blocks."""
    layer: Any = chain.execution_layer
    owner = Account(layer.evm, private_key("owner 0"))
    chain.advance()
    fork = bytes(chain.head.root)
    send(layer, owner, layer.layer.bonds, "register", REWARD_ADDRESS, value=10 * ETHER)
    chain.advance(attesting=False)
    first = chain._tree.at(2, bytes(chain.head.root)).payload
    assert len(first.transactions) == 2
    layer.evm.pool.settle(lambda sender: 1 << 62)  # forget all
    chain.advance(parent=fork)
    chain.advance()
    heads = bytes(first.block_hash), bytes(
        chain._tree.at(4, bytes(chain.head.root)).payload.block_hash)
    counts = []
    for layer.evm.head in heads:
        counts.append(layer.layer.bonds.call("prover_count"))
    assert counts == [1, 0]
