"""The processor's prover beside another program's."""

import json
import os
import sys
from pathlib import Path

import pytest

from proofmill.host.bench.circuits import HASHES, chain, mixed, poseidon
from proofmill.host.bench.peer import markdown
from proofmill.host.cli.main import main
from proofmill.host.prover.curve.limbs import from_limbs
from tests.host.prover.groth16.files import VECTORS

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes as POSIX counts them")


@pytest.mark.parametrize("circuit", [chain, mixed])
@pytest.mark.parametrize("constraints", [8, 40, 1000])
def test_witnesses_satisfy_their_circuits(circuit, constraints):
    system, witness = circuit(constraints)
    assert system.constraints == constraints and system.first_unsatisfied(witness) is None
    values = from_limbs(witness)
    small = sum(value < 2 for value in values), sum(value < 1 << 16 for value in values)
    if circuit is mixed and constraints == 1000:
        assert 690 < small[0] < 720 and 890 < small[1] < 920


def test_both_programs_are_measured_and_checked(capsys):
    assert main(["bench", "proving", "--power", "5", "--rounds", "1", "--threads", "1",
                 "--memory", "100", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["circuit"] for each in found["results"]] == ["poseidon", "chain", "mixed"]
    for each in found["results"]:
        for program in ("proofmill", "peer", "held", "held_with_multiples"):
            assert 0 < each[program]["cpu_seconds"] < 60 and each[program]["wall_seconds"] > 0
            assert 5 < each[program]["peak_megabytes"] < 2000
        assert each["cpu_ratio"] == pytest.approx(
            each["proofmill"]["cpu_seconds"] / each["peer"]["cpu_seconds"])
        assert each["held"]["cpu_seconds"] < each["proofmill"]["cpu_seconds"]
    # The start of NumPy and mcl alone is more than the whole of the other.
    assert all(each["memory_ratio"] < 1 for each in found["results"])
    assert markdown(found).count("| chain, 2^5 |") == 1


def test_own_files(capsys):
    files = VECTORS / "chain4"
    line = ["bench", "proving", "--rounds", "1", "--zkey", str(files / "circuit.zkey")]
    assert main(line) == 2 and "go together" in capsys.readouterr().err
    line += ["--wtns", str(files / "witness.wtns")]
    assert main([*line, "--power", "4"]) == 2 and "leave one out" in capsys.readouterr().err
    assert main(line) == 0
    rows = [row for row in capsys.readouterr().out.splitlines() if row.startswith("|")]
    assert len(rows) == 3 and rows[2].startswith(f"| {files / 'circuit.zkey'} |")


def test_the_chain_of_hashes_is_one():
    system, witness = poseidon(2)
    assert system.constraints == 480 and system.first_unsatisfied(witness) is None
    assert HASHES * 240 == 9600 and 9600 < 1 << 14


def peer(folder: Path, body: str) -> str:
    program = folder / "prover"
    program.write_text(f"#!{sys.executable}\nimport shutil, sys\n{body}\n")
    program.chmod(0o755)
    return str(program)


SIGNALS = "print('[\"1\"]', file=open(sys.argv[4], 'w'))"


@pytest.mark.parametrize(("body", "message"), [
    ("sys.exit('out of memory')", "ended with status 1: out of memory"),
    (f"shutil.copy('{VECTORS}/chain4/proof.json', sys.argv[3]); {SIGNALS}",
     "peer made a proof that is not valid"),
])
def test_a_peer_that_fails_is_told_of(tmp_path, capsys, body, message):
    line = ["bench", "proving", "--peer", peer(tmp_path, body), "--power", "5", "--rounds", "1"]
    assert main(line) == 2
    assert message in capsys.readouterr().err


def test_a_peer_that_is_no_program(tmp_path, capsys):
    (tmp_path / "prover").write_text("")
    assert main(["bench", "proving", "--peer", str(tmp_path / "prover")]) == 2
    assert "is no program that may be run" in capsys.readouterr().err
