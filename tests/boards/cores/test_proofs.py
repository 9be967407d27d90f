# amaranth: UnusedElaboratable=no
"""Proofs as `proofmill verilog --sby` writes them, run as a stranger would run them."""

import os
import re
import subprocess

import pytest

from proofmill.boards.cores.proofs.handshakes import Handshakes
from proofmill.hdl import axi_lite
from proofmill.hdl.functions import MultiplierFunction
from proofmill.hdl.presets import TOY_SHAPE
from proofmill.host.cli.main import main
from tests.choice import slow_but
from tests.hdl.proofs import broken, prove, require_tools, run_sby, search_path

WORDS = {
    "mailboxes": "--unit mailboxes --preset toy --group g1",
    "adder": "--unit adder --preset one-row",
    "recoder": "--unit recoder --preset toy",
    "multiplier": "--unit multiplier --preset toy",
    "transform": "--unit transform --preset toy",
    "inverter": "--unit inverter --preset toy",
    "matrix": "--unit matrix --preset three-rows",
    "batch_adder": "--unit batch_adder --preset toy",
    "wide_processor": "--unit wide_processor --preset toy",
    "registers": "--unit inverter --preset toy --bus axi4-lite",
}
TASKS = {"mailboxes": ["kept_g1", "rest_g1"], "adder": ["frames"],
         "recoder": ["digits", "one_digit", "slices", "every_digit"], "multiplier": ["one_cycle"],
         "transform": ["order"], "inverter": ["held"], "matrix": ["in_order"],
         "batch_adder": ["passed"],
         "wide_processor": ["carried_out"], "registers": ["handshakes", "held"]}
FORMULAS = {"adder": {"products", "sums_g1", "sums_g2"}, "multiplier": {"products"},
            "recoder": {"scalars"}}


def answers(folder, name):
    """What z3 says of every claim of a file."""
    require_tools()
    done = subprocess.run(["z3", name], cwd=folder, capture_output=True, text=True,
                          env=os.environ | {"PATH": search_path()})
    return done.stdout.split()


def proven(folder, name):
    """What sby says of every task."""
    done = run_sby(folder, f"{name}.sby")
    return dict(re.findall(rf"\[{name}_(\w+)\] DONE \((\w+), rc=", done.stdout))


@pytest.mark.parametrize("name", slow_but([name for name in WORDS if name != "recoder"], WORDS))
def test_what_is_written_is_proven(name, tmp_path):
    assert main(["verilog", str(tmp_path / f"{name}.sv"), *WORDS[name].split(), "--sby"]) == 0
    assert proven(tmp_path, name) == dict.fromkeys(TASKS[name], "PASS")
    formulas = {path.stem.removeprefix(f"{name}_"): path for path in tmp_path.glob("*.smt2")}
    assert formulas.keys() == FORMULAS.get(name, set())
    for path in formulas.values():
        claims = path.read_text().count("(check-sat)")
        assert claims and answers(tmp_path, path.name) == ["unsat"] * claims


def test_what_is_broken_is_not(tmp_path):
    """A frame of 180 cycles ends a cycle early, in the files' own text."""
    assert main(["verilog", str(tmp_path / "adder.sv"), *WORDS["adder"].split(), "--sby"]) == 0
    path = tmp_path / "adder_frames.il"
    text = path.read_text()
    assert text.count(f"8'{178:b}") == 1
    path.write_text(text.replace(f"8'{178:b}", f"8'{177:b}"))
    found = proven(tmp_path, "adder")
    assert found.keys() == {"frames"} and found["frames"] != "PASS"


def test_an_answer_that_does_not_wait_is_not(tmp_path):
    wrong = broken(axi_lite, "(~bus.s_axil_bvalid | bus.s_axil_bready)", "1")
    proof = Handshakes(wrong.AxiLite(MultiplierFunction(TOY_SHAPE.adder.multiplier)))
    assert prove(proof, tmp_path, mode="bmc", depth=6) == "FAIL"


def test_a_bound_that_is_lower_is_not(tmp_path):
    assert main(["verilog", str(tmp_path / "out.sv"), *WORDS["multiplier"].split(), "--sby"]) == 0
    path = tmp_path / "out_products.smt2"
    text = path.read_text()
    bound, = re.findall(r"\(assert \(> following\d+ (\d+)\)\)", text)
    path.write_text(text.replace(f" {bound})", f" {int(bound) // 2})"))
    assert answers(tmp_path, path.name) == ["sat"]


def test_a_unit_without_proofs_says_so(tmp_path, capsys):
    status = main(["verilog", str(tmp_path / "out.sv"), "--unit", "processor", "--preset", "toy",
                   "--sby"])
    assert status == 2 and not list(tmp_path.iterdir())
    assert "--sby: there are no proofs of a processor" in capsys.readouterr().err
