"""An account as wires: where it is in the tree, and what it is."""

from dataclasses import dataclass

from proofmill.host.prover.circuits.constraints import ConstraintSystem, LinearCombination
from proofmill.host.prover.circuits.edwards_gadget import EdwardsWires
from proofmill.host.prover.circuits.merkle import path_gadget
from proofmill.host.prover.circuits.poseidon_gadget import poseidon_gadget


@dataclass(frozen=True)
class Opened:
    """An account's wires, all of them private inputs."""

    place: list[LinearCombination]
    siblings: list[LinearCombination]
    key: EdwardsWires
    balance: LinearCombination
    nonce: LinearCombination

    def assert_place(self, system: ConstraintSystem, label: str) -> None:
        """Constrain the place to be bits."""
        for level, bit in enumerate(self.place):
            system.assert_boolean(bit, f"{label}: place, bit {level} is 0 or 1")

    def leaf(self, system: ConstraintSystem, label: str, balance: LinearCombination | None = None,
             nonce: LinearCombination | None = None) -> LinearCombination:
        """The account's leaf, with another balance or nonce where one is given."""
        return poseidon_gadget(
            system, (*self.key, self.balance if balance is None else balance,
                     self.nonce if nonce is None else nonce), f"{label}: leaf")

    def root(self, system: ConstraintSystem, leaf: LinearCombination, label: str,
             root: LinearCombination | None = None) -> LinearCombination:
        """The root with this leaf in the account's place; constrained to be `root`, if given."""
        return path_gadget(system, leaf, self.place, self.siblings, label, root)


def open_account(system: ConstraintSystem, depth: int, name: str) -> Opened:
    """The private inputs of an account."""
    x, y, balance, nonce = (system.private_input(f"{name}, {part}")
                            for part in ("x", "y", "balance", "nonce"))
    place = [system.private_input(f"{name}, bit {level}") for level in range(depth)]
    siblings = [system.private_input(f"{name}, sibling {level}") for level in range(depth)]
    return Opened(place, siblings, EdwardsWires(x, y), balance, nonce)
