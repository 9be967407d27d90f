"""FFLONK's verification keys and proofs, and their JSON as snarkjs writes it."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from proofmill.hdl.curve import Group
from proofmill.hdl.field import BN254_SCALAR
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.prover.curve.scalars import NON_RESIDUE, root_of_unity
from proofmill.host.prover.groth16.json_fields import Fields, read_json
from proofmill.host.prover.groth16.plain import Numbers
from proofmill.host.prover.groth16.verification_key import (
    VerificationKey,
    verification_key_from_json,
)
from proofmill.host.prover.plonk.systems import PLONK, json_system
from proofmill.host.prover.plonk.verification_key import (
    CURVE,
    PlonkKey,
    check_labels,
    check_root,
    g1_to_json,
    g2_to_json,
    points_in_order,
    read_power,
    split_numbers,
)
from proofmill.host.prover.plonk.verification_key import key_from_json as plonk_key_from_json

NAME = "fflonk"
R = BN254_SCALAR.modulus

PROOF_POINTS = ("C1", "C2", "W1", "W2")
"""Commitments of a proof: to the wires and T0; to Z, T1 and T2; to the openings."""

EVALUATIONS = ("ql", "qr", "qm", "qo", "qc", "s1", "s2", "s3", "a", "b", "c", "z", "zw", "t1w",
               "t2w")
"""Values at xi; those that end in w at xi w."""

PROOF_NUMBERS = 2 * len(PROOF_POINTS) + len(EVALUATIONS) + 1

INVERSE = "inv"
"""What a contract needs the inverse of, see `host.prover.fflonk.verify.Draws.inverse`."""

ROOTS = {3: pow(NON_RESIDUE, 2 * (R - 1) // 3, R), 4: root_of_unity(2), 8: root_of_unity(3)}
"""Roots of unity of these orders (snarkjs: w3, w4, w8)."""


def third_of_root(power: int) -> int:
    """The number of order 2^power whose cube is the domain's root of unity (snarkjs: wr)."""
    return pow(root_of_unity(power), pow(3, -1, 1 << power), R)


@dataclass(frozen=True)
class FflonkKey:
    """What a verifier needs to know about a circuit.

    `power`: the domain has 2^power gates; `k1`, `k2`: what tells the second and third column of
    wires from the first; `c0`: the commitment to selectors and permutation; `tau`: [tau]_2.
    """

    public: int
    power: int
    k1: int
    k2: int
    c0: Numbers
    tau: Numbers
    name: str = "verification key"

    def to_json(self) -> JsonObject:
        """The content of snarkjs' ``verification_key.json``."""
        return {
            "protocol": NAME, "curve": CURVE, "nPublic": self.public, "power": self.power,
            "k1": str(self.k1), "k2": str(self.k2), "w": str(root_of_unity(self.power)),
            **{f"w{order}": str(root) for order, root in ROOTS.items()},
            "wr": str(third_of_root(self.power)),
            "X_2": g2_to_json(self.tau), "C0": g1_to_json(self.c0)}


AnyKey: TypeAlias = VerificationKey | PlonkKey | FflonkKey
"""A verification key; which it is, says the proof system."""


@dataclass(frozen=True)
class FflonkProof:
    """A proof: the commitments `PROOF_POINTS`, the values `EVALUATIONS` and the inverse."""

    points: Mapping[str, Numbers]
    values: Mapping[str, int]
    inverse: int

    def to_json(self) -> JsonObject:
        """The content of snarkjs' ``proof.json``."""
        return {
            "polynomials": {each: g1_to_json(self.points[each]) for each in PROOF_POINTS},
            "evaluations": {**{each: str(self.values[each]) for each in EVALUATIONS},
                            INVERSE: str(self.inverse)},
            "protocol": NAME, "curve": CURVE}

    @property
    def numbers(self) -> list[int]:
        """The `PROOF_NUMBERS` numbers of a proof as contracts take it: x and y of every point, the
        values, the inverse."""
        return [*(part for point in points_in_order(self.points, PROOF_POINTS) for part in point),
                *(self.values[name] for name in EVALUATIONS), self.inverse]


def key_from_json(value: object, name: str = "verification key") -> FflonkKey:
    """Check parsed JSON and take the key from it. Raises `ProofmillError` naming the field."""
    fields = Fields(value, name)
    check_labels(fields, NAME)
    power = read_power(fields)
    for order, root in ROOTS.items():
        check_root(fields, f"w{order}", root)
    check_root(fields, "wr", third_of_root(power))
    return FflonkKey(
        public=fields.member("nPublic").signal(), power=power, k1=fields.member("k1").signal(),
        k2=fields.member("k2").signal(), c0=fields.member("C0").numbers(Group.G1),
        tau=fields.member("X_2").numbers(Group.G2), name=name)


def proof_from_json(value: object, name: str = "proof") -> FflonkProof:
    """Check parsed JSON and take the proof from it.

    Raises `ProofmillError` naming the field; it is a `NotValid` where a value can be read and is
    no point of the curve, or not below r.
    """
    fields = Fields(value, name)
    check_labels(fields, NAME)
    points, values = fields.member("polynomials"), fields.member("evaluations")
    return FflonkProof(
        points={each: points.member(each).numbers(Group.G1) for each in PROOF_POINTS},
        values={each: values.member(each).signal() for each in EVALUATIONS},
        inverse=values.member(INVERSE).signal())


def proof_from_numbers(numbers: Sequence[int]) -> FflonkProof | None:
    """The inverse of `FflonkProof.numbers`; None where they are no proof: a point is not on the
    curve, a value not below r."""
    found = split_numbers(numbers, PROOF_POINTS, (*EVALUATIONS, INVERSE))
    if found is None:
        return None
    points, values = found
    inverse = values.pop(INVERSE)
    return FflonkProof(points, values, inverse)


def read_key(path: str | os.PathLike[str]) -> FflonkKey:
    """Read a ``verification_key.json``. Raises `ProofmillError`."""
    return key_from_json(read_json(path).value, os.fspath(path))


def read_proof(path: str | os.PathLike[str]) -> FflonkProof:
    """Read a ``proof.json``. Raises `ProofmillError`."""
    return proof_from_json(read_json(path).value, os.fspath(path))


def read_any_key(path: str | os.PathLike[str]) -> AnyKey:
    """Read a ``verification_key.json`` of the system that it says. Raises `ProofmillError`."""
    value, name = read_json(path).value, os.fspath(path)
    system = json_system(value)
    if system == NAME:
        return key_from_json(value, name)
    if system == PLONK:
        return plonk_key_from_json(value, name)
    return verification_key_from_json(value, name)
