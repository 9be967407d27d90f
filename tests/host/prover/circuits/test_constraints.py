import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.constraints import (
    MODULUS,
    ONE,
    ConstraintSystem,
    LinearCombination,
    weighted_sum,
)
from proofmill.host.prover.curve.limbs import from_limbs, to_limbs
from tests.host.prover.circuits.forgery import unnoticed_changes


def cubic() -> ConstraintSystem:
    """x^3 + x + 5 = y, y public."""
    system = ConstraintSystem()
    y = system.public_output("y")
    x = system.private_input("x")
    square = system.multiply(x, x, "x^2")
    cube = system.multiply(square, x, "x^3")
    system.hint(lambda values: ((values[0] + values[1] + 5) % MODULUS,), (cube, x), (y,))
    system.assert_equal(cube + x + 5, y, "the sum is y")
    return system


def test_witness_follows_from_the_inputs():
    assert cubic().witness({"x": 3}) == [1, 35, 3, 9, 27]
    assert cubic().check([1, 35, 3, 9, 27]) is None


def test_check_names_the_first_constraint_that_fails():
    violation = cubic().check([1, 36, 3, 9, 27])
    assert str(violation) == "constraint 2 (the sum is y) is not satisfied"
    assert cubic().check([1, 35, 3, 10, 27]).constraint.label == "x^2"


def test_check_refuses_what_is_no_witness():
    with pytest.raises(ValueError, match="5 values"):
        cubic().check([1, 35, 3, 9])
    with pytest.raises(ValueError, match="first of them 1"):
        cubic().check([2, 35, 3, 9, 27])


def test_r1cs_says_the_same():
    r1cs = cubic().to_r1cs("cubic")
    assert (r1cs.wires, r1cs.public_outputs, r1cs.public_inputs) == (5, 1, 0)
    assert r1cs.private_inputs == 1
    assert r1cs.constraints == 3
    assert r1cs.name == "cubic"
    assert r1cs.first_unsatisfied(to_limbs([1, 35, 3, 9, 27])) is None
    assert r1cs.first_unsatisfied(to_limbs([1, 36, 3, 9, 27])) == 2
    assert r1cs.a.columns.tolist() == [2, 3, 0, 1, 2, 4]
    assert from_limbs(r1cs.a.values) == [1, 1, 5, MODULUS - 1, 1, 1]


def test_missing_and_unknown_inputs_are_named():
    with pytest.raises(ProofmillError, match="missing or unknown: x, z"):
        cubic().witness({"z": 1})


def test_combinations():
    x, y = LinearCombination({1: 1}), LinearCombination({2: 1})
    witness = [1, 10, 20]
    assert (2 * x + 3 - y).value(witness) == 3
    assert (5 - x).value(witness) == MODULUS - 5
    assert (x - x).terms == {}
    assert (x - x).constant == 0
    assert (ONE * 7).constant == 7
    assert x.constant is None
    assert (x + 1).constant is None
    assert weighted_sum((2, MODULUS), (x, y)).terms == {1: 2}
    assert LinearCombination({1: 1, 2: MODULUS}).terms == {1: 1}


def test_a_constant_factor_costs_nothing():
    system = ConstraintSystem()
    x = system.private_input("x")
    assert system.multiply(x, ONE * 3, "triple").terms == {1: 3}
    assert system.multiply(LinearCombination(), x, "nothing").terms == {}
    assert not system.constraints


def test_wires_keep_circoms_order():
    system = ConstraintSystem()
    x = system.private_input("x")
    with pytest.raises(ValueError, match="public input y"):
        system.public_input("y")
    with pytest.raises(ValueError, match="output z"):
        system.public_output("z")
    with pytest.raises(ValueError, match="already"):
        system.private_input("x")
    system.multiply(x, x, "square")
    with pytest.raises(ValueError, match="private input w"):
        system.private_input("w")


def test_a_hint_computes_single_wires():
    system = ConstraintSystem()
    x = system.private_input("x")
    with pytest.raises(ValueError, match="computes wires"):
        system.hint(lambda values: values, (x,), (x * 2,))


def test_boolean():
    system = ConstraintSystem()
    system.assert_boolean(system.private_input("b"), "b is a bit")
    assert [system.check([1, value]) is None for value in (0, 1, 2, MODULUS - 1)] == [
        True, True, False, False]


def test_mutation_finds_a_wire_nobody_constrains():
    system = cubic()
    assert unnoticed_changes(system, system.witness({"x": 3})) == []
    system.constraints.pop()
    assert unnoticed_changes(system, system.witness({"x": 3})) == ["y"]
