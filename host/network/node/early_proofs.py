"""Proofs that came before the block they prove: they wait for it, at most 8 of each signer.

Gossip keeps no order, and a proof may overtake its block on another way through the network. Only
what a bonded prover has signed takes up room, and only that prover's own.
"""

from collections import OrderedDict
from collections.abc import Collection

from proofmill.host.network.consensus.refusal import Invalid, judged_by_specification
from proofmill.host.network.consensus.spec import bls, spec
from proofmill.host.network.node.owned_proof import OwnedProof

MOST_OF_ONE = 8
"""Proofs of one prover that wait; with more, its oldest is forgotten."""


class EarlyProofs:
    """`OwnedProof`s of unknown payloads, by signer and payload root."""

    def __init__(self, provers: Collection[int]) -> None:
        """`provers`: validators with a bond as a prover."""
        self._provers = provers
        self._waiting: dict[int, OrderedDict[bytes, OwnedProof]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def add(self, proof: OwnedProof, state: spec.BeaconState) -> bool:
        """Keep a proof until its payload comes; False where its signer has not signed it.

        `state`: the head's, with the signer's key.
        """
        signed = proof.signed
        prover = int(signed.validator_index)
        if prover not in self._provers or not _is_signed(signed, state):
            return False
        theirs = self._waiting.setdefault(prover, OrderedDict())
        theirs[bytes(signed.message.public_input.new_payload_request_root)] = proof
        if len(theirs) > MOST_OF_ONE:
            theirs.popitem(last=False)
        return True

    def take(self, root: bytes) -> list[OwnedProof]:
        """The proofs of a payload that has come; they wait no longer."""
        found = [theirs.pop(root, None) for theirs in self._waiting.values()]
        return [proof for proof in found if proof is not None]


def _is_signed(signed: spec.SignedExecutionProof, state: spec.BeaconState) -> bool:
    """As `process_execution_proof` asks, before the proof itself can be verified."""
    try:
        with judged_by_specification():
            domain = spec.get_domain(state, spec.DOMAIN_EXECUTION_PROOF,
                                     spec.compute_epoch_at_slot(state.slot))
            return bool(bls.Verify(
                state.validators[signed.validator_index].pubkey,
                spec.compute_signing_root(signed.message, domain), signed.signature))
    except Invalid:
        return False
