"""One place of a batch as constraints: it takes from an account, gives to one, or both.

    kind        takes   gives   signed   amount        what the receiver was
    transfer    x       x       x        not 0         there
    exit        x               x        not 0
    open                x                not 0         an empty place
    credit              x                not 0         there
    forced exit x                        all there is
    not used                             0

There is a wire for each kind, 0 or 1, at most one of them 1. They follow from the words: the kind's
number is in word 0, whose parts keep to their bits, and a place that is not used has a word of 0,
where all others have an amount or a number of a kind.

A side that is not wanted has wires of an account that might have been: the roots it reaches are not
taken over. So has the signature, which is then by a key known to all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from proofmill.host.prover.circuits.constraints import (
    MODULUS,
    ConstraintSystem,
    LinearCombination,
    as_combination,
)
from proofmill.host.prover.circuits.eddsa_gadget import assert_signature
from proofmill.host.prover.circuits.edwards_gadget import EdwardsWires
from proofmill.host.prover.circuits.poseidon_gadget import poseidon_gadget
from proofmill.host.prover.circuits.range_check import from_bits, range_check
from proofmill.host.prover.circuits.rollup.kinds import (
    AMOUNT_AT,
    FEE_AT,
    KIND_AT,
    NONCE_AT,
    RECEIVER_AT,
    Kind,
)
from proofmill.host.prover.circuits.rollup.opened import Opened, open_account
from proofmill.host.prover.circuits.rollup.size import BALANCE_BITS, FEE_BITS
from proofmill.host.prover.circuits.rollup.transfer import EXIT_DOMAIN, MESSAGE_DOMAIN

_NOTHING = LinearCombination()
KINDS = {kind: kind.name.lower() for kind in Kind}
SIGNATURE = "key.x", "key.y", "R.x", "R.y", "S", "message"


@dataclass(frozen=True)
class Place:
    """A place's private inputs."""

    sender: Opened
    receiver: Opened
    kinds: dict[Kind, LinearCombination]
    amount: LinearCombination
    fee: LinearCombination
    more: tuple[LinearCombination, LinearCombination]
    """Words 1 and 2."""
    signature: Sequence[LinearCombination]

    def one_of(self, *kinds: Kind) -> LinearCombination:
        """1 where the place is of one of these kinds, else 0."""
        return sum((self.kinds[kind] for kind in kinds), _NOTHING)

    @property
    def used(self) -> LinearCombination:
        """1 where the place holds anything."""
        return self.one_of(*Kind)

    @property
    def takes(self) -> LinearCombination:
        """1 where the sender's side counts."""
        return self.one_of(Kind.TRANSFER, Kind.EXIT, Kind.FORCED)

    @property
    def gives(self) -> LinearCombination:
        """1 where the receiver's side counts."""
        return self.one_of(Kind.TRANSFER, Kind.OPEN, Kind.CREDIT)

    @property
    def signed(self) -> LinearCombination:
        """1 where the sender has to have signed."""
        return self.one_of(Kind.TRANSFER, Kind.EXIT)


def open_place(system: ConstraintSystem, depth: int, number: int) -> Place:
    """The private inputs of a place."""
    def named(names: Sequence[str]) -> list[LinearCombination]:
        return [system.private_input(f"{number}: {name}") for name in names]

    sender = open_account(system, depth, f"{number}: sender")
    receiver = open_account(system, depth, f"{number}: receiver")
    kinds = dict(zip(KINDS, named(list(KINDS.values())), strict=True))
    amount, fee, first, second = named(("amount", "fee", "word 1", "word 2"))
    return Place(sender, receiver, kinds, amount, fee, (first, second), named(SIGNATURE))


def assert_place(system: ConstraintSystem, place: Place, root: LinearCombination,
                 chain_id: LinearCombination, label: str
                 ) -> tuple[LinearCombination, list[LinearCombination]]:
    """Constrain a place to be what the table above has; the root after it, and its words."""
    _kind(system, place, label)
    word = _word(system, place, label)
    system.assert_product(1 - place.used, word, _NOTHING, f"{label}: not used, 0")
    _signed(system, place, word, chain_id, label)
    between = _take(system, place, root, label)
    return _give(system, place, between, label), [word, *place.more]


def _kind(system: ConstraintSystem, place: Place, label: str) -> None:
    """One kind at most, and the amount and fee that go with it."""
    for kind, name in KINDS.items():
        system.assert_boolean(place.kinds[kind], f"{label}: {name} is 0 or 1")
    system.assert_boolean(place.used, f"{label}: one kind")
    inverse = system.internal(f"{label}: inverse of the amount")
    some = place.used - place.kinds[Kind.FORCED]
    system.hint(lambda values: (pow(values[0], -1, MODULUS) * values[1] % MODULUS
                                if values[0] else 0,), (place.amount, some), (inverse,))
    system.assert_product(place.amount, inverse, some, f"{label}: an amount")
    system.assert_product(place.used - place.signed, place.fee, _NOTHING,
                          f"{label}: no fee without a signature")
    system.assert_product(place.kinds[Kind.FORCED], place.sender.balance - place.amount, _NOTHING,
                          f"{label}: forced, all of it")


def _word(system: ConstraintSystem, place: Place, label: str) -> LinearCombination:
    """Word 0, of parts that keep to their bits."""
    place.sender.assert_place(system, f"{label}: sender")
    place.receiver.assert_place(system, f"{label}: receiver")
    range_check(system, place.amount, BALANCE_BITS, f"{label}: amount")
    range_check(system, place.fee, FEE_BITS, f"{label}: fee")
    kind = sum((place.kinds[kind] * kind for kind in KINDS), _NOTHING)
    return (from_bits(place.sender.place) + from_bits(place.receiver.place) * (1 << RECEIVER_AT)
            + place.amount * (1 << AMOUNT_AT) + place.fee * (1 << FEE_AT) + kind * (1 << KIND_AT))


def _signed(system: ConstraintSystem, place: Place, word: LinearCombination,
            chain_id: LinearCombination, label: str) -> None:
    """The sender's key has signed this; where nobody has to, any key may have signed anything."""
    key_x, key_y, x, y, scalar, message = place.signature
    # Of an exit, word 1 is the address; of a transfer, 0.
    domain = (as_combination(MESSAGE_DOMAIN) + place.more[0]
              + place.kinds[Kind.EXIT] * (EXIT_DOMAIN - MESSAGE_DOMAIN))
    wanted = poseidon_gadget(
        system, (domain, chain_id, word + place.sender.nonce * (1 << NONCE_AT)),
        f"{label}: message")
    for what, has, wants in (("message", message, wanted), ("key, x", key_x, place.sender.key.x),
                             ("key, y", key_y, place.sender.key.y)):
        system.assert_product(place.signed, has - wants, _NOTHING, f"{label}: {what}, if signed")
    assert_signature(system, EdwardsWires(key_x, key_y), message, EdwardsWires(x, y), scalar,
                     f"{label}: signature")


def _take(system: ConstraintSystem, place: Place, root: LinearCombination,
          label: str) -> LinearCombination:
    """The root after the sender has less: two paths."""
    sender, takes = place.sender, place.takes
    left = sender.balance - place.amount - place.fee
    range_check(system, left, BALANCE_BITS, f"{label}: what the sender has left")
    found = sender.root(system, sender.leaf(system, f"{label}: sender before"),
                        f"{label}: sender before")
    system.assert_product(takes, found - root, _NOTHING, f"{label}: sender's root")
    after = sender.root(
        system, sender.leaf(system, f"{label}: sender after", left, sender.nonce + place.signed),
        f"{label}: sender after")
    return root + system.multiply(after - root, takes, f"{label}: root, taken")


def _give(system: ConstraintSystem, place: Place, root: LinearCombination,
          label: str) -> LinearCombination:
    """The root after the receiver has more: two paths."""
    receiver, gives, opens = place.receiver, place.gives, place.kinds[Kind.OPEN]
    for what, value in (("balance", receiver.balance), ("nonce", receiver.nonce),
                        ("x", receiver.key.x - place.more[0]),
                        ("y", receiver.key.y - place.more[1])):
        system.assert_product(opens, value, _NOTHING, f"{label}: opened: {what}")
    leaf = receiver.leaf(system, f"{label}: receiver before")
    leaf -= system.multiply(leaf, opens, f"{label}: no leaf, if opened")
    found = receiver.root(system, leaf, f"{label}: receiver before")
    system.assert_product(gives, found - root, _NOTHING, f"{label}: receiver's root")
    after = receiver.root(
        system, receiver.leaf(system, f"{label}: receiver after",
                              receiver.balance + place.amount), f"{label}: receiver after")
    return root + system.multiply(after - root, gives, f"{label}: root, given")
