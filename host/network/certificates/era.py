"""Proven history: the block proofs of an era as one object, with what they state.

    "proofmill era 1\\0"                  16 bytes
    number of blocks                      8, big-endian
    the ledger's root before the first    32
    of each block: the root after it, the commitment to its transfers, the prover's tag: 32 each
    the aggregate                         22,552 bytes for 1,024 blocks
                                          (`host.prover.aggregation.aggregate`)

A block's root before is the root after the block before it: who has the object has no block, and
knows that the last root follows from the first by valid batches. Numbers are below r, big-endian.
What it does not say is that these blocks are the chain's. That follows where the last root is known
from elsewhere, as from a final block.
"""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from proofmill.host.ground.errors import ProofmillError, not_read
from proofmill.host.ground.output import make_folder
from proofmill.host.prover.aggregation import prove, verify
from proofmill.host.prover.aggregation.aggregate import Aggregate
from proofmill.host.prover.aggregation.computing import Computing
from proofmill.host.prover.aggregation.setup import MOST_ROUNDS, Heads, Powers
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS
from proofmill.host.prover.groth16.json_fields import read_public, write_public
from proofmill.host.prover.groth16.verification_key import (
    Proof,
    VerificationKey,
    read_proof,
    write_proof,
)

MAGIC = b"proofmill era 1\0"
PROOF, PUBLIC = ".proof.json", ".public.json"
SUFFIX = ".era"
ROOT_BYTES = 32


class Block(NamedTuple):
    """What a block proof states, in the order of its public signals."""

    before: int
    after: int
    commitment: int
    tag: int


SIGNALS = len(Block._fields)


@dataclass(frozen=True)
class Era:
    """The blocks that are proven, in their order, and the proof of all of them."""

    blocks: tuple[Block, ...]
    proof: Aggregate

    def to_bytes(self) -> bytes:
        """As it is kept and sent."""
        numbers = [self.blocks[0].before]
        for block in self.blocks:
            numbers += block[1:]
        return b"".join((MAGIC, len(self.blocks).to_bytes(8, "big"),
                         *(number.to_bytes(ROOT_BYTES, "big") for number in numbers),
                         self.proof.to_bytes()))

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "era") -> "Era":
        """The era in these bytes; `ProofmillError` where they are none. Proves nothing."""
        head = len(MAGIC) + 8
        count = int.from_bytes(data[len(MAGIC):head], "big")
        if data[:len(MAGIC)] != MAGIC or not 1 <= count <= 1 << MOST_ROUNDS:
            raise ProofmillError(f"{name}: does not begin as the proven history of an era; "
                                 "`proofmill history aggregate` makes one")
        end = head + ROOT_BYTES * (1 + (SIGNALS - 1) * count)
        numbers = [int.from_bytes(data[start:start + ROOT_BYTES], "big")
                   for start in range(head, min(end, len(data)), ROOT_BYTES)]
        if len(data) <= end or max(numbers) >= SCALAR_MODULUS:
            raise ProofmillError(f"{name}: ends too early, or a number in it is not below r; copy "
                                 "the file again")
        proof = Aggregate.from_bytes(data[end:], name)
        if proof.count != count:
            raise ProofmillError(f"{name}: is of {count:,} blocks, and its proof of "
                                 f"{proof.count:,}; copy the file again")
        before, blocks = numbers[0], []
        for start in range(1, len(numbers), SIGNALS - 1):
            blocks.append(Block(before, *numbers[start:start + SIGNALS - 1]))
            before = blocks[-1].after
        return cls(tuple(blocks), proof)

    @property
    def first_root(self) -> int:
        """The ledger's root before the first block."""
        return self.blocks[0].before

    @property
    def last_root(self) -> int:
        """The ledger's root after the last block."""
        return self.blocks[-1].after


def aggregate(setup: Powers, key: VerificationKey, blocks: Sequence[Block],
              proofs: Sequence[Proof], names: Sequence[str] | None = None,
              progress: Callable[[int, int], None] | None = None,
              computing: Computing | None = None) -> Era:
    """The era of these blocks; `names`: what messages call their proofs; `computing`: what computes
    sums and pairings (default: this machine).

    Raises `ProofmillError` as `host.prover.aggregation.prove.aggregate` does, and where a block
    does not begin with the root that the one before it ends with.
    """
    check_key(key)
    for place, (first, second) in enumerate(pairwise(blocks), 1):
        if first.after != second.before:
            said = [names[at] if names else f"block {at}" for at in (place - 1, place)]
            raise ProofmillError(
                f"{said[1]}: begins with the ledger's root {second.before}, and {said[0]} ends "
                f"with {first.after}; give the proofs of all blocks of one branch, in their order")
    return Era(tuple(blocks), prove.aggregate(setup, key, blocks, proofs, progress,
                                              computing))


def refusal(heads: Heads, key: VerificationKey, era: Era) -> str:
    """Why an era's proof does not hold, or nothing."""
    check_key(key)
    return verify.refusal(heads, key, era.blocks, era.proof)


def check_key(key: VerificationKey) -> None:
    """Raise `ProofmillError` where a key is not of block proofs."""
    if key.public != SIGNALS:
        raise ProofmillError(f"{key.name}: is of proofs with {key.public} public signals, a block "
                             f"proof has {SIGNALS}; give the verification key of the block circuit")


def write_block_proof(folder: str | os.PathLike[str], slot: int, proof: Proof,
                      public: Sequence[int]) -> None:
    """Keep the proof of a slot's block, and its public signals, as snarkjs writes them.

    The folder is made if need be. Raises `ProofmillError`.
    """
    place = Path(folder)
    make_folder(place)
    write_proof(place / f"{slot}{PROOF}", proof)
    write_public(place / f"{slot}{PUBLIC}", public)


def read_block_proofs(folder: str | os.PathLike[str]) -> tuple[list[str], list[Block], list[Proof]]:
    """Names, statements and proofs of a folder's ``N.proof.json`` and ``N.public.json``, by N."""
    place = Path(folder)
    try:
        numbers = sorted(int(found[1]) for each in os.listdir(place)
                         if (found := re.fullmatch(r"(\d+)" + re.escape(PROOF), each)))
    except OSError as error:
        raise not_read(place, error) from error
    if not numbers:
        raise ProofmillError(f"{place}: has no files N{PROOF}, N a number; `proofmill mine "
                             "--proofs FOLDER` writes them")
    names, blocks, proofs = [], [], []
    for number in numbers:
        path = place / f"{number}{PROOF}"
        signals = read_public(place / f"{number}{PUBLIC}")
        if len(signals) != SIGNALS:
            raise ProofmillError(f"{place / f'{number}{PUBLIC}'}: has {len(signals)} public "
                                 f"signals, a block proof {SIGNALS}; give proofs of blocks alone")
        names.append(str(path))
        blocks.append(Block(*signals))
        proofs.append(read_proof(path))
    return names, blocks, proofs


def read_era(path: str | os.PathLike[str]) -> Era:
    """An era from its file. Raises `ProofmillError`."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise not_read(path, error) from error
    return Era.from_bytes(data, os.fspath(path))
