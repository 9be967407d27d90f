"""JSON files and the verifier."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.arithmetic import multiply, negate
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS
from proofmill.host.prover.curve.points import encode
from proofmill.host.prover.groth16.json_fields import NotValid, read_public, write_public
from proofmill.host.prover.groth16.verification_key import (
    Proof,
    proof_from_json,
    read_proof,
    read_verification_key,
    verification_key_from_json,
    write_proof,
    write_verification_key,
)
from proofmill.host.prover.groth16.verify import verify
from proofmill.host.prover.groth16.zkey import read_zkey
from tests.host.prover.curve.test_points import stray_point
from tests.host.prover.groth16.files import ALL, VECTORS

FOLDER = VECTORS / "chain4"


@pytest.mark.parametrize("vector", ALL)
def test_snarkjs_proofs_verify(vector: str) -> None:
    folder = VECTORS / vector
    key = read_verification_key(folder / "verification_key.json")
    public, proof = read_public(folder / "public.json"), read_proof(folder / "proof.json")
    assert verify(key, public, proof)
    assert verify(read_zkey(folder / "circuit.zkey").verification_key, public, proof)
    for index in range(len(public)):
        other = list(public)
        other[index] = (other[index] + 1) % SCALAR_MODULUS
        assert not verify(key, other, proof)


@pytest.mark.parametrize("vector", ["chain4", "merkle8"])
def test_json_is_written_as_snarkjs_does(vector: str, tmp_path: Path) -> None:
    folder = VECTORS / vector
    write_verification_key(tmp_path / "key", read_zkey(folder / "circuit.zkey").verification_key)
    write_proof(tmp_path / "proof", read_proof(folder / "proof.json"))
    write_public(tmp_path / "public", read_public(folder / "public.json"))
    for mine, theirs in (("key", "verification_key.json"), ("proof", "proof.json"),
                         ("public", "public.json")):
        assert (tmp_path / mine).read_bytes() == (folder / theirs).read_bytes()


def test_other_proofs_are_refused() -> None:
    key = read_verification_key(FOLDER / "verification_key.json")
    public, proof = read_public(FOLDER / "public.json"), read_proof(FOLDER / "proof.json")
    # The one change that every Groth16 proof admits: A and B by factors that cancel.
    changed = Proof(a=multiply(Group.G1, proof.a, 3),
                    b=multiply(Group.G2, proof.b, pow(3, -1, SCALAR_MODULUS)), c=proof.c)
    assert verify(key, public, changed)
    stray = encode(Group.G2, [stray_point()])[0]
    large = proof.a.copy()
    large[3] = np.uint64(0xFFFFFFFFFFFFFFFF)
    off = proof.c.copy()
    off[0] ^= np.uint64(1)
    for bad in (Proof(negate(Group.G1, proof.a), proof.b, proof.c),
                Proof(proof.c, proof.b, proof.a),
                Proof(proof.a, stray, proof.c), Proof(large, proof.b, proof.c),
                Proof(proof.a, proof.b, off), Proof(proof.a, proof.b, np.zeros(8, np.uint64)),
                Proof(proof.a[:4], proof.b, proof.c)):
        assert not verify(key, public, bad)


@pytest.mark.parametrize(("public", "message"), [
    ([], "0 public signals were given, .*verification_key.json wants 1"),
    ([1, 2], "2 public signals"),
    ([SCALAR_MODULUS], r"public signal \[0\]"),
    ([-1], r"public signal \[0\]"),
])
def test_public_signals_must_fit(public: list[int], message: str) -> None:
    key = read_verification_key(FOLDER / "verification_key.json")
    with pytest.raises(ProofmillError, match=message):
        verify(key, public, read_proof(FOLDER / "proof.json"))


def json_of(file: str) -> Any:
    return json.loads((FOLDER / file).read_text())


def put(value: Any, path: list[str | int], leaf: Any) -> Any:
    place = value
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = leaf
    return value


@pytest.mark.parametrize(("path", "leaf", "message"), [
    (["pi_b", 1, 0], "x", r'pi_b\[1\]\[0\]: should be a decimal or hexadecimal number, not "x"'),
    (["pi_b", 1, 0], "9" * 10000, r"pi_b\[1\]\[0\]: should be a decimal"),
    (["pi_b", 1, 0], None, r"pi_b\[1\]\[0\]: should be a decimal .*, not null"),
    (["pi_b", 1, 0], True, r"pi_b\[1\]\[0\]: should be a decimal"),
    (["pi_b", 1, 0], 0.5, r"pi_b\[1\]\[0\]: should be a decimal"),
    (["pi_b", 1, 0], -1, r"pi_b\[1\]\[0\]: should be a decimal"),
    (["pi_b", 1, 0], 3 << 250 | 1, r"pi_b\[1\]\[0\]: .* has more digits .* string"),
    (["pi_b", 1, 0], 10 ** 400, r"pi_b\[1\]\[0\]: should be a decimal"),
    (["pi_b", 1, 0], "٣", r"pi_b\[1\]\[0\]: should be a decimal"),
    (["pi_b", 1], "1", r"pi_b\[1\]: should be a list"),
    (["pi_b", 1], ["1"], r"pi_b\[1\]: should have 2 or more items, not 1"),
    (["pi_b", 2, 0], "y", r'pi_b\[2\]\[0\]: should be a decimal .*, not "y"'),
    (["pi_a"], ["1"], "pi_a: should have 2 or more items"),
    (["pi_c"], {}, "pi_c: should be a list"),
])
def test_mistakes_in_a_proof_are_named(path: list[str | int], leaf: Any, message: str) -> None:
    with pytest.raises(ProofmillError, match=f"^p.json: {message}") as raised:
        proof_from_json(put(json_of("proof.json"), path, leaf), "p.json")
    assert not isinstance(raised.value, NotValid)


@pytest.mark.parametrize(("path", "leaf", "message"), [
    (["pi_b", 1, 0], "1", "pi_b: is not on the curve"),
    (["pi_b", 2], ["0", "0"], "pi_b: is at infinity"),
    (["pi_a", 0], "1", "pi_a: is not on the curve"),
    (["pi_a", 2], "2", "pi_a: is not on the curve"),
    (["pi_a"], ["0", "0", "2"], "pi_a: is not on the curve"),
    (["pi_a"], ["0", "1"], "pi_a: is not on the curve"),
])
def test_points_in_no_group_are_not_valid(path: list[str | int], leaf: Any, message: str) -> None:
    with pytest.raises(NotValid, match=f"^p.json: {message}"):
        proof_from_json(put(json_of("proof.json"), path, leaf), "p.json")


def test_a_point_outside_the_subgroup_is_named() -> None:
    point = stray_point()
    assert point is not None
    value = put(json_of("proof.json"), ["pi_b"],
                [[str(part) for part in coordinate] for coordinate in point])
    with pytest.raises(NotValid, match="pi_b: .*not in the subgroup"):
        proof_from_json(value)


@pytest.mark.parametrize("field", ["pi_a", "pi_b", "pi_c"])
def test_missing_fields_are_named(field: str) -> None:
    value = json_of("proof.json")
    del value[field]
    with pytest.raises(ProofmillError, match=f"proof: {field}: is missing"):
        proof_from_json(value)
    with pytest.raises(ProofmillError, match="should be an object"):
        proof_from_json([value])


@pytest.mark.parametrize(("field", "name", "message"), [
    ("protocol", "plonk", 'protocol: is "plonk", not groth16'),
    ("curve", "bls12381", 'curve: is "bls12381", not bn128'),
])
def test_files_for_others_are_named(field: str, name: str, message: str) -> None:
    for file, parse, point in (("proof.json", proof_from_json, "pi_a"),
                               ("verification_key.json", verification_key_from_json, "vk_beta_2")):
        value = put(json_of(file), [field], name)
        del value[point]
        with pytest.raises(ProofmillError, match=message):
            parse(value)
    # The points alone decide, as long as they fit.
    proof_from_json(put(json_of("proof.json"), [field], name))


def test_mistakes_in_a_key_are_named() -> None:
    for path, leaf, message in (
            (["IC"], [], "IC: should have 1 or more items, not 0"),
            (["IC", 1, 0], "7", r"IC\[1\]: is not on the curve"),
            (["IC", 1, 2], "7", r"IC\[1\]\[2\]: should be 1"),
            (["curve"], "bls12381", 'curve: is "bls12381", not bn128'),
            (["vk_gamma_2"], [["0", "0"], ["1", "0"], ["0", "0"]], "vk_gamma_2: is at infinity"),
            (["vk_gamma_2", 0, 1], None, r"vk_gamma_2\[0\]\[1\]")):
        with pytest.raises(ProofmillError, match=message):
            verification_key_from_json(put(json_of("verification_key.json"), path, leaf))
    value = json_of("verification_key.json")
    del value["curve"]
    with pytest.raises(ProofmillError, match="curve: is missing"):
        verification_key_from_json(value)


@pytest.mark.parametrize("file", [
    "proof-hex", "proof-jacobian", "proof-two-coordinates", "proof-two-coordinates-g1"])
def test_other_spellings_are_the_same_proof(file: str) -> None:
    proof = read_proof(VECTORS / "spellings" / f"{file}.json")
    same = read_proof(FOLDER / "proof.json")
    for name in "abc":
        assert np.array_equal(getattr(proof, name), getattr(same, name))
    assert (read_public(VECTORS / "spellings" / "public-hex.json")
            == read_public(FOLDER / "public.json"))


@pytest.mark.parametrize(("text", "message"), [
    ("", "is not JSON"), ("{", "is not JSON"), ("[" * 100_000, "is not JSON"),
    ('["1", "x"]', r"\[1\]: should be a decimal"), ("{}", "should be a list"),
    (f'["{SCALAR_MODULUS}"]', r"\[0\]: should be from 0 to below"),
    ('["-5"]', r"\[0\]: should be from 0 to below .*, not \"-5\""),
    ('["0x"]', r"\[0\]: should be a decimal"), ('["0b1"]', r"\[0\]: should be a decimal"),
    ('["32 "]', r"\[0\]: should be a decimal"), ("[1.5]", r"\[0\]: should be a decimal"),
    ("[NaN]", "is not JSON: NaN"), (f"[{(1 << 60) + 1}]", r"\[0\]: .* has more digits"),
])
def test_mistakes_in_public_signals_are_named(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "public.json").write_text(text)
    with pytest.raises(ProofmillError, match=message):
        read_public(tmp_path / "public.json")
    (tmp_path / "public.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ProofmillError, match="is not JSON"):
        read_public(tmp_path / "public.json")
    with pytest.raises(ProofmillError, match="No such file"):
        read_public(tmp_path / "none.json")
