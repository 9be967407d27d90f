"""The Verilog as other simulators see it: cocotb benches under Icarus and Verilator.

The same cases and the same golden functions as in the tests under Amaranth's own simulator.
"""

import os
import shutil
from dataclasses import replace

import pytest
from cocotb_tools.runner import get_runner

from proofmill.firmware.library import finishing_program
from proofmill.hdl.accelerator import Accelerator
from proofmill.hdl.emit import emit_verilog, for_every_simulator
from proofmill.hdl.evaluation import Evaluation
from proofmill.hdl.field import BN254_SCALAR
from proofmill.hdl.framed_adder import FramedAdder
from proofmill.hdl.mailbox_unit import MailboxUnit
from proofmill.hdl.matrix_unit import MatrixUnit
from proofmill.hdl.montgomery import MontgomeryMultiplier
from proofmill.hdl.msm import Msm
from proofmill.hdl.presets import (
    STANDARD,
    TOY_SHAPE,
    with_batches,
    with_evaluation,
    with_one_way,
    with_transforms,
)
from proofmill.hdl.wide_processor import WideProcessor
from proofmill.sim.compiling import BuildError, verilator
from tests.firmware.wide_programs import FOLDED_WIDE, TOY_WIDE
from tests.hdl.matrix_runs import TOYS, unit
from tests.hdl.test_evaluation import TOY_EVALUATION


def ready(simulator, monkeypatch):
    """Put what `simulator` needs on the PATH; skip, saying why, where it is missing."""
    if simulator == "icarus":
        if shutil.which("iverilog") is None:
            pytest.skip("iverilog is not there: apt-get install iverilog")
        return
    try:
        binary, root = verilator()
    except BuildError as error:
        pytest.skip(str(error))
    for tool in ("make", "perl", "g++"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool}, which Verilator's own build needs, is not there")
    monkeypatch.setenv("PATH", f"{binary.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("VERILATOR_ROOT", str(root))


@pytest.fixture(scope="module")
def builds():
    """The runners of what has been built, so that two benches on one design build it once."""
    return {}


def bench(builds, simulator, name, make, folder, variant="", **environment):
    """Build what `make` makes, unless it has been, and run ``tests.hdl.bench_<name>`` on it."""
    if (simulator, name, variant) not in builds:
        source = folder / f"{name}.sv"
        source.write_text(for_every_simulator(emit_verilog(make(), name)))
        runner = get_runner(simulator)
        quick = ["-Wno-fatal", "-Wno-lint", "--x-initial", "unique", "--output-split", "0",
                 "-CFLAGS", "-O0"]
        runner.build(sources=[source], hdl_toplevel=name, build_dir=folder / "build",
                     timescale=("1ns", "1ps"),
                     build_args=quick if simulator == "verilator" else [])
        builds[simulator, name, variant] = runner, folder
    runner, folder = builds[simulator, name, variant]
    runner.test(test_module=f"tests.hdl.bench_{name}", hdl_toplevel=name,
                build_dir=folder / "build", test_dir=folder, extra_env=environment, seed=1)


PAUSES = pytest.mark.parametrize("pause", [0, 0.4], ids=["flowing", "stalling"])
SIMULATORS = pytest.mark.parametrize("simulator", ["icarus", "verilator"])
FIRST_ICARUS = pytest.mark.parametrize(
    "simulator", ["icarus", pytest.param("verilator", marks=pytest.mark.slow)])
"""Verilator takes half a minute to build what is a part of the accelerator."""


@pytest.mark.parametrize("simulator, shape", [
    ("icarus", TOY_SHAPE), ("icarus", STANDARD), ("verilator", TOY_SHAPE),
    pytest.param("verilator", STANDARD, marks=pytest.mark.slow)],
    ids=lambda value: value if isinstance(value, str) else value.adder.curve.name)
def test_the_multiplier(builds, simulator, shape, tmp_path, monkeypatch):
    ready(simulator, monkeypatch)
    name = shape.adder.curve.name
    bench(builds, simulator, "montgomery",
          lambda: MontgomeryMultiplier(shape.adder.multiplier), tmp_path, name, CURVE=name)


def test_the_multiplier_by_two_moduli(builds, tmp_path, monkeypatch):
    """... with the field drawn anew for each product."""
    ready("icarus", monkeypatch)
    shape = replace(STANDARD.adder.multiplier, second=BN254_SCALAR)
    bench(builds, "icarus", "montgomery", lambda: MontgomeryMultiplier(shape), tmp_path,
          "second", CURVE="bn254")


@pytest.mark.parametrize("simulator, shape, pause", [
    ("icarus", "pipelined", 0), ("icarus", "2 of 4", 0.4),
    *(pytest.param(*case, marks=pytest.mark.slow) for case in (
        ("icarus", "pipelined", 0.4), ("icarus", "3 of 3", 0), ("verilator", "pipelined", 0),
        ("verilator", "2 of 4", 0.4)))])
def test_the_wide_processor(builds, simulator, shape, pause, tmp_path, monkeypatch):
    ready(simulator, monkeypatch)
    bench(builds, simulator, "wide_processor",
          lambda: WideProcessor({"pipelined": TOY_WIDE, **FOLDED_WIDE}[shape]), tmp_path, shape,
          SHAPE=shape, PAUSE=str(pause))


@FIRST_ICARUS
@pytest.mark.parametrize("name, pause", [("two rows", 0), ("two products", 0.4)])
def test_matrices(builds, simulator, name, pause, tmp_path, monkeypatch):
    """The cycles are the model's where no answer has to wait."""
    ready(simulator, monkeypatch)
    bench(builds, simulator, "matrix", lambda: MatrixUnit(unit(TOYS[name])), tmp_path, name,
          SHAPE=name, PAUSE=str(pause))


@pytest.mark.parametrize("simulator, pause", [
    ("icarus", 0.4), *(pytest.param(*case, marks=pytest.mark.slow) for case in (
        ("icarus", 0), ("verilator", 0.4)))])
def test_the_evaluation(builds, simulator, pause, tmp_path, monkeypatch):
    ready(simulator, monkeypatch)
    bench(builds, simulator, "evaluation", lambda: Evaluation(TOY_EVALUATION), tmp_path,
          PAUSE=str(pause))


@SIMULATORS
@pytest.mark.parametrize("group", TOY_SHAPE.adder.groups, ids=lambda group: group.value)
def test_the_point_adder(builds, simulator, group, tmp_path, monkeypatch):
    ready(simulator, monkeypatch)
    bench(builds, simulator, "point_adder", lambda: FramedAdder(TOY_SHAPE.adder), tmp_path,
          GROUP=group.value)


@FIRST_ICARUS
@pytest.mark.parametrize("group", TOY_SHAPE.adder.groups, ids=lambda group: group.value)
@PAUSES
def test_the_mailboxes(builds, simulator, group, pause, tmp_path, monkeypatch):
    """A unit with its operands; the bench is the loader, the adder, and who takes the buckets."""
    ready(simulator, monkeypatch)
    bench(builds, simulator, "mailboxes", lambda: MailboxUnit(TOY_SHAPE, 0), tmp_path,
          GROUP=group.value, PAUSE=str(pause))


@FIRST_ICARUS
@PAUSES
def test_the_sum(builds, simulator, pause, tmp_path, monkeypatch):
    ready(simulator, monkeypatch)
    bench(builds, simulator, "msm", lambda: Msm(TOY_SHAPE, finishing_program(TOY_SHAPE)), tmp_path,
          PAUSE=str(pause))


@pytest.mark.parametrize("transforms, pause", [(False, 0), (True, 0.4)],
                         ids=["alone", "beside transforms"])
def test_sums_in_batches(builds, transforms, pause, tmp_path, monkeypatch):
    """Transforms put registers before the memory of the coordinates."""
    ready("icarus", monkeypatch)
    shape = with_batches(TOY_SHAPE, pairs=16)
    if transforms:
        shape = with_transforms(shape)
    bench(builds, "icarus", "accelerator", lambda: Accelerator(shape, finishing_program(shape)),
          tmp_path, f"batched {transforms}", PAUSE=str(pause), BATCHED="2",
          **{"TRANSFORMS": "1"} if transforms else {})


@FIRST_ICARUS
def test_transforms_one_way_between_sums(builds, simulator, tmp_path, monkeypatch):
    ready(simulator, monkeypatch)
    shape = with_one_way(TOY_SHAPE)
    bench(builds, simulator, "accelerator", lambda: Accelerator(shape, finishing_program(shape)),
          tmp_path, "one way", PAUSE="0.4", ONE_WAY="1")


@pytest.mark.parametrize("simulator, pause", [
    ("icarus", 0.4), *(pytest.param(*case, marks=pytest.mark.slow) for case in (
        ("icarus", 0), ("verilator", 0.4)))])
def test_a_proof_by_one_command(builds, simulator, pause, tmp_path, monkeypatch):
    ready(simulator, monkeypatch)
    shape = with_evaluation(TOY_SHAPE)
    bench(builds, simulator, "prove", lambda: Accelerator(shape, finishing_program(shape)),
          tmp_path, PAUSE=str(pause))


@SIMULATORS
@PAUSES
def test_the_accelerator(builds, simulator, pause, tmp_path, monkeypatch):
    ready(simulator, monkeypatch)
    bench(builds, simulator, "accelerator",
          lambda: Accelerator(TOY_SHAPE, finishing_program(TOY_SHAPE)), tmp_path,
          PAUSE=str(pause))
