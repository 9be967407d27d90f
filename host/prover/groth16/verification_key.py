"""Verification keys and proofs, and their JSON as snarkjs writes it."""

import os
from dataclasses import dataclass

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.curve.pairing import coefficients
from proofmill.host.prover.curve.points import point_numbers
from proofmill.host.prover.groth16 import plain
from proofmill.host.prover.groth16.json_fields import point_to_json, read_json, write_json
from proofmill.host.prover.groth16.plain import PlainKey, PlainProof
from proofmill.host.prover.groth16.plain_points import from_array, to_array


@dataclass(frozen=True)
class VerificationKey:
    """What a verifier needs to know about a circuit; points as in `host.prover.curve.points`.

    `public_points` (snarkjs: IC): shape (public signals + 1, 8); the first belongs to the
    constant 1.
    """

    alpha_g1: Limbs
    beta_g2: Limbs
    gamma_g2: Limbs
    delta_g2: Limbs
    public_points: Limbs
    name: str = "verification key"
    """What messages call it: the file's path."""

    @property
    def public(self) -> int:
        """How many public signals a proof comes with."""
        return len(self.public_points) - 1

    def to_json(self) -> JsonObject:
        """The content of snarkjs' ``verification_key.json``."""
        return {
            "protocol": "groth16",
            "curve": "bn128",
            "nPublic": self.public,
            "vk_alpha_1": point_to_json(Group.G1, self.alpha_g1),
            "vk_beta_2": point_to_json(Group.G2, self.beta_g2),
            "vk_gamma_2": point_to_json(Group.G2, self.gamma_g2),
            "vk_delta_2": point_to_json(Group.G2, self.delta_g2),
            "vk_alphabeta_12": [
                [[str(part) for part in element] for element in half]
                for half in coefficients(self.alpha_g1, self.beta_g2)],
            "IC": [point_to_json(Group.G1, point) for point in self.public_points],
        }


@dataclass(frozen=True)
class Proof:
    """A Groth16 proof: A and C in G1, shape (8,), B in G2, shape (16,)."""

    a: Limbs
    b: Limbs
    c: Limbs

    def to_json(self) -> JsonObject:
        """The content of snarkjs' ``proof.json``."""
        return {
            "pi_a": point_to_json(Group.G1, self.a),
            "pi_b": point_to_json(Group.G2, self.b),
            "pi_c": point_to_json(Group.G1, self.c),
            "protocol": "groth16",
            "curve": "bn128",
        }

    @property
    def numbers(self) -> list[int]:
        """The 8 numbers of a proof as contracts take it: A, B and C as EIP-197 has them."""
        return [*point_numbers(Group.G1, self.a), *point_numbers(Group.G2, self.b),
                *point_numbers(Group.G1, self.c)]


def key_of(key: PlainKey) -> VerificationKey:
    """The key as arrays."""
    return VerificationKey(
        alpha_g1=to_array(Group.G1, key.alpha), beta_g2=to_array(Group.G2, key.beta),
        gamma_g2=to_array(Group.G2, key.gamma), delta_g2=to_array(Group.G2, key.delta),
        public_points=np.array([to_array(Group.G1, point) for point in key.public_points]),
        name=key.name)


def plain_of(key: VerificationKey) -> PlainKey:
    """The key in plain integers."""
    (alpha,), public_points = (from_array(Group.G1, points)
                               for points in (key.alpha_g1, key.public_points))
    beta, gamma, delta = (from_array(Group.G2, point)[0]
                          for point in (key.beta_g2, key.gamma_g2, key.delta_g2))
    return PlainKey(alpha, beta, gamma, delta, tuple(public_points), key.name)


def proof_of(proof: PlainProof) -> Proof:
    """The proof as arrays."""
    return Proof(a=to_array(Group.G1, proof.a), b=to_array(Group.G2, proof.b),
                 c=to_array(Group.G1, proof.c))


def verification_key_from_json(value: object, name: str = "verification key") -> VerificationKey:
    """`host.prover.groth16.plain.key_from_json` as arrays."""
    return key_of(plain.key_from_json(value, name))


def proof_from_json(value: object, name: str = "proof") -> Proof:
    """`host.prover.groth16.plain.proof_from_json` as arrays."""
    return proof_of(plain.proof_from_json(value, name))


def read_verification_key(path: str | os.PathLike[str]) -> VerificationKey:
    """Read a ``verification_key.json``. Raises `ProofmillError`."""
    return verification_key_from_json(read_json(path).value, os.fspath(path))


def write_verification_key(path: str | os.PathLike[str], key: VerificationKey) -> None:
    """Write a ``verification_key.json``, the same bytes as snarkjs. Raises `ProofmillError`."""
    write_json(path, key.to_json())


def read_proof(path: str | os.PathLike[str]) -> Proof:
    """Read a ``proof.json``. Raises `ProofmillError`."""
    return proof_from_json(read_json(path).value, os.fspath(path))


def write_proof(path: str | os.PathLike[str], proof: Proof) -> None:
    """Write a ``proof.json``, as snarkjs does. Raises `ProofmillError`."""
    write_json(path, proof.to_json())
