"""Verification keys and proofs of Groth16 as gnark writes them, over BN254.

(`WriteTo` and `WriteRawTo` of gnark's backend/groth16/bn254; points as `gnark_points` has them.)
A key is

    [alpha]1 [beta]1 [beta]2 [gamma]2 [delta]1 [delta]2, a count in 4 bytes, the signals' points

and, since circuits may have commitments to wires, which wires each is to, and the commitments'
keys. A proof is A, B, C, and since then a count in 4 bytes, its commitments, and a proof of
knowledge of what they are to.
"""

import enum
import struct
from dataclasses import dataclass

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.groth16.gnark_points import NUMBER_BYTES, Reader, encoded
from proofmill.host.prover.groth16.plain import Numbers, PlainKey, PlainProof

NO_POINT: Numbers = (0, 0)
"""Infinity in G1."""


class Form(enum.Enum):
    """What comes after a key's points, which has changed twice: nothing; commitments and one key
    for them; commitments, and a key for each."""

    NOTHING = 0
    ONE_KEY = 1
    KEYS = 2


@dataclass(frozen=True)
class GnarkKey:
    """A verification key. `beta_1`, `delta_1`: no verifier needs them. `committed`: of each
    commitment the numbers of the public wires that it is to; `commitment_keys`: two points of G2
    each."""

    plain: PlainKey
    beta_1: Numbers
    delta_1: Numbers
    committed: tuple[tuple[int, ...], ...] = ()
    commitment_keys: tuple[tuple[Numbers, Numbers], ...] = ()
    form: Form = Form.KEYS


@dataclass(frozen=True)
class GnarkProof:
    """A proof. `commitments`, `knowledge`: None in what older releases write."""

    plain: PlainProof
    commitments: tuple[Numbers, ...] | None = ()
    knowledge: Numbers = NO_POINT


def parse_key(data: bytes, name: str = "verification key") -> GnarkKey:
    """Read a verification key of any of the forms, compressed or not.

    Raises `ProofmillError` with the place of what is wrong.
    """
    reader = Reader(data, name)
    alpha, beta_1 = (reader.point(Group.G1, what) for what in ("alpha in g1", "beta in g1"))
    beta, gamma = (reader.point(Group.G2, what) for what in ("beta in g2", "gamma in g2"))
    delta_1, delta = reader.point(Group.G1, "delta in g1"), reader.point(Group.G2, "delta in g2")
    count = reader.count("points of signals")
    if count == 0:
        reader.fail("there is no point for the constant 1")
    points = tuple(reader.point(Group.G1, f"point {n} of the signals") for n in range(count))
    committed: tuple[tuple[int, ...], ...] = ()
    keys: tuple[tuple[Numbers, Numbers], ...] = ()
    form = Form.NOTHING
    if reader.left:
        committed = tuple(
            tuple(struct.unpack(f">{(wires := reader.count('committed wires'))}Q",
                                reader.bytes(8 * wires, "the committed wires")))
            for _ in range(reader.count("commitments")))
        form = Form.ONE_KEY if reader.left in (4 * NUMBER_BYTES, 8 * NUMBER_BYTES) else Form.KEYS
        how_many = 1 if form is Form.ONE_KEY else reader.count("keys of commitments")
        keys = tuple((reader.point(Group.G2, "a commitment's key"),
                      reader.point(Group.G2, "a commitment's key")) for _ in range(how_many))
    if reader.left:
        reader.fail(f"{reader.left} bytes come after the key")
    return GnarkKey(PlainKey(alpha, beta, gamma, delta, points, name), beta_1, delta_1, committed,
                    keys, form)


def parse_proof(data: bytes, name: str = "proof") -> GnarkProof:
    """Read a proof, compressed or not.

    Raises `ProofmillError` with the place of what is wrong; `NotValid` for what is no point.
    """
    reader = Reader(data, name)
    proof = PlainProof(a=reader.point(Group.G1, "A"), b=reader.point(Group.G2, "B"),
                       c=reader.point(Group.G1, "C"))
    if not reader.left:
        return GnarkProof(proof, None)
    commitments = tuple(reader.point(Group.G1, f"commitment {n}")
                        for n in range(reader.count("commitments")))
    knowledge = reader.point(Group.G1, "the proof of knowledge")
    if reader.left:
        reader.fail(f"{reader.left} bytes come after the proof")
    return GnarkProof(proof, commitments, knowledge)


def plain_key(key: GnarkKey) -> PlainKey:
    """What snarkjs' keys have room for; `ProofmillError` for a key with commitments."""
    if key.committed:
        raise ProofmillError(
            f"{key.plain.name}: the circuit has {len(key.committed)} commitments, which keys in "
            "JSON, and devices that verify, have no place for; `proofmill verify` takes gnark's "
            "own files")
    return key.plain


def plain_proof(proof: GnarkProof) -> PlainProof:
    """The same of a proof."""
    if proof.commitments:
        raise ProofmillError(f"the proof has {len(proof.commitments)} commitments, which JSON and "
                             "devices have no place for; `proofmill verify` takes gnark's own "
                             "files")
    return proof.plain


def key_bytes(key: GnarkKey, raw: bool = False) -> bytes:
    """As ``WriteTo`` writes it, in the form that it was read in; `raw`: as ``WriteRawTo``."""
    plain = key.plain
    parts = [encoded(point, raw) for point in (
        plain.alpha, key.beta_1, plain.beta, plain.gamma, key.delta_1, plain.delta)]
    parts += [struct.pack(">I", len(plain.public_points)),
              *(encoded(point, raw) for point in plain.public_points)]
    if key.form is not Form.NOTHING:
        parts.append(struct.pack(">I", len(key.committed)))
        parts += [struct.pack(f">I{len(wires)}Q", len(wires), *wires) for wires in key.committed]
    if key.form is Form.KEYS:
        parts.append(struct.pack(">I", len(key.commitment_keys)))
    parts += [encoded(point, raw) for pair in key.commitment_keys for point in pair]
    return b"".join(parts)


def proof_bytes(proof: GnarkProof, raw: bool = False) -> bytes:
    """As ``WriteTo`` writes it; `raw`: as ``WriteRawTo``."""
    parts = [encoded(point, raw) for point in (proof.plain.a, proof.plain.b, proof.plain.c)]
    if proof.commitments is not None:
        parts += [struct.pack(">I", len(proof.commitments)),
                  *(encoded(point, raw) for point in (*proof.commitments, proof.knowledge))]
    return b"".join(parts)
