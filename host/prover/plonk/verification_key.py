"""PLONK's verification keys and proofs, and their JSON as snarkjs writes it."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from proofmill.hdl.curve import Group
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.prover.curve.limbs import BASE_MODULUS, SCALAR_MODULUS
from proofmill.host.prover.curve.scalars import TWO_ADICITY, root_of_unity
from proofmill.host.prover.groth16.json_fields import Fields, read_json
from proofmill.host.prover.groth16.plain import Numbers
from proofmill.host.prover.groth16.plain_points import on_curve

NAME, CURVE = "plonk", "bn128"
"""What snarkjs calls the system and the curve."""

KEY_POINTS = ("Qm", "Ql", "Qr", "Qo", "Qc", "S1", "S2", "S3")
"""Commitments of a key: selectors of the product, of the three wires and of the constant; the
three parts of the permutation."""

PROOF_POINTS = ("A", "B", "C", "Z", "T1", "T2", "T3", "Wxi", "Wxiw")
"""Commitments of a proof: wires, permutation's product, quotient's parts, openings at xi, xi w."""

EVALUATIONS = ("eval_a", "eval_b", "eval_c", "eval_s1", "eval_s2", "eval_zw")
"""Values at xi; the last at xi w."""

PROOF_NUMBERS = 2 * len(PROOF_POINTS) + len(EVALUATIONS)


@dataclass(frozen=True)
class PlonkKey:
    """What a verifier needs to know about a circuit.

    `power`: the domain has 2^power gates; `k1`, `k2`: what tells the second and third column of
    wires from the first; `points`: the commitments `KEY_POINTS`; `tau`: [tau]_2 (snarkjs: X_2).
    """

    public: int
    power: int
    k1: int
    k2: int
    points: Mapping[str, Numbers]
    tau: Numbers
    name: str = "verification key"

    def to_json(self) -> JsonObject:
        """The content of snarkjs' ``verification_key.json``."""
        return {
            "protocol": NAME, "curve": CURVE, "nPublic": self.public, "power": self.power,
            "k1": str(self.k1), "k2": str(self.k2),
            **{each: g1_to_json(self.points[each]) for each in KEY_POINTS},
            "X_2": g2_to_json(self.tau), "w": str(root_of_unity(self.power))}


@dataclass(frozen=True)
class PlonkProof:
    """A proof: the commitments `PROOF_POINTS` and the values `EVALUATIONS`."""

    points: Mapping[str, Numbers]
    values: Mapping[str, int]

    def to_json(self) -> JsonObject:
        """The content of snarkjs' ``proof.json``."""
        return {**{each: g1_to_json(self.points[each]) for each in PROOF_POINTS},
                **{each: str(self.values[each]) for each in EVALUATIONS},
                "protocol": NAME, "curve": CURVE}

    @property
    def numbers(self) -> list[int]:
        """The `PROOF_NUMBERS` numbers of a proof as contracts take it: x and y of every point, then
        the values."""
        return [*(part for point in points_in_order(self.points, PROOF_POINTS) for part in point),
                *(self.values[name] for name in EVALUATIONS)]


def g1_to_json(point: Numbers) -> list[str]:
    """[x, y, "1"]; infinity is ["0", "1", "0"]."""
    return [str(part) for part in (*point, 1)] if any(point) else ["0", "1", "0"]


def g2_to_json(point: Numbers) -> list[list[str]]:
    """[x, y, 1], each coordinate a pair; the point is not infinity."""
    return [[str(part) for part in pair] for pair in (point[:2], point[2:], (1, 0))]


def key_from_json(value: object, name: str = "verification key") -> PlonkKey:
    """Check parsed JSON and take the key from it. Raises `ProofmillError` naming the field."""
    fields = Fields(value, name)
    check_labels(fields, NAME)
    return PlonkKey(
        public=fields.member("nPublic").signal(), power=read_power(fields),
        k1=fields.member("k1").signal(), k2=fields.member("k2").signal(),
        points={each: fields.member(each).numbers(Group.G1) for each in KEY_POINTS},
        tau=fields.member("X_2").numbers(Group.G2), name=name)


def proof_from_json(value: object, name: str = "proof") -> PlonkProof:
    """Check parsed JSON and take the proof from it.

    Raises `ProofmillError` naming the field; it is a `NotValid` where a value can be read and is
    no point of the curve, or not below r.
    """
    fields = Fields(value, name)
    check_labels(fields, NAME)
    return PlonkProof(
        points={each: fields.member(each).numbers(Group.G1) for each in PROOF_POINTS},
        values={each: fields.member(each).signal() for each in EVALUATIONS})


def proof_from_numbers(numbers: Sequence[int]) -> PlonkProof | None:
    """The inverse of `PlonkProof.numbers`; None where they are no proof: a point is not on the
    curve, a value not below r."""
    found = split_numbers(numbers, PROOF_POINTS, EVALUATIONS)
    return None if found is None else PlonkProof(*found)


def split_numbers(numbers: Sequence[int], points: Sequence[str], values: Sequence[str]) -> tuple[
        dict[str, Numbers], dict[str, int]] | None:
    """Points and values of these names, in their order; None where there are more or fewer, a point
    is not on the curve, or a value not below r."""
    end = 2 * len(points)
    if len(numbers) != end + len(values):
        return None
    places = [tuple(numbers[place:place + 2]) for place in range(0, end, 2)]
    if (max(numbers[:end]) >= BASE_MODULUS or max(numbers[end:]) >= SCALAR_MODULUS
            or not all(on_curve(Group.G1, each) for each in places)):
        return None
    return (dict(zip(points, places, strict=True)),
            dict(zip(values, numbers[end:], strict=True)))


def check_labels(fields: Fields, system: str) -> None:
    """Refuse what says that it is for another system or curve; it need not say."""
    if isinstance(fields.value, dict):
        if "protocol" in fields.value:
            fields.check_label("protocol", (system.upper(),),
                               f"use a {system.upper()} key and its proofs")
        if "curve" in fields.value:
            fields.check_curve()


def read_power(fields: Fields) -> int:
    """The power of the domain, and that ``w`` is the root of unity that goes with it."""
    power = fields.member("power").signal()
    if not 1 <= power <= TWO_ADICITY:
        fields.member("power").fail(f"should be from 1 to {TWO_ADICITY}, not {power}")
    check_root(fields, "w", root_of_unity(power))
    return power


def check_root(fields: Fields, label: str, expected: int) -> None:
    """Refuse another root of unity than the one snarkjs writes."""
    if fields.member(label).signal() != expected:
        fields.member(label).fail(f"should be the root of unity {expected}")


def read_key(path: str | os.PathLike[str]) -> PlonkKey:
    """Read a ``verification_key.json``. Raises `ProofmillError`."""
    return key_from_json(read_json(path).value, os.fspath(path))


def read_proof(path: str | os.PathLike[str]) -> PlonkProof:
    """Read a ``proof.json``. Raises `ProofmillError`."""
    return proof_from_json(read_json(path).value, os.fspath(path))


def points_in_order(points: Mapping[str, Numbers], names: Sequence[str]) -> list[Numbers]:
    """The points of these names."""
    return [points[name] for name in names]
