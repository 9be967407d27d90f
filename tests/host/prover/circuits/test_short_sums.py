"""Gadgets with short sums: the same relation, with constraints of which PLONK makes few gates."""

from random import Random

import pytest

from proofmill.host.prover.circuits.constraints import MODULUS, ConstraintSystem
from proofmill.host.prover.circuits.eddsa import public_key
from proofmill.host.prover.circuits.poseidon import parameters, poseidon
from proofmill.host.prover.circuits.poseidon_gadget import poseidon_gadget
from proofmill.host.prover.circuits.poseidon_gates import inverted
from proofmill.host.prover.circuits.rollup.batch import Batch
from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit
from proofmill.host.prover.circuits.rollup.ledger import Account, Ledger
from proofmill.host.prover.circuits.rollup.size import SMALLEST
from proofmill.host.prover.circuits.rollup.transfer import Transfer
from proofmill.host.prover.plonk.gates import gates_of
from tests.host.prover.circuits.forgery import unnoticed_changes
from tests.host.prover.circuits.rollup.small import CHAIN, KEYS, inputs_of


def hasher(count: int, given: bool = True) -> ConstraintSystem:
    system = ConstraintSystem(short_sums=True)
    output = system.public_input("hash") if given else None
    inputs = [system.private_input(f"input {place}") for place in range(count)]
    poseidon_gadget(system, inputs, "hash", output)
    return system


@pytest.mark.parametrize("count", [1, 2, 4, 7])
def test_poseidon(count: int) -> None:
    """The hash, another of which breaks it, as does any other value of a wire in between."""
    values = [Random(count).randrange(MODULUS) for _ in range(count)]
    named = {f"input {place}": value for place, value in enumerate(values)}
    system = hasher(count)
    witness = system.witness({"hash": poseidon(values), **named})
    assert system.check(witness) is None
    assert unnoticed_changes(system, witness) == []
    witness[1] = (witness[1] + 1) % MODULUS
    assert system.check(witness) is not None
    free = hasher(count, given=False)
    assert free.witness(named)[-1] == poseidon(values)
    longer = ConstraintSystem()
    poseidon_gadget(longer, [longer.private_input(str(place)) for place in range(count)], "hash")
    gates, others = (gates_of(each.to_r1cs("hash")).circuit.gates for each in (free, longer))
    assert 4 * gates < 3 * others


def test_inverses() -> None:
    matrix = parameters(4).matrix
    back = inverted(matrix)
    assert all(sum(a * row[j] for a, row in zip(line, back, strict=True)) % MODULUS == (i == j)
               for i, line in enumerate(matrix) for j in range(4))


def test_the_block_circuit() -> None:
    """It takes the same batches and refuses another root, with two gates a constraint or fewer."""
    circuit = RollupCircuit(SMALLEST, short_sums=True)
    ledger = Ledger(SMALLEST, {0: Account(public_key(KEYS[0]), 1000, 7)})
    made = Batch(SMALLEST, CHAIN, 0, (Transfer(0, 0, 3).signed(KEYS[0], CHAIN, 7),))
    inputs = inputs_of(ledger, made)
    witness = circuit.system.witness(inputs)
    assert circuit.system.check(witness) is None
    forged = circuit.system.witness({**inputs, "new_root": inputs["new_root"] + 1})
    violation = circuit.system.check(forged)
    assert violation is not None and "output" in violation.constraint.label
    assert gates_of(circuit.r1cs).circuit.gates < 2 * circuit.r1cs.constraints
    # Every wire but the inputs' is noticed where it changes.
    changed = list(witness)
    for wire in range(1, circuit.system.wires, 997):
        changed[wire] ^= 1
        assert circuit.system.check(changed) is not None, circuit.system.names[wire]
        changed[wire] = witness[wire]
