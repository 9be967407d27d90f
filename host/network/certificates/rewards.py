"""The contracts that follow finality by certificates and pay who proves them.

What they have paid on a branch follows from its blocks' events by the mechanism's rule
(`CertificateContracts.after`), and `check` compares that with what they say.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Protocol

from proofmill.host.network.certificates.between import FIRST_ROOT, ROOTS
from proofmill.host.network.certificates.certificate import Certificate
from proofmill.host.network.certificates.companion import (
    Registration,
    companions_of,
    registry_of,
)
from proofmill.host.network.certificates.rule import GENESIS
from proofmill.host.network.consensus.block_proofs import numbers_of
from proofmill.host.network.consensus.genesis import genesis_state
from proofmill.host.network.consensus.keys import ValidatorKey
from proofmill.host.network.contracts.compiler import compiled, contract_source
from proofmill.host.network.contracts.deployment import Layer
from proofmill.host.network.contracts.prover_tag import (
    certificate_tag_artifact,
    certificate_tag_source,
)
from proofmill.host.network.contracts.verifier import verifier_artifact
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.client import Address, Evm, Log
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.mechanism.certificates import CertificateCredit, CertificateLedger
from proofmill.host.network.mechanism.invariants import require
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.prover.circuits.finality.registry import Registry
from proofmill.host.prover.circuits.finality.size import CertificateSize
from proofmill.host.prover.circuits.finality.statement import CertificateInputs
from proofmill.host.prover.circuits.finality.vote import ROOT_BYTES, Checkpoint
from proofmill.host.prover.groth16.verification_key import VerificationKey

INVARIANT = 2
"""What is minted is what the rule says: which of the mechanism's invariants that is."""
SUBMIT_GAS = 1_500_000
"""A certificate's transaction; `mature` has `MATURE_GAS`."""
MATURE_GAS = 300_000


@dataclass(frozen=True)
class CertificateTerms:
    """What all nodes of a chain whose contracts pay certificates agree on: the key of the circuit,
    the first checkpoint, and the commitment to the registry of its state."""

    key: VerificationKey
    checkpoint: Checkpoint
    registry: int

    @classmethod
    def at_genesis(cls, key: VerificationKey, size: CertificateSize, keys: Sequence[ValidatorKey],
                   registrations: Iterable[Registration]) -> "CertificateTerms":
        """Of a chain that begins with these validators, whose secrets are not looked at, and these
        companion keys. `size`: of the circuit of `key`. Raises `ProofmillError` for a registration
        that does not hold."""
        return cls(key, GENESIS, genesis_registry(size, keys, registrations).commitment)


def genesis_registry(size: CertificateSize, keys: Sequence[ValidatorKey],
                     registrations: Iterable[Registration]) -> Registry:
    """The registry of the state with which such a chain begins. Raises as
    `CertificateTerms.at_genesis`."""
    # What a registry is made of does not depend on the first payload.
    state = genesis_state(keys, bytes(ROOT_BYTES))
    return registry_of(state, companions_of(registrations, state), size.depth)


class Paid(Protocol):
    """What a branch has paid for a certificate, or will."""

    @property
    def prover(self) -> int:
        """Its number."""

    @property
    def included_slot(self) -> int:
        """Of the including block."""

    @property
    def prover_amount(self) -> int:
        """Wei."""

    @property
    def matured(self) -> bool:
        """Whether it is minted."""


@dataclass(frozen=True)
class PaidRecord:
    """`Paid` as the contract says it."""

    prover: int
    included_slot: int
    prover_amount: int
    matured: bool


@dataclass(frozen=True)
class CertificateContracts:
    """FinalityCertificate, and CertificateRewards, which pays out of the second layer."""

    finality: Contract
    rewards: Contract

    @property
    def addresses(self) -> dict[str, Address]:
        """Of both, by name."""
        return {"finality": self.finality.address, "certificate_rewards": self.rewards.address}

    def submission(self, certificate: Certificate, prover: int) -> bytes:
        """The data of a message to `rewards` that hands in a certificate of `prover`, by its number
        there."""
        return self._handing_in(self.rewards, certificate, prover)

    def messages(self, certificate: Certificate, prover: int | None
                 ) -> Iterator[tuple[Address, bytes]]:
        """What may be handed in of a certificate, to whom, the better one first: for the reward of
        `prover`, if there is one; else to `finality` alone, where it is not known yet, for those
        that come after it."""
        if prover is not None:
            yield self.rewards.address, self.submission(certificate, prover)
        if not self.finality.call("registry_of", certificate.stated.target_epoch):
            yield self.finality.address, self._handing_in(
                self.finality, certificate, certificate.stated.prover_tag)

    def _handing_in(self, contract: Contract, certificate: Certificate, whose: int) -> bytes:
        """Both contracts take the same, but for `whose` it is: a prover's number, or a tag."""
        stated = certificate.stated
        rest = (stated.target_epoch, stated.target.root, stated.next_registry, stated.weight,
                whose, numbers_of(certificate.proof))
        counted = self._counted(stated)
        if counted is None:
            return contract.encode("submit", stated.source_epoch, *rest)
        return contract.encode(
            "submit_from", counted, stated.source_epoch, stated.source.root, *rest)

    def _counted(self, stated: CertificateInputs) -> int | None:
        """The epoch whose registry, as the contract has it now, a certificate counts by, where the
        contract knows none of its source; else None."""
        registry_of = partial(self.finality.call, "registry_of")
        if registry_of(stated.source_epoch):
            return None
        first = self.finality.call("finalized")["epoch"]
        return next((epoch for epoch in range(first, stated.target_epoch)
                     if stated.registry and registry_of(epoch) == stated.registry), None)

    def paid(self, epochs: Iterable[int]) -> dict[int, PaidRecord]:
        """Of these epochs' certificates those that are paid, as the contract at the head says."""
        records = {epoch: self.rewards.call("record", epoch) for epoch in epochs}
        return {epoch: PaidRecord(**{each.name: record[each.name] for each in fields(PaidRecord)})
                for epoch, record in records.items() if record["paid"]}

    def after(self, ledger: CertificateLedger, logs: Iterable[Log], slot: int, includer: Address,
              base: int, rho: Callable[[], int], final_slot: int) -> CertificateLedger:
        """What is paid after a block of `slot` with these logs, `ledger` before it.

        `includer`: the address of its fees; `base`: B of the parent payload's slot; `rho`: as it is
        in the block; `final_slot`: as the block was told. `BrokenInvariant` where the contract
        pays twice, or before it may.
        """
        events = self.rewards.decoded(logs)
        if not events:
            return ledger
        after = replace(ledger, credits=dict(ledger.credits))
        for event in events:
            epoch = event.values["epoch"]
            try:
                if event.name == "CertificatePaid":
                    after.include(epoch, event.values["prover"], includer, slot, base, rho())
                else:
                    after.mature(epoch, final_slot)
            except ValueError as error:
                require(False, INVARIANT, f"{self.rewards.artifact.name} in slot {slot}: {error}")
        return after

    def check(self, layer: Layer, ledger: CertificateLedger, since: int = 0) -> None:
        """`BrokenInvariant` where the contracts have not paid what the mechanism says.

        Records that have matured and were included before slot `since` are not asked for again.
        """
        for credit in ledger.credits.values():
            if credit.matured and credit.included_slot < since:
                continue
            known = self.rewards.call("record", credit.epoch)
            require(known == _as_record(credit), INVARIANT,
                    f"the certificate of epoch {credit.epoch} is paid as {known}, not {credit}")
        for contract, name, ours in ((self.rewards, "credited", ledger.credited),
                                     (layer.rewards, "certified", ledger.minted)):
            theirs = contract.call(name)
            require(theirs == ours, INVARIANT,
                    f"{contract.artifact.name}.{name} is {theirs}, the mechanism says {ours}")


def deploy_finality(account: Account, evm: Evm, terms: CertificateTerms,
                    verifier: Address | None = None) -> Contract:
    """Create FinalityCertificate; two transactions. `verifier`: another than that of the key."""
    if verifier is None:
        verifier = Contract.deploy(account, evm, verifier_artifact(terms.key)).address
    return Contract.deploy(
        account, evm, compiled("FinalityCertificate"), verifier, terms.checkpoint.epoch,
        terms.checkpoint.root, terms.registry, FIRST_ROOT, ROOTS)


def deploy_certificates(account: Account, evm: Evm, layer: Layer, finality: Contract,
                        parameters: Parameters, chain_id: int) -> CertificateContracts:
    """Create what pays for certificates that `finality` takes, and connect it to the layer's
    contract of rewards, which `account` has created; three transactions. `chain_id`: in
    certificates' tags."""
    tags = Contract.deploy(account, evm, certificate_tag_artifact(), chain_id)
    rewards = Contract.deploy(
        account, evm, compiled("CertificateRewards"), layer.consensus.address,
        layer.bonds.address, layer.rewards.address, tags.address, finality.address,
        parameters.certificate_bps)
    layer.rewards.send(account, "connect", rewards.address)
    return CertificateContracts(finality, rewards)


def certificate_sources() -> dict[str, str]:
    """What is compiled for them, but for the verifier, by name."""
    return {**{name: contract_source(name) for name in ("FinalityCertificate",
                                                        "CertificateRewards")},
            "CertificateTag": certificate_tag_source()}


def _as_record(credit: CertificateCredit) -> dict[str, object]:
    return {"paid": True, "prover": credit.prover, "includer": credit.includer,
            "included_slot": credit.included_slot, "prover_amount": credit.prover_amount,
            "includer_amount": credit.includer_amount, "matured": credit.matured}
