"""gnark's files: a key and a proof of SP1, what they are in snarkjs' form, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from proofmill.hdl.curve import GENERATOR_G2, Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.points_by_x import is_larger, square_root
from proofmill.host.prover.groth16 import gnark, gnark_points
from proofmill.host.prover.groth16.gnark import Form, GnarkKey, GnarkProof
from proofmill.host.prover.groth16.json_fields import NotValid, is_text, read_bytes, read_public
from proofmill.host.prover.groth16.plain import read_key, read_proof, verify
from proofmill.host.prover.groth16.zkey import MAGIC
from tests.host.prover.groth16.conftest import Run
from tests.host.prover.groth16.files import VECTORS

FOLDER = VECTORS / "gnark"
KEY, PROOF = (FOLDER / "groth16_vk.bin").read_bytes(), (FOLDER / "proof.bin").read_bytes()
P = gnark_points.P
G2 = tuple(part for coordinate in GENERATOR_G2 for part in coordinate)


def test_a_key_and_a_proof_of_sp1() -> None:
    key, proof = gnark.parse_key(KEY), gnark.parse_proof(PROOF)
    assert (key.plain.public, key.form, key.committed, proof.commitments) == (
        2, Form.KEYS, (), ())
    public = read_public(FOLDER / "public.json")
    plain = gnark.plain_key(key), gnark.plain_proof(proof)
    assert verify(plain[0], public, plain[1])
    assert not verify(plain[0], [public[0], public[1] + 1], plain[1])
    other = replace(plain[1], a=plain[1].c)
    assert not verify(plain[0], public, other)


def test_they_are_written_as_they_were_read() -> None:
    """In both forms of points, with each of the ends that a key may have, and without one."""
    key, proof = gnark.parse_key(KEY), gnark.parse_proof(PROOF)
    assert gnark.key_bytes(key) == KEY and gnark.proof_bytes(proof, raw=True) == PROOF
    ends = (GnarkKey(key.plain, key.beta_1, key.delta_1, form=Form.NOTHING),
            replace(key, form=Form.ONE_KEY, commitment_keys=((G2, (0, 0, 0, 0)),)),
            replace(key, committed=((1, 2), ()), commitment_keys=((G2, G2), (G2, G2))))
    for each in (key, *ends):
        for raw in (False, True):
            data = gnark.key_bytes(each, raw)
            assert gnark.parse_key(data) == each and not is_text(data)
    point, nothing = proof.plain.a, gnark.NO_POINT
    for each in (proof, GnarkProof(proof.plain, None),
                 GnarkProof(proof.plain, (point, nothing), point)):
        for raw in (False, True):
            assert gnark.parse_proof(gnark.proof_bytes(each, raw)) == each
    with pytest.raises(ProofmillError, match="the circuit has 2 commitments"):
        gnark.plain_key(ends[2])
    with pytest.raises(ProofmillError, match="the proof has 1 commitments"):
        gnark.plain_proof(GnarkProof(proof.plain, (point,)))


def test_signs_are_told_by_the_imaginary_part_first() -> None:
    """Both roots come back, and where the imaginary part is zero the real one decides."""
    for y in ((5,), (P - 5,), (7, 0), (P - 7, 0), (P - 1, 3), (1, P - 3)):
        assert is_larger(y, P) == ((y[1] if len(y) == 2 and y[1] else y[0]) > P // 2)
    x, y = G2[:2], G2[2:]
    for point in (G2, (*x, *(-part % P for part in y))):
        proof = replace(gnark.parse_proof(PROOF).plain, b=point)
        data = gnark.proof_bytes(GnarkProof(proof))
        assert len(data) == 164 and gnark.parse_proof(data).plain.b == point


@pytest.mark.parametrize(("change", "complaint"), [
    (lambda key: key[:-1], "byte 392: the file ends before keys of commitments"),
    (lambda key: key[:40], "the file ends before beta in g1"),
    (lambda key: key + b"\0", "byte 396: 1 bytes come after the key"),
    (lambda key: b"\xbf" + b"\xff" * 31 + key[32:], "byte 0: alpha in g1: a coordinate is not"),
    (lambda key: b"\x40" + bytes(30) + b"\1" + key[32:], "alpha in g1 is not on the curve of g1"),
    (lambda key: key[:288] + b"\0\1\0\1" + key[292:], "65,537 points of signals"),
    (lambda key: key[:288] + bytes(4) + key[292:], "no point for the constant 1"),
])
def test_what_is_no_key_is_told_with_its_place(change, complaint) -> None:
    with pytest.raises(ProofmillError, match=complaint):
        gnark.parse_key(change(KEY), "vk.bin")


def test_points_off_the_curve_and_of_another_order() -> None:
    x = next(x for x in range(1, 50) if square_root(((x ** 3 + 3) % P,), P) is None)
    with pytest.raises(NotValid, match="byte 0: A is not on the curve"):
        gnark.parse_proof(b"\x80" + bytes(30) + bytes([x]) + PROOF[64:])
    with pytest.raises(NotValid, match="C is not on the curve of g1"):
        gnark.parse_proof(PROOF[:255] + bytes([PROOF[255] ^ 1]) + PROOF[256:])
    # A point of the twist is of order r by a chance of one in 2 p - r.
    b = next(found for found in (gnark_points.point_of(Group.G2, gnark_points.SMALLER, (0, x))
                                 for x in range(1, 50)) if found is not None)
    data = gnark_points.encoded(b, True)
    with pytest.raises(NotValid, match="B is on the curve of g2, but not of order r"):
        gnark.parse_proof(PROOF[:64] + data + PROOF[192:])


def test_the_commands(tmp_path: Path, run: Run) -> None:
    """SP1's proof is verified from its files, and from snarkjs' after turning; and back."""
    public = FOLDER / "public.json"
    files = FOLDER / "groth16_vk.bin", public, FOLDER / "proof.bin"
    assert run("verify", *files) == (0, "the proof is valid\n")
    vk, proof = tmp_path / "vk.json", tmp_path / "proof.json"
    assert "snarkjs' JSON, 2 public signals" in run("gnark", "key", files[0], vk)[1]
    assert run("gnark", "proof", files[2], proof)[0] == 0
    assert verify(read_key(vk), read_public(public), read_proof(proof))
    assert run("verify", vk, public, proof)[0] == run("verify", files[0], public, proof)[0] == 0
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps(["1", "2"]))
    assert run("verify", files[0], wrong, files[2])[0] == 1
    back = tmp_path / "proof.bin"
    assert run("gnark", "proof", proof, back, "--raw")[0] == 0 and back.read_bytes() == PROOF
    assert run("gnark", "key", vk, back)[0] == 0
    turned = gnark.parse_key(back.read_bytes())
    assert turned.plain == replace(gnark.parse_key(KEY).plain, name="verification key")
    assert turned.beta_1 == gnark.NO_POINT
    zkey = VECTORS / "chain4" / "circuit.zkey"
    assert read_bytes(zkey, but=MAGIC) == MAGIC and read_bytes(files[0], but=MAGIC) == KEY
    assert run("gnark", "key", zkey, back)[0] == 0
    made = gnark.parse_key(back.read_bytes())
    assert any(made.beta_1) and run("verify", back, VECTORS / "chain4" / "public.json",
                                    VECTORS / "chain4" / "proof.json")[0] == 0
    status, told = run("gnark", "key", files[2], vk)
    assert status == 2 and "proof.bin: byte" in told
