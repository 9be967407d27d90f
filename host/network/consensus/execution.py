"""The embedded execution layer: builds payloads and checks them by executing their transfers."""

from collections.abc import Sequence

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.consensus.collectors import Collectors
from proofmill.host.network.consensus.payload import block_hash, header_of
from proofmill.host.network.consensus.payload_builder import PayloadBuilder
from proofmill.host.network.consensus.refusal import own_work
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.transfers.opening import opening_ledger
from proofmill.host.network.transfers.pool import TransferPool
from proofmill.host.prover.circuits.rollup.batch import Batch
from proofmill.host.prover.circuits.rollup.ledger import Ledger
from proofmill.host.prover.circuits.rollup.size import RollupSize


class ExecutionLayer(PayloadBuilder):
    """The specification's `ExecutionEngine` over a ledger of accounts.

    A payload carries one batch: its transactions are `Batch.to_bytes`, `state_root` the ledger's
    root after the batch and `extra_data` the batch's commitment, both 32 bytes big-endian. Ledgers
    are kept for each block hash, so every branch has its own. Nothing costs gas.
    """

    def __init__(self, seed: int, size: RollupSize, chain_id: int) -> None:
        """`seed` decides the first ledger; transfers are signed for `chain_id`."""
        super().__init__()
        self._size, self._chain_id = size, chain_id
        ledger = opening_ledger(seed, size)
        genesis = spec.ExecutionPayload(state_root=_bytes32(ledger.root))
        genesis.block_hash = block_hash(genesis, spec.Root())
        self.genesis_hash = bytes(genesis.block_hash)
        self.refusal = ""
        """Why the last payload was refused, empty if it was not."""
        self._headers: dict[bytes, spec.ExecutionPayload] = {self.genesis_hash: genesis}
        self._ledgers: dict[bytes, Ledger] = {self.genesis_hash: ledger}
        self._batches: dict[bytes, Batch] = {}
        self._head_hash = self.genesis_hash
        self.witness_pool = None
        self._collectors = Collectors(ledger)
        self.transfers = TransferPool(
            chain_id, lambda: self._ledgers[self._head_hash],
            lambda: int(self._headers[self._head_hash].block_number))
        """What waits for a payload."""

    def ledger(self, payload_hash: bytes) -> Ledger:
        """The accounts after a payload; KeyError for one unknown or long finalised."""
        return self._ledgers[payload_hash]

    def batch(self, payload_hash: bytes) -> Batch:
        """The transfers of an accepted payload; KeyError as `ledger`."""
        return self._batches[payload_hash]

    def watch(self, store: spec.Store) -> None:
        """Learn from the beacon states in `store` whose account takes a proposer's fees."""
        self._collectors.watch(store)

    @own_work()
    def verify_and_notify_new_payload(self, new_payload_request: spec.NewPayloadRequest) -> bool:
        """Whether the payload is right in every respect, in the order the specification gives."""
        payload = new_payload_request.execution_payload
        requests = spec.get_execution_requests_list(new_payload_request.execution_requests)
        root = new_payload_request.parent_beacon_block_root
        if any(len(transaction) == 0 for transaction in payload.transactions):
            self.refusal = "a transaction is empty"
            return False
        if not self.is_valid_block_hash(payload, root, requests):
            self.refusal = "the block hash is not the header's"
            return False
        if not self.is_valid_versioned_hashes(new_payload_request):
            self.refusal = "there are blobs, and this layer has none"
            return False
        return self.notify_new_payload(payload, root, requests)

    def is_valid_block_hash(
        self,
        execution_payload: spec.ExecutionPayload,
        parent_beacon_block_root: spec.Root,
        execution_requests_list: Sequence[bytes],
    ) -> bool:
        """Whether `block_hash` is the Keccak-256 of the header (see `payload.block_hash`)."""
        expected = block_hash(execution_payload, parent_beacon_block_root, execution_requests_list)
        return bytes(execution_payload.block_hash) == expected

    def header(self, request: spec.NewPayloadRequest) -> bytes:
        """The RLP of the header of a payload's block."""
        return header_of(request.execution_payload, request.parent_beacon_block_root,
                         spec.get_execution_requests_list(request.execution_requests))

    def is_valid_versioned_hashes(self, new_payload_request: spec.NewPayloadRequest) -> bool:
        """No transaction carries blobs, so there must be no hashes."""
        return len(new_payload_request.versioned_hashes) == 0

    def notify_new_payload(
        self,
        execution_payload: spec.ExecutionPayload,
        parent_beacon_block_root: spec.Root,
        execution_requests_list: Sequence[bytes],
    ) -> bool:
        """Execute the payload on its parent's ledger; keep the outcome if everything fits."""
        self.refusal = self._execute(execution_payload)
        return not self.refusal

    def _execute(self, payload: spec.ExecutionPayload) -> str:
        """Why the payload is wrong, or nothing, and then its ledger is kept."""
        parent_hash = bytes(payload.parent_hash)
        if parent_hash not in self._ledgers:
            return "the parent payload is unknown"
        parent = self._headers[parent_hash]
        if payload.block_number != parent.block_number + 1:
            return "the block number does not follow the parent's"
        if payload.timestamp <= parent.timestamp:
            return "the timestamp is not after the parent's"
        unused = (
            payload.gas_used,
            payload.base_fee_per_gas,
            payload.blob_gas_used,
            payload.excess_blob_gas,
            sum(payload.logs_bloom),
            sum(payload.receipts_root),
            len(payload.block_access_list),
        )
        if any(unused):
            return "a field this ledger does not use is not zero"
        try:
            batch = Batch.from_bytes(self._size, self._chain_id,
                                     [bytes(each) for each in payload.transactions])
            ledger = self._ledgers[parent_hash].apply(batch)
        except ProofmillError as error:
            return str(error)
        if bytes(payload.state_root) != _bytes32(ledger.root):
            return "the state root is not the ledger's root after the batch"
        if bytes(payload.extra_data) != _bytes32(batch.commitment):
            return "the extra data is not the batch's commitment"
        key = bytes(payload.block_hash)
        self._headers[key], self._ledgers[key], self._batches[key] = payload, ledger, batch
        return ""

    def _build(
        self, parent_hash: bytes, attributes: spec.PayloadAttributes
    ) -> spec.ExecutionPayload:
        slot = int(attributes.slot_number)
        parent, ledger = self._headers[parent_hash], self._ledgers[parent_hash]
        batch = self.transfers.batch(
            ledger, self._collectors.of(bytes(attributes.suggested_fee_recipient)))
        payload = spec.ExecutionPayload(
            parent_hash=parent_hash,
            fee_recipient=attributes.suggested_fee_recipient,
            state_root=_bytes32(ledger.apply(batch).root),
            prev_randao=attributes.prev_randao,
            block_number=parent.block_number + 1,
            gas_limit=attributes.target_gas_limit,
            timestamp=attributes.timestamp,
            extra_data=_bytes32(batch.commitment),
            transactions=batch.to_bytes(),
            withdrawals=attributes.withdrawals,
            slot_number=slot,
        )
        payload.block_hash = block_hash(payload, attributes.parent_beacon_block_root)
        return payload

    def _follow(self, head_hash: bytes) -> None:
        if head_hash in self._ledgers:
            self._head_hash = head_hash

    def _prune(self, finalized_hash: bytes) -> None:
        if finalized_hash not in self._headers:
            return
        self.transfers.settle(self._ledgers[finalized_hash])
        number = self._headers[finalized_hash].block_number
        for key in [key for key, header in self._headers.items() if header.block_number < number]:
            del self._headers[key], self._ledgers[key]
            self._batches.pop(key, None)


def _bytes32(value: int) -> bytes:
    return value.to_bytes(32, "big")
