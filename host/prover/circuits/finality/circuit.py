"""The circuit of a certificate of finality.

Public inputs, in this order: ``registry, next_registry, source_epoch, source_high, source_low,
target_epoch, target_high, target_low, weight, prover_tag``, and of a part ``signers``. It states:

    Validators of this registry, each counted once, have together `weight` of stake, and the
    companion key of each signed a vote from the source to the target, in the registry's fork, that
    names the next registry. All of them are active in the target's epoch, by this registry. Of a
    whole certificate: that is at least two thirds of the stake which is active, by this registry,
    in the target's epoch or in the next. Of a part: they are those whose bits are set in `signers`.

Why that is enough:

* A voter is a leaf of the tree, opened by a path; tree, epoch, totals and fork's domain are opened
  from `registry`, so nobody chooses a key, a balance or a total.
* How far the target's epoch is from the registry's says which bit of a voter counts, and which
  total. The prover may take the next epoch's instead: the specification weighs an epoch's votes
  twice, at its end and at the next one's.
* The message that is signed is hashed from the very public inputs that are stated, and from the
  domain in the registry. Slot, index and head are the voter's own: they may differ within an epoch,
  and none of them counts for finality.
* Indices rise from one used place to the next, by a difference of `depth` bits, so a validator
  stands in one place at most (`place`).
* Balances are below 2^64 and add up to no more than a total, by who computes the registry, so sums
  do not wrap around and ``3 weight - 2 total`` is not negative where it has 66 bits.
* Parts are added by who verifies them, over sets of voters with nothing in common
  (`statement.add_up`). A slot's committee is drawn from all over the registry, so ranges of indices
  would not do; and to add them up in a circuit would mean to verify proofs in it. What a part does
  not show is that two thirds voted.
* The prover's tag is bound as `host.prover.circuits.statement` says.

It shows what companion keys signed, not the BLS signatures of the same votes; and neither Baby
Jubjub nor Groth16 withstands a quantum computer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from hashlib import sha256

from proofmill.host.ground.garbage import uncollected
from proofmill.host.prover.circuits.constraints import (
    ConstraintSystem,
    LinearCombination,
    as_combination,
    weighted_sum,
)
from proofmill.host.prover.circuits.finality.place import (
    Place,
    assert_place,
    mask_of,
    open_place,
    vote_name,
)
from proofmill.host.prover.circuits.finality.registry import AHEAD, REGISTRY_DOMAIN
from proofmill.host.prover.circuits.finality.size import CertificateSize
from proofmill.host.prover.circuits.finality.statement import CertificateInputs
from proofmill.host.prover.circuits.finality.vote import LINK_DOMAIN, NUMBER_BITS
from proofmill.host.prover.circuits.poseidon_gadget import poseidon_gadget
from proofmill.host.prover.circuits.range_check import range_check
from proofmill.host.prover.circuits.repeated import Bounds, Reached, Repeated
from proofmill.host.prover.groth16.r1cs import R1cs
from proofmill.host.prover.groth16.setup import circuit_hash

TOTALS = tuple(f"total {ahead}" for ahead in range(1, AHEAD + 1))
OPENED = ("tree root", "epoch", *TOTALS, "domain high", "domain low")
"""The private inputs that open the registry's commitment."""

DISTANCES = tuple(f"{ahead} ahead" for ahead in range(1, AHEAD + 1))
"""Of these private inputs one is 1, the others are 0: how far the target's epoch is from the
registry's, the last for all further ones."""

LATE = "late"
"""The private input, of a whole certificate, by which its votes are measured by the total of the
epoch after the target's."""

MARGIN_BITS = NUMBER_BITS + 2
"""``3 weight - 2 total`` is at most 3 * 2^64."""


class FinalityCircuit:
    """The circuit for certificates of one size.

    Two places are compiled, in a second; what further ones add to key and witness follows from the
    second (`host.prover.circuits.repeated`).
    """

    def __init__(self, size: CertificateSize) -> None:
        self.size = size
        with uncollected():
            self._small, bounds = _compile(replace(size, places=min(size.places, COMPILED)))
        self._repeated = Repeated(self._small, bounds, size.places, _prefix) if (
            size.places > COMPILED) else None

    @property
    def public(self) -> int:
        """How many public inputs there are."""
        return self._small.public_inputs

    @property
    def constraints(self) -> int:
        """How many constraints there are."""
        return len(self._small.constraints) + (
            0 if self._repeated is None else self._repeated.more_constraints)

    @cached_property
    def system(self) -> ConstraintSystem:
        """All constraints, with their names: up to half a second a place."""
        if self._repeated is None:
            return self._small
        with uncollected():
            return _compile(self.size)[0]

    @cached_property
    def r1cs(self) -> R1cs:
        """The constraints as matrices, for the key and the prover."""
        with uncollected():
            return self._small_r1cs if self._repeated is None else (
                self._repeated.r1cs(self._small_r1cs))

    @cached_property
    def digest(self) -> bytes:
        """What differs for circuits that differ, without the matrices of all places."""
        with uncollected():
            small = circuit_hash(self._small_r1cs)
        return sha256(small + self.size.places.to_bytes(4, "big")).digest()

    def witness(self, inputs: Mapping[str, int]) -> list[int]:
        """The value of every wire, as `ConstraintSystem.witness`."""
        return (self._repeated or self._small).witness(inputs)

    @cached_property
    def _small_r1cs(self) -> R1cs:
        kind = "epoch" if self.size.whole else "slot"
        return self._small.to_r1cs(f"certificate of a {kind} (depth {self.size.depth}, "
                                   f"{self.size.places} votes)")


COMPILED = 2
"""Places that are compiled one by one."""


def _prefix(number: int) -> str:
    return f"{vote_name(number)}: "


def _compile(size: CertificateSize) -> tuple[ConstraintSystem, Bounds]:
    """The constraints, and of two places where they are among them."""
    system = ConstraintSystem()
    names = [each for each in CertificateInputs._fields
             if not (size.whole and each == "signers")]
    public = {name: system.public_input(name) for name in names}
    opened = {name: system.private_input(name) for name in OPENED}
    distances = [system.private_input(name) for name in DISTANCES]
    late = system.private_input(LATE) if size.whole else None
    inputs = system.wires
    places = [open_place(system, size.depth, number) for number in range(size.places)]
    other = system.wires

    system.multiply(public["prover_tag"], public["prover_tag"], "prover tag, squared")
    poseidon_gadget(
        system, (as_combination(REGISTRY_DOMAIN), *opened.values()), "registry",
        public["registry"])
    _assert_distance(system, distances, public["target_epoch"] - opened["epoch"])
    link = poseidon_gadget(
        system, (as_combination(LINK_DOMAIN), opened["domain high"], opened["domain low"],
                 *(public[name] for name in (
                     "next_registry", "source_epoch", "source_high", "source_low",
                     "target_epoch", "target_high", "target_low"))), "link")
    weight = signers = LinearCombination()
    before: Place | None = None
    begun = []
    for number, place in enumerate(places):
        begun.append(Reached.of(system))
        label = vote_name(number)
        weight += assert_place(system, place, before, opened["tree root"], distances,
                               link, label)
        before = place
        if not size.whole:
            signers += mask_of(system, place, label)
    rest = Reached.of(system)
    system.assert_equal(weight, public["weight"], "weight: of all votes")
    if late is not None:
        total = _total(system, [opened[name] for name in TOTALS], distances, late)
        range_check(system, public["weight"] * 3 - total * 2, MARGIN_BITS, "two thirds")
    else:
        system.assert_equal(signers, public["signers"], "signers: of all votes")
    return system, Bounds(inputs, other, begun[0], begun[-1], rest)


def _assert_distance(system: ConstraintSystem, distances: Sequence[LinearCombination],
                     epochs: LinearCombination) -> None:
    """Exactly one of `distances` is 1: that of so many epochs, the last for more."""
    for ahead, distance in enumerate(distances, 1):
        system.assert_boolean(distance, f"distance: {ahead} ahead is 0 or 1")
    system.assert_equal(weighted_sum((1,) * AHEAD, distances), 1, "distance: one of them")
    further = epochs - weighted_sum(range(1, AHEAD + 1), distances)
    system.assert_product(further, 1 - distances[-1], LinearCombination(),
                          "distance: further than the last alone")
    range_check(system, further, NUMBER_BITS, "distance: not before")


def _total(system: ConstraintSystem, totals: Sequence[LinearCombination],
           distances: Sequence[LinearCombination], late: LinearCombination) -> LinearCombination:
    """The total of the target's epoch, or where `late` is 1 of the next."""
    system.assert_boolean(late, "late or not")
    total, more = totals[-1], LinearCombination()
    for ahead, (here, following) in enumerate(zip(totals, totals[1:], strict=False), 1):
        distance = distances[ahead - 1]
        total += system.multiply(distance, here - totals[-1], f"total, {ahead} ahead")
        more += system.multiply(distance, following - here, f"total, {ahead} ahead, and late")
    return total + system.multiply(late, more, "total, late")
