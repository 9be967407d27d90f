"""Reading snarkjs' JSON: every value is checked and every mistake named by its path."""

import json
import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from proofmill.hdl.curve import Group
from proofmill.hdl.field import BN254_BASE, BN254_SCALAR
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import parse_json
from proofmill.host.ground.output import write_atomically
from proofmill.host.prover.groth16 import plain_points
from proofmill.host.prover.groth16.spelling import coordinate, is_exact, signal

if TYPE_CHECKING:  # reading takes less time than the import of NumPy
    from proofmill.host.prover.curve.limbs import Limbs

BASE_MODULUS, SCALAR_MODULUS = BN254_BASE.modulus, BN254_SCALAR.modulus

CURVE_NAMES = ("BN128", "BN254", "ALTBN128")
"""What tools call the one curve, letters and digits alone; snarkjs writes the first."""


class NotValid(ProofmillError):
    """A proof or a public signal that can be read, and that no key can make valid."""


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

    def items(self, least: int = 0) -> "list[Fields]":
        """The items of a list, `least` of them or more."""
        if not isinstance(self.value, list):
            self.fail(f"should be a list, not {self._shown()}")
        if len(self.value) < least:
            self.fail(f"should have {least} or more items, not {len(self.value)}")
        return [Fields(item, self._name, f"{self._path}[{index}]")
                for index, item in enumerate(self.value)]

    def refuse(self, problem: str) -> NoReturn:
        """Raise `NotValid` that names the file and the field."""
        raise NotValid(f"{self._name}: {self._path}: {problem}; use the file snarkjs wrote")

    def signal(self) -> int:
        """A public signal, from 0 to below r, in any spelling of `host.prover.groth16.spelling`."""
        number = signal(self.value)
        if number is None:
            self._fail_as_number()
        self._check_exact()
        if not 0 <= number < SCALAR_MODULUS:
            self.refuse(f"should be from 0 to below {SCALAR_MODULUS}, not {self._shown()}")
        return number

    def coordinate(self) -> int:
        """A coordinate modulo p, in any spelling of `host.prover.groth16.spelling`."""
        number = coordinate(self.value)
        if number is None:
            self._fail_as_number()
        return number % BASE_MODULUS

    def check_label(self, key: str, names: Sequence[str], way_out: str) -> None:
        """Refuse what names another protocol or curve in the field `key` than one of `names`."""
        label = self.member(key)
        text = label.value if isinstance(label.value, str) else ""
        if re.sub("[^A-Z0-9]", "", text.upper()) not in names:
            label.fail(f"is {label._shown()}, not {names[0].lower()}", way_out)

    def check_curve(self) -> None:
        """Refuse what does not say that it is for the one curve."""
        self.check_label("curve", CURVE_NAMES,
                         "set the circuit up for bn128, the default of circom and snarkjs")

    def explain(self) -> None:
        """Refuse what says that it is for another protocol or curve; it need not say."""
        if isinstance(self.value, dict):
            if "protocol" in self.value:
                self.check_label("protocol", ("GROTH16",), "use a Groth16 key and its proofs")
            if "curve" in self.value:
                self.check_curve()

    def point(self, group: Group, affine: bool = False) -> "Limbs":
        """`numbers` as `host.prover.curve.points` lays a point out: shape (8,), (16,)."""
        return plain_points.to_array(group, self.numbers(group, affine))

    def numbers(self, group: Group, affine: bool = False) -> tuple[int, ...]:
        """A point in Jacobian coordinates [X, Y, Z], or [x, y], as the numbers of the affine one.

        It is (X / Z^2, Y / Z^3), at infinity where Z is 0, or x and y are; in G2 every coordinate
        is a pair, real part first. With `affine`, Z must be 0 or 1. Of more than three items the
        first two count.

        Raises `NotValid` where it is not on the curve, or in G2 at infinity, which snarkjs never
        finds valid, or not in the subgroup of order r.
        """
        items = self.items(2)
        if len(items) > 3:
            del items[2:]
        parts = items if group is Group.G1 else [
            part for item in items for part in item.items(2)[:2]]
        values = [part.coordinate() for part in parts]
        one = [1, 0][:group.degree]
        if len(items) == 2:
            values += one
        z = values[2 * group.degree:]
        point: tuple[int, ...] = (0,) * (2 * group.degree)
        if any(z):
            point = plain_points.to_affine(group, values)
            if affine and z != one:
                items[2].fail("should be 1: snarkjs takes the points of public signals affine")
            if z != one and not any(point) or not plain_points.on_curve(group, point):
                self._explain_numbers(parts)
                self.refuse("is not on the curve")
        if not any(point):
            self._explain_numbers(parts)
        if group is Group.G2:
            if not any(point):
                self.refuse("is at infinity")
            if not plain_points.in_subgroup(group, point):
                self.refuse("is on the curve, but not in the subgroup of prime order")
        return point

    @staticmethod
    def _explain_numbers(parts: "Sequence[Fields]") -> None:
        """Name the part that was read as another number than it seems, where that made no point."""
        for part in parts:
            if signal(part.value) is None:
                part._fail_as_number()
            part._check_exact()

    def _check_exact(self) -> None:
        if not is_exact(self.value):
            self.fail(f"{self._shown()} has more digits than a JSON number keeps",
                      "write it as a string")

    def _fail_as_number(self) -> NoReturn:
        self.fail(f"should be a decimal or hexadecimal number, not {self._shown()}")

    def _shown(self) -> str:
        text = json.dumps(self.value)
        return text if len(text) <= 40 else text[:37] + "..."


def read_json(path: str | os.PathLike[str]) -> Fields:
    """The content of a JSON file. Raises `ProofmillError`."""
    return parse_text(read_bytes(path), os.fspath(path))


def read_bytes(path: str | os.PathLike[str], but: bytes = b"") -> bytes:
    """The content of a file; a pipe is read once. Of one that begins with `but`, a large one that
    others read, that alone. Raises `ProofmillError`."""
    try:
        with open(path, "rb") as stream:
            start = stream.read(len(but))
            return start if but and start == but else start + stream.read()
    except OSError as error:
        raise ProofmillError(f"{os.fspath(path)}: cannot be read: {error.strerror or error}; "
                             "give the path of a file that is there") from error


def is_text(data: bytes) -> bool:
    """Whether a file's bytes are text, as snarkjs' JSON is. gnark's are not: a key has a small
    number in four bytes, so zeros, and a proof is numbers nobody chose."""
    try:
        return "\0" not in data.decode()
    except ValueError:
        return False


def parse_text(content: bytes, name: str) -> Fields:
    """What a JSON file with this content says. Raises `ProofmillError` that names it."""
    try:
        return Fields(parse_json(content.decode()), name)
    except ValueError as error:
        raise ProofmillError(f"{name}: is not JSON: {error}; use the file snarkjs wrote") from error


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write JSON byte for byte as snarkjs does: one space a level, no newline at the end."""
    write_atomically(path, [json.dumps(value, indent=1).encode()])


def point_to_json(group: Group, point: "Limbs") -> list[Any]:
    """A point as snarkjs writes it: [x, y, "1"], decimal; infinity is [0, 1, 0]."""
    from proofmill.host.prover.curve.points import decode

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
    return [item.signal() for item in fields.items()]


def write_public(path: str | os.PathLike[str], public: Sequence[int]) -> None:
    """Write a ``public.json``, as snarkjs does; without signals it breaks the line all the same."""
    if public:
        write_json(path, [str(value) for value in public])
    else:
        write_atomically(path, [b"[\n]"])
