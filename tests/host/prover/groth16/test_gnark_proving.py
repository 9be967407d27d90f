"""gnark's proving keys, constraint systems and solutions, made by `main.go` beside them."""

import hashlib
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.arithmetic import add, multiply, multiply_generator
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS
from proofmill.host.prover.curve.scalars import root_of_unity
from proofmill.host.prover.groth16 import gnark
from proofmill.host.prover.groth16.gnark_proving_key import (
    Form,
    GnarkProvingKey,
    parse_proving_key,
    proving_key_content,
)
from proofmill.host.prover.groth16.gnark_system import parse_solution, parse_system
from proofmill.host.prover.groth16.gnark_zkey import proving_key, values_of_coefficients
from proofmill.host.prover.groth16.packed_numbers import unpacked, varints
from proofmill.host.prover.groth16.setup import lagrange
from tests.host.prover.groth16.conftest import Run
from tests.host.prover.groth16.files import VECTORS

FOLDER = VECTORS / "gnark"
KEY, SYSTEM, SOLUTION = ((FOLDER / f"mix.{end}").read_bytes()
                         for end in ("pk", "system", "solution"))
DIGESTS = {
    ("mix", Form.COMPRESSED): "df7f0a95dd50f8a7c8063e20aad58d9393681c16c1319f23faf58dba256ff47c",
    ("mix", Form.RAW): "da8f36623ab573dd9e200a9c22fb4270ce8cbca97a3880e3fff9641904934a5e",
    ("mix", Form.DUMP): "dd8bd32f6851138c3bb7a2764dd3f68238a5132846c22065d51d6a29516a7aa7",
    ("committed", Form.COMPRESSED):
        "3cad82740f5b047b6e4fe1d09eb9c03d71e5d5438d3561bf55f51b80c547b1ef",
    ("committed", Form.RAW): "fa7f8669f7f369c6f86f78f9110fed28e411f56a8a84b33bbf9bb292fee4aeaf",
    ("committed", Form.DUMP): "f1d4a9544026e64eaf509449ad0c5e447899b3bd2a32592e76af061ac7ddc23e",
}
"""SHA-256 of what gnark wrote of each key in each form."""


@pytest.fixture(scope="module")
def key() -> GnarkProvingKey:
    return parse_proving_key(KEY, "mix.pk")


def verification() -> gnark.GnarkKey:
    return gnark.parse_key((FOLDER / "mix.vk").read_bytes(), "mix.vk")


@pytest.mark.parametrize("name, form", DIGESTS)
def test_a_key_is_written_as_gnark_writes_it(name: str, form: Form) -> None:
    """In each form; and what was written is read as the same."""
    read = parse_proving_key((FOLDER / f"{name}.pk").read_bytes())
    data = b"".join(proving_key_content(read, form))
    assert hashlib.sha256(data).hexdigest() == DIGESTS[name, form]
    again = parse_proving_key(data)
    assert b"".join(proving_key_content(again, Form.DUMP)) == b"".join(
        proving_key_content(read, Form.DUMP))


def test_a_shift_of_nothing_is_kept(key: GnarkProvingKey) -> None:
    data = b"".join(proving_key_content(replace(key, shift=0), Form.DUMP))
    assert parse_proving_key(data).shift == 0


def test_lists_of_numbers_are_unpacked() -> None:
    """The list that `main.go` has packed: blocks of bits, then one of bytes."""
    data = (FOLDER / "list.packed").read_bytes()
    words = struct.unpack(f"<{len(data) // 4}I", data)
    expected = [
        (i * i * 2654435761, 7, 1000 + 3 * i, 5000000 - i * i, (i & 1) << i % 31)[i // 64 % 5]
        & 0xffffffff for i in range(600)]
    assert unpacked(words) == expected and unpacked([]) == []
    for wrong in (words[:-20], (words[0] + 1, *words[1:]), (words[0], 0, *words[2:])):
        with pytest.raises(ValueError, match="a block"):
            unpacked(wrong)
    values = [0, 1, 127, 128, 300, (1 << 32) - 1]
    assert varints(bytes.fromhex("00 01 7f 8001 ac02 ffffffff0f"), 6).tolist() == values
    for octets, count in (("80", 1), ("00", 2), ("ffffffff10", 1), ("808080808000", 1)):
        with pytest.raises(ValueError, match="number"):
            varints(bytes.fromhex(octets), count)


def test_a_system_s_constraints_hold_of_its_solution() -> None:
    system, witness = parse_system(SYSTEM), parse_solution(SOLUTION)
    assert (system.wires, system.public, system.private_inputs, system.constraints) == (
        163, 2, 2, 161)
    assert system.first_unsatisfied(witness) is None
    for wire in range(system.wires):
        wrong = witness.copy()
        wrong[wire, 0] ^= 1
        assert wire == 0 or system.first_unsatisfied(wrong) is not None, wire


def test_z_becomes_h() -> None:
    """H is [L_i(tau) / delta]1 but for Z's last point, which gnark has not."""
    tau, power = 0x1234567, 3
    size = 1 << power
    factor = pow(tau, size, SCALAR_MODULUS) - 1
    z = [pow(tau, int(f"{k:03b}"[::-1], 2), SCALAR_MODULUS) * factor for k in range(size)]
    points = multiply_generator(Group.G1, scalars.to_plain(scalars.from_integers(z)))
    right = multiply_generator(Group.G1, scalars.to_plain(
        lagrange(tau, power + 1, range(1, 2 * size, 2))))
    done: list[tuple[int, int]] = []
    found = values_of_coefficients(points[:-1], lambda *step: done.append(step))
    assert done[-1] == (20, 20)
    for i in range(size):
        x = pow(root_of_unity(power + 1), 2 * i + 1, SCALAR_MODULUS)
        missing = multiply(Group.G1, points[-1], -pow(
            2 * size * pow(x, size - 1, SCALAR_MODULUS), -1, SCALAR_MODULUS))
        assert (add(Group.G1, found[i], missing) == right[i]).all()


def _without(data: bytes, at: int, put: bytes) -> bytes:
    return data[:at] + put + data[at + len(put):]


@pytest.mark.parametrize(("change", "complaint"), [
    (lambda key: key[:-1], "mix.pk: byte .*: the file ends before commitments"),
    (lambda key: key + b"\0", "1 bytes come after the key"),
    (lambda key: key[:3000], "byte 269: the file ends before A"),
    (lambda key: _without(key, 6, b"\1\1"), "byte 0: the domain size 257 is not a power of two"),
    (lambda key: _without(key, 45, b"\7"), "the numbers of the domain of 256 are not gnark's"),
    (lambda key: _without(key, 169, b"\xff" * 32), "alpha in g1: a coordinate is not below p"),
    (lambda key: _without(key, 269, b"\0"), "byte 269: A: a coordinate is not below p, or not all"),
    (lambda key: _without(key, 301, b"\0"), "A 1 is not on the curve of g1, or not written as"),
    (lambda key: _without(key, len(key) - 8, b"\1"), "wires without B: not the 5 that"),
])
def test_what_is_no_proving_key_is_told(change, complaint) -> None:
    with pytest.raises(ProofmillError, match=complaint):
        parse_proving_key(change(KEY), "mix.pk")


def test_points_of_raw_keys_and_dumps_are_checked(key: GnarkProvingKey) -> None:
    wrong = key.a.copy()
    wrong[5, 0] ^= 1
    for form in (Form.RAW, Form.DUMP):
        data = b"".join(proving_key_content(replace(key, a=wrong), form))
        with pytest.raises(ProofmillError, match="A 5 is not on the curve of g1"):
            parse_proving_key(data)
    wrong[5] = (1 << 64) - 1
    with pytest.raises(ProofmillError, match="A 5 is not on the curve of g1"):
        parse_proving_key(b"".join(proving_key_content(replace(key, a=wrong), Form.DUMP)))
    short = replace(key, z=key.z[:-1])
    with pytest.raises(ProofmillError, match="254 points of z, not 255"):
        parse_proving_key(b"".join(proving_key_content(short, Form.DUMP)))


def test_what_is_not_of_one_circuit_is_told(key: GnarkProvingKey) -> None:
    """No .zkey is made of keys of two setups, or of another system's constraints."""
    vk, system = verification(), parse_system(SYSTEM, "mix.system")
    other = replace(vk, plain=replace(vk.plain, delta=vk.plain.gamma))
    with pytest.raises(ProofmillError, match="have not the same alpha, beta and delta"):
        proving_key(key, other, system)
    with pytest.raises(ProofmillError, match="has 163, 2 and 1; give the constraint system"):
        proving_key(key, vk, replace(system, constraints=1, a=_first(system.a),
                                     b=_first(system.b), c=_first(system.c)))
    moved = replace(system.a, columns=np.where(system.a.columns == 4, 5, system.a.columns))
    with pytest.raises(ProofmillError, match="has a point for wire 4 in A, .* does not use"):
        proving_key(key, vk, replace(system, a=moved))
    committed = (FOLDER / "committed.system").read_bytes()
    with pytest.raises(ProofmillError, match="the circuit has commitments to wires"):
        parse_system(committed)
    with pytest.raises(ProofmillError, match="mix.pk: the circuit has commitments"):
        proving_key(replace(key, commitments=((key.a, key.a),)), vk, system)


def _first(matrix):
    there = matrix.rows == 0
    return replace(matrix, rows=matrix.rows[there], columns=matrix.columns[there],
                   values=matrix.values[there])


def _with_body(body: bytes) -> bytes:
    length, *version, levels, instructions, calls, old = struct.unpack_from("<8Q", SYSTEM)
    start = 64 + levels + instructions + calls
    return struct.pack("<8Q", length + len(body) - old, *version, levels, instructions, calls,
                       len(body)) + SYSTEM[64:start] + body + SYSTEM[start + old:]


@pytest.mark.parametrize("change", [
    lambda data: _with_body(b"\x81" * 100_000 + b"\0"), lambda data: _with_body(b"\xa0"),
    lambda data: _with_body(b"\x9b" + b"\xff" * 8), lambda data: _with_body(b""),
    lambda data: data[:50], lambda data: data[:-1], lambda data: _without(data, 9, b"\1"),
    lambda data: _without(data, 16, b"\x09"), lambda data: _without(data, 40, b"\xff"),
    lambda data: _without(data, 2632, b"\xff\xff\xff"), lambda data: _without(data, 3400, b"\xff"),
    lambda data: _without(data, len(data) - 8, b"\xff" * 8),
    lambda data: data.replace(b"dType\1", b"dType\2"),
    lambda data: data.replace(b"fPublic", b"fPublik"),
])
def test_what_is_no_system_is_told(change) -> None:
    assert change(SYSTEM) != SYSTEM
    with pytest.raises(ProofmillError, match="mix.system: .*; give a constraint system"):
        parse_system(change(SYSTEM), "mix.system")


@pytest.mark.parametrize(("change", "complaint"), [
    (lambda data: data[:-1], "that are not four lists"),
    (lambda data: data[4:], "that are not four lists"),
    (lambda data: _without(data, 4, b"\xff"), "number 0 of the witness is not below r"),
    (lambda data: _without(data, 35, b"\2"), "number 0 of the witness is not below r, or not"),
])
def test_what_is_no_solution_is_told(change, complaint) -> None:
    with pytest.raises(ProofmillError, match=complaint):
        parse_solution(change(SOLUTION))


def test_the_commands(tmp_path: Path, run: Run) -> None:
    """A proof by gnark's proving key is valid by its verification key, as gnark's own is."""
    zkey, wtns, dump = (tmp_path / name for name in ("mix.zkey", "mix.wtns", "mix.dump"))
    assert run("gnark", "proving-key", FOLDER / "mix.pk", dump, "--dump")[0] == 0
    assert hashlib.sha256(dump.read_bytes()).hexdigest() == DIGESTS["mix", Form.DUMP]
    raw = tmp_path / "mix.raw"
    assert "wrote" in run("gnark", "proving-key", dump, raw, "--raw")[1]
    assert hashlib.sha256(raw.read_bytes()).hexdigest() == DIGESTS["mix", Form.RAW]
    status, told = run("gnark", "zkey", dump, FOLDER / "mix.vk", FOLDER / "mix.system", zkey)
    assert status == 0 and "163 wires, 2 public signals, 161 constraints" in told
    assert "163 values" in run("gnark", "witness", FOLDER / "mix.solution", wtns)[1]
    proof, public, theirs = (tmp_path / name for name in ("p.json", "public.json", "proof.bin"))
    assert run("prove", "--device", "cpu", zkey, wtns, proof, public)[0] == 0
    assert run("gnark", "proof", proof, theirs)[0] == 0
    for made in (theirs, FOLDER / "mix.proof"):
        assert run("verify", FOLDER / "mix.vk", public, made)[0] == 0
    vk = tmp_path / "mix.vk"
    assert run("gnark", "key", zkey, vk)[0] == 0
    assert vk.read_bytes() == (FOLDER / "mix.vk").read_bytes()
    status, told = run("gnark", "zkey", FOLDER / "committed.pk", FOLDER / "committed.vk",
                       FOLDER / "committed.system", zkey)
    assert status == 2 and "commitments to wires" in told
