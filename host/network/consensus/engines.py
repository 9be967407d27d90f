"""What a chain asks about its payloads and their proofs: two engines that belong together."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from proofmill.host.network.consensus.execution import ExecutionLayer
from proofmill.host.network.consensus.proofs import BindingProofEngine, Verify
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.consensus.witnesses import WitnessPool
from proofmill.host.network.transfers.pool import TransferPool
from proofmill.host.prover.circuits.rollup.batch import Batch
from proofmill.host.prover.circuits.rollup.ledger import Ledger
from proofmill.host.prover.circuits.rollup.size import RollupSize


class Payloads(Protocol):
    """The specification's `ExecutionEngine`, and what this project's chains ask beside it."""

    genesis_hash: bytes
    refusal: str
    """Why the last payload was refused, empty if it was not."""
    transfers: TransferPool
    """What waits for a payload."""
    witness_pool: WitnessPool | None
    """Votes of witnesses, on a chain where they count."""

    def ledger(self, payload_hash: bytes) -> Ledger:
        """The accounts after a payload; KeyError for one unknown or long finalised."""
        ...

    def batch(self, payload_hash: bytes) -> Batch:
        """The transfers of an accepted payload; KeyError as `ledger`."""
        ...

    def header(self, request: spec.NewPayloadRequest) -> bytes:
        """The RLP of the header that the block hash of a payload is the Keccak-256 of."""
        ...

    def watch(self, store: spec.Store) -> None:
        """Hear of the chain's fork-choice store, as soon as there is one."""
        ...

    def notify_forkchoice_updated(
        self, head_block_hash: spec.Hash32, safe_block_hash: spec.Hash32,
        finalized_block_hash: spec.Hash32, payload_attributes: spec.PayloadAttributes | None,
    ) -> spec.PayloadId | None:
        """Follow the head, forget what is final, and build a payload on the head if asked."""
        ...

    def get_payload(self, payload_id: spec.PayloadId) -> spec.GetPayloadResponse:
        """The payload built last; KeyError for any other identifier."""
        ...

    def get_inclusion_list(self) -> "spec.GetInclusionListResponse":
        """Transactions that wait, for an inclusion list."""
        ...

    def verify_and_notify_new_payload(self, new_payload_request: spec.NewPayloadRequest) -> bool:
        """Whether the payload is right in every respect; if so, it is kept."""
        ...


Execution = TypeVar("Execution", bound=Payloads, covariant=True)


@dataclass(frozen=True)
class Engines(Generic[Execution]):
    """`execution`: makes and checks payloads; `proof`: the `ProofEngine`, bound to signers."""

    execution: Execution
    proof: BindingProofEngine


MakeEngines = Callable[[int, RollupSize, int, Verify], Engines[Payloads]]
"""From a seed, the ledger's size, the consensus layer's chain id, and what checks proofs.

Equal arguments give equal engines, so that every node of a chain can make its own.
"""


def ledger_engines(
    seed: int, size: RollupSize, chain_id: int, verify: Verify
) -> Engines[ExecutionLayer]:
    """Payloads that are the ledger's batches and nothing else: no machine, no contracts."""
    execution = ExecutionLayer(seed, size, chain_id)
    genesis_hash = execution.genesis_hash
    return Engines(execution, BindingProofEngine(
        chain_id, verify, genesis_hash, execution.ledger(genesis_hash).root))
