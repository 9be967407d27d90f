"""PLONK's verifier, on the proof of snarkjs and on everything that is not it."""

import json
from pathlib import Path
from typing import Any

import pytest
from py_ecc import optimized_bn128 as bn128

from proofmill.host.cli.main import main
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.groth16.json_fields import write_json
from proofmill.host.prover.groth16.plain import Numbers
from proofmill.host.prover.plonk.equation import Term
from proofmill.host.prover.plonk.verification_key import (
    key_from_json,
    proof_from_json,
    read_key,
    read_proof,
)
from proofmill.host.prover.plonk.verify import equation, verify
from tests.host.prover.plonk.files import PLONK, changes

KEY, PROOF, PUBLIC = (PLONK / f"mix.plonk.{name}.json" for name in ("vkey", "proof", "public"))


def load() -> Any:
    return tuple(json.loads(path.read_text()) for path in (KEY, PROOF, PUBLIC))


def is_valid(key: Any, public: Any, proof: Any) -> bool:
    """The verdict; what is not read is not valid."""
    try:
        return verify(key_from_json(key), [int(value) for value in public], proof_from_json(proof))
    except ProofmillError:
        return False


def test_snarkjs_proof_is_valid_and_no_other_is() -> None:
    key, proof, public = load()
    assert is_valid(key, public, proof)
    accepted = [
        *(f"key {path}" for path, other in changes(key) if is_valid(other, public, proof)),
        *(f"proof {path}" for path, other in changes(proof) if is_valid(key, public, other)),
        *(f"public {path}" for path, other in changes(public) if is_valid(key, other, proof))]
    assert accepted == []
    assert not is_valid(key, public[:1], proof) and not is_valid(key, [*public, "0"], proof)


def test_points_exchanged_are_refused() -> None:
    """Changes that leave every point on the curve, so that the equation alone decides."""
    key, proof, public = load()
    names = [name for name, value in proof.items() if isinstance(value, list)]
    values = [name for name in proof if name.startswith("eval")]
    for group in (names, values):
        for one, other in zip(group, group[1:] + group[:1], strict=True):
            assert not is_valid(key, public, {**proof, one: proof[other], other: proof[one]}), one
    for name in [name for name in key if name[0] in "QS"]:
        assert not is_valid({**key, name: ["1", "2", "1"]}, public, proof), name
    infinity = ["0", "1", "0"]
    for name in names:
        assert not is_valid(key, public, {**proof, name: infinity}), name
    assert not is_valid({**key, "nPublic": 1}, public, proof)


def test_the_equation_agrees_with_py_ecc() -> None:
    statement = equation(read_key(KEY), [int(value) for value in load()[2]], read_proof(PROOF))

    def total(terms: list[Term]) -> Any:
        result = bn128.Z1
        for factor, point in terms:
            result = bn128.add(result, bn128.multiply(affine(point), factor % bn128.curve_order))
        return result

    def affine(point: Numbers) -> Any:
        return (*(bn128.FQ(part) for part in point), bn128.FQ(1)) if any(point) else bn128.Z1

    left, right = total(list(statement.at_tau)), total(list(statement.at_one))
    tau = (bn128.FQ2(statement.tau[:2]), bn128.FQ2(statement.tau[2:]), bn128.FQ2.one())
    product = (bn128.pairing(tau, left, final_exponentiate=False)
               * bn128.pairing(bn128.G2, bn128.neg(right), final_exponentiate=False))
    assert bn128.final_exponentiate(product) == bn128.FQ12.one()
    assert statement.holds()


def test_json_is_written_as_snarkjs_does(tmp_path: Path) -> None:
    write_json(tmp_path / "key", read_key(KEY).to_json())
    write_json(tmp_path / "proof", read_proof(PROOF).to_json())
    assert (tmp_path / "key").read_bytes() == KEY.read_bytes()
    assert (tmp_path / "proof").read_bytes() == PROOF.read_bytes()


@pytest.mark.parametrize(("field", "value", "message"), [
    ("protocol", "groth16", "vk_alpha_1: is missing"),
    ("curve", "bls12381", 'curve: is "bls12381", not bn128'),
    ("power", 29, "power: should be from 1 to 28, not 29"),
    ("power", 9, "w: should be the root of unity"),
    ("w", "5", "w: should be the root of unity"),
    ("Qm", ["1", "1", "1"], "Qm: is not on the curve"),
    ("X_2", [["0", "0"], ["1", "0"], ["0", "0"]], "X_2: is at infinity"),
    ("k1", "x", "k1: should be a decimal or hexadecimal number"),
])
def test_keys_that_are_wrong_are_named(field: str, value: Any, message: str, tmp_path: Path,
                                       capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "key.json").write_text(json.dumps({**load()[0], field: value}))
    status = main(["verify", str(tmp_path / "key.json"), str(PUBLIC), str(PROOF)])
    said = capsys.readouterr()
    assert status != 0 and message in said.out + said.err


def test_verify_takes_the_system_from_the_key(capsys: pytest.CaptureFixture[str],
                                              tmp_path: Path) -> None:
    assert main(["verify", str(KEY), str(PUBLIC), str(PROOF)]) == 0
    assert "the proof is valid" in capsys.readouterr().out
    proof = load()[1]
    (tmp_path / "proof.json").write_text(json.dumps({**proof, "eval_a": proof["eval_b"]}))
    assert main(["verify", str(KEY), str(PUBLIC), str(tmp_path / "proof.json")]) == 1
    assert "NOT valid" in capsys.readouterr().out
    (tmp_path / "proof.json").write_text(json.dumps({"pi_a": ["1", "2", "1"],
                                                     "protocol": "groth16"}))
    assert main(["verify", str(KEY), str(PUBLIC), str(tmp_path / "proof.json")]) == 2
    assert 'protocol: is "groth16", not plonk' in capsys.readouterr().err
