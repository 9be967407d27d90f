"""What certificates cost on an EVM: real ones, on the embedded machine."""

from collections.abc import Iterator

from eth_hash.auto import keccak

from proofmill.host.ground.units import ETHER
from proofmill.host.network.certificates.between import FIRST_ROOT, ROOTS
from proofmill.host.network.certificates.bonds import (
    bond,
    deploy_companion_bonds,
    submit_evidence,
)
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.contracts.compiler import compiled
from proofmill.host.network.contracts.gas import CHAIN_ID, GENESIS_TIME, Cost
from proofmill.host.network.contracts.verifier import verifier_artifact
from proofmill.host.network.evm.account import Account, address_of
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.prover.circuits.eddsa import public_key
from proofmill.host.prover.circuits.finality.circuit import FinalityCircuit
from proofmill.host.prover.circuits.finality.inputs import certificate_witness
from proofmill.host.prover.circuits.finality.registry import Member, Registry, unchanging
from proofmill.host.prover.circuits.finality.size import CertificateSize
from proofmill.host.prover.circuits.finality.statement import sign_vote
from proofmill.host.prover.circuits.finality.vote import Checkpoint, Link, Vote
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.setup import development_setup

FORK = bytes(32)


def measure_certificates() -> Iterator[Cost]:
    """The gas of creating the contract, and of two certificates, of which the second makes an epoch
    final; some seconds.

    The circuit has one voter: the gas depends on the number of public signals alone.
    """
    key = bytes(keccak(b"gas of certificates"))
    evm = EmbeddedEvm(CHAIN_ID, {address_of(key): 10**7 * ETHER}, GENESIS_TIME)
    account = Account(evm, key)
    circuit, device = FinalityCircuit(CertificateSize(1, 1, True)), CpuDevice()
    prover = Prover(development_setup(circuit.r1cs, seed=b"gas"), device)
    verifier = Contract.deploy(account, evm, verifier_artifact(prover.key.verification_key))
    yield Cost("create the verifier of certificates", evm.block().gas_used)
    registries = [Registry(1, {0: Member(public_key(key), 10**9)}, unchanging(10**9), FORK, epoch)
                  for epoch in range(3)]
    roots = [bytes(keccak(b"root %d" % epoch)) for epoch in range(3)]
    contract = Contract.deploy(account, evm, compiled("FinalityCertificate"), verifier.address, 0,
                               roots[0], registries[0].commitment, FIRST_ROOT, ROOTS)
    yield Cost("create FinalityCertificate", evm.block().gas_used)
    for epoch, what in ((1, "submit a certificate"), (2, "submit one that makes an epoch final")):
        link = Link(FORK, Checkpoint(epoch - 1, roots[epoch - 1]), Checkpoint(epoch, roots[epoch]),
                    registries[epoch].commitment)
        vote = Vote(link, 8 * epoch, 0, roots[epoch])
        witness = certificate_witness(
            circuit, registries[epoch - 1], link, [sign_vote(key, 0, vote)], 1)
        receipt = contract.send(
            account, "submit", epoch - 1, epoch, roots[epoch], link.next_registry, 10**9, 1,
            prover.prove(witness).proof.numbers)
        yield Cost(what, receipt.gas_used)
    device.close()


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
