"""Contributions and their check, each side against snarkjs, and what is tampered with."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.arithmetic import add, multiply, multiply_generator
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS, to_limbs
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.groth16.contribution import contribute, contribute_beacon
from proofmill.host.prover.groth16.drawing import Draw, beacon_seed
from proofmill.host.prover.groth16.json_fields import write_public
from proofmill.host.prover.groth16.key_check import WrongKey, check_key
from proofmill.host.prover.groth16.phase2 import initial_key, initial_setup
from proofmill.host.prover.groth16.powers import read_powers
from proofmill.host.prover.groth16.prove import prove
from proofmill.host.prover.groth16.proving_key import Contribution, ProvingKey
from proofmill.host.prover.groth16.r1cs_file import write_r1cs
from proofmill.host.prover.groth16.setup import development_setup
from proofmill.host.prover.groth16.verification_key import write_proof, write_verification_key
from proofmill.host.prover.groth16.zkey import read_zkey, write_zkey
from tests.host.prover.groth16 import snarkjs
from tests.host.prover.groth16.files import POWERS, cube_circuit, cube_witness

CUBE = cube_circuit()
BEACON = bytes(range(32))

DRAWN_SCALAR = 10133563929285667845688402422056482141262202608896068895892050155798437209354
DRAWN_G1 = (
    "b04512bb5114fd012f5d6adef17372d16e593371add9592875ebcf8da4997918283399588785a300"
    "b8c3cf70e4d4e2f7cdd48516524435215b270f7da86bc521")
DRAWN_G2 = (
    "0cbdb34cf50b31b9669fdcea0d6d9e1639f61fc3ea618c78b9f120ef7b7a8a2d9422989459d81885"
    "fe5913163e6c475677ecfd042a9d7afde8bde7e5e0c4eb143cdbb883ebcff9704450bdd91e40db0b"
    "02ff5582ba1e82f9b58c88a5af5ccb0e8897fad9115394cb86f2356797f303b7d3c05ba617f82782"
    "94d1f6ea24c90123")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ceremony of two and a beacon: first.zkey, one.zkey, two.zkey, last.zkey."""
    place = tmp_path_factory.mktemp("ceremony")
    write_r1cs(place / "cube.r1cs", CUBE)
    initial_setup(CUBE, read_powers(POWERS), place / "first.zkey")
    contribute(read_zkey(place / "first.zkey"), place / "one.zkey", "Ada")
    contribute(read_zkey(place / "one.zkey"), place / "two.zkey")
    contribute_beacon(read_zkey(place / "two.zkey"), place / "last.zkey", BEACON, 10, "end")
    return place


def check(key: ProvingKey) -> list[str | None]:
    return [each.contribution.name for each in check_key(CUBE, read_powers(POWERS), key)]


def test_a_ceremony_is_checked(folder: Path) -> None:
    assert check(read_zkey(folder / "one.zkey")) == ["Ada"]
    assert check(read_zkey(folder / "last.zkey")) == ["Ada", None, "end"]
    hashes = {each.hash for each in check_key(CUBE, read_powers(POWERS),
                                              read_zkey(folder / "last.zkey"))}
    assert len(hashes) == 3


def test_what_a_seed_gives_is_snarkjs() -> None:
    """Its number and its point by snarkjs 0.7.6, and the challenge's point in G2."""
    draw = Draw(beacon_seed(BEACON, 10))
    assert draw.scalar() == DRAWN_SCALAR
    assert draw.point(Group.G1).tobytes().hex() == DRAWN_G1
    assert Draw(BEACON).point(Group.G2).tobytes().hex() == DRAWN_G2


def test_snarkjs_and_we_contribute_in_turn(folder: Path, tmp_path: Path) -> None:
    def at(name: str) -> str:
        return str(tmp_path / name)

    files = [str(folder / "cube.r1cs"), str(POWERS)]
    answers = snarkjs.batch([
        {"check": [*files, str(folder / "last.zkey")]},
        {"contribute": [str(folder / "one.zkey"), at("bo.zkey"), "Bo"]},
        {"beacon": [str(folder / "two.zkey"), at("beacon.zkey"), BEACON.hex(), 10, "end"]},
        {"check": [*files, str(folder / "first.zkey")]}], tmp_path)
    assert answers[0] is True
    # A beacon's file is the same, byte for byte; so is its hash.
    assert (tmp_path / "beacon.zkey").read_bytes() == (folder / "last.zkey").read_bytes()
    found = check_key(CUBE, read_powers(POWERS), read_zkey(folder / "last.zkey"))
    assert answers[2] == found[-1].hash.hex()
    found = check_key(CUBE, read_powers(POWERS), read_zkey(at("bo.zkey")))
    assert [each.contribution.name for each in found] == ["Ada", "Bo"]
    assert answers[1] == found[-1].hash.hex()
    contribute(read_zkey(at("bo.zkey")), at("again.zkey"), "Ada again")
    key = read_zkey(at("again.zkey"))
    result = prove(key, cube_witness(3), CpuDevice())
    texts = []
    for name, write, value in (("key", write_verification_key, key.verification_key),
                               ("public", write_public, result.public),
                               ("proof", write_proof, result.proof)):
        write(at(name), value)  # type: ignore[operator]
        texts.append(Path(at(name)).read_text())
    assert snarkjs.batch([{"check": [*files, at("again.zkey")]}, {"verify": texts}],
                         tmp_path) == [True, True]
    # snarkjs finds nothing wrong with a key to which nobody contributed.
    assert answers[3] is True
    with pytest.raises(WrongKey, match="section 10 .contributions.: there is none: delta is 1"):
        check(read_zkey(folder / "first.zkey"))


Tamper = Callable[[ProvingKey], ProvingKey]


def with_point(name: str, index: int | None = None, group: Group = Group.G1) -> Tamper:
    """One point is another one."""
    def tampered(key: ProvingKey) -> ProvingKey:
        points = getattr(key, name).copy()
        if index is None:
            points = multiply(group, points, 2)
        else:
            points[index] = multiply_generator(group, to_limbs([5]))[0]
        return dataclasses.replace(key, **{name: points})
    return tampered


def with_field(number: int, **changes: object) -> Tamper:
    """A contribution's fields are others: what a callable makes of them."""
    def tampered(key: ProvingKey) -> ProvingKey:
        all_of_them = list(key.contributions)
        old: Contribution = all_of_them[number]
        all_of_them[number] = dataclasses.replace(old, **{
            name: change(getattr(old, name)) if callable(change) else change
            for name, change in changes.items()})
        return dataclasses.replace(key, contributions=tuple(all_of_them))
    return tampered


def with_coefficient(key: ProvingKey) -> ProvingKey:
    coefficients = key.coefficients.copy()
    coefficients["value"][2, 0] ^= np.uint64(1)
    return dataclasses.replace(key, coefficients=coefficients)


def doubled(group: Group) -> Callable[[np.ndarray], np.ndarray]:
    return lambda point: multiply(group, point, 2)


TAMPERED: dict[str, tuple[Tamper, str]] = {
    "alpha": (with_point("alpha_g1"), r"section 2 .*alpha_g1 is not what the powers give"),
    "beta": (with_point("beta_g1"), r"section 2 .*beta_g1"),
    "beta in G2": (with_point("beta_g2", group=Group.G2), r"section 2 .*beta_g2"),
    "gamma": (with_point("gamma_g2", group=Group.G2), r"section 2 .*gamma_g2"),
    "delta": (with_point("delta_g1"), r"section 2 .*delta_g1 is not the last contribution's"),
    "delta in G2": (with_point("delta_g2", group=Group.G2), r"section 2 .*delta_g2 is not delta"),
    "public point": (with_point("public_points", 1), r"section 3 .*index 1: not what the circuit"),
    "coefficient": (with_coefficient, r"section 4 .*index 2: not what the circuit"),
    "A": (with_point("a", 2), r"section 5 .A.: index 2"),
    "B in G1": (with_point("b_g1", 0), r"section 6 .B in G1.: index 0"),
    "B in G2": (with_point("b_g2", 3, Group.G2), r"section 7 .B in G2.: index 3"),
    "C": (with_point("c", 1), r"section 8 .C.: not the first key's points over delta"),
    "H": (with_point("h", 3), r"section 9 .H.: not the first key's points over delta"),
    "hash of the circuit": (
        lambda key: dataclasses.replace(key, circuit_hash=bytes(64)),
        r"section 10 .*number 1, Ada: its transcript is not the hash"),
    "a contribution less": (
        lambda key: dataclasses.replace(key, contributions=key.contributions[:1]),
        r"section 2 .*delta_g1 is not the last"),
    "contributions in another order": (
        lambda key: dataclasses.replace(key, contributions=key.contributions[::-1]),
        r"section 10 .*number 1, end: its transcript"),
    "delta after": (with_field(1, delta_g1=doubled(Group.G1)),
                    r"section 10 .*number 2, unnamed: delta is not the one before it times"),
    "g1_s": (with_field(0, g1_s=doubled(Group.G1)), r"number 1, Ada: its transcript"),
    "g1_sx": (with_field(0, g1_sx=doubled(Group.G1)), r"number 1, Ada: its transcript"),
    "g2_spx": (with_field(0, g2_spx=doubled(Group.G2)),
               r"number 1, Ada: it does not prove that its number was known"),
    "transcript": (with_field(2, transcript=bytes(64)), r"number 3, end: its transcript"),
    "beacon": (with_field(2, beacon=bytes(32)), r"number 3, end: its number does not follow"),
    "iterations": (with_field(2, iterations=11), r"number 3, end: its number does not follow"),
    "a beacon's without one": (with_field(0, kind=1), r"number 1, Ada: a beacon's without"),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_a_tampered_key_is_refused_with_section_and_reason(folder: Path, name: str) -> None:
    tamper, message = TAMPERED[name]
    with pytest.raises(WrongKey, match=message):
        check(tamper(read_zkey(folder / "last.zkey")))


def test_snarkjs_refuses_the_same(folder: Path, tmp_path: Path) -> None:
    calls = []
    for number, (tamper, _) in enumerate(TAMPERED.values()):
        write_zkey(tmp_path / f"{number}.zkey", tamper(read_zkey(folder / "last.zkey")))
        calls.append({"check": [str(folder / "cube.r1cs"), str(POWERS),
                                str(tmp_path / f"{number}.zkey")]})
    answers = dict(zip(TAMPERED, snarkjs.batch(calls, tmp_path), strict=True))
    assert [name for name, answer in answers.items() if answer is True] == []


def test_what_snarkjs_does_not_see(folder: Path, tmp_path: Path) -> None:
    """A multiple of the polynomial of degree n - 1, which its check of H leaves out; kinds."""
    key = read_zkey(folder / "last.zkey")
    size = key.domain_size
    root = scalars.root_of_unity(size.bit_length())
    more = multiply_generator(Group.G1, to_limbs(
        pow(root, 2 * i + 1, SCALAR_MODULUS) for i in range(size)))
    h = np.array([add(Group.G1, *pair) for pair in zip(key.h, more, strict=True)])
    tampered = {
        "section 9 .H.: not the first key's": dataclasses.replace(key, h=h),
        "number 3, end: a person's with a beacon": with_field(2, kind=0)(key),
        "number 1, Ada: of the unknown kind 2": with_field(0, kind=2)(key)}
    for message, other in tampered.items():
        with pytest.raises(WrongKey, match=message):
            check(other)
    off = key.c.copy()
    off[1, 0] ^= np.uint64(1)
    with pytest.raises(WrongKey, match="section 8 .C.: index 1: not on the curve"):
        check(dataclasses.replace(key, c=off))
    bad = with_field(0, g1_s=np.zeros(8, dtype=np.uint64))(key)
    with pytest.raises(WrongKey, match="number 1, Ada: g1_s is infinity or no point"):
        check(bad)


def test_another_circuits_key_is_refused(folder: Path) -> None:
    key = read_zkey(folder / "last.zkey")
    other = dataclasses.replace(CUBE, c=dataclasses.replace(CUBE.c, values=CUBE.c.values.copy()))
    other.c.values[-1] = to_limbs([7])[0]
    with pytest.raises(WrongKey, match="section 10 .*they are for another circuit"):
        check_key(other, read_powers(POWERS), key)
    smaller = dataclasses.replace(CUBE, wires=5)
    with pytest.raises(WrongKey, match="section 2 .header.: wires 4, the circuit has 5"):
        check_key(smaller, read_powers(POWERS), key)


def test_development_keys_stay_apart(tmp_path: Path) -> None:
    key = development_setup(CUBE, tmp_path / "dev.zkey", seed=b"1")
    with pytest.raises(WrongKey, match="a development key, whose maker can forge proofs"):
        check(key)
    with pytest.raises(ProofmillError, match="dev.zkey: is a development key"):
        contribute(key, tmp_path / "new.zkey")
    assert not (tmp_path / "new.zkey").exists()


def test_contributions_that_cannot_be_are_refused(tmp_path: Path) -> None:
    key, path = initial_key(CUBE, read_powers(POWERS)), tmp_path / "new.zkey"
    for name in ("x" * 65, "€" * 64 + "é"):
        with pytest.raises(ProofmillError, match="a name of 65 characters: give 64 at most"):
            contribute(key, path, name)
    with pytest.raises(ProofmillError, match="a beacon of 0 bytes"):
        contribute_beacon(key, path, b"", 10)
    with pytest.raises(ProofmillError, match="2.9 iterations: give an exponent from 10 to 63"):
        contribute_beacon(key, path, b"1", 9)
    for name, message in (("c", "section 8 .C., index 1: not on the curve"),
                          ("delta_g2", "delta in G2.: not a point of the group")):
        points = getattr(key, name).copy()
        points.reshape(-1)[8] ^= np.uint64(1)
        with pytest.raises(ProofmillError, match=message):
            contribute(dataclasses.replace(key, **{name: points}), path)
    assert not path.exists()
