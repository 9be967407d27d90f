"""Proofs as `proofmill verilog --sby` writes them, run as a stranger would run them."""

import re

import pytest

from proofmill.host.cli.main import main
from tests.hdl.proofs import run_sby

WORDS = {
    "mailboxes": "--unit mailboxes --preset toy --group g1",
    "adder": "--unit adder --preset one-row",
}
TASKS = {"mailboxes": ["kept_g1", "rest_g1"], "adder": ["frames"]}


def proven(folder, name):
    """What sby says of every task."""
    done = run_sby(folder, f"{name}.sby")
    return dict(re.findall(rf"\[{name}_(\w+)\] DONE \((\w+), rc=", done.stdout))


@pytest.mark.parametrize("name", WORDS)
def test_what_is_written_is_proven(name, tmp_path):
    assert main(["verilog", str(tmp_path / f"{name}.sv"), *WORDS[name].split(), "--sby"]) == 0
    assert proven(tmp_path, name) == dict.fromkeys(TASKS[name], "PASS")


def test_what_is_broken_is_not(tmp_path):
    """A frame of 180 cycles ends a cycle early, in the files' own text."""
    assert main(["verilog", str(tmp_path / "adder.sv"), *WORDS["adder"].split(), "--sby"]) == 0
    path = tmp_path / "adder_frames.il"
    text = path.read_text()
    assert text.count(f"8'{178:b}") == 1
    path.write_text(text.replace(f"8'{178:b}", f"8'{177:b}"))
    found = proven(tmp_path, "adder")
    assert found.keys() == {"frames"} and found["frames"] != "PASS"


def test_a_unit_without_proofs_says_so(tmp_path, capsys):
    for words in ("--unit multiplier", "--unit adder"):
        status = main(["verilog", str(tmp_path / "out.sv"), *words.split(), "--preset", "toy",
                       "--sby"])
        assert status == 2 and not list(tmp_path.iterdir())
        assert "--sby: there are no proofs of such a" in capsys.readouterr().err
