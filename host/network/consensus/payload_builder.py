"""What every execution layer here does alike: build when asked, hand over what was built."""

from abc import abstractmethod
from collections.abc import Sequence

from proofmill.host.network.consensus.spec import spec


class PayloadBuilder(spec.ExecutionEngine):  # type: ignore[misc]  # the specification is untyped
    """The part of the specification's `ExecutionEngine` that makes payloads (Engine API's order).

    A layer says how a payload is built and what a new head or finality changes.
    """

    def __init__(self) -> None:
        self._built: dict[bytes, tuple[spec.ExecutionPayload, Sequence[bytes]]] = {}
        """The payload built last, and the commitments to its blobs."""

    @abstractmethod
    def _build(
        self, parent_hash: bytes, attributes: spec.PayloadAttributes
    ) -> spec.ExecutionPayload:
        """A payload on a known one."""

    def _commitments(self, payload: spec.ExecutionPayload) -> Sequence[bytes]:
        """To the blobs of the payload that was built last, 48 bytes each: here there are none."""
        return ()

    @abstractmethod
    def _prune(self, finalized_hash: bytes) -> None:
        """Forget what lies before the finalised payload; nothing where it is unknown."""

    def _follow(self, head_hash: bytes) -> None:
        """Let questions be answered at this payload, if it is known."""

    def notify_forkchoice_updated(
        self,
        head_block_hash: spec.Hash32,
        safe_block_hash: spec.Hash32,
        finalized_block_hash: spec.Hash32,
        payload_attributes: spec.PayloadAttributes | None,
    ) -> spec.PayloadId | None:
        """Follow the head, forget what is final, and build a payload on the head if asked."""
        head_hash = bytes(head_block_hash)
        self._follow(head_hash)
        self._prune(bytes(finalized_block_hash))
        if payload_attributes is None:
            return None
        payload = self._build(head_hash, payload_attributes)
        payload_id = spec.PayloadId(bytes(payload.block_hash)[:8])
        self._built = {bytes(payload_id): (payload, self._commitments(payload))}
        return payload_id

    def get_payload(self, payload_id: spec.PayloadId) -> spec.GetPayloadResponse:
        """The payload built last; KeyError for any other identifier. Of its blobs the commitments
        alone: who has made them has the rest."""
        payload, commitments = self._built[bytes(payload_id)]
        return spec.GetPayloadResponse(
            execution_payload=payload,
            block_value=spec.Uint256(0),
            blobs_bundle=spec.BlobsBundle(commitments=commitments, proofs=[], blobs=[]),
            execution_requests=[],
        )

    def get_inclusion_list(self) -> "spec.GetInclusionListResponse":
        """Transactions that wait, those first that a block would have first: here none."""
        return spec.GetInclusionListResponse(inclusion_list_transactions=[])

    def is_inclusion_list_satisfied(
        self, execution_payload: spec.ExecutionPayload,
        inclusion_list_transactions: Sequence[spec.Transaction],
    ) -> bool:
        """Whether an accepted payload has each of these that it could have had: here all do."""
        return True
