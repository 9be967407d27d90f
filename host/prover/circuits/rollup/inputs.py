"""The circuit's inputs, from a ledger and a batch."""

from functools import cache

from proofmill.host.prover.circuits.eddsa import Signature, public_key, sign
from proofmill.host.prover.circuits.rollup.batch import Batch
from proofmill.host.prover.circuits.rollup.kinds import Kind, Words
from proofmill.host.prover.circuits.rollup.ledger import Account, Ledger
from proofmill.host.prover.circuits.rollup.place import KINDS, SIGNATURE
from proofmill.host.prover.circuits.rollup.requests import Credit, ForcedExit, Open, Request
from proofmill.host.prover.circuits.rollup.transfer import SignedTransfer, Transfer
from proofmill.host.prover.circuits.rollup.tree import SparseTree
from proofmill.host.prover.circuits.statement import PublicInputs

_NOBODY_KEY = bytes(32)
"""The private key, known to all, of what fills a side that is not wanted."""
_NO_WORDS: Words = (0, 0, 0)


def rollup_inputs(ledger: Ledger, batch: Batch, public: PublicInputs) -> dict[str, int]:
    """The circuit's inputs by name; checks nothing."""
    size = ledger.size
    inputs = public._asdict() | {"chain id": batch.chain_id, "challenge": batch.challenge}
    for number in range(size.transfers):
        names = f"{number}: "
        inputs |= {f"{names}{name}": value for name, value in _nobody(size.depth).items()}
        if number < len(batch.requests):
            request = batch.requests[number]
            inputs |= _request(names, ledger, request)
            ledger = ledger.requested(request)
        elif number < len(batch.requests) + len(batch.transfers):
            signed = batch.transfers[number - len(batch.requests)]
            inputs |= _signed(names, ledger, signed, batch.chain_id)
            ledger = ledger.transferred(signed)
    collector = ledger.accounts[batch.collector]
    return inputs | _opening("collector", batch.collector, collector, ledger.tree)


@cache
def _nobody(depth: int) -> dict[str, int]:
    """A place that is not used: a signature of 0 by a key known to all, on an empty tree."""
    account, empty = Account(public_key(_NOBODY_KEY)), SparseTree(depth)
    return {**_opening("sender", 0, account, empty), **_opening("receiver", 0, account, empty),
            **_words("", None, 0, 0, _NO_WORDS),
            **_signature("", account, 0, sign(_NOBODY_KEY, 0))}


def _signed(names: str, ledger: Ledger, signed: SignedTransfer, chain_id: int) -> dict[str, int]:
    """A transfer or an exit."""
    transfer = signed.transfer
    sender = ledger.accounts[transfer.sender]
    inputs = _opening(f"{names}sender", transfer.sender, sender, ledger.tree)
    inputs |= _signature(names, sender, transfer.message(chain_id, sender.nonce), signed.signature)
    if not isinstance(transfer, Transfer):
        return inputs | _words(names, Kind.EXIT, transfer.amount, transfer.fee, transfer.words)
    between = ledger.without(transfer.sender, transfer.amount + transfer.fee, 1)
    receiver = between.accounts[transfer.receiver]
    inputs |= _opening(f"{names}receiver", transfer.receiver, receiver, between.tree)
    return inputs | _words(names, Kind.TRANSFER, transfer.amount, transfer.fee, transfer.words)


def _request(names: str, ledger: Ledger, request: Request) -> dict[str, int]:
    """A request of each kind. Of a deposit, nobody has just the amount, so that nothing is left."""
    match request:
        case ForcedExit(number, amount, _):
            return {**_opening(f"{names}sender", number, ledger.accounts[number], ledger.tree),
                    **_words(names, Kind.FORCED, amount, 0, request.words)}
        case Open(number, amount, key):
            kind, receiver = Kind.OPEN, Account(key)
        case Credit(number, amount):
            kind, receiver = Kind.CREDIT, ledger.accounts[number]
    return {**_opening(f"{names}receiver", number, receiver, ledger.tree),
            f"{names}sender, balance": amount,
            **_words(names, kind, amount, 0, request.words)}


def _words(names: str, kind: Kind | None, amount: int, fee: int, words: Words) -> dict[str, int]:
    return {**{f"{names}{name}": int(each is kind) for each, name in KINDS.items()},
            f"{names}amount": amount, f"{names}fee": fee,
            f"{names}word 1": words[1], f"{names}word 2": words[2]}


def _signature(names: str, signer: Account, message: int, signature: Signature) -> dict[str, int]:
    values = (*signer.key, *signature.nonce_point, signature.scalar, message)
    return {f"{names}{name}": value for name, value in zip(SIGNATURE, values, strict=True)}


def _opening(name: str, place: int, account: Account, tree: SparseTree) -> dict[str, int]:
    inputs = {f"{name}, x": account.key.x, f"{name}, y": account.key.y,
              f"{name}, balance": account.balance, f"{name}, nonce": account.nonce}
    for level, sibling in enumerate(tree.path(place)):
        inputs[f"{name}, bit {level}"] = place >> level & 1
        inputs[f"{name}, sibling {level}"] = sibling
    return inputs
