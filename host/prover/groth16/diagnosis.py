"""Why a proof did not verify although every sum in it was right."""

from collections.abc import Iterator

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.curve.validity import first_off_curve, in_subgroup
from proofmill.host.prover.groth16.proving_key import ProvingKey
from proofmill.host.prover.groth16.r1cs import R1cs


def explain(key: ProvingKey, witness: Limbs, r1cs: R1cs | None) -> ProofmillError:
    """The error to raise: the witness, the key or the circuit is at fault.

    `witness`: shape (wires, 4). The constraints are checked where `r1cs` is given, then every
    point of the key.
    """
    if r1cs is not None:
        constraint = r1cs.first_unsatisfied(witness)
        if constraint is not None:
            return ProofmillError(
                f"the witness does not satisfy constraint {constraint} of {r1cs.constraints} "
                f"(counted from 0) in {r1cs.name}; compute the witness with this circuit")
    if (bad := bad_key(key)) is not None:
        return bad
    if r1cs is not None:
        return ProofmillError(
            f"the proof does not verify although the witness satisfies {r1cs.name}: "
            f"{key.name} belongs to another circuit or is damaged; make the key from this circuit")
    return ProofmillError(
        f"the proof does not verify: the witness does not satisfy the constraints of {key.name}, "
        "being wrong or another circuit's, or the key is damaged; give the .r1cs as well to learn "
        "which constraint fails first")


def bad_key(key: ProvingKey) -> ProofmillError | None:
    """What is wrong with the points of `key`, and where; None if nothing is."""
    bad = first_bad_point(key)
    return None if bad is None else ProofmillError(
        f"{key.name}: {bad}; copy the key again or make a new one")


def first_bad_point(key: ProvingKey) -> str | None:
    """The first point of `key` outside its group, by section and index; None if all are inside.

    Takes a few microseconds a point at most, in G2 a fifth of a millisecond.
    """
    for section, what, group, points in _sections(key):
        if (index := first_off_curve(group, points)) is not None:
            return f"section {section} ({what}), index {index}: not on the curve"
        if group is Group.G2:
            outside = np.flatnonzero(~in_subgroup(group, points))
            if len(outside):
                return (f"section {section} ({what}), index {int(outside[0])}: "
                        "not in the subgroup of prime order")
    return None


def _sections(key: ProvingKey) -> Iterator[tuple[int, str, Group, Limbs]]:
    for name in ("alpha_g1", "beta_g1", "beta_g2", "gamma_g2", "delta_g1", "delta_g2"):
        group = Group.G1 if name.endswith("g1") else Group.G2
        yield 2, name, group, getattr(key, name).reshape(1, -1)
    yield 3, "public points", Group.G1, key.public_points
    yield 5, "A", Group.G1, key.a
    yield 6, "B in G1", Group.G1, key.b_g1
    yield 7, "B in G2", Group.G2, key.b_g2
    yield 8, "C", Group.G1, key.c
    yield 9, "H", Group.G1, key.h
