"""Of ``proofmill mine``: certificates of finality, made and paid beside the blocks."""

from __future__ import annotations  # of the chain's parts, which take seconds to load

from dataclasses import dataclass
from typing import TYPE_CHECKING

from proofmill.host.cli.block_key import development_key_of
from proofmill.host.cli.light_devnet import circuit_and_key
from proofmill.host.cli.screen import Screen
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.ground.units import GWEI

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proofmill.host.network.certificates.companion import Registration
    from proofmill.host.network.certificates.rewards import CertificateTerms
    from proofmill.host.network.consensus.chain import EmbeddedChain
    from proofmill.host.network.consensus.miner import Summary
    from proofmill.host.network.node.certified_chain import CertifiedChain
    from proofmill.host.network.second_layer.proven_layer import FinalityTerms, ProvenLayer
    from proofmill.host.network.second_layer.second_layer import EmbeddedLayer
    from proofmill.host.prover.circuits.finality.circuit import FinalityCircuit
    from proofmill.host.prover.circuits.finality.registry import Registry
    from proofmill.host.prover.groth16.proving_key import ProvingKey


@dataclass(frozen=True)
class Certifying:
    """The circuit of certificates with its development key, and what the chain is told of it."""

    circuit: FinalityCircuit
    key: ProvingKey
    terms: CertificateTerms
    registrations: Sequence[Registration]
    registry: Registry

    @property
    def finality(self) -> FinalityTerms:
        """What contracts begin with that are told of the chain by whoever proves it."""
        from proofmill.host.network.second_layer.proven_layer import FinalityTerms

        return FinalityTerms(self.terms, self.registry)

    def on(self, chain: EmbeddedChain, layer: EmbeddedLayer | ProvenLayer
           ) -> CertifiedChain:
        """What makes the certificates of a chain with `terms`, which `layer` has paid; close it."""
        from proofmill.host.network.node.certified_chain import CertifiedChain

        return CertifiedChain(chain, self.circuit, self.key, self.terms, self.registrations, layer,
                              layer.certificate_pay())


def prepare_certificates(screen: Screen, seed: int) -> Certifying:
    """For the chain of a `seed`; some seconds of a processor the first time."""
    from proofmill.host.network.certificates.companion import registered
    from proofmill.host.network.certificates.rewards import CertificateTerms, genesis_registry
    from proofmill.host.network.certificates.rule import GENESIS
    from proofmill.host.network.consensus.chain import MINIMUM_VALIDATORS
    from proofmill.host.network.consensus.keys import derive_keys

    circuit, key = circuit_and_key(
        screen, MINIMUM_VALIDATORS,
        lambda circuit: development_key_of(circuit.digest, lambda: circuit.r1cs, seed))
    size = circuit.size
    with screen.bar("registering companion keys"):
        keys = derive_keys(seed, MINIMUM_VALIDATORS)
        registrations = registered(keys)
        registry = genesis_registry(size, keys, registrations)
        terms = CertificateTerms(key.verification_key, GENESIS, registry.commitment)
    screen.line(f"certificates: {len(keys)} companion keys, places for {size.places} votes, "
                f"{circuit.constraints:,} constraints; made beside the blocks, on the processor")
    return Certifying(circuit, key, terms, registrations, registry)


def certificates_record(summary: Summary, certified: CertifiedChain) -> JsonObject:
    """What came of them, for JSON."""
    return {
        "made": certified.made,
        "justified_epoch": max(each.epoch for each in certified.known.justified),
        "final_epoch": certified.known.finalized.epoch,
        "gwei_matured": summary.certificates_matured_wei // GWEI,
        "gwei_pending": summary.certificates_pending_wei // GWEI,
        "epochs": [{"epoch": each.epoch, "status": each.status.value, "gwei": each.wei // GWEI}
                   for each in certified.rewards]}
