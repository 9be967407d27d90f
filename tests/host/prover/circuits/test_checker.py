"""The checker finds what was left out of a circuit, and nothing in the project's circuits."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.baby_jubjub import BASE, add
from proofmill.host.prover.circuits.canonical import bits_between
from proofmill.host.prover.circuits.checker import (
    Checker,
    Report,
    check_system,
    input_wires,
    roots,
)
from proofmill.host.prover.circuits.constraints import (
    MODULUS,
    ConstraintSystem,
    LinearCombination,
)
from proofmill.host.prover.circuits.edwards_gadget import (
    EdwardsWires,
    assert_on_curve,
    edwards_add,
    edwards_double,
)
from proofmill.host.prover.circuits.merkle import path_gadget
from proofmill.host.prover.circuits.poseidon_gadget import poseidon_gadget
from proofmill.host.prover.circuits.range_check import range_check
from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit
from proofmill.host.prover.curve.limbs import from_limbs
from proofmill.host.prover.groth16.r1cs_file import read_r1cs
from proofmill.host.prover.groth16.wtns import read_witness
from tests.host.prover.circuits.rollup import small
from tests.host.prover.groth16.files import VECTORS, cube_circuit, public_circuit

BITS = 8


def ranged() -> ConstraintSystem:
    """A number of eight bits, whose square is public."""
    system = ConstraintSystem()
    square = system.public_output("square")
    value = system.private_input("value")
    bits = range_check(system, value, BITS, "range")
    system.hint(lambda values: (values[0] ** 2 % MODULUS,), (value,), (square,))
    system.assert_product(value, value, square, "square")
    assert len(bits) == BITS
    return system


def without(system: ConstraintSystem, label: str) -> ConstraintSystem:
    """The same with one constraint less."""
    kept = [each for each in system.constraints if each.label != label]
    assert len(kept) == len(system.constraints) - 1
    return replace(system, constraints=kept)


def check(system: ConstraintSystem, **inputs: int) -> Report:
    return check_system(system, system.witness(inputs))


def test_a_range_check_says_what_it_should() -> None:
    report = check(ranged(), value=173)
    assert report.is_determined and report.dependent == () and not report.at_random
    assert (report.wires, report.constraints, report.outputs) == (10, 9, 1)


@pytest.mark.parametrize("place", range(BITS))
def test_a_missing_bit_constraint_is_found(place: int) -> None:
    """Each of the lower bits' is a missing boolean constraint, the topmost's a missing range."""
    system = without(ranged(), f"range: bit {place} is 0 or 1")
    for value in (173, 0, 255):
        report = check(system, value=value)
        assert report.forgeries and not report.is_determined
        for forgery in report.forgeries:
            forged = system.witness({"value": value})
            for wire, other in forgery.values.items():
                assert forged[wire] != other and wire not in (0, 2)
                forged[wire] = other
            assert system.check(forged) is None, "a second witness for the same value"


def test_a_wire_without_its_constraint_is_loose() -> None:
    report = check(without(ranged(), "square"), value=5)
    assert report.loose == (1,) and report.outputs == 1 and not report.forgeries


def test_wires_that_move_together_are_loose() -> None:
    """Each alone is held by the other: their sum is all that is constrained."""
    system = ConstraintSystem()
    value = system.private_input("value")
    left, right = system.internal("left"), system.internal("right")
    system.hint(lambda values: (values[0] // 3, values[0] - values[0] // 3), (value,),
                (left, right))
    system.assert_equal(left + right, value, "sum")
    system.assert_product(left + right, value, system.multiply(value, value, "square"),
                          "sum times value")
    report = check(system, value=10)
    assert [system.names[wire] for wire in report.loose] == ["left", "right"]
    # The last constraint follows from the two before it.
    assert {system.constraints[number].label for number in report.dependent} == {
        "sum", "square", "sum times value"}


def test_a_constraint_that_says_nothing_new_is_told() -> None:
    system = ranged()
    system.assert_equal(system.constraints[0].a * 2, system.constraints[0].a * 2, "nothing")
    system.constraints.append(replace(system.constraints[3], label="again"))
    report = check(system, value=9)
    assert report.is_determined
    assert {system.constraints[number].label for number in report.dependent} == {
        "nothing", system.constraints[3].label, "again"}


def inputs_of(count: int) -> tuple[ConstraintSystem, list[LinearCombination], dict[str, int]]:
    """A system with so many inputs, and values for them."""
    made = ConstraintSystem()
    names = [f"x{number}" for number in range(count)]
    return made, [made.private_input(name) for name in names], {
        name: 1000 + 7 * number for number, name in enumerate(names)}


def gadgets() -> Iterator[tuple[str, ConstraintSystem, dict[str, int]]]:
    """Gadgets of the project that stand alone, with inputs."""
    made, wires, inputs = inputs_of(2)
    poseidon_gadget(made, tuple(wires), "hash")
    yield "Poseidon", made, inputs
    made, wires, inputs = inputs_of(1)
    bits_between(made, wires[0], 0, MODULUS - 1, "canonical")
    yield "canonical", made, inputs | {"x0": MODULUS // 5}
    made, wires, inputs = inputs_of(1)
    bits_between(made, wires[0], 100, 5000, "between")
    yield "between", made, inputs
    made, wires, inputs = inputs_of(4)
    p, q = EdwardsWires(*wires[:2]), EdwardsWires(*wires[2:])
    assert_on_curve(made, p, "p")
    edwards_double(made, edwards_add(made, p, q, "sum"), "twice")
    twice = add(BASE, BASE)
    yield "Edwards", made, dict(zip(inputs, (BASE.x, BASE.y, twice.x, twice.y), strict=True))
    made, wires, inputs = inputs_of(6)
    place = wires[3:5]
    for bit in place:
        made.assert_boolean(bit, "place is made of bits")
    path_gadget(made, wires[0], wires[1:3], place, "path")
    yield "path", made, inputs | {"x3": 1, "x4": 0}


@pytest.mark.parametrize("number", range(5))
def test_the_projects_gadgets_say_what_they_should(number: int) -> None:
    name, system, inputs = list(gadgets())[number]
    report = check(system, **inputs)
    assert report.is_determined, name
    # What compares a number with its bounds matters near them alone.
    assert all(": at " in system.constraints[each].label for each in report.dependent), name
    assert not report.dependent or name == "between"


def test_a_comparison_without_a_bits_constraint_is_found_in_part() -> None:
    """Not every one: the checker tries one way to go on from a bit."""
    name, system, inputs = list(gadgets())[2]
    assert name == "between"
    labels = [each.label for each in system.constraints if "at most: bit" in each.label]
    found = [bool(check(without(system, label), **inputs).forgeries) for label in labels]
    assert len(found) == 13 and found[:2] == [True, True]


@pytest.mark.slow
def test_no_wire_of_the_rollup_circuit_is_loose() -> None:
    """But the inverse of an unused place's amount, which is 0 and has none: nothing else has it."""
    circuit, ledger = RollupCircuit(small.SIZE), small.opening_ledger()
    made = small.batch(small.signed(ledger, 0, 1, 5, 1))
    witness = circuit.system.witness(small.inputs_of(ledger, made))
    report = Checker(circuit.r1cs).check(witness, quick=True)
    loose = {circuit.system.names[wire] for wire in report.loose}
    assert loose == {"transfer 1: inverse of the amount"}


@pytest.mark.parametrize("name", ["linear", "fifteen", "mixed"])
def test_inputs_are_found_whatever_the_compiler_dropped(name: str) -> None:
    for level in ("O0", "O1", "O2"):
        circuit = read_r1cs(VECTORS / "simplifier" / f"{name}-{level}.r1cs")
        witness = from_limbs(read_witness(VECTORS / "simplifier" / f"{name}-{level}.wtns"))
        assert len(input_wires(circuit)) <= circuit.public_inputs + circuit.private_inputs
        # Simplified away altogether, a linear circuit says nothing of its output.
        assert Checker(circuit).check(witness).is_determined == (
            circuit.constraints > 0 or circuit.public_outputs == 0)


def test_without_a_witness_the_first_order_is_checked() -> None:
    for circuit in (cube_circuit(), public_circuit(), ranged().to_r1cs("ranged")):
        report = Checker(circuit).check()
        assert report.at_random and report.is_determined and not report.dependent
    assert Checker(without(ranged(), "square").to_r1cs("open")).check().loose == (1,)


def test_a_wrong_witness_is_refused() -> None:
    with pytest.raises(ProofmillError, match="does not satisfy constraint 1 of 2"):
        Checker(cube_circuit()).check([1, 14, 2, 4])


def test_roots() -> None:
    assert roots(1, -1, 0) == [0, 1] and roots(0, 2, -8) == [4] and roots(0, 0, 1) == []
    assert roots(0, 0, 0) == [] and roots(1, 0, -25) == [5, MODULUS - 5]
    assert roots(3, -6, 3) == [1]
    non_residue = [roots(1, 0, -value) for value in range(1, 30)]
    assert [] in non_residue
