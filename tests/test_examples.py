"""The examples, copied to where no checkout is, with the package from its wheel."""

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

from proofmill.hdl.presets import TOY_SHAPE
from proofmill.sim.field import montgomery_product
from tests.conftest import ROOT, installed, run

EXAMPLES = ROOT / "docs" / "examples"


@pytest.fixture
def example(wheel: Path, tmp_path: Path):
    """Copy an example; return its folder, and how Python is run there."""
    path = installed(wheel, tmp_path)

    def copied(name: str):
        folder = Path(shutil.copytree(EXAMPLES / name, tmp_path / name))

        def python(*arguments: str) -> str:
            return run(sys.executable, *arguments, folder=folder, PYTHONPATH=str(path))

        assert str(path) in python("-c", "import proofmill.hdl; print(proofmill.hdl.__path__)")
        return folder, python

    return copied


def test_the_multiplier_in_a_design(example):
    folder, python = example("multiplier")
    said = python("simulate.py")
    assert "63 fifth powers are right, 42 cycles each" in said
    assert "module sbox(" in (folder / "sbox.sv").read_text()


def test_a_wrong_power_is_found(example):
    """The example's own check can fail: x comes a cycle late."""
    folder, python = example("multiplier")
    text = (folder / "sbox.py").read_text()
    (folder / "sbox.py").write_text(text.replace("range(2 * shape.latency)",
                                                 "range(2 * shape.latency + 1)"))
    with pytest.raises(AssertionError, match="simulate.py"):
        python("simulate.py")


@pytest.mark.slow
def test_the_sum_in_a_design(example):
    """As its page says, under Icarus."""
    if shutil.which("iverilog") is None:
        pytest.skip("iverilog is not there: apt-get install iverilog")
    folder, python = example("msm")
    python("-m", "proofmill.host.cli.main", "verilog", "accelerator.sv", "--preset", "toy")
    said = python("run.py")
    assert "TESTS=1 PASS=1" in said
    # A sum that is wrong is a status.
    text = (folder / "top.sv").read_text()
    (folder / "top.sv").write_text(text.replace("memory[address];", "memory[address ^ 1];"))
    with pytest.raises(AssertionError, match="Failed 1 of 1 tests"):
        python("run.py")


@pytest.mark.slow
def test_the_multiplier_in_litex(example):
    """As its page says; LiteX and Verilator are programs of their own there."""
    for package in ("litex", "migen"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not there: pip install {package}")
    for tool in ("make", "perl", "g++"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool}, which Verilator's own build needs, is not there")
    folder, python = example("litex")
    said = python("-m", "proofmill.host.cli.main", "verilog", "axil_multiplier.sv", "--unit",
                  "multiplier", "--preset", "toy", "--bus", "axi4-lite")
    (folder / "registers.txt").write_text(said)
    product = montgomery_product(TOY_SHAPE.adder.multiplier, 123, 45)
    assert f"python run.py 123 45 {product}" in (folder / "README.md").read_text()
    assert f"PASS: the product is {product:10}" in python("run.py", "123", "45", str(product))
    with pytest.raises(AssertionError, match="FAIL: the product is"):
        python("run.py", "123", "45", str(product + 1))


@pytest.mark.parametrize("name", ["multiplier", "msm", "litex"])
def test_a_page_has_the_examples(name):
    assert f"examples/{name}" in (ROOT / "docs" / "units.md").read_text()
