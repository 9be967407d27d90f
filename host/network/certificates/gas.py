"""What certificates cost on an EVM: real ones, on the embedded machine."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from eth_hash.auto import keccak

from proofmill.host.ground.units import BPS, ETHER, Wei
from proofmill.host.network.certificates.between import FIRST_ROOT, ROOTS
from proofmill.host.network.certificates.bonds import (
    bond,
    deploy_companion_bonds,
    submit_evidence,
)
from proofmill.host.network.certificates.rewards import (
    CertificateTerms,
    deploy_certificates,
    deploy_finality,
)
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.contracts.compiler import compiled
from proofmill.host.network.contracts.deployment import (
    NO_STATEMENT,
    BlockStatement,
    Clock,
    deploy_layer,
)
from proofmill.host.network.contracts.gas import (
    CHAIN_ID,
    GENESIS_TIME,
    PARAMETERS,
    SECONDS,
    Cost,
    advance,
)
from proofmill.host.network.contracts.verifier import verifier_artifact
from proofmill.host.network.evm.account import Account, address_of
from proofmill.host.network.evm.client import Address
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.prover.circuits.eddsa import public_key
from proofmill.host.prover.circuits.finality.circuit import FinalityCircuit
from proofmill.host.prover.circuits.finality.inputs import certificate_witness
from proofmill.host.prover.circuits.finality.registry import Member, Registry, unchanging
from proofmill.host.prover.circuits.finality.size import CertificateSize
from proofmill.host.prover.circuits.finality.statement import sign_vote
from proofmill.host.prover.circuits.finality.vote import Checkpoint, Link, Vote, certificate_tag
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.setup import development_setup

FORK = bytes(32)


@dataclass(frozen=True)
class _Votes:
    """A circuit with one voter, its prover, and what there is to certify: epoch 1 from 0, and 2
    from 1."""

    key: bytes
    circuit: FinalityCircuit
    prover: Prover
    registries: list[Registry]
    roots: list[bytes]

    @classmethod
    def make(cls, key: bytes, device: CpuDevice) -> "_Votes":
        circuit = FinalityCircuit(CertificateSize(1, 1, True))
        return cls(
            key, circuit, Prover(development_setup(circuit.r1cs, seed=b"gas"), device),
            [Registry(1, {0: Member(public_key(key), 10**9)}, unchanging(10**9), FORK, epoch)
             for epoch in range(3)],
            [bytes(keccak(b"root %d" % epoch)) for epoch in range(3)])

    def arguments(self, epoch: int, whose: int, tag: int) -> tuple[object, ...]:
        """Of ``submit`` for an epoch, to a contract that is told `whose` it is: the proof's tag, or
        the number of the prover with this tag."""
        link = Link(FORK, Checkpoint(epoch - 1, self.roots[epoch - 1]),
                    Checkpoint(epoch, self.roots[epoch]), self.registries[epoch].commitment)
        vote = Vote(link, 8 * epoch, 0, self.roots[epoch])
        witness = certificate_witness(self.circuit, self.registries[epoch - 1], link,
                                      [sign_vote(self.key, 0, vote)], tag)
        return (epoch - 1, epoch, self.roots[epoch], link.next_registry, 10**9, whose,
                self.prover.prove(witness).proof.numbers)


def measure_certificates() -> Iterator[Cost]:
    """The gas of creating the contracts; of two certificates, of which the second makes an epoch
    final; and of one that is handed in for its reward, and of that reward's payment. Some seconds.

    The circuit has one voter: the gas depends on the number of public signals alone.
    """
    key = bytes(keccak(b"gas of certificates"))
    evm = EmbeddedEvm(CHAIN_ID, {address_of(key): 10**7 * ETHER}, GENESIS_TIME - 1_000)
    account, device = Account(evm, key), CpuDevice()
    votes = _Votes.make(key, device)
    verifier = Contract.deploy(
        account, evm, verifier_artifact(votes.prover.key.verification_key))
    yield Cost("create the verifier of certificates", evm.block().gas_used)
    contract = Contract.deploy(
        account, evm, compiled("FinalityCertificate"), verifier.address, 0, votes.roots[0],
        votes.registries[0].commitment, FIRST_ROOT, ROOTS)
    yield Cost("create FinalityCertificate", evm.block().gas_used)
    for epoch, what in ((1, "submit a certificate"), (2, "submit one that makes an epoch final")):
        yield Cost(what, contract.send(
            account, "submit", *votes.arguments(epoch, 1, 1)).gas_used)
    yield from _rewards(evm, account, votes, verifier.address)
    device.close()


def _rewards(evm: EmbeddedEvm, account: Account, votes: _Votes, verifier: Address
             ) -> Iterator[Cost]:
    """Of a certificate whose prover is paid, with contracts of the second layer beside it."""
    layer = deploy_layer(account, evm, verifier, Clock(GENESIS_TIME, SECONDS), PARAMETERS, ETHER,
                         CHAIN_ID)
    start = evm.block().number
    finality = deploy_finality(account, evm, CertificateTerms(
        votes.prover.key.verification_key, Checkpoint(0, votes.roots[0]),
        votes.registries[0].commitment), verifier)
    contracts = deploy_certificates(account, evm, layer, finality, PARAMETERS, CHAIN_ID)
    for number in range(start + 1, evm.block().number + 1):
        (receipt,) = evm.executed(evm.block(number).hash).receipts
        if receipt.contract == contracts.rewards.address:
            yield Cost("create CertificateRewards", receipt.gas_used)
    address, number = b"\x77" * 20, 0
    layer.bonds.send(account, "register", address, value=10 * ETHER)
    statement = BlockStatement(1, bytes(32), 1, 2, 3, Wei(ETHER // 10), BPS, b"\x01" * 20)
    advance(evm, layer, 1, NO_STATEMENT)
    advance(evm, layer, 2, statement)
    receipt = contracts.rewards.send(account, "submit", *votes.arguments(
        1, number, certificate_tag(CHAIN_ID, 1, number, address)))
    yield Cost("submit a certificate for its reward", receipt.gas_used)
    advance(evm, layer, 3, replace(statement, slot=2, payload_root=b"\1" * 32), 2)
    yield Cost("mature a certificate's reward", contracts.rewards.send(
        account, "mature", 1).gas_used)


def measure_bonds() -> Iterator[Cost]:
    """The gas of a companion key's bond, and of two votes that take it; some seconds."""
    key, root = bytes(keccak(b"gas of bonds")), bytes(32)
    evm = EmbeddedEvm(CHAIN_ID, {address_of(key): 10**7 * ETHER}, GENESIS_TIME)
    account = Account(evm, key)
    contract = deploy_companion_bonds(account, evm, root, ETHER, 1)
    yield Cost("create CompanionBonds", evm.block().gas_used)
    public = public_key(key)
    yield Cost("bond a companion key",
               bond(account, contract, key, public, 0, ETHER, CHAIN_ID).gas_used)
    version = bytes(spec.config.GLOAS_FORK_VERSION)
    domain = bytes(spec.compute_domain(spec.DOMAIN_BEACON_ATTESTER, version, root))
    first, second = (sign_vote(key, 0, Vote(
        Link(domain, Checkpoint(0, root), Checkpoint(1, head), 1), 8, 0, head))
        for head in (bytes(keccak(b"one")), bytes(keccak(b"other"))))
    yield Cost("take the bond of a key that signed twice", submit_evidence(
        account, contract, public, first, second, (version,)).gas_used)
