"""Mining on a node elsewhere whose contracts believe nobody: certificates, and headers from them,
prove what anybody reports."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from proofmill.host.ground.units import to_wei
from proofmill.host.network.certificates.reports import Said
from proofmill.host.network.certificates.rewards import CertificateTerms, genesis_registry
from proofmill.host.network.certificates.rule import GENESIS
from proofmill.host.network.certificates.votes import checkpoint_of
from proofmill.host.network.consensus.blocks import BlockRecord, base_reward_gwei
from proofmill.host.network.consensus.chain import EmbeddedChain
from proofmill.host.network.consensus.keys import derive_keys
from proofmill.host.network.consensus.miner import Miner
from proofmill.host.network.consensus.records import CertificateReward, Status
from proofmill.host.network.contracts.compiler import compile_source
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.evm.external import ExternalEvm
from proofmill.host.network.mechanism.provisional import Reported
from proofmill.host.network.second_layer.engines import EvmEngines
from proofmill.host.network.second_layer.proven_layer import FinalityTerms, ProvenLayer
from proofmill.host.prover.circuits.finality.size import CertificateSize
from proofmill.host.prover.circuits.finality.statement import CertificateInputs
from proofmill.host.prover.circuits.finality.vote import Checkpoint
from proofmill.host.prover.groth16.prove import Prover
from tests.host.network.consensus.conftest import (  # noqa: F401
    SIZE,
    MakeChain,
    Prove,
    circuit,
    make_chain,
    prove,
    prover,
    verify,
)
from tests.host.network.contracts.world import private_key
from tests.host.network.evm.rpc_server import Node
from tests.host.network.evm.test_external import (  # noqa: F401
    SEED,
    VALIDATOR,
    keys,
    make_node,
    url,
)

SOURCE = (Path(__file__).parents[1] / "certificates" / "any_certificate.vy").read_text()


class Stated:
    """What the chain justifies, as certificates that the tests' verifier takes: how real ones are
    made and verified, others test."""

    def __init__(self, chain: EmbeddedChain, layer: ProvenLayer) -> None:
        self._chain, self._finality = chain, layer.certificate_contracts.finality
        self._anybody = Account(layer.layer.rewards.evm, private_key("carrier"))
        self._known, self._registry = GENESIS, layer._terms.registry.commitment
        self.ledgers: dict[bytes, int] = {}
        """The ledger's root after each payload."""

    def slot_passed(self, last_slot: int) -> None:
        """A certificate of what has been justified since."""
        chain = self._chain
        payload = bytes(chain.block(chain.slot).payload.block_hash)
        self.ledgers[payload] = chain.execution_layer.ledger(payload).root
        target = checkpoint_of(chain.store.justified_checkpoint)
        if target.epoch > self._known.epoch:
            following = 40 + target.epoch
            stated = CertificateInputs.of(self._registry, following, self._known, target, 1, 1)
            self._anybody.hand_in(self._finality.address, self._finality.encode(
                "submit", self._known.epoch, target.epoch, target.root, following, 1, 1,
                stated.numbers[:8]), gas=500_000)
            self._known, self._registry = target, following

    rewards: list[CertificateReward] = []

    def decided(self, epoch: int) -> bool:
        """Nobody is paid for these."""
        return True


@pytest.fixture(scope="module")
def terms(prover: Prover) -> FinalityTerms:  # noqa: F811
    """Of a chain in which nobody has a companion key; the verifier is the tests' own."""
    registry = genesis_registry(CertificateSize(6, 1, True), derive_keys(SEED, 64), [])
    return FinalityTerms(
        CertificateTerms(prover.key.verification_key, Checkpoint(0, bytes(32)),
                         registry.commitment), registry)


Mining = Callable[[str, type[ProvenLayer]], tuple[EmbeddedChain, ProvenLayer, Miner]]


@pytest.fixture
def mining(make_chain: MakeChain, prover: Prover, prove: Prove, tmp_path: Path,  # noqa: F811
           terms: FinalityTerms) -> Mining:
    def make(url: str, layer_class: type[ProvenLayer] = ProvenLayer  # noqa: F811
             ) -> tuple[EmbeddedChain, ProvenLayer, Miner]:
        chain = make_chain(SEED)
        for _ in range(10):
            chain.advance(users=False)
        evm = ExternalEvm(url)
        evm.keep_in(tmp_path)
        account = Account(evm, private_key("carrier"))
        evm.fund(account.address, 10**18)
        verifier = Contract.deploy(account, evm, compile_source("any_certificate", SOURCE))
        layer = layer_class(chain, keys(), EvmEngines(prover.key.verification_key), evm, SEED, 24,
                            terms, verifier.address)
        return chain, layer, Miner(chain, VALIDATOR, layer, prove, None, Stated(chain, layer))

    return make


def test_mining_where_nobody_is_believed(url: str, mining: Mining) -> None:  # noqa: F811
    chain, layer, miner = mining(url, ProvenLayer)
    summary = miner.run(2)
    assert (summary.proofs_made, summary.proofs_included, summary.proofs_rejected) == (2, 2, 0)
    assert [credit.status for credit in layer.credits] == [Status.MATURED] * 2
    slots = [credit.slot for credit in layer.credits]
    records = [layer.layer.rewards.call("record", slot) for slot in slots]
    assert sum(each["prover_amount"] for each in records) == summary.layer2_matured_wei > 0
    final = layer.reports.call("proven_slot")
    assert max(each["included_slot"] for each in records) <= final < chain.slot
    assert layer.reports.call("standing", 10, final) == Reported.HOLDS
    # The contracts have what the chain has, by the headers alone.
    certificates = miner._certificates
    assert isinstance(certificates, Stated)
    assert layer.reports.call("ledger") == certificates.ledgers[layer.reports.call("payload")]
    for slot in slots:
        known = layer.layer.consensus.call("statement", slot)
        assert known["base"] == to_wei(base_reward_gwei(chain.head_state))
    assert layer.layer.consensus.call("failed_hooks") == 0
    # Deposits of what was proven some slots ago have come back.
    assert layer.reports.call("reported", 11)["reporter"] == bytes(20)
    assert layer.account._evm.journal.unsettled() == []  # type: ignore[attr-defined]


class Lying(ProvenLayer):
    """It says once that another had proposed a block."""

    def _said(self, block: BlockRecord) -> Said:
        said = super()._said(block)
        return replace(said, proposer=b"\x01" * 20) if said.slot == 12 else said


def test_a_lie_is_not_paid(make_node: Callable[..., Node], mining: Mining) -> None:  # noqa: F811
    _, layer, miner = mining(make_node().url, Lying)
    miner.run(2)
    assert [(credit.slot, credit.status, credit.reason) for credit in layer.credits] == [
        (11, Status.MATURED, ""), (12, Status.REFUSED, "a report is void")]
    assert layer.reports.call("standing", 12, 13) == Reported.VOID
    paid = layer.layer.rewards.call("record", 11)
    assert layer.layer.rewards.call("totalSupply") == \
        paid["prover_amount"] + paid["includer_amount"]


class Second(ProvenLayer):
    """Somebody else reports each slot before it does."""

    def _report(self, chain: EmbeddedChain, block: BlockRecord) -> None:
        evm = self._external
        evm.waiting_for_slot = False
        sent = Account(evm, private_key("carrier")).hand_in(
            self.reports.address, self.reports.encode("report", self._said(block).fields),
            self._deposit, 2_000_000)
        assert evm.settled(sent).succeeded
        evm.waiting_for_slot = True
        super()._report(chain, block)


def test_anybody_may_report(make_node: Callable[..., Node], mining: Mining) -> None:  # noqa: F811
    """Whoever is first reports a slot; who comes second goes on."""
    chain, layer, _ = mining(make_node().url, Second)
    for slot in (11, 12):
        chain.advance()
        layer.slot_passed(chain)
        assert layer.reports.call("reported", slot)["reporter"] == \
            Account(layer._external, private_key("carrier")).address
    assert layer.layer.consensus.call("last_slot") == 12
