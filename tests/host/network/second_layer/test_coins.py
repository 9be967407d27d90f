"""The contract with the ledger's coins on the consensus chain: requests in, proofs, and out."""

import re
from dataclasses import replace
from typing import Any

import pytest

from proofmill.host.network.consensus.block_proofs import block_verifier
from proofmill.host.network.consensus.chain import EmbeddedChain
from proofmill.host.network.contracts.ledger import UNIT, Queued
from proofmill.host.network.contracts.ledger_rebuild import rebuild
from proofmill.host.network.evm.account import Account
from proofmill.host.network.mechanism.invariants import BrokenInvariant
from proofmill.host.network.pool import NotTaken
from proofmill.host.network.second_layer.coins import Coins, Unproven
from proofmill.host.network.second_layer.engines import EvmEngines
from proofmill.host.network.transfers.keystore import chain_key
from proofmill.host.network.transfers.opening import development_key
from proofmill.host.network.transfers.waiting import Waiting
from proofmill.host.prover.circuits.eddsa import public_key
from proofmill.host.prover.circuits.rollup.batch import Batch
from proofmill.host.prover.circuits.rollup.ledger import Account as LedgerAccount
from proofmill.host.prover.circuits.rollup.requests import Credit, ForcedExit, Open
from proofmill.host.prover.circuits.rollup.size import SMALLEST, RollupSize
from proofmill.host.prover.circuits.rollup.transfer import Exit, Transfer
from proofmill.host.prover.circuits.statement import Statement
from proofmill.host.prover.devices.catalogue import open_device
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import Device
from proofmill.host.prover.groth16.prove import Prover
from tests.host.network.node.killed import CIRCUIT, KEY

SIZE = RollupSize(depth=2, transfers=3)
"""Two accounts that are there, two places for more, and a batch that holds several kinds."""
SEED = 1
STRANGER = b"\x05" * 32
"""The ledger's key of somebody whom the first ledger does not have."""
HOME = b"\x66" * 20


class World:
    """A chain whose users sign nothing, and the accounts of the first ledger's owners.

    Proofs can be made of the smallest size alone, whose key the tests of nodes have, too.
    """

    def __init__(self, size: RollupSize = SMALLEST, device: Device | None = None) -> None:
        self._prover = Prover(KEY, device or CpuDevice())
        key = KEY.verification_key
        self.chain = EmbeddedChain(block_verifier(key), seed=SEED, size=size,
                                   engines=EvmEngines(key))
        self.layer: Any = self.chain.execution_layer
        self.owners = [Account(self.layer.evm, chain_key(development_key(SEED, number)))
                       for number in range(2)]

    @property
    def coins(self) -> Coins:
        found: Coins = self.layer.coins(self.layer.evm.head)
        return found

    @property
    def batch(self) -> Batch:
        found: Batch = self.layer.batch(self.layer.evm.head)
        return found

    def send(self, number: int, function: str, *arguments: object, units: int = 0) -> None:
        self.owners[number].hand_in(self.layer.bank.address, self.layer.bank.encode(
            function, *arguments), units * UNIT, 3_000_000)

    def sign(self, transfer: Any, number: int) -> None:
        nonce = self.layer.transfers.next_nonce(number)
        self.layer.transfers.add(Waiting(nonce, transfer.signed(
            development_key(SEED, number), self.chain.chain_id, nonce)).raw)

    def advance(self, **how: Any) -> None:
        self.chain.advance(users=False, **how)
        self.layer.check_coins()

    def proof(self, block: Unproven) -> tuple[object, ...]:
        """The arguments of ``prove`` for a batch, with a real proof of nobody's."""
        statement = Statement(self.chain.chain_id, block.slot, 0, HOME)
        witness = CIRCUIT.witness(block.before, block.batch, statement)
        return block.arguments(statement.prover_tag, self._prover.prove(witness).proof.numbers)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def still() -> World:
    """One on which no block is made."""
    return World()


@pytest.mark.parametrize("device", ["cpu", pytest.param("rtl", marks=pytest.mark.slow)])
def test_coins_come_in_and_go_out(device: str) -> None:
    """A transfer, a deposit, a forced exit and an exit: each in a block, proven, and paid out."""
    opened = open_device(device)
    try:
        coins_go_round(World(SMALLEST, opened))
    finally:
        opened.close()


def coins_go_round(world: World) -> None:
    bank, head = world.layer.bank, world.layer.ledger(world.layer.evm.head)
    assert bank.call("root") == head.root and bank.call("accounts") == len(head.accounts) == 2
    world.sign(Transfer(0, 1, 30), 0)
    world.advance()                                     # the transfer, since nothing is queued
    assert len(world.batch.transfers) == 1
    world.send(0, "credit", 0, units=40)
    world.send(0, "force", 0)
    world.advance()                                     # a block has the requests
    assert [type(each.request) for each in world.coins.waiting] == [Credit, ForcedExit]
    world.sign(Exit(1, HOME, 5), 1)
    left = head.accounts[0].balance - 30 + 40
    for request in (Credit(0, 40), ForcedExit(0, left, world.owners[0].address)):
        world.advance()                                 # and now a batch each of them
        assert world.batch.requests == (request,) and not world.batch.transfers
    world.advance()
    ledger = world.layer.ledger(world.layer.evm.head)
    assert len(world.batch.transfers) == 1 and ledger.accounts[0].balance == 0
    assert [each.slot for each in world.coins.unproven] == [1, 3, 4, 5]
    assert bank.call("batches") == 0
    for block in world.coins.unproven:
        world.send(0, "prove", *world.proof(block))
    world.advance()
    assert not world.coins.unproven and world.coins.proven_slot == 5
    assert bank.call("root") == ledger.root and bank.call("in_tree") == ledger.supply
    wanted = {key: (each.leaving.receiver, each.leaving.amount)
              for key, each in world.coins.payable.items()}
    assert wanted == {(2, 0): (world.owners[0].address, left), (3, 0): (HOME, 5)}
    for each in world.coins.payable.values():
        world.send(1, "withdraw", each.batch, each.place, each.leaving.receiver,
                   each.leaving.amount, each.branch)
    world.advance()
    assert world.layer.evm.balance(HOME) == 5 * UNIT and not world.coins.payable
    assert world.layer.evm.balance(bank.address) == ledger.supply * UNIT
    rebuilt = rebuild(world.layer.evm, bank.address)
    assert rebuilt.ledger.root == ledger.root and not rebuilt.unpaid


def test_requests_come_first_and_open_accounts() -> None:
    world = World(SIZE)
    owner = world.owners[0].address
    world.send(0, "open", *public_key(STRANGER), owner, units=500)
    world.send(0, "credit", 2, units=40)                # of an account that is not there yet
    world.send(0, "force", 0)
    world.send(0, "force", 2)
    world.advance()
    for receiver in (1, 0):
        world.sign(Transfer(1, receiver, 5), 1)
    left = world.layer.ledger(world.layer.evm.head).accounts[0].balance
    world.advance()
    assert world.batch.requests == (Open(2, 500, public_key(STRANGER)), Credit(2, 40),
                                    ForcedExit(0, left, owner))
    assert not world.batch.transfers
    ledger = world.layer.ledger(world.layer.evm.head)
    assert ledger.accounts[2] == LedgerAccount(public_key(STRANGER), 540)
    world.advance()
    assert world.batch.requests == (ForcedExit(2, 540, owner),)
    assert len(world.batch.transfers) == 2
    with pytest.raises(Exception, match="only its owner empties an account"):
        world.layer.bank.call("force", 2, sender=world.owners[1].address)


def test_a_batch_of_no_block_is_refused(world: World) -> None:
    """Whoever has a valid proof of a batch that the chain has not cannot lead the coins away."""
    head = world.layer.ledger(world.layer.evm.head)
    exit = Exit(1, HOME, 30).signed(development_key(SEED, 1), world.chain.chain_id, 0)
    batch = Batch(SMALLEST, world.chain.chain_id, 0, (exit,))
    mine = Unproven(1, head, head.apply(batch), batch, ())
    world.send(0, "prove", *world.proof(mine))
    world.advance()
    sent = world.layer.evm.executed(world.layer.evm.head).receipts[-1]
    assert not sent.succeeded and world.layer.bank.call("batches") == 0
    with pytest.raises(Exception, match="no block of the chain has this batch"):
        world.layer.bank.call("prove", *world.proof(mine))


def test_a_branch_that_is_left_leaves_its_requests(world: World) -> None:
    """What was queued before the branches part is taken on both, in order; what was queued on the
    one that lost is queued again by its transaction, after it."""
    world.send(0, "credit", 0, units=3)
    world.advance()
    fork = bytes(world.chain.head.root)
    world.send(1, "credit", 1, units=4)
    world.advance(attesting=False)
    lost = world.layer.evm.head
    assert world.batch.requests == (Credit(0, 3),)
    world.chain.advance(parent=fork, users=False)
    world.advance()
    assert world.layer.evm.head != lost
    taken = [world.layer.batch(each).requests for each in branch(world)]
    assert [request for batch in taken for request in batch] == [Credit(0, 3), Credit(1, 4)]
    assert world.layer.coins(lost).waiting[0].request == Credit(1, 4)
    world.layer.check_coins()


def branch(world: World) -> list[bytes]:
    """The payloads of the head's branch, the first one first."""
    found: list[bytes] = []
    at = world.layer.evm.head
    while at != world.layer.genesis_hash:
        found.insert(0, at)
        at = world.layer.evm.executed(at).block.parent_hash
    return found


def test_who_passes_by_a_request_makes_no_block(
        monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(SIZE)
    for units in (3, 4, 5, 6):
        world.send(0, "credit", 0, units=units)
    world.advance()
    build = world.layer.transfers.batch
    for taken, said in (
            (lambda requests: requests[:1], "takes 1 of the 4 requests .* it has to take 3"),
            (lambda requests: requests[::-1], "request 0 is not what is queued next"),
            (lambda requests: [replace(requests[0], amount=9)], "request 0 is not")):
        monkeypatch.setattr(world.layer.transfers, "batch", lambda ledger, collector, requests: (
            build(ledger, collector, taken(requests))))    # noqa: B023
        slot = world.chain.slot
        with pytest.raises(AssertionError):
            world.advance()
        assert re.search(said, world.layer.refusal)
        assert world.chain.slot == slot + 1     # it passed without a block


def test_the_end_of_the_ledger(still: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """After it no batch holds anything, and the pool says why it takes nothing."""
    waiting = Queued(Credit(0, 3), HOME)
    ended = Coins(waiting=(waiting,), ended=True)
    assert ended.next_requests(still.layer.ledger(still.layer.evm.head), 2) == ()
    ended.require_all_taken(Batch(SIZE, 1, 0))
    exit = Exit(0, HOME, 1).signed(development_key(SEED, 0), 1, 0)
    with pytest.raises(Exception, match="the ledger has ended"):
        ended.require_all_taken(Batch(SIZE, 1, 0, (exit,)))
    monkeypatch.setattr(still.layer.transfers, "_ended", lambda: True)
    with pytest.raises(NotTaken, match="the ledger has ended: nobody has proven"):
        still.sign(Exit(0, HOME, 1), 0)


def test_coins_that_are_missing_end_the_run(
        still: World, monkeypatch: pytest.MonkeyPatch) -> None:
    bank, head = still.layer.bank, still.layer.ledger(still.layer.evm.head)
    held = still.layer.evm.balance(bank.address)
    assert held == head.supply * UNIT
    with pytest.raises(BrokenInvariant, match="9: Ledger.root is "):
        Coins().check(bank, head.credited(0, 1))
    with pytest.raises(BrokenInvariant, match="Ledger.waiting is 0, the chain's blocks say 3"):
        Coins(waiting=(Queued(Credit(0, 3), HOME),)).check(bank, head)
    monkeypatch.setattr(still.layer.evm, "balance", lambda address: held + 1)
    still.layer.check_coins()     # somebody has sent a wei past the contract's functions
    monkeypatch.setattr(still.layer.evm, "balance", lambda address: held - 1)
    with pytest.raises(BrokenInvariant, match=f"holds {held - 1} wei, and owes {held} to its tree"):
        still.layer.check_coins()
