"""The checker on the whole circuit of a batch: what the inputs determine, and what is needed."""

import re
from collections.abc import Iterator
from functools import cache

import pytest

from proofmill.host.prover.circuits.checker import Checker
from proofmill.host.prover.circuits.eddsa import public_key
from proofmill.host.prover.circuits.rollup.batch import Batch
from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit
from proofmill.host.prover.circuits.rollup.kinds import Kind
from proofmill.host.prover.circuits.rollup.ledger import Account, Ledger
from proofmill.host.prover.circuits.rollup.requests import Credit, ForcedExit, Open
from proofmill.host.prover.circuits.rollup.size import SMALLEST, RollupSize
from proofmill.host.prover.circuits.rollup.transfer import Exit, Signable, Transfer
from proofmill.host.prover.circuits.statement import Statement
from proofmill.host.prover.curve.limbs import from_limbs

CHAIN = 31_337
KEYS = [bytes([number + 1] * 32) for number in range(3)]
HOME = b"\x51" * 20


@cache
def circuit() -> RollupCircuit:
    return RollupCircuit(SMALLEST)


def batches() -> Iterator[tuple[str, Ledger, Batch]]:
    """One of each kind of place, and one that is not used, on ledgers of one account or two."""
    alone = Ledger(SMALLEST, {0: Account(public_key(KEYS[0]), 1000, 7)})
    both = alone.with_account(1, Account(public_key(KEYS[1]), 5, 3))

    def signed(operation: Signable) -> Batch:
        return Batch(SMALLEST, CHAIN, 0, (operation.signed(
            KEYS[operation.sender], CHAIN, both.accounts[operation.sender].nonce),))

    yield "transfer", both, signed(Transfer(0, 1, 70, 9))
    yield "to oneself", both, signed(Transfer(0, 0, 3, 0))
    yield "exit", both, signed(Exit(1, HOME, 4, 1))
    yield "open", alone, Batch(SMALLEST, CHAIN, 0, (), (Open(1, 55, public_key(KEYS[2])),))
    yield "credit", both, Batch(SMALLEST, CHAIN, 0, (), (Credit(1, 6),))
    yield "forced", both, Batch(SMALLEST, CHAIN, 0, (), (ForcedExit(1, 5, HOME),))
    yield "unused", both, Batch(SMALLEST, CHAIN, 0)


BY_HAND = {
    f"transfer n: {rule}" for rule in (
        *(f"{kind.name.lower()} is n or n" for kind in Kind), "one kind", "not used, n",
        "no fee without a signature", "forced, all of it", "only behind others")}
"""Of wires that are 0 or 1, or follow from such, so that no derivative tells what one adds.
`test_requests` and `test_rollup` have for each a false witness that breaks it and no other. That
the first place is behind others says nothing, since none is before it."""


def bare(label: str) -> str:
    """What a constraint is, whichever place, level or bit it is of."""
    return re.sub(r"\d+", "n", label)


@pytest.mark.slow
def test_the_inputs_determine_a_batch_and_every_constraint_is_needed() -> None:
    """At no witness is there a second one or a wire that can move, but for the inverse of an amount
    that is 0, which nothing else has; and what follows from other constraints at one witness is
    needed at another, but for the bits of a comparison, which matter near its bounds alone, and
    what is tried by hand."""
    made, system = Checker(circuit().r1cs), circuit().system
    never_needed: set[str] | None = None
    for name, ledger, batch in batches():
        witness = circuit().witness(ledger, batch, Statement(CHAIN, 9, 4, bytes(20)))
        report = made.check(from_limbs(witness))
        loose = {system.names[wire] for wire in report.loose}
        assert loose <= ({"transfer 0: inverse of the amount"} if name == "unused" else set()), name
        assert not report.forgeries, name
        dependent = {system.constraints[number].label for number in report.dependent}
        never_needed = dependent if never_needed is None else never_needed & dependent
    assert never_needed is not None
    left = {bare(label) for label in never_needed if not re.search(": at (least|most): ", label)}
    assert left == BY_HAND


def test_a_larger_batch_has_the_same_constraints_more_often() -> None:
    """So what is found of the smallest holds of the larger ones' parts."""
    larger = RollupCircuit(RollupSize(depth=2, transfers=2))
    assert {bare(each.label) for each in larger.system.constraints} == {
        bare(each.label) for each in circuit().system.constraints}
