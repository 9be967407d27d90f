"""A Groth16 proof checked on the wide processor."""

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from proofmill.firmware.pairing.programs import groth16_check
from proofmill.hdl.curve import GENERATOR_G2
from proofmill.hdl.presets import STANDARD_WIDE
from proofmill.host.cli.main import main
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.groth16.json_fields import read_public
from proofmill.host.prover.groth16.plain import PlainKey, PlainProof, read_key, read_proof, verify
from proofmill.host.prover.groth16.wide_check import check
from proofmill.sim.pairing import P, R, add, times
from proofmill.sim.programs import kept_program
from tests.sim.test_pairing import g1, off_order

VECTORS = Path(__file__).parents[3] / "vectors"


def files(name):
    folder = VECTORS / name
    return [str(folder / f"{file}.json") for file in ("verification_key", "public", "proof")]


@pytest.fixture(scope="module")
def chain4():
    key, public, proof = files("chain4")
    return read_key(key), read_public(public), read_proof(proof)


def checking(count=1):
    return kept_program(groth16_check, STANDARD_WIDE, count)


def right(key, public, proof, device="model"):
    found = check(device, key, [(public, proof)])
    assert found.cycles == checking().cycles
    return found.right == [True]


def made(a, b, alpha, beta, signals, gamma, delta, c=None):
    """(key, proof) of points with these logarithms; C is right unless it is given."""
    if c is None:
        c = (a * b - alpha * beta - signals * gamma) * pow(delta, -1, R)

    def one(number):
        return g1(number % R)[:2] if number % R else (0, 0)

    def two(number):
        x, y = times(GENERATOR_G2, number % R)
        return (*x, *y)

    return (PlainKey(one(alpha), two(beta), two(gamma), two(delta), (one(signals),), "made"),
            PlainProof(one(a), two(b), one(c)))


def test_snarkjs_proof_is_right_and_every_other_value_wrong(chain4):
    key, public, proof = chain4
    assert right(key, public, proof) and verify(key, public, proof)
    for name in "abc":
        point = getattr(proof, name)
        for n, value in enumerate(point):
            wrong = (*point[:n], (value + 1) % P, *point[n + 1:])
            assert not right(key, public, replace(proof, **{name: wrong})), (name, n)
        mirrored = [*point]
        for n in range(len(point) // 2, len(point)):
            mirrored[n] = -point[n] % P
        assert not right(key, public, replace(proof, **{name: tuple(mirrored)})), name
    assert not right(key, public, replace(proof, a=proof.c, c=proof.a))
    for n in range(len(public)):
        other = [*public]
        other[n] = (other[n] + 1) % R
        assert not right(key, other, proof)


def test_random_proofs_and_points_at_infinity():
    random = Random(1)
    a, b, alpha, beta, signals, gamma, delta = (random.randrange(1, R) for _ in range(7))
    without_c = (a * b - signals * gamma) * pow(alpha, -1, R) % R  # the beta for which C is none
    for numbers in ((a, b, alpha, beta, signals, gamma, delta),
                    (0, b, alpha, beta, signals, gamma, delta),
                    (a, b, alpha, beta, 0, gamma, delta),
                    (a, b, alpha, without_c, signals, gamma, delta)):
        key, proof = made(*numbers)
        assert right(key, [], proof) and verify(key, [], proof)
    assert proof.c == (0, 0)
    key, proof = made(a, b, alpha, beta, signals, gamma, delta, c=5)
    assert not right(key, [], proof) and not verify(key, [], proof)


def test_points_outside_of_their_groups():
    """Beside B, what makes no difference to the pairing: a point of the cofactor's order."""
    key, proof = made(2, 3, 5, 7, 11, 13, 17)
    assert right(key, [], proof)
    large, cofactor = off_order()
    b = ((proof.b[0], proof.b[1]), (proof.b[2], proof.b[3]))
    for point in (large, cofactor, add(b, cofactor)):
        x, y = point
        assert not right(key, [], replace(proof, b=(*x, *y)))


def test_two_at_once_and_one_left_over(chain4):
    """A wrong one is wrong wherever it is, and no other beside it: even one that has no inverse."""
    key, public, proof = chain4
    wrong = replace(proof, c=proof.a)
    nothing = PlainProof((0, 0), (0, 0, 0, 0), (0, 0))
    proofs = [(public, each) for each in (wrong, proof, proof, nothing, proof)]
    found = check("model", key, proofs)
    assert found.right == [False, True, True, False, True]
    assert found.cycles == (2 * checking(2).cycles
                            + checking().cycles)


def test_signals_that_do_not_fit(chain4):
    key, public, proof = chain4
    with pytest.raises(ProofmillError, match="public signals were given"):
        check("model", key, [(public, proof), ([*public, 1], proof)])


@pytest.mark.parametrize("device", ["model", "rtl"])
def test_the_command(device, capsys, tmp_path):
    cycles = checking().cycles
    assert main(["verify", *files("chain4"), "--device", device]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "the proof is valid", f"{cycles:,} cycles ({device})"]
    key, public, proof = files("chain4")
    changed = tmp_path / "public.json"
    changed.write_text(Path(public).read_text().replace('"', '"1', 1))
    assert main(["verify", key, str(changed), proof, "--device", device]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "the proof is NOT valid for this key and these public inputs",
        f"{cycles:,} cycles ({device})"]


def test_the_command_with_several_proofs(capsys, tmp_path):
    key, public, proof = files("chain4")
    changed = tmp_path / "public.json"
    changed.write_text(Path(public).read_text().replace('"', '"1', 1))
    outside = tmp_path / "proof.json"
    outside.write_text(Path(proof).read_text().replace('"12344', '"12345', 1))
    words = [key, public, proof, str(changed), proof, public, str(outside)]
    said = [f"{proof}: the proof is valid",
            f"{proof}: the proof is NOT valid for this key and these public inputs"]
    cycles = checking(2).cycles
    for more in ([], ["--device", "model"]):
        assert main(["verify", *words, *more]) == 1
        lines = capsys.readouterr().out.splitlines()
        assert lines[:2] == said and lines[2].startswith(f"{outside}: the proof is NOT valid: ")
    assert lines[3:] == [f"{cycles:,} cycles (model)"]
    assert main(["verify", *words[:-1]]) == 2
    assert "a file without its partner; give more proofs as" in capsys.readouterr().err


def test_other_systems_are_refused(capsys):
    mix = [str(VECTORS / "plonk" / f"mix.plonk.{file}.json")
           for file in ("vkey", "public", "proof")]
    assert main(["verify", *mix, "--device", "model"]) == 2
    assert "--device model verifies Groth16 proofs alone, and" in capsys.readouterr().err
