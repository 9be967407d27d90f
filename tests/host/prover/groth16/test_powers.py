"""Powers of tau: a real file, and what is damaged in one."""

import struct
from pathlib import Path

import numpy as np
import pytest

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.arithmetic import add, multiply, multiply_generator
from proofmill.host.prover.curve.limbs import BASE_MODULUS, to_limbs
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS as R
from proofmill.host.prover.curve.points import encode, generator
from proofmill.host.prover.curve.points_by_x import CURVES, square_root
from proofmill.host.prover.curve.subgroup import all_in_subgroup
from proofmill.host.prover.groth16.container import open_container
from proofmill.host.prover.groth16.development_powers import development_powers
from proofmill.host.prover.groth16.drawing import COFACTOR_G2
from proofmill.host.prover.groth16.phase2 import initial_key
from proofmill.host.prover.groth16.powers import ALPHA, MAGIC, TAU_G1, TAU_G2, read_powers
from proofmill.host.prover.groth16.setup import derive
from tests.host.prover.groth16.files import POWERS, cube_circuit, dense_circuit

G1, G2 = 64, 128


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    path = tmp_path / "copy.ptau"
    path.write_bytes(POWERS.read_bytes())
    return path


def change(path: Path, section: int, offset: int, content: bytes) -> None:
    place = open_container(path, MAGIC, (1,)).sections[section].offset + offset
    data = bytearray(path.read_bytes())
    data[place:place + len(content)] = content
    path.write_bytes(data)


def test_a_real_file() -> None:
    powers = read_powers(POWERS)
    assert (powers.power, powers.ceremony_power, powers.prepared) == (8, 13, True)
    for kind in (TAU_G1, ALPHA):
        assert powers.lagrange(kind, 8).shape == (256, 8)
    # The Lagrange polynomials add up to 1.
    assert np.array_equal(add(Group.G1, *powers.lagrange(TAU_G1, 3)), generator(Group.G1))
    assert np.array_equal(add(Group.G2, *powers.lagrange(TAU_G2, 2)), generator(Group.G2))


def test_development_powers_are_powers(tmp_path: Path) -> None:
    development_powers(tmp_path / "own.ptau", 3, b"1")
    powers = read_powers(tmp_path / "own.ptau")
    secret = derive(b"1")
    for kind, factor in ((2, 1), (4, secret.alpha), (5, secret.beta)):
        points = powers.monomials(kind, 0, 8)
        assert np.array_equal(points, multiply_generator(Group.G1, to_limbs(
            factor * pow(secret.tau, i) % R for i in range(8))))
    assert np.array_equal(multiply(Group.G1, powers.lagrange(TAU_G1, 2)[3], secret.alpha),
                          powers.lagrange(ALPHA, 2)[3])


@pytest.mark.parametrize(("section", "offset", "content", "message"), [
    (1, 4, bytes(32), "section 1 .header., byte .*: the prime of coordinates is 0"),
    (1, 36, struct.pack("<I", 0), "powers of degree 2.0, of a ceremony for 2.13"),
    (1, 36, struct.pack("<I", 9), "section 2 .powers of tau in G1.*1023 points takes 65472 bytes"),
    (1, 40, struct.pack("<I", 7), "powers of degree 2.8, of a ceremony for 2.7"),
    (2, 0, bytes(64), "do not begin with the generators"),
    (2, G1, bytes(64), "have a secret that is zero"),
    (2, G1 + 31, b"\xff", "index 0: a coordinate is not below the field's prime"),
    (4, 0, b"\1", "section 4 .alpha times powers of tau.*index 0: not on the curve"),
])
def test_a_damaged_head_is_refused(copy: Path, section: int, offset: int, content: bytes,
                                   message: str) -> None:
    change(copy, section, offset, content)
    with pytest.raises(ProofmillError, match=message.replace("index 0", "index .")):
        read_powers(copy)


@pytest.mark.parametrize(("section", "what"), [(2, "tau"), (5, "beta")])
def test_groups_with_another_secret_are_refused(copy: Path, section: int, what: str) -> None:
    point = multiply_generator(Group.G1, to_limbs([7]))
    change(copy, section, G1 if section == 2 else 0, point.tobytes())
    with pytest.raises(ProofmillError, match=f"the powers of G1 and G2 have another {what}"):
        read_powers(copy)


@pytest.mark.parametrize(("section", "size"), [(12, G1), (13, G2), (14, G1), (15, G1)])
def test_a_point_in_use_that_is_off_the_curve_is_refused(copy: Path, section: int,
                                                         size: int) -> None:
    # The circuit's domain has 4 points, which follow those of 1 and 2.
    change(copy, section, (3 + 2) * size, b"\x55")
    with pytest.raises(ProofmillError, match=f"section {section} .*index 5: not on the curve"):
        initial_key(cube_circuit(), read_powers(copy))


def outside() -> bytes:
    """A point of G2's curve that is not in the subgroup."""
    curve = CURVES[Group.G2]
    for real in range(1, 100):
        x = (real, 1)
        y = square_root(tuple((a + b) % curve.modulus for a, b in zip(
            cube(x, curve.modulus), curve.b, strict=True)), curve.modulus)
        if y is not None:
            assert curve.multiply(R, (x, y)) is not None
            assert curve.multiply(R * COFACTOR_G2, (x, y)) is None
            return encode(Group.G2, [(x, y)]).tobytes()  # type: ignore[list-item]
    raise AssertionError


def cube(x: tuple[int, int], p: int) -> tuple[int, int]:
    a, b = x
    return ((a**3 - 3 * a * b * b) % p, (3 * a * a * b - b**3) % p)


def test_a_point_outside_the_subgroup_is_refused(copy: Path) -> None:
    change(copy, 13, (255 + 77) * G2, outside())  # among 256
    change(copy, 13, (3 + 1) * G2, outside())  # among 4
    for circuit in (cube_circuit(), dense_circuit(200)):
        with pytest.raises(ProofmillError, match="section 13 .*not in the subgroup"):
            initial_key(circuit, read_powers(copy))
    inside = multiply_generator(Group.G2, to_limbs(range(100)))
    assert all_in_subgroup(inside)


def test_powers_that_do_not_do_are_named_with_the_way_out(copy: Path) -> None:
    with pytest.raises(ProofmillError, match="300 and the public signals need 2.9; give powers of "
                                             "tau of degree 2.9 or more"):
        initial_key(dense_circuit(300), read_powers(copy))
    container = open_container(copy, MAGIC, (1,))
    kept = {kind: section for kind, section in container.sections.items() if kind < 12}
    data = copy.read_bytes()
    copy.write_bytes(b"ptau" + struct.pack("<II", 1, len(kept)) + b"".join(
        struct.pack("<IQ", kind, section.size) + data[section.offset:section.offset + section.size]
        for kind, section in kept.items()))
    assert not read_powers(copy).prepared
    with pytest.raises(ProofmillError, match="snarkjs powersoftau prepare phase2"):
        initial_key(cube_circuit(), read_powers(copy))


def test_square_roots() -> None:
    p = BASE_MODULUS
    for value in ((4, 0), (p - 4, 0), (0, 0), (3, 4), (0, 8), (5, p - 7)):
        root = square_root(value, p)
        if root is not None:
            a, b = root
            assert ((a * a - b * b) % p, 2 * a * b % p) == value
    assert square_root((4,), p) in ((2,), (p - 2,)) and square_root((p - 1,), p) is None
