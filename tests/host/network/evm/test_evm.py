"""One client, two nodes: accounts, contracts, events, refusals, reorganisations."""

import pytest
from eth_account import Account as Signer
from eth_hash.auto import keccak

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.contracts.compiler import compile_source
from proofmill.host.network.evm.account import Account, address_of
from proofmill.host.network.evm.client import SYSTEM_ADDRESS, DevelopmentEvm, RevertedError
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.network.evm.rpc import JsonRpcEvm
from tests.host.network.contracts.world import CHAIN_ID, ETHER, GENESIS_TIME, private_key

COUNTER = '''
# pragma version ^0.4.0
struct Pair:
    left: uint256
    right: address
event Added:
    who: indexed(address)
    amount: uint256
total: public(uint256)
last_sender: public(address)
mixes: public(DynArray[bytes32, 8])
@deploy
def __init__(start: uint256):
    assert start < 100, "too large a start"
    self.total = start
@external
@payable
def add(amount: uint256) -> uint256:
    assert amount > 0, "nothing to add"
    self.total += amount
    self.last_sender = msg.sender
    log Added(who=msg.sender, amount=amount)
    return self.total
@external
def remember():
    assert msg.sender == 0xffffFFFfFFffffffffffffffFfFFFfffFFFfFFfE, "only the protocol"
    self.mixes.append(block.prevrandao)
@external
@view
def pair() -> Pair:
    return Pair(left=self.total, right=self.last_sender)
@external
@view
def clock() -> (uint256, uint256, address):
    return block.timestamp, block.number, block.coinbase
'''


@pytest.fixture
def counter(evm: DevelopmentEvm) -> Contract:
    account = Account(evm, private_key("deployer"))
    return Contract.deploy(account, evm, compile_source("counter", COUNTER), 7)


def test_transactions_events_and_values(evm: DevelopmentEvm, counter: Contract) -> None:
    account = Account(evm, private_key("carrier"))
    before = evm.balance(account.address)
    receipt = counter.send(account, "add", 5, value=11)
    assert counter.call("total") == 12
    assert counter.call("pair") == {"left": 12, "right": account.address}
    (event,) = counter.events(receipt)
    assert event.name == "Added" and event.values == {"who": account.address, "amount": 5}
    assert evm.balance(counter.address) == 11
    assert evm.balance(account.address) < before - 11
    assert receipt.succeeded and receipt.gas_used > 21_000
    assert evm.block(receipt.block_number).hash == receipt.block_hash
    assert evm.code(counter.address) and not evm.code(account.address)
    # A call changes nothing, whoever it is from.
    assert counter.call("add", 30, sender=account.address) == 42
    assert counter.call("total") == 12


def test_refusals_are_told_in_the_contracts_words(evm: DevelopmentEvm, counter: Contract) -> None:
    account = Account(evm, private_key("carrier"))
    with pytest.raises(RevertedError, match="nothing to add"):
        counter.call("add", 0)
    with pytest.raises(RevertedError, match="counter.add was refused by the contract: nothing"):
        counter.send(account, "add", 0)
    # A refused transaction uses up its nonce: the next one must go through.
    assert counter.send(account, "add", 1).succeeded
    with pytest.raises(RevertedError, match="creation of counter"):
        Contract.deploy(account, evm, compile_source("counter", COUNTER), 100)
    with pytest.raises(ProofmillError):
        evm.send(b"\x02garbage")
    with pytest.raises(ProofmillError, match="there is no block 999"):
        evm.block(999)


def test_nonce_has_one_owner(evm: DevelopmentEvm, counter: Contract) -> None:
    account = Account(evm, private_key("carrier"))
    start = evm.nonce(account.address)
    for _ in range(3):
        counter.send(account, "add", 1)
    assert evm.nonce(account.address) == start + 3
    # What the node refuses does not use a nonce up: here the sender cannot pay.
    with pytest.raises(ProofmillError):
        account.send(counter.address, value=10**30)
    assert counter.send(account, "add", 1).succeeded


def test_clock_and_fee_recipient(evm: DevelopmentEvm, counter: Contract) -> None:
    account = Account(evm, private_key("carrier"))
    coinbase = b"\x42" * 20
    evm.next_block(GENESIS_TIME + 500, coinbase)
    receipt = counter.send(account, "add", 1)
    block = evm.block()
    assert (block.timestamp, block.coinbase) == (GENESIS_TIME + 500, coinbase)
    assert counter.call("clock") == (GENESIS_TIME + 500, receipt.block_number, coinbase)
    counter.send(account, "add", 1)
    assert evm.block().timestamp == GENESIS_TIME + 501
    with pytest.raises(ProofmillError, match="is not after"):
        evm.next_block(GENESIS_TIME)


def test_system_calls(evm: DevelopmentEvm, counter: Contract) -> None:
    account = Account(evm, private_key("carrier"))
    with pytest.raises(RevertedError, match="only the protocol"):
        counter.send(account, "remember")
    evm.system_call(counter.address, counter.encode("remember"))
    assert counter.call("mixes", 0) == evm.block().mix
    with pytest.raises(RevertedError, match="nothing to add"):
        evm.system_call(counter.address, counter.encode("add", 0))
    assert counter.call("last_sender") != SYSTEM_ADDRESS


def test_branches(evm: DevelopmentEvm, counter: Contract) -> None:
    account = Account(evm, private_key("carrier"))
    fork = evm.snapshot()
    lost = counter.send(account, "add", 1)
    evm.revert(fork)
    account.resynchronise()
    assert counter.call("total") == 7
    assert evm.receipt(lost.transaction_hash) is None
    kept = counter.send(account, "add", 2)
    assert counter.call("total") == 9 and kept.block_hash != lost.block_hash


def test_embedded_branches_live_side_by_side() -> None:
    evm = EmbeddedEvm(CHAIN_ID, {address_of(private_key("carrier")): ETHER})
    account = Account(evm, private_key("carrier"))
    counter = Contract.deploy(account, evm, compile_source("counter", COUNTER), 7)
    fork = evm.head
    counter.send(account, "add", 1)
    first = evm.head
    evm.head = fork
    account.resynchronise()
    counter.send(account, "add", 2)
    second = evm.head
    totals = []
    for evm.head in (first, second, first):
        totals.append(counter.call("total"))
    assert totals == [8, 9, 8]
    with evm.at(second):
        assert counter.call("total") == 9
    with pytest.raises(RevertedError), evm.at(fork):
        counter.call("mixes", 0)
    assert evm.head == first
    assert evm.executed(first).block.state_root != evm.executed(second).block.state_root
    # Whoever executes the same has the same block.
    block = evm.executed(first).block
    again = evm.execute(fork, [], block.timestamp, block.mix, block.coinbase)
    assert again.block.hash != first
    raw = [transaction.encode() for transaction in evm.executed(first).transactions]
    other = EmbeddedEvm(CHAIN_ID, {account.address: ETHER})
    for each in (evm.executed(fork), evm.executed(first)):
        done = other.execute(
            other.head, [transaction.encode() for transaction in each.transactions],
            each.block.timestamp, each.block.mix, each.block.coinbase)
        other.head = done.block.hash
    assert other.head == first and raw
    with pytest.raises(ProofmillError, match="unknown"):
        evm.execute(bytes(keccak(b"")), [], 1, bytes(32))
    with pytest.raises(ProofmillError, match="is not after its parent's"):
        evm.execute(first, [], block.timestamp, bytes(32))


def test_what_is_no_node() -> None:
    with pytest.raises(ProofmillError, match="is not the address of a node"):
        JsonRpcEvm("ftp://example")
    with pytest.raises(ProofmillError, match="does not answer eth_chainId"):
        JsonRpcEvm("http://127.0.0.1:9")
    for key in (bytes(32), b"\x01" * 31, b"\x01" * 33, b"\xff" * 32):
        with pytest.raises(ProofmillError, match="32 bytes"):
            Account(EmbeddedEvm(CHAIN_ID, {}), key)


def test_an_address_is_what_others_make_of_the_key() -> None:
    # The first account of every development node, as Anvil and Hardhat print it.
    key = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
    assert address_of(key).hex() == "f39fd6e51aad88f6f4ce6ab8827279cfffb92266"
    for number in range(1, 20):
        key = keccak(b"key %d" % number)
        assert address_of(key) == bytes.fromhex(Signer.from_key(key).address[2:])
