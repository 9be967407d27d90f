"""Rounding, the greatest of some, and commitments as constraints: right, and nothing else."""

import numpy as np
import pytest

from proofmill.host.prover.circuits.checker import Checker, check_system
from proofmill.host.prover.circuits.constraints import MODULUS, ConstraintSystem
from proofmill.host.prover.circuits.poseidon import poseidon
from proofmill.host.prover.circuits.range_check import range_check
from proofmill.host.prover.inference.gadgets import (
    COMMITMENT_DOMAIN,
    commitment,
    commitment_gadget,
    greatest,
    is_zero,
    rounded,
)
from proofmill.host.prover.inference.quantisation import Quantisation
from proofmill.host.prover.inference.rounding import Rule, rule_of
from tests.host.prover.circuits.forgery import forge, is_needed, unnoticed_changes, violated

TOYS = {
    "shift": Rule(1, 2, 2, 0, ties=True, width=2),
    "long remainder": Rule(1, 6, 32, 0, ties=True, width=2),
    "odd zero point": Rule(1, 2, 2 + 12, 0, ties=True, parity=1, width=2),
    "negative least": Rule(1, 2, 2 + 8, -2, ties=True, parity=0, width=2),
    "no shift": Rule(3, 0, 0, 0, width=2),
    "any scale": Rule(11, 5, 16, 0, exceptions=((2, 1), (7, -1)), width=2),
}


def system_of(rule, bounds, own_output=True):
    system = ConstraintSystem()
    output = system.public_output("output") if own_output else None
    found = rounded(system, system.private_input("sum"), bounds, rule, "rounded", output)
    return system, found


def toy_bounds(rule):
    """Sums that are clipped at both ends, and none that is."""
    step = (1 << rule.shift) // rule.multiplier + 1
    return [(-9 * step, 9 * step), (0, 3 * step), (-2 * step, step)]


@pytest.mark.parametrize("name", TOYS)
def test_every_sum_of_a_toy(name):
    rule = TOYS[name]
    for bounds in toy_bounds(rule):
        for own in (True, False):
            system, found = system_of(rule, bounds, own)
            for number in range(bounds[0], bounds[1] + 1):
                witness = system.witness({"sum": number})
                assert system.check(witness) is None
                expected = int(rule.apply(np.array(number))) % MODULUS
                assert found.value(witness) == expected, number
                if own:  # one more or one less cannot be proven, whatever follows from it
                    for lie in (expected + 1, expected - 1):
                        assert violated(system, forge(system, {"sum": number}, {"output": lie}))
                if number % 5 == 0:
                    assert unnoticed_changes(system, witness) == []


@pytest.mark.parametrize("name", TOYS)
def test_no_wire_can_be_another(name):
    """A prover that sets any one wire as it likes, and computes the rest from it, is caught."""
    rule = TOYS[name]
    bounds = toy_bounds(rule)[0]
    system, _ = system_of(rule, bounds)
    for number in range(bounds[0], bounds[1] + 1, max(1, bounds[1] // 13)):
        honest = system.witness({"sum": number})
        for wire, wire_name in enumerate(system.names):
            if wire_name in ("one", "sum"):
                continue
            for lie in {(honest[wire] + 1) % MODULUS, (honest[wire] - 1) % MODULUS}:
                forged = forge(system, {"sum": number}, {wire_name: lie})
                assert violated(system, forged), (number, wire_name)


@pytest.mark.parametrize("name", TOYS)
def test_each_constraint_is_needed(name):
    """Without it there is a second witness for the same sum, at one sum or another."""
    rule = TOYS[name]
    bounds = toy_bounds(rule)[0]
    system, _ = system_of(rule, bounds)
    half = (1 << rule.shift) // 2
    witnesses = [system.witness({"sum": number}) for number in (
        0, *((half, -half, 3 * half) if rule.ties else ()),
        *range(bounds[0], bounds[1] + 1, max(1, bounds[1] // 17)))]
    assert all(check_system(system, witness).is_determined for witness in witnesses)
    for place in range(len(system.constraints)):
        label = system.constraints[place].label
        if label.endswith(": zero"):  # then every number passes for 0
            lie = {label: 1, label.removesuffix("zero") + "inverse": 0}
            lies = [forge(system, {"sum": witness[2]}, lie) for witness in witnesses]
            assert all(violated(system, each) <= {label} for each in lies)
            assert any(each[1] != witness[1] for each, witness in zip(lies, witnesses, strict=True))
            continue
        assert is_needed(system, place, witnesses), label


def test_zero_is_told_from_all_else():
    system = ConstraintSystem()
    zero = is_zero(system, system.private_input("value"), "value")
    for value in (0, 1, 2, MODULUS - 1, 1 << 200):
        witness = system.witness({"value": value})
        assert system.check(witness) is None and zero.value(witness) == (value == 0)
        assert unnoticed_changes(system, witness) == []
        assert check_system(system, witness).is_determined


def test_the_greatest():
    system = ConstraintSystem()
    values = [system.private_input(f"value[{place}]") for place in range(3)]
    for value in values:
        range_check(system, value, 8, "value")
    found = greatest(system, values, "greatest")
    assert len(system.constraints) == 3 * 8 + 2 * 10
    random = np.random.default_rng(1)
    for given in ([0, 0, 0], [255, 0, 255], [0, 255, 254], [7, 8, 9], *random.integers(
            0, 256, (20, 3)).tolist()):
        witness = system.witness({f"value[{place}]": each for place, each in enumerate(given)})
        assert system.check(witness) is None and found.value(witness) == max(given)
    assert unnoticed_changes(system, witness) == []


def test_each_constraint_of_the_greatest_is_needed():
    """Without it there is a second greatest of the same two integers, or a loose bit."""
    system = ConstraintSystem()
    values = [system.private_input(f"value[{place}]") for place in range(2)]
    greatest(system, values, "greatest")
    witnesses = [system.witness({"value[0]": a, "value[1]": b})
                 for a, b in ((0, 0), (255, 0), (0, 255), (84, 170), (7, 8), (8, 7))]
    assert all(check_system(system, witness).is_determined for witness in witnesses)
    for place, constraint in enumerate(system.constraints):
        assert is_needed(system, place, witnesses), constraint.label


def test_each_constraint_of_a_commitment_is_needed():
    """Without it a wire is loose, and the commitment with it."""
    system = ConstraintSystem()
    output, salt = system.public_output("commitment"), system.private_input("salt")
    commitment_gadget(system, [system.private_input("input[0]")], salt, output)
    witness = system.witness({"salt": 5, "input[0]": 200})
    checker = Checker(system.to_r1cs("commitment"))
    assert checker.check(witness).is_determined and len(system.constraints) == 261
    for place, constraint in enumerate(system.constraints):
        assert is_needed(system, place, [witness]), constraint.label


@pytest.mark.parametrize("count", (1, 31, 64, 14 * 31, 14 * 31 + 1, 30 * 31))
def test_commitments(count):
    integers = np.random.default_rng(count).integers(0, 256, count).tolist()
    system = ConstraintSystem()
    output, salt = system.public_output("commitment"), system.private_input("salt")
    given = [system.private_input(f"input[{place}]") for place in range(count)]
    commitment_gadget(system, given, salt, output)
    named = {f"input[{place}]": value for place, value in enumerate(integers)}
    witness = system.witness({"salt": 5, **named})
    assert system.check(witness) is None and witness[1] == commitment(integers, 5)
    assert commitment(integers, 6) != witness[1]
    changed = [*integers[:-1], integers[-1] ^ 1]
    assert commitment(changed, 5) != witness[1]
    if count == 31:
        word = sum(value << 8 * place for place, value in enumerate(integers))
        assert witness[1] == poseidon((COMMITMENT_DOMAIN, 5, word))


@pytest.mark.parametrize("zero_counts", (False, True))
def test_rules_of_powers_of_two(zero_counts):
    random = np.random.default_rng(2)
    for _ in range(30):
        target = Quantisation(np.float32(1), int(random.integers(0, 256)), "uint8")
        scale = np.float32(2.0 ** -random.integers(-2, 12))

        def reference(sums, target=target, scale=scale):
            scaled = sums.astype(np.float32) * scale
            return (target.rounded(scaled + np.float32(target.zero_point)) if zero_counts
                    else target.requantise(sums, scale))

        rule = rule_of(scale, target, (-(1 << 21), 1 << 21), reference, zero_counts)
        assert not rule.exceptions and rule.shift == max(0, -int(np.log2(scale)))
        sums = random.integers(-(1 << 21), 1 << 21, 20000)
        assert np.array_equal(rule.apply(sums), reference(sums))


def test_rules_of_any_scale():
    random = np.random.default_rng(3)
    found = []
    for kind in ("uint8", "int8") * 20:
        low = 0 if kind == "uint8" else -128
        target = Quantisation(np.float32(1), low + int(random.integers(0, 256)), kind)
        scale = np.float32(random.uniform(0.0005, 0.9))
        rule = rule_of(scale, target, (-(1 << 19), 1 << 19),
                       lambda sums, target=target, scale=scale: target.requantise(sums, scale))
        sums = np.arange(-(1 << 19), (1 << 19) + 1)
        assert np.array_equal(rule.apply(sums), target.requantise(sums, scale))
        found.append(rule)
    assert any(rule.exceptions for rule in found) and not all(rule.exceptions for rule in found)


def test_a_rule_for_what_no_shift_gives():
    target = Quantisation(np.float32(1), 0, "uint8")
    assert rule_of(np.float32(0.3), target, (0, 1000), lambda sums: sums % 7) is None
    for scale in (2.0**-30, 2.0**-50, 2.0**21, 3.3e9):
        bounds = (0, 1 << 30) if scale > 2.0**-40 else (0, 1000)
        assert rule_of(np.float32(scale), target, bounds, lambda sums, scale=scale:
                       target.requantise(sums, np.float32(scale))) is None
