"""The contract takes real certificates, and follows the same rule as a node."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.certificates.between import (
    DEPTH,
    FIRST_ROOT,
    ROOTS,
    place_of,
)
from proofmill.host.network.certificates.certificate import Certificate
from proofmill.host.network.certificates.hash_tree import root_above
from proofmill.host.network.certificates.rule import Finality
from proofmill.host.network.consensus.block_proofs import proof_from_bytes
from proofmill.host.network.contracts.compiler import compile_source, compiled
from proofmill.host.network.contracts.verifier import verifier_artifact
from proofmill.host.network.evm.account import Account, address_of
from proofmill.host.network.evm.client import Address, RevertedError
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.prover.circuits.finality.statement import CertificateInputs
from proofmill.host.prover.circuits.finality.vote import Checkpoint
from tests.host.network.certificates.conftest import Made, checkpoint, registry

KEY = bytes(keccak(b"certificates"))
MOST_GAS = 480_000
START = Checkpoint(4, b"\x04" * 32)


def world() -> tuple[Account, EmbeddedEvm]:
    evm = EmbeddedEvm(1337, {address_of(KEY): 10**24}, 1_000_000)
    return Account(evm, KEY), evm


def at(contract: Contract, name: str) -> Checkpoint:
    return Checkpoint(**contract.call(name))


def arguments(certificate: Certificate) -> tuple[object, ...]:
    stated, proof = certificate.stated, proof_from_bytes(certificate.proof)
    assert proof is not None
    return (stated.source_epoch, stated.target_epoch, stated.target.root, stated.next_registry,
            stated.weight, stated.prover_tag, proof.numbers)


def test_real_certificates(made: Made) -> None:
    account, evm = world()
    verifier = Contract.deploy(account, evm, verifier_artifact(made.key))
    contract = Contract.deploy(account, evm, compiled("FinalityCertificate"), verifier.address, 4,
                               checkpoint(4).root, registry(4).commitment, FIRST_ROOT, ROOTS)
    assert at(contract, "finalized") == checkpoint(4)
    first, second, third = made.certificates.values()
    with pytest.raises(RevertedError, match="source is not justified"):
        contract.send(account, "submit", *arguments(second))
    for changed in range(1, 6):
        wrong = list(arguments(first))
        wrong[changed] = bytes(32) if changed == 2 else wrong[changed] + 1
        with pytest.raises(RevertedError, match="does not verify"):
            contract.send(account, "submit", *wrong)
    receipts = [contract.send(account, "submit", *arguments(each))
                for each in (first, second, third)]
    assert max(each.gas_used for each in receipts) <= MOST_GAS
    assert at(contract, "finalized") == checkpoint(5)
    assert at(contract, "head") == checkpoint(8)
    assert contract.call("registry_of", 8) == registry(8).commitment
    assert [event.name for each in receipts for event in contract.events(each)] == [
        "Justified", "Justified", "Finalized", "Justified"]


def test_it_begins_with_a_checkpoint_and_a_verifier() -> None:
    account, evm = world()
    for verifier, epoch, of in ((b"\x01" * 20, 4, 4), (None, 1 << 64, 4), (None, 4, 0)):
        with pytest.raises(RevertedError):
            Contract.deploy(account, evm, compiled("FinalityCertificate"),
                            verifier or stub(account, evm), epoch, START.root, of, FIRST_ROOT,
                            ROOTS)
    for first, roots in ((FIRST_ROOT, 0), (FIRST_ROOT, 3), (FIRST_ROOT + 1, ROOTS), (1 << 64, 1)):
        with pytest.raises(RevertedError):
            Contract.deploy(account, evm, compiled("FinalityCertificate"), stub(account, evm), 4,
                            START.root, 4, first, roots)


def stub(account: Account, evm: EmbeddedEvm) -> Address:
    source = (Path(__file__).parent / "any_certificate.vy").read_text()
    return Contract.deploy(account, evm, compile_source("any_certificate", source)).address


def test_it_goes_on_from_a_source_without_a_certificate(made: Made) -> None:
    account, evm = world()
    verifier = Contract.deploy(account, evm, verifier_artifact(made.key))
    contract = Contract.deploy(account, evm, compiled("FinalityCertificate"), verifier.address, 6,
                               checkpoint(6).root, registry(6).commitment, FIRST_ROOT, ROOTS)
    source, *rest = arguments(made.passed)
    for counted, root, reason in ((6, checkpoint(6).root, "does not verify"),
                                  (5, checkpoint(7).root, "no registry is known"),
                                  (6, bytes(32), "no source")):
        with pytest.raises(RevertedError, match=reason):
            contract.send(account, "submit_from", counted, source, root, *rest)
    receipt = contract.send(account, "submit_from", 6, source, checkpoint(7).root, *rest)
    assert receipt.gas_used <= MOST_GAS
    assert (at(contract, "head"), at(contract, "finalized")) == (checkpoint(8), checkpoint(7))
    assert contract.call("registry_of", 7) == 0
    assert [each.name for each in contract.events(receipt)] == ["Justified", "Finalized"]


steps = st.lists(st.tuples(
    st.integers(3, 10), st.integers(3, 11), st.integers(0, 1), st.integers(0, 9),
    st.one_of(st.none(), st.integers(3, 11))), max_size=10)


@settings(max_examples=12, deadline=None)
@given(steps)
def test_it_follows_the_same_rule(links: Sequence[tuple[int, int, int, int, int | None]]) -> None:
    """Certificates from any epoch to any other, to one of two roots, now and then with a wrong
    registry, or from another source, counted by some epoch's: the contract takes those that a node
    takes, and is where the node is."""
    account, evm = world()
    known = Finality.start(START, 40)
    contract = Contract.deploy(account, evm, compiled("FinalityCertificate"), stub(account, evm),
                               START.epoch, START.root, 40, FIRST_ROOT, ROOTS)
    for source, target, branch, luck, counted in links:
        root = bytes([target, branch]) * 16
        of = contract.call("root_of", source)
        if counted is not None:
            of = bytes([source, luck % 2]) * 16
        registry = 10 * (source if counted is None else counted) + (luck == 0)
        stated = CertificateInputs.of(registry, 10 * target + (luck == 1), Checkpoint(source, of),
                                      Checkpoint(target, root), 1, 1)
        try:
            known, refused = known.after(stated), False
        except ProofmillError:
            refused = True
        rest = (target, root, stated.next_registry, 1, 1, stated.numbers[:8])
        try:
            if contract.call("registry_of", source) or counted is None:
                contract.send(account, "submit", source, *rest)
            else:
                contract.send(account, "submit_from", counted, source, of, *rest)
            assert not refused
        except RevertedError:
            assert refused
    assert at(contract, "finalized") == known.finalized
    assert at(contract, "head") == known.head
    assert {each.epoch: registry for each, registry in known.justified.items()} == {
        each.epoch: contract.call("registry_of", each.epoch) for each in known.justified}


def test_over_two_epochs_by_a_branch() -> None:
    """As a node: the source is final where the target comes after the checkpoint between."""
    account, evm = world()
    between = Checkpoint(5, b"\x05" * 32)
    branch = [bytes([place]) * 32 for place in range(DEPTH)]
    last = Checkpoint(7, root_above(Checkpoint(6, b"\x06" * 32).root, FIRST_ROOT + place_of(6),
                                    branch))
    six = Checkpoint(6, b"\x06" * 32)
    known = Finality.start(START, 40)
    contract = Contract.deploy(account, evm, compiled("FinalityCertificate"), stub(account, evm),
                               START.epoch, START.root, 40, FIRST_ROOT, ROOTS)

    def submit(source: Checkpoint, target: Checkpoint) -> CertificateInputs:
        stated = CertificateInputs.of(10 * source.epoch, 10 * target.epoch, source, target, 1, 1)
        contract.send(account, "submit", source.epoch, target.epoch, target.root,
                      stated.next_registry, 1, 1, stated.numbers[:8])
        return stated

    for source, target in ((START, between), (START, six)):
        known = known.after(submit(source, target))
    stated = submit(between, last)
    assert known.after(stated).finalized == at(contract, "finalized") == START
    for place, wrong in ((place_of(6) + 1, branch), (ROOTS, branch), (place_of(6), branch[1:]),
                         (place_of(6), [*branch[:-1], bytes(32)]), (place_of(6), [])):
        with pytest.raises(RevertedError):
            contract.send(account, "finalize", 7, place, wrong)
        if place == place_of(6):
            assert known.after(stated, wrong).finalized == START
    for other in (5, 6, 8):
        with pytest.raises(RevertedError):
            contract.send(account, "finalize", other, place_of(6), branch)
    contract.send(account, "finalize", 7, place_of(6), branch)
    assert known.after(stated, branch).finalized == at(contract, "finalized") == between
