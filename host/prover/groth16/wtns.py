"""Witnesses: the ``.wtns`` files that circom's and rapidsnark's witness calculators write.

Section 1: prime, number of values u32. Section 2: the values, plain 32-byte integers below r.
"""

import os
import struct

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.output import raw
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS, Limbs, first_not_below
from proofmill.host.prover.groth16.container import (
    Container,
    open_container,
    prime_bytes,
    write_container,
)

MAGIC = b"wtns"
VERSION = 2


def read_witness(path: str | os.PathLike[str]) -> Limbs:
    """The values of a witness, shape (n, 4), plain integers; the first is the constant 1.

    The file stays mapped, the array is read-only. Raises `ProofmillError`.
    """
    return parse_witness(open_container(path, MAGIC, (VERSION,)))


def parse_witness(container: Container) -> Limbs:
    """The values in an opened ``.wtns``."""
    header = container.reader(1, "header")
    header.prime(SCALAR_MODULUS, "the prime")
    count = header.u32("number of values")
    header.finish()
    values = container.reader(2, "values")
    if count == 0:
        values.fail("a witness has at least one value, the constant 1")
    witness = values.numbers(count, SCALAR_MODULUS, "values")
    values.finish()
    if witness[0].tolist() != [1, 0, 0, 0]:
        container.reader(2, "values").fail("the first value of a witness must be 1")
    return witness


def check_witness(witness: Limbs, wires: int, name: str) -> None:
    """Raise `ProofmillError` where a witness, shape (n, 4), cannot be one of the key that messages
    call `name`."""
    if len(witness) != wires:
        raise ProofmillError(
            f"the witness has {len(witness)} values, {name} is for {wires}; compute the "
            "witness with the circuit the key was made from")
    if witness[0].tolist() != [1, 0, 0, 0]:
        raise ProofmillError("the first value of the witness must be 1; compute it again")
    bad = first_not_below(witness, SCALAR_MODULUS)
    if bad is not None:
        raise ProofmillError(f"the witness's value {bad} is not below {SCALAR_MODULUS}; "
                             "compute it again")


def write_witness(path: str | os.PathLike[str], witness: Limbs) -> None:
    """Write a witness, shape (n, 4), plain integers below r. Raises `ProofmillError`."""
    write_container(path, MAGIC, VERSION, [
        (1, [prime_bytes(SCALAR_MODULUS) + struct.pack("<I", len(witness))]),
        (2, [raw(witness)]),
    ])
