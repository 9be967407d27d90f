"""A ceremony by the command line, and what is refused."""

import dataclasses
import json
from pathlib import Path

import pytest

from proofmill.host.cli.main import main
from proofmill.host.prover.groth16.r1cs_file import write_r1cs
from proofmill.host.prover.groth16.wtns import write_witness
from tests.host.prover.groth16.files import POWERS, cube_circuit, cube_witness


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_r1cs(tmp_path / "cube.r1cs", cube_circuit())
    write_witness(tmp_path / "cube.wtns", cube_witness(3))
    return tmp_path


def run(*line: object) -> int:
    return main([str(part) for part in line])


def test_a_ceremony(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    circuit, first, one, last = (folder / name for name in (
        "cube.r1cs", "first.zkey", "one.zkey", "last.zkey"))
    assert run("setup", circuit, POWERS, first) == 0
    assert "the first key for 4 wires" in capsys.readouterr().out
    assert run("zkey", "verify", circuit, POWERS, first) == 1
    assert "the key is NOT valid: " in (out := capsys.readouterr().out) and "section 10" in out
    assert run("zkey", "contribute", first, one, "--name", "Ada") == 0
    shown = capsys.readouterr().out.splitlines()
    assert "contribution 1, whose hash is" in shown[0] and len(shown) == 5
    assert run("zkey", "beacon", one, last, "0x0102", "10", "--name", "end") == 0
    capsys.readouterr()
    assert run("zkey", "verify", circuit, POWERS, last) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("the key is valid") and told[6:10] == shown[1:]
    assert "contribution 2, end, a beacon: 0102, 2^10 times" in told
    assert run("zkey", "verify", circuit, POWERS, last, "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert record["valid"] and [each["name"] for each in record["contributions"]] == ["Ada", "end"]
    files = [folder / name for name in ("proof.json", "public.json")]
    assert run("prove", last, folder / "cube.wtns", *files) == 0
    assert run("zkey", "verificationkey", last, folder / "vk.json") == 0
    assert run("verify", folder / "vk.json", *reversed(files)) == 0


@pytest.mark.parametrize(("line", "message"), [
    (["setup", "CIRCUIT", "OUT"], "setup takes powers of tau"),
    (["setup", "CIRCUIT", "POWERS", "OUT", "--development"], "takes no powers of tau"),
    (["setup", "CIRCUIT", "POWERS", "OUT", "--seed", "a"], "--seed is of development keys"),
    (["setup", "CIRCUIT", "CIRCUIT", "OUT"], "not a .ptau file: it begins with b'r1cs'"),
    (["zkey", "contribute", "CIRCUIT", "OUT"], "not a .zkey file"),
    (["zkey", "beacon", "CIRCUIT", "OUT", "xyz", "10"], "HEX xyz: should be 1 to 255 bytes"),
    (["zkey", "beacon", "CIRCUIT", "OUT", "00", "9"], "EXPONENT 9: must be 10 to 63"),
    (["zkey", "contribute", "CIRCUIT", "CIRCUIT"], "writing it would lose what is read"),
])
def test_mistakes_are_named(folder: Path, capsys: pytest.CaptureFixture[str], line: list[str],
                            message: str) -> None:
    names = {"CIRCUIT": folder / "cube.r1cs", "POWERS": POWERS, "OUT": folder / "out.zkey"}
    assert run(*(names.get(part, part) for part in line)) == 2
    assert message in capsys.readouterr().err
    assert not (folder / "out.zkey").exists()


def test_a_circuit_is_checked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    circuit, witness = folder / "cube.r1cs", folder / "cube.wtns"
    assert run("r1cs", "check", circuit, witness) == 0
    assert "no wire was found" in capsys.readouterr().out
    assert run("r1cs", "check", circuit) == 0
    assert "at random values" in capsys.readouterr().out
    cube = cube_circuit()
    open_one = dataclasses.replace(cube, wires=5)  # the last wire is in no constraint
    write_r1cs(folder / "open.r1cs", open_one)
    assert run("r1cs", "check", folder / "open.r1cs", "--json") == 1
    record = json.loads(capsys.readouterr().out)
    assert record["loose"] == [4] and record["at_random"] and not record["determined"]
    write_witness(folder / "wrong.wtns", cube_witness(3)[[0, 1, 2, 2]])
    assert run("r1cs", "check", circuit, folder / "wrong.wtns") == 2
    assert "does not satisfy constraint 0 of 2" in capsys.readouterr().err
