"""Reading snarkjs' JSON: every value is checked and every mistake named by its path."""

import json
import os
from collections.abc import Sequence
from typing import Any, NoReturn

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import parse_json
from proofmill.host.ground.output import write_atomically
from proofmill.host.prover.curve.limbs import BASE_MODULUS, SCALAR_MODULUS, Limbs
from proofmill.host.prover.curve.points import AffinePoint, decode, encode
from proofmill.host.prover.curve.validity import in_subgroup, on_curve

CURVE_NAMES = ("bn128", "bn254", "BN254", "alt_bn128")
"""What tools call the one curve; snarkjs writes the first."""

MOST_DIGITS = 78
"""Decimal digits of 2^256: longer numbers are refused before they are converted."""


class Fields:
    """A value read from a JSON file, the file's name, and the path that led to it."""

    def __init__(self, value: Any, name: str, path: str = "") -> None:
        self.value = value
        self._name = name
        self._path = path

    def fail(self, problem: str, way_out: str = "use the file snarkjs wrote") -> NoReturn:
        """Raise `ProofmillError` that names the file and the field."""
        place = f"{self._name}: {self._path}" if self._path else self._name
        raise ProofmillError(f"{place}: {problem}; {way_out}")

    def member(self, key: str) -> "Fields":
        """The field `key` of an object."""
        if not isinstance(self.value, dict):
            self.fail(f"should be an object with the field {key}")
        path = f"{self._path}.{key}" if self._path else key
        if key not in self.value:
            Fields(None, self._name, path).fail("is missing")
        return Fields(self.value[key], self._name, path)

    def items(self, count: int | None = None) -> "list[Fields]":
        """The items of a list, `count` of them."""
        if not isinstance(self.value, list):
            self.fail(f"should be a list, not {self._shown()}")
        if count is not None and len(self.value) != count:
            self.fail(f"should have {count} items, not {len(self.value)}")
        return [Fields(item, self._name, f"{self._path}[{index}]")
                for index, item in enumerate(self.value)]

    def number(self, below: int) -> int:
        """A decimal string, or a number, from 0 to below `below`."""
        value = self.value
        if isinstance(value, str) and value.isascii() and value.isdigit():
            value = int(value) if len(value) <= MOST_DIGITS else below
        if not isinstance(value, int) or isinstance(value, bool):
            self.fail(f"should be a decimal number, not {self._shown()}")
        if not 0 <= value < below:
            self.fail(f"should be from 0 to below {below}")
        return value

    def check_protocol(self) -> None:
        """Refuse proofs and keys of other protocols and curves."""
        protocol = self.member("protocol")
        if protocol.value != "groth16":
            protocol.fail(f"is {protocol._shown()}, not groth16", "use a Groth16 key")
        # Old versions of snarkjs did not name the curve.
        if "curve" in self.value:
            curve = self.member("curve")
            if curve.value not in CURVE_NAMES:
                curve.fail(f"is {curve._shown()}, not {CURVE_NAMES[0]}",
                           "set the circuit up for bn128, the default of circom and snarkjs")

    def point(self, group: Group) -> Limbs:
        """A point [x, y, 1] (G2: pairs, real part first), or infinity [0, 1, 0]: shape (8,), (16,).

        It must be on the curve, in G2 in the subgroup of order r.
        """
        x, y, z = ([item] if group is Group.G1 else item.items(2) for item in self.items(3))
        third = [item.number(BASE_MODULUS) for item in z]
        plain = [item.number(BASE_MODULUS) for item in (*x, *y)]
        affine: AffinePoint
        if not any(third):
            affine = None
        elif third != [1, 0][:group.degree]:
            self.items(3)[2].fail("should be 1: only affine points are read")
        elif group is Group.G1:
            affine = (plain[0], plain[1])
        else:
            affine = ((plain[0], plain[1]), (plain[2], plain[3]))
        point = encode(group, [affine])
        # The encoding has no sign for (0, 0), which is not on either curve.
        if (affine is not None and not any(plain)) or not on_curve(group, point)[0]:
            self.fail("is not on the curve")
        if not in_subgroup(group, point)[0]:
            self.fail("is on the curve, but not in the subgroup of prime order")
        return point.reshape(-1)

    def _shown(self) -> str:
        text = json.dumps(self.value)
        return text if len(text) <= 40 else text[:37] + "..."


def read_json(path: str | os.PathLike[str]) -> Fields:
    """The content of a JSON file. Raises `ProofmillError`."""
    name = os.fspath(path)
    try:
        with open(path, encoding="utf-8") as stream:
            text = stream.read()
        return Fields(parse_json(text), name)
    except OSError as error:
        raise ProofmillError(f"{name}: cannot be read: {error.strerror or error}; "
                             "give the path of a file that is there") from error
    except ValueError as error:
        raise ProofmillError(f"{name}: is not JSON: {error}; use the file snarkjs wrote") from error


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write JSON byte for byte as snarkjs does: one space a level, no newline at the end."""
    write_atomically(path, [json.dumps(value, indent=1).encode()])


def point_to_json(group: Group, point: Limbs) -> list[Any]:
    """A point as snarkjs writes it: [x, y, "1"], decimal; infinity is [0, 1, 0]."""
    affine = decode(group, point)[0]
    if group is Group.G1:
        return ["0", "1", "0"] if affine is None else [str(affine[0]), str(affine[1]), "1"]
    if affine is None:
        return [["0", "0"], ["1", "0"], ["0", "0"]]
    return [*([str(part) for part in coordinate] for coordinate in affine
              if isinstance(coordinate, tuple)), ["1", "0"]]


def read_public(path: str | os.PathLike[str]) -> list[int]:
    """The public signals in a ``public.json``: outputs, then inputs. Raises `ProofmillError`."""
    fields = read_json(path)
    return [item.number(SCALAR_MODULUS) for item in fields.items()]


def write_public(path: str | os.PathLike[str], public: Sequence[int]) -> None:
    """Write a ``public.json``."""
    write_json(path, [str(value) for value in public])
