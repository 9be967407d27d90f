"""The circuit of a batch: signed transfers take a ledger of accounts from one root to the next.

Public inputs, in this order: ``old_root, new_root, batch_commitment, prover_tag``, as
`host.prover.circuits.block` has them. A proof states:

    There is a batch with this commitment. Each of its transfers is signed, for this chain and with
    the next nonce, by the key of the account that it takes from, which covers it; all were carried
    out in their order, the fees went to the collector, every other account is as it was, and the
    root is then `new_root`.

Why that is enough:

* An account is its leaf, ``poseidon((x, y, balance, nonce))``, opened by a path of bits and
  siblings. The new leaf goes up the same path, so nothing else changes (as far as Poseidon has no
  collisions). Key and place of an account are carried over, never chosen.
* The signature is of a hash over domain, chain, all that is packed in the commitment's word, and
  the nonce in the leaf, which grows by one: it fits one chain, one transfer, once.
* Amount, fee and what is left of the sender's balance are below 2^64, 2^32 and 2^64, so nobody
  spends what he has not. What is taken is what is given. The sum of all balances stays what it was,
  below 2^64 by the first ledger, so that what is received needs no check.
* A place that is not used has a word of 0, and `used` is 0 there: the roots it reaches are not
  taken over. Its wires belong to a transfer that might have been, under any key. `used` is 1 where
  the amount is not 0, so no transfer is without a word.
* Receiver and collector exist: an empty place has the leaf 0, of which no preimage is known.

The chain's id is part of the commitment, which whoever verifies computes from the payload and from
the chain it is on. The prover's tag is bound as in `host.prover.circuits.block`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.baby_jubjub import Point
from proofmill.host.prover.circuits.block import PublicInputs
from proofmill.host.prover.circuits.constraints import (
    MODULUS,
    ONE,
    ConstraintSystem,
    LinearCombination,
    as_combination,
)
from proofmill.host.prover.circuits.eddsa import Signature, public_key, sign
from proofmill.host.prover.circuits.eddsa_gadget import assert_signature
from proofmill.host.prover.circuits.edwards_gadget import EdwardsWires
from proofmill.host.prover.circuits.merkle import path_gadget
from proofmill.host.prover.circuits.poseidon import MAXIMUM_INPUTS
from proofmill.host.prover.circuits.poseidon_gadget import poseidon_gadget
from proofmill.host.prover.circuits.range_check import from_bits, range_check
from proofmill.host.prover.circuits.rollup.batch import BATCH_DOMAIN, Batch
from proofmill.host.prover.circuits.rollup.ledger import Account, Ledger
from proofmill.host.prover.circuits.rollup.size import (
    BALANCE_BITS,
    FEE_BITS,
    INDEX_BITS,
    RollupSize,
)
from proofmill.host.prover.circuits.rollup.transfer import (
    MESSAGE_DOMAIN,
    TRANSFER_BYTES,
)
from proofmill.host.prover.circuits.rollup.tree import SparseTree
from proofmill.host.prover.circuits.statement import Statement
from proofmill.host.prover.curve.limbs import Limbs, to_limbs
from proofmill.host.prover.groth16.r1cs import R1cs

_NOBODY = bytes(32)
"""The private key, known to all, of what fills a place that is not used."""


@dataclass(frozen=True)
class _Opened:
    """An account's wires: where it is, and what."""

    place: list[LinearCombination]
    siblings: list[LinearCombination]
    key: EdwardsWires
    balance: LinearCombination
    nonce: LinearCombination


class RollupCircuit:
    """The circuit for batches of one size. Compiling takes some seconds a transfer: keep it."""

    def __init__(self, size: RollupSize) -> None:
        self.size = size
        self.system = ConstraintSystem()
        self._compile()

    @cached_property
    def r1cs(self) -> R1cs:
        """The constraints as matrices, for the key and the prover."""
        return self.system.to_r1cs(
            f"rollup circuit (depth {self.size.depth}, {self.size.transfers} transfers)")

    def public_inputs(self, old_root: int, new_root: int, batch: Batch,
                      statement: Statement) -> PublicInputs:
        """What a proof for this batch has to verify against; `ProofmillError` for another size, or
        a statement about another chain."""
        if batch.size != self.size:
            raise ProofmillError(f"the batch is for {batch.size}, the circuit for {self.size}")
        if batch.chain_id != statement.chain_id:
            raise ProofmillError(f"the batch is for chain {batch.chain_id}, the statement for "
                                 f"chain {statement.chain_id}")
        return PublicInputs(old_root, new_root, batch.commitment, statement.prover_tag)

    def witness(self, ledger: Ledger, batch: Batch, statement: Statement) -> Limbs:
        """The value of every wire, shape (wires, 4), the public inputs being wires 1 to 4.

        `ledger` is the one before the batch. Raises `ProofmillError` where it cannot apply it.
        """
        public = self.public_inputs(ledger.root, ledger.apply(batch).root, batch, statement)
        return to_limbs(self.system.witness(rollup_inputs(ledger, batch, public)))

    def _compile(self) -> None:
        system, size = self.system, self.size
        old_root, new_root, batch_commitment, prover_tag = (
            system.public_input(name) for name in PublicInputs._fields)
        chain_id = system.private_input("chain id")
        opened = [(_open(system, size.depth, f"{number}: sender"),
                   _open(system, size.depth, f"{number}: receiver"))
                  for number in range(size.transfers)]
        amounts, fees, signatures = [], [], []
        for number in range(size.transfers):
            amounts.append(system.private_input(f"{number}: amount"))
            fees.append(system.private_input(f"{number}: fee"))
            signatures.append([system.private_input(f"{number}: {name}")
                               for name in ("R.x", "R.y", "S", "message")])
        collector = _open(system, size.depth, "collector")

        system.multiply(prover_tag, prover_tag, "prover tag, squared")
        root, words, total_fee = old_root, [], LinearCombination()
        used_before: LinearCombination = ONE
        for number, (sender, receiver) in enumerate(opened):
            label = f"transfer {number}"
            used = _is_not_zero(system, amounts[number], f"{label}: used")
            system.assert_product(1 - used_before, used, LinearCombination(),
                                  f"{label}: only behind others")
            used_before = used
            word = _word(system, sender, receiver, amounts[number], fees[number], label)
            system.assert_product(1 - used, word, LinearCombination(), f"{label}: not used, 0")
            words.append(word)
            _signed(system, sender, word, chain_id, used, signatures[number], label)
            after = _carry_out(system, root, sender, receiver, amounts[number], fees[number], used,
                               label)
            root += system.multiply(after - root, used, f"{label}: root")
            total_fee += fees[number]
        _places(system, collector, "collector")
        before = path_gadget(system, _leaf(system, collector, "collector before"), collector.place,
                             collector.siblings, "collector before")
        system.assert_equal(before, root, "collector before: root")
        paid = _leaf(system, collector, "collector after", balance=collector.balance + total_fee)
        path_gadget(system, paid, collector.place, collector.siblings, "collector after", new_root)
        _commit(system, chain_id, from_bits(collector.place), words, batch_commitment)


def rollup_inputs(ledger: Ledger, batch: Batch, public: PublicInputs) -> dict[str, int]:
    """The circuit's inputs by name; checks nothing."""
    inputs = public._asdict() | {"chain id": batch.chain_id}
    for number in range(ledger.size.transfers):
        if number < len(batch.transfers):
            signed = batch.transfers[number]
            transfer = signed.transfer
            sender = ledger.accounts[transfer.sender]
            inputs |= _opening(f"{number}: sender", transfer.sender, sender, ledger.tree)
            message = transfer.message(batch.chain_id, sender.nonce)
            between = ledger.with_account(transfer.sender, Account(
                sender.key, sender.balance - transfer.amount - transfer.fee, sender.nonce + 1))
            receiver = between.accounts[transfer.receiver]
            inputs |= _opening(f"{number}: receiver", transfer.receiver, receiver, between.tree)
            ledger = ledger.transferred(signed)
            inputs |= {f"{number}: amount": transfer.amount, f"{number}: fee": transfer.fee}
            inputs |= _signature(number, signed.signature, message)
        else:
            inputs |= _unused(number, ledger.size)
    collector = ledger.accounts[batch.collector]
    return inputs | _opening("collector", batch.collector, collector, ledger.tree)


def _unused(number: int, size: RollupSize) -> dict[str, int]:
    """A place that is not used: a signature of 0 by a key known to all, on an empty tree."""
    nobody, empty = Account(public_key(_NOBODY)), SparseTree(size.depth)
    return {**_opening(f"{number}: sender", 0, nobody, empty),
            **_opening(f"{number}: receiver", 0, nobody, empty),
            f"{number}: amount": 0, f"{number}: fee": 0,
            **_signature(number, sign(_NOBODY, 0), 0)}


def _signature(number: int, signature: Signature, message: int) -> dict[str, int]:
    point: Point = signature.nonce_point
    return {f"{number}: R.x": point.x, f"{number}: R.y": point.y, f"{number}: S": signature.scalar,
            f"{number}: message": message}


def _opening(name: str, place: int, account: Account, tree: SparseTree) -> dict[str, int]:
    inputs = {f"{name}, x": account.key.x, f"{name}, y": account.key.y,
              f"{name}, balance": account.balance, f"{name}, nonce": account.nonce}
    for level, sibling in enumerate(tree.path(place)):
        inputs[f"{name}, bit {level}"] = place >> level & 1
        inputs[f"{name}, sibling {level}"] = sibling
    return inputs


def _open(system: ConstraintSystem, depth: int, name: str) -> _Opened:
    x, y, balance, nonce = (system.private_input(f"{name}, {part}")
                            for part in ("x", "y", "balance", "nonce"))
    place = [system.private_input(f"{name}, bit {level}") for level in range(depth)]
    siblings = [system.private_input(f"{name}, sibling {level}") for level in range(depth)]
    return _Opened(place, siblings, EdwardsWires(x, y), balance, nonce)


def _places(system: ConstraintSystem, opened: _Opened, label: str) -> None:
    for level, bit in enumerate(opened.place):
        system.assert_boolean(bit, f"{label}: place, bit {level} is 0 or 1")


def _leaf(system: ConstraintSystem, opened: _Opened, label: str,
          balance: LinearCombination | None = None,
          nonce: LinearCombination | None = None) -> LinearCombination:
    """The account's leaf, with another balance or nonce where one is given."""
    return poseidon_gadget(
        system, (*opened.key, opened.balance if balance is None else balance,
                 opened.nonce if nonce is None else nonce), f"{label}: leaf")


def _is_not_zero(system: ConstraintSystem, value: LinearCombination,
                 label: str) -> LinearCombination:
    """1 where `value` is not 0, else 0: 2 constraints."""
    flag, inverse = system.internal(label), system.internal(f"{label}: inverse")
    system.hint(lambda values: (int(values[0] != 0),
                                pow(values[0], -1, MODULUS) if values[0] else 0),
                (value,), (flag, inverse))
    system.assert_product(value, inverse, flag, f"{label}: 0 where it is 0")
    system.assert_product(value, 1 - flag, LinearCombination(), f"{label}: 1 where it is not")
    return flag


def _word(system: ConstraintSystem, sender: _Opened, receiver: _Opened,
          amount: LinearCombination, fee: LinearCombination, label: str) -> LinearCombination:
    """`Transfer.packed`, of parts that keep to their bits."""
    _places(system, sender, f"{label}: sender")
    _places(system, receiver, f"{label}: receiver")
    range_check(system, amount, BALANCE_BITS, f"{label}: amount")
    range_check(system, fee, FEE_BITS, f"{label}: fee")
    return (from_bits(sender.place) + from_bits(receiver.place) * (1 << INDEX_BITS)
            + amount * (1 << 2 * INDEX_BITS) + fee * (1 << 2 * INDEX_BITS + BALANCE_BITS))


def _signed(system: ConstraintSystem, sender: _Opened, word: LinearCombination,
            chain_id: LinearCombination, used: LinearCombination,
            signature: Sequence[LinearCombination], label: str) -> None:
    """The sender's key has signed this transfer; an unused place may have signed something else."""
    x, y, scalar, message = signature
    wanted = poseidon_gadget(
        system, (as_combination(MESSAGE_DOMAIN), chain_id,
                 word + sender.nonce * (1 << 8 * TRANSFER_BYTES)), f"{label}: message")
    system.assert_product(used, message - wanted, LinearCombination(), f"{label}: message, if used")
    assert_signature(system, sender.key, message, EdwardsWires(x, y), scalar,
                     f"{label}: signature")


def _carry_out(system: ConstraintSystem, root: LinearCombination, sender: _Opened,
               receiver: _Opened, amount: LinearCombination, fee: LinearCombination,
               used: LinearCombination, label: str) -> LinearCombination:
    """The root after the transfer: four paths."""
    def up(opened: _Opened, leaf: LinearCombination, name: str) -> LinearCombination:
        return path_gadget(system, leaf, opened.place, opened.siblings, f"{label}: {name}")

    left = sender.balance - amount - fee
    range_check(system, left, BALANCE_BITS, f"{label}: what the sender has left")
    found = up(sender, _leaf(system, sender, f"{label}: sender before"), "sender before")
    system.assert_product(used, found - root, LinearCombination(), f"{label}: sender's root")
    between = up(sender, _leaf(system, sender, f"{label}: sender after", left, sender.nonce + 1),
                 "sender after")
    found = up(receiver, _leaf(system, receiver, f"{label}: receiver before"), "receiver before")
    system.assert_product(used, found - between, LinearCombination(), f"{label}: receiver's root")
    return up(receiver, _leaf(system, receiver, f"{label}: receiver after",
                              receiver.balance + amount), "receiver after")


def _commit(system: ConstraintSystem, chain_id: LinearCombination, collector: LinearCombination,
            words: Sequence[LinearCombination], result: LinearCombination) -> None:
    """`Batch.commitment`."""
    total = poseidon_gadget(system, (as_combination(BATCH_DOMAIN), chain_id, collector),
                            "commitment: chain and collector")
    each = MAXIMUM_INPUTS - 1
    for start in range(0, len(words), each):
        last = start + each >= len(words)
        total = poseidon_gadget(system, (total, *words[start:start + each]),
                                f"commitment: words from {start}", result if last else None)
