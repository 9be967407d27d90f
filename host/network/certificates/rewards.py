"""The contracts that follow finality by certificates and pay who proves them."""

from collections.abc import Iterable
from dataclasses import dataclass

from proofmill.host.network.certificates.between import FIRST_ROOT, ROOTS
from proofmill.host.network.contracts.compiler import compiled
from proofmill.host.network.contracts.deployment import Layer
from proofmill.host.network.contracts.prover_tag import certificate_tag_artifact
from proofmill.host.network.contracts.verifier import verifier_artifact
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.client import Address, Evm, Log
from proofmill.host.network.evm.contract import Contract, Event
from proofmill.host.network.mechanism.certificates import CertificateCredit, CertificateLedger
from proofmill.host.network.mechanism.invariants import require
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.prover.circuits.finality.vote import Checkpoint
from proofmill.host.prover.groth16.verification_key import VerificationKey

INVARIANT = 2
"""What is minted is what the rule says: which of the mechanism's invariants that is."""


@dataclass(frozen=True)
class CertificateTerms:
    """What all nodes of a chain whose contracts pay certificates agree on: the key of the circuit,
    the first checkpoint, and the commitment to the registry of its state."""

    key: VerificationKey
    checkpoint: Checkpoint
    registry: int


@dataclass(frozen=True)
class CertificateContracts:
    """FinalityCertificate, and CertificateRewards, which pays out of the second layer."""

    finality: Contract
    rewards: Contract

    @property
    def addresses(self) -> dict[str, Address]:
        """Of both, by name."""
        return {"finality": self.finality.address, "certificate_rewards": self.rewards.address}

    def paid(self, logs: Iterable[Log]) -> list[Event]:
        """The certificates that a block's transactions handed in and that are paid."""
        return [event for event in self.rewards.decoded(logs) if event.name == "CertificatePaid"]

    def check(self, layer: Layer, ledger: CertificateLedger) -> None:
        """`BrokenInvariant` where the contracts have not paid what the mechanism says."""
        for credit in ledger.credits.values():
            known = self.rewards.call("record", credit.epoch)
            require(known == _as_record(credit), INVARIANT,
                    f"the certificate of epoch {credit.epoch} is paid as {known}, not {credit}")
        for contract, name, ours in ((self.rewards, "credited", ledger.credited),
                                     (layer.rewards, "certified", ledger.minted)):
            theirs = contract.call(name)
            require(theirs == ours, INVARIANT,
                    f"{contract.artifact.name}.{name} is {theirs}, the mechanism says {ours}")


def deploy_certificates(account: Account, evm: Evm, layer: Layer, terms: CertificateTerms,
                        parameters: Parameters, chain_id: int, verifier: Address | None = None
                        ) -> CertificateContracts:
    """Create them and connect them to the layer's contract of rewards, which `account` has created;
    five transactions. `chain_id`: in certificates' tags. `verifier`: another than that of the key.
    """
    if verifier is None:
        verifier = Contract.deploy(account, evm, verifier_artifact(terms.key)).address
    finality = Contract.deploy(
        account, evm, compiled("FinalityCertificate"), verifier, terms.checkpoint.epoch,
        terms.checkpoint.root, terms.registry, FIRST_ROOT, ROOTS)
    tags = Contract.deploy(account, evm, certificate_tag_artifact(), chain_id)
    rewards = Contract.deploy(
        account, evm, compiled("CertificateRewards"), layer.consensus.address,
        layer.bonds.address, layer.rewards.address, tags.address, finality.address,
        parameters.certificate_bps)
    layer.rewards.send(account, "connect", rewards.address)
    return CertificateContracts(finality, rewards)


def _as_record(credit: CertificateCredit) -> dict[str, object]:
    return {"paid": True, "prover": credit.prover, "includer": credit.includer,
            "included_slot": credit.included_slot, "prover_amount": credit.prover_amount,
            "includer_amount": credit.includer_amount, "matured": credit.matured}
