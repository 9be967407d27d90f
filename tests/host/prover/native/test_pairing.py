"""The library's pairing and verifier against mcl's."""

import random

import numpy as np
import pytest

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve import points
from proofmill.host.prover.curve.arithmetic import multiply
from proofmill.host.prover.curve.limbs import BASE_MODULUS, SCALAR_MODULUS, Limbs
from proofmill.host.prover.curve.pairing import product_is_one
from proofmill.host.prover.curve.points import decode
from proofmill.host.prover.groth16.json_fields import read_public
from proofmill.host.prover.groth16.verification_key import (
    VerificationKey,
    read_proof,
    read_verification_key,
)
from proofmill.host.prover.groth16.verify import verify
from proofmill.host.prover.native.prove import Proof, is_valid
from tests.host.prover.groth16.files import ALL, VECTORS
from tests.host.prover.native.classes import checked


def product(logs: list[tuple[int, int]]) -> tuple[bool, bool]:
    """(by the library, by mcl): whether e(a G1, b G2) ... over all pairs (a, b) is 1."""
    g1 = np.array([multiply(Group.G1, points.generator(Group.G1), a) for a, _ in logs])
    g2 = np.array([multiply(Group.G2, points.generator(Group.G2), b) for _, b in logs])
    ours = checked("scalar").pairing(g1.ctypes.data, g2.ctypes.data, len(logs))
    return bool(ours), product_is_one(g1, g2)


def test_products_of_pairings() -> None:
    draw = random.Random(1)
    for count in range(1, 5):
        logs = [(draw.randrange(1, SCALAR_MODULUS), draw.randrange(1, SCALAR_MODULUS))
                for _ in range(count)]
        assert product(logs) == (False, False)
        last = sum(a * b for a, b in logs)
        assert product([*logs, (-last % SCALAR_MODULUS, 1)]) == (True, True)
        assert product([*logs, (1, -last % SCALAR_MODULUS)]) == (True, True)
        assert product([*logs, ((1 - last) % SCALAR_MODULUS, 1)]) == (False, False)


def test_infinity_counts_as_one() -> None:
    assert product([(0, 5), (7, 0)]) == (True, True)
    assert product([(0, 5), (7, 3)]) == (False, False)


def numbers(group: Group, point: Limbs) -> list[int]:
    plain = decode(group, point)[0]
    if plain is None:
        return [0] * 2 * group.degree
    return [part for coordinate in plain
            for part in (coordinate if isinstance(coordinate, tuple) else (coordinate,))]


def key_numbers(key: VerificationKey) -> list[int]:
    found = numbers(Group.G1, key.alpha_g1)
    for point in (key.beta_g2, key.gamma_g2, key.delta_g2):
        found += numbers(Group.G2, point)
    for point in key.public_points:
        found += numbers(Group.G1, point)
    return found


@pytest.mark.parametrize("name", ALL)
def test_verify(name: str) -> None:
    folder = VECTORS / name
    key = read_verification_key(folder / "verification_key.json")
    public = read_public(folder / "public.json")
    theirs = read_proof(folder / "proof.json")
    assert verify(key, public, theirs)
    a, b, c = (numbers(group, point) for group, point in
               ((Group.G1, theirs.a), (Group.G2, theirs.b), (Group.G1, theirs.c)))
    code = checked("scalar")

    def valid(a: list[int], b: list[int], c: list[int], public: list[int]) -> bool:
        return is_valid(key_numbers(key), public, Proof(
            a=(a[0], a[1]), b=((b[0], b[1]), (b[2], b[3])), c=(c[0], c[1]), public=public), code)

    assert valid(a, b, c, public)
    assert not valid(c, b, a, public)
    assert not valid([a[0], BASE_MODULUS - a[1]], b, c, public)
    assert not valid([a[0] + 1, a[1]], b, c, public)
    assert not valid(a, b, [BASE_MODULUS + c[0], c[1]], public)  # the same modulo p
    assert not valid(a, b, [0, 0], public)
    for index in range(len(public)):
        other = list(public)
        other[index] = (other[index] + 1) % SCALAR_MODULUS
        assert not valid(a, b, c, other)
    with pytest.raises(ProofmillError, match="public signal .0. should be from 0"):
        valid(a, b, c, [SCALAR_MODULUS, *public[1:]])


def test_a_point_of_another_order_is_refused() -> None:
    """On the twist, but not of order r: an ordinary pairing formula says nothing about it."""
    folder = VECTORS / "chain4"
    key = read_verification_key(folder / "verification_key.json")
    theirs = read_proof(folder / "proof.json")
    point = off_subgroup()
    proof = Proof(a=(1, 2), b=((point[0], point[1]), (point[2], point[3])), c=(1, 2), public=[])
    a = numbers(Group.G1, theirs.a)
    assert not is_valid(key_numbers(key), read_public(folder / "public.json"),
                        proof._replace(a=(a[0], a[1])), checked("scalar"))


def off_subgroup() -> list[int]:
    """The first x = k + u for which x^3 + 3 / (9 + u) is a square; its order does not divide r."""
    p = BASE_MODULUS

    def times(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
        return (a[0] * b[0] - a[1] * b[1]) % p, (a[0] * b[1] + a[1] * b[0]) % p

    inverse = pow(82, -1, p)
    twist = (27 * inverse % p, -3 * inverse % p)
    for k in range(1, 100):
        x = (k, 1)
        cube = times(times(x, x), x)
        square = ((cube[0] + twist[0]) % p, (cube[1] + twist[1]) % p)
        norm = (square[0] ** 2 + square[1] ** 2) % p
        root = pow(norm, (p + 1) // 4, p)
        if root * root % p != norm:
            continue
        for sign in (root, -root):
            half = (square[0] + sign) * pow(2, -1, p) % p
            real = pow(half, (p + 1) // 4, p)
            if real and real * real % p == half:
                imaginary = square[1] * pow(2 * real, -1, p) % p
                if times((real, imaginary), (real, imaginary)) == square:
                    return [*x, real, imaginary]
    raise AssertionError("no point found")
