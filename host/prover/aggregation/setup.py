"""What aggregation needs from two ceremonies: powers of two secrets, a and b, and their heads.

Who makes an aggregate takes the powers in G1 and G2, as ``.ptau`` files have them; who verifies it
takes a G1, a G2, b G1 and b G2 alone, whatever the number of proofs. It is sound as long as nobody
knows a or b, and a and b have nothing to do with each other. Two files with one secret are refused;
of two ceremonies of which one went on from the other, somebody in between has to have been honest.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError, not_read
from proofmill.host.ground.json_text import JsonObject, parse_json
from proofmill.host.ground.output import write_atomically
from proofmill.host.ground.typed import typed
from proofmill.host.prover.aggregation.elements import from_bytes, to_bytes
from proofmill.host.prover.curve.arithmetic import negate
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.curve.pairing import product_is_one
from proofmill.host.prover.curve.points import generator
from proofmill.host.prover.curve.subgroup import all_in_subgroup
from proofmill.host.prover.groth16.powers import read_powers

KIND, VERSION = "proofmill aggregation", 1
MOST_ROUNDS = 20
"""An aggregate is of at most 2^20 proofs."""
AGAIN = "make it again with `proofmill history key`"


class _Power(msgspec.Struct, forbid_unknown_fields=True):
    g1: str
    g2: str


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    kind: str
    version: int
    powers: list[_Power]


@dataclass(frozen=True)
class Heads:
    """What a verifier needs: a G1 and b G1, shape (2, 8); a G2 and b G2, shape (2, 16)."""

    g1: Limbs
    g2: Limbs

    @property
    def document(self) -> JsonObject:
        """They as JSON."""
        return {"kind": KIND, "version": VERSION, "powers": [
            {"g1": to_bytes(Group.G1, g1).hex(), "g2": to_bytes(Group.G2, g2).hex()}
            for g1, g2 in zip(self.g1, self.g2, strict=True)]}

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write them as JSON. Raises `ProofmillError`."""
        write_atomically(path, [json.dumps(self.document, indent=1).encode() + b"\n"])

    def to_bytes(self) -> bytes:
        """For a transcript."""
        return to_bytes(Group.G1, self.g1) + to_bytes(Group.G2, self.g2)


@dataclass(frozen=True)
class Powers:
    """What who aggregates up to n proofs needs, n a power of two.

    `g1[k]`: the generator times 1, s, ..., s^(2n - 1), shape (2n, 8), with s = a for k = 0 and b
    for k = 1; `g2[k]`: up to s^(n - 1), shape (n, 16).
    """

    g1: tuple[Limbs, Limbs]
    g2: tuple[Limbs, Limbs]

    @property
    def heads(self) -> Heads:
        """For who verifies."""
        return Heads(np.array([each[1] for each in self.g1]),
                     np.array([each[1] for each in self.g2]))


def read_pair(first: str | os.PathLike[str], second: str | os.PathLike[str], rounds: int = 1
              ) -> Powers:
    """The powers for 2^rounds proofs from two ``.ptau`` files, of degree 2^(rounds + 1) or more.

    Raises `ProofmillError`, also where both have the same secret. Whether all powers are what they
    should be is not looked at: an aggregate made with others does not verify.
    """
    size, g1, g2 = 1 << rounds, [], []
    for path in (first, second):
        powers = read_powers(path)
        if powers.power <= rounds:
            raise ProofmillError(
                f"{powers.name}: has powers of degree 2^{powers.power}; an aggregate of {size:,} "
                f"proofs takes 2^{rounds + 1}: give a larger file of the ceremony")
        g1.append(powers.monomials(2, 0, 2 * size))
        g2.append(powers.monomials(3, 0, size))
        if not all_in_subgroup(g2[-1]):
            raise ProofmillError(f"{powers.name}: powers in G2 are not in the subgroup of prime "
                                 "order; the file is damaged, copy it again")
    if np.array_equal(g1[0][1], g1[1][1]):
        raise ProofmillError(f"{second}: has the same secret as {first}; aggregates would prove "
                             "nothing: give the powers of another ceremony")
    return Powers((g1[0], g1[1]), (g2[0], g2[1]))


def read_heads(path: str | os.PathLike[str]) -> Heads:
    """Read what `Heads.write` wrote. Raises `ProofmillError`."""
    name = os.fspath(path)
    try:
        document = parse_json(Path(path).read_text("utf-8"))
    except OSError as error:
        raise not_read(name, error) from error
    except ValueError as error:
        raise ProofmillError(f"{name}: {error}; {AGAIN}") from error
    return heads_from_json(document, name)


def heads_from_json(document: object, name: str, again: str = AGAIN) -> Heads:
    """What `Heads.document` is; `ProofmillError`, with `name` and the way out `again`, where it is
    none."""
    found = typed(document, _Document, name)
    if (found.kind, found.version, len(found.powers)) != (KIND, VERSION, 2):
        raise ProofmillError(f"{name}: is of {found.kind!r}, version {found.version}, with "
                             f"{len(found.powers)} secrets, not of {KIND!r}, version {VERSION}, "
                             f"with 2; {again}")
    g1, g2 = [], []
    for index, power in enumerate(found.powers):
        left, right = _point(Group.G1, power.g1), _point(Group.G2, power.g2)
        if left is None or right is None or not left.any() or not product_is_one(
                np.array([left, negate(Group.G1, generator(Group.G1))]),
                np.array([generator(Group.G2), right])):
            raise ProofmillError(f"{name}: powers[{index}]: are no points of G1 and G2 with the "
                                 f"same secret; {again}")
        g1.append(left)
        g2.append(right)
    if np.array_equal(g1[0], g1[1]):
        raise ProofmillError(f"{name}: powers: both have the same secret; {again} from two "
                             "ceremonies")
    return Heads(np.array(g1), np.array(g2))


def _point(group: Group, text: str) -> Limbs | None:
    try:
        return from_bytes(group, bytes.fromhex(text))
    except ValueError:
        return None
