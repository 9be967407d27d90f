"""Witnesses: the ``.wtns`` files that circom's and rapidsnark's witness calculators write.

Section 1: prime, number of values u32. Section 2: the values, plain 32-byte integers below r.
"""

import os
import struct

from proofmill.host.ground.output import raw
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS, Limbs
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


def write_witness(path: str | os.PathLike[str], witness: Limbs) -> None:
    """Write a witness, shape (n, 4), plain integers below r. Raises `ProofmillError`."""
    write_container(path, MAGIC, VERSION, [
        (1, [prime_bytes(SCALAR_MODULUS) + struct.pack("<I", len(witness))]),
        (2, [raw(witness)]),
    ])
