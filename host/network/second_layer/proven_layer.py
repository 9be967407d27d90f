"""The contracts on a node that somebody else runs, which believe nobody: what they are told of the
chain in this process is proven.

Whoever wants reports a slot's block to ProvenReports, with a deposit; here an account does that has
no other right. Certificates of finality are handed in, and headers lead from a final checkpoint
back to what was reported: only then rewards mature, epochs are settled and deposits come back.
"""

from dataclasses import dataclass
from hashlib import sha256

from proofmill.host.ground.units import Wei
from proofmill.host.network.certificates.reports import (
    BID,
    MOST_BLOCKS,
    MOST_HEADERS,
    NOTHING,
    Said,
    ShownBlock,
    base_of,
    linked,
    path,
    payload_name,
)
from proofmill.host.network.certificates.rewards import (
    CertificateContracts,
    CertificateTerms,
    deploy_certificates,
    deploy_finality,
)
from proofmill.host.network.consensus.blocks import BlockRecord
from proofmill.host.network.consensus.chain import EmbeddedChain
from proofmill.host.network.consensus.keys import ValidatorKey
from proofmill.host.network.contracts.block_verifiers import proof_numbers_of
from proofmill.host.network.contracts.deployment import Clock, Layer, deploy_layer
from proofmill.host.network.contracts.provisional import deploy_reports
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.client import Address
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.evm.external import ExternalEvm
from proofmill.host.network.mechanism.bonds import minimum_bond
from proofmill.host.network.mechanism.provisional import Reported
from proofmill.host.network.mechanism.rewards import budget
from proofmill.host.network.second_layer.certificate_pay import CertificatePay
from proofmill.host.network.second_layer.engines import EvmEngines
from proofmill.host.network.second_layer.external_layer import ORACLE_WEI, ExternalLayer
from proofmill.host.prover.circuits.finality.registry import Registry

DEPOSIT_BONDS = 2
"""A report's deposit, in least bonds: more than what a void report can spare the provers whose
duties it excuses, W1 + W2 primaries and their committees."""
HELD_REPORTS = 96
"""Whose deposits the reporter has: of the time that an epoch takes to become final, and more."""
PROVE_GAS, BLOCK_GAS, LINK_GAS = 300_000, 120_000, 25_000
"""To show blocks, and for each of them; for each header that is linked."""
RELEASE_GAS = 60_000
"""For each deposit."""


@dataclass(frozen=True)
class FinalityTerms:
    """The terms of a chain's certificates, and the registry that they begin with."""

    certificates: CertificateTerms
    registry: Registry


class ProvenLayer(ExternalLayer):
    """`ExternalLayer` without an account that is believed; nothing of the chain is final yet."""

    final_by_certificates = True

    def __init__(
        self, chain: EmbeddedChain, key: ValidatorKey, engines: EvmEngines, evm: ExternalEvm,
        seed: int, slot_seconds: int, terms: FinalityTerms, verifier: Address | None = None,
    ) -> None:
        """As `ExternalLayer`; `verifier`: of certificates, another than that of their key."""
        self._terms, self._certificate_verifier = terms, verifier
        self._reporter = Account(evm, sha256(b"proofmill reporter %d" % seed).digest())
        self._genesis_root = bytes(chain.store.finalized_checkpoint.root)
        self._shown: dict[bytes, tuple[bytes, ShownBlock]] = {}
        self._reported: list[int] = []
        self._showing: bytes | None = None
        super().__init__(chain, key, engines, evm, seed, slot_seconds)
        evm.fund(self._reporter.address, HELD_REPORTS * self._deposit + ORACLE_WEI)
        root = bytes(chain.head.root)
        while root != self._genesis_root:
            block = chain.block(int(chain.store.blocks[root].slot))
            self._keep(block)
            root = block.parent_root

    def _deploy(self, evm: ExternalEvm, engines: EvmEngines, verifier: Address, clock: Clock
                ) -> Layer:
        chain, terms = self._chain, self._terms
        genesis = chain.execution_layer.genesis_hash
        parameters, registry = engines.parameters, terms.registry
        base = base_of(registry.totals, registry.epoch, 0)
        self._deposit = DEPOSIT_BONDS * minimum_bond(
            parameters, budget(Wei(base), parameters.rho_max))
        finality = deploy_finality(
            self._oracle, evm, terms.certificates, self._certificate_verifier)
        self.reports = deploy_reports(
            self._oracle, evm, finality.address, self._deposit, BID,
            (self._genesis_root, 0, genesis, chain.execution_layer.ledger(genesis).root))
        layer = deploy_layer(
            self._oracle, evm, verifier, clock, parameters, engines.minimum_bond, chain.chain_id,
            self.reports.address, numbers=proof_numbers_of(engines.key), provisional=True)
        self.reports.send(self._oracle, "connect", layer.consensus.address)
        self.reports.send(self._oracle, "open", registry.epoch, registry.tree.root,
                          registry.totals, registry.fork_domain)
        self.certificate_contracts: CertificateContracts = deploy_certificates(
            self._oracle, evm, layer, finality, parameters, chain.chain_id)
        return layer

    def certificate_pay(self) -> CertificatePay:
        """What hands in this prover's certificates of finality."""
        contracts = self.certificate_contracts
        return CertificatePay(contracts, self.account, lambda: self.number, contracts.paid)

    @property
    def addresses(self) -> dict[str, Address]:
        return {**super().addresses, **self.certificate_contracts.addresses,
                "reports": self.reports.address}

    def slot_passed(self, chain: EmbeddedChain) -> None:
        self._keep(chain.block(chain.slot))
        super().slot_passed(chain)
        self._reported.append(chain.slot)
        self._show()

    def _message(self, chain: EmbeddedChain, block: BlockRecord
                 ) -> tuple[Account, Contract, bytes, int]:
        data = self.reports.encode("report", self._said(block).fields)
        return self._reporter, self.reports, data, self._deposit

    def _was_reported(self, slot: int) -> bool:
        return bool(self.reports.call("reported", slot)["slot"] == slot)

    def _show(self) -> None:
        """Lead from the checkpoint that certificates have made final back to what was proven last,
        and have deposits back for what is proven."""
        if self._showing is not None and self._evm.receipt(self._showing) is None:
            return
        done = self.reports.call("proven_slot")
        due = [slot for slot in self._reported if slot <= done][:MOST_BLOCKS]
        if due:
            self._reported = [slot for slot in self._reported if slot not in due]
            self._hand_in("release", RELEASE_GAS * len(due), due)
            self._shown = {root: known for root, known in self._shown.items()
                           if known[1].header.slot > done}
        proven = self.reports.call("proven_root")
        final = self.certificate_contracts.finality.call("finalized")["root"]
        blocks = path(self._shown, proven, final)
        later = linked(blocks, proven)[MOST_BLOCKS:][::-1]
        for first in range(0, len(later), MOST_HEADERS):
            part = later[first:first + MOST_HEADERS]
            self._hand_in("link", LINK_GAS * len(part), part[0][1].root(part[0][0]),
                          [header.fields for _, header in part], [parent for parent, _ in part])
        if blocks:
            shown = [each.fields for each in blocks[:MOST_BLOCKS]]
            self._showing = self._hand_in("prove", BLOCK_GAS * len(shown), shown)

    def _hand_in(self, function: str, gas: int, *arguments: object) -> bytes:
        return self.account.hand_in(self.reports.address,
                                    self.reports.encode(function, *arguments),
                                    gas=PROVE_GAS + gas)

    def _keep(self, block: BlockRecord) -> None:
        """What shows a block of the chain, while it is known."""
        parent = self._parent_of(block)
        header = b"" if parent is None else self._chain.execution_layer.header(parent.request)
        self._shown[block.root] = block.parent_root, ShownBlock.of(
            self._chain.store.blocks[block.root], header)

    def _said(self, block: BlockRecord) -> Said:
        """What a report of a block has to say."""
        parent = self._parent_of(block)
        if parent is None:
            return NOTHING
        statement = self._statement(parent)
        return Said(parent.slot, _hash_of(parent), statement.old_root,
                    statement.new_root, statement.commitment, statement.proposer)

    def _parent_of(self, block: BlockRecord) -> BlockRecord | None:
        """The block before, if it has a payload that is part of the branch."""
        blocks = self._chain.store.blocks
        slot = int(blocks[block.parent_root].slot)
        if not slot:
            return None
        parent = self._chain.block(slot)
        bid = blocks[block.root].body.signed_execution_payload_bid.message
        return parent if bytes(bid.parent_block_hash) == _hash_of(parent) else None

    def _payload_root(self, block: BlockRecord) -> bytes:
        return payload_name(block.slot, _hash_of(block))

    def _final_slot(self, chain: EmbeddedChain) -> int:
        return min(chain.finalized_slot, int(self.reports.call("proven_slot")))

    def _is_void(self, proven_slot: int, included_slot: int) -> bool:
        return bool(self.reports.call("standing", proven_slot, included_slot) == Reported.VOID)


def _hash_of(block: BlockRecord) -> bytes:
    return bytes(block.payload.block_hash)
