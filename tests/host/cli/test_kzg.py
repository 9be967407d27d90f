"""``proofmill kzg`` by its lines and its status."""

import json
import os
import re
from pathlib import Path

import pytest

from proofmill.host.cli.main import main
from proofmill.host.prover.kzg import trusted_setup
from proofmill.host.prover.native.bls12_381 import ORDER
from tests.host.prover.kzg.polynomials import blob_with, value_of

COEFFICIENTS = (3, 0, 1)


@pytest.fixture(scope="module")
def blob(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("kzg") / "blob.bin"
    path.write_bytes(blob_with(COEFFICIENTS))
    return path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    def line(*words: object) -> tuple[int, str, str]:
        status = main(["kzg", *map(str, words)])
        output = capsys.readouterr()
        return status, output.out, output.err
    return line


def test_a_blob_and_a_value_from_commitment_to_verdict(blob, run, tmp_path) -> None:
    status, out, _ = run("commit", blob)
    commitment = out.strip()
    assert status == 0 and len(commitment) == 98
    text = tmp_path / "blob.hex"
    text.write_text(f"0x{blob.read_bytes().hex()}\n")
    assert json.loads(run("commit", text, "--json")[1]) == {
        "commitment": commitment, "device": "cpu", "cycles": 0}
    made, value = tmp_path / "proof.json", tmp_path / "value.json"
    made.write_text(run("prove", blob, "--json", "--threads", 1)[1])
    record = json.loads(made.read_text())
    assert record["commitment"] == commitment
    assert int(record["value"], 0) == value_of(COEFFICIENTS, int(record["at"], 0))
    assert run("verify", made, blob)[:2] == (0, "the proof is valid\n")
    assert run("verify", made)[:2] == (0, "the proof is valid\n")
    shown = dict(line.split() for line in run("prove", blob, "--at", 2)[1].splitlines())
    assert int(shown["value"], 0) == 7
    value.write_text(json.dumps(shown))
    assert json.loads(run("verify", value, "--json")[1]) == {"valid": True}
    assert run("verify", value, blob)[:2] == (1, "the proof is NOT valid\n")
    value.write_text(json.dumps(shown | {"value": f"{8:#066x}"}))
    status, out, _ = run("verify", value, "--json")
    assert status == 1 and json.loads(out) == {"valid": False}


INFINITY = "0xc0" + "00" * 47
FINE = {"commitment": INFINITY, "at": "0x" + "00" * 32, "value": "0x" + "00" * 32,
        "proof": INFINITY}


@pytest.mark.parametrize("words, sentence", [
    (("prove", "{blob}", "--at", hex(ORDER)), f"--at: value is {ORDER:#x}, which is not below the"),
    (("prove", "{blob}", "--at", "1e3"), "--at 1e3: is no number; write decimal digits"),
    (("prove", "{blob}", "--at", 1 << 256), "has more than 256 bits; give a number below r"),
    (("commit", "/dev/zero"), "/dev/zero: more than 524,288 bytes; give a blob, 131,072 bytes or"),
    (("commit", __file__), r"test_kzg.py: [0-9,]+ bytes, a blob has 131,072; give all of them"),
    (("verify", __file__), "test_kzg.py: is no JSON: .*; give what `proofmill kzg prove --json`"),
])
def test_mistakes_are_one_sentence(blob, run, words, sentence) -> None:
    status, out, err = run(*(str(word).format(blob=blob) for word in words))
    assert status == 2 and out == "" and err.count("\n") == 1 and re.search(sentence, err), err


@pytest.mark.parametrize("change, sentence", [
    ({"proof": "c0"}, "proof.json: proof: 'c0' is not 0x with two hexadecimal digits a byte"),
    ({"proof": "0xc0"}, "proof.json: proof: 1 bytes, a compressed point of G1 has 48; give all"),
    ({"at": hex(ORDER)}, f"proof.json: at: value is {ORDER:#x}, which is not below"),
    ({"value": 3}, "proof.json: .*value"),
    ({"more": "0x"}, "proof.json: .*more"),
])
def test_a_file_that_says_something_else_is_refused(run, tmp_path, change, sentence) -> None:
    path = tmp_path / "proof.json"
    path.write_text(json.dumps(FINE))
    assert run("verify", path)[0] == 0
    path.write_text(json.dumps(FINE | change))
    status, out, err = run("verify", path)
    assert status == 2 and out == "" and err.count("\n") == 1 and re.search(sentence, err), err


@pytest.mark.skipif(os.name == "nt", reason="pipes as on POSIX")
def test_a_proof_is_verified_from_a_pipe(run) -> None:
    reading, writing = os.pipe()
    os.write(writing, json.dumps(FINE).encode())
    os.close(writing)
    assert run("verify", f"/dev/fd/{reading}") == (0, "the proof is valid\n", "")
    os.close(reading)


def test_cells_from_a_blob_and_back(blob, run, tmp_path) -> None:
    cells, some, again = (tmp_path / name for name in ("cells.json", "some.json", "again.json"))
    status, out, _ = run("cells", blob, cells)
    assert status == 0 and out == f"wrote {cells}: 128 cells and their proofs\n"
    assert run("verify", cells)[:2] == (0, "the proofs are valid\n")
    record = json.loads(cells.read_text())
    rest = [{"index": each["index"], "cell": each["cell"]} for each in record["cells"][1::2]]
    some.write_text(json.dumps({"commitment": record["commitment"], "cells": rest}))
    back = tmp_path / "blob.bin"
    status, out, _ = run("recover", some, again, "--blob", back, "--threads", 1)
    assert status == 0 and out.endswith(f"wrote {back}: the blob\n")
    assert again.read_bytes() == cells.read_bytes() and back.read_bytes() == blob.read_bytes()

    def refused(change, command, sentence) -> None:
        some.write_text(json.dumps(change))
        status, out, err = run(*command)
        assert status == 2 and out == "" and re.search(sentence, err.splitlines()[-1]), err

    refused({"commitment": INFINITY, "cells": rest}, ("recover", some, again),
            f"some.json: commitment: {INFINITY} is to another blob, these cells are of 0x")
    refused({"commitment": INFINITY, "cells": rest}, ("verify", some),
            r"some.json: cells\[0\].proof is missing; give it, or leave the cell out")
    refused({"commitment": INFINITY, "cells": [{"index": 128, "cell": "0x"}]}, ("verify", some),
            r"some.json: cells\[0\].index: 128 is none of a blob's 128 cells")
    refused(record, ("verify", some, blob), "blob.bin: cells are verified by their commitment")
    record["cells"][5]["cell"] = record["cells"][6]["cell"]
    some.write_text(json.dumps(record))
    assert run("verify", some)[:2] == (1, "the proofs are NOT valid\n")


def test_the_trusted_setup_is_checked(run, monkeypatch) -> None:
    assert json.loads(run("setup", "--json")[1]) == {
        "valid": True, "problem": None, "device": "cpu", "cycles": 0}
    powers, powers_g2, lagrange = trusted_setup.compressed()
    monkeypatch.setattr(trusted_setup, "compressed", lambda: (
        (*powers[:-1], powers[1]), powers_g2, lagrange))
    status, out, _ = run("setup")
    assert status == 1
    assert out.startswith("NOT valid: the powers in G1 are not those of one secret")
