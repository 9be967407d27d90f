"""The proof engine of EIP-8025 that really verifies, and binds a proof to who signed it."""

from collections.abc import Callable
from dataclasses import dataclass

from proofmill.host.network.consensus.payload import request_root
from proofmill.host.network.consensus.records import PROOF_SIZES
from proofmill.host.network.consensus.refusal import own_work
from proofmill.host.network.consensus.spec import spec
from proofmill.host.prover.circuits.statement import ADDRESS_BYTES, prover_tag

_SIZES = " or ".join(map(str, PROOF_SIZES))

PROOF_TYPE = 0
"""The one `ProofType` of this engine: about the ledger's batch, in the chain's proof system."""
Verify = Callable[[list[int], bytes], bool]
"""Checks a proof (see `PROOF_SIZES`) against public inputs; false if it is malformed."""


def encode_proof_data(proof: bytes, reward_address: bytes) -> bytes:
    """EIP-8025's `proof_data`: the proof, then the address its reward goes to; 276 or 788 bytes."""
    if len(proof) not in PROOF_SIZES or len(reward_address) != ADDRESS_BYTES:
        raise ValueError(
            f"a proof has {_SIZES} bytes and an address {ADDRESS_BYTES}, "
            f"not {len(proof)} and {len(reward_address)}"
        )
    return proof + reward_address


@dataclass(frozen=True)
class KnownPayload:
    """The part of the public inputs that a payload fixes, and its slot, which the tag needs."""

    slot: int
    old_root: int
    new_root: int
    batch_commitment: int


@dataclass(frozen=True)
class VerifiedProof:
    """What a bound engine has verified: this tag, hence this prover and this address."""

    payload: KnownPayload
    prover: int
    reward_address: bytes
    tag: int


class BindingProofEngine(spec.ProofEngine):  # type: ignore[misc]  # the specification is untyped
    """The specification's `ProofEngine`, for a chain whose proofs name their prover.

    EIP-8025 gives `verify_execution_proof` the proof without its signer, so a proof copied and
    signed again would pass. `for_signer` makes the engine to hand to `process_execution_proof`.
    """

    def __init__(self, chain_id: int, verify: Verify, genesis_hash: bytes, root: int) -> None:
        """`genesis_hash` and `root`: of the execution chain's first block and its ledger."""
        self.chain_id = chain_id
        self.verify = verify
        self.requested: dict[bytes, spec.NewPayloadRequest] = {}
        """Payload requests somebody wants proven, by their root."""
        self.prover_of: Callable[[int], int | None] = lambda validator_index: validator_index
        """The prover whose proofs a validator signs, None for none: by default itself. Where
        provers have bonds in a contract, the number it has given to the validator's bond."""
        self._payloads: dict[bytes, KnownPayload] = {}
        self._headers = {genesis_hash: KnownPayload(0, root, root, 0)}

    def for_signer(self, validator_index: int) -> "BoundProofEngine":
        """The engine as one signer's proof is to be checked by."""
        return BoundProofEngine(self, validator_index)

    def payload(self, root: bytes) -> KnownPayload | None:
        """What is known of the payload of a request, or None."""
        return self._payloads.get(root)

    def verify_execution_proof(self, execution_proof: spec.ExecutionProof) -> bool:
        """False: without a signer there is no tag to verify against; see `for_signer`."""
        return False

    @own_work()
    def notify_new_payload(self, new_payload_request: spec.NewPayloadRequest) -> None:
        """Learn a payload the execution engine has accepted, whose parent is known."""
        payload = new_payload_request.execution_payload
        known = KnownPayload(
            slot=int(payload.slot_number),
            old_root=self._headers[bytes(payload.parent_hash)].new_root,
            new_root=int.from_bytes(payload.state_root, "big"),
            batch_commitment=int.from_bytes(bytes(payload.extra_data), "big"),
        )
        self._headers[bytes(payload.block_hash)] = known
        self._payloads[request_root(new_payload_request)] = known

    def notify_forkchoice_updated(
        self, head_block_hash: spec.Hash32, safe_block_hash: spec.Hash32,
        finalized_block_hash: spec.Hash32,
    ) -> None:
        """Forget payloads before the finalised one: their blocks are past any reward."""
        final = self._headers.get(bytes(finalized_block_hash))
        if final is not None:
            self._headers = {h: f for h, f in self._headers.items() if f.slot >= final.slot}
            self._payloads = {r: f for r, f in self._payloads.items() if f.slot >= final.slot}
            self.requested = {r: q for r, q in self.requested.items() if r in self._payloads}

    def request_proofs(
        self, new_payload_request: spec.NewPayloadRequest, proof_attributes: spec.ProofAttributes
    ) -> spec.Root:
        """Ask for proofs of a payload; returns the root that names it.

        ValueError for a proof type other than `PROOF_TYPE`.
        """
        for proof_type in proof_attributes.proof_types:
            if proof_type != PROOF_TYPE:
                raise ValueError(f"proof type {proof_type} is unknown; this engine has 0")
        root = request_root(new_payload_request)
        self.requested[root] = new_payload_request
        return spec.Root(root)


class BoundProofEngine(spec.ProofEngine):  # type: ignore[misc]  # the specification is untyped
    """The engine bound to the signer of one proof; all it knows is the engine's.

    `verified`: what has been verified, None before; `refusal`: why the proof was refused.
    """

    def __init__(self, engine: BindingProofEngine, validator_index: int) -> None:
        self._engine = engine
        self._validator_index = validator_index
        self.verified: VerifiedProof | None = None
        self.refusal = ""

    @own_work()
    def verify_execution_proof(self, execution_proof: spec.ExecutionProof) -> bool:
        """Whether the proof holds for the payload it names and for this signer.

        Public inputs: old root, new root and commitment from the payload itself, the tag from the
        chain, the payload's slot, the signer's prover and the address behind the proof.
        """
        if execution_proof.proof_type != PROOF_TYPE:
            return self._refuse(f"proof type {execution_proof.proof_type} is unknown")
        root = bytes(execution_proof.public_input.new_payload_request_root)
        payload = self._engine.payload(root)
        if payload is None:
            return self._refuse("the payload is unknown")
        data = bytes(execution_proof.proof_data)
        proof, address = data[:-ADDRESS_BYTES], data[-ADDRESS_BYTES:]
        if len(proof) not in PROOF_SIZES:
            return self._refuse(f"the proof data has {len(data)} bytes, not {ADDRESS_BYTES} more "
                                f"than {_SIZES}")
        prover = self._engine.prover_of(self._validator_index)
        if prover is None:
            return self._refuse(f"validator {self._validator_index} has no bond as a prover")
        tag = prover_tag(self._engine.chain_id, payload.slot, prover, address)
        public = [payload.old_root, payload.new_root, payload.batch_commitment, tag]
        if not self._engine.verify(public, proof):
            return self._refuse("the proof does not hold for this payload and this signer")
        self.verified = VerifiedProof(payload, prover, address, tag)
        return True

    @own_work()
    def notify_new_payload(self, new_payload_request: spec.NewPayloadRequest) -> None:
        """As the engine's."""
        self._engine.notify_new_payload(new_payload_request)

    def request_proofs(
        self, new_payload_request: spec.NewPayloadRequest, proof_attributes: spec.ProofAttributes
    ) -> spec.Root:
        """As the engine's."""
        return self._engine.request_proofs(new_payload_request, proof_attributes)

    def _refuse(self, reason: str) -> bool:
        self.refusal = reason
        return False
