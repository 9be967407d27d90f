"""One party's step of a key's ceremony: delta times a number that the party forgets.

    delta' = x delta,   C_i' = C_i / x,   H_i' = H_i / x

One party that did forget its number is enough: then nobody knows delta. A contribution proves that
its x was known, to a challenge that depends on all contributions before it. Everything is as
`snarkjs zkey contribute` and `snarkjs zkey beacon` have it, so that parties may use either.

Source: S. Bowe, A. Gabizon, I. Miers, "Scalable Multi-party Computation for zk-SNARK Parameters in
the Random Beacon Model", sections 3.3 and 6; of the order and form of everything: snarkjs 0.7.
"""

import hashlib
import os
import secrets
from collections.abc import Sequence
from functools import partial

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.arithmetic import multiply
from proofmill.host.prover.curve.combinations import multiply_all, uncompressed
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS, Limbs
from proofmill.host.prover.curve.points import generator
from proofmill.host.prover.curve.validity import first_off_curve, in_subgroup
from proofmill.host.prover.groth16.container import WAY_OUT
from proofmill.host.prover.groth16.drawing import Draw, beacon_seed
from proofmill.host.prover.groth16.phase2 import Step
from proofmill.host.prover.groth16.proving_key import (
    Contribution,
    ProvingKey,
    is_development_key,
)
from proofmill.host.prover.groth16.zkey import record_bytes
from proofmill.host.prover.groth16.zkey_layout import ASCENDING, Shape, new_zkey

PERSON, PUBLIC_BEACON = 0, 1
"""Kinds of a contribution."""

LONGEST_NAME, LONGEST_BEACON = 64, 255
"""Characters of a name, and bytes of a beacon, that snarkjs takes."""

LEAST_EXPONENT, MOST_EXPONENT = 10, 63
"""Of a beacon's number of iterations, as snarkjs takes it."""


def contribute(key: ProvingKey, path: str | os.PathLike[str], name: str | None = None,
               step: Step | None = None) -> bytes:
    """Write `key` with one more contribution, its number from the system's entropy; return the
    contribution's hash, which its party publishes.

    Raises `ProofmillError` where `key` is a development key or damaged, where the name is too long,
    and where the file cannot be written.
    """
    secret = 1 + secrets.randbelow(SCALAR_MODULUS - 1)
    base = multiply(Group.G1, generator(Group.G1), 1 + secrets.randbelow(SCALAR_MODULUS - 1))
    return _write(key, path, secret, base, PERSON, name, None, None, step)


def contribute_beacon(key: ProvingKey, path: str | os.PathLike[str], beacon: bytes, exponent: int,
                      name: str | None = None, step: Step | None = None) -> bytes:
    """`contribute` with a number that anybody can compute from a public event, as the last step.

    It follows from SHA-256 of `beacon`, 1 to 255 bytes, 2^exponent times over, 10 to 63. The file
    is the one snarkjs writes, byte for byte. `ProofmillError` as in `contribute`.
    """
    if not 1 <= len(beacon) <= LONGEST_BEACON:
        raise ProofmillError(f"a beacon of {len(beacon)} bytes: give 1 to {LONGEST_BEACON}")
    if not LEAST_EXPONENT <= exponent <= MOST_EXPONENT:
        raise ProofmillError(f"2^{exponent} iterations: give an exponent from {LEAST_EXPONENT} to "
                             f"{MOST_EXPONENT}")
    draw = Draw(beacon_seed(beacon, exponent, None if step is None else (
        lambda done, total: step("iterating the beacon", done, total))))
    return _write(key, path, draw.scalar(), draw.point(Group.G1), PUBLIC_BEACON, name, beacon,
                  exponent, step)


def _write(key: ProvingKey, path: str | os.PathLike[str], secret: int, base: Limbs, kind: int,
           name: str | None, beacon: bytes | None, exponent: int | None,
           step: Step | None) -> bytes:
    _check(key, name)
    g1, g2 = Group.G1, Group.G2
    delta_g1, delta_g2 = multiply(g1, key.delta_g1, secret), multiply(g2, key.delta_g2, secret)
    multiple = multiply(g1, base, secret)
    challenge = transcript(key.circuit_hash, key.contributions, base, multiple)
    made = Contribution(
        delta_g1=delta_g1, g1_s=base, g1_sx=multiple,
        g2_spx=multiply(g2, challenge_point(challenge), secret), transcript=challenge, kind=kind,
        name=name or None, iterations=exponent, beacon=beacon)
    inverse = pow(secret, -1, SCALAR_MODULUS)
    record = record_bytes(key.circuit_hash, [*key.contributions, made])
    shape = Shape(key.wires, key.public, key.domain_size, len(key.coefficients), len(record))
    with new_zkey(path, ASCENDING, shape) as file:
        file.put(10, record)
        file.put_header([key.alpha_g1, key.beta_g1, key.beta_g2, key.gamma_g2, delta_g1, delta_g2])
        file.coefficients()[:] = key.coefficients
        for section, group, points in ((3, g1, key.public_points), (5, g1, key.a),
                                       (6, g1, key.b_g1), (7, g2, key.b_g2)):
            file.points(section, group)[:] = points
        for section, title, points in ((8, "C", key.c), (9, "H", key.h)):
            multiply_all(g1, points, inverse, file.points(section, g1),
                         None if step is None else partial(step, f"section {title}"))
    return contribution_hash(made)


def _check(key: ProvingKey, name: str | None) -> None:
    """Raise where a contribution to `key` would be of no use, or nobody could read it."""
    if is_development_key(key):
        raise ProofmillError(
            f"{key.name}: is a development key, whose maker can forge proofs whoever contributes; "
            "begin with `proofmill setup CIRCUIT.r1cs POWERS.ptau FIRST.zkey`")
    if name is not None and (len(name) > LONGEST_NAME or len(name.encode()) > 255):
        raise ProofmillError(f"a name of {len(name)} characters: give {LONGEST_NAME} at most, of "
                             "255 bytes in UTF-8")
    for section, title, points in ((2, "delta", key.delta_g1.reshape(1, -1)), (8, "C", key.c),
                                   (9, "H", key.h)):
        bad = first_off_curve(Group.G1, points)
        if bad is not None:
            raise ProofmillError(f"{key.name}: section {section} ({title}), index {bad}: not on "
                                 f"the curve; {WAY_OUT}")
    if not in_subgroup(Group.G2, key.delta_g2.reshape(1, -1))[0] or not key.delta_g2.any():
        raise ProofmillError(f"{key.name}: section 2 (delta in G2): not a point of the group; "
                             f"{WAY_OUT}")


def transcript(circuit_hash: bytes, before: Sequence[Contribution], base: Limbs, multiple: Limbs
               ) -> bytes:
    """A contribution's challenge: BLAKE2b of all before it, and of its point and x times it."""
    digest = hashlib.blake2b(circuit_hash)
    for each in before:
        digest.update(_public_part(each))
    digest.update(uncompressed(Group.G1, base) + uncompressed(Group.G1, multiple))
    return digest.digest()


def contribution_hash(contribution: Contribution) -> bytes:
    """64 bytes by which a party finds its contribution in a later key."""
    return hashlib.blake2b(_public_part(contribution)).digest()


def challenge_point(challenge: bytes) -> Limbs:
    """The point of G2, following from the challenge, whose multiple proves that x was known."""
    return Draw(challenge).point(Group.G2)


def _public_part(contribution: Contribution) -> bytes:
    points = (contribution.delta_g1, contribution.g1_s, contribution.g1_sx)
    return (b"".join(uncompressed(Group.G1, point) for point in points)
            + uncompressed(Group.G2, contribution.g2_spx) + contribution.transcript)
