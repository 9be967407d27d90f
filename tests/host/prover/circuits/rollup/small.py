"""A small ledger, its keys, and batches for it, honest or not."""

from collections.abc import Mapping

from proofmill.host.prover.circuits.eddsa import public_key
from proofmill.host.prover.circuits.rollup.batch import Batch
from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit
from proofmill.host.prover.circuits.rollup.inputs import rollup_inputs
from proofmill.host.prover.circuits.rollup.ledger import Account, Ledger
from proofmill.host.prover.circuits.rollup.requests import Request
from proofmill.host.prover.circuits.rollup.size import RollupSize
from proofmill.host.prover.circuits.rollup.transfer import Exit, SignedTransfer, Transfer
from proofmill.host.prover.circuits.statement import PublicInputs, Statement

SIZE = RollupSize(depth=2, transfers=2)
CHAIN = 31_337
KEYS = [bytes([number + 1] * 32) for number in range(3)]
STATEMENT = Statement(CHAIN, 9, 4, bytes(20))


def opening_ledger() -> Ledger:
    return Ledger(SIZE, {number: Account(public_key(key), 100 * (number + 1), number)
                         for number, key in enumerate(KEYS)})


def signed(ledger: Ledger, sender: int, receiver: int, amount: int, fee: int = 0,
           nonce: int | None = None, chain_id: int = CHAIN) -> SignedTransfer:
    of = ledger.accounts[sender].nonce if nonce is None else nonce
    return Transfer(sender, receiver, amount, fee).signed(KEYS[sender], chain_id, of)


def left(ledger: Ledger, sender: int, address: bytes, amount: int, fee: int = 0,
         chain_id: int = CHAIN) -> SignedTransfer:
    """A signed exit."""
    return Exit(sender, address, amount, fee).signed(
        KEYS[sender], chain_id, ledger.accounts[sender].nonce)


def batch(*transfers: SignedTransfer, collector: int = 2,
          requests: tuple[Request, ...] = ()) -> Batch:
    return Batch(SIZE, CHAIN, collector, transfers, requests)


def forced(ledger: Ledger, made: Batch) -> Ledger:
    """The ledger after a batch that nobody looked at."""
    for request in made.requests:
        ledger = ledger.requested(request)
    for each in made.transfers:
        ledger = ledger.transferred(each)
    return ledger.credited(made.collector, made.fees)


def inputs_of(ledger: Ledger, made: Batch) -> dict[str, int]:
    return rollup_inputs(ledger, made, PublicInputs(
        ledger.root, forced(ledger, made).root, made.commitment, STATEMENT.prover_tag))


def accepted(circuit: RollupCircuit, inputs: Mapping[str, int]) -> bool:
    return circuit.system.check(circuit.system.witness(inputs)) is None
