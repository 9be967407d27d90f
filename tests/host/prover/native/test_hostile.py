"""Files that lie: every one is answered by a sentence, none by a crash."""

import os
import random
import re
import struct
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.limbs import BASE_MODULUS, SCALAR_MODULUS
from proofmill.host.prover.groth16.setup import development_setup
from proofmill.host.prover.groth16.wtns import write_witness
from proofmill.host.prover.native.faults import InvalidProof
from proofmill.host.prover.native.library import Library
from proofmill.host.prover.native.prove import Proof, in_memory, opened, prove, prove_files
from tests.host.prover.groth16.files import VECTORS, cube_circuit, cube_witness
from tests.host.prover.native.classes import checked, plain

NAMES = ("k.zkey", "w.wtns")


def _files() -> tuple[bytes, bytes]:
    """The key and the witness of a circuit of four wires: small, so that many can be tried."""
    with TemporaryDirectory() as name:
        key, witness = Path(name) / "k.zkey", Path(name) / "w.wtns"
        development_setup(cube_circuit(), key, seed=b"1")
        write_witness(witness, cube_witness(3))
        return key.read_bytes(), witness.read_bytes()


KEY, WITNESS = _files()


def attempt(key: bytes, witness: bytes, code: Library | None = None) -> Proof:
    return prove_files(in_memory(key, 0), in_memory(witness, 1), NAMES, 1,
                       code=code or checked("scalar"))


def sections(data: bytes) -> dict[int, tuple[int, int]]:
    """Where the sections' contents lie, as far as they are there: kind to (offset, size)."""
    found, at = {}, 12
    for _ in range(struct.unpack_from("<I", data, 8)[0]):
        if at + 12 > len(data):
            break
        kind, size = struct.unpack_from("<IQ", data, at)
        found[kind] = (at + 12, size)
        at += 12 + size
    return found


def patched(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value):]


def u32(value: int) -> bytes:
    return struct.pack("<I", value)


K, W = sections(KEY), sections(WITNESS)
P, R = BASE_MODULUS.to_bytes(32, "little"), SCALAR_MODULUS.to_bytes(32, "little")
ALL_ONES = b"\xff" * 32


def key_with(kind: int, offset: int, value: bytes) -> bytes:
    return patched(KEY, K[kind][0] + offset, value)


@pytest.mark.parametrize(("key", "message"), [
    (b"", "head, byte 0: 12 bytes more"),
    (b"wtns" + KEY[4:], "not a .zkey file: it begins with b'wtns'"),
    (patched(KEY, 4, u32(9)), "version 9 is not known"),
    (patched(KEY, 8, u32(0xFFFFFFFF)), "a count of 4294967295"),
    (patched(KEY, 8, u32(2)), "bytes more than the header says"),
    (KEY + b"x", "1 bytes more than the header says"),
    (KEY[:-1], "byte .*: .* bytes more are wanted than there are"),
    (patched(KEY, 12, u32(99)), r"section 1 \(protocol\) is missing"),
    (patched(KEY, 12, u32(2)), r"section 2 \(header\).*section 2 comes a second time"),
    (patched(KEY, 16, b"\xff" * 8), "bytes more are wanted"),
    (key_with(1, 0, u32(2)), "the key is for PLONK"),
    (key_with(2, 0, u32(48)), "the prime is said to have 48 bytes"),
    (key_with(2, 4, R), "the prime is not BN254's"),
    (key_with(2, 40, P), "the prime is not BN254's"),
    (key_with(2, 72, u32(0)), "does not fit"),
    (key_with(2, 72, u32(0xFFFFFFFF)), r"section 5 \(points a\).* follow from the header"),
    (key_with(2, 76, u32(0xFFFFFFFF)), "does not fit"),
    (key_with(2, 80, u32(3)), "domain size 3 is not a power of two"),
    (key_with(2, 80, u32(0)), "domain size 0 is not a power of two"),
    (key_with(2, 80, u32(1 << 31)), "domain size 2147483648 is not a power of two"),
    (key_with(2, 80, u32(1 << 28)), r"section 9 \(points h\).* follow from the header"),
    (key_with(2, 84, P), "section 2 .header., byte .*: index 0: not below the field's prime"),
    (key_with(3, 64, ALL_ONES), "section 3 .points public_points., byte .* index 1: not below"),
    (key_with(4, 0, u32(0xFFFFFFFF)), r"section 4 \(coefficients\).* follow from the header"),
    (key_with(4, 4, u32(2)), "coefficient 0: matrix 2 is not below 2"),
    (key_with(4, 8, u32(0xFFFFFFFF)), "coefficient 0: constraint 4294967295 is not below"),
    (key_with(4, 12, u32(0xFFFFFFFF)), "coefficient 0: signal 4294967295 is not below"),
    (key_with(4, 16, R), r"section 4 \(coefficients\), byte .* not below the field's prime"),
    (key_with(5, 64, P), "section 5 .points a., byte .* index 1: not below the field's prime"),
    (key_with(7, 96, P), "section 7 .points b_g2., byte .* index 0: not below the field's prime"),
    (key_with(9, 0, ALL_ONES), "section 9 .points h., byte .* index 0: not below"),
    (key_with(8, 0, bytes(32)), "does not verify"),
])
def test_what_is_wrong_with_a_key_is_said(key: bytes, message: str) -> None:
    for code in (checked("scalar"), checked("avx2")):
        with pytest.raises(ProofmillError, match=message):
            attempt(key, WITNESS, code)


@pytest.mark.parametrize(("witness", "message"), [
    (b"", "w.wtns: head, byte 0"),
    (KEY, "not a .wtns file"),
    (WITNESS[:-32], "byte .*: 32? .*bytes more are wanted|bytes more are wanted"),
    (patched(WITNESS, W[1][0], u32(31)), "the prime is said to have 31 bytes"),
    (patched(WITNESS, W[1][0] + 4, P), "the prime is not BN254's"),
    (patched(WITNESS, W[1][0] + 36, u32(0)), "a count of 0 does not fit"),
    (patched(WITNESS, W[1][0] + 36, u32(0xFFFFFFFF)), "section 2 .values.* follow from the header"),
    (patched(WITNESS, W[2][0], u32(2)), "the first value of a witness must be 1"),
    (patched(WITNESS, W[2][0] + 64, R), "section 2 .values., byte .* index 2: not below"),
])
def test_what_is_wrong_with_a_witness_is_said(witness: bytes, message: str) -> None:
    with pytest.raises(ProofmillError, match=message):
        attempt(KEY, witness)


def test_every_length_of_a_file_is_answered() -> None:
    code = plain("scalar")
    for size in range(len(KEY)):
        with pytest.raises(ProofmillError, match="k.zkey"):
            attempt(KEY[:size], WITNESS, code)
    for size in range(len(WITNESS)):
        with pytest.raises(ProofmillError, match="w.wtns"):
            attempt(KEY, WITNESS[:size], code)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    for path, message in ((tmp_path / "none", "No such file"), (tmp_path, "directory")):
        with pytest.raises(ProofmillError, match=message):
            prove(path, tmp_path / "w.wtns", code=checked("scalar"))


def test_a_file_that_shrinks_is_an_error(tmp_path: Path) -> None:
    """A mapped file would end the process with a bus error here."""
    path, wtns = tmp_path / "k.zkey", tmp_path / "w.wtns"
    wtns.write_bytes(WITNESS)
    for kind in (2, 4, 7, 9):
        path.write_bytes(KEY)
        with opened(path, 0) as key, opened(wtns, 1) as witness:
            os.truncate(path, K[kind][0] + 10)
            with pytest.raises(ProofmillError, match="more are wanted than there are"):
                prove_files(key, witness, NAMES, code=checked("scalar"))


Mutation = Callable[[random.Random, bytes], bytes]


def flip(draw: random.Random, data: bytes) -> bytes:
    at = draw.randrange(len(data))
    return patched(data, at, bytes([data[at] ^ 1 << draw.randrange(8)]))


def overwrite(draw: random.Random, data: bytes) -> bytes:
    size = draw.choice([1, 2, 4, 8, 32])
    value = draw.choice([bytes(size), b"\xff" * size, draw.randbytes(size), R[:size], P[:size]])
    return patched(data, draw.randrange(len(data) - size), value)


def cut(draw: random.Random, data: bytes) -> bytes:
    return data[:draw.randrange(100, max(101, len(data)))]


def repeat(draw: random.Random, data: bytes) -> bytes:
    at = draw.randrange(len(data))
    return data[:at] + data[at:at + draw.randrange(200)] + data[at:]


def field(draw: random.Random, data: bytes) -> bytes:
    """A number of the head, a section's head or a header: where lies do most."""
    places = [4, 8]
    for offset, _ in sections(data).values():
        places += [offset - 12, offset - 8, offset - 4, *range(offset, offset + 96, 4)]
    at = draw.choice([place for place in places if place + 4 <= len(data)])
    value = draw.choice([0, 1, 2, 0x7FFFFFFF, 0xFFFFFFFF, draw.randrange(1 << 32),
                         draw.randrange(64)])
    return patched(data, at, u32(value))


MUTATIONS: list[Mutation] = [flip, overwrite, cut, repeat, field, field]


def fuzz(count: int, seed: int, code: Library) -> int:
    """Prove with damaged files; returns how many were refused."""
    draw, refused = random.Random(seed), 0
    for _ in range(count):
        key, witness = KEY, WITNESS
        for _ in range(draw.choice([1, 1, 2, 4])):
            mutation = draw.choice(MUTATIONS)
            if draw.random() < 0.7:
                key = mutation(draw, key)
            else:
                witness = mutation(draw, witness)
        try:
            proof = attempt(key, witness, code)
        except InvalidProof:
            refused += 1
        except ProofmillError as error:
            refused += 1
            assert not re.search(r"\bfault \d", str(error)), error
        else:
            assert proof.public is not None
    return refused


@pytest.mark.parametrize("build", [checked, plain])
def test_damaged_files_are_refused(build: Callable[[str], Library]) -> None:
    assert fuzz(400, 1, build("scalar")) > 200
    assert fuzz(100, 2, build("avx2")) > 50


@pytest.mark.slow
def test_a_million_damaged_files() -> None:
    assert fuzz(1_000_000, 3, plain("scalar")) > 500_000


def test_file_descriptors_are_given_back(tmp_path: Path) -> None:
    if not Path("/proc/self/fd").exists():
        pytest.skip("this system does not list open files")
    before = len(os.listdir("/proc/self/fd"))
    (tmp_path / "k.zkey").write_bytes(KEY[:1000])
    for _ in range(5):
        with pytest.raises(ProofmillError):
            prove(tmp_path / "k.zkey", VECTORS / "chain4" / "witness.wtns", code=checked("scalar"))
    assert len(os.listdir("/proc/self/fd")) == before


