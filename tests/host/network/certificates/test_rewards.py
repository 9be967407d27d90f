"""Certificates are paid once each, to who proved them, to the wei as the mechanism says."""

from collections.abc import Mapping

import pytest

from proofmill.host.ground.units import ETHER
from proofmill.host.network.certificates.certificate import Certificate
from proofmill.host.network.certificates.rewards import (
    CertificateContracts,
    CertificateTerms,
    deploy_certificates,
    deploy_finality,
)
from proofmill.host.network.consensus.records import Status
from proofmill.host.network.contracts.compiler import compile_source
from proofmill.host.network.evm.account import address_of
from proofmill.host.network.evm.client import Receipt, RevertedError
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.network.mechanism.certificates import (
    CertificateCredit,
    CertificateLedger,
    certificate_budget,
)
from proofmill.host.network.mechanism.invariants import BrokenInvariant
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.second_layer.certificate_pay import CertificatePay
from proofmill.host.prover.circuits.finality.statement import CertificateInputs
from proofmill.host.prover.circuits.finality.vote import Checkpoint, certificate_tag
from tests.host.network.certificates.conftest import Made
from tests.host.network.contracts.world import (
    GENESIS_TIME,
    PLAIN,
    STATEMENT_CHAIN_ID,
    World,
    private_key,
)

ROOTS = [bytes([epoch]) * 32 for epoch in range(4)]
TAKES_ITS_TAG = """# pragma version ^0.4.0
@external
@view
def verify(proof: uint256[8], signals: uint256[10]) -> bool:
    return proof[0] == signals[9] and proof[1] == signals[5]
"""
"""A proof is right if it names its tag and its epoch."""


class Paying:
    """A second layer that pays certificates, two provers and a mechanism beside it."""

    def __init__(self, made: Made) -> None:
        names = ("deployer", "carrier", "owner 0", "owner 1")
        self.world = World(EmbeddedEvm(1337, {
            address_of(private_key(name)): 10**6 * ETHER for name in names}, GENESIS_TIME - 1_000))
        deployer = self.world.account("deployer")
        verifier = Contract.deploy(deployer, self.world.evm, compile_source(
            "takes its tag", TAKES_ITS_TAG))
        finality = deploy_finality(deployer, self.world.evm, CertificateTerms(
            made.key, Checkpoint(0, ROOTS[0]), 1), verifier.address)
        self.contracts: CertificateContracts = deploy_certificates(
            deployer, self.world.evm, self.world.contracts, finality, PLAIN, STATEMENT_CHAIN_ID)
        for prover in (0, 1):
            self.world.join(prover)
        self.ledger, self.followed = CertificateLedger(PLAIN), CertificateLedger(PLAIN)
        """By hand, and by what the transactions' events say."""
        for _ in range(2):
            self.world.advance()

    def tag(self, epoch: int, prover: int) -> int:
        return certificate_tag(STATEMENT_CHAIN_ID, epoch, prover,
                               self.world.reward_address(prover))

    def arguments(self, epoch: int, prover: int, of: int) -> tuple[object, ...]:
        """Of `submit` for a prover, with a proof `of` a prover."""
        return (epoch - 1, epoch, ROOTS[epoch], 1 + epoch, 9, prover,
                [self.tag(epoch, of), epoch] + [0] * 6)

    def submit(self, epoch: int, prover: int, of: int | None = None) -> None:
        receipt = self.contracts.rewards.send(
            self.world.account("carrier"), "submit",
            *self.arguments(epoch, prover, prover if of is None else of))
        self.follow(receipt)
        self.ledger.include(epoch, prover, self.world.proposer(self.world.slot), self.world.slot,
                            self.world.base, self.world.rewards.call("rho"))
        assert self.followed == self.ledger

    def mature(self, epoch: int) -> None:
        self.follow(self.contracts.rewards.send(self.world.account("carrier"), "mature", epoch))
        self.ledger.mature(epoch, self.world.finalized)
        assert self.followed == self.ledger

    def follow(self, receipt: Receipt) -> None:
        """Take in a transaction of this slot's block."""
        self.followed = self.contracts.after(
            self.followed, receipt.logs, self.world.slot, self.world.proposer(self.world.slot),
            self.world.base, lambda: int(self.world.rewards.call("rho")), self.world.finalized)

    def balance(self, address: bytes) -> int:
        return int(self.world.rewards.call("balanceOf", address))


@pytest.fixture
def paying(made: Made) -> Paying:
    return Paying(made)


def test_who_proves_is_paid(paying: Paying) -> None:
    world = paying.world
    paying.submit(1, 1)
    paying.contracts.check(world.contracts, paying.ledger)
    with pytest.raises(RevertedError, match="not final"):
        paying.contracts.rewards.send(world.account("carrier"), "mature", 1)
    world.advance()
    paying.submit(2, 0)
    world.finalized = 2
    world.advance()
    paying.mature(1)
    paying.contracts.check(world.contracts, paying.ledger)
    budget = certificate_budget(PLAIN, world.base, PLAIN.rho_start)
    assert budget == world.base * 8 * 250_000_000 * 500 // 10**13
    assert paying.balance(world.reward_address(1)) == budget * 56 // 64
    assert paying.balance(world.proposer(2)) == budget * 8 // 64
    assert paying.balance(world.reward_address(0)) == 0
    assert world.rewards.call("totalSupply") == paying.ledger.minted < paying.ledger.credited
    assert world.rewards.call("invariants")
    with pytest.raises(RevertedError, match="matured already"):
        paying.contracts.rewards.send(world.account("carrier"), "mature", 1)


def test_nobody_else_is_paid_for_a_proof(paying: Paying) -> None:
    with pytest.raises(RevertedError, match="does not verify"):
        paying.submit(1, 0, of=1)
    with pytest.raises(RevertedError, match="no whole bond"):
        paying.submit(1, 7)
    paying.submit(1, 1)
    with pytest.raises(RevertedError, match="paid already"):
        paying.contracts.rewards.send(
            paying.world.account("carrier"), "submit", *paying.arguments(1, 0, 0))
    paying.contracts.check(paying.world.contracts, paying.ledger)


def test_who_hands_a_certificate_in_elsewhere_takes_nothing(paying: Paying) -> None:
    """A copy of the proof goes to the other contract first, as anybody may have it."""
    source, target, root, registry, weight, _, proof = paying.arguments(1, 1, 1)
    paying.contracts.finality.send(paying.world.account("carrier"), "submit", source, target, root,
                                   registry, weight, paying.tag(1, 1), proof)
    with pytest.raises(RevertedError, match="another prover's"):
        paying.contracts.rewards.send(
            paying.world.account("carrier"), "submit", *paying.arguments(1, 0, 0))
    paying.submit(1, 1)
    paying.contracts.check(paying.world.contracts, paying.ledger)


def test_only_that_contract_mints(paying: Paying) -> None:
    rewards, carrier = paying.world.rewards, paying.world.account("carrier")
    with pytest.raises(RevertedError, match="only the contract of certificates"):
        rewards.send(carrier, "mint_for_certificate", carrier.address, 1)
    with pytest.raises(RevertedError, match="only the creator"):
        rewards.send(carrier, "connect", carrier.address)
    with pytest.raises(RevertedError, match="connected already"):
        rewards.send(paying.world.account("deployer"), "connect", carrier.address)


def test_a_difference_is_found(paying: Paying) -> None:
    paying.submit(1, 1)
    other = CertificateLedger(Parameters(certificate_bps=501))
    other.include(1, 1, paying.world.proposer(2), 2, paying.world.base, PLAIN.rho_start)
    with pytest.raises(BrokenInvariant, match="certificate of epoch 1 is paid as"):
        paying.contracts.check(paying.world.contracts, other)


def test_a_block_that_pays_otherwise_is_found(paying: Paying) -> None:
    """The contract's word alone is not taken: who is the includer, B and what is final are the
    block's, and what was paid is not paid again."""
    world, contracts = paying.world, paying.contracts
    receipt = contracts.rewards.send(
        world.account("carrier"), "submit", *paying.arguments(1, 1, 1))

    def after(ledger: CertificateLedger, includer: bytes, base: int) -> CertificateLedger:
        return contracts.after(ledger, receipt.logs, world.slot, includer, base,
                               lambda: PLAIN.rho_start, world.finalized)

    right = after(paying.ledger, world.proposer(world.slot), world.base)
    contracts.check(world.contracts, right)
    assert paying.ledger.credits == {}, "a block of another branch has this one's ledger"
    for includer, base in ((bytes(20), world.base), (world.proposer(world.slot), 2 * world.base)):
        with pytest.raises(BrokenInvariant):
            contracts.check(world.contracts, after(paying.ledger, includer, base))
    with pytest.raises(BrokenInvariant, match="slot 2: the certificate of epoch 1 is paid already"):
        after(right, world.proposer(world.slot), world.base)
    assert contracts.after(right, [], 3, bytes(20), 1, lambda: 1, 0) is right
    world.finalized = world.slot
    world.advance()
    receipt = contracts.rewards.send(world.account("carrier"), "mature", 1)
    with pytest.raises(BrokenInvariant, match="is not final"):
        contracts.after(right, receipt.logs, world.slot, bytes(20), 1, lambda: 1, 0)


def credits_of(paying: Paying) -> Mapping[int, CertificateCredit]:
    """What all blocks' events say: each transaction has a block of its own here."""
    evm, ledger = paying.world.evm, CertificateLedger(PLAIN)
    for number in range(evm.block().number + 1):
        logs = evm.logs(paying.contracts.rewards.address, number, number)
        slot = max(0, (evm.block(number).timestamp - GENESIS_TIME) // 1_000)
        ledger = paying.contracts.after(
            ledger, logs, slot, paying.world.proposer(slot), paying.world.base,
            lambda: PLAIN.rho_start, slot)
    return ledger.credits


class Handing:
    """Prover 0, which hands certificates in, and what has become of them."""

    def __init__(self, paying: Paying) -> None:
        self.paying = paying
        self.pay = CertificatePay(paying.contracts, paying.world.account("carrier"), lambda: 0,
                                  lambda epochs: credits_of(paying))

    def hand_in(self, epoch: int, counted: int = 0) -> None:
        """`counted`: the registry that the votes count by, where it matters."""
        _, _, root, registry, weight, _, numbers = self.paying.arguments(epoch, 0, 0)
        stated = CertificateInputs.of(
            counted, registry, Checkpoint(epoch - 1, ROOTS[epoch - 1]), Checkpoint(epoch, root),
            weight, self.paying.tag(epoch, 0))
        self.pay.hand_in(Certificate(
            stated, b"".join(number.to_bytes(32, "big") for number in numbers)))

    @property
    def became(self) -> list[tuple[int, Status, bool]]:
        return [(each.epoch, each.status, each.wei > 0) for each in self.pay.rewards]


def test_one_from_a_source_without_a_certificate_is_paid_too(paying: Paying) -> None:
    """Of epoch 2 there is none: that of 3 counts by the registry of 1, which is 2."""
    world, ours = paying.world, Handing(paying)
    ours.hand_in(1)
    ours.hand_in(3, counted=9)
    assert ours.became[1] == (3, Status.WAITING, False)
    ours.hand_in(3, counted=2)
    assert ours.became == [(1, Status.PENDING, True), (3, Status.PENDING, True)]
    assert paying.contracts.finality.call("finalized") == {"epoch": 2, "root": ROOTS[2]}
    with pytest.raises(RevertedError, match="paid already"):
        paying.contracts.rewards.send(
            world.account("carrier"), "submit_from", 1, 2, ROOTS[2], *paying.arguments(3, 0, 0)[1:])


def test_a_prover_is_paid_when_its_block_is_final(paying: Paying) -> None:
    world, ours = paying.world, Handing(paying)
    ours.hand_in(1)
    (reward,) = ours.pay.rewards
    assert (reward.epoch, reward.status) == (1, Status.PENDING)
    assert reward.wei == certificate_budget(PLAIN, world.base, PLAIN.rho_start) * 56 // 64
    ours.pay.slot_passed(1)
    assert ours.became == [(1, Status.PENDING, True)], "the including slot is 2"
    world.finalized = 2
    world.advance()
    ours.pay.slot_passed(2)
    assert ours.became == [(1, Status.MATURED, True)]
    assert paying.balance(world.reward_address(0)) == reward.wei
    ours.pay.slot_passed(2)
    assert ours.became == [(1, Status.MATURED, True)], "claimed once"


def test_a_certificate_comes_again_when_its_source_is_there(paying: Paying) -> None:
    """As after a branch that was left, with the certificate before it."""
    ours = Handing(paying)
    ours.hand_in(2)
    ours.pay.slot_passed(0)
    (reward,) = ours.pay.rewards
    assert (reward.status, reward.wei) == (Status.REFUSED, 0)
    assert "the source is not justified" in reward.reason
    ours.hand_in(1)
    ours.pay.slot_passed(0)
    assert ours.became == [(1, Status.PENDING, True), (2, Status.PENDING, True)]


def test_an_epoch_that_another_has_certified_is_lost(paying: Paying) -> None:
    paying.submit(1, 1)
    ours = Handing(paying)
    ours.hand_in(1)
    ours.pay.slot_passed(0)
    assert ours.became == [(1, Status.LOST, False)]


def test_the_mechanism_pays_once_and_when_final() -> None:
    ledger = CertificateLedger(Parameters())
    credit = ledger.include(3, 0, bytes(20), 26, 64, 250_000_000)
    assert (credit.prover_amount, credit.includer_amount) == (5, 0)
    with pytest.raises(ValueError, match="paid already"):
        ledger.include(3, 1, bytes(20), 27, 64, 250_000_000)
    with pytest.raises(ValueError, match="not final"):
        ledger.mature(3, 25)
    assert list(ledger.due(25)) == [] and list(ledger.due(26)) == [credit]
    ledger.mature(3, 26)
    with pytest.raises(ValueError, match="already"):
        ledger.mature(3, 26)
    assert ledger.minted == ledger.credited == 5
