"""The binding proof engine for payloads that are EVM blocks."""


from proofmill.host.network.consensus.proofs import BindingProofEngine, KnownPayload, Verify
from proofmill.host.network.consensus.refusal import own_work
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.second_layer.execution_layer import EvmExecutionLayer


class EvmProofEngine(BindingProofEngine):
    """`BindingProofEngine`, told by the execution layer what a payload's proof has to state.

    The roots of the ledger are not in the header of an EVM block. A validator proves under the
    number of its bond.
    """

    def __init__(self, execution: EvmExecutionLayer, verify: Verify) -> None:
        super().__init__(execution.evm.chain_id, verify, execution.genesis_hash,
                         execution.ledger(execution.genesis_hash).root)
        self._execution = execution
        self.prover_of = execution.prover_of

    @own_work()
    def notify_new_payload(self, new_payload_request: spec.NewPayloadRequest) -> None:
        """Learn a payload that the execution layer has accepted."""
        self.learn(bytes(new_payload_request.execution_payload.block_hash))

    def learn(self, block_hash: bytes) -> None:
        """Learn a payload that the execution layer has, by its hash."""
        statement = self._execution.statement(block_hash)
        known = KnownPayload(
            slot=statement.slot, old_root=statement.old_root, new_root=statement.new_root,
            batch_commitment=statement.commitment)
        self._headers[block_hash] = self._payloads[statement.payload_root] = known
