"""One voter's place in the circuit of a certificate."""

from collections.abc import Sequence
from dataclasses import dataclass

from proofmill.host.prover.circuits.constraints import (
    ConstraintSystem,
    LinearCombination,
    as_combination,
)
from proofmill.host.prover.circuits.eddsa_gadget import assert_signature
from proofmill.host.prover.circuits.edwards_gadget import EdwardsWires
from proofmill.host.prover.circuits.finality.registry import AHEAD
from proofmill.host.prover.circuits.finality.size import MASKED_DEPTH
from proofmill.host.prover.circuits.finality.vote import VOTE_DOMAIN
from proofmill.host.prover.circuits.merkle import path_gadget
from proofmill.host.prover.circuits.poseidon_gadget import poseidon_gadget
from proofmill.host.prover.circuits.range_check import from_bits, range_check

ACTIVE = tuple(f"active {ahead}" for ahead in range(1, AHEAD + 1))
VALUES = ("used", "key x", "key y", "balance", *ACTIVE, "slot", "index", "head high", "head low",
          "nonce x", "nonce y", "scalar")
"""The inputs of a place, beside the bits of the validator's index and the siblings."""


@dataclass(frozen=True)
class Place:
    """The wires of a place: inputs by name, the index's bits, the siblings of its path."""

    values: dict[str, LinearCombination]
    bits: list[LinearCombination]
    siblings: list[LinearCombination]

    @property
    def used(self) -> LinearCombination:
        """1 where somebody's vote stands here, else 0."""
        return self.values["used"]

    @property
    def validator(self) -> LinearCombination:
        """The validator's index."""
        return from_bits(self.bits)


def vote_name(number: int) -> str:
    """What names of a place's wires begin with."""
    return f"vote {number}"


def open_place(system: ConstraintSystem, depth: int, number: int) -> Place:
    """The private inputs of place `number`."""
    name = vote_name(number)
    return Place(
        {each: system.private_input(f"{name}: {each}") for each in VALUES},
        [system.private_input(f"{name}: bit {level}") for level in range(depth)],
        [system.private_input(f"{name}: sibling {level}") for level in range(depth)])


def assert_place(system: ConstraintSystem, place: Place, before: Place | None,
                 tree_root: LinearCombination, distances: Sequence[LinearCombination],
                 link: LinearCombination, label: str) -> LinearCombination:
    """Constrain a place; its weight: the balance, 0 where the place is not used.

    `distances`: of the epochs ahead of the registry's, 1 for the one in which its voter has to be
    active and 0 for the others.

    Used places come first and have rising indices: a used one is behind a used one whose index is
    less, so each validator counts once. In a place that is not used, signature and path are still
    those of something, but of anything: the key may be one that everybody knows, the path of any
    tree.
    """
    used, values = place.used, place.values
    system.assert_boolean(used, f"{label}: used or not")
    for level, bit in enumerate(place.bits):
        system.assert_boolean(bit, f"{label}: bit {level} of the index is 0 or 1")
    if before is not None:
        system.assert_product(used, 1 - before.used, LinearCombination(),
                              f"{label}: only behind others")
        more = system.multiply(place.validator - before.validator - 1, used,
                               f"{label}: more than the index before")
        range_check(system, more, len(place.bits), f"{label}: rising")
    active = [values[each] for each in ACTIVE]
    may_vote = LinearCombination()
    for ahead, (bit, distance) in enumerate(zip(active, distances, strict=True), 1):
        system.assert_boolean(bit, f"{label}: active {ahead} is 0 or 1")
        may_vote += system.multiply(bit, distance, f"{label}: active, {ahead} ahead")
    system.assert_product(used, 1 - may_vote, LinearCombination(), f"{label}: of who is active")
    leaf = poseidon_gadget(
        system, (values["key x"], values["key y"], values["balance"], from_bits(active)),
        f"{label}: leaf")
    root = path_gadget(system, leaf, place.bits, place.siblings, f"{label}: path")
    system.assert_product(root - tree_root, used, LinearCombination(),
                          f"{label}: of the registry")
    message = poseidon_gadget(
        system, (as_combination(VOTE_DOMAIN), link, values["slot"], values["index"],
                 values["head high"], values["head low"]), f"{label}: message")
    assert_signature(
        system, EdwardsWires(values["key x"], values["key y"]), message,
        EdwardsWires(values["nonce x"], values["nonce y"]), values["scalar"],
        f"{label}: signature")
    return system.multiply(values["balance"], used, f"{label}: weight")


def mask_of(system: ConstraintSystem, place: Place, label: str) -> LinearCombination:
    """``2^index`` where the place is used, else 0: a constraint a bit of the index.

    ``used * product over k of (1 + bit_k (2^(2^k) - 1))``, below r for 7 bits or fewer.
    """
    if len(place.bits) > MASKED_DEPTH:
        raise ValueError(f"{label}: an index of {len(place.bits)} bits, more than {MASKED_DEPTH}")
    power = place.used
    for level, bit in enumerate(place.bits):
        power = system.multiply(power, 1 + bit * ((1 << (1 << level)) - 1),
                                f"{label}: 2^index down to bit {level}")
    return power
