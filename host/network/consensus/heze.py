"""Heze and EIP-8025 in one: inclusion lists on a chain whose proofs are the protocol's.

The specification has both on top of Gloas, each in a module of its own, and nothing that has
both. Their changes meet in one function alone: Heze changes `on_execution_payload_envelope`, which
records whether a payload has what was listed; EIP-8025 hands the proof engine to what it calls,
`verify_execution_payload_envelope`. So Heze's function stays as it is, and the one that it calls
knows the proof engine by itself. A test compares the three modules, definition by definition, and
fails where there is more to merge.

Source: consensus-specs 1.7.0-alpha.13, heze and _features/eip8025; EIP-7805.
"""

from types import FunctionType
from typing import Any

from eth_consensus_specs.eip8025 import minimal as eip8025
from eth_consensus_specs.gloas import minimal as gloas
from eth_consensus_specs.heze import minimal as spec

__all__ = ["ADDED", "FROM_GLOAS", "spec"]

ADDED = (
    "MAX_PROOF_SIZE", "DOMAIN_EXECUTION_PROOF", "MAX_EXECUTION_PROOFS_PER_PAYLOAD",
    "MAX_SIGNED_EXECUTION_PROOF_SIZE", "PublicInput", "ProofType", "ProofByRootIdentifier",
    "ExecutionProof", "SignedExecutionProof", "ProofAttributes", "ProofEngine",
    "process_execution_proof", "compute_max_request_execution_proofs",
    "get_execution_proof_signature", "NoopProofEngine", "PROOF_ENGINE")
"""What EIP-8025 defines and Heze has not."""
FROM_GLOAS = ("initialize_ptc_window",)
"""What makes a first state and is in the fork's own transition alone."""


def _on_heze(value: Any) -> Any:
    """A definition of another module, with Heze's types and functions where it is a function."""
    if not isinstance(value, FunctionType):
        return value
    return FunctionType(value.__code__, vars(spec), value.__name__, value.__defaults__,
                        value.__closure__)


for _name in ADDED:
    setattr(spec, _name, _on_heze(getattr(eip8025, _name)))
for _name in FROM_GLOAS:
    setattr(spec, _name, _on_heze(getattr(gloas, _name)))
_verify = _on_heze(eip8025.verify_execution_payload_envelope)


def _verify_execution_payload_envelope(
    state: spec.BeaconState, signed_envelope: spec.SignedExecutionPayloadEnvelope,
    execution_engine: spec.ExecutionEngine, proof_engine: spec.ProofEngine | None = None,
) -> None:
    """EIP-8025's, called as Heze calls it: with the proof engine in use."""
    _verify(state, signed_envelope, execution_engine, proof_engine or spec.PROOF_ENGINE)


spec.verify_execution_payload_envelope = _verify_execution_payload_envelope
