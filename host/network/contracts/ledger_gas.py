"""What the ledger's contract costs: every entry point called once on the embedded machine."""

from collections.abc import Iterator, Sequence

from eth_hash.auto import keccak

from proofmill.host.ground.units import ETHER
from proofmill.host.network.contracts.compiler import compile_source
from proofmill.host.network.contracts.exits import ExitTree
from proofmill.host.network.contracts.gas import Cost
from proofmill.host.network.contracts.ledger import (
    UNIT,
    Queued,
    Terms,
    deploy_ledger,
    prove_arguments,
    taken_in_turn,
)
from proofmill.host.network.contracts.verifier import verifier_artifact
from proofmill.host.network.evm.account import Account, address_of
from proofmill.host.network.evm.client import Receipt
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.prover.circuits.eddsa import public_key
from proofmill.host.prover.circuits.rollup.batch import Batch
from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit
from proofmill.host.prover.circuits.rollup.ledger import Ledger
from proofmill.host.prover.circuits.rollup.requests import Credit, ForcedExit, Open
from proofmill.host.prover.circuits.rollup.size import MAXIMUM_TRANSFERS, RollupSize
from proofmill.host.prover.circuits.rollup.transfer import Exit, Signable, Transfer
from proofmill.host.prover.circuits.statement import Statement
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.setup import development_setup

CHAIN_ID = 1337
PROVEN = RollupSize(depth=2, transfers=2)
"""The size whose batches are really proven: gas depends on the places, not on the depth."""
LARGE = RollupSize(depth=20, transfers=MAXIMUM_TRANSFERS)
COIN, FEE = 10**9, 20_000
"""Units of a usual transfer and fee: four bytes, and two."""
TAKES_ALL = """# pragma version ^0.4.0
@external
@view
def verify(proof: uint256[8], signals: uint256[4]) -> bool:
    return True
"""
"""A verifier that is quick; what a real one uses is a line of its own."""
_KEY = bytes(keccak(b"gas of the ledger's contract"))
_STATEMENT = Statement(CHAIN_ID, 1, 0, bytes(20))


class _Player:
    """A contract with two accounts of one owner, and the ledger beside it."""

    def __init__(self, evm: EmbeddedEvm, account: Account, verifier: bytes, size: RollupSize,
                 prover: Prover | None = None) -> None:
        self.evm, self.account, self.size = evm, account, size
        self.terms = Terms()
        self.contract = deploy_ledger(account, evm, verifier, size, CHAIN_ID, self.terms)
        self.ledger = Ledger(size, {})
        self._circuit = None if prover is None else RollupCircuit(size)
        self._prover = prover

    def open(self) -> Receipt:
        """The next account; the key of all of them is the same."""
        return self.send("open", *public_key(_KEY), self.account.address, value=ETHER * 1_000)

    def send(self, function: str, *arguments: object, value: int = 0) -> Receipt:
        """A call; `RevertedError` where it is refused."""
        return self.contract.send(self.account, function, *arguments, value=value)

    def prove(self, requests: Sequence[Queued], operations: Sequence[Signable]
              ) -> tuple[Receipt, Batch]:
        """The next batch."""
        taken, state = taken_in_turn(self.ledger, requests)
        signed = []
        for each in operations:
            signed.append(each.signed(_KEY, CHAIN_ID, state.accounts[each.sender].nonce))
            state = state.carried_out(each)
        batch = Batch(self.size, CHAIN_ID, 0, tuple(signed),
                      tuple(each.request for each in taken))
        proof = [0] * 8
        if self._prover is not None and self._circuit is not None:
            proof = self._prover.prove(
                self._circuit.witness(self.ledger, batch, _STATEMENT)).proof.numbers
        self.ledger = self.ledger.apply(batch)
        return self.send("prove", *prove_arguments(
            batch, taken, self.ledger.root, _STATEMENT.prover_tag, proof)), batch

    def wait(self, seconds: int) -> None:
        """The next block comes so much later."""
        self.evm.next_block(self.evm.block().timestamp + seconds)


def measure_ledger() -> Iterator[Cost]:
    """The gas of every entry point, with a real proof of a small batch; half a minute."""
    evm = EmbeddedEvm(CHAIN_ID, {address_of(_KEY): 10**6 * ETHER}, 1_000)
    account = Account(evm, _KEY)
    yield from _proven(evm, account)
    stub = Contract.deploy(account, evm, compile_source("takes all", TAKES_ALL))
    start = evm.block().number
    player = _Player(evm, account, stub.address, LARGE)
    for number, what in enumerate(("Poseidon of 2", "Poseidon of 4", "the ledger, 64 places")):
        yield Cost(f"ledger: create {what}", evm.block(start + 1 + number).gas_used)
    yield Cost("ledger: open the first account", player.open().gas_used)
    yield Cost("ledger: open another account", player.open().gas_used)
    yield Cost("ledger: credit an account", player.send("credit", 1, value=COIN * UNIT).gas_used)
    yield Cost("ledger: force an exit", player.send("force", 1).gas_used)
    who, key = account.address, public_key(_KEY)
    receipt, _ = player.prove((
        Queued(Open(0, 1_000 * COIN, key), who), Queued(Open(1, 1_000 * COIN, key), who),
        Queued(Credit(1, COIN), who), Queued(ForcedExit(1, 0, who), who)), ())
    yield Cost("ledger: prove 4 requests, without verification", receipt.gas_used)
    receipt, _ = player.prove((), [Transfer(0, 1, COIN, FEE)] * LARGE.transfers)
    yield Cost("ledger: prove 64 transfers, without verification", receipt.gas_used)
    receipt, batch = player.prove((), [Exit(0, who, COIN, FEE)] * LARGE.transfers)
    yield Cost("ledger: prove 64 exits, without verification", receipt.gas_used)
    tree = ExitTree.of(batch)
    yield Cost("ledger: withdraw, a branch of 6", player.send(
        "withdraw", 2, 5, who, COIN, tree.branch(5)).gas_used)
    player.send("credit", 1, value=COIN * UNIT)
    waiting = Queued(Credit(1, COIN), who)
    player.wait(player.terms.stop + 2)
    yield Cost("ledger: freeze", player.send("freeze").gas_used)
    rich = player.ledger.accounts[0]
    yield Cost("ledger: escape, a branch of 20", player.send(
        "escape", 0, *rich.key, rich.balance, rich.nonce,
        list(player.ledger.tree.path(0))).gas_used)
    yield Cost("ledger: reclaim a deposit", player.send("reclaim", 4, waiting.fields).gas_used)


def _proven(evm: EmbeddedEvm, account: Account) -> Iterator[Cost]:
    """A batch that is really proven."""
    circuit = RollupCircuit(PROVEN)
    prover = Prover(development_setup(circuit.r1cs, seed=b"gas"), CpuDevice())
    verifier = Contract.deploy(account, evm, verifier_artifact(prover.key.verification_key))
    player = _Player(evm, account, verifier.address, PROVEN, prover)
    player.open()
    player.open()
    opened = [Queued(Open(number, 1_000 * COIN, public_key(_KEY)), account.address)
              for number in range(2)]
    player.prove(opened, ())
    receipt, _ = player.prove((), [Transfer(0, 1, COIN, FEE)] * 2)
    yield Cost("ledger: prove 2 transfers, with verification", receipt.gas_used)
