"""Whether a key is what a ceremony makes of a circuit and powers of tau, as `snarkjs zkey verify`.

Everything that no contribution changes must be what `host.prover.groth16.phase2` computes from the
circuit and the powers, byte for byte. The contributions must form a chain of proofs of knowledge
from delta = 1 to the key's delta. Sections C and H must be the first key's over delta, which sums
with random factors show:

    e(sum f_i C_i, delta) = e(sum f_i C_i of the first key, 1)

Factors have 128 bits, so that a wrong point passes with a chance of 2^-127. Beyond what snarkjs
checks: points are on the curve and in the subgroup; H itself is compared, not H up to a multiple of
the polynomial of degree n - 1; and a key without a contribution is refused, since with delta = 1 =
gamma anybody can forge proofs.
"""

import secrets
from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.arithmetic import add, multiply, negate
from proofmill.host.prover.curve.limbs import LIMBS, SCALAR_MODULUS, Limbs
from proofmill.host.prover.curve.pairing import product_is_one
from proofmill.host.prover.curve.points import generator
from proofmill.host.prover.curve.validity import first_off_curve, in_subgroup
from proofmill.host.prover.groth16.contribution import (
    PERSON,
    PUBLIC_BEACON,
    challenge_point,
    contribution_hash,
    transcript,
)
from proofmill.host.prover.groth16.drawing import Draw, beacon_seed
from proofmill.host.prover.groth16.phase2 import Step, initial_key
from proofmill.host.prover.groth16.powers import Powers
from proofmill.host.prover.groth16.proving_key import (
    Contribution,
    ProvingKey,
    is_development_key,
)
from proofmill.host.prover.groth16.r1cs import R1cs
from proofmill.host.prover.native.library import G1
from proofmill.host.prover.native.sums import weighted_sum

FACTOR_BYTES = 16


class WrongKey(ProofmillError):
    """The key is not what the ceremony makes: the message names section and reason."""


@dataclass(frozen=True)
class Checked:
    """A contribution of a key that is right, and its hash."""

    contribution: Contribution
    hash: bytes


def check_key(r1cs: R1cs, powers: Powers, key: ProvingKey, step: Step | None = None
              ) -> list[Checked]:
    """The contributions to `key`, which is one of a ceremony for `r1cs` from `powers`.

    Raises `WrongKey` where it is not, and `ProofmillError` where `powers` do not do.
    """
    step = step or (lambda what, done, total: None)
    step("checking the contributions", 0, 1)
    found, delta = _check_contributions(key)
    first = initial_key(r1cs, powers, step)
    _check_header(first, key, delta)
    for section, title, name in ((3, "public points", "public_points"),
                                 (4, "coefficients", "coefficients"), (5, "A", "a"),
                                 (6, "B in G1", "b_g1"), (7, "B in G2", "b_g2")):
        ours, theirs = getattr(first, name), getattr(key, name)
        if len(ours) != len(theirs):
            _refuse(key, section, title, f"{len(theirs)} entries, the circuit has {len(ours)}")
        if ours.tobytes() != theirs.tobytes():
            differ = ours != theirs
            place = int(np.flatnonzero(differ if differ.ndim == 1 else differ.any(axis=1))[0])
            _refuse(key, section, title, f"index {place}: not what the circuit and the powers give")
    for section, title, before, after in ((8, "C", first.c, key.c), (9, "H", first.h, key.h)):
        step(f"checking section {title}", 0, 1)
        bad = first_off_curve(Group.G1, after)
        if bad is not None:
            _refuse(key, section, title, f"index {bad}: not on the curve")
        factors = _factors(len(after))
        if not _is_divided(_sum(before, factors), _sum(after, factors), key.delta_g2):
            _refuse(key, section, title, "not the first key's points over delta")
    step("checking section H against the powers", 0, 1)
    if not _is_divided(*_quotients(powers, key), key.delta_g2):
        _refuse(key, 9, "H", "not the powers' multiples of the vanishing polynomial over delta: "
                             f"{powers.name} is damaged")
    return found


def _refuse(key: ProvingKey, section: int, title: str, reason: str) -> NoReturn:
    raise WrongKey(f"{key.name}: section {section} ({title}): {reason}")


def _check_contributions(key: ProvingKey) -> tuple[list[Checked], Limbs]:
    """The chain from delta = 1 on; returns delta in G1 at its end."""
    title = "contributions"
    if is_development_key(key):
        _refuse(key, 10, title, "a development key, whose maker can forge proofs")
    if not key.contributions:
        _refuse(key, 10, title, "there is none: delta is 1, and anybody can forge proofs")
    delta, found = generator(Group.G1), []
    for number, each in enumerate(key.contributions):
        reason = _fault(key, number, each, delta)
        if reason is not None:
            _refuse(key, 10, title, f"number {number + 1}, {each.name or 'unnamed'}: {reason}")
        delta = each.delta_g1
        found.append(Checked(each, contribution_hash(each)))
    return found, delta


def _fault(key: ProvingKey, number: int, each: Contribution, delta: Limbs) -> str | None:
    """What is wrong with a contribution after which delta is no longer `delta`."""
    for what, group, point in (("delta", Group.G1, each.delta_g1), ("g1_s", Group.G1, each.g1_s),
                               ("g1_sx", Group.G1, each.g1_sx), ("g2_spx", Group.G2, each.g2_spx)):
        if not point.any() or not in_subgroup(group, point.reshape(1, -1))[0]:
            return f"{what} is infinity or no point of its group"
    if transcript(key.circuit_hash, key.contributions[:number], each.g1_s,
                  each.g1_sx) != each.transcript:
        return "its transcript is not the hash of what came before it"
    challenge = challenge_point(each.transcript)
    if not _same_ratio(each.g1_s, each.g1_sx, challenge, each.g2_spx):
        return "it does not prove that its number was known"
    if not _same_ratio(delta, each.delta_g1, challenge, each.g2_spx):
        return "delta is not the one before it times its number"
    if each.kind == PERSON:
        beacon = each.beacon is not None or each.iterations is not None
        return "a person's with a beacon" if beacon else None
    if each.kind != PUBLIC_BEACON:
        return f"of the unknown kind {each.kind}"
    if each.beacon is None or each.iterations is None:
        return "a beacon's without the beacon"
    draw = Draw(beacon_seed(each.beacon, each.iterations))
    secret, base = draw.scalar(), draw.point(Group.G1)
    if not (np.array_equal(base, each.g1_s)
            and np.array_equal(multiply(Group.G1, base, secret), each.g1_sx)):
        return "its number does not follow from its beacon"
    return None


def _check_header(first: ProvingKey, key: ProvingKey, delta: Limbs) -> None:
    title = "header"
    for name in ("wires", "public", "domain_size"):
        ours, theirs = getattr(first, name), getattr(key, name)
        if ours != theirs:
            _refuse(key, 2, title, f"{name.replace('_', ' ')} {theirs}, the circuit has {ours}")
    for name in ("alpha_g1", "beta_g1", "beta_g2", "gamma_g2"):
        if not np.array_equal(getattr(first, name), getattr(key, name)):
            _refuse(key, 2, title, f"{name} is not what the powers give")
    if not np.array_equal(key.delta_g1, delta):
        _refuse(key, 2, title, "delta_g1 is not the last contribution's")
    if not in_subgroup(Group.G2, key.delta_g2.reshape(1, -1))[0] or not _same_ratio(
            generator(Group.G1), delta, generator(Group.G2), key.delta_g2):
        _refuse(key, 2, title, "delta_g2 is not delta_g1's twin")
    if np.array_equal(key.delta_g2, key.gamma_g2):
        _refuse(key, 2, title, "delta is gamma, and anybody can forge proofs")
    if key.circuit_hash != first.circuit_hash:
        _refuse(key, 10, "contributions", "they are for another circuit: its hash is "
                f"{key.circuit_hash[:8].hex()}..., this one's {first.circuit_hash[:8].hex()}...")


def _same_ratio(left: Limbs, left_x: Limbs, right: Limbs, right_x: Limbs) -> bool:
    """Whether ``left_x = x left`` in G1, ``right_x = x right`` in G2 for one x; none infinite."""
    return all(point.any() for point in (left, left_x, right, right_x)) and product_is_one(
        np.array([left, negate(Group.G1, left_x)]), np.array([right_x, right]))


def _is_divided(before: Limbs, after: Limbs, delta_g2: Limbs) -> bool:
    """Whether ``before = delta after``; two sums of no points are."""
    if not before.any() or not after.any():
        return not before.any() and not after.any()
    return _same_ratio(after, before, generator(Group.G2), delta_g2)


def _factors(count: int) -> Limbs:
    found = np.zeros((count, LIMBS), dtype=np.uint64)
    found[:, :FACTOR_BYTES // 8] = np.frombuffer(
        secrets.token_bytes(FACTOR_BYTES * count), dtype=np.uint64).reshape(count, -1)
    return found


def _sum(points: Limbs, factors: Limbs) -> Limbs:
    found = weighted_sum(G1, np.ascontiguousarray(points).data.cast("B"), factors.tobytes())
    return np.frombuffer(found, dtype=np.uint64)


def _quotients(powers: Powers, key: ProvingKey) -> tuple[Limbs, Limbs]:
    """(tau^n - 1) f(tau) by the powers, and over delta by section H, for a random f of degree
    below n - 1, n the domain's size.

    At the odd powers of the 2 n-th root of unity w, tau^n - 1 is -2, at the even ones 0: with the
    Lagrange polynomials there, L, it is the sum of -2 f(w^(2 i + 1)) L_(2 i + 1)(tau). As snarkjs.
    """
    size = key.domain_size
    factors = _factors(size)
    factors[-1] = 0
    upper, lower = powers.monomials(2, size, size - 1), powers.monomials(2, 0, size - 1)
    by_powers = add(Group.G1, _sum(upper, factors[:-1]),
                    negate(Group.G1, _sum(lower, factors[:-1])))
    root = scalars.root_of_unity(size.bit_length())
    values = scalars.transform(scalars.from_plain(factors) * scalars.powers(root, size))
    values = values * scalars.from_integers([SCALAR_MODULUS - 2])
    return by_powers, _sum(key.h, scalars.to_plain(values))
