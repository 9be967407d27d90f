"""The proofs a node has heard of: the valid ones, and the invalid ones that a bond stands for."""

from collections.abc import Mapping

from proofmill.host.network.consensus.proofs import PROOF_TYPE, BindingProofEngine
from proofmill.host.network.consensus.records import PROOF_BYTES
from proofmill.host.network.consensus.refusal import Invalid, judged_by_specification
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.contracts.deployment import Layer
from proofmill.host.network.evm.client import Address
from proofmill.host.network.mechanism.records import Key
from proofmill.host.network.node.gossip import Reception
from proofmill.host.network.node.owned_proof import OwnedProof, is_owned

Answer = tuple[Reception, str]


class ProofPool:
    """Checks every proof itself; keeps one of each prover for each payload and proof type."""

    def __init__(
        self, engine: BindingProofEngine, layer: Layer, numbers: Mapping[int, int],
        reward_addresses: Mapping[int, Address],
    ) -> None:
        """`numbers` and `reward_addresses`: of the provers in the contract, by validator."""
        self._engine = engine
        self._layer = layer
        self._numbers = numbers
        self._addresses = reward_addresses
        self._valid: dict[Key, dict[int, OwnedProof]] = {}
        self._invalid: dict[Key, dict[int, OwnedProof]] = {}

    def valid(self, key: Key) -> dict[int, OwnedProof]:
        """The valid proofs of a payload, by prover."""
        return self._valid.get(key, {})

    def invalid(self) -> list[tuple[Key, int, OwnedProof]]:
        """(payload and type, prover, proof) of all that were signed and do not verify."""
        return [(key, prover, proof) for key, proofs in self._invalid.items()
                for prover, proof in proofs.items()]

    def all_valid(self) -> list[tuple[Key, OwnedProof]]:
        """Every valid proof."""
        return [(key, proof) for key, proofs in self._valid.items() for proof in proofs.values()]

    def add(self, proof: OwnedProof, slot: int, state: spec.BeaconState) -> Answer:
        """Check an `OwnedProof` of the payload of `slot`; `state`: the head's.

        ACCEPT for the first valid one of a payload, and for an invalid one with both signatures:
        others are to hear of it, so that the next proposer reports it. REJECT where a signature is
        wrong: then nobody stands for it but who has sent it.
        """
        message, prover = proof.signed.message, int(proof.signed.validator_index)
        key = bytes(message.public_input.new_payload_request_root), int(message.proof_type)
        if prover not in self._numbers:
            return Reception.REJECT, f"validator {prover} has no bond as a prover"
        if prover in self._valid.get(key, {}) or prover in self._invalid.get(key, {}):
            return Reception.KEEP, "there is a proof by this prover"
        if key[1] != PROOF_TYPE:
            return Reception.REJECT, f"proof type {key[1]} is unknown"
        if bytes(message.proof_data)[PROOF_BYTES:] != self._addresses[prover]:
            return Reception.REJECT, "its reward address is not the bond's"
        if not is_owned(proof, slot, self._numbers[prover], self._layer):
            return Reception.REJECT, "the owner of the bond did not sign it"
        engine = self._engine.for_signer(prover)
        try:
            with judged_by_specification():
                spec.process_execution_proof(state, proof.signed, engine)
        except Invalid:
            if not engine.refusal:
                return Reception.REJECT, "its signer is not active or did not sign it"
            self._invalid.setdefault(key, {})[prover] = proof
            return Reception.ACCEPT, ""
        known = self._valid.setdefault(key, {})
        known[prover] = proof
        return (Reception.ACCEPT, "") if len(known) == 1 else (Reception.KEEP, "not the first")

    def prune(self) -> None:
        """Forget proofs of payloads that the engine has forgotten."""
        for table in (self._valid, self._invalid):
            for key in [key for key in table if self._engine.payload(key[0]) is None]:
                del table[key]
