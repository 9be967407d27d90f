"""Signatures: against circomlibjs and zk-kit, and every false one that the circuit must refuse."""

import json
from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofmill.host.prover.circuits import baby_jubjub
from proofmill.host.prover.circuits.baby_jubjub import (
    BASE,
    COFACTOR,
    ORDER,
    ZERO,
    Point,
    add,
    is_in_subgroup,
    is_on_curve,
    multiply,
    multiply_base,
    negate,
    pack,
    square_root,
    unpack,
)
from proofmill.host.prover.circuits.blake import blake512
from proofmill.host.prover.circuits.canonical import bits_between
from proofmill.host.prover.circuits.constraints import MODULUS, ConstraintSystem
from proofmill.host.prover.circuits.eddsa import (
    Signature,
    challenge,
    public_key,
    refusal,
    sign,
    verify,
)
from proofmill.host.prover.circuits.eddsa_gadget import assert_signature
from proofmill.host.prover.circuits.edwards_gadget import (
    EdwardsWires,
    edwards_add,
    edwards_double,
    multiple,
    multiple_of_base,
)
from proofmill.host.prover.circuits.range_check import from_bits
from tests.host.prover.circuits.forgery import unnoticed_changes, violated

VECTORS = Path(__file__).parents[3] / "vectors" / "eddsa.json"
"""Made by circomlibjs 0.1.7 and @zk-kit/eddsa-poseidon 1.1.0, which agree on all."""
KEY = bytes(range(32))


def low_order_points() -> list[Point]:
    """The 8 points whose order divides 8."""
    random = Random(1)
    found = {ZERO}
    while len(found) < COFACTOR:
        y = random.randrange(MODULUS)
        try:
            point = multiply(unpack(y.to_bytes(32, "little")), ORDER)
        except ValueError:
            continue
        found |= {multiply(point, times) for times in range(COFACTOR)}
    return sorted(found)


def torsion() -> Point:
    """A point of order 8."""
    return next(p for p in low_order_points() if multiply(p, COFACTOR // 2) != ZERO)


def test_blake_512_as_published() -> None:
    """The submission's own test vectors, section 2.2 and the known answers for 0 and 1 blocks."""
    assert blake512(b"").hex().startswith("a8cfbbd73726062df0c6864dda65defe58ef0cc52a5625090fa1")
    assert blake512(b"\0").hex().startswith("97961587f6d970faba6d2478045de6d1")
    assert blake512(bytes(144)).hex().startswith("313717d608e9cf758dcb1eb0f0c3cf9f")


def test_the_curve() -> None:
    assert is_in_subgroup(BASE) and BASE != ZERO
    assert len(low_order_points()) == COFACTOR
    assert all(is_on_curve(p) and multiply(p, COFACTOR) == ZERO for p in low_order_points())
    assert not is_in_subgroup(add(BASE, torsion()))
    assert is_on_curve(add(BASE, torsion()))
    random = Random(2)
    p, q = (multiply(BASE, random.randrange(ORDER)) for _ in range(2))
    assert add(p, q) == add(q, p) and add(p, negate(p)) == ZERO
    for times in (0, 1, 15, 16, ORDER - 1, ORDER, ORDER + 7, random.randrange(ORDER)):
        assert multiply_base(times) == multiply(BASE, times)
    total = ZERO
    for times in range(20):
        assert multiply(p, times) == total and unpack(pack(total)) == total
        total = add(total, p)
    assert not is_on_curve(Point(BASE.x + MODULUS, BASE.y))
    assert square_root(0) == 0 and square_root(5) is None
    assert all(pow(square_root(n * n) or 0, 2, MODULUS) == n * n for n in range(1, 20))


@pytest.mark.parametrize("data", [
    b"", bytes(31), MODULUS.to_bytes(32, "little"), (1 | 1 << 255).to_bytes(32, "little"),
])
def test_what_is_no_packed_point(data: bytes) -> None:
    with pytest.raises(ValueError, match="point"):
        unpack(data)


def test_others_sign_the_same() -> None:
    for case in json.loads(VECTORS.read_text()):
        key, message = bytes.fromhex(case["key"]), int(case["message"])
        made = sign(key, message)
        assert [str(part) for part in public_key(key)] == case["public"]
        assert [str(part) for part in made.nonce_point] == case["R8"]
        assert str(made.scalar) == case["S"]
        assert made.to_bytes().hex() == case["packed"]
        assert Signature.from_bytes(made.to_bytes()) == made
        assert verify(public_key(key), message, made)


@given(st.binary(min_size=32, max_size=32), st.integers(0, MODULUS - 1))
@settings(max_examples=10, deadline=None)
def test_a_signature_is_for_one_key_and_one_message(key: bytes, message: int) -> None:
    public, made = public_key(key), sign(key, message)
    assert not refusal(public, message, made)
    assert "another message" in refusal(public, (message + 1) % MODULUS, made)
    assert "another key" in refusal(public_key(blake512(key)[:32]), message, made)
    assert "not below" in refusal(public, message, Signature(made.nonce_point, made.scalar + ORDER))
    assert "no point" in refusal(
        public, message, Signature(Point(made.nonce_point.x, 0), made.scalar))


@pytest.fixture(scope="module")
def circuit() -> ConstraintSystem:
    system = ConstraintSystem()
    a, r = (EdwardsWires(system.private_input(f"{name}.x"), system.private_input(f"{name}.y"))
            for name in ("A", "R"))
    message, scalar = (system.private_input(name) for name in ("message", "S"))
    assert_signature(system, a, message, r, scalar, "signature")
    return system


def inputs(public: Point, message: int, made: Signature) -> Mapping[str, int]:
    return {"A.x": public.x, "A.y": public.y, "R.x": made.nonce_point.x,
            "R.y": made.nonce_point.y, "message": message, "S": made.scalar}


def accepts(system: ConstraintSystem, public: Point, message: int, made: Signature) -> bool:
    return system.check(system.witness(inputs(public, message, made))) is None


def test_size(circuit: ConstraintSystem) -> None:
    assert len(circuit.constraints) == 3_488


@pytest.mark.parametrize("message", [0, 1, MODULUS - 1, 2**200 + 7])
def test_the_circuit_takes_signatures(circuit: ConstraintSystem, message: int) -> None:
    for number in range(2):
        key = blake512(bytes([number]))[:32]
        assert accepts(circuit, public_key(key), message, sign(key, message))


def test_a_key_outside_of_the_subgroup_signs_as_its_part_inside(circuit: ConstraintSystem) -> None:
    """8 A is what counts, in circomlib too."""
    secret, nonce, message = 123_456_789, 987_654_321, 5
    public, nonce_point = add(multiply(BASE, secret), torsion()), multiply(BASE, nonce)
    scalar = (nonce + challenge(nonce_point, public, message) * COFACTOR * secret) % ORDER
    made = Signature(nonce_point, scalar)
    assert verify(public, message, made) and accepts(circuit, public, message, made)


def test_what_the_circuit_refuses(circuit: ConstraintSystem) -> None:
    public, message = public_key(KEY), 77
    made = sign(KEY, message)
    r, s = made.nonce_point, made.scalar
    false = {
        "another message": (public, 78, made),
        "another key": (public_key(bytes(32)), message, made),
        "the key's negative": (negate(public), message, made),
        "S one more": (public, message, Signature(r, s + 1)),
        "S + l": (public, message, Signature(r, s + ORDER)),
        "S negative": (public, message, Signature(r, s - ORDER)),
        "R's negative": (public, message, Signature(negate(r), s)),
        "R off the curve": (public, message, Signature(Point(r.x, r.y + 1), s)),
        "R and a point of order 8": (public, message, Signature(add(r, torsion()), s)),
        "A off the curve": (Point(public.x + 1, public.y), message, made),
    }
    for name, case in false.items():
        assert not accepts(circuit, *case), name


def test_keys_of_small_order_sign_nothing(circuit: ConstraintSystem) -> None:
    """With h (8 A) = 0, R = S B would be a signature of anything under such a key, by anybody."""
    for public in low_order_points():
        made = Signature(multiply(BASE, 5), 5)
        assert "small order" in refusal(public, 9, made)
        witness = circuit.witness(inputs(public, 9, made))
        assert "signature: x of 4 A: not zero" in violated(circuit, witness)


def test_no_wire_can_be_changed_alone(circuit: ConstraintSystem) -> None:
    honest = circuit.witness(inputs(public_key(KEY), 3, sign(KEY, 3)))
    assert unnoticed_changes(circuit, honest) == []


def test_a_number_has_one_form() -> None:
    """Every pattern of 5 bits, for every range within: taken if it is in the range, else not."""
    for least in range(32):
        for most in (one for one in range(least, 32) if one.bit_length() == 5):
            system = ConstraintSystem()
            value = system.private_input("value")
            bits = bits_between(system, value, least, most, "n")
            for pattern in range(32):
                witness = system.witness({"value": pattern})
                for wire, name in enumerate(system.names):
                    if name.startswith("n: bit "):
                        witness[wire] = pattern >> int(name.rsplit(" ", 1)[1]) & 1
                for step in system.steps[1:]:
                    witness[step.targets[0]] = step.function(
                        [one.value(witness) for one in step.inputs])[0]
                assert (system.check(witness) is None) == (least <= pattern <= most), (
                    least, most, pattern)
                assert from_bits(bits).value(witness) == pattern


@pytest.mark.parametrize(("least", "most"), [(0, MODULUS - 1), (5, MODULUS + 4), (2**253, 2**254)])
def test_aliases_modulo_r_are_refused(least: int, most: int) -> None:
    system = ConstraintSystem()
    bits_between(system, system.private_input("value"), least, most, "n")
    for value in (least, least + 1, most, (least + most) // 2):
        honest = system.witness({"value": value % MODULUS})
        assert system.check(honest) is None
        for other in (value + MODULUS, value - MODULUS):
            if not 0 <= other < 1 << most.bit_length():
                continue
            witness = list(honest)
            for wire, name in enumerate(system.names):
                if name.startswith("n: bit "):
                    witness[wire] = other >> int(name.rsplit(" ", 1)[1]) & 1
            for step in system.steps[1:]:
                witness[step.targets[0]] = step.function(
                    [one.value(witness) for one in step.inputs])[0]
            assert system.check(witness) is not None


def test_a_range_longer_than_r_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter than r"):
        bits_between(ConstraintSystem(), ConstraintSystem().private_input("v"), 0, MODULUS, "n")


def computed(build, **values: int) -> Point:  # type: ignore[no-untyped-def]
    system = ConstraintSystem()
    wires = {name: system.private_input(name) for name in values}
    point = build(system, wires)
    witness = system.witness(values)
    assert system.check(witness) is None
    return Point(point.x.value(witness), point.y.value(witness))


def test_the_complete_law() -> None:
    points = [*low_order_points(), BASE, negate(BASE), multiply(BASE, 2), add(BASE, torsion())]

    def both(system, w):  # type: ignore[no-untyped-def]
        return edwards_add(system, EdwardsWires(w["px"], w["py"]), EdwardsWires(w["qx"], w["qy"]),
                           "sum")

    for p in points:
        doubled = computed(lambda system, w: edwards_double(
            system, EdwardsWires(w["x"], w["y"]), "twice"), x=p.x, y=p.y)
        assert doubled == add(p, p)
        for q in points:
            assert computed(both, px=p.x, py=p.y, qx=q.x, qy=q.y) == add(p, q)


@pytest.mark.parametrize("number", [
    0, 1, 2**253, 2**254 - 1, ORDER, ORDER - 2**252, 2 * ORDER - 2**253, 0x5555 << 230])
@pytest.mark.parametrize("point", [BASE, multiply(add(BASE, torsion()), 4)])
def test_the_ladder(number: int, point: Point) -> None:
    """All zeros, all ones, and numbers near multiples of l, where its steps come near to zero."""
    for near in range(number - 1, number + 2):
        if not 0 <= near < 2**254:
            continue
        found = computed(
            lambda system, w: multiple(
                system, EdwardsWires(w["x"], w["y"]),
                [w[f"b{place}"] for place in range(254)], "m"),
            x=point.x, y=point.y, **{f"b{place}": near >> place & 1 for place in range(254)})
        assert found == multiply(point, 2 * (2**253 + near) + 1)


@pytest.mark.parametrize("number", [0, 7, 8, 64, ORDER // 2, ORDER - 4, 7 * 8**82, 0o7007 << 200])
def test_multiples_of_the_base(number: int) -> None:
    too_much = sum(8**place for place in range(84)) + 8**83
    # The last window's exceptions in Montgomery form: what lies below and above l by a digit.
    for near in (number, number + 1, *((ORDER - too_much + digit) % ORDER for digit in range(10))):
        found = computed(
            lambda system, w: multiple_of_base(
                system, [w[f"b{place}"] for place in range(251)], "m"),
            **{f"b{place}": near >> place & 1 for place in range(251)})
        assert found == multiply(BASE, near)


def test_constants_are_those_of_the_curve() -> None:
    a, d = baby_jubjub.EDWARDS_A, baby_jubjub.EDWARDS_D
    inverse = pow(a - d, -1, MODULUS)
    assert 2 * (a + d) * inverse % MODULUS == 168_698 and 4 * inverse % MODULUS == 1
    assert square_root(a) is not None and square_root(d) is None
