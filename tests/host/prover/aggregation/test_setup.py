"""The powers of two ceremonies, and what verifiers keep of them."""

import json
from pathlib import Path

import pytest

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.aggregation import elements
from proofmill.host.prover.aggregation.setup import read_heads, read_pair
from proofmill.host.prover.curve.points import encode, infinity
from tests.host.prover.aggregation.conftest import ROUNDS
from tests.host.prover.curve.test_points import stray_point
from tests.host.prover.groth16.files import POWERS


def test_a_real_file_and_one_of_another_secret(pair: tuple[Path, Path]) -> None:
    powers = read_pair(pair[0], POWERS, 2)
    assert [len(each) for each in (*powers.g1, *powers.g2)] == [8, 8, 4, 4]


def test_what_cannot_be_is_said(pair: tuple[Path, Path]) -> None:
    with pytest.raises(ProofmillError, match="has the same secret as .*first.ptau"):
        read_pair(pair[0], pair[0])
    with pytest.raises(ProofmillError, match="first.ptau: has powers of degree 2.4; an aggregate "
                                             "of 16 proofs takes 2.5"):
        read_pair(*pair, ROUNDS + 1)


def test_heads_are_read_as_they_were_written(pair: tuple[Path, Path], tmp_path: Path) -> None:
    heads = read_pair(*pair).heads
    heads.write(tmp_path / "key.json")
    found = read_heads(tmp_path / "key.json")
    assert found.to_bytes() == heads.to_bytes()


@pytest.mark.parametrize(("change", "sentence"), [
    (lambda d: d["powers"].pop(), "with 1 secrets"),
    (lambda d: d.update(version=2), "version 2"),
    (lambda d: d["powers"].reverse() or d["powers"][0].update(d["powers"][1]), "the same secret"),
    (lambda d: d["powers"][1].update(g1=d["powers"][0]["g1"]), r"powers\[1\]: are no points"),
    (lambda d: d["powers"][0].update(g2="zz"), r"powers\[0\]: are no points"),
    (lambda d: d["powers"][0].update(g1=64 * "00", g2=128 * "00"), r"powers\[0\]: are no points"),
    (lambda d: d.pop("powers"), "powers is missing"),
])
def test_other_heads_are_refused(pair: tuple[Path, Path], tmp_path: Path, change, sentence) -> None:
    path = tmp_path / "key.json"
    read_pair(*pair).heads.write(path)
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    with pytest.raises(ProofmillError, match=f"key.json: .*{sentence}"):
        read_heads(path)


def test_no_json_and_no_file(tmp_path: Path) -> None:
    (tmp_path / "key.json").write_text("{")
    with pytest.raises(ProofmillError, match="make it again with `proofmill history key`"):
        read_heads(tmp_path / "key.json")
    with pytest.raises(ProofmillError, match="none.json: cannot be read: No such file"):
        read_heads(tmp_path / "none.json")


def test_points_have_one_spelling() -> None:
    for group in Group:
        zero = elements.to_bytes(group, infinity(group))
        found = elements.from_bytes(group, zero)
        assert not any(zero) and found is not None and not found.any()
        assert elements.from_bytes(group, zero[1:]) is None
        assert elements.from_bytes(group, b"\xff" + zero[1:]) is None
        assert elements.from_bytes(group, b"\1" + zero[1:]) is None
    stray = encode(Group.G2, [stray_point()]).reshape(-1)
    assert elements.from_bytes(Group.G2, elements.to_bytes(Group.G2, stray)) is None
