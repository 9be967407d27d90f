"""The circuit of a block: a batch of transfers takes a ledger from one root to the next.

Public inputs, in this order: ``old_root, new_root, batch_commitment, prover_tag``. A proof states:

    There is a page of balances under `old_root`, and a batch with this commitment, all of whose
    transfers are within that page and covered, each at its turn, by the sender's balance; with the
    page as the batch leaves it and every other page as it was, the root is `new_root`.

Why that is enough for no balance to be negative and nothing minted:

* Of the ledger under `old_root` it is known that balances are in 0..2^64-1 and add up to less than
  2^64: the first ledger is checked in the open (`host.prover.circuits.ledger.Ledger`), and what
  follows shows that a proof hands both properties on to `new_root`. Poseidon has no known
  collisions, so the page is the ledger's.
* Amounts are range-checked, and so is each sender's balance after its transfer. Both the balance
  before and the amount are in 0..2^64-1, so the difference does not wrap around modulo r, and is
  in 0..2^64-1 only if the balance covers the amount.
* What is taken from the sender is what the receiver is given: both are `distribute` of the same
  wire, whose parts add up to it identically. The sum of the balances does not change, and since
  none is negative, none, the receiver's neither, exceeds the sum, which is below 2^64. So the
  receiver needs no range check.
* A place is given by bits, of which every combination is a place: there is no account to be
  invented, none outside of the page. Sender and receiver may be the same: the sender's check is on
  the balance less the amount, then the two changes cancel.
* A batch is packed from the very bits that choose the places; packing is injective (see `Batch`).

The prover's tag is bound by its presence. It is no input of anything else: Groth16 lets nobody
turn a proof for one vector of public inputs into one for another without a new witness, that is,
without doing the work (Baghery, Kohlweiss, Siim and Volkhov, "Another look at extraction and
randomization of Groth's zk-SNARK", https://eprint.iacr.org/2020/811, for keys in which the
polynomials of the public inputs are linearly independent of each other and of all others; the
square here and the rows the setup adds for public inputs see to that). Hashing the tag's four
parts inside the circuit would cost 321 constraints and say no more: they are public, and the
verifier has to compute the tag from them in any case (`host.prover.circuits.statement`), since to
it a tag is but a number.
"""

import logging
from collections.abc import Sequence
from functools import cached_property

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.batch import Batch
from proofmill.host.prover.circuits.block_size import BALANCE_BITS, BlockSize
from proofmill.host.prover.circuits.constraints import (
    ConstraintSystem,
    LinearCombination,
    weighted_sum,
)
from proofmill.host.prover.circuits.ledger import Ledger
from proofmill.host.prover.circuits.merkle import update_gadget
from proofmill.host.prover.circuits.poseidon_gadget import poseidon_cost, poseidon_gadget
from proofmill.host.prover.circuits.range_check import from_bits, range_check
from proofmill.host.prover.circuits.selector import distribute, select
from proofmill.host.prover.circuits.statement import PublicInputs, Statement
from proofmill.host.prover.curve.limbs import Limbs, to_limbs
from proofmill.host.prover.groth16.r1cs import R1cs

log = logging.getLogger(__name__)


def block_cost(size: BlockSize) -> int:
    """Constraints of the circuit::

        2 * poseidon(page) + depth * (2 * (poseidon(2) + 1) + 1)         the ledger's tree
        + transfers * (2 * 64 + 3 * (page - 1) + 2 * log2(page))         the transfers
        + poseidon(words) + 1                                            the batch, the tag

    The default, pages of 8, 4 pages, 4 transfers: 804 + 966 + 620 + 241 = 2,631.
    """
    tree = 2 * poseidon_cost(size.page) + size.depth * (2 * (poseidon_cost(2) + 1) + 1)
    transfer = 2 * BALANCE_BITS + 3 * (size.page - 1) + 2 * size.place_bits
    return tree + size.transfers * transfer + poseidon_cost(size.words) + 1


class BlockCircuit:
    """The circuit for blocks of one size; see the module for what it states and why it is sound.

    Compiling takes 0.1 to 1 s: keep it.
    """

    def __init__(self, size: BlockSize) -> None:
        self.size = size
        self.system = ConstraintSystem()
        self._compile()

    @cached_property
    def r1cs(self) -> R1cs:
        """The constraints as matrices, for the key and the prover."""
        size = self.size
        return self.system.to_r1cs(f"block circuit (pages of {size.page}, depth {size.depth}, "
                                   f"{size.transfers} transfers)")

    def public_inputs(self, old_root: int, new_root: int, batch: Batch,
                      statement: Statement) -> PublicInputs:
        """What a proof for this block has to verify against.

        Raises `ProofmillError` where the batch is for another size.
        """
        if batch.size != self.size:
            raise ProofmillError(f"the batch is for {batch.size}, the circuit for {self.size}")
        return PublicInputs(old_root, new_root, batch.commitment, statement.prover_tag)

    def witness(self, ledger: Ledger, batch: Batch, statement: Statement) -> Limbs:
        """The value of every wire, shape (wires, 4), the public inputs being wires 1 to 4.

        `ledger` is the one before the batch. Raises `ProofmillError` where the ledger cannot apply
        the batch, or either is for another size.
        """
        if ledger.size != self.size:
            raise ProofmillError(f"the ledger is {ledger.size}, the circuit for {self.size}")
        public = self.public_inputs(ledger.root, ledger.apply(batch).root, batch, statement)
        return to_limbs(self.system.witness(block_inputs(ledger, batch, public)))

    def _compile(self) -> None:
        system, size = self.system, self.size
        log.debug("compiling the block circuit: %s", size)
        old_root, new_root, batch_commitment, prover_tag = (
            system.public_input(name) for name in PublicInputs._fields)
        balances = _inputs(system, "balance", size.page)
        siblings = _inputs(system, "sibling", size.depth)
        page_bits = _inputs(system, "page bit", size.depth)
        senders = [_inputs(system, f"transfer {number}: sender bit", size.place_bits)
                   for number in range(size.transfers)]
        receivers = [_inputs(system, f"transfer {number}: receiver bit", size.place_bits)
                     for number in range(size.transfers)]
        amounts = _inputs(system, "amount", size.transfers)

        system.multiply(prover_tag, prover_tag, "prover tag, squared")
        for place, bit in enumerate(page_bits):
            system.assert_boolean(bit, f"page bit {place} is 0 or 1")

        before = balances
        for number, (sender, receiver, amount) in enumerate(
                zip(senders, receivers, amounts, strict=True)):
            balances = _transfer(system, balances, sender, receiver, amount, f"transfer {number}")

        words = _pack(size, page_bits, senders, receivers, amounts)
        poseidon_gadget(system, words, "batch commitment", batch_commitment)

        if size.depth == 0:
            poseidon_gadget(system, before, "page before", old_root)
            poseidon_gadget(system, balances, "page after", new_root)
        else:
            update_gadget(
                system, poseidon_gadget(system, before, "page before"),
                poseidon_gadget(system, balances, "page after"),
                page_bits, siblings, old_root, new_root, "ledger")


def block_inputs(ledger: Ledger, batch: Batch, public: PublicInputs) -> dict[str, int]:
    """The circuit's inputs by name; checks nothing."""
    size = ledger.size
    inputs = public._asdict()
    inputs |= _named("balance", ledger.page(batch.page))
    inputs |= _named("sibling", ledger.tree.path(batch.page))
    inputs |= _named("page bit", _bits(batch.page, size.depth))
    for number, (sender, receiver, amount) in enumerate(batch.places):
        inputs |= _named(f"transfer {number}: sender bit", _bits(sender, size.place_bits))
        inputs |= _named(f"transfer {number}: receiver bit", _bits(receiver, size.place_bits))
        inputs[f"amount {number}"] = amount
    return inputs


def _transfer(system: ConstraintSystem, balances: Sequence[LinearCombination],
              sender: Sequence[LinearCombination], receiver: Sequence[LinearCombination],
              amount: LinearCombination, label: str) -> list[LinearCombination]:
    """The balances after one transfer."""
    for name, bits in (("sender", sender), ("receiver", receiver)):
        for place, bit in enumerate(bits):
            system.assert_boolean(bit, f"{label}: {name} bit {place} is 0 or 1")
    range_check(system, amount, BALANCE_BITS, f"{label}: amount")
    balance = select(system, balances, sender, f"{label}: sender's balance")
    range_check(system, balance - amount, BALANCE_BITS, f"{label}: sender's balance afterwards")
    taken = distribute(system, amount, sender, f"{label}: taken")
    given = distribute(system, amount, receiver, f"{label}: given")
    return [weighted_sum((1, -1, 1), parts)
            for parts in zip(balances, taken, given, strict=True)]


def _pack(size: BlockSize, page_bits: Sequence[LinearCombination],
          senders: Sequence[Sequence[LinearCombination]],
          receivers: Sequence[Sequence[LinearCombination]],
          amounts: Sequence[LinearCombination]) -> list[LinearCombination]:
    """The words of `Batch.commitment`, from wires that are range-checked elsewhere."""
    words = [LinearCombination() for _ in range(size.words)]
    words[0] = from_bits(page_bits) * (1 << size.transfer_bits * size.transfers_per_word)
    for number, (sender, receiver, amount) in enumerate(
            zip(senders, receivers, amounts, strict=True)):
        packed = amount + from_bits((*sender, *receiver)) * (1 << BALANCE_BITS)
        word, place = divmod(number, size.transfers_per_word)
        words[word] += packed * (1 << size.transfer_bits * place)
    return words


def _inputs(system: ConstraintSystem, name: str, count: int) -> list[LinearCombination]:
    return [system.private_input(f"{name} {number}") for number in range(count)]


def _named(name: str, values: Sequence[int]) -> dict[str, int]:
    return {f"{name} {number}": value for number, value in enumerate(values)}


def _bits(value: int, count: int) -> list[int]:
    return [value >> place & 1 for place in range(count)]
