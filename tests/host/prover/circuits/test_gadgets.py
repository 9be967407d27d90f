from random import Random

import pytest

from proofmill.host.prover.circuits.constraints import MODULUS, ConstraintSystem, LinearCombination
from proofmill.host.prover.circuits.merkle import path_gadget
from proofmill.host.prover.circuits.poseidon import poseidon
from proofmill.host.prover.circuits.range_check import from_bits, range_check
from tests.host.prover.circuits.forgery import unnoticed_changes
from tests.host.prover.circuits.full_tree import MerkleTree


def inputs(system: ConstraintSystem, name: str, count: int) -> list[LinearCombination]:
    return [system.private_input(f"{name}[{place}]") for place in range(count)]


def named(name: str, values) -> dict[str, int]:
    return {f"{name}[{place}]": value for place, value in enumerate(values)}


def place_bits(system: ConstraintSystem, count: int) -> list[LinearCombination]:
    bits = inputs(system, "place", count)
    for bit in bits:
        system.assert_boolean(bit, "place is made of bits")
    return bits


def bits_of(place: int, count: int) -> dict[str, int]:
    return named("place", [place >> level & 1 for level in range(count)])


def values_of(combinations: list[LinearCombination], witness: list[int]) -> list[int]:
    return [combination.value(witness) for combination in combinations]


# Range checks


def test_range_check_of_64_bits():
    system = ConstraintSystem()
    value = system.private_input("value")
    bits = range_check(system, value, 64, "value")
    assert len(system.constraints) == 64
    assert system.wires == 2 + 63
    for number in (0, 1, 2**63 - 1, 2**63, 2**64 - 1, Random(1).randrange(2**64)):
        witness = system.witness({"value": number})
        assert system.check(witness) is None
        assert from_bits(bits).value(witness) == number
        assert values_of(bits, witness) == [number >> place & 1 for place in range(64)]
        assert unnoticed_changes(system, witness) == []


@pytest.mark.parametrize("number", (2**64, 2**64 + 5, 2**65, MODULUS - 1, MODULUS - 2**63))
def test_numbers_out_of_range_have_no_bits(number):
    system = ConstraintSystem()
    range_check(system, system.private_input("value"), 64, "value")
    violation = system.check(system.witness({"value": number}))
    assert violation.constraint.label == "value: bit 63 is 0 or 1"


def test_range_check_is_exact():
    # Every value of the lower wires, for every element near the range: a small range, exhausted.
    system = ConstraintSystem()
    range_check(system, system.private_input("value"), 3, "value")
    satisfied = {
        value % MODULUS for value in range(-20, 21) for low in range(4)
        if system.check([1, value % MODULUS, low & 1, low >> 1]) is None}
    assert satisfied == set(range(8))


def test_one_bit_and_too_many():
    system = ConstraintSystem()
    value = system.private_input("value")
    range_check(system, value, 1, "bit")
    assert [system.check([1, number]) is None for number in (0, 1, 2)] == [True, True, False]
    for bits in (0, 254):
        with pytest.raises(ValueError, match=f"range of {bits} bits"):
            range_check(system, value, bits, "value")


# Merkle trees


def test_tree():
    leaves = [10, 20, 30, 40]
    tree = MerkleTree.of(leaves)
    assert tree.root == poseidon((poseidon((10, 20)), poseidon((30, 40))))
    assert tree.path(2) == (40, poseidon((10, 20)))
    for place in range(4):
        changed = [*leaves[:place], 77, *leaves[place + 1:]]
        assert tree.replace(place, 77) == MerkleTree.of(changed)
    assert MerkleTree.of([5]).root == 5
    assert MerkleTree.of([5]).path(0) == ()
    assert MerkleTree.of([5]).replace(0, 6).root == 6


def updater(depth: int) -> ConstraintSystem:
    system = ConstraintSystem()
    roots = [system.public_input(name) for name in ("old root", "new root")]
    leaves = inputs(system, "leaf", 2)
    siblings = inputs(system, "sibling", depth)
    bits = place_bits(system, depth)
    for leaf, root in zip(leaves, roots, strict=True):
        path_gadget(system, leaf, bits, siblings, root.__repr__(), root)
    return system


@pytest.mark.parametrize("depth", (1, 3))
def test_update(depth):
    system = updater(depth)
    assert len(system.constraints) == depth * (1 + 482)
    tree = MerkleTree.of([Random(depth).randrange(MODULUS) for _ in range(1 << depth)])
    for place in range(1 << depth):
        after = tree.replace(place, 123)
        given = {"old root": tree.root, "new root": after.root,
                 **named("leaf", (tree.levels[0][place], 123)),
                 **named("sibling", tree.path(place)), **bits_of(place, depth)}
        witness = system.witness(given)
        assert system.check(witness) is None
        for lie in ({"old root": after.root}, {"new root": tree.root},
                    named("leaf", (124, 123)), {"leaf[1]": 124},
                    {"sibling[0]": 1}, bits_of(place ^ 1, depth)):
            assert system.check(system.witness({**given, **lie})) is not None
    assert unnoticed_changes(system, witness) == []


def test_path_against_the_tree_without_a_given_root():
    system = ConstraintSystem()
    leaf = system.private_input("leaf")
    siblings = inputs(system, "sibling", 2)
    bits = place_bits(system, 2)
    root = path_gadget(system, leaf, bits, siblings, "path")
    tree = MerkleTree.of([1, 2, 3, 4])
    for place in range(4):
        witness = system.witness({"leaf": place + 1, **named("sibling", tree.path(place)),
                                  **bits_of(place, 2)})
        assert system.check(witness) is None
        assert root.value(witness) == tree.root


def test_a_path_of_no_levels_has_nothing_to_constrain():
    system = ConstraintSystem()
    root = system.public_input("root")
    with pytest.raises(ValueError, match="no levels"):
        path_gadget(system, root, (), (), "path", root)
