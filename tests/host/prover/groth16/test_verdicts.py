"""What snarkjs verifies is verified here, and what it refuses is refused, in every spelling."""

import contextlib
import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from proofmill.hdl.curve import Group
from proofmill.host.cli.main import main
from proofmill.host.prover.curve.arithmetic import multiply_generator
from proofmill.host.prover.curve.limbs import BASE_MODULUS, SCALAR_MODULUS, to_limbs
from proofmill.host.prover.curve.points import decode
from tests.host.prover.groth16 import snarkjs

P, R = BASE_MODULUS, SCALAR_MODULUS


class Files(NamedTuple):
    """The texts of a verification key, public signals and a proof, and how they are spelled."""

    key: str
    public: str
    proof: str
    notes: tuple[str, ...]


def padded(value: int) -> str:
    return f"{value:064x}"


COORDINATES: dict[str, Callable[[int, random.Random], Any]] = {
    "decimal": lambda v, draw: str(v),
    "hexadecimal": lambda v, draw: f"0x{v:x}",
    "uppercase digits": lambda v, draw: f"0x{v:X}",
    "uppercase X": lambda v, draw: f"0X{v:x}",
    "uppercase X, padded": lambda v, draw: f"0X{padded(v)}",
    "hexadecimal without 0x": lambda v, draw: f"{v:x}",
    "zeros in front": lambda v, draw: "0" * draw.randrange(1, 90) + str(v),
    "zeros behind 0x": lambda v, draw: "0x" + "0" * draw.randrange(1, 90) + f"{v:x}",
    "plus p": lambda v, draw: str(v + P),
    "plus a multiple of p": lambda v, draw: str(v + draw.randrange(1, 12) * P),
    "plus p, hexadecimal": lambda v, draw: f"0x{v + P:x}",
    "plus 2^256": lambda v, draw: str(v + (draw.randrange(1, 9) << 256)),
    "negative": lambda v, draw: str(v - P),
    "minus": lambda v, draw: f"-{v}",
    "plus sign": lambda v, draw: f"+{v}",
    "space in front": lambda v, draw: f" {v}",
    "space behind": lambda v, draw: f"{v} ",
    "line break behind": lambda v, draw: f"{v}\n",
    "space before hexadecimal": lambda v, draw: f" 0x{padded(v)}",
    "letters behind": lambda v, draw: f"{v:x}g",
    "letters in front": lambda v, draw: f"xyz{padded(v)}",
    "octal": lambda v, draw: f"0o{v:o}",
    "binary": lambda v, draw: f"0b{v:b}",
    "underscore": lambda v, draw: f"{v:_}",
    "other digits": lambda v, draw: "".join(chr(0x660 + int(digit)) for digit in str(v)),
    "JSON number": lambda v, draw: v,
    "JSON number, negative": lambda v, draw: v - P,
    "JSON fraction": lambda v, draw: float(v),
    "another": lambda v, draw: str(v ^ 1),
    "null": lambda v, draw: None,
    "empty object": lambda v, draw: {},
}

SIGNALS: dict[str, Callable[[int, random.Random], Any]] = {
    **{name: COORDINATES[name] for name in (
        "decimal", "hexadecimal", "uppercase digits", "uppercase X", "zeros in front",
        "zeros behind 0x", "minus", "plus sign", "space in front", "space behind",
        "line break behind", "octal", "binary", "underscore", "other digits", "JSON number",
        "JSON fraction", "another", "null", "empty object")},
    "plus r": lambda v, draw: str(v + R),
    "minus r": lambda v, draw: str(v - R),
    "plus 2^256": lambda v, draw: str(v + (1 << 256)),
    "word": lambda v, draw: "x",
}


def times(left: tuple[int, ...], right: tuple[int, ...]) -> tuple[int, ...]:
    """In Fp or Fp2."""
    if len(left) == 1:
        return (left[0] * right[0] % P,)
    return ((left[0] * right[0] - left[1] * right[1]) % P,
            (left[0] * right[1] + left[1] * right[0]) % P)


class Author:
    """Writes keys and proofs whose discrete logarithms it knows, so that anything is valid."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.notes: list[str] = []
        self.odd = self.draw.choice((0.0, 0.02, 0.06))
        """How often a value is spelled in another way than snarkjs'."""

    def scalar(self) -> int:
        return 0 if self.draw.random() < 0.03 else self.draw.randrange(R)

    def spell(self, spellings: dict[str, Callable[[int, random.Random], Any]], value: int) -> Any:
        if self.draw.random() >= self.odd:
            return str(value)
        name = self.draw.choice(list(spellings))
        self.notes.append(name)
        return spellings[name](value, self.draw)

    def point(self, group: Group, scalar: int, key: bool = False, needed: bool = True) -> Any:
        """The point of this discrete logarithm in one of its forms.

        snarkjs takes any `key` that a wrong point, paired with one at infinity, does not change;
        such a point, which is not `needed`, is written as snarkjs does.
        """
        affine = decode(group, multiply_generator(group, to_limbs([scalar])))[0]
        one = (1, 0)[:group.degree]
        some = tuple(self.draw.randrange(P) for _ in one)
        zero = (0, 0)[:group.degree]
        form = self.draw.choice(("affine", "affine", "two", "scaled", "four", "zero", "one")
                                if needed else ("affine",))
        odd, self.odd = self.odd, self.odd if needed else 0.0
        if affine is None:
            point = {"affine": (zero, one, zero), "two": (zero, zero), "scaled": (some, some, zero),
                     "four": (zero, zero, some, some), "zero": (zero, zero, zero),
                     "one": (zero, zero, one if key else some)}[form]
        else:
            x, y = ((each,) if isinstance(each, int) else each for each in affine)
            point = (x, y, one)
            if form == "scaled" and (not key or self.draw.random() < 0.2):
                square = times(some, some)
                point = (times(x, square), times(y, times(square, some)), some)
            elif form == "two":
                point = (x, y)
            elif form == "four":
                point = (x, y, some, some)
            elif form in ("zero", "one") and self.draw.random() < 0.05:
                point = (x, y, zero if form == "zero" else some) if form == "zero" else (x,)
        if form != "affine":
            self.notes.append(f"{group.name} {form}{' of infinity' if affine is None else ''}")
        spelled = [[self.spell(COORDINATES, part) for part in coordinate] for coordinate in point]
        self.odd = odd
        return [parts[0] for parts in spelled] if group is Group.G1 else spelled

    def files(self) -> Files:
        """A key, its public signals and a proof; valid, but for the spelling."""
        alpha, beta, gamma, delta, c = (self.scalar() for _ in range(5))
        signals = [self.draw.choice((0, self.draw.randrange(16), self.draw.randrange(R)))
                   for _ in range(self.draw.randrange(4))]
        points = [self.scalar() for _ in range(len(signals) + 1)]
        total = points[0] + sum(signal * point for signal, point in
                                zip(signals, points[1:], strict=True))
        if self.draw.random() < 0.15 and delta:
            # So that the product of A and B is zero, and one of them at infinity.
            c = -(alpha * beta + total * gamma) * pow(delta, -1, R) % R
        product = (alpha * beta + total * gamma + c * delta) % R
        a, b = ((0, self.draw.randrange(R)) if product == 0
                else (product * pow(b := self.draw.randrange(1, R), -1, R) % R, b))
        if product == 0 and self.draw.random() < 0.5:
            a, b = b, a
        g1, g2 = Group.G1, Group.G2
        key: dict[str, Any] = {
            "protocol": "groth16", "curve": "bn128", "nPublic": len(signals),
            "vk_alpha_1": self.point(g1, alpha, key=True),
            "vk_beta_2": self.point(g2, beta, key=True, needed=alpha != 0),
            "vk_gamma_2": self.point(g2, gamma, key=True, needed=total % R != 0),
            "vk_delta_2": self.point(g2, delta, key=True, needed=c != 0),
            "IC": [self.point(g1, point, key=True, needed=signal != 0)
                   for signal, point in zip((1, *signals), points, strict=True)]}
        proof: dict[str, Any] = {
            "pi_a": self.point(g1, a), "pi_b": self.point(g2, b, needed=a != 0),
            "pi_c": self.point(g1, c),
            "protocol": "groth16", "curve": "bn128"}
        public = [self.spell(SIGNALS, signal) for signal in signals]
        self.change(key, proof)
        return Files(json.dumps(key), json.dumps(public), json.dumps(proof), tuple(self.notes))

    def change(self, key: dict[str, Any], proof: dict[str, Any]) -> None:
        """Other labels, and fields that are not there."""
        if self.draw.random() < 0.3:
            document, field = self.draw.choice([
                *((key, field) for field in key), *((proof, field) for field in proof)])
            labels = {"curve": ["BN254", "bn-128", "alt_bn128", "x", None],
                      "protocol": ["plonk", "GROTH16", None, 7], "nPublic": ["1", 7, "x", None]}
            label = self.draw.choice([*labels.get(field, [None]), "left out"])
            self.notes.append(f"{field}: {label}")
            if label == "left out":
                del document[field]
            else:
                document[field] = label


def status(files: Files, folder: Path) -> tuple[int, str]:
    """The exit status of ``proofmill verify``, and what it says."""
    for name in ("key", "public", "proof"):
        (folder / name).write_text(getattr(files, name))
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        result = main(["verify", *(str(folder / name) for name in ("key", "public", "proof"))])
    return result, said.getvalue()


@pytest.mark.parametrize("seeds", [
    range(80), pytest.param(range(80, 600), marks=pytest.mark.slow)], ids=["few", "many"])
def test_every_spelling_has_one_verdict(seeds: range, tmp_path: Path) -> None:
    written = [Author(seed).files() for seed in seeds]
    theirs = snarkjs.batch([{"verify": list(files[:3])} for files in written], tmp_path)
    mine = [status(files, tmp_path) for files in written]
    different = [
        (seed, files.notes, their, said)
        for seed, files, their, (code, said) in zip(seeds, written, theirs, mine, strict=True)
        if (code == 0) != (their is True)]
    assert not different, "\n".join(map(str, different))
    assert theirs.count(True) > len(seeds) // 4 and theirs.count(False) > len(seeds) // 9
