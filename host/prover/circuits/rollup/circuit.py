"""The circuit of a batch: requests, transfers and exits take a ledger from one root to the next.

Public inputs, in this order: ``old_root, new_root, batch_commitment, prover_tag``. A proof states:

    There is a batch with this commitment. Each of its transfers and exits is signed, for this chain
    and with the next nonce, by the key of the account that it takes from, which covers it. Each
    forced exit takes all that its account has. Each deposit gives to an account that there is, or
    makes one, with the key it names, in an empty place. All were carried out in their order, the
    fees went to the collector, every other account is as it was, and the root is then `new_root`.

Why that is enough:

* An account is its leaf, ``poseidon((x, y, balance, nonce))``, opened by a path of bits and
  siblings. The new leaf goes up the same path, so nothing else changes (as far as Poseidon has no
  collisions). Key and place of an account are carried over, never chosen, but for the key of one
  that is opened, which is in the batch's words.
* The signature is of a hash over domain, chain, all that is in the place's words, and the nonce in
  the leaf, which grows by one: it fits one chain, one transfer or exit, once.
* Amount, fee and what is left of the sender's balance are below 2^64, 2^32 and 2^64, so nobody
  spends what he has not. What a transfer takes is what it gives; what an exit takes is gone. Only
  deposits add to the sum of all balances. Whoever verifies sees in the batch which deposits it
  takes, and allows those alone that were paid for and keep the sum below 2^64: so what is received
  needs no check.
* A place that is not used has a word of 0, and there the roots are not taken over (`place`).
* Receiver and collector exist: an empty place has the leaf 0, of which no preimage is known.

What is queued, in what order and for whom, is not the circuit's to know: the words are public, so
whoever verifies compares them with the queue. The chain's id is part of the commitment, which
whoever verifies computes from the words and from the chain it is on. The prover's tag is bound as
`host.prover.circuits.statement` says.
"""

from collections.abc import Sequence
from functools import cached_property

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.constraints import (
    ONE,
    ConstraintSystem,
    LinearCombination,
    as_combination,
)
from proofmill.host.prover.circuits.poseidon_gadget import poseidon_gadget
from proofmill.host.prover.circuits.range_check import from_bits
from proofmill.host.prover.circuits.rollup.batch import (
    BATCH_DOMAIN,
    BINDING_DOMAIN,
    WORDS_A_HASH,
    Batch,
)
from proofmill.host.prover.circuits.rollup.inputs import rollup_inputs
from proofmill.host.prover.circuits.rollup.ledger import Ledger
from proofmill.host.prover.circuits.rollup.opened import open_account
from proofmill.host.prover.circuits.rollup.place import assert_place, open_place
from proofmill.host.prover.circuits.rollup.size import RollupSize
from proofmill.host.prover.circuits.statement import PublicInputs, Statement
from proofmill.host.prover.curve.limbs import Limbs, to_limbs
from proofmill.host.prover.groth16.r1cs import R1cs


class RollupCircuit:
    """The circuit for batches of one size. Compiling takes some seconds a transfer: keep it.

    `short_sums`: with more constraints, of which PLONK and FFLONK make fewer gates.
    """

    def __init__(self, size: RollupSize, short_sums: bool = False) -> None:
        self.size = size
        self.system = ConstraintSystem(short_sums=short_sums)
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
        point = system.private_input("challenge")
        places = [open_place(system, size.depth, number) for number in range(size.transfers)]
        collector = open_account(system, size.depth, "collector")

        system.multiply(prover_tag, prover_tag, "prover tag, squared")
        root, words, total_fee = old_root, [], LinearCombination()
        used_before: LinearCombination = ONE
        for number, place in enumerate(places):
            label = f"transfer {number}"
            system.assert_product(1 - used_before, place.used, LinearCombination(),
                                  f"{label}: only behind others")
            used_before = place.used
            root, three = assert_place(system, place, root, chain_id, label)
            words += three
            total_fee += place.fee
        collector.assert_place(system, "collector")
        before = collector.root(system, collector.leaf(system, "collector before"),
                                "collector before")
        system.assert_equal(before, root, "collector before: root")
        paid = collector.leaf(system, "collector after", balance=collector.balance + total_fee)
        collector.root(system, paid, "collector after", new_root)
        _commit(system, (chain_id, from_bits(collector.place), *words), point, batch_commitment)


def _commit(system: ConstraintSystem, numbers: Sequence[LinearCombination],
            point: LinearCombination, result: LinearCombination) -> None:
    """`Batch.commitment` of chain id, collector and words: a hash for each 15, a product each."""
    total = poseidon_gadget(system, (as_combination(BATCH_DOMAIN), *numbers[:2]),
                            "commitment: chain and collector")
    for start in range(2, len(numbers), WORDS_A_HASH):
        total = poseidon_gadget(system, (total, *numbers[start:start + WORDS_A_HASH]),
                                f"commitment: words from {start - 2}")
    value = numbers[0]
    for place, number in enumerate(numbers[1:]):
        value = number + system.multiply(value, point, f"commitment: evaluation, step {place}")
    poseidon_gadget(system, (as_combination(BINDING_DOMAIN), total, point, value),
                    "commitment: binding", result)
