"""Constraint systems and solutions as gnark writes them, of Groth16 over BN254.

(`WriteTo` of gnark's constraint/bn254, from its version 0.10 on.) Numbers are little-endian, of 8
bytes:

    bytes that follow the version, version (three numbers)
    the sizes of four parts: levels, instructions, call data, body; the parts
    how many coefficients; each v * 2^256 modulo r

The body is CBOR: a map of what the system has. Of the instructions the first list says of which of
the body's blueprints each one is (`packed_numbers`); in the call data, after their number, stand
the data of one after the other, which begin with their length. Those of a constraint
L * R = O are its length, the lengths of L, R and O, and of each term a coefficient and a wire. All
else is for gnark's solver. A solution is four lists, W, A, B, C, of which W is the witness: a
length in 4 bytes and numbers in 32, big-endian.
"""

import struct
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import cbor2
import numpy as np
from numpy.typing import NDArray

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.limbs import (
    LIMBS,
    NUMBER_BYTES,
    SCALAR_MODULUS,
    Limbs,
    first_not_below,
)
from proofmill.host.prover.groth16.matrix import SparseMatrix
from proofmill.host.prover.groth16.packed_numbers import unpacked, varints
from proofmill.host.prover.groth16.r1cs import R1cs

CONSTRAINT = 5309736
"""CBOR's tag of the blueprint of a constraint. Others have changed since 0.10."""

R1CS_KIND = 1
"""Of a system that Groth16 is for."""

HEAD = struct.Struct("<4Q4Q")
FIRST_MINOR = 10

Words = NDArray[np.uint32]


def parse_system(data: bytes, name: str = "constraint system") -> R1cs:
    """The constraints. Raises `ProofmillError` for what is none of gnark's, of another curve, or
    has commitments to wires, which proofs here cannot have."""
    if len(data) < HEAD.size:
        _fail(name, f"{len(data)} bytes")
    length, major, minor, _, *sizes = HEAD.unpack_from(data)
    if (length + HEAD.size // 2 != len(data) or sum(sizes) > length or major
            or minor < FIRST_MINOR):
        _fail(name, f"{len(data)} bytes, by version {major}.{minor}, do not fit the lengths at "
                    "their beginning")
    at, parts = HEAD.size, []
    for size in sizes:
        parts.append(data[at:at + size])
        at += size
    _, instructions, calls, body = parts
    try:
        found = cbor2.loads(body)
        kinds = _first_list(instructions)
        (count,) = struct.unpack_from("<Q", calls)
        words = varints(calls[8:], count)
        coefficients = _coefficients(data[at:])
        return _system(found, kinds, words, coefficients, name)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError,
            struct.error, cbor2.CBORDecodeError) as error:
        _fail(name, f"{type(error).__name__}: {error}")


def _fail(name: str, what: str) -> NoReturn:
    raise ProofmillError(f"{name}: {what}; give a constraint system as gnark 0.{FIRST_MINOR} or "
                         "later writes it, of Groth16 over BN254")


def _first_list(instructions: bytes) -> list[int]:
    (size,) = struct.unpack_from("<Q", instructions)
    return unpacked(struct.unpack_from(f"<{size}I", instructions, 8))


def _coefficients(data: bytes) -> Limbs:
    """Plain integers."""
    (count,) = struct.unpack_from("<Q", data)
    if len(data) != 8 + count * NUMBER_BYTES:
        raise ValueError(f"{len(data)} bytes of {count} coefficients")
    limbs: Limbs = np.frombuffer(data, dtype="<u8", offset=8).reshape(-1, LIMBS)
    if first_not_below(limbs, SCALAR_MODULUS) is not None:
        raise ValueError("a coefficient is not below r")
    return scalars.to_plain(scalars.from_raw(limbs))


def _system(found: Mapping[str, Any], kinds: Sequence[int], words: Words, coefficients: Limbs,
            name: str) -> R1cs:
    if found["Type"] != R1CS_KIND or int(found["ScalarField"], 16) != SCALAR_MODULUS:
        raise ValueError(f"kind {found['Type']} over the field of {found['ScalarField']}")
    if found["CommitmentInfo"].value:
        raise ProofmillError(f"{name}: the circuit has commitments to wires, which only gnark's "
                             "own prover makes; compile it without")
    constraints = {number for number, blueprint in enumerate(found["Blueprints"])
                   if blueprint.tag == CONSTRAINT}
    starts, at, lengths = [], 0, words.tolist()
    for kind in kinds:
        if kind in constraints:
            starts.append(at)
        if not 0 < lengths[at] <= len(lengths) - at:
            raise ValueError(f"an instruction of {lengths[at]} words at {at} of {len(lengths)}")
        at += lengths[at]
    if at != len(lengths) or len(starts) != found["NbConstraints"]:
        raise ValueError(f"{len(starts)} constraints, and {len(lengths) - at} words too many")
    public, secret = len(found["Public"]), len(found["Secret"])
    a, b, c = _matrices(words, np.array(starts, dtype=np.int64), coefficients)
    return R1cs(wires=public + secret + found["NbInternalVariables"], public_outputs=0,
                public_inputs=public - 1, private_inputs=secret, constraints=len(starts),
                a=a, b=b, c=c, name=name)


def _matrices(words: Words, starts: NDArray[np.int64], coefficients: Limbs) -> list[SparseMatrix]:
    """L, R and O of the constraints whose data begin there."""
    made, first = [], starts + 4
    for letter in range(3):
        sizes = words[starts + 1 + letter].astype(np.int64)
        rows = np.repeat(np.arange(len(starts)), sizes)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        terms = first[rows] + 2 * within
        values = coefficients[words[terms]]
        there = values.any(axis=1)
        made.append(SparseMatrix(rows[there].astype(np.int32),
                                 words[terms[there] + 1].astype(np.int32), values[there]))
        first = first + 2 * sizes
    if np.any(first != starts + words[starts]):
        raise ValueError("a constraint's terms are not as long as it is")
    return made


def parse_solution(data: bytes, name: str = "solution") -> Limbs:
    """The witness of a solution, shape (wires, 4), plain integers. Raises `ProofmillError`."""
    at = 0
    lists: list[bytes] = []
    while at < len(data) and len(lists) < 4:
        size = int.from_bytes(data[at:at + 4], "big") * NUMBER_BYTES
        lists.append(data[at + 4:at + 4 + size])
        at += 4 + size
    if len(lists) != 4 or at != len(data) or not lists[0]:
        raise ProofmillError(f"{name}: {len(data)} bytes that are not four lists of numbers; give "
                             "a solution as gnark's R1CSSolution.WriteTo writes it")
    witness: Limbs = np.frombuffer(lists[0][::-1], dtype="<u8").reshape(-1, LIMBS)[::-1].copy()
    bad = first_not_below(witness, SCALAR_MODULUS)
    if bad is not None or witness[0].tolist() != [1, 0, 0, 0]:
        raise ProofmillError(f"{name}: number {bad or 0} of the witness is not below r, or not the "
                             "1 that is the first; let gnark solve the circuit over BN254 again")
    return witness
