"""The whole way with real proofs: coins in, sent between two keys, proven, verified, and out."""

from collections.abc import Callable, Iterator
from functools import cache

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.contracts.ledger import UNIT, deploy_ledger_and_verifier
from proofmill.host.network.contracts.ledger_rebuild import rebuild
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.client import RevertedError
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.prover.circuits.rollup.batch import Batch
from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit
from proofmill.host.prover.circuits.rollup.ledger import Ledger
from proofmill.host.prover.circuits.rollup.size import RollupSize
from proofmill.host.prover.circuits.statement import Statement
from proofmill.host.prover.devices.catalogue import open_device
from proofmill.host.prover.devices.device import Device
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.proving_key import ProvingKey
from proofmill.host.prover.groth16.setup import development_setup
from tests.host.network.contracts.bank import CHAIN, TERMS, Bank, key_of, leave, transfer
from tests.host.network.contracts.conftest import addresses
from tests.host.network.contracts.world import ETHER, GENESIS_TIME, private_key

SIZE = RollupSize(depth=2, transfers=2)
STATEMENT = Statement(CHAIN, 1, 0, b"\x07" * 20)
ALICE, BOB = "owner 0", "owner 1"
HOME = b"\x51" * 20


@cache
def circuit() -> RollupCircuit:
    return RollupCircuit(SIZE)


@cache
def key() -> ProvingKey:
    return development_setup(circuit().r1cs, seed=b"tests of the ledger's contract")


class ProvenBank(Bank):
    """A bank whose proofs are proofs."""

    def arguments(self, batch: Batch, taken: object) -> tuple[object, ...]:
        *most, _, proof = super().arguments(batch, taken)
        return *most, STATEMENT.prover_tag, proof


def bank_with(device: Device) -> ProvenBank:
    prover = Prover(key(), device)

    def proofs(ledger: Ledger, batch: Batch) -> list[int]:
        return prover.prove(circuit().witness(ledger, batch, STATEMENT)).proof.numbers

    evm = EmbeddedEvm(CHAIN, dict.fromkeys(addresses(), 1_000 * ETHER), GENESIS_TIME - 1_000)
    contract = deploy_ledger_and_verifier(
        Account(evm, private_key("deployer")), evm, key().verification_key, SIZE, CHAIN, TERMS)
    return ProvenBank(evm, SIZE, proofs=proofs, contract=contract)


@pytest.fixture
def bank() -> Iterator[ProvenBank]:
    device = open_device("cpu")
    yield bank_with(device)
    device.close()


def go_all_the_way(bank: Bank) -> None:
    """Deposits, a transfer and an exit, a forced exit, and both paid out."""
    bank.open(ALICE, 100)
    bank.open(BOB, 50)
    bank.prove(collector=1)
    bank.check()
    bank.prove(transfer(0, 1, 30, 2), leave(1, HOME, 60, 1), collector=1)
    bank.check()
    assert [bank.ledger.accounts[number].balance for number in (0, 1)] == [68, 22]
    bank.send("thief", "withdraw", *bank.withdrawal(1, 0))
    assert bank.evm.balance(HOME) == 60 * UNIT
    bank.check()


def test_in_sent_proven_and_out(bank: ProvenBank) -> None:
    go_all_the_way(bank)
    bank.send(BOB, "force", 1)
    bank.send(ALICE, "credit", 1, value=5 * UNIT)
    bank.prove()
    bank.check()
    before = bank.evm.balance(bank.account(BOB).address)
    bank.send("thief", "withdraw", *bank.withdrawal(2, 0))
    assert bank.evm.balance(bank.account(BOB).address) == before + 22 * UNIT
    bank.check()
    found = rebuild(bank.evm, bank.contract.address)
    assert found.ledger == bank.ledger and found.exits == tuple(bank.exits)


def test_every_tampering_is_refused(bank: ProvenBank) -> None:
    bank.open(ALICE, 100)
    bank.open(BOB, 50)
    bank.prove()
    bank.send(ALICE, "credit", 0, value=3 * UNIT)
    batch, taken = bank.batch(leave(0, HOME, 60, 1))
    honest = bank.arguments(batch, taken)
    chained, requests, data, root, tag, proof = honest
    assert (isinstance(data, bytes) and isinstance(chained, int) and isinstance(root, int)
            and isinstance(tag, int) and isinstance(proof, list) and isinstance(requests, list))
    address = data.index(HOME)
    other = bank.batch(leave(0, HOME, 61, 1))
    tampered = {
        "more": data[:-2] + bytes([61]) + data[-1:],
        "another fee": data[:-1] + bytes([2]),
        "elsewhere": data[:address] + b"\x52" * 20 + data[address + 20:],
        "from another": data[:2] + bytes([1]) + data[3:],
        "to another collector": bytes([1]) + data[1:],
        "nothing": data[:1],
        "twice": data + data[1:],
    }
    assert len(set(tampered.values()) | {data}) == 8
    changes = [(chained, requests, changed, root, tag, proof) for changed in tampered.values()]
    # The other's data with the hash that goes with it; another root; nobody's tag; no proof.
    forged = (other[0].chained, requests, bank.arguments(*other)[2])
    changes += [
        (*forged, root, tag, proof),
        (chained, requests, data, bank.ledger.root, tag, proof),
        (chained, requests, data, bank.ledger.apply(other[0]).root, tag, proof),
        (chained, requests, data, root, tag + 1, proof),
        (chained + 1, requests, data, root, tag, proof),
        (chained, [], data, root, tag, proof),
        (chained, [(*requests[0][:2], 4, *requests[0][3:])], data, root, tag, proof),
        *((chained, requests, data, root, tag, [*proof[:place], proof[place] ^ 1,
                                                *proof[place + 1:]]) for place in range(8)),
        (chained, requests, data, root, tag, [0] * 8)]
    for arguments in changes:
        with pytest.raises(RevertedError):
            bank.contract.call("prove", *arguments)
    bank.send("thief", "prove", *honest)
    bank.follow(batch)
    bank.check()
    with pytest.raises(RevertedError):
        bank.contract.call("prove", *honest)


@pytest.mark.parametrize("wrong", [
    lambda: leave(1, HOME, 51), lambda: transfer(0, 1, 99, 2),
    lambda: transfer(0, 3, 1)])
def test_what_cannot_be_is_not_proven(bank: ProvenBank, wrong: Callable[[], object]) -> None:
    """Nor is what the key has not signed: the ledger refuses it, and the circuit has no witness."""
    ledger = Ledger(SIZE, {})
    for name, units in ((ALICE, 100), (BOB, 50)):
        bank.open(name, units)
    for queued in bank.queue:
        ledger = ledger.requested(queued.request)
    operation = wrong()
    for key_name in (bank.names[operation.sender], "thief"):
        signed = operation.signed(key_of(key_name), CHAIN, 0)
        with pytest.raises(ProofmillError):
            circuit().witness(ledger, Batch(SIZE, CHAIN, 0, (signed,)), STATEMENT)


@pytest.mark.slow
def test_in_sent_proven_and_out_on_the_rtl() -> None:
    device = open_device("rtl")
    go_all_the_way(bank_with(device))
    device.close()
