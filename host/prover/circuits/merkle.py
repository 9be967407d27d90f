"""Paths of binary Merkle trees whose nodes are ``poseidon((left, right))``, as constraints."""

from collections.abc import Sequence

from proofmill.host.prover.circuits.constraints import ConstraintSystem, LinearCombination
from proofmill.host.prover.circuits.poseidon_gadget import poseidon_gadget


def path_gadget(system: ConstraintSystem, leaf: LinearCombination,
                place: Sequence[LinearCombination], siblings: Sequence[LinearCombination],
                label: str, root: LinearCombination | None = None) -> LinearCombination:
    """The root above `leaf` at `place`; where `root` is given, constrain it to be that.

    `place`: boolean wires, the leaf's own level first, as `siblings`. 241 constraints a level: the
    hash, and one for ``bit * (sibling - node)``, which puts the two in order::

        left = node + bit * (sibling - node),    right = sibling - bit * (sibling - node)

    Raises `ValueError` for a path of no levels with a `root`, where there is nothing to constrain.
    """
    if root is not None and not siblings:
        raise ValueError(f"{label}: a path of no levels; let the leaf's own hash be the root")
    node = leaf
    for level, (bit, sibling) in enumerate(zip(place, siblings, strict=True)):
        exchange = system.multiply(sibling - node, bit, f"{label}: level {level}, order")
        node = poseidon_gadget(
            system, (node + exchange, sibling - exchange), f"{label}: level {level}",
            root if level == len(siblings) - 1 else None)
    return node
