"""A payload that has become final, as proven history wants it: its header, what its proof states,
and the proofs of blocks before it that its transactions have handed in.

A proof is in a later block, for a reward (``Rewards.submit``) or, where there is none to be had any
more, for the contract of coins (``Ledger.prove``). So whoever has the blocks has the proofs.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.evm.embedded import ExecutedBlock
from proofmill.host.network.second_layer.coins import proofs_in
from proofmill.host.network.second_layer.execution_layer import EvmExecutionLayer


@dataclass(frozen=True)
class TakenProof:
    """A proof of the block of `slot` that the chain has taken in: its tag, and its numbers as
    contracts take them."""

    slot: int
    tag: int
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class FinalBlock:
    """`number`: how many payloads are before it. `header`: RLP, of which `hash` is Keccak-256.
    `before`, `after` and `commitment`: what its proof states. `proofs`: of blocks before it."""

    number: int
    slot: int
    hash: bytes
    header: bytes
    before: int
    after: int
    commitment: int
    proofs: tuple[TakenProof, ...]


def final_block(execution: EvmExecutionLayer, first_number: int, request: spec.NewPayloadRequest
                ) -> FinalBlock:
    """Of an accepted payload's request, whose block's parent is still known; `first_number`: of the
    first payload's block, by the machine. KeyError for one that is unknown or long final."""
    payload = request.execution_payload
    block_hash = bytes(payload.block_hash)
    statement = execution.statement(block_hash)
    executed = execution.evm.executed(block_hash)
    return FinalBlock(
        int(payload.block_number) - first_number, statement.slot, block_hash,
        execution.header(request), statement.old_root, statement.new_root, statement.commitment,
        (*_rewarded(execution, executed), *_late(execution, executed, bytes(payload.parent_hash),
                                                 statement.slot)))


def _rewarded(execution: EvmExecutionLayer, executed: ExecutedBlock) -> Iterator[TakenProof]:
    for proof in proofs_in(execution.layer, executed):
        yield TakenProof(proof.slot, execution.tag_of(proof), proof.numbers)


def _late(execution: EvmExecutionLayer, executed: ExecutedBlock, parent_hash: bytes, slot: int
          ) -> Iterator[TakenProof]:
    """What the contract of coins has taken: batches one after another, the oldest first."""
    bank = execution.bank
    calls = [bank.decode_call("prove", bytes(transaction.data))
             for transaction, receipt in zip(executed.transactions, executed.receipts, strict=True)
             if bytes(transaction.to) == bank.address
             and any(event.name == "Proven" for event in bank.events(receipt))]
    slots = [*(each.slot for each in execution.coins(parent_hash).unproven), slot]
    for proven, call in zip(slots, calls, strict=False):
        *_, tag, numbers = call
        yield TakenProof(proven, tag, tuple(numbers))
