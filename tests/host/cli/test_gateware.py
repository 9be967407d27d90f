"""``proofmill verilog``: the units, what is written beside them, and what is refused."""

import re
import shutil
import subprocess

import pytest
from ruamel.yaml import YAML

from proofmill.boards.cores import core
from proofmill.boards.shapes import SMALL_TOY
from proofmill.hdl.curve import CURVES
from proofmill.hdl.presets import TOY_SHAPE
from proofmill.host.bench.known import known_on
from proofmill.host.cli import gateware, measure_options
from proofmill.host.cli.main import main, parser


@pytest.fixture
def run(capsys):
    """(status, what was said) of a command."""
    def command(*words):
        status = main([str(word) for word in words])
        found = capsys.readouterr()
        return status, found.out + found.err

    return command


def test_a_unit_a_bench_and_a_core_file(run, tmp_path):
    status, said = run("verilog", tmp_path / "mul.sv", "--unit", "multiplier", "--preset", "toy",
                       "--bench", "--core")
    assert status == 0 and "mul.sv" in said and "mul_tb.sv" in said and "mul.core" in said
    assert re.search(r"top module multiplier, gateware [0-9a-f]{16}$", said.strip())
    assert "module multiplier(" in (tmp_path / "mul.sv").read_text()
    text = (tmp_path / "mul.core").read_text()
    assert text.startswith("CAPI=2:\n")
    found = YAML(typ="safe").load(text.partition("\n")[2])
    assert found["name"].startswith("proofmill:proofmill:multiplier:")
    files = [name for fileset in found["filesets"].values() for name in fileset["files"]]
    assert files == ["mul.sv", "mul.vlt", "mul_tb.sv"]
    assert all((tmp_path / name).exists() for name in files)
    assert found["targets"]["sim"]["filesets"] == ["rtl", "bench"]


def test_fusesoc_builds_and_runs_the_core(run, tmp_path):
    for tool in ("fusesoc", "iverilog"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not there")
    assert run("verilog", tmp_path / "mul.sv", "--unit", "multiplier", "--preset", "toy",
               "--bench", "--core")[0] == 0
    done = subprocess.run(
        ["fusesoc", "--cores-root", str(tmp_path), "run", "--target", "sim",
         "proofmill:proofmill:multiplier"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "PASS: multiplier: " in done.stdout


def test_a_core_without_a_bench_has_no_simulation(run, tmp_path):
    assert run("verilog", tmp_path / "mul.sv", "--unit", "multiplier", "--curve", "toy",
               "--core")[0] == 0
    found = YAML(typ="safe").load((tmp_path / "mul.core").read_text().partition("\n")[2])
    assert found["targets"].keys() == {"default", "lint"}
    assert found["filesets"].keys() == {"rtl", "waivers"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mul.core", "mul.sv", "mul.vlt"]


def test_g2_can_be_left_out_and_intervals_bring_what_they_take(run, tmp_path):
    both, one = tmp_path / "both.sv", tmp_path / "one.sv"
    adder = ("--unit", "adder", "--preset", "toy", "--interval", "6")
    assert run("verilog", both, *adder)[0] == 0
    assert run("verilog", one, *adder, "--group", "g1")[0] == 0
    assert len(one.read_text()) < len(both.read_text())
    assert "multiplier1" in one.read_text() and "multiplier2" not in one.read_text()


def test_the_adder_of_g2_alone(run, tmp_path):
    out = tmp_path / "out.sv"
    status, said = run("verilog", out, "--unit", "adder", "--preset", "toy", "--group", "g2",
                       "--bus", "axi4-lite")
    assert status == 0 and re.search(r"rw  p_x1\[\d+\]  operand", said), said


def test_the_commands_curves_are_the_tables():
    """The commands name them without importing the table; each has points of known multiples."""
    assert measure_options.ANY_CURVE == tuple(CURVES)
    for name in measure_options.CURVES:
        known = known_on(name)
        assert known.curve is CURVES[name] and known.order == known.curve.scalar.modulus


def test_units_of_another_curve(run, tmp_path):
    out = tmp_path / "out.sv"
    for curve, highest in (("bls12-381", 381), ("bls12-377", 384)):
        assert run("verilog", out, "--unit", "inverter", "--curve", curve)[0] == 0
        assert f"input [{highest}:0] operands__payload;" in out.read_text()


@pytest.mark.parametrize("words, sentence", [
    ("--unit adder --preset toy --interval 5", "a divisor of 12, not 5; or say --multipliers"),
    ("--unit adder --preset toy --interval 5 --multipliers 1", "take 3 multipliers"),
    ("--unit msm --preset one-row --curve toy", "is of the curve bn254; leave --preset out"),
    ("--preset toy --curve bn254", "choose --preset standard, one-row, three-rows or five-rows"),
    ("--unit transform --curve bls12-381",
     "there is no transform of this curve; there are multiplier"),
    ("--unit adder --preset toy --curve bls12-381", "the preset toy is of the curve toy"),
    ("--unit adder --curve bls12-377 --group g2", "units are of G1 alone"),
    ("--unit multiplier --bench --window 3", "with --bench and --unit msm or accelerator"),
    ("--unit msm --window 3", "it goes with --bench"),
    ("--unit msm --group g2", "--group g2 goes with --unit adder"),
    ("--unit recoder --preset toy --bench --window 12", "are too few for windows of 12 bits"),
    ("--unit multiplier --program power", "--program goes with --unit processor"),
    ("--unit msm --preset toy --bench --window 12", "are too few for windows of 12 bits"),
    ("--unit msm --preset toy --mailbox-bits 2", "too few for any window"),
    ("--unit multiplier --multiplier folded", "a folded multiplier needs an interval"),
    ("--unit mixer", "accelerator"),
    ("--unit board", "say whose with --board"),
    ("--unit board --board ulx4s", "BOARD ulx4s: there is no 'ulx4s'"),
    ("--unit msm --board icesugar-pro", "--board goes with --unit board"),
    ("--unit board --board icesugar-pro --interval 3", "is said in its file"),
    ("--unit board --board icesugar-pro --group g1", "--group: a board's accelerator is said in"),
    ("--unit msm --bus axi4-lite", "--bus axi4-lite: there is none of msm; there is one of mult"),
    ("--unit transform --bus axi4-lite", "and an axi-stream of transform"),
    ("--unit adder --bus axi4-lite --bench", "--bench is of a unit's own ports"),
])
def test_what_does_not_fit_is_a_sentence_that_says_what_would(run, words, sentence, tmp_path):
    status, said = run("verilog", tmp_path / "out.sv", *words.split())
    assert status == 2 and sentence in said, said
    assert "Traceback" not in said and not list(tmp_path.iterdir())


def test_a_boards_gateware_is_to_be_had(run, tmp_path):
    """Up to the pads, with what it is to say of itself, and a bench with its memory chip."""
    pytest.importorskip("amaranth_boards")
    out = tmp_path / "top.sv"
    status, said = run("verilog", out, "--unit", "board", "--board", "icesugar-pro", "--core",
                       "--bench")
    assert status == 0
    found = re.search(r"top module board, gateware ([0-9a-f]{16})$", said, re.MULTILINE)
    text = out.read_text()
    assert f"64'h{found[1]}" in text
    ports = re.search(r"^module board\((.*)\);$", text, re.MULTILINE)[1].split(", ")
    assert {"clk", "rst", "rx", "tx", "active", "sdram__command", "sdram__read"} <= set(ports)
    bench = (tmp_path / "top_tb.sv").read_text()
    assert f"= 64'h{int(found[1], 16):x};" in bench  # the identity's hash is a known answer
    assert "BIT = 60," in bench and "\nmodule sdram_chip(" in bench


def test_a_boards_accelerator_is_its_own_or_of_a_preset():
    words = ["verilog", "top.sv", "--unit", "board", "--board", "icesugar-pro"]
    assert gateware.core_of(parser().parse_args(words)).shape is SMALL_TOY
    assert gateware.core_of(parser().parse_args([*words, "--preset", "toy"])).shape is TOY_SHAPE


def test_mailboxes_are_to_be_had(run, tmp_path):
    out = tmp_path / "boxes.sv"
    assert run("verilog", out, "--unit", "mailboxes", "--preset", "toy",
               "--mailbox-bits", "5")[0] == 0
    assert re.search(r"^  input \[4:0\] operand__mailbox;$", out.read_text(), re.MULTILINE)


def test_files_beside_need_a_place_and_stay_apart(run, tmp_path):
    status, said = run("verilog", "/dev/stdout", "--unit", "multiplier", "--preset", "toy",
                       "--bench")
    assert status == 2 and "name a file" in said
    status, said = run("verilog", tmp_path / "mul.core", "--unit", "multiplier", "--preset", "toy",
                       "--core")
    assert status == 2 and "would be written twice" in said
    (tmp_path / "mul_tb.sv").mkdir()
    status, said = run("verilog", tmp_path / "mul.sv", "--unit", "multiplier", "--preset", "toy",
                       "--bench")
    assert status == 2 and "mul_tb.sv: is a folder" in said


def test_systemverilog_is_not_put_into_a_file_of_verilog(run, tmp_path):
    status, said = run("verilog", tmp_path / "mul.v", "--unit", "multiplier", "--preset", "toy")
    assert status == 2 and "name mul.sv" in said and not list(tmp_path.iterdir())


def test_the_choices_are_the_units_and_programs_that_there_are():
    assert gateware.UNITS == tuple(core.UNITS) and gateware.PROGRAMS == tuple(
        core.PROGRAMS) and gateware.BUSES == tuple(core.BUSES)
