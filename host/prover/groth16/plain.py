"""Verification keys and proofs as plain integers, read and checked without NumPy.

Starting it takes longer than checking a proof. What computes with arrays is in
`host.prover.groth16.verification_key`.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from proofmill.hdl.curve import Group
from proofmill.hdl.field import BN254_SCALAR
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.groth16.json_fields import Fields, NotValid, read_json
from proofmill.host.prover.native import prove as native
from proofmill.host.prover.native.library import library_if_there

Numbers: TypeAlias = tuple[int, ...]
"""An affine point, coordinates below p: (x, y) in G1, in G2 the real part of each first; (0, ...)
is infinity."""


@dataclass(frozen=True)
class PlainKey:
    """A verification key; `public_points` has one for the constant 1 and for every signal."""

    alpha: Numbers
    beta: Numbers
    gamma: Numbers
    delta: Numbers
    public_points: tuple[Numbers, ...]
    name: str

    @property
    def public(self) -> int:
        """How many public signals a proof comes with."""
        return len(self.public_points) - 1


@dataclass(frozen=True)
class PlainProof:
    """A Groth16 proof: A and C in G1, B in G2."""

    a: Numbers
    b: Numbers
    c: Numbers


def key_from_json(value: object, name: str = "verification key") -> PlainKey:
    """Check parsed JSON and take the key from it. Raises `ProofmillError` naming the field.

    What else there is, ``nPublic`` and the pairing of alpha and beta, follows from the points.
    """
    fields = Fields(value, name)
    fields.check_curve()
    with _explained(fields):
        return PlainKey(
            alpha=fields.member("vk_alpha_1").numbers(Group.G1),
            beta=fields.member("vk_beta_2").numbers(Group.G2),
            gamma=fields.member("vk_gamma_2").numbers(Group.G2),
            delta=fields.member("vk_delta_2").numbers(Group.G2),
            public_points=tuple(
                item.numbers(Group.G1, affine=index > 0)
                for index, item in enumerate(fields.member("IC").items(1))),
            name=name)


def proof_from_json(value: object, name: str = "proof") -> PlainProof:
    """Check parsed JSON and take the proof from it.

    Raises `ProofmillError` naming the field; it is a `NotValid` where a point can be read and is
    not in its group.
    """
    fields = Fields(value, name)
    with _explained(fields):
        return PlainProof(a=fields.member("pi_a").numbers(Group.G1),
                          b=fields.member("pi_b").numbers(Group.G2),
                          c=fields.member("pi_c").numbers(Group.G1))


@contextmanager
def _explained(fields: Fields) -> Iterator[None]:
    """Where a file does not fit, and says that it is for another protocol or curve, tell that."""
    try:
        yield
    except ProofmillError:
        fields.explain()
        raise


def read_key(path: str | os.PathLike[str]) -> PlainKey:
    """Read a ``verification_key.json``. Raises `ProofmillError`."""
    return key_from_json(read_json(path).value, os.fspath(path))


def read_proof(path: str | os.PathLike[str]) -> PlainProof:
    """Read a ``proof.json``. Raises `ProofmillError`."""
    return proof_from_json(read_json(path).value, os.fspath(path))


def check_public(key_name: str, wanted: int, public: Sequence[int]) -> None:
    """Raise `ProofmillError` where `public` cannot be the `wanted` public signals of a proof."""
    if len(public) != wanted:
        raise ProofmillError(
            f"{len(public)} public signals were given, {key_name} wants {wanted}; "
            "use the public.json that was written with the proof")
    for index, value in enumerate(public):
        if not 0 <= value < BN254_SCALAR.modulus:
            raise NotValid(
                f"public signal [{index}] should be from 0 to below {BN254_SCALAR.modulus}, not "
                f"{value}; use the public.json that was written with the proof")


def verify(key: PlainKey, public: Sequence[int], proof: PlainProof) -> bool:
    """`host.prover.groth16.verify.verify` by the native library, or by mcl where it is not compiled
    yet: that takes longer than any proof."""
    check_public(key.name, key.public, public)
    code = library_if_there()
    if code is None:
        from proofmill.host.prover.groth16 import verification_key as arrays
        from proofmill.host.prover.groth16.verify import verify as by_mcl

        return by_mcl(arrays.key_of(key), public, arrays.proof_of(proof))
    numbers = [*key.alpha, *key.beta, *key.gamma, *key.delta,
               *(part for point in key.public_points for part in point)]
    (ax, ay), (bx, bu, by, bv), (cx, cy) = proof.a, proof.b, proof.c
    return native.is_valid(numbers, public, native.Proof(
        a=(ax, ay), b=((bx, bu), (by, bv)), c=(cx, cy), public=list(public)), code)
