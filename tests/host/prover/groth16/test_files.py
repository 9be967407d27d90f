"""Files there and back, and every way they can be wrong."""

import random
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.limbs import BASE_MODULUS, SCALAR_MODULUS, from_limbs, to_limbs
from proofmill.host.prover.curve.points import generator
from proofmill.host.prover.groth16 import r1cs_file, wtns, zkey
from proofmill.host.prover.groth16.container import Container
from proofmill.host.prover.groth16.proving_key import COEFFICIENT, ProvingKey
from tests.host.prover.groth16.files import ALL, VECTORS, WITH_CIRCUIT, cube_circuit, cube_witness


def parse_key(data: bytes) -> Any:
    return zkey.parse_zkey(Container(data, "bad.zkey", b"zkey", zkey.VERSIONS))


def parse_values(data: bytes) -> Any:
    return wtns.parse_witness(Container(data, "bad.wtns", b"wtns", (2,)))


def parse_circuit(data: bytes) -> Any:
    return r1cs_file.parse_r1cs(Container(data, "bad.r1cs", b"r1cs", (1,)))


PARSERS: dict[str, Callable[[bytes], Any]] = {
    "circuit.zkey": parse_key, "witness.wtns": parse_values, "circuit.r1cs": parse_circuit}
FILES = pytest.mark.parametrize("file", list(PARSERS))


@pytest.mark.parametrize("vector", ALL)
def test_key_and_witness_are_written_as_read(vector: str, tmp_path: Path) -> None:
    for read, write, name in ((zkey.read_zkey, zkey.write_zkey, "circuit.zkey"),
                              (wtns.read_witness, wtns.write_witness, "witness.wtns")):
        source = VECTORS / vector / name
        write(tmp_path / name, read(source))
        assert (tmp_path / name).read_bytes() == source.read_bytes()


@pytest.mark.parametrize("vector", WITH_CIRCUIT)
def test_circuit_is_written_as_read(vector: str, tmp_path: Path) -> None:
    circuit = r1cs_file.read_r1cs(VECTORS / vector / "circuit.r1cs")
    r1cs_file.write_r1cs(tmp_path / "circuit.r1cs", circuit)
    again = r1cs_file.read_r1cs(tmp_path / "circuit.r1cs")
    for letter in "abc":
        for part in ("rows", "columns", "values"):
            assert np.array_equal(getattr(getattr(circuit, letter), part),
                                  getattr(getattr(again, letter), part))
    assert np.array_equal(circuit.labels, again.labels)
    # Circom puts the constraints first; otherwise the sections are the same bytes.
    original = (VECTORS / vector / "circuit.r1cs").read_bytes()
    constraints = (tmp_path / "circuit.r1cs").read_bytes()[88:-12 - 8 * circuit.wires]
    assert constraints in original


def test_small_circuit_there_and_back(tmp_path: Path) -> None:
    circuit = cube_circuit()
    r1cs_file.write_r1cs(tmp_path / "c.r1cs", circuit)
    again = r1cs_file.read_r1cs(tmp_path / "c.r1cs")
    assert (again.wires, again.public, again.private_inputs, again.constraints) == (4, 1, 1, 2)
    assert from_limbs(again.c.values) == [1, 1, SCALAR_MODULUS - 5]
    assert again.labels.tolist() == [0, 1, 2, 3]
    assert again.first_unsatisfied(cube_witness(3)) is None


def test_first_unsatisfied_constraint() -> None:
    circuit = cube_circuit()
    witness = cube_witness(3)
    witness[1, 0] += np.uint64(1)
    assert circuit.first_unsatisfied(witness) == 1
    witness[3, 0] += np.uint64(1)
    assert circuit.first_unsatisfied(witness) == 0
    with pytest.raises(ProofmillError, match="3 values, cube has 4 wires"):
        circuit.first_unsatisfied(witness[:3])


@FILES
def test_damaged_files_only_raise_named_errors(file: str) -> None:
    original = (VECTORS / "chain4" / file).read_bytes()
    draw = random.Random(file)

    def attempt(data: bytes) -> bool:
        try:
            PARSERS[file](data)
        except ProofmillError as error:
            assert "bad." in str(error)
            return False
        return True

    assert attempt(original)
    lengths = [*range(100), *(draw.randrange(len(original)) for _ in range(40)), len(original) - 1]
    assert not any(attempt(original[:length]) for length in lengths)
    assert not attempt(original + b"\0")
    places = [*range(120), *(draw.randrange(len(original)) for _ in range(200)),
              *range(len(original) - 100, len(original))]
    for place in places:
        for bits in (1 << draw.randrange(8), 0xFF):
            data = bytearray(original)
            data[place] ^= bits
            attempt(bytes(data))
    for place in draw.sample(range(0, 200, 4), 30):
        for word in (0, 1, 0x7FFFFFFF, 0xFFFFFFFF):
            attempt(original[:place] + struct.pack("<I", word) + original[place + 4:])


def sections(data: bytes) -> dict[int, bytes]:
    found, position = {}, 12
    while position < len(data):
        kind, size = struct.unpack_from("<IQ", data, position)
        found[kind] = data[position + 12:position + 12 + size]
        position += 12 + size
    return found


def build(magic: bytes, version: int, parts: list[tuple[int, bytes]]) -> bytes:
    return magic + struct.pack("<II", version, len(parts)) + b"".join(
        struct.pack("<IQ", kind, len(content)) + content for kind, content in parts)


def changed_key(**changes: bytes | None) -> bytes:
    """chain4's key with sections s1, s2, ... replaced, or left out."""
    found: dict[int, bytes | None] = dict(
        sections((VECTORS / "chain4" / "circuit.zkey").read_bytes()))
    found.update({int(name[1:]): content for name, content in changes.items()})
    return build(b"zkey", 1, [
        (kind, content) for kind, content in found.items() if content is not None])


def key_section(kind: int) -> bytearray:
    return bytearray(sections((VECTORS / "chain4" / "circuit.zkey").read_bytes())[kind])


def replace(data: bytearray, place: int, content: bytes) -> bytes:
    data[place:place + len(content)] = content
    return bytes(data)


P = BASE_MODULUS.to_bytes(32, "little")
R = SCALAR_MODULUS.to_bytes(32, "little")


@pytest.mark.parametrize(("data", "message"), [
    (changed_key(s1=struct.pack("<I", 2)), r"section 1 \(protocol\).*PLONK, not Groth16"),
    (changed_key(s1=struct.pack("<I", 10)), "FFLONK"),
    (changed_key(s1=struct.pack("<I", 7)), "protocol 7"),
    (changed_key(s9=None), r"section 9 \(points h\) is missing"),
    (changed_key(s2=replace(key_section(2), 4, R)),
     f"the prime of coordinates is {SCALAR_MODULUS}"),
    (changed_key(s2=replace(key_section(2), 80, struct.pack("<I", 1023))), "domain size 1023"),
    (changed_key(s2=replace(key_section(2), 76, struct.pack("<I", 950))), "do not fit 950 wires"),
    (changed_key(s2=replace(key_section(2), 72, struct.pack("<I", 951))),
     r"section 5 .*points \(\d+ entries\) takes 60864 bytes, but only 60800"),
    (changed_key(s5=replace(key_section(5), 64 * 7 + 32, P)), r"section 5.*index 7: a coordinate"),
    (changed_key(s7=replace(key_section(7), 128 * 9 + 96, P)), r"section 7.*index 9: a coordinate"),
    (changed_key(s4=replace(key_section(4), 4 + 44 * 3, struct.pack("<I", 2))),
     "coefficient 3: matrix 2 is not below 2"),
    (changed_key(s4=replace(key_section(4), 4 + 44 * 3 + 8, struct.pack("<I", 950))),
     "coefficient 3: signal 950 is not below 950"),
    (changed_key(s4=replace(key_section(4), 4 + 44 * 3 + 12, R)), "coefficient 3: value"),
    (changed_key(s8=bytes(key_section(8)) + bytes(64)), "64 bytes more"),
    (changed_key(s10=bytes(64) + struct.pack("<I", 1)), r"section 10 \(contributions\)"),
    (build(b"zkey", 1, [(1, b"1234"), (1, b"1234")]), "section 1 comes a second time"),
    (build(b"zkey", 9, []), "version 9"),
    (build(b"wtns", 1, []), "not a .zkey file"),
])
def test_what_is_wrong_with_a_key_is_said(data: bytes, message: str) -> None:
    with pytest.raises(ProofmillError, match=message):
        parse_key(data)


def test_bls12_381_is_recognised() -> None:
    prime = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001
    header = struct.pack("<I", 32) + prime.to_bytes(32, "little") + struct.pack("<I", 1)
    data = build(b"wtns", 2, [(1, header), (2, to_limbs([1]).tobytes())])
    with pytest.raises(ProofmillError, match="BLS12-381.*bn128"):
        parse_values(data)


@pytest.mark.parametrize(("values", "message"), [
    ([1, 5, SCALAR_MODULUS], "index 2: not below"),
    ([2, 5], "first value of a witness must be 1"),
    ([], "at least one value"),
])
def test_wrong_witness_values(values: list[int], message: str, tmp_path: Path) -> None:
    wtns.write_witness(tmp_path / "w.wtns", to_limbs(values))
    with pytest.raises(ProofmillError, match=message):
        wtns.read_witness(tmp_path / "w.wtns")


def circuit_bytes(entry: bytes = b"", constraints: int = 1, extra: tuple[int, bytes] | None = None,
                  public: int = 1) -> bytes:
    header = struct.pack("<I", 32) + R + struct.pack("<IIIIQI", 3, 0, public, 2, 3, constraints)
    content = struct.pack("<I", len(entry) // 36) + entry + bytes(8)
    parts = [(1, header), (2, content), *([extra] if extra else [])]
    return build(b"r1cs", 1, parts)


@pytest.mark.parametrize(("data", "message"), [
    (circuit_bytes(struct.pack("<I", 3) + bytes(32)), "constraint 0, A: wire 3, but there are 3"),
    (circuit_bytes(struct.pack("<I", 0xFFFFFFFF) + bytes(32)), "constraint 0, A: wire"),
    (circuit_bytes(struct.pack("<I", 1) + R), "constraint 0: a coefficient is not below"),
    (circuit_bytes(constraints=2), "cannot hold 2 constraints"),
    (circuit_bytes(constraints=0), "do not end where"),
    (circuit_bytes(public=3), "3 wires cannot hold"),
    (circuit_bytes(extra=(5, struct.pack("<I", 1))), "custom gates"),
    (circuit_bytes(extra=(3, bytes(8))), r"section 3 \(labels of wires\)"),
])
def test_what_is_wrong_with_a_circuit_is_said(data: bytes, message: str) -> None:
    assert parse_circuit(circuit_bytes()).constraints == 1
    with pytest.raises(ProofmillError, match=message):
        parse_circuit(data)


def test_missing_empty_and_odd_files(tmp_path: Path) -> None:
    (tmp_path / "empty.zkey").write_bytes(b"")
    for path, message in ((tmp_path / "none.zkey", "No such file"), (tmp_path, "directory"),
                          (tmp_path / "empty.zkey", "only 0 are left")):
        with pytest.raises(ProofmillError, match=message):
            zkey.read_zkey(path)


def test_a_hundred_megabytes_open_at_once(tmp_path: Path) -> None:
    wires, domain = 200_000, 1 << 17
    g1, g2 = generator(Group.G1), generator(Group.G2)
    coefficients = np.zeros(400_000, dtype=COEFFICIENT)
    many = np.repeat(g1[None], wires, axis=0)
    key = ProvingKey(
        name="large", wires=wires, public=1, domain_size=domain, alpha_g1=g1, beta_g1=g1,
        beta_g2=g2, gamma_g2=g2, delta_g1=g1, delta_g2=g2, public_points=many[:2],
        coefficients=coefficients, a=many, b_g1=many, b_g2=np.repeat(g2[None], wires, axis=0),
        c=many[2:], h=many[:domain])
    zkey.write_zkey(tmp_path / "large.zkey", key)
    assert (tmp_path / "large.zkey").stat().st_size > 85_000_000
    start = time.perf_counter()
    opened = zkey.read_zkey(tmp_path / "large.zkey")
    assert time.perf_counter() - start < 1.0
    assert opened.wires == wires and not opened.a.flags.owndata
    del opened
    (tmp_path / "large.zkey").unlink()
