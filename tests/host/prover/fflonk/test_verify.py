"""FFLONK's verifier, on the proof of snarkjs and on everything that is not it."""

import json
from pathlib import Path
from typing import Any

import pytest
from py_ecc import optimized_bn128 as bn128

from proofmill.host.cli.main import main
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.fflonk.verification_key import (
    key_from_json,
    proof_from_json,
    read_key,
    read_proof,
)
from proofmill.host.prover.fflonk.verify import equation, verify
from proofmill.host.prover.groth16.json_fields import write_json
from tests.host.prover.plonk.files import PLONK, changes

KEY, PROOF, PUBLIC = (PLONK / f"mix.fflonk.{name}.json" for name in ("vkey", "proof", "public"))


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
    points, infinity = proof["polynomials"], ["0", "1", "0"]
    for one in points:
        for point in (infinity, ["1", "2", "1"], points["C1" if one != "C1" else "W1"]):
            other = {**proof, "polynomials": {**points, one: point}}
            assert not is_valid(key, public, other), one
    assert not is_valid({**key, "C0": ["1", "2", "1"]}, public, proof)


def test_the_equation_agrees_with_py_ecc() -> None:
    statement = equation(read_key(KEY), [int(value) for value in load()[2]], read_proof(PROOF))

    def total(terms: Any) -> Any:
        result = bn128.Z1
        for factor, point in terms:
            affine = (*(bn128.FQ(part) for part in point), bn128.FQ(1))
            result = bn128.add(result, bn128.multiply(affine, factor % bn128.curve_order))
        return result

    tau = (bn128.FQ2(statement.tau[:2]), bn128.FQ2(statement.tau[2:]), bn128.FQ2.one())
    product = (bn128.pairing(tau, total(statement.at_tau), final_exponentiate=False)
               * bn128.pairing(bn128.G2, bn128.neg(total(statement.at_one)),
                               final_exponentiate=False))
    assert bn128.final_exponentiate(product) == bn128.FQ12.one()
    assert statement.holds()


def test_json_is_written_as_snarkjs_does(tmp_path: Path) -> None:
    write_json(tmp_path / "key", read_key(KEY).to_json())
    write_json(tmp_path / "proof", read_proof(PROOF).to_json())
    assert (tmp_path / "key").read_bytes() == KEY.read_bytes()
    assert (tmp_path / "proof").read_bytes() == PROOF.read_bytes()


def test_verify_takes_the_system_from_the_key(capsys: pytest.CaptureFixture[str],
                                              tmp_path: Path) -> None:
    assert main(["verify", str(KEY), str(PUBLIC), str(PROOF)]) == 0
    assert "the proof is valid" in capsys.readouterr().out
    other = PLONK / "mix.plonk.proof.json"
    assert main(["verify", str(KEY), str(PUBLIC), str(other)]) == 2
    assert 'protocol: is "plonk", not fflonk' in capsys.readouterr().err
    (tmp_path / "key.json").write_text(json.dumps({**load()[0], "wr": "5"}))
    assert main(["verify", str(tmp_path / "key.json"), str(PUBLIC), str(PROOF)]) == 2
    assert "wr: should be the root of unity" in capsys.readouterr().err
