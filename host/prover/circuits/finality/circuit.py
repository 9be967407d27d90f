"""The circuit of a certificate of finality.

Public inputs, in this order: ``registry, next_registry, source_epoch, source_high, source_low,
target_epoch, target_high, target_low, weight, prover_tag``, and of a part ``signers``. It states:

    Validators of this registry, each counted once, have together `weight` of stake, and the
    companion key of each signed a vote from the source to the target, in the registry's fork, that
    names the next registry. Of a whole certificate: that is at least two thirds of the registry's
    total. Of a part: they are those whose bits are set in `signers`.

Why that is enough:

* A voter is a leaf of the tree, opened by a path; tree, total and fork's domain are opened from
  `registry`, so nobody chooses a key, a balance or a total.
* The message that is signed is hashed from the very public inputs that are stated, and from the
  domain in the registry. Slot, index and head are the voter's own: they may differ within an epoch,
  and none of them counts for finality.
* Indices rise from one used place to the next, by a difference of `depth` bits, so a validator
  stands in one place at most (`place`).
* Balances are below 2^64 and add up to no more than `total`, by who computes the registry, so sums
  do not wrap around and ``3 weight - 2 total`` is not negative where it has 66 bits.
* Parts are added by who verifies them, over sets of voters with nothing in common
  (`statement.add_up`). A slot's committee is drawn from all over the registry, so ranges of indices
  would not do; and to add them up in a circuit would mean to verify proofs in it. What a part does
  not show is that two thirds voted.
* The prover's tag is bound as `host.prover.circuits.statement` says.

It shows what companion keys signed, not the BLS signatures of the same votes; and neither Baby
Jubjub nor Groth16 withstands a quantum computer.
"""

from functools import cached_property

from proofmill.host.ground.garbage import uncollected
from proofmill.host.prover.circuits.constraints import (
    ConstraintSystem,
    LinearCombination,
    as_combination,
)
from proofmill.host.prover.circuits.finality.place import Place, assert_place, mask_of, open_place
from proofmill.host.prover.circuits.finality.registry import REGISTRY_DOMAIN
from proofmill.host.prover.circuits.finality.size import CertificateSize
from proofmill.host.prover.circuits.finality.statement import CertificateInputs
from proofmill.host.prover.circuits.finality.vote import LINK_DOMAIN, NUMBER_BITS
from proofmill.host.prover.circuits.poseidon_gadget import poseidon_gadget
from proofmill.host.prover.circuits.range_check import range_check
from proofmill.host.prover.groth16.r1cs import R1cs

OPENED = ("tree root", "total", "domain high", "domain low")
"""The private inputs that open the registry's commitment."""

MARGIN_BITS = NUMBER_BITS + 2
"""``3 weight - 2 total`` is at most 3 * 2^64."""


class FinalityCircuit:
    """The circuit for certificates of one size. Compiling takes up to a second a place: keep it."""

    def __init__(self, size: CertificateSize) -> None:
        self.size = size
        self.system = ConstraintSystem()
        with uncollected():
            self._compile()

    @cached_property
    def r1cs(self) -> R1cs:
        """The constraints as matrices, for the key and the prover."""
        kind = "epoch" if self.size.whole else "slot"
        with uncollected():
            return self.system.to_r1cs(f"certificate of a {kind} (depth {self.size.depth}, "
                                       f"{self.size.places} votes)")

    def _compile(self) -> None:
        system, size = self.system, self.size
        names = [each for each in CertificateInputs._fields
                 if not (size.whole and each == "signers")]
        public = {name: system.public_input(name) for name in names}
        opened = {name: system.private_input(name) for name in OPENED}
        places = [open_place(system, size.depth, number) for number in range(size.places)]

        system.multiply(public["prover_tag"], public["prover_tag"], "prover tag, squared")
        poseidon_gadget(
            system, (as_combination(REGISTRY_DOMAIN), *opened.values()), "registry",
            public["registry"])
        link = poseidon_gadget(
            system, (as_combination(LINK_DOMAIN), opened["domain high"], opened["domain low"],
                     *(public[name] for name in (
                         "next_registry", "source_epoch", "source_high", "source_low",
                         "target_epoch", "target_high", "target_low"))), "link")
        weight = signers = LinearCombination()
        before: Place | None = None
        for number, place in enumerate(places):
            label = f"vote {number}"
            weight += assert_place(system, place, before, opened["tree root"], link, label)
            before = place
            if not size.whole:
                signers += mask_of(system, place, label)
        system.assert_equal(weight, public["weight"], "weight: of all votes")
        if size.whole:
            range_check(system, public["weight"] * 3 - opened["total"] * 2, MARGIN_BITS,
                        "two thirds")
        else:
            system.assert_equal(signers, public["signers"], "signers: of all votes")
